//! A segment's file, as the syncer sees it.
//!
//! Goal: a sync that costs what the disk asks for. Non-goal: when.
//!
//! ```text
//!  memory   |....records....|..new records..|             |
//!  file     |....records....|                      zeros  |
//!                        |'-- page --'------'-- page --'     written again from the page on in which the last write ended
//! ```
//! Records that nobody may know of before they are synced are stored into memory of the process and written past the kernel's cache. Stored
//! into a mapping of the file, each page would be a fault for the appender after every sync, and for the syncer a call to all cores that they
//! forget that it may be written: a quarter of the records a second, on two cores of a virtual machine.

use std::fs::File;
use std::io;

use super::Disk;
use super::map::{Mapping, Published};

/// What is written at a time.
const COPY_LEN: usize = 1 << 20;
/// Writes past the cache begin and end at multiples of this.
const BLOCK_LEN: usize = 4 << 10;

/// A segment's file and what is to be written to it.
#[derive(Debug)]
pub(super) struct Backing {
    index: u64,
    file: File,
    staged: Option<Staged>,
}

/// What lies in memory, and how much of it has been written.
#[derive(Debug)]
struct Staged {
    memory: Published,
    written: usize,
    /// As long as the file must be: records of it may not have been read back by anybody yet.
    file_len: u64,
}

/// Why a backing was not synced: what was tried, and what the system said.
pub(super) type SyncError = (&'static str, io::Error);

impl Backing {
    /// Of a segment whose memory is the file's.
    pub(super) const fn mapped(index: u64, file: File) -> Self {
        Self { index, file, staged: None }
    }

    /// Of a segment whose memory is not. The file holds what is in there now.
    pub(super) fn staged(index: u64, file: File, memory: Published, file_len: u64) -> Self {
        let written = memory.bytes().len();
        Self { index, file, staged: Some(Staged { memory, written, file_len }) }
    }

    /// The segment's position in the journal.
    pub(super) const fn index(&self) -> u64 {
        self.index
    }

    /// Returns once everything appended to the segment before is on stable storage.
    pub(super) fn sync(&mut self, copy: &mut Copy, disk: &dyn Disk) -> Result<(), SyncError> {
        if let Some(staged) = &mut self.staged {
            // Before the write, which may give the file its length again.
            staged.check_len(&self.file).map_err(|error| ("find whole the segment", error))?;
            staged.write(&self.file, copy, disk).map_err(|error| ("write the segment", error))?;
        }
        disk.sync(&self.file).map_err(|error| ("sync the segment", error))
    }
}

impl Staged {
    fn write(&mut self, file: &File, copy: &mut Copy, disk: &dyn Disk) -> io::Result<()> {
        let bytes = self.memory.bytes();
        // The rest of a page is zeros until more is appended, in the file as it is there already.
        let mut begin = self.written / BLOCK_LEN * BLOCK_LEN;
        while begin < bytes.len() {
            let part = &bytes[begin..bytes.len().min(begin + COPY_LEN)];
            disk.write_at(file, copy.padded(part), begin as u64)?;
            begin += part.len();
        }
        self.written = bytes.len();
        Ok(())
    }

    /// Whoever cuts a mapped file short ends the process that maps it. Here nobody would notice before the next start.
    fn check_len(&self, file: &File) -> io::Result<()> {
        let found = file.metadata()?.len();
        if found == self.file_len {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "expected {} bytes, found {found}: a file was cut short under a running appliance",
            self.file_len
        )))
    }
}

/// Memory that a disk can be written from: it begins at a page.
#[derive(Debug)]
pub(super) struct Copy(Mapping);

impl Copy {
    pub(super) fn new() -> io::Result<Self> {
        Mapping::of_memory(COPY_LEN).map(Self)
    }

    /// The same bytes, with zeros up to the end of a page.
    fn padded(&mut self, bytes: &[u8]) -> &[u8] {
        let len = bytes.len().next_multiple_of(BLOCK_LEN);
        let copy = &mut self.0.rest_mut(0)[..len];
        copy[..bytes.len()].copy_from_slice(bytes);
        copy[bytes.len()..].fill(0);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::LocalDisk;
    use std::fs;

    #[test]
    fn a_sync_brings_the_file_to_where_the_memory_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("segment");
        let len = 3 * COPY_LEN;
        let file = LocalDisk.create(&path).expect("a file");
        LocalDisk.fill(&file, 0, len as u64).expect("zeros");
        let mut memory = Mapping::of_memory(len).expect("memory");
        let mut backing =
            Backing::staged(0, LocalDisk.open_direct(&path).expect("opens"), memory.published(), len as u64);
        let mut copy = Copy::new().expect("memory");
        let mut end = 0;
        let steps = [1, 104, BLOCK_LEN - 105, BLOCK_LEN, 7, 2 * COPY_LEN, 0, 3, COPY_LEN - 3 * BLOCK_LEN];
        for (step, more) in steps.into_iter().enumerate() {
            memory.rest_mut(end)[..more].fill(u8::try_from(step + 1).expect("few"));
            // Appended and not published yet: nobody is to see it.
            memory.rest_mut(end + more).fill(0xEE);
            end += more;
            memory.publish(end);
            backing.sync(&mut copy, &LocalDisk).expect("synced");
            memory.rest_mut(end).fill(0);
            assert!(fs::read(&path).expect("reads") == memory.bytes(), "step {step}");
        }
        LocalDisk.open_direct(&path).and_then(|file| file.set_len(4096)).expect("cut short");
        let (tried, error) = backing.sync(&mut copy, &LocalDisk).expect_err("it is cut short");
        assert!(error.to_string().contains("found 4096"), "{tried}: {error}");
        assert!(end > len - 2 * BLOCK_LEN && end < len, "{end} of {len}");
    }
}
