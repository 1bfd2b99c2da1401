//! The receive buffers and the ring by which the kernel is told which of them it may fill.
//!
//! ```text
//!  buffer:  | lengths, flags 16 | sender's address 16 | time of arrival 0 or 32 | payload, at most 1472 |
//!  ring:    entries of 16 bytes: address, length, id; the tail's 16 bits lie in the last two bytes of entry 0
//! ```
// Why unsafe: memory that the kernel writes while we hold the rest of it, and a ring whose tail it reads.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::IoUring;
use io_uring::types::BufRingEntry;

use super::queue::unavailable;
use crate::port::{PAYLOAD_MAX, PortError};

pub(super) const HEADER_BYTES: usize = 16;
pub(super) const ADDRESS_BYTES: usize = size_of::<libc::sockaddr_in>();
/// A control message with a time in it: its length 8, level 4 and type 4, seconds 8 and nanoseconds 8.
pub(super) const CONTROL_BYTES: usize = 32;

pub(super) struct Buffers {
    pages: Box<[Page]>,
    buffers: Box<[UnsafeCell<Buffer>]>,
    /// What the kernel is told of a buffer: one byte of payload more than this and it reports truncation.
    used: usize,
    tail: u16,
    mask: u16,
}

/// The kernel wants the ring to begin at a page.
#[derive(Clone)]
#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

#[repr(C, align(64))]
struct Buffer([u8; BUFFER_BYTES]);

const PAGE_BYTES: usize = 4096;
const BUFFER_BYTES: usize = 1536;
const _: () = assert!(HEADER_BYTES + ADDRESS_BYTES + CONTROL_BYTES + PAYLOAD_MAX <= BUFFER_BYTES);
const _: () = assert!(size_of::<BufRingEntry>() == 16);

// SAFETY: which buffer is whose is a matter between one owner and the kernel; the owner may live on any thread.
unsafe impl Send for Buffers {}

impl Buffers {
    /// Makes `count` buffers, with this much room for control messages, and gives them all to the kernel, as this group of
    /// this ring.
    pub(super) fn register(ring: &IoUring, group: u16, count: u16, control: usize) -> Result<Self, PortError> {
        let pages = (usize::from(count) * size_of::<BufRingEntry>()).div_ceil(PAGE_BYTES);
        let mut made = Self {
            pages: vec![Page([0; PAGE_BYTES]); pages].into_boxed_slice(),
            buffers: (0..count).map(|_| UnsafeCell::new(Buffer([0; BUFFER_BYTES]))).collect(),
            used: HEADER_BYTES + ADDRESS_BYTES + control.min(CONTROL_BYTES) + PAYLOAD_MAX,
            tail: 0,
            mask: count - 1,
        };
        for id in 0..count {
            made.give(id);
        }
        made.publish();
        let address = made.entries().expose_provenance() as u64;
        // SAFETY: the pages hold `count` entries, and live until the owner has withdrawn every request (or are leaked).
        unsafe { ring.submitter().register_buf_ring_with_flags(address, count, group, 0) }.map_err(unavailable)?;
        Ok(made)
    }

    /// The first `len` bytes of a buffer that the kernel has filled.
    ///
    /// # Safety
    ///
    /// The kernel has handed out this buffer by a completion, and it was not given back since.
    pub(super) unsafe fn filled(&self, id: u16, len: usize) -> &[u8] {
        // SAFETY: the kernel writes no buffer between its completion and `give`, by the caller's promise.
        let buffer = unsafe { &*self.buffers[usize::from(id & self.mask)].get() };
        &buffer.0[..len.min(self.used)]
    }

    /// Puts a buffer at the ring's end; the kernel sees it after `publish`.
    #[allow(clippy::cast_possible_truncation, reason = "a buffer's length is below 2^16")]
    pub(super) fn give(&mut self, id: u16) {
        let id = id & self.mask;
        let at = usize::from(self.tail & self.mask);
        let address = self.buffers[usize::from(id)].get().expose_provenance() as u64;
        // SAFETY: `at` is below the number of entries, for which the pages have room.
        let place = unsafe { self.entries().add(at) };
        // SAFETY: in our pages, aligned and initialised; the kernel reads an entry only once the tail has passed it, and
        // there are as many entries as buffers, so this one was consumed. The setters leave the tail's bytes alone.
        let entry = unsafe { &mut *place };
        entry.set_addr(address);
        entry.set_len(self.used as u32);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel what was given.
    pub(super) fn publish(&mut self) {
        // SAFETY: the base is that of a ring of initialised entries.
        let tail = unsafe { BufRingEntry::tail(self.entries()) };
        // SAFETY: two aligned bytes in our pages, which the kernel only reads.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // Release: the entries are written before the tail that covers them.
        tail.store(self.tail, Ordering::Release);
    }

    /// Never frees the memory: for when the kernel may still write to it.
    pub(super) fn leak(&mut self) {
        mem::forget(mem::take(&mut self.pages));
        mem::forget(mem::take(&mut self.buffers));
    }

    fn entries(&mut self) -> *mut BufRingEntry {
        self.pages.as_mut_ptr().cast()
    }
}

impl std::fmt::Debug for Buffers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Buffers").field("count", &self.buffers.len()).finish_non_exhaustive()
    }
}
