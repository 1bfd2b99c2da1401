//! What the helper threads ask of the disk, as a trait, so that tests can make it fail.
//!
//! Goal: two verbs. Non-goal: abstracting files away; everything else uses `std::fs`.

use std::fs::File;
use std::io::{self, Write};

/// Bytes of zeros written between two syncs: long enough to be quick, short enough not to hold up the sync of live segments.
const FILL_CHUNK_LEN: usize = 1 << 20;

/// The slow part of a journal's storage. Both threads share one.
pub trait Disk: Send + Sync + 'static {
    /// Returns once the file's data is on stable storage. A failure is final: it is never asked again for the same data.
    ///
    /// # Errors
    /// The device or the file system failed.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Gives a new file its length in zeros that are really written, and syncs it.
    ///
    /// # Errors
    /// No space, or the device or the file system failed.
    fn fill(&self, file: &File, len: u64) -> io::Result<()>;
}

/// The disk under the file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn sync(&self, file: &File) -> io::Result<()> {
        // On Linux fdatasync writes what was stored through a mapping, exactly as msync(MS_SYNC) does (it is what msync calls), and needs
        // no access to the mapping, which belongs to another thread.
        file.sync_data()
    }

    fn fill(&self, file: &File, len: u64) -> io::Result<()> {
        // Real zeros, not fallocate: a reserved but unwritten extent would make the first sync of each page a metadata commit.
        let zeros = vec![0; FILL_CHUNK_LEN];
        let mut left = len;
        let mut out = file;
        while left > 0 {
            let chunk = usize::try_from(left).map_or(FILL_CHUNK_LEN, |left| left.min(FILL_CHUNK_LEN));
            out.write_all(&zeros[..chunk])?;
            file.sync_data()?;
            left -= chunk as u64;
        }
        file.sync_all()
    }
}
