//! How far the journal is, and whether it still works: the words that its threads share.
//!
//! Goal: reading costs one load of a cache line that one thread writes. Non-goal: waiting; whoever waits polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use wire::Seq;

use super::JournalError;
use super::directory::DirectoryLock;
use super::map::Published;

/// A word on cache lines of its own (two: adjacent lines are fetched in pairs), so that its readers and the writer of its neighbour do
/// not disturb each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line<T>(T);

/// Written by the appender only.
#[derive(Debug, Default)]
struct Appended {
    seq: AtomicU64,
    /// Segment of the latest record. Stored before `seq`, so whoever reads `seq` first reads this at least as new.
    segment: AtomicU64,
    /// Where the next record begins in it, more or less: only for whoever goes ahead of the appender.
    offset: AtomicUsize,
}

/// What appender, helper threads and watchers share. The directory stays locked while any of them lives.
#[derive(Debug)]
pub(super) struct Shared {
    appended: Line<Appended>,
    durable: Line<AtomicU64>,
    state: Line<State>,
    /// The memory of the segment in use and of those that come after it, for readers. Nobody who is in a hurry takes this lock.
    segments: Mutex<VecDeque<(u64, Published)>>,
    _lock: DirectoryLock,
}

#[derive(Debug, Default)]
struct State {
    failed: AtomicBool,
    stopping: AtomicBool,
    failure: OnceLock<String>,
}

impl Shared {
    /// Everything up to `seq`, which ends at `offset` of `segment`, is appended and durable.
    pub(super) fn new(lock: DirectoryLock, seq: Seq, (segment, offset): (u64, usize)) -> Self {
        let appended = Appended {
            seq: AtomicU64::new(seq.get()),
            segment: AtomicU64::new(segment),
            offset: AtomicUsize::new(offset),
        };
        Self {
            appended: Line(appended),
            durable: Line(AtomicU64::new(seq.get())),
            state: Line::default(),
            segments: Mutex::default(),
            _lock: lock,
        }
    }

    /// Lets readers see what is appended to a segment.
    pub(super) fn show_segment(&self, index: u64, memory: Published) {
        if let Ok(mut segments) = self.segments.lock() {
            segments.push_back((index, memory));
        }
    }

    /// The segments up to this one are used up: their memory goes when its last reader is through.
    pub(super) fn forget_segments(&self, up_to: u64) {
        if let Ok(mut segments) = self.segments.lock() {
            segments.retain(|(index, _)| *index > up_to);
        }
    }

    #[inline]
    pub(super) fn publish_appended(&self, seq: Seq, segment: u64, offset: usize) {
        self.appended.0.offset.store(offset, Ordering::Relaxed);
        self.appended.0.segment.store(segment, Ordering::Release);
        self.appended.0.seq.store(seq.get(), Ordering::Release);
    }

    /// The latest record, and a segment that is not before its own.
    #[inline]
    pub(super) fn appended(&self) -> (Seq, u64) {
        let seq = self.appended.0.seq.load(Ordering::Acquire);
        (Seq(seq), self.appended.0.segment.load(Ordering::Acquire))
    }

    /// Segment and offset at which the next record begins; a reader may see the one from before the other.
    pub(super) fn appended_at(&self) -> (u64, usize) {
        (self.appended.0.segment.load(Ordering::Acquire), self.appended.0.offset.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn publish_durable(&self, seq: Seq) {
        self.durable.0.store(seq.get(), Ordering::Release);
    }

    /// Consequences of commands up to here may leave the box.
    #[inline]
    pub(super) fn durable(&self) -> Seq {
        Seq(self.durable.0.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn is_failed(&self) -> bool {
        self.state.0.failed.load(Ordering::Relaxed)
    }

    /// The first failure stays; what follows from it is of no interest.
    pub(super) fn fail(&self, reason: &JournalError) {
        self.state.0.failure.get_or_init(|| reason.to_string());
        self.state.0.failed.store(true, Ordering::Release);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.0.stopping.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.state.0.stopping.store(true, Ordering::Release);
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.state.0.failure.get().map(String::as_str)
    }
}

/// Whether the journal works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// It does.
    Running,
    /// It was stopped in order.
    Stopped,
    /// It does not: nothing further becomes durable, and the appliance has to stop. The text is the first failure.
    Failed(&'a str),
}

/// A reader of the journal's progress. Clones are cheap and go to the release gates.
#[derive(Clone, Debug)]
pub struct Watch {
    shared: Arc<Shared>,
}

impl Watch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Consequences of commands up to here may leave the box. Never ahead of [`Self::appended_seq`], never goes back.
    #[must_use]
    #[inline]
    pub fn durable_seq(&self) -> Seq {
        self.shared.durable()
    }

    /// The latest record that is in the mapped pages.
    #[must_use]
    #[inline]
    pub fn appended_seq(&self) -> Seq {
        self.shared.appended().0
    }

    /// What has been appended to a segment, header and all, if it is the one in use or a later one. It may be further than what is durable.
    #[must_use]
    pub(crate) fn segment(&self, index: u64) -> Option<Published> {
        let segments = self.shared.segments.lock().ok()?;
        segments.iter().find(|(found, _)| *found == index).map(|(_, memory)| memory.clone())
    }

    /// Whether it works. To be polled by the appliance, which stops when it does not.
    #[must_use]
    pub fn status(&self) -> Status<'_> {
        if let Some(reason) = self.shared.failure() {
            Status::Failed(reason)
        } else if self.shared.is_stopping() {
            Status::Stopped
        } else {
            Status::Running
        }
    }
}
