//! Gives up the end of a journal, because its operator has decided so.
//!
//! Goal: after damage that no copy mends, an appliance can go on from a record before it; whatever is given up is told beforehand and kept
//! aside. Non-goal: deciding, and any journal that is in use.
//!
//! ```text
//! aside:   the segment as it was (a copy), later segments, snapshots that stand behind the cut, the mark
//! journal: the segment again, zeros behind the record
//! ```
//! The copy is durable before anything is moved, and the journal's own segment is replaced last. Ended by a crash, it can be done again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wire::journal::{self, Body, RECORD_ALIGN, RecordHeader, RecordKind, SEGMENT_HEADER_LEN};
use wire::{Nanos, Seq, SessionIndex};

use super::directory::{self, DirectoryLock, SegmentName};
use super::reader::Reader;
use super::{Disk, JournalError, files};

/// What would be given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Whole records. Those that are damaged cannot be counted.
    pub records: u64,
    /// The first and the last of them, and when they were received.
    pub span: Option<[(Seq, Nanos); 2]>,
    /// How many are of which session: its messages, logins and ends.
    pub sessions: BTreeMap<SessionIndex, u64>,
}

/// A cut that was looked at and not made. It holds the journal's lock.
#[derive(Debug)]
pub struct Cut {
    _lock: DirectoryLock,
    dir: PathBuf,
    /// The segment that the journal will end in, and all its bytes.
    segment: SegmentName,
    bytes: Vec<u8>,
    /// Where the end will be.
    end: usize,
    later: Vec<SegmentName>,
    /// Whether the journal begins with its first record.
    whole: bool,
    losses: Losses,
}

impl Cut {
    /// Looks at what a cut behind this record would do. Changes nothing.
    ///
    /// # Errors
    /// The journal is in use, or does not hold the record and all before it whole.
    pub fn plan(dir: &Path, behind: Seq, disk: &dyn Disk) -> Result<Self, JournalError> {
        let lock = DirectoryLock::take(dir, disk)?;
        let mut reader = Reader::open_oldest(dir)?;
        let mut first = None;
        let (mut last, mut found) = (Seq(0), None);
        while last < behind {
            match reader.next() {
                Ok(Some(record)) => {
                    first = first.or(Some(record.seq));
                    last = record.seq;
                    found = Some((record.position, record.body.len()));
                }
                Ok(None) | Err(JournalError::Corrupt { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        let (Some((position, body_len)), true) = (found, last == behind) else {
            return Err(JournalError::NoSuchEnd { dir: dir.to_owned(), asked: behind, last });
        };
        let segments = reader.segments();
        let at = segments.iter().position(|segment| segment.index == position.segment).unwrap_or_default();
        let (segment, later) = (segments[at].clone(), segments[at + 1..].to_vec());
        let bytes = files::read(dir, &segment)?;
        let begin = usize::try_from(position.offset).unwrap_or(bytes.len());
        let end = (begin + journal::record_span(body_len)).min(bytes.len());
        let seed = journal::seed(segment.epoch);
        let mut losses = Losses::default();
        losses.count(seed, behind, &bytes[end..]);
        for segment in &later {
            let bytes = files::read(dir, segment)?;
            losses.count(seed, behind, bytes.get(SEGMENT_HEADER_LEN..).unwrap_or_default());
        }
        let whole = first == Some(Seq(1));
        Ok(Self { _lock: lock, dir: dir.to_owned(), segment, bytes, end, later, whole, losses })
    }

    /// What would be given up.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.losses
    }

    /// Whether the journal begins with its first record, so that it can be replayed without a snapshot.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Makes it. What is given up goes into the new directory `aside`, with the files in `beside`.
    ///
    /// # Errors
    /// The file system refuses. What was done until then is whole, and the cut can be planned again.
    pub fn make(mut self, aside: &Path, beside: &[PathBuf], disk: &dyn Disk) -> Result<(), JournalError> {
        let dir = self.dir.clone();
        disk.create_directory(aside).map_err(JournalError::io("create the directory", aside))?;
        let write = |path: &Path, bytes: &[u8]| {
            let written =
                disk.create(path).and_then(|file| disk.write_at(&file, bytes, 0).and_then(|()| disk.sync(&file)));
            written.map_err(JournalError::io("write the segment", path))
        };
        let plain = directory::segment_path(&dir, self.segment.epoch, self.segment.index);
        write(&inside(aside, &plain), &self.bytes)?;
        directory::sync(aside, disk)?;
        let mut moved: Vec<&Path> = beside.iter().map(PathBuf::as_path).collect();
        let mark = directory::mark_path(&dir);
        moved.extend(mark.exists().then_some(mark.as_path()));
        // From the last one on, so that no gap is left in between.
        moved.extend(self.later.iter().rev().map(|segment| segment.path.as_path()));
        for path in moved {
            disk.rename(path, &inside(aside, path)).map_err(JournalError::io("move aside", path))?;
        }
        directory::sync(aside, disk)?;
        directory::sync(&dir, disk)?;
        self.bytes[self.end..].fill(0);
        let temporary = directory::temporary_path(&plain);
        write(&temporary, &self.bytes)?;
        disk.rename(&temporary, &plain).map_err(JournalError::io("rename into place the segment", &temporary))?;
        directory::sync(&dir, disk)
    }
}

fn inside(aside: &Path, path: &Path) -> PathBuf {
    path.file_name().map_or_else(|| aside.to_owned(), |name| aside.join(name))
}

impl Losses {
    fn count(&mut self, seed: u32, behind: Seq, bytes: &[u8]) {
        let mut offset = 0;
        while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let record = if rest.starts_with(&[0; 4]) { None } else { RecordHeader::verify(seed, rest) };
            let Some((header, body)) = record else {
                offset += RECORD_ALIGN;
                continue;
            };
            offset += journal::record_span(body.len());
            if header.seq <= behind {
                continue;
            }
            self.records += 1;
            let this = (header.seq, header.receive_time);
            self.span = Some(self.span.map_or([this, this], |[first, _]| [first, this]));
            let body = RecordKind::from_code(header.kind).and_then(|kind| Body::decode(kind, body).ok());
            if let Some(session) = body.and_then(|body| body.session()) {
                *self.sessions.entry(session).or_default() += 1;
            }
        }
    }
}
