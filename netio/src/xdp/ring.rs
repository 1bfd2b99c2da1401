//! The four rings of an AF_XDP socket: memory of the kernel's, mapped, with a cursor for each side.
//!
//! ```text
//!  fill        ours ──> kernel   frames to receive into
//!  receive     kernel ──> ours   frames that came
//!  transmit    ours ──> kernel   frames to send
//!  completion  kernel ──> ours   frames that were sent
//! ```
// Why unsafe: mapped memory that the kernel reads and writes at the same time.
#![allow(unsafe_code)]

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use super::cursor::{Draining, Filling};

/// What travels through a ring: the address of a frame, or that and its length.
pub(super) trait Entry: Copy {}
impl Entry for u64 {}

/// A frame in the receive or transmit ring, as the kernel has it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Descriptor {
    pub address: u64,
    pub len: u32,
    pub options: u32,
}
impl Entry for Descriptor {}
const _: () = assert!(size_of::<Descriptor>() == size_of::<libc::xdp_desc>());

/// A ring that we fill.
#[derive(Debug)]
pub(super) struct Producer<T> {
    shared: Shared<T>,
    cursor: Filling,
}

/// A ring that the kernel fills.
#[derive(Debug)]
pub(super) struct Consumer<T> {
    shared: Shared<T>,
    cursor: Draining,
}

impl<T: Entry> Producer<T> {
    pub(super) fn map(socket: &OwnedFd, place: &Place, slots: u32) -> io::Result<Self> {
        let shared = Shared::map(socket, place, slots)?;
        let at = shared.produced().load(Ordering::Relaxed);
        Ok(Self { shared, cursor: Filling::new(slots, at) })
    }

    /// How many entries there is room for; at least `want` when there is.
    #[inline]
    pub(super) fn room(&mut self, want: u32) -> u32 {
        // Acquire: the kernel has read the entries that it gives back.
        self.cursor.room(want, || self.shared.consumed().load(Ordering::Acquire))
    }

    /// Adds an entry, for which there is room; the kernel sees it after `publish`.
    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        let place = self.shared.entry(self.cursor.take());
        // SAFETY: inside the mapping and aligned. There was room, so the kernel does not read it before it is published.
        unsafe { place.write(entry) };
    }

    /// Shows the kernel what was added.
    #[inline]
    pub(super) fn publish(&self) {
        // Release: the entries are written before the cursor that covers them.
        self.shared.produced().store(self.cursor.produced(), Ordering::Release);
    }

    /// How much of what was published the kernel has not taken.
    #[inline]
    pub(super) fn left(&self) -> u32 {
        self.cursor.produced().wrapping_sub(self.shared.consumed().load(Ordering::Acquire))
    }

    /// Whether the driver sleeps and must be woken for it to look here.
    #[inline]
    pub(super) fn wants_wakeup(&self) -> bool {
        self.shared.flags().load(Ordering::Relaxed) & libc::XDP_RING_NEED_WAKEUP != 0
    }
}

impl<T: Entry> Consumer<T> {
    pub(super) fn map(socket: &OwnedFd, place: &Place, slots: u32) -> io::Result<Self> {
        let shared = Shared::map(socket, place, slots)?;
        let at = shared.consumed().load(Ordering::Relaxed);
        Ok(Self { shared, cursor: Draining::new(slots, at) })
    }

    /// How many entries wait.
    #[inline]
    pub(super) fn ready(&mut self) -> u32 {
        // Acquire: the entries were written before the cursor that covers them.
        self.cursor.ready(|| self.shared.produced().load(Ordering::Acquire))
    }

    /// Takes the next entry, of which `ready` has told.
    #[inline]
    pub(super) fn take(&mut self) -> T {
        let place = self.shared.entry(self.cursor.take());
        // SAFETY: inside the mapping and aligned; any bits are an entry. The kernel does not write it before `release`.
        unsafe { place.read() }
    }

    /// Lets the kernel have the places of what was taken.
    #[inline]
    pub(super) fn release(&self) {
        // Release: they are read before they are written again.
        self.shared.consumed().store(self.cursor.consumed(), Ordering::Release);
    }
}

/// Where the kernel says that a ring's parts are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub map_at: libc::off_t,
    pub offsets: libc::xdp_ring_offset,
}

/// A ring's mapping.
#[derive(Debug)]
struct Shared<T> {
    base: NonNull<u8>,
    len: usize,
    offsets: [usize; 4],
    mask: u32,
    entries: PhantomData<T>,
}

// SAFETY: the mapping belongs to the ring, wherever it moves; cursors are atomic, and one thread at a time uses an end.
unsafe impl<T: Send> Send for Shared<T> {}

impl<T: Entry> Shared<T> {
    fn map(socket: &OwnedFd, place: &Place, slots: u32) -> io::Result<Self> {
        let nonsense = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's ring is not where a ring can be");
        let offset = |offset: u64| usize::try_from(offset).map_err(|_| nonsense());
        let libc::xdp_ring_offset { producer, consumer, flags, desc } = place.offsets;
        let offsets = [offset(producer)?, offset(consumer)?, offset(flags)?, offset(desc)?];
        let entries_len = usize::try_from(slots).ok().and_then(|slots| slots.checked_mul(size_of::<T>()));
        let len = entries_len.and_then(|len| len.checked_add(offsets[3])).ok_or_else(nonsense)?;
        let aligned = offsets[..3].iter().all(|at| at % 4 == 0 && at + 4 <= len) && offsets[3] % align_of::<T>() == 0;
        if !aligned || !slots.is_power_of_two() {
            return Err(nonsense());
        }
        let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
        let (protection, fd) = (libc::PROT_READ | libc::PROT_WRITE, socket.as_raw_fd());
        // SAFETY: a new mapping at a place of the kernel's choice touches nothing that exists.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, fd, place.map_at) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or_else(nonsense)?;
        Ok(Self { base, len, offsets, mask: slots - 1, entries: PhantomData })
    }

    #[inline]
    fn produced(&self) -> &AtomicU32 {
        self.word(0)
    }

    #[inline]
    fn consumed(&self) -> &AtomicU32 {
        self.word(1)
    }

    #[inline]
    fn flags(&self) -> &AtomicU32 {
        self.word(2)
    }

    #[inline]
    fn word(&self, which: usize) -> &AtomicU32 {
        // SAFETY: checked in `map` to lie inside the mapping.
        let place = unsafe { self.base.add(self.offsets[which]) };
        // SAFETY: mapped as long as `self` lives, aligned, and only ever touched as an atomic on our side.
        unsafe { AtomicU32::from_ptr(place.as_ptr().cast()) }
    }

    /// Whatever the cursor, a place inside the ring.
    #[inline]
    fn entry(&self, cursor: u32) -> NonNull<T> {
        // SAFETY: the entries begin inside the mapping.
        let first: NonNull<T> = unsafe { self.base.add(self.offsets[3]) }.cast();
        // SAFETY: masked to below the number of entries, for which the mapping has room.
        unsafe { first.add((cursor & self.mask) as usize) }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length; nobody has a reference into it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}
