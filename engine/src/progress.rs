//! How far a recovery is, for whoever waits for it.
//!
//! Goal: looked at from another thread at any time, for next to nothing: of the records replayed, one in a thousand stores three words.
//! Non-goal: showing it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::{Position, Record, directory};
use wire::Seq;
use wire::journal::{SEGMENT_HEADER_LEN, SegmentHeader};

/// Records between two looks.
const STEP: u64 = 1 << 10;

/// Where a recovery is. One thread recovers, any may look.
#[derive(Debug, Default)]
pub struct Progress {
    records: AtomicU64,
    bytes: AtomicU64,
    bytes_expected: AtomicU64,
}

/// What was seen of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records replayed.
    pub records: u64,
    /// Bytes of the journal read for that.
    pub bytes: u64,
    /// How many bytes there are to read, if the last segment is full; so no fewer than there will be. 0 while nothing is known.
    pub bytes_expected: u64,
}

impl Progress {
    /// How far it is.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Seen { records: load(&self.records), bytes: load(&self.bytes), bytes_expected: load(&self.bytes_expected) }
    }

    /// Counts the records of a journal that are replayed.
    pub(crate) fn count(&self, dir: &Path, segment_len: u64) -> Count<'_> {
        // What cannot be listed is told by whoever reads it; here it is only shown.
        let segments = directory::segments(dir).unwrap_or_default();
        let last = segments.iter().rev().find(|segment| is_begun(&segment.path)).map_or(0, |segment| segment.index);
        Count { progress: self, records: 0, begin: None, last, segment_len }
    }
}

/// Whether records were appended to a segment; what cannot be read holds none, for all that is shown.
fn is_begun(path: &Path) -> bool {
    let mut head = [0; SEGMENT_HEADER_LEN];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && SegmentHeader::decode(&head).is_ok_and(|header| header.first_seq > Seq(0))
}

/// Counts for a [`Progress`].
#[derive(Debug)]
pub(crate) struct Count<'a> {
    progress: &'a Progress,
    records: u64,
    begin: Option<Position>,
    /// The last segment with records.
    last: u64,
    segment_len: u64,
}

impl Count<'_> {
    /// One more.
    #[inline]
    pub(crate) fn see(&mut self, record: &Record<'_>) {
        self.records += 1;
        if self.records.is_multiple_of(STEP) || self.begin.is_none() {
            self.tell(record.position);
        }
    }

    #[cold]
    fn tell(&mut self, at: Position) {
        let begin = *self.begin.get_or_insert(at);
        // What is read of the segments from the first one on, before `begin` too.
        let len = |segments: u64| segments.saturating_mul(self.segment_len);
        let bytes = len(at.segment.saturating_sub(begin.segment)) + at.offset;
        let expected = len((self.last + 1).saturating_sub(begin.segment));
        self.progress.records.store(self.records, Ordering::Relaxed);
        self.progress.bytes.store(bytes.saturating_sub(begin.offset), Ordering::Relaxed);
        self.progress.bytes_expected.store(expected.saturating_sub(begin.offset), Ordering::Relaxed);
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.progress.records.store(self.records, Ordering::Relaxed);
    }
}
