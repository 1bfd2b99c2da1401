//! Memory of fixed size that is filled from front to back: a mapped file, or memory that somebody writes to a file.
//!
//! ```text
//!  0                  published                 len
//!  | never changes    | the one writer's        |
//!  | anyone reads     | nobody else looks       |
//! ```
//! Goal: the only unsafe code of the journal. Non-goal: what the bytes mean.
// Mapping a file cannot be done without unsafe code, nor can an atomic store into a byte buffer, nor can two threads have parts of one
// mapping whose border moves. All of it is here and nowhere else.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use memmap2::{Advice, MmapOptions, MmapRaw};

/// A mapping and how far it is filled: the writer's end.
#[derive(Debug)]
pub struct Mapping {
    map: Arc<MmapRaw>,
    /// What the readers know of.
    end: Arc<End>,
    /// The same, for the writer.
    published: usize,
}

/// On a cache line of its own: the writer moves it with every record.
#[derive(Debug, Default)]
#[repr(align(128))]
struct End(AtomicUsize);

/// What a mapping has been filled with, for other threads than the one that fills it.
#[derive(Clone, Debug)]
pub struct Published {
    map: Arc<MmapRaw>,
    end: Arc<End>,
}

impl Published {
    /// What is there by now; it stays as it is.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let end = self.end.0.load(Ordering::Acquire);
        debug_assert!(end <= self.map.len());
        // SAFETY: mapped for at least this length while `self.map` lives, and initialised. `Mapping` never stores before an end that it has
        // published, and gives no exclusive reference to anything there (`Mapping::rest_mut`); the end only grows. For the file below a
        // mapping see `Mapping::bytes`.
        unsafe { slice::from_raw_parts(self.map.as_ptr(), end) }
    }
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

impl Mapping {
    /// Maps a whole file and touches each page for reading, so that a later store costs at most a minor fault. What is stored is in the page
    /// cache at once and outlives the process.
    ///
    /// # Errors
    /// The file is empty or cannot be mapped.
    pub(crate) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::new(MmapOptions::new().populate().map_raw(file)?))
    }

    /// Takes zeroed memory, all pages of it there already. What is stored ends with the process unless somebody writes it to a file.
    ///
    /// # Errors
    /// There is no such memory.
    pub(super) fn of_memory(len: usize) -> io::Result<Self> {
        let map = MmapRaw::from(MmapOptions::new().len(len).map_anon()?);
        // Fewer pages are touched sooner; a kernel that has none that are large, or that knows neither call, gives them one by one.
        let _ = map.advise(Advice::HugePage);
        let _ = map.advise(Advice::PopulateWrite);
        Ok(Self::new(map))
    }

    fn new(map: MmapRaw) -> Self {
        Self { map: Arc::new(map), end: Arc::default(), published: 0 }
    }

    /// For a thread that goes ahead of the one that stores.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead { map: Arc::clone(&self.map) }
    }

    /// For a thread that reads what has been published.
    pub(crate) fn published(&self) -> Published {
        Published { map: Arc::clone(&self.map), end: Arc::clone(&self.end) }
    }

    /// How long it is.
    #[must_use]
    #[inline]
    #[allow(clippy::len_without_is_empty)] // It never is.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Says that what lies before `end` will not be stored to any more. An end before an earlier one changes nothing.
    ///
    /// # Panics
    /// The mapping is not that long; a bug of the caller.
    #[inline]
    pub fn publish(&mut self, end: usize) {
        assert!(end <= self.len(), "nothing lies before byte {end} of {}", self.len());
        self.published = self.published.max(end);
        self.end.0.store(self.published, Ordering::Release);
    }

    /// All bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for this length while `self.map` lives, and initialised, as every byte of a file and of memory from the system is.
        // Only `self` stores here, and `&self` keeps it from doing so. References to a mapped file are
        // unsound when someone else changes the bytes, or shortens the file, behind them. Callers hold the journal directory's exclusive lock
        // (`directory::DirectoryLock`) and map each file once, and nothing in this crate truncates a mapped file: it is filled before the
        // mapping is made, and deletion only unlinks. A stranger who writes into a locked journal breaks the same rule that every program with
        // a mapped file depends on. `Ahead`, which shares the mapping, neither reads nor writes; `Published` only reads.
        unsafe { slice::from_raw_parts(self.map.as_ptr(), self.map.len()) }
    }

    /// The bytes from `offset` on, for writing.
    ///
    /// # Panics
    /// Some of them are published, or `offset` is not inside; both would be bugs of the caller.
    #[inline]
    pub fn rest_mut(&mut self, offset: usize) -> &mut [u8] {
        assert!((self.published..=self.len()).contains(&offset), "byte {offset} is not this writer's any more");
        // SAFETY: inside the mapping (asserted).
        let begin = unsafe { self.map.as_mut_ptr().add(offset) };
        // SAFETY: as in `bytes`; the other threads' references (`Published::bytes`) end where this one begins, at the latest (asserted), and
        // `&mut self` keeps every other one away.
        unsafe { slice::from_raw_parts_mut(begin, self.map.len() - offset) }
    }

    /// Stores four bytes as one, little-endian, after everything written before: whoever sees the value, a process that maps the file or a
    /// recovery after `kill -9`, sees that too.
    ///
    /// # Panics
    /// `offset` is no multiple of 4 or not inside the file; both would be bugs of the caller.
    #[inline]
    pub fn publish_u32(&mut self, offset: usize, value: u32) {
        assert!(offset.is_multiple_of(4), "a u32 at byte {offset} cannot be stored as one");
        let word = self.rest_mut(offset)[..4].as_mut_ptr().cast::<u32>();
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
        let word = self.rest_mut(offset)[..8].as_mut_ptr().cast::<u64>();
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
