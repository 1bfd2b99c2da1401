//! From the live trace to the histograms of the stages.
//!
//! Goal: a command counts in all stages or in none; what could not be read in time is counted as lost. Non-goal: hurry.

use std::collections::VecDeque;
use std::sync::Arc;

use wire::Seq;

use crate::milestone::Milestone;
use crate::trace::{Journey, Known, Live, LiveTable, Trace};

/// Turns after which a command whose report was not sent counts as lost: most likely its client is not there.
const TURNS_MAX: u32 = 100;
/// Commands that wait for more stamps.
const WAITING_MAX: usize = 512;

/// Reads a table as commands become durable.
#[derive(Debug)]
pub(super) struct Journeys {
    table: Arc<LiveTable>,
    follows: Follows,
    next: Seq,
    waiting: VecDeque<(Seq, u32)>,
    lost: u64,
}

/// Which commands are followed, without a clock.
#[derive(Debug)]
struct Follows(u32);

impl Trace for Follows {
    const ON: bool = Live::ON;

    fn ticks(&self) -> u64 {
        0
    }

    fn power(&self) -> u32 {
        self.0
    }

    fn keep(&mut self, _stamp: crate::trace::Stamp) {}
}

impl Journeys {
    /// Of the commands above `replayed`.
    pub(super) fn new(table: Arc<LiveTable>, replayed: Seq) -> Self {
        let follows = Follows(table.power());
        let next = follows.next_followed(replayed);
        Self { table, follows, next, waiting: VecDeque::with_capacity(WAITING_MAX), lost: 0 }
    }

    /// Followed and not read in time, so far.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Gives each journey that has become whole to `see`.
    pub(super) fn turn(&mut self, durable: Seq, mut see: impl FnMut(&Journey)) {
        for _ in 0..self.waiting.len() {
            let Some((seq, turns)) = self.waiting.pop_front() else { break };
            match self.table.known(seq) {
                Known::All(ticks) => see(&Journey { seq, ticks }),
                Known::Part if turns < TURNS_MAX => self.waiting.push_back((seq, turns + 1)),
                Known::Part | Known::Overwritten | Known::Nothing => self.lost += 1,
            }
        }
        // What is further back has no slot any more.
        let floor = Seq(durable.0.saturating_sub(self.table.span()));
        if self.next < floor {
            self.lost += (floor.0 - self.next.0) >> self.table.power();
            self.next = self.follows.next_followed(floor);
        }
        while self.next <= durable {
            let seq = self.next;
            self.next = self.follows.next_followed(seq);
            match self.table.known(seq) {
                Known::All(ticks) => see(&Journey { seq, ticks }),
                Known::Part if self.waiting.len() < WAITING_MAX => self.waiting.push_back((seq, 0)),
                Known::Part | Known::Overwritten => self.lost += 1,
                Known::Nothing => {}
            }
        }
    }
}

/// What each stage of a journey took, in the order of the rows: the stages, then the whole.
pub(super) fn durations(journey: &Journey) -> impl Iterator<Item = u64> {
    debug_assert_eq!(journey.spent().len(), Milestone::ALL.len() - 1);
    journey.spent().into_iter().chain([journey.total()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Stamp;
    use netio::clock::Clock;

    #[test]
    fn whole_ones_are_seen_once_and_late_ones_are_counted_as_lost() {
        let table = Arc::new(LiveTable::new(4, 1));
        let mut live = Live::new(Arc::clone(&table), &Clock::calibrate());
        let mut journeys = Journeys::new(Arc::clone(&table), Seq(0));
        let mut pass = |seq: u64, base: u64, is_sent: bool| {
            for (at, milestone) in (0..).zip(Milestone::ALL) {
                match milestone {
                    Milestone::Send if !is_sent => {}
                    Milestone::Send => live.keep(Stamp { key: base + at - 1, milestone, ticks: base + at }),
                    _ => live.keep(Stamp { key: seq, milestone, ticks: base + at }),
                }
            }
        };
        let first = Follows(4).next_followed(Seq(0));
        let second = Follows(4).next_followed(first);
        pass(first.0, 100, true);
        pass(second.0, 200, false);
        let mut seen = Vec::new();
        journeys.turn(Seq(40), |journey| seen.push(journey.seq));
        assert_eq!((seen.as_slice(), journeys.lost()), (&[first][..], 0));
        // Its packet leaves late.
        pass(second.0, 200, true);
        journeys.turn(Seq(40), |journey| seen.push(journey.seq));
        assert_eq!((seen.as_slice(), journeys.lost()), (&[first, second][..], 0));
        // One whose packet never leaves.
        let third = Follows(4).next_followed(second);
        pass(third.0, 300, false);
        for _ in 0..=TURNS_MAX + 1 {
            journeys.turn(third, |journey| seen.push(journey.seq));
        }
        assert_eq!((seen.len(), journeys.lost()), (2, 1));
        // So many at once that their slots went round.
        journeys.turn(Seq(third.0 + 3 * table.span()), |journey| seen.push(journey.seq));
        assert_eq!(seen.len(), 2);
        assert!(journeys.lost() > 1, "{}", journeys.lost());
    }
}
