//! The journal: every sequenced command on disk, in order, before its consequences leave the box.
//!
//! Goal: appending costs no system call and no allocation; what was acknowledged is found again after a crash; what is damaged is
//! noticed. Non-goal: what the commands mean. Bodies are bytes here; only [`inspect`] looks into them, to see whether they can be read.
//!
//! ```text
//!            append                        prepared segments (ready-made, zeroed, mapped)
//!  stage ──► [Appender] ◄───────────────────────────────── [Preparer]   helper thread: files, zeros, directory
//!               │ stores into the mapping                       │ their files
//!               │ `appended` (one word)                         ▼
//!               └────────────────────────────────────────► [Syncer]     helper thread: one sync covers all that came before
//!                                          `durable_seq` (one word) ──► release gates, through [`Watch`]
//! ```
//!
//! A directory holds one journal: `journal-<epoch>-<index>.seg` (layout in [`wire::journal`]), `LOCK`, and `durable.mark`, the lower bound
//! of what is known durable; full segments may lie packed in `archive/`. [`open`] reads it all, gives each record to the caller, cuts a torn tail, and goes on after it.

pub mod appender;
pub mod archive;
mod backing;
pub mod behind;
mod blank;
pub mod bus_error;
pub mod cut;
pub mod directory;
pub mod disk;
pub mod end;
pub mod error;
mod files;
pub mod helper;
pub mod inspect;
pub mod map;
pub mod mark;
pub mod preparer;
pub mod reader;
pub mod recovery;
pub mod segment;
mod space;
pub mod syncer;
pub mod watch;
mod window;

use std::path::Path;
use wire::Seq;
use wire::journal::{RecordHeader, record_span};

pub use appender::{AppendError, Appender};
pub use disk::{Disk, LocalDisk};
pub use error::JournalError;
pub use helper::{Helper, HelperPlacement, HelperThreads};
pub use reader::{Reader, Record};
pub use recovery::{Genesis, Journal, Options, RecoveryReport, open, open_behind};
pub use watch::{Hold, Status, Watch};

/// When the consequences of a command may leave the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Its record is in the mapped page: survives the end of the process, not the loss of power.
    Mapped,
    /// The group sync that covers its record has returned: survives the loss of power too.
    #[default]
    Synced,
}

impl core::fmt::Display for Durability {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Mapped => "mapped",
            Self::Synced => "synced",
        })
    }
}

impl core::str::FromStr for Durability {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, JournalError> {
        match text {
            "mapped" => Ok(Self::Mapped),
            "synced" => Ok(Self::Synced),
            _ => Err(JournalError::Durability { found: text.to_owned(), known: text == "replicated" }),
        }
    }
}

/// A record that is known to be in the journal, and from which reading can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where it begins.
    pub position: Position,
    /// Its place in the one order.
    pub seq: Seq,
    /// Its checksum, which the next record's continues.
    pub chain: u32,
}

impl Anchor {
    /// How many bytes the record takes, when it is the one at the start of `bytes`.
    ///
    /// # Errors
    /// [`JournalError::Anchor`], with `path` as the file that should hold it.
    pub(crate) fn span(&self, seed: u32, bytes: &[u8], path: &Path) -> Result<u64, JournalError> {
        let found = match RecordHeader::verify(seed, bytes) {
            Some((header, body)) if (header.seq, header.crc) == (self.seq, self.chain) => {
                return Ok(record_span(body.len()) as u64);
            }
            Some((header, _)) => format!("another record, {}", header.seq),
            None => "no whole record".to_owned(),
        };
        Err(self.lost(path, found))
    }

    pub(crate) fn lost(&self, path: &Path, found: String) -> JournalError {
        JournalError::Anchor { path: path.to_owned(), offset: self.position.offset, seq: self.seq, found }
    }
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Index of the segment, from 0.
    pub segment: u64,
    /// Bytes from the start of the segment.
    pub offset: u64,
}

impl core::fmt::Display for Position {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "segment {} byte {}", self.segment, self.offset)
    }
}
