//! What can go wrong with a journal, named by what the caller can do about it.
//!
//! Goal: each text says what was expected, what was found and what to do. Non-goal: the two refusals of the hot path, which are
//! [`super::AppendError`].

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wire::Seq;

/// The world failed, or the journal is not one that may be continued.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The operating system refused. Look at the file system; a failed write or sync is never tried again.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has the journal. Stop it, or use another directory.
    #[error(
        "journal {} is in use by {holder}: expected to be its only user; stop that process or name another directory",
        dir.display()
    )]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// What the lock file says of its holder.
        holder: String,
    },
    /// Records that may have been acknowledged are damaged. Restore the file from a copy.
    #[error(
        "{} is damaged at byte {offset}, where record {seq} is expected: {found}. This is not the torn tail of a crash, so acknowledged \
         commands could be lost by going on; nothing was changed. Restore the file from a copy; or, to give up record {seq} and all \
         after it, `pinion journal cut DIR --behind {}`, which keeps them aside; or move the directory away and start an empty one",
        path.display(), seq.get().saturating_sub(1)
    )]
    Corrupt {
        /// The damaged segment.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// The record that should begin there.
        seq: Seq,
        /// What is there, and what proves that it is not a torn tail.
        found: String,
    },
    /// Another version of the program wrote it. Run that one.
    #[error(
        "{} was written in version {found} of the journal's layout, this program reads and writes version {expected}; nothing was changed. \
         Start the program that wrote it, or name an empty directory",
        path.display()
    )]
    Version {
        /// The segment.
        path: PathBuf,
        /// This program's.
        expected: u32,
        /// The segment's.
        found: u32,
    },
    /// The journal does not hold the record behind which a snapshot stands: one of them is older than the other, or of another journal.
    #[error(
        "{} does not hold record {seq} at byte {offset}, behind which the snapshot stands; found {found}. The journal lost records, or the \
         snapshot belongs to another one; restore the file from a copy, or move the snapshot away to begin from an earlier one",
        path.display()
    )]
    Anchor {
        /// The segment.
        path: PathBuf,
        /// Where the record should begin.
        offset: u64,
        /// The record.
        seq: Seq,
        /// What is there.
        found: String,
    },
    /// There are snapshots, none of those passed over can be used, and the journal does not lead to the state without them.
    #[error(
        "{journal}. Without those records the state follows from a snapshot alone, and none can be used: {snapshots}. What is left to do: put \
         the missing segments back beside the others or, packed, into the archive; or put back a snapshot of this journal from a copy; or, to \
         give up all of it, move the directory away and start an empty one"
    )]
    NoWay {
        /// What is wrong with the journal.
        journal: Box<JournalError>,
        /// What is wrong with the snapshots, newest first.
        snapshots: String,
    },
    /// The packed copy of a segment is not what it should be, so the segment stays. If it is the segment itself that is damaged, the copy
    /// of it is, too; `pinion journal verify` says.
    #[error(
        "{} does not prove to be the packed copy of its segment: where record {seq} is expected, found {found}; the segment stays. Check \
         it with `pinion journal verify`; if it is whole, look at the disk of the archive",
        path.display()
    )]
    Unproved {
        /// The packed copy.
        path: PathBuf,
        /// The record expected.
        seq: Seq,
        /// What is there.
        found: String,
    },
    /// A cut was asked for behind a record that is not there, or not whole. Name an earlier one.
    #[error(
        "journal {} cannot be cut behind record {asked}: its whole part ends with record {last}; name that one or an earlier one",
        dir.display()
    )]
    NoSuchEnd {
        /// The directory.
        dir: PathBuf,
        /// The record that was named.
        asked: Seq,
        /// The last that is whole, with all before it.
        last: Seq,
    },
    /// Files of the journal are gone. Restore them from a copy.
    #[error("journal {}: expected segment {expected}, found {found}; restore the missing files from a copy", dir.display())]
    MissingSegment {
        /// The directory.
        dir: PathBuf,
        /// The segment looked for.
        expected: u64,
        /// What is there instead.
        found: String,
    },
    /// Segments of two journals lie in one directory. Move those of the other one away.
    #[error(
        "journal {}: expected segments of epoch {expected:016x} only, found also epoch {found:016x}; move the files of one of them away",
        dir.display()
    )]
    ForeignSegment {
        /// The directory.
        dir: PathBuf,
        /// The epoch of the first segment.
        expected: u64,
        /// The other one.
        found: u64,
    },
    /// The configuration changed in a way that changes outcomes. Use the old one, or an empty directory.
    #[error(
        "journal {} was written under configuration fingerprint {found:016x}, this configuration has {expected:016x}: replay would end \
         in another state; start with the configuration that wrote it (after an update that changed rules: with the program from before it), or \
         with an empty directory",
        dir.display()
    )]
    Fingerprint {
        /// The directory.
        dir: PathBuf,
        /// Of the configuration at hand.
        expected: u64,
        /// Of the one that wrote the journal.
        found: u64,
    },
    /// The caller could not apply a record.
    #[error(
        "record {seq} could not be replayed: {reason}; run the version that wrote the journal, or restore it from a copy"
    )]
    Replay {
        /// The record.
        seq: Seq,
        /// What the caller said.
        reason: String,
    },
    /// The segment length is not usable. Choose another one.
    #[error(
        "segment length {found}: expected a multiple of {align} bytes from {min} to {max}; choose one in the configuration"
    )]
    SegmentLen {
        /// What was asked for.
        found: u64,
        /// Its granule.
        align: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// No such durability.
    #[error("durability '{found}': expected mapped or synced{}", if *known { "; replicated is not available yet" } else { "" })]
    Durability {
        /// What was asked for.
        found: String,
        /// Whether it is promised for later.
        known: bool,
    },
    /// A helper thread ended the journal's life. The text is the first failure.
    #[error("the journal has failed and takes no more records: {0}; restart after the cause is removed")]
    Failed(String),
}

impl JournalError {
    /// For `map_err`: says what was attempted on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
