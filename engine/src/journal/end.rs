//! How a journal ends: cleanly, or with what a crash left half written.

use std::fmt;
use std::path::PathBuf;

use wire::Seq;
use wire::journal::SegmentHeader;

use super::directory::SegmentName;

/// How a journal ends.
#[derive(Clone, Debug)]
pub struct End {
    /// The latest record; 0 when there is none.
    pub last_seq: Seq,
    /// Its checksum.
    pub chain: u32,
    /// The segment in use and where its next record begins. `None` when there is no usable segment.
    pub current: Option<(SegmentName, SegmentHeader, usize)>,
    /// What a crash left half written, if anything.
    pub torn: Option<Torn>,
    /// Segments after the one in use: prepared and not begun, or begun and torn. They hold no record but those that count as torn.
    pub unused: Vec<SegmentName>,
}

/// A torn tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub path: PathBuf,
    /// Where it begins.
    pub offset: u64,
    /// How far it reaches in that file.
    pub bytes: u64,
    /// Whole records in it, or in later segments, that are of no use because an earlier one did not reach the disk. When they were appended,
    /// that one had not been released.
    pub records: u64,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, bytes, records } = self;
        write!(f, "a torn tail of {bytes} bytes at byte {offset} of {}", path.display())?;
        match records {
            0 => Ok(()),
            1 => f.write_str(", and a whole record behind it, whose predecessor is lost"),
            records => write!(f, ", and {records} whole records behind it, whose predecessor is lost"),
        }
    }
}
