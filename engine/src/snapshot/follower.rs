//! Follows the journal with a venue of its own, and makes a snapshot now and then.
//!
//! Goal: the matching tile never waits, and what it journals is replayed at once: a replay that comes to another state shows while the
//! appliance runs and not at the next start. Non-goal: choosing a core; the thread runs where the kernel puts it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::listener::{Follows, Heard};
use super::prune::{Known, prune};
use super::save::{SaveOptions, Saved, save};
use super::tail::Tail;
use super::{SnapshotError, SnapshotName, load_newest};
use crate::config::Config;
use crate::journal::{Anchor, Disk, Hold, JournalError, Watch, directory};
use crate::limits::REPUBLISHED_MAX;
use crate::recovery::{follower_venue, replay};
use crate::venue::Venue;
use wire::Seq;

/// Records replayed in one turn, so that a stop is heard soon.
const TURN_RECORDS: usize = 8_192;
/// How long an idle follower sleeps.
const IDLE: Duration = Duration::from_millis(5);

/// A follower that does not know of the journal yet, with all the memory that it will ever need.
pub struct Prepared {
    options: SaveOptions,
    known: Known,
    venue: Venue,
    outputs: Heard,
    /// Behind which record the venue stands; `None` before the first.
    anchor: Option<Anchor>,
    ranks: Vec<u32>,
}

impl Prepared {
    /// Stands where the newest snapshot stands, or before the first record. While the appliance recovers: both do the same work, each for
    /// itself.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn new(config: &Config, disk: Arc<dyn Disk>) -> Result<Self, SnapshotError> {
        let dir = config.journal.dir.clone();
        let epoch = directory::epoch(&dir)?.unwrap_or_default();
        let options = SaveOptions {
            disk,
            dir,
            epoch,
            fingerprint: config.fingerprint(),
            reports_max: u64::from(config.snapshot.session_reports),
        };
        let empty = || follower_venue(config);
        let mut names = SnapshotName::list(&options.dir)?;
        let (loaded, _) = load_newest(&options.dir, epoch, options.fingerprint, empty)?;
        // Those that come before the one that is used were tried first.
        let used = loaded.as_ref().map_or(Seq(0), |loaded| loaded.name.seq);
        names.retain(|name| name.epoch == epoch && name.seq > used);
        let known = Known { keep: usize::from(config.snapshot.keep), synced: Seq(0), unusable: names };
        let mut outputs = Heard::default();
        outputs.kept.events.reserve_exact(REPUBLISHED_MAX);
        let (venue, anchor) = match loaded {
            Some(loaded) => {
                outputs.kept.events.extend(loaded.events);
                (loaded.venue, Some(loaded.anchor))
            }
            None => (empty(), None),
        };
        let ranks = vec![0; usize::try_from(config.limits.orders).unwrap_or(0)];
        Ok(Self { options, known, venue, outputs, anchor, ranks })
    }

    /// One more who hears what commands lead to, from where the snapshot stands on.
    #[must_use]
    pub fn with(mut self, listener: Box<dyn Follows>) -> Self {
        self.outputs.listeners.push(listener);
        self
    }

    /// The venue as it stands where following begins.
    #[must_use]
    pub const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// Begins to follow the journal, which is open now.
    ///
    /// # Errors
    /// It cannot be read, or does not hold the record that the snapshot stands behind.
    pub fn follow(self, watch: Watch) -> Result<Follower, SnapshotError> {
        let Self { mut options, known, venue, mut outputs, anchor, ranks } = self;
        let Some(epoch) = directory::epoch(&options.dir)? else {
            let found = "no segment".to_owned();
            return Err(JournalError::MissingSegment { dir: options.dir, expected: 0, found }.into());
        };
        options.epoch = epoch;
        let tail = match anchor {
            Some(anchor) => Tail::behind(&options.dir, epoch, anchor)?,
            None => Tail::at_start(&options.dir, epoch)?,
        };
        let tail = tail.watching(watch.clone());
        let saved = tail.last().seq;
        let hold = watch.hold(tail.last().position.segment);
        for listener in &mut outputs.listeners {
            listener.begin(venue.seq(), venue.time(), venue.exchange());
        }
        Ok(Follower { options, known, watch, hold, venue, outputs, tail, saved, ranks })
    }
}

/// A venue that stands where the journal was durable a moment ago.
pub struct Follower {
    options: SaveOptions,
    known: Known,
    watch: Watch,
    /// What it has not read yet is not pruned.
    hold: Hold,
    venue: Venue,
    outputs: Heard,
    tail: Tail,
    /// The command after which the last snapshot was taken.
    saved: Seq,
    ranks: Vec<u32>,
}

impl Follower {
    /// Replays some of what has become durable. Returns how many records.
    ///
    /// # Errors
    /// A record is not what it was, or leads to another state than it did: the journal or this machine cannot be trusted.
    pub fn follow(&mut self) -> Result<usize, SnapshotError> {
        let durable = self.watch.durable_seq();
        let mut replayed = 0;
        while replayed < TURN_RECORDS {
            let Some(entry) = self.tail.next(durable)? else { break };
            let (seq, time) = (entry.seq, entry.receive_time);
            for listener in &mut self.outputs.listeners {
                listener.record(&entry);
                listener.coming(seq, time, self.venue.exchange());
            }
            replay(&mut self.venue, &entry, &mut self.outputs)
                .map_err(|reason| JournalError::Replay { seq, reason })?;
            for listener in &mut self.outputs.listeners {
                listener.applied(seq, time, self.venue.exchange());
            }
            replayed += 1;
        }
        for listener in &mut self.outputs.listeners {
            listener.turned(&self.venue);
            if replayed < TURN_RECORDS {
                listener.caught_up(&self.venue);
            }
        }
        self.hold.move_to(self.tail.last().position.segment);
        Ok(replayed)
    }

    /// Takes a snapshot of what it has come to; `None` when nothing has happened since the last one.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn save(&mut self) -> Result<Option<Saved>, SnapshotError> {
        let anchor = self.tail.last();
        if anchor.seq <= self.saved {
            return Ok(None);
        }
        for listener in &mut self.outputs.listeners {
            let dir = &self.options.dir;
            listener
                .before_snapshot(anchor.seq, self.venue.exchange())
                .map_err(SnapshotError::io("write what belongs to a snapshot, in", dir))?;
        }
        let events = self.outputs.kept.events.iter().copied();
        let saved = save(&self.options, &self.venue, &anchor, events, &mut self.ranks)?;
        self.saved = anchor.seq;
        // What was passed over at the start is replaced from now on.
        self.known.synced = self.watch.synced_seq();
        self.known.unusable.retain(|name| *name != saved.name);
        prune(&self.options.dir, self.options.epoch, &self.known, &*self.options.disk)?;
        self.known.unusable.clear();
        Ok(Some(saved))
    }

    /// How far it is.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.tail.last().seq
    }
}

/// What a follower's thread tells.
#[derive(Debug, Default)]
struct Told {
    stopping: AtomicBool,
    /// Snapshots taken.
    taken: AtomicU64,
    /// The command after which the last one was taken.
    saved: AtomicU64,
    /// The command up to which it has followed.
    followed: AtomicU64,
    /// Why the last attempt to write one failed. The venue goes on, and the next attempt follows.
    warning: Mutex<Option<String>>,
    /// Why it ended.
    failure: Mutex<Option<String>>,
}

/// How a follower's thread does, for whoever looks.
#[derive(Clone, Debug)]
pub struct FollowerWatch(Arc<Told>);

impl FollowerWatch {
    /// How many snapshots were taken, and the command after which the last one was.
    #[must_use]
    pub fn taken(&self) -> (u64, Seq) {
        (self.0.taken.load(Ordering::Relaxed), Seq(self.0.saved.load(Ordering::Relaxed)))
    }

    /// How far it is.
    #[must_use]
    pub fn followed(&self) -> Seq {
        Seq(self.0.followed.load(Ordering::Relaxed))
    }

    /// Whether it ended by itself.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.failure.lock().is_ok_and(|failure| failure.is_some())
    }
}

/// A follower on a thread of its own. Stopped when dropped, without a last snapshot.
#[derive(Debug)]
pub struct FollowerThread {
    told: Arc<Told>,
    thread: Option<JoinHandle<Option<Follower>>>,
}

impl FollowerThread {
    /// Starts it. A snapshot follows `interval` after the last one began, though the thread never spends more than half of its time on
    /// them.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn spawn(follower: Follower, interval: Duration) -> std::io::Result<Self> {
        let told = Arc::new(Told::default());
        let tell = Arc::clone(&told);
        let body = move || {
            run(follower, interval, &tell).map(Some).unwrap_or_else(|error| {
                put(&tell.failure, Some(error.to_string()));
                None
            })
        };
        let thread = thread::Builder::new().name("snapshot".to_owned()).spawn(body)?;
        Ok(Self { told, thread: Some(thread) })
    }

    /// Why it ended by itself, if it did: what is in the journal does not lead to the state that it led to.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.told.failure.lock().ok().and_then(|failure| failure.clone())
    }

    /// Why the last attempt to write a snapshot failed; told once.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.told.warning.lock().ok().and_then(|mut warning| warning.take())
    }

    /// How it does, for as long as one likes.
    #[must_use]
    pub fn watch(&self) -> FollowerWatch {
        FollowerWatch(Arc::clone(&self.told))
    }

    /// How many snapshots were taken, and the command after which the last one was.
    #[must_use]
    pub fn taken(&self) -> (u64, Seq) {
        (self.told.taken.load(Ordering::Relaxed), Seq(self.told.saved.load(Ordering::Relaxed)))
    }

    /// Ends it when all that is durable has been followed, with a last snapshot, so that the next start has nothing to replay.
    ///
    /// # Errors
    /// It had ended by itself, or the last snapshot could not be written.
    pub fn stop(mut self) -> Result<Option<Saved>, SnapshotError> {
        self.told.stopping.store(true, Ordering::Release);
        let thread = self.thread.take().map(JoinHandle::join);
        if let Some(reason) = self.failure() {
            return Err(JournalError::Failed(reason).into());
        }
        match thread {
            Some(Ok(Some(mut follower))) => {
                while follower.follow()? > 0 {}
                follower.save()
            }
            Some(Ok(None)) | None => Ok(None),
            Some(Err(_)) => Err(JournalError::Failed("the snapshot thread panicked".to_owned()).into()),
        }
    }
}

impl Drop for FollowerThread {
    fn drop(&mut self) {
        self.told.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}

fn put<T>(place: &Mutex<T>, value: T) {
    if let Ok(mut place) = place.lock() {
        *place = value;
    }
}

fn run(mut follower: Follower, interval: Duration, told: &Told) -> Result<Follower, SnapshotError> {
    let mut due = Instant::now() + interval;
    while !told.stopping.load(Ordering::Acquire) {
        let replayed = follower.follow()?;
        told.followed.store(follower.seq().get(), Ordering::Relaxed);
        if replayed == 0 {
            thread::sleep(IDLE);
        }
        let begin = Instant::now();
        if begin < due {
            continue;
        }
        match follower.save() {
            Ok(Some(saved)) => {
                told.saved.store(saved.name.seq.get(), Ordering::Relaxed);
                told.taken.fetch_add(1, Ordering::Relaxed);
            }
            Ok(None) => {}
            Err(error) => put(&told.warning, Some(error.to_string())),
        }
        due = (begin + interval).max(Instant::now() + begin.elapsed());
    }
    Ok(follower)
}
