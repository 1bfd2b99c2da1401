//! A ring of frames between two devices in one process: the wire of `net_ring`.
// Why unsafe: DPDK's calls, by pointer.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use dpdk_sys as sys;

use super::environment::{last_error, refused};
use crate::port::PortError;

/// Gives back the frames that are left in it when it is dropped.
#[derive(Debug)]
pub(super) struct Ring(NonNull<sys::rte_ring>);

// SAFETY: DPDK's rings may be used by one thread at each end, whichever that is.
unsafe impl Send for Ring {}
// SAFETY: as above; all that is shared is the pointer.
unsafe impl Sync for Ring {}

impl Ring {
    /// One for `slots` frames less one; a power of two.
    pub(super) fn new(slots: u32) -> Result<Self, PortError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("wire{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let name = CString::new(name).expect("has no zero");
        // SAFETY: a text that ends with a zero.
        let ring = unsafe { sys::rte_ring_create(name.as_ptr(), slots, sys::PINION_ANY_NODE, SINGLE_ENDS) };
        let ring = NonNull::new(ring);
        ring.map(Self).ok_or_else(|| refused("a ring of DPDK", "give it more memory by `memory_mib`", last_error()))
    }

    pub(super) const fn as_ptr(&self) -> *mut sys::rte_ring {
        self.0.as_ptr()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the devices at both ends are closed; the pool of the frames is dropped after the rings.
        unsafe { sys::pinion_drain(self.as_ptr()) };
        // SAFETY: nobody has it any more.
        unsafe { sys::rte_ring_free(self.as_ptr()) };
    }
}

/// One producer, one consumer.
const SINGLE_ENDS: u32 = sys::PINION_RING_SINGLE_ENDS;
