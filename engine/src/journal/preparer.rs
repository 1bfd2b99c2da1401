//! The helper that has the next segment ready before the appender needs it.
//!
//! Goal: files, zeros and directory entries are made off the hot path, and hardly in the way of the group sync. Non-goal: keeping more
//! than two segments ahead.
//!
//! ```text
//!  appender is in        ready        being filled
//!  segment 7 ████░░░░    segment 8    segment 9 ████████░░   no further than twice as far as the appender is in its own
//! ```
//! Zeros are written only as fast as segments are used up, so that a venue at rest writes none, and one under load writes them evenly and
//! not a whole segment at once beside the syncs of records. Twice as fast, so that a segment is there by the time the one in use is half
//! full. When none is ready, everything waits for this, and nothing is held back. No clock: a simulation comes to the same every time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError};

use super::backing::Backing;
use super::map::Ahead;
use super::segment::{FILL_LEN, FILL_PACED_LEN, Segment, SegmentSpec, Unfinished};
use super::watch::Shared;
use super::{Disk, JournalError};

/// Makes segments, and unmaps those that are used up.
pub struct Preparer {
    dir: PathBuf,
    spec: SegmentSpec,
    next_index: u64,
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
    /// Being made.
    unfinished: Option<Unfinished>,
    /// Made, waiting for a place in the queue.
    ready: Option<Segment>,
    to_appender: SyncSender<Segment>,
    from_appender: Receiver<Segment>,
    news: News,
}

/// The other helpers, who hear of each segment.
pub(super) struct News {
    pub to_syncer: Sender<Backing>,
    pub to_window: Sender<(u64, Ahead)>,
}

impl Preparer {
    pub(super) fn new(
        dir: PathBuf,
        spec: SegmentSpec,
        next_index: u64,
        disk: Arc<dyn Disk>,
        shared: Arc<Shared>,
        (to_appender, from_appender): (SyncSender<Segment>, Receiver<Segment>),
        news: News,
    ) -> Self {
        Self { dir, spec, next_index, disk, shared, unfinished: None, ready: None, to_appender, from_appender, news }
    }

    /// Does what there is to do now. True when that was something.
    ///
    /// # Errors
    /// A segment could not be made. Final: the caller records it and does not try again.
    pub fn turn(&mut self) -> Result<bool, JournalError> {
        let mut worked = false;
        while let Ok(used_up) = self.from_appender.try_recv() {
            self.shared.forget_segments(used_up.index());
            drop(used_up);
            worked = true;
        }
        let segment = match self.ready.take() {
            Some(segment) => segment,
            None => match self.make()? {
                Progress::Made(segment) => segment,
                Progress::Further => return Ok(true),
                Progress::NotDue => return Ok(worked),
            },
        };
        match self.to_appender.try_send(segment) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(segment) | TrySendError::Disconnected(segment)) => {
                self.ready = Some(segment);
                Ok(worked)
            }
        }
    }

    /// A step on the way to the next segment.
    fn make(&mut self) -> Result<Progress, JournalError> {
        let mut unfinished = match self.unfinished.take() {
            Some(unfinished) => unfinished,
            None => Unfinished::create(&self.dir, self.spec, self.next_index, &*self.disk)?,
        };
        if !unfinished.is_filled() {
            let step = step(unfinished.index(), unfinished.filled(), self.shared.appended_at());
            if step > 0 {
                unfinished.fill(step, &*self.disk)?;
            }
            if !unfinished.is_filled() {
                self.unfinished = Some(unfinished);
                return Ok(if step > 0 { Progress::Further } else { Progress::NotDue });
            }
        }
        let (segment, backing) = unfinished.finish(&*self.disk)?;
        // The syncer learns of the file before the appender can have written to it. It may have ended already, on a failure of its own;
        // then there is nobody to learn of it.
        let _ = self.news.to_syncer.send(backing);
        self.shared.show_segment(self.next_index, segment.published());
        // Nor need there be a window.
        let _ = self.news.to_window.send((self.next_index, segment.ahead()));
        self.next_index += 1;
        Ok(Progress::Made(segment))
    }
}

/// How far a step came.
enum Progress {
    Made(Segment),
    Further,
    /// The appender is not far enough yet.
    NotDue,
}

/// How many bytes to fill now of segment `index`, which has `filled`, while the appender is at this offset of that segment.
fn step(index: u64, filled: u64, (segment, offset): (u64, usize)) -> u64 {
    if segment.saturating_add(1) >= index {
        return FILL_LEN;
    }
    let due = (offset as u64).saturating_mul(2);
    if filled < due { FILL_PACED_LEN } else { 0 }
}

impl std::fmt::Debug for Preparer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preparer").field("dir", &self.dir).field("next_index", &self.next_index).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_written_as_fast_as_segments_are_used_up_unless_somebody_waits() {
        let offset = 10 << 20;
        assert_eq!(step(8, 0, (7, offset)), FILL_LEN, "the very next one is not there");
        assert_eq!(step(8, 0, (9, 0)), FILL_LEN, "nor was it when the appender came");
        assert_eq!(step(9, 0, (7, offset)), FILL_PACED_LEN);
        assert_eq!(step(9, (20 << 20) - 1, (7, offset)), FILL_PACED_LEN);
        assert_eq!(step(9, 20 << 20, (7, offset)), 0, "twice as far as the appender");
    }
}
