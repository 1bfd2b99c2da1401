//! The helper that has the next segment ready before the appender needs it.
//!
//! Goal: files, zeros and directory entries are made off the hot path, and off the path of the group sync too. Non-goal: keeping more
//! than two segments ahead.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError};

use super::map::Ahead;
use super::segment::{Segment, SegmentSpec};
use super::{Disk, JournalError};

/// Makes segments, and unmaps those that are used up.
pub struct Preparer {
    dir: PathBuf,
    spec: SegmentSpec,
    next_index: u64,
    disk: Arc<dyn Disk>,
    /// Made, waiting for a place in the queue.
    ready: Option<Segment>,
    to_appender: SyncSender<Segment>,
    from_appender: Receiver<Segment>,
    news: News,
}

/// The other helpers, who hear of each segment.
pub(super) struct News {
    pub to_syncer: Sender<(u64, File)>,
    pub to_window: Sender<(u64, Ahead)>,
}

impl Preparer {
    pub(super) fn new(
        dir: PathBuf,
        spec: SegmentSpec,
        next_index: u64,
        disk: Arc<dyn Disk>,
        (to_appender, from_appender): (SyncSender<Segment>, Receiver<Segment>),
        news: News,
    ) -> Self {
        Self { dir, spec, next_index, disk, ready: None, to_appender, from_appender, news }
    }

    /// Does what there is to do now. True when that was something.
    ///
    /// # Errors
    /// A segment could not be made. Final: the caller records it and does not try again.
    pub fn turn(&mut self) -> Result<bool, JournalError> {
        let mut worked = false;
        while let Ok(used_up) = self.from_appender.try_recv() {
            drop(used_up);
            worked = true;
        }
        let segment = match self.ready.take() {
            Some(segment) => segment,
            None => {
                let (segment, file) = Segment::create(&self.dir, self.spec, self.next_index, &*self.disk)?;
                // The syncer learns of the file before the appender can have written to it. It may have ended already, on a failure of
                // its own; then there is nobody to learn of it.
                let _ = self.news.to_syncer.send((self.next_index, file));
                // Nor need there be a window.
                let _ = self.news.to_window.send((self.next_index, segment.ahead()));
                self.next_index += 1;
                worked = true;
                segment
            }
        };
        match self.to_appender.try_send(segment) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(segment) | TrySendError::Disconnected(segment)) => {
                self.ready = Some(segment);
                Ok(worked)
            }
        }
    }
}

impl std::fmt::Debug for Preparer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparer").field("dir", &self.dir).field("next_index", &self.next_index).finish_non_exhaustive()
    }
}
