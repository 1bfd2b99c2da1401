//! The helper that makes appended records durable.
//!
//! Goal: one sync covers everything appended before it began (group commit), and `durable_seq` says so afterwards. Non-goal: trying
//! again. After a failed sync the kernel may have dropped the pages and report the next one as a success.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use std::time::{Instant, SystemTime};

use wire::Seq;

use super::backing::{Backing, Copy};
use super::mark::Mark;
use super::watch::Shared;
use super::{Disk, Durability, JournalError, directory};
use crate::counters::{Row, schema::journal};

/// Syncs, and publishes `durable_seq`.
pub struct Syncer {
    dir: PathBuf,
    epoch: u64,
    durability: Durability,
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
    mark: Mark,
    durable: Seq,
    /// Segments that may hold records not durable yet, oldest first.
    files: VecDeque<Backing>,
    prepared: Receiver<Backing>,
    copy: Copy,
    /// Where it counts, and how often it has synced.
    counts: Option<(Row, u64)>,
}

/// What a syncer starts from.
pub(super) struct SyncerStart {
    pub dir: PathBuf,
    pub epoch: u64,
    pub durability: Durability,
    pub mark: Mark,
    pub durable: Seq,
    pub current: Backing,
    pub prepared: Receiver<Backing>,
    pub copy: Copy,
}

impl Syncer {
    pub(super) fn new(start: SyncerStart, disk: Arc<dyn Disk>, shared: Arc<Shared>) -> Self {
        let SyncerStart { dir, epoch, durability, mark, durable, current, prepared, copy } = start;
        let files = VecDeque::from([current]);
        Self { dir, epoch, durability, disk, shared, mark, durable, files, prepared, copy, counts: None }
    }

    /// From now on it counts in the journal's row.
    pub(super) fn count_into(&mut self, row: Row) {
        self.counts = Some((row, 0));
    }

    /// Whether anybody waits for it.
    pub(super) const fn durability(&self) -> Durability {
        self.durability
    }

    /// Syncs if anything was appended since the last time. True when it did. In [`Durability::Mapped`] only segments that are full are
    /// synced, so that what a stop has to write stays bounded; nobody waits for it.
    ///
    /// # Errors
    /// A sync failed. Final: the caller records it and does not try again; `durable_seq` stays where it was.
    pub fn turn(&mut self) -> Result<bool, JournalError> {
        match self.durability {
            Durability::Mapped => {
                let begun = self.shared.begun();
                let (_, segment) = self.shared.appended();
                self.learn_files();
                let full = self.files.front().is_some_and(|file| file.index() < segment);
                if full {
                    self.sync_files(segment.saturating_sub(1))?;
                    self.forget_files(segment);
                    self.shared.publish_synced(Seq(begun.get().saturating_sub(1)));
                }
                Ok(full)
            }
            Durability::Synced => self.sync(),
        }
    }

    /// The last sync of an orderly end, whatever the durability.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn finish(&mut self) -> Result<(), JournalError> {
        self.sync().map(|_| ())
    }

    fn sync(&mut self) -> Result<bool, JournalError> {
        let (seq, segment) = self.shared.appended();
        if seq <= self.durable {
            return Ok(false);
        }
        self.learn_files();
        self.sync_files(segment)?;
        self.forget_files(segment);
        self.durable = seq;
        self.mark.raise(seq);
        self.shared.publish_synced(seq);
        if self.durability == Durability::Synced {
            self.shared.publish_durable(seq);
        }
        Ok(true)
    }

    fn learn_files(&mut self) {
        while let Ok(file) = self.prepared.try_recv() {
            self.files.push_back(file);
        }
    }

    fn sync_files(&mut self, up_to: u64) -> Result<(), JournalError> {
        let began = self.counts.is_some().then(Instant::now);
        self.sync_each(up_to)?;
        if let (Some(began), Some((row, syncs))) = (began, &mut self.counts) {
            *syncs += 1;
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            row.set(journal::syncs, *syncs);
            row.set(journal::synced_ns, u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
            row.add_duration(journal::sync, u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn sync_each(&mut self, up_to: u64) -> Result<(), JournalError> {
        for file in self.files.iter_mut().take_while(|file| file.index() <= up_to) {
            file.sync(&mut self.copy, &*self.disk).map_err(|(tried, error)| {
                let path = directory::segment_path(&self.dir, self.epoch, file.index());
                JournalError::io(tried, &path)(error)
            })?;
        }
        Ok(())
    }

    /// Nothing is appended any more to the segments before `segment`.
    fn forget_files(&mut self, segment: u64) {
        while self.files.front().is_some_and(|file| file.index() < segment) {
            self.files.pop_front();
        }
    }
}

impl std::fmt::Debug for Syncer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syncer").field("dir", &self.dir).field("durable", &self.durable).finish_non_exhaustive()
    }
}
