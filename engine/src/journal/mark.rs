//! The mark of durability: a lower bound of what is known durable, kept beside the segments.
//!
//! Goal: tell a torn tail from the loss of acknowledged records, also where nothing valid follows. Non-goal: being exact. It is stored
//! after each sync and not synced itself, which would double the cost of a commit; so it is exact after `kill -9` and old, but
//! never too high, after a loss of power.
//!
//! ```text
//! 0       8       16      24      32
//! | magic | epoch | seq   | !seq  | zeros to 4096
//! ```

use std::fs::{self, OpenOptions};
use std::path::Path;

use wire::Seq;

use super::map::Mapping;
use super::{Disk, JournalError, directory};

const MAGIC: [u8; 8] = *b"PINIONM\0";
const EPOCH_AT: usize = 8;
const SEQ_AT: usize = 16;
const INVERSE_AT: usize = 24;
const USED_LEN: usize = 32;
const FILE_LEN: u64 = 4096;

/// The mapped mark of one journal.
#[derive(Debug)]
pub struct Mark {
    map: Mapping,
}

impl Mark {
    /// Opens the mark of the journal `epoch`, or makes one that knows of nothing.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn open(dir: &Path, epoch: u64, disk: &dyn Disk) -> Result<Self, JournalError> {
        let path = directory::mark_path(dir);
        let usable = Self::read(dir)?.is_some_and(|(found, _)| found == epoch);
        if !usable {
            let temporary = directory::temporary_path(&path);
            let mut bytes = vec![0; usize::try_from(FILE_LEN).unwrap_or(USED_LEN)];
            bytes[..8].copy_from_slice(&MAGIC);
            bytes[EPOCH_AT..SEQ_AT].copy_from_slice(&epoch.to_le_bytes());
            bytes[INVERSE_AT..USED_LEN].copy_from_slice(&u64::MAX.to_le_bytes());
            let file = disk.create(&temporary);
            let written = file.and_then(|file| disk.write_at(&file, &bytes, 0).and_then(|()| disk.sync(&file)));
            written.map_err(JournalError::io("write the mark of durability", &temporary))?;
            disk.rename(&temporary, &path).map_err(JournalError::io("rename into place the mark", &temporary))?;
            directory::sync(dir, disk)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let map = options.open(&path).and_then(|file| Mapping::of_file(&file));
        Ok(Self { map: map.map_err(JournalError::io("map the mark of durability", &path))? })
    }

    /// Raises the mark. Whichever of the two stores a crash lets through, the lower of the two readings stands.
    pub fn raise(&mut self, seq: Seq) {
        self.map.publish_u64(SEQ_AT, seq.get());
        self.map.publish_u64(INVERSE_AT, !seq.get());
    }

    /// Which journal the mark in `dir` belongs to, and up to where that was durable. `None` when there is no mark.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn read(dir: &Path) -> Result<Option<(u64, Seq)>, JournalError> {
        Ok(read_bytes(&directory::mark_path(dir))?.and_then(|bytes| parse(&bytes)))
    }
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError::io("read the mark of durability", path)(error)),
    }
}

fn parse(bytes: &[u8]) -> Option<(u64, Seq)> {
    let word = |at: usize| bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word));
    if bytes.len() as u64 != FILE_LEN || !bytes.starts_with(&MAGIC) {
        return None;
    }
    Some((word(EPOCH_AT)?, Seq(word(SEQ_AT)?.min(!word(INVERSE_AT)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::LocalDisk;

    #[test]
    fn it_remembers_its_own_journal_only_and_reads_the_lower_of_two_halves() {
        let dir = tempfile::tempdir().expect("a directory");
        let read = || Mark::read(dir.path()).expect("readable");
        assert_eq!(read(), None);
        let mut mark = Mark::open(dir.path(), 7, &LocalDisk).expect("new");
        assert_eq!(read(), Some((7, Seq(0))));
        mark.raise(Seq(41));
        drop(mark);
        let mut mark = Mark::open(dir.path(), 7, &LocalDisk).expect("again");
        assert_eq!(read(), Some((7, Seq(41))));
        mark.map.publish_u64(SEQ_AT, 50);
        assert_eq!(read(), Some((7, Seq(41))), "half a store");
        drop(mark);
        drop(Mark::open(dir.path(), 8, &LocalDisk).expect("another journal"));
        assert_eq!(read(), Some((8, Seq(0))));
    }
}
