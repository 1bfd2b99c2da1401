//! Duty: how much of its time each thread, and each tile of it, has something to do.
//!
//! Goal: a running appliance shows where it is full, at the cost of a few additions a turn: each thread counts for itself, and copies its counts
//! now and then to lines that only it writes. Non-goal: exactness between counters; a reader may see one from before a copy and another from
//! after.

use super::TileKind;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one thread has done since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Its name.
    pub name: String,
    /// Turns of its loop; each polls every tile once.
    pub turns: u64,
    /// Turns in which some tile had work.
    pub working_turns: u64,
    /// Since its start, ns.
    pub time_ns: u64,
    /// The part of it that went into turns with work, ns.
    pub working_ns: u64,
    /// The polls of each tile that found work, in data-flow order; each tile was polled once a turn.
    pub tiles: Vec<(TileKind, u64)>,
}

impl Duty {
    /// Thousandths of the time that went into turns with work.
    #[must_use]
    pub fn working_per_mille(&self) -> u64 {
        per_mille(self.working_ns, self.time_ns)
    }
}

impl fmt::Display for Duty {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, turns, working_turns, time_ns, tiles, .. } = self;
        let (time, percent) = (Duration::from_nanos(*time_ns), Percent(self.working_per_mille()));
        write!(f, "{name} {percent} of {:.1} s, {working_turns} of {turns} turns", time.as_secs_f64())?;
        for (index, (tile, working)) in tiles.iter().enumerate() {
            let before = if index == 0 { ":" } else { "," };
            write!(f, "{before} {} {working}", tile.name())?;
        }
        Ok(())
    }
}

struct Percent(u64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
    }
}

fn per_mille(part: u64, whole: u64) -> u64 {
    let share = u128::from(part) * 1_000 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// At most this many tiles are on a thread.
pub(super) const TILES_MAX: usize = 4;

/// The counts of a thread, its own until they are published. A turn without work costs one of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Turns begun.
    pub(super) turns: u64,
    pub(super) working_turns: u64,
    pub(super) working_ns: u64,
    pub(super) began: u64,
    /// When the latest turn with work began.
    worked: u64,
}

impl Tally {
    pub(super) const fn begin(now: u64) -> Self {
        Self { turns: 0, working_turns: 0, working_ns: 0, began: now, worked: now }
    }

    /// The turn that began at `now` had work.
    #[inline]
    pub(super) const fn worked(&mut self, now: u64) {
        self.working_turns += 1;
        self.worked = now;
    }

    /// The turn after one with work begins: now its time is known, without a reading of the clock for this alone.
    #[inline]
    pub(super) const fn worked_until(&mut self, now: u64) {
        self.working_ns += now.saturating_sub(self.worked);
    }
}

/// Where a thread's counts can be read: cache lines of its own, so that no other thread is disturbed when they change.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Published {
    /// Work done, for whoever waits until nothing is done any more.
    pub(super) work: AtomicU64,
    turns: AtomicU64,
    working_turns: AtomicU64,
    time_ns: AtomicU64,
    working_ns: AtomicU64,
    tiles: [AtomicU64; TILES_MAX],
}

impl Published {
    #[cold]
    pub(super) fn publish(&self, now: u64, tally: &Tally, tiles: impl Iterator<Item = u64>) {
        self.turns.store(tally.turns, Ordering::Relaxed);
        self.working_turns.store(tally.working_turns, Ordering::Relaxed);
        self.working_ns.store(tally.working_ns, Ordering::Relaxed);
        self.time_ns.store(now.saturating_sub(tally.began), Ordering::Relaxed);
        for (published, count) in self.tiles.iter().zip(tiles) {
            published.store(count, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self, name: String, kinds: &[TileKind]) -> Duty {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Duty {
            name,
            turns: load(&self.turns),
            working_turns: load(&self.working_turns),
            time_ns: load(&self.time_ns),
            working_ns: load(&self.working_ns),
            tiles: kinds.iter().copied().zip(self.tiles.iter().map(load)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_turn_goes_where_its_work_was() {
        // Turns that begin at 100, 130, 150 and 200, the first and the third of them with work.
        let mut tally = Tally::begin(100);
        tally.turns = 4;
        for (began, next) in [(100, 130), (150, 200)] {
            tally.worked(began);
            tally.worked_until(next);
        }
        let published = Published::default();
        published.publish(200, &tally, [2, 1].into_iter());
        let duty = published.read("net+feed".to_owned(), &[TileKind::Net, TileKind::Feed]);
        let expected = Duty {
            name: "net+feed".to_owned(),
            turns: 4,
            working_turns: 2,
            time_ns: 100,
            working_ns: 30 + 50,
            tiles: vec![(TileKind::Net, 2), (TileKind::Feed, 1)],
        };
        assert_eq!(duty, expected);
        assert_eq!(duty.to_string(), "net+feed 80.0% of 0.0 s, 2 of 4 turns: net 2, feed 1");
    }

    #[test]
    fn a_thread_that_has_not_begun_has_no_duty() {
        let duty = Published::default().read(String::new(), &[TileKind::Matching]);
        assert_eq!((duty.working_per_mille(), duty.tiles), (0, vec![(TileKind::Matching, 0)]));
    }
}
