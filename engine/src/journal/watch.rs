//! How far the journal is, and whether it still works: the words that its threads share.
//!
//! Goal: reading costs one load of a cache line that one thread writes. Non-goal: waiting; whoever waits polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

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
    kept: Line<Kept>,
    _lock: DirectoryLock,
}

#[derive(Debug, Default)]
struct State {
    failed: AtomicBool,
    stopping: AtomicBool,
    /// The disk has less room than the configured floor.
    low_on_space: AtomicBool,
    free_bytes: AtomicU64,
    failure: OnceLock<String>,
}

/// What decides which segments may go.
#[derive(Debug, Default)]
struct Kept {
    /// Everything up to here is on stable storage, whatever the durability.
    synced: AtomicU64,
    /// The first record of the segment in use.
    begun: AtomicU64,
    /// The segments that somebody still reads, with all that come after each.
    held: Mutex<Vec<Weak<AtomicU64>>>,
}

impl Shared {
    /// Everything up to `seq`, which ends at `offset` of `segment`, is appended and durable.
    pub(super) fn new(lock: DirectoryLock, seq: Seq, (segment, offset): (u64, usize)) -> Self {
        let appended = Appended {
            seq: AtomicU64::new(seq.get()),
            segment: AtomicU64::new(segment),
            offset: AtomicUsize::new(offset),
        };
        let kept = Kept { synced: AtomicU64::new(seq.get()), ..Kept::default() };
        Self {
            appended: Line(appended),
            durable: Line(AtomicU64::new(seq.get())),
            state: Line::default(),
            segments: Mutex::default(),
            kept: Line(kept),
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

    /// A segment is begun with this record. Before any record of it is published.
    pub(super) fn publish_begun(&self, first_seq: Seq) {
        self.kept.0.begun.store(first_seq.get(), Ordering::Release);
    }

    /// The first record of the segment that the appender was last known to have begun; 0 when it has begun none since the start. Read
    /// before [`Self::appended`], it is of that segment or of one before it.
    pub(super) fn begun(&self) -> Seq {
        Seq(self.kept.0.begun.load(Ordering::Acquire))
    }

    /// Everything up to here is on stable storage. Never goes back.
    pub(super) fn publish_synced(&self, seq: Seq) {
        self.kept.0.synced.fetch_max(seq.get(), Ordering::AcqRel);
    }

    pub(super) fn publish_space(&self, free_bytes: u64, is_low: bool) {
        self.state.0.free_bytes.store(free_bytes, Ordering::Relaxed);
        self.state.0.low_on_space.store(is_low, Ordering::Release);
    }

    pub(super) fn is_low_on_space(&self) -> bool {
        self.state.0.low_on_space.load(Ordering::Acquire)
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

/// Segments that must not be pruned yet, because somebody reads them.
#[derive(Debug)]
pub struct Hold {
    segment: Arc<AtomicU64>,
}

impl Hold {
    /// Nothing before this segment is needed any more.
    pub fn move_to(&self, segment: u64) {
        self.segment.store(segment, Ordering::Release);
    }
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
    pub(crate) fn memory(&self, index: u64) -> Option<Published> {
        let segments = self.shared.segments.lock().ok()?;
        segments.iter().find(|(found, _)| *found == index).map(|(_, memory)| memory.clone())
    }

    /// Everything up to here is on stable storage for certain, whatever the durability.
    #[must_use]
    pub fn synced_seq(&self) -> Seq {
        Seq(self.shared.kept.0.synced.load(Ordering::Acquire))
    }

    /// The segment that is being appended to.
    #[must_use]
    pub fn segment(&self) -> u64 {
        self.shared.appended_at().0
    }

    /// Where the next record goes, more or less: the segment, and how far it is full.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        let (segment, offset) = self.shared.appended_at();
        (segment, offset as u64)
    }

    /// Keeps this segment and all after it from being pruned, until the hold is moved on or dropped.
    #[must_use]
    pub fn hold(&self, segment: u64) -> Hold {
        let hold = Hold { segment: Arc::new(AtomicU64::new(segment)) };
        let mut held = self.shared.kept.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|hold| hold.strong_count() > 0);
        held.push(Arc::downgrade(&hold.segment));
        hold
    }

    /// The first segment that somebody holds.
    #[must_use]
    pub fn held(&self) -> Option<u64> {
        let held = self.shared.kept.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().filter_map(|hold| hold.upgrade().map(|segment| segment.load(Ordering::Acquire))).min()
    }

    /// Whether the disk has less room than the configured floor. The matching tile asks at every poll.
    #[must_use]
    #[inline]
    pub fn is_low_on_space(&self) -> bool {
        self.shared.is_low_on_space()
    }

    /// How much room the disk had when it was last looked at, bytes; 0 when nobody looks.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.shared.state.0.free_bytes.load(Ordering::Relaxed)
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
