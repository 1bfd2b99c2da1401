//! Memory that is shared with the kernel or a device for the life of a port: one piece, every page of it there, on huge pages where there
//! are any.
//!
//! Goal: what hands an address to somebody else (an AF_XDP socket's UMEM, say) needs no unsafe code to get and to give back the memory.
//! Non-goal: who writes what and when; that is the port's agreement with its kernel.
// Why unsafe: it owns raw memory and lends it out as bytes.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::slice;

use super::allocator::{Extent, give_back, take_for_good, take_transparent};
use super::arena::ARENA;
use super::mapping::HUGE_PAGE;
use super::phase::{self, Phase};

/// There is no memory of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected {bytes} bytes of memory for packets, found less: give the machine or the control group more, or ask for fewer buffers"
)]
pub struct RegionError {
    /// What was asked for.
    pub bytes: usize,
}

/// Zeroed memory at a multiple of 2 MiB. It goes back when this is dropped.
#[derive(Debug)]
pub struct Region {
    start: NonNull<u8>,
    /// As asked.
    len: usize,
    /// What was taken: whole huge pages.
    taken: usize,
}

// SAFETY: it owns its memory, which is the same for every thread.
unsafe impl Send for Region {}
// SAFETY: by a shared reference it can only be read.
unsafe impl Sync for Region {}

impl Region {
    /// Takes memory, every page of it there: from the arena between [`begin`](super::begin) and [`seal`](super::seal), else on transparent
    /// huge pages, so that a tool does not take what an operator has reserved for the appliance.
    ///
    /// # Errors
    /// There is not so much.
    pub fn map(bytes: usize) -> Result<Self, RegionError> {
        let refused = RegionError { bytes };
        let taken = bytes.max(1).checked_next_multiple_of(HUGE_PAGE).ok_or(refused)?;
        let extent = Extent { len: taken, align: HUGE_PAGE };
        let block = if phase::now() == Phase::Making { take_for_good(extent) } else { take_transparent(extent, true) };
        block.map(|start| Self { start, len: bytes, taken }).ok_or(refused)
    }

    /// Its first byte, for whoever shares it: a port must not hold [`bytes`](Self::bytes) of what the kernel may be writing.
    #[must_use]
    pub const fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How many bytes were asked for.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none were.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it lies on pages of a reserved pool.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        ARENA.holds(self.start)
    }

    /// What is in it.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for this length while `self` lives, and initialised, first to zero.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The same for writing.
    pub const fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and the exclusive reference keeps every other one of this process away.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: taken in `map` for this length, and gone with `self`.
        unsafe { give_back(self.start, self.taken) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_zero_aligned_and_its_own() {
        for bytes in [0, 1, HUGE_PAGE, HUGE_PAGE + 1] {
            let mut region = Region::map(bytes).expect("some memory");
            assert_eq!((region.len(), region.is_empty()), (bytes, bytes == 0));
            assert_eq!(region.start().addr().get() % HUGE_PAGE, 0);
            assert!(region.bytes().iter().all(|byte| *byte == 0));
            region.bytes_mut().fill(7);
            let other = Region::map(bytes).expect("some memory");
            assert!(other.bytes().iter().all(|byte| *byte == 0));
            assert!(region.bytes().iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn more_than_there_can_be_is_an_error() {
        for bytes in [usize::MAX, usize::MAX - HUGE_PAGE, 1 << 60] {
            assert_eq!(Region::map(bytes).map(|region| region.len()), Err(RegionError { bytes }));
        }
    }
}
