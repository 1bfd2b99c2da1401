//! The pages just ahead of the appender, made writable before it comes to them.
//!
//! The kernel maps a file's pages so that the first store into each is a fault, on which it notes that the page will have to be written, and
//! the file system may wait for its own journal in there. A helper thread takes these faults instead, a window at a time.
//!
//! A thread of its own, because the other helpers wait for the disk, both of them when a segment is full.
//!
//! Goal: with [`Durability::Mapped`](super::Durability::Mapped) the appender meets no page fault. Non-goal: the same with `Synced`: each sync
//! makes pages clean again, so there is a fault after each anyway, and a window would be written again with every sync.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::map::Ahead;
use super::watch::Shared;

/// How far ahead: what the fastest appender stores while the helper sleeps, many times over.
const WINDOW_LEN: usize = 2 << 20;

/// Follows the appender.
#[derive(Debug)]
pub(super) struct Window {
    shared: Arc<Shared>,
    /// The segment in use and those that come after it.
    segments: VecDeque<(u64, Ahead)>,
    prepared: Receiver<(u64, Ahead)>,
    /// Where the appender was last.
    seen: Option<(u64, usize)>,
}

impl Window {
    pub(super) fn new(shared: Arc<Shared>, current: (u64, Ahead), prepared: Receiver<(u64, Ahead)>) -> Self {
        Self { shared, segments: VecDeque::from([current]), prepared, seen: None }
    }

    /// Follows the appender, if it has moved on: an idle journal is not written again and again.
    pub(super) fn turn(&mut self) {
        while let Ok(segment) = self.prepared.try_recv() {
            self.segments.push_back(segment);
            // Its beginning may be within the window already.
            self.seen = None;
        }
        let (segment, offset) = self.shared.appended_at();
        if self.seen.replace((segment, offset)) == Some((segment, offset)) {
            return;
        }
        while self.segments.front().is_some_and(|(index, _)| *index < segment) {
            self.segments.pop_front();
        }
        let mut begin = offset;
        let mut left = WINDOW_LEN;
        for (_, ahead) in &self.segments {
            let len = left.min(ahead.len().saturating_sub(begin));
            // A kernel that cannot do it (before 5.14) leaves the faults to the appender, as it would have without this.
            let _ = ahead.make_writable(begin, len);
            left -= len;
            begin = 0;
            if left == 0 {
                break;
            }
        }
    }
}
