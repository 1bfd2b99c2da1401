//! The memory of a port's frames: made and touched when the port opens, given back after the device is closed.
// Why unsafe: DPDK's calls, by pointer.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use dpdk_sys as sys;

use super::environment::{last_error, refused};
use crate::port::PortError;

/// The pool of a port, or of two that pass each other frames.
pub(super) struct Pool {
    pool: NonNull<sys::rte_mempool>,
    frames: u32,
}

// SAFETY: DPDK's pools may be used by any thread.
unsafe impl Send for Pool {}
// SAFETY: as above, also by several at once.
unsafe impl Sync for Pool {}

impl Pool {
    /// So many frames, near the device of this NUMA node.
    pub(super) fn new(frames: u32, node: i32) -> Result<Self, PortError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("frames{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let name = CString::new(name).expect("has no zero");
        // SAFETY: a name that ends with a zero; the rest are numbers.
        let pool = unsafe { sys::rte_pktmbuf_pool_create(name.as_ptr(), frames, CACHE, 0, ROOM, node) };
        let Some(pool) = NonNull::new(pool) else {
            return Err(refused(
                "memory for the frames of DPDK",
                "give it more by `memory_mib`, which takes huge pages, or have fewer `frames`",
                last_error(),
            ));
        };
        let pool = Self { pool, frames };
        // SAFETY: nobody uses a frame yet.
        unsafe { sys::pinion_touch(pool.as_ptr()) };
        Ok(pool)
    }

    pub(super) const fn as_ptr(&self) -> *mut sys::rte_mempool {
        self.pool.as_ptr()
    }

    /// How many frames are not in the pool.
    pub(super) fn in_use(&self) -> u32 {
        // SAFETY: the pool lives.
        let home = unsafe { sys::rte_mempool_avail_count(self.as_ptr()) };
        self.frames.saturating_sub(home)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Not all frames are home: a driver that has the kernel fill them, such as that of AF_XDP, forgets which it gave away.
        // SAFETY: frames in our hands are gone before the pool is, and the device is closed, so nothing fills any of them.
        unsafe { sys::rte_mempool_free(self.as_ptr()) };
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Pool").field("frames", &self.frames).field("in_use", &self.in_use()).finish()
    }
}

/// Frames that a thread keeps at hand.
const CACHE: u32 = 256;
/// Room for a frame of 2 KiB and for what drivers want before it.
const ROOM: u16 = 2048 + 128;
const _: () = assert!(sys::PINION_HEADROOM == 128);
