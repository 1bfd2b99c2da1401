//! The pages just ahead of the appender, made writable before it comes to them.
//!
//! The kernel maps a file's pages so that the first store into each is a fault, on which it notes that the page will have to be written, and
//! the file system may wait for its own journal in there. A helper thread takes these faults instead, a window at a time.
//!
//! A thread of its own, because the other helpers wait for the disk, both of them when a segment is full.
//!
//! Goal: with [`Durability::Mapped`](super::Durability::Mapped) the appender meets no page fault. Non-goal: the same with `Synced`: each sync
//! makes pages clean again, so there is a fault after each anyway, and a window would be written again with every sync.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::map::Ahead;
use super::watch::Shared;

/// How far ahead: what the fastest appender stores while the helper sleeps, many times over.
const WINDOW_LEN: usize = 2 << 20;
/// How much of it is made anew at a time. A call takes some 100 ns a page, and on a small machine it takes them from a tile.
const STEP_LEN: usize = 1 << 20;
/// What is looked at in each turn, made before or not: a kernel that has written pages in the meantime has made them read-only again.
const NEAR_LEN: usize = 64 << 10;

/// Follows the appender.
#[derive(Debug)]
pub(super) struct Window {
    shared: Arc<Shared>,
    /// The segment in use and those that come after it.
    segments: VecDeque<(u64, Ahead)>,
    prepared: Receiver<(u64, Ahead)>,
    /// Where the appender was last.
    seen: Option<(u64, usize)>,
    /// The segment and the place in it up to which the pages were made writable.
    ready: (u64, usize),
}

/// A stretch of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    segment: u64,
    begin: usize,
    end: usize,
}

impl Window {
    pub(super) fn new(shared: Arc<Shared>, current: (u64, Ahead), prepared: Receiver<(u64, Ahead)>) -> Self {
        let ready = (current.0, 0);
        Self { shared, segments: VecDeque::from([current]), prepared, seen: None, ready }
    }

    /// Follows the appender, if it has moved on: an idle journal is not written again and again.
    pub(super) fn turn(&mut self) {
        while let Ok(segment) = self.prepared.try_recv() {
            self.segments.push_back(segment);
            // Its beginning may be within the window already.
            self.seen = None;
        }
        let appended = self.shared.appended_at();
        if self.seen.replace(appended) == Some(appended) {
            return;
        }
        while self.segments.front().is_some_and(|(index, _)| *index < appended.0) {
            self.segments.pop_front();
        }
        let lens = || self.segments.iter().map(|(index, ahead)| (*index, ahead.len()));
        let near: Vec<Stretch> = stretches(lens(), appended.1, NEAR_LEN).collect();
        let missing: Vec<Stretch> =
            stretches(lens(), appended.1, WINDOW_LEN).filter_map(|stretch| stretch.behind(self.ready)).collect();
        near.into_iter().for_each(|stretch| self.make_writable(stretch));
        if missing.iter().map(Stretch::len).sum::<usize>() >= STEP_LEN {
            for stretch in missing {
                self.make_writable(stretch);
                self.ready = (stretch.segment, stretch.end);
            }
        }
    }

    fn make_writable(&self, stretch: Stretch) {
        let found = self.segments.iter().find(|(index, _)| *index == stretch.segment);
        if let Some((_, ahead)) = found {
            // A kernel that cannot do it (before 5.14) leaves the faults to the appender, as it would have without this.
            let _ = ahead.make_writable(stretch.begin, stretch.len());
        }
    }
}

impl Stretch {
    const fn len(&self) -> usize {
        self.end - self.begin
    }

    /// What of it lies behind a place.
    fn behind(self, (segment, offset): (u64, usize)) -> Option<Self> {
        match self.segment.cmp(&segment) {
            Ordering::Less => None,
            Ordering::Equal => {
                Some(Self { begin: self.begin.max(offset), ..self }).filter(|rest| rest.begin < rest.end)
            }
            Ordering::Greater => Some(self),
        }
    }
}

/// The next `len` bytes from `offset` of the first segment on, as far as there are segments, given by index and length.
fn stretches(segments: impl Iterator<Item = (u64, usize)>, offset: usize, len: usize) -> impl Iterator<Item = Stretch> {
    let (mut begin, mut left) = (offset, len);
    segments.filter_map(move |(segment, segment_len)| {
        let taken = left.min(segment_len.saturating_sub(begin));
        let stretch = Stretch { segment, begin, end: begin + taken };
        left -= taken;
        begin = 0;
        (taken > 0).then_some(stretch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_goes_over_the_end_of_a_segment() {
        let stretch = |segment, begin, end| Stretch { segment, begin, end };
        let window =
            |offset, len| stretches([(7, 100), (8, 50), (9, 100)].into_iter(), offset, len).collect::<Vec<_>>();
        assert_eq!(window(10, 20), [stretch(7, 10, 30)]);
        assert_eq!(window(90, 80), [stretch(7, 90, 100), stretch(8, 0, 50), stretch(9, 0, 20)]);
        assert_eq!(window(100, 10), [stretch(8, 0, 10)]);
        assert_eq!(window(0, 1_000).iter().map(Stretch::len).sum::<usize>(), 250);
    }

    #[test]
    fn what_was_made_is_not_made_again() {
        let stretch = Stretch { segment: 8, begin: 10, end: 50 };
        assert_eq!(stretch.behind((7, 99)), Some(stretch));
        assert_eq!(stretch.behind((8, 0)), Some(stretch));
        assert_eq!(stretch.behind((8, 30)), Some(Stretch { begin: 30, ..stretch }));
        assert_eq!((stretch.behind((8, 50)), stretch.behind((9, 0))), (None, None));
    }
}
