//! How far a recovery is, for whoever waits for it.
//!
//! Goal: looked at from another thread at any time, for next to nothing: of the records replayed, one in a thousand stores three words.
//! Non-goal: showing it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::journal::{Position, Record};
use wire::Seq;

/// Records between two looks.
const STEP: u64 = 1 << 10;

/// Where a recovery is. One thread recovers, any may look.
#[derive(Debug, Default)]
pub struct Progress {
    records: AtomicU64,
    bytes: AtomicU64,
    expected: AtomicU64,
}

/// What was seen of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records replayed.
    pub records: u64,
    /// Bytes of the journal read for that.
    pub bytes: u64,
    /// How many records there will be, as far as is known: at least so many, were it not for damage. 0 while nothing is known.
    pub expected: u64,
}

impl Progress {
    /// How far it is.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Seen { records: load(&self.records), bytes: load(&self.bytes), expected: load(&self.expected) }
    }

    /// Counts records that are replayed behind one, up to one that is known to have been durable.
    pub(crate) fn count(&self, behind: Seq, durable: Seq, segment_len: u64) -> Count<'_> {
        self.expected.store(durable.get().saturating_sub(behind.get()), Ordering::Relaxed);
        Count { progress: self, records: 0, begin: None, segment_len }
    }
}

/// Counts for a [`Progress`].
#[derive(Debug)]
pub(crate) struct Count<'a> {
    progress: &'a Progress,
    records: u64,
    begin: Option<Position>,
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
        let bytes = (at.segment - begin.segment).saturating_mul(self.segment_len) + at.offset;
        self.progress.records.store(self.records, Ordering::Relaxed);
        self.progress.bytes.store(bytes.saturating_sub(begin.offset), Ordering::Relaxed);
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.progress.records.store(self.records, Ordering::Relaxed);
    }
}
