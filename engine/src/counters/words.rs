//! The words of a mapped file, each loaded and stored whole.
//!
//! Goal: the only unsafe code of the counters. Non-goal: what the words mean.
// Other processes look while we write: atomic access to a mapping cannot be had without unsafe code.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapMut, MmapOptions, MmapRaw};

/// A mapped file as words of 64 bits.
#[derive(Debug)]
pub(super) struct Words {
    map: MmapRaw,
}

impl Words {
    /// Maps a file, its pages made at once, so that a store is never a fault.
    pub(super) fn writable(file: &File) -> io::Result<Self> {
        MmapOptions::new().populate().map_raw(file).map(|map| Self { map })
    }

    /// Maps a file for loading.
    pub(super) fn readable(file: &File) -> io::Result<Self> {
        MmapOptions::new().map_raw_read_only(file).map(|map| Self { map })
    }

    /// Words of memory that nobody else sees.
    pub(super) fn anonymous(bytes: usize) -> io::Result<Self> {
        MmapMut::map_anon(bytes.max(8)).map(|map| Self { map: map.into() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.map.len() / 8
    }

    fn all(&self) -> &[AtomicU64] {
        // SAFETY: a mapping begins at a page, so its words are aligned; it has this many of them and lives as long as `self`. Nobody makes a
        // plain reference into it; all access of this process is atomic, and so is that of others, which run this same code. A file that is
        // cut shorter by somebody else would be a bus error, as for any mapping; ours are made whole and never cut.
        unsafe { slice::from_raw_parts(self.map.as_ptr().cast::<AtomicU64>(), self.len()) }
    }

    /// Loads a word; `None` beyond the end.
    pub(super) fn load(&self, index: usize) -> Option<u64> {
        self.all().get(index).map(|word| u64::from_le(word.load(Ordering::Relaxed)))
    }

    /// Stores a word of a mapping that was made for storing.
    ///
    /// # Panics
    /// Beyond the end.
    #[inline]
    pub(super) fn store(&self, index: usize, value: u64) {
        self.all()[index].store(value.to_le(), Ordering::Relaxed);
    }
}
