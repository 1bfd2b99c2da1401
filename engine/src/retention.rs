//! Which segments of the journal stay, and what becomes of the others.
//!
//! ```text
//!  archive/…seg.zst                    journal-…seg
//!  [ 0 ][ 1 ][ 2 ]                     [ 3 ][ 4 ][ 5 ][ 6 ][ 7 ]
//!                                        │         │         └ appended to
//!                      the oldest goes ──┘         └ the oldest snapshot that a start may fall back to stands in here
//! ```
//! Goal: a start finds a way to the state after any crash, at any step of this; and a segment that is to be archived is there or in the
//! archive, proved. Non-goal: which snapshots stay; their follower decides that (`snapshot/prune.rs`).
//!
//! The oldest segment goes when all of it lies before the oldest of the `snapshot.keep` newest snapshots that a start could use: each was
//! read as a whole, stands behind a record that the journal holds, and that record is on stable storage, whatever the durability. There must
//! be two of them at least. Whoever reads the journal beside the appliance's own thread and says so ([`Watch::hold`]) is waited for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::config::{Archive, Config};
use crate::journal::archive::{Joint, pack};
use crate::journal::directory::{self, SegmentName};
use crate::journal::{Disk, JournalError, Watch};
use crate::snapshot::{self, SnapshotError, SnapshotName};

/// A start must be able to fall back once.
const SNAPSHOTS_MIN: usize = 2;
/// How long the thread sleeps when nothing is to be done: segments are not used up faster than some a second.
const IDLE: Duration = Duration::from_millis(100);
/// And after a failure: somebody may have to make room first.
const PATIENCE: Duration = Duration::from_secs(5);

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A segment was removed; its packed copy, if there is to be one, has so many bytes.
    Pruned {
        /// Its position in the journal.
        index: u64,
        /// Of the packed copy.
        packed_bytes: Option<u64>,
    },
    /// A packed segment was removed.
    Forgotten {
        /// Its position in the journal.
        index: u64,
    },
}

/// Prunes one journal.
pub struct Retention {
    dir: PathBuf,
    epoch: u64,
    fingerprint: u64,
    keep_bytes: u64,
    archive: Archive,
    archive_keep_bytes: u64,
    snapshots: usize,
    disk: Arc<dyn Disk>,
    watch: Watch,
    /// The snapshots that were read as a whole, so that each is read once, and whether a start could use them.
    looked_at: Vec<(SnapshotName, bool)>,
}

impl Retention {
    /// Over the open journal of a configuration.
    ///
    /// # Errors
    /// Its directory cannot be listed.
    pub fn new(config: &Config, disk: Arc<dyn Disk>, watch: Watch) -> Result<Self, JournalError> {
        let dir = config.journal.dir.clone();
        let epoch = directory::epoch(&dir)?.unwrap_or_default();
        let snapshots = usize::from(config.snapshot.keep).max(SNAPSHOTS_MIN);
        let crate::config::Journal { keep_bytes, archive, archive_keep_bytes, .. } = config.journal;
        let fingerprint = config.fingerprint();
        let looked_at = Vec::new();
        Ok(Self { dir, epoch, fingerprint, keep_bytes, archive, archive_keep_bytes, snapshots, disk, watch, looked_at })
    }

    /// Whether anything will ever be pruned.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.keep_bytes == 0 && self.archive_keep_bytes == 0
    }

    /// Takes one step, if one is due.
    ///
    /// # Errors
    /// The file system refuses, or a segment that is to be archived is not whole. Nothing is lost; a later turn tries it again, from the
    /// beginning.
    pub fn turn(&mut self) -> Result<Option<Step>, SnapshotError> {
        if self.keep_bytes > 0
            && let Some(step) = self.prune()?
        {
            return Ok(Some(step));
        }
        if self.archive_keep_bytes > 0 { self.forget() } else { Ok(None) }
    }

    /// Lets the oldest segment go.
    fn prune(&mut self) -> Result<Option<Step>, SnapshotError> {
        let mut live = directory::segments(&self.dir)?;
        // Those that are full.
        let current = self.watch.segment();
        live.retain(|segment| segment.epoch == self.epoch && segment.index <= current);
        let [oldest, next, ..] = live.as_slice() else { return Ok(None) };
        let full = &live[..live.len() - 1];
        if bytes(full)? <= self.keep_bytes || next.index != oldest.index + 1 {
            return Ok(None);
        }
        let index = oldest.index;
        if self.watch.held().is_some_and(|held| held <= index) || self.is_needed(index)? {
            return Ok(None);
        }
        let packed_bytes = match self.archive {
            Archive::None => None,
            Archive::Zstd => Some(pack(&self.dir, oldest, Joint::before(&next.path)?, &*self.disk)?),
        };
        remove(oldest, &self.dir, &*self.disk)?;
        Ok(Some(Step::Pruned { index, packed_bytes }))
    }

    /// Whether a start may need this segment, or there are too few snapshots to say.
    fn is_needed(&mut self, index: u64) -> Result<bool, SnapshotError> {
        let synced = self.watch.synced_seq();
        let mut names = SnapshotName::list(&self.dir)?;
        names.retain(|name| name.epoch == self.epoch && name.seq <= synced);
        self.looked_at.retain(|(name, _)| names.contains(name));
        let mut usable = 0;
        for name in names.iter().rev() {
            if usable == self.snapshots {
                break;
            }
            // Before the whole file is read: most often nothing is due, because a snapshot still stands in there or before it.
            if snapshot::segment_of(name).is_ok_and(|segment| segment <= index) {
                return Ok(true);
            }
            usable += usize::from(self.is_usable(name));
        }
        Ok(usable < SNAPSHOTS_MIN)
    }

    /// One that cannot be used counts for nothing; who starts will be told of it.
    fn is_usable(&mut self, name: &SnapshotName) -> bool {
        if let Some((_, is_usable)) = self.looked_at.iter().find(|(seen, _)| seen == name) {
            return *is_usable;
        }
        let is_usable = snapshot::prove(&self.dir, name, self.fingerprint).is_ok();
        self.looked_at.push((name.clone(), is_usable));
        is_usable
    }

    /// Removes the oldest packed segment, if the archive has more than it should.
    fn forget(&self) -> Result<Option<Step>, SnapshotError> {
        let mut packed = directory::archived(&self.dir)?;
        packed.retain(|segment| segment.epoch == self.epoch);
        let Some(oldest) = packed.first() else { return Ok(None) };
        if bytes(&packed)? <= self.archive_keep_bytes {
            return Ok(None);
        }
        remove(oldest, &directory::archive_dir(&self.dir), &*self.disk)?;
        Ok(Some(Step::Forgotten { index: oldest.index }))
    }
}

fn remove(segment: &SegmentName, dir: &std::path::Path, disk: &dyn Disk) -> Result<(), JournalError> {
    disk.remove(&segment.path).map_err(JournalError::io("remove the segment", &segment.path))?;
    // So that the one after it never goes before it.
    directory::sync(dir, disk)
}

fn bytes(segments: &[SegmentName]) -> Result<u64, JournalError> {
    let len = |segment: &SegmentName| {
        let metadata = std::fs::metadata(&segment.path);
        metadata.map(|metadata| metadata.len()).map_err(JournalError::io("look at the segment", &segment.path))
    };
    segments.iter().map(len).sum()
}

/// What the thread tells.
#[derive(Debug, Default)]
struct Told {
    stopping: AtomicBool,
    pruned: AtomicU64,
    warning: Mutex<Option<String>>,
}

/// What a retention's thread has done, for whoever looks.
#[derive(Clone, Debug)]
pub struct RetentionWatch(Arc<Told>);

impl RetentionWatch {
    /// How many segments were pruned.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.0.pruned.load(Ordering::Relaxed)
    }
}

/// A retention on a thread of its own. Stopped when dropped, after the step that it is at.
#[derive(Debug)]
pub struct RetentionThread {
    told: Arc<Told>,
    thread: Option<JoinHandle<()>>,
}

impl RetentionThread {
    /// Starts it, wherever the scheduler likes.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn spawn(mut retention: Retention) -> std::io::Result<Self> {
        let told = Arc::new(Told::default());
        let tell = Arc::clone(&told);
        let body = move || {
            // Nobody waits for it, but what it does not pack in time fills the disk. Where the kernel does not let it, it is patient anyway.
            let _ = netio::cpu::yield_to_others(netio::cpu::Share::Tenth);
            while !tell.stopping.load(Ordering::Acquire) {
                let pause = match retention.turn() {
                    Ok(Some(step)) => {
                        tell.pruned.fetch_add(u64::from(matches!(step, Step::Pruned { .. })), Ordering::Relaxed);
                        continue;
                    }
                    Ok(None) => IDLE,
                    Err(error) => {
                        if let Ok(mut warning) = tell.warning.lock() {
                            *warning = Some(error.to_string());
                        }
                        PATIENCE
                    }
                };
                thread::park_timeout(pause);
            }
        };
        let thread = thread::Builder::new().name("journal-archive".to_owned()).spawn(body)?;
        Ok(Self { told, thread: Some(thread) })
    }

    /// What it has done, for as long as one likes.
    #[must_use]
    pub fn watch(&self) -> RetentionWatch {
        RetentionWatch(Arc::clone(&self.told))
    }

    /// How many segments were pruned.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.told.pruned.load(Ordering::Relaxed)
    }

    /// Why the last attempt failed; told once.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.told.warning.lock().ok().and_then(|mut warning| warning.take())
    }
}

impl Drop for RetentionThread {
    fn drop(&mut self) {
        self.told.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic has been printed by the thread.
            let _ = thread.join();
        }
    }
}
