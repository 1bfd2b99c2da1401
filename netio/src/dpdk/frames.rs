//! Frames in DPDK's buffers, each owned by one place at a time and given back to its pool when that lets go of it.
// Why unsafe: buffers that come from and go to the device by pointer.
#![allow(unsafe_code)]

use std::mem;

use dpdk_sys as sys;

use super::pool::Pool;
use crate::ether::RxSums;

/// A buffer of the pool with a frame in it, or room for one.
#[repr(transparent)]
pub(super) struct Frame(sys::pinion_frame);

/// Some frames in order, in memory that was taken once.
pub(super) struct Frames {
    frames: Vec<Frame>,
    /// How many of the first are done with, and are freed with the others.
    done: usize,
}

/// What a device did with a burst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Transmitted {
    /// How many it took.
    pub taken: usize,
    /// Those among them that it can never send.
    pub refused: u16,
}

/// Frames that one call moves at most.
pub(super) const BURST: usize = 64;
const BURST_U16: u16 = 64;
const _: () = assert!(sys::PINION_BURST_MAX as usize == BURST && BURST_U16 as usize == BURST);

// SAFETY: a buffer is whoever's owns the frame; the pools it goes back to may be used by any thread.
unsafe impl Send for Frame {}

impl Frame {
    /// What the device says of the checksums of IPv4 and UDP. When it found one wrong we look ourselves, for it may be a
    /// frame that is not ours, or a kind that the device misjudges.
    #[inline]
    pub(super) const fn sums(&self) -> RxSums {
        let good = GOOD_IP | GOOD_UDP;
        if self.0.flags & good == good { RxSums::Verified } else { RxSums::Verify }
    }

    /// Whether there is more of it than its first buffer holds: none of ours is so long.
    #[inline]
    pub(super) const fn is_cut(&self) -> bool {
        self.0.flags & CHAINED != 0
    }

    #[inline]
    pub(super) const fn bytes(&self) -> &[u8] {
        // SAFETY: the device or we have written that many bytes, and the buffer lives as long as the frame.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.len as usize) }
    }

    /// All that there is room for, of whatever was in it.
    #[inline]
    pub(super) const fn room_mut(&mut self) -> &mut [u8] {
        // SAFETY: the buffer has that much room from `data` on, was zeroed when the pool was made, and is ours alone.
        unsafe { std::slice::from_raw_parts_mut(self.0.data, self.0.room as usize) }
    }

    /// How long the frame is that was written, and whether the device is to fill in its checksums.
    ///
    /// # Panics
    ///
    /// When that is more than there is room for.
    #[inline]
    pub(super) fn set(&mut self, len: usize, offload: bool) {
        assert!(len <= usize::from(self.0.room));
        // Fits, since the room does.
        self.0.len = u16::try_from(len).unwrap_or(self.0.room);
        self.0.flags = if offload { CHECKSUMS } else { 0 };
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Frame").field("len", &self.0.len).finish_non_exhaustive()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: the buffer is ours, and nothing is left that could use it.
        unsafe { sys::pinion_free(&raw const self.0, 1) }
    }
}

impl Frames {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { frames: Vec::with_capacity(count), done: 0 }
    }

    /// Those that are not done with.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.frames.len() - self.done
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() == self.frames.capacity()
    }

    /// The first that is not done with.
    #[inline]
    pub(super) fn first(&self) -> Option<&Frame> {
        self.frames.get(self.done)
    }

    /// It is done with; when it was the last, all go back to their pool together.
    #[inline]
    pub(super) fn skip(&mut self) {
        self.done += 1;
        if self.done >= self.frames.len() {
            self.clear();
        }
    }

    #[inline]
    pub(super) fn push(&mut self, frame: Frame) {
        debug_assert!(!self.is_full());
        self.frames.push(frame);
    }

    /// The last one.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Frame> {
        if self.is_empty() { None } else { self.frames.pop() }
    }

    /// Fills up with what the device has received, to at most `BURST`. A whole burst is always asked for, whatever the
    /// caller wants now, because some drivers give nothing to who asks for few. For an empty list.
    #[inline]
    pub(super) fn receive(&mut self, port: u16) -> usize {
        let (room, end) = self.end();
        // SAFETY: there is room for `room` frames behind those that are there; the device writes as many as it says.
        let got = unsafe { sys::pinion_receive(port, QUEUE, end.cast(), room) };
        self.grow(got)
    }

    /// Takes a burst of empty frames from the pool, or as many as there is room for; none when it has not that many.
    #[inline]
    pub(super) fn allocate(&mut self, pool: &Pool) -> usize {
        let (room, end) = self.end();
        // SAFETY: as in `receive`; the pool lives at least as long as the frames, by the port that has both.
        let got = unsafe { sys::pinion_allocate(pool.as_ptr(), end.cast(), room) };
        self.grow(got)
    }

    /// Hands the first ones to the device, as many as it takes.
    #[inline]
    pub(super) fn transmit(&mut self, port: u16) -> Transmitted {
        debug_assert_eq!(self.done, 0);
        let count = u16::try_from(self.frames.len()).unwrap_or(BURST_U16).min(BURST_U16);
        let mut refused = 0;
        // SAFETY: the first `count` frames are ours and hold what is to be sent.
        let taken = unsafe { sys::pinion_transmit(port, QUEUE, self.frames.as_ptr().cast(), count, &raw mut refused) };
        let taken = usize::from(taken);
        // They are the device's now, which frees them.
        self.frames.drain(..taken).for_each(mem::forget);
        Transmitted { taken, refused }
    }

    /// Gives all back.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.done = 0;
        let all = self.frames.len();
        if all == 0 {
            return;
        }
        // SAFETY: shorter than before; the frames behind the end are freed below, once.
        unsafe { self.frames.set_len(0) };
        // SAFETY: these frames are ours, and nothing else knows of them any more.
        unsafe { sys::pinion_free(self.frames.as_ptr().cast(), u16::try_from(all).unwrap_or(u16::MAX)) };
    }

    /// How many more there is room for in one call, and where.
    #[inline]
    fn end(&mut self) -> (u16, *mut Frame) {
        let room = self.frames.spare_capacity_mut();
        (u16::try_from(room.len()).unwrap_or(BURST_U16).min(BURST_U16), room.as_mut_ptr().cast())
    }

    #[inline]
    fn grow(&mut self, got: u16) -> usize {
        let got = usize::from(got);
        // SAFETY: that many frames were written behind the end, and are ours from now on.
        unsafe { self.frames.set_len(self.frames.len() + got) };
        got
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.clear();
    }
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Frames").field("count", &self.len()).finish_non_exhaustive()
    }
}

const QUEUE: u16 = 0;
#[allow(clippy::cast_possible_truncation, reason = "flags of 16 bits")]
const GOOD_IP: u16 = sys::PINION_IP_GOOD as u16;
#[allow(clippy::cast_possible_truncation, reason = "flags of 16 bits")]
const GOOD_UDP: u16 = sys::PINION_UDP_GOOD as u16;
#[allow(clippy::cast_possible_truncation, reason = "flags of 16 bits")]
const CHAINED: u16 = sys::PINION_CHAINED as u16;
#[allow(clippy::cast_possible_truncation, reason = "flags of 16 bits")]
const CHECKSUMS: u16 = sys::PINION_CHECKSUMS as u16;
