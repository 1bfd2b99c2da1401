//! What is stored of each stream, for whoever answers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::run::Run;
pub use super::run::Scratch;
use crate::told::Told;
use wire::feed::{CHANNELS_MAX, Stream, StreamKind};
use wire::mold::SessionId;

/// What there is for somebody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These blocks, beginning with the message that was asked for.
    Blocks {
        /// How many.
        count: u16,
        /// Their bytes.
        len: usize,
    },
    /// It is not there yet: this is the next one.
    Beyond {
        /// The sequence behind the last message.
        next: u64,
    },
    /// It was there once, and is not any more or not again yet.
    Missing,
}

/// What is stored of one stream.
#[derive(Debug, Default)]
pub struct StreamArchive {
    /// By their first sequences. Changed when a file is begun or made again, and else only looked at.
    runs: RwLock<Vec<Arc<Run>>>,
    /// Behind the last message; 0 until the store is open.
    next: AtomicU64,
    /// Where the store went on when it was opened: what comes before is from an earlier life, or missing.
    began: AtomicU64,
    /// Nothing more is stored, though more is published.
    is_stalled: AtomicBool,
}

impl StreamArchive {
    /// Writes blocks from message `from` on to `out`, `count` at most and as many as fit.
    pub fn copy(&self, from: u64, count: u64, out: &mut [u8], scratch: &mut Scratch) -> Answer {
        let next = self.next();
        if next == 0 || from == 0 {
            return Answer::Missing;
        }
        if from >= next {
            let is_stalled = self.is_stalled.load(Ordering::Relaxed);
            return if is_stalled { Answer::Missing } else { Answer::Beyond { next } };
        }
        let Some(run) = self.run_of(from) else { return Answer::Missing };
        match run.copy(from, count, out, scratch) {
            (0, _) => Answer::Missing,
            (count, len) => Answer::Blocks { count, len },
        }
    }

    /// Behind the last message; 0 before anything is known.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// The ranges from before the store was opened that are not there, each from its first to behind its last. Reads every file that was
    /// not read before.
    #[must_use]
    pub fn missing(&self) -> Vec<(u64, u64)> {
        let end = self.began.load(Ordering::Acquire);
        let mut missing = Vec::new();
        let mut expected = 1;
        for run in self.runs().iter().filter(|run| run.first < end) {
            if run.first > expected {
                missing.push((expected, run.first));
            }
            expected = expected.max(run.next());
        }
        if expected < end {
            missing.push((expected, end));
        }
        missing
    }

    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The file in which a message should be.
    fn run_of(&self, seq: u64) -> Option<Arc<Run>> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        let behind = runs.partition_point(|run| run.first <= seq);
        runs.get(behind.checked_sub(1)?).cloned()
    }

    /// Has this file, in the place of one that begins with the same message.
    pub(super) fn put(&self, run: Arc<Run>) {
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        match runs.binary_search_by_key(&run.first, |run| run.first) {
            Ok(place) => runs[place] = run,
            Err(place) => runs.insert(place, run),
        }
    }

    pub(super) fn begin(&self, next: u64) {
        self.began.store(next, Ordering::Release);
        self.publish(next);
    }

    pub(super) fn stall(&self) {
        self.is_stalled.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn publish(&self, next: u64) {
        self.next.store(next, Ordering::Release);
    }
}

#[derive(Debug)]
struct Venue {
    session: SessionId,
    streams: Vec<Stream>,
}

/// What is stored of all streams of a venue.
#[derive(Debug)]
pub struct Archive {
    venue: OnceLock<Venue>,
    streams: Vec<StreamArchive>,
    /// What the operator should hear of.
    pub told: Told,
}

impl Default for Archive {
    fn default() -> Self {
        let streams = (0..CHANNELS_MAX * StreamKind::ALL.len()).map(|_| StreamArchive::default()).collect();
        Self { venue: OnceLock::new(), streams, told: Told::default() }
    }
}

impl Archive {
    /// The stream that a session names.
    #[must_use]
    pub fn find(&self, session: SessionId) -> Option<&StreamArchive> {
        self.stream(Stream::of_session(self.venue()?, session)?)
    }

    /// One stream; one that the venue does not have has no messages.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> Option<&StreamArchive> {
        let kind = match stream.kind {
            StreamKind::Tick => 0,
            StreamKind::Depth => 1,
        };
        self.streams.get(usize::from(stream.channel.0) * StreamKind::ALL.len() + kind)
    }

    /// The venue's feed session, once it is known.
    #[must_use]
    pub fn venue(&self) -> Option<SessionId> {
        self.venue.get().map(|venue| venue.session)
    }

    /// The streams that the venue has; none before it has a name.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        self.venue.get().map_or(&[], |venue| &venue.streams)
    }

    pub(super) fn name(&self, session: SessionId, streams: Vec<Stream>) {
        // A venue has one name for as long as its journal lives.
        let _ = self.venue.set(Venue { session, streams });
    }
}
