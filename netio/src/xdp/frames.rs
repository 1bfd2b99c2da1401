//! The memory of a socket's frames (its UMEM): one block, which the kernel reads and writes, cut into frames of one size.
//!
//! It lies on huge pages where there are any (see [`crate::pages`]), every page of it there.
// Why unsafe: the kernel writes into it while we hold other parts of it.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use crate::pages::{Region, RegionError};

pub(super) struct Frames {
    memory: ManuallyDrop<Region>,
    frame_bytes: u32,
    is_for_good: bool,
}

// SAFETY: which frame is whose is a matter between one owner and the kernel; the owner may live on any thread.
unsafe impl Send for Frames {}

impl Frames {
    /// `count` frames of `frame_bytes`, which is 2048 or 4096.
    pub(super) fn new(count: u32, frame_bytes: u32) -> Result<Self, RegionError> {
        let memory = ManuallyDrop::new(Region::map(count as usize * frame_bytes as usize)?);
        Ok(Self { memory, frame_bytes, is_for_good: false })
    }

    /// From now on the memory stays when this is dropped: a driver that writes into it without copying may do so for a moment
    /// after the socket is closed, and then nobody else may have it.
    pub(super) const fn keep_for_good(&mut self) {
        self.is_for_good = true;
    }

    /// Where it begins, for the kernel.
    pub(super) fn address(&self) -> u64 {
        self.memory.start().as_ptr().expose_provenance() as u64
    }

    /// How long it is.
    pub(super) fn len(&self) -> usize {
        self.memory.len()
    }

    pub(super) const fn frame_bytes(&self) -> u32 {
        self.frame_bytes
    }

    /// The frame in which an address of the kernel's lies.
    #[inline]
    pub(super) const fn frame_of(&self, address: u64) -> u64 {
        address & !(self.frame_bytes as u64 - 1)
    }

    /// Bytes that the kernel has filled; `None` when they are not inside one frame of ours.
    ///
    /// # Safety
    ///
    /// The kernel has handed out the frame, and it was not given back since.
    #[inline]
    pub(super) unsafe fn filled(&self, address: u64, len: u32) -> Option<&[u8]> {
        let at = self.offset(address, len)?;
        // SAFETY: inside the block, by `offset`.
        let begin = unsafe { self.memory.start().add(at) };
        // SAFETY: inside the block and initialised; nobody writes to the frame, by the caller's promise.
        Some(unsafe { std::slice::from_raw_parts(begin.as_ptr(), len as usize) })
    }

    /// Bytes of a frame to write into; `None` when they are not inside one frame of ours.
    ///
    /// # Safety
    ///
    /// The frame is not the kernel's, and there is no other reference into it.
    #[inline]
    pub(super) unsafe fn writable(&mut self, address: u64, len: u32) -> Option<&mut [u8]> {
        let at = self.offset(address, len)?;
        // SAFETY: inside the block, by `offset`.
        let begin = unsafe { self.memory.start().add(at) };
        // SAFETY: inside the block and initialised; ours alone, by the caller's promise.
        Some(unsafe { std::slice::from_raw_parts_mut(begin.as_ptr(), len as usize) })
    }

    #[inline]
    fn offset(&self, address: u64, len: u32) -> Option<usize> {
        let into_frame = address - self.frame_of(address);
        let end = address.checked_add(u64::from(len))?;
        let fits = into_frame + u64::from(len) <= u64::from(self.frame_bytes) && end <= self.len() as u64;
        if fits { usize::try_from(address).ok() } else { None }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if !self.is_for_good {
            // SAFETY: dropped here only.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}

impl std::fmt::Debug for Frames {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Frames").field("bytes", &self.len()).field("frame_bytes", &self.frame_bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_inside_one_frame_is_given() {
        let mut frames = Frames::new(4, 2048).unwrap();
        assert_eq!((frames.len(), frames.address() % 4096, frames.frame_of(5000)), (8192, 0, 4096));
        let whole = [(0, 2048), (2048, 2048), (4096 + 256, 1792), (4096, 0), (8191, 1)];
        let wrong = [(0, 2049), (2047, 2), (4096 + 256, 1793), (8192, 1), (u64::MAX, 1), (1 << 40, 10), (8191, 2)];
        for (address, len) in whole {
            // SAFETY: no kernel knows of this memory, and the reference ends here.
            let found = unsafe { frames.filled(address, len) }.map(<[u8]>::len);
            assert_eq!(found, Some(len as usize), "{address} {len}");
        }
        for (address, len) in wrong {
            // SAFETY: as above.
            assert!(unsafe { frames.writable(address, len) }.is_none(), "{address} {len}");
        }
    }
}
