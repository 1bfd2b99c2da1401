//! A file of fixed size, mapped for reading and writing.
//!
//! Goal: the only unsafe code of the journal. Non-goal: what the bytes mean.
// Mapping a file cannot be done without unsafe code, nor can an atomic store into a byte buffer. Both are here and nowhere else.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{Advice, MmapOptions, MmapRaw};

/// A shared mapping of a whole file: what is stored here is in the page cache at once and outlives the process.
#[derive(Debug)]
pub struct MappedFile {
    map: Arc<MmapRaw>,
}

/// The pages of a mapped file, for a thread that has nothing to do with what is in them.
#[derive(Debug)]
pub struct Ahead {
    map: Arc<MmapRaw>,
}

impl Ahead {
    /// The length of the file.
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Has the kernel do now what it would do at the first store into each page of a range: a store is no fault then.
    ///
    /// # Errors
    /// The kernel cannot do that, or has no room on the disk.
    pub(super) fn make_writable(&self, offset: usize, len: usize) -> io::Result<()> {
        // The call changes no content, so the thread that stores here is not disturbed.
        if len == 0 { Ok(()) } else { self.map.advise_range(Advice::PopulateWrite, offset, len) }
    }
}

impl MappedFile {
    /// Maps the whole file and touches each page for reading, so that a later store costs at most a minor fault.
    ///
    /// # Errors
    /// The file is empty or cannot be mapped.
    pub(super) fn new(file: &File) -> io::Result<Self> {
        let map = Arc::new(MmapOptions::new().populate().map_raw(file)?);
        Ok(Self { map })
    }

    /// For a thread that goes ahead of the one that stores.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead { map: Arc::clone(&self.map) }
    }

    /// All bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for this length while `self.map` lives, and initialised, as every byte of a file is. References to a mapping are
        // unsound when someone else changes the bytes, or shortens the file, behind them. Callers hold the journal directory's exclusive lock
        // (`directory::DirectoryLock`) and map each file once, and nothing in this crate truncates a mapped file: `Disk::fill` ends before the
        // mapping is made, and deletion only unlinks. A stranger who writes into a locked journal breaks the same rule that every program with
        // a mapped file depends on. `Ahead`, which shares the mapping, neither reads nor writes.
        unsafe { slice::from_raw_parts(self.map.as_ptr(), self.map.len()) }
    }

    /// All bytes, for writing.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; `&mut self` keeps every other reference of this process away.
        unsafe { slice::from_raw_parts_mut(self.map.as_mut_ptr(), self.map.len()) }
    }

    /// Stores four bytes as one, little-endian, after everything written before: whoever sees the value, a process that maps the file or a
    /// recovery after `kill -9`, sees that too.
    ///
    /// # Panics
    /// `offset` is no multiple of 4 or not inside the file; both would be bugs of the caller.
    #[inline]
    pub fn publish_u32(&mut self, offset: usize, value: u32) {
        assert!(offset.is_multiple_of(4), "a u32 at byte {offset} cannot be stored as one");
        let word = self.bytes_mut()[offset..offset + 4].as_mut_ptr().cast::<u32>();
        // SAFETY: the pointer is to four bytes inside the mapping (sliced above), aligned (mappings begin at a page, the offset is
        // asserted) and valid while `self.map` lives; `&mut self` keeps every other reference of this process away for the duration.
        let word = unsafe { AtomicU32::from_ptr(word) };
        word.store(value.to_le(), Ordering::Release);
    }

    /// As [`Self::publish_u32`], eight bytes.
    ///
    /// # Panics
    /// `offset` is no multiple of 8 or not inside the file; both would be bugs of the caller.
    #[inline]
    pub fn publish_u64(&mut self, offset: usize, value: u64) {
        assert!(offset.is_multiple_of(8), "a u64 at byte {offset} cannot be stored as one");
        let word = self.bytes_mut()[offset..offset + 8].as_mut_ptr().cast::<u64>();
        // SAFETY: as in `publish_u32`, with eight bytes.
        let word = unsafe { AtomicU64::from_ptr(word) };
        word.store(value.to_le(), Ordering::Release);
    }

    /// Stores one word of each page before `end` over itself, so that the next sync writes these pages whatever the kernel believes of
    /// them. After a failed sync it may hold pages in memory that it takes for written although the disk never got them.
    pub fn touch_until(&mut self, end: usize) {
        const PAGE: usize = 4096;
        for offset in (0..end.min(self.map.len())).step_by(PAGE) {
            if let Some(word) = self.bytes()[offset..].first_chunk::<4>() {
                let value = u32::from_le_bytes(*word);
                self.publish_u32(offset, value);
            }
        }
    }
}
