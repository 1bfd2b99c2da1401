//! From the stamps of all tiles to the journeys of single messages.
//!
//! Stages of one message may run at the same time on several cores: its record is appended while it is matched. So that the parts of a
//! journey add up to the whole, each stage is charged with what it adds: the time from the latest milestone before it to its own, and
//! nothing where another one was later.
//!
//! Goal: a journey is complete or it is not counted. Non-goal: percentiles.

use super::{Milestone, Stamps};
use std::collections::BTreeMap;
use wire::Seq;

/// The stages: every milestone but the first ends one.
pub const STAGES: usize = Milestone::ALL.len() - 1;

/// When one message reached each milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journey {
    /// Its command's number.
    pub seq: Seq,
    /// The counter, by milestone.
    pub ticks: [u64; Milestone::ALL.len()],
}

impl Journey {
    /// What each stage added, in ticks, in the order of the milestones that end them.
    #[must_use]
    pub fn spent(&self) -> [u64; STAGES] {
        let mut latest = self.ticks[0];
        std::array::from_fn(|stage| {
            let reached = self.ticks[stage + 1];
            let spent = reached.saturating_sub(latest);
            latest = latest.max(reached);
            spent
        })
    }

    /// From the first milestone to the latest, in ticks: the sum of what the stages added.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.spent().iter().sum()
    }
}

/// What the stamps came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journeys {
    /// Those that have all milestones, in order of their numbers.
    pub complete: Vec<Journey>,
    /// Messages that came in and lack a milestone: ignored as repetitions, or on their way when the run ended.
    pub incomplete: u64,
    /// Stamps for which there was no room.
    pub left_out: u64,
}

/// Joins the stamps of the tiles.
#[must_use]
pub fn join(traces: &[Stamps]) -> Journeys {
    let mut journeys: BTreeMap<u64, [u64; Milestone::ALL.len()]> = BTreeMap::new();
    let mut sent: BTreeMap<u64, u64> = BTreeMap::new();
    for stamp in traces.iter().flat_map(Stamps::kept) {
        if stamp.milestone == Milestone::Send {
            sent.entry(stamp.key).or_insert(stamp.ticks);
            continue;
        }
        // A command may have several reports, and a report may be sent again: the first counts.
        let ticks = &mut journeys.entry(stamp.key).or_default()[stamp.milestone as usize];
        if *ticks == 0 {
            *ticks = stamp.ticks;
        }
    }
    let mut joined = Journeys { left_out: traces.iter().map(Stamps::left_out).sum(), ..Journeys::default() };
    for (seq, mut ticks) in journeys {
        // Not a client's message.
        if ticks[Milestone::Arrived as usize] == 0 {
            continue;
        }
        ticks[Milestone::Send as usize] = sent.get(&ticks[Milestone::Encode as usize]).copied().unwrap_or(0);
        if ticks.contains(&0) {
            joined.incomplete += 1;
        } else {
            joined.complete.push(Journey { seq: Seq(seq), ticks });
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::super::{Stamp, Trace as _};
    use super::*;
    use netio::clock::Clock;

    #[test]
    fn what_the_stages_add_is_the_whole() {
        // Appended before it was matched: the append adds nothing.
        let journey = Journey { seq: Seq(64), ticks: [100, 110, 115, 120, 121, 130, 190, 150, 500, 501, 520] };
        assert_eq!(journey.spent(), [10, 5, 5, 1, 9, 60, 0, 310, 1, 19]);
        assert_eq!(journey.total(), 420);
    }

    #[test]
    fn stamps_of_several_tiles_are_one_journey() {
        let clock = Clock::calibrate();
        let [mut net, mut matching, mut journal] = [0; 3].map(|_| Stamps::new(&clock, 1, 64));
        let stamp = |key, milestone, ticks| Stamp { key, milestone, ticks };
        for (seq, base) in [(2, 100), (4, 200)] {
            for (at, milestone) in (0..).zip(Milestone::ALL) {
                match milestone {
                    Milestone::Append => journal.keep(stamp(seq, milestone, base + at)),
                    Milestone::Send => net.keep(stamp(base + 9, milestone, base + at)),
                    _ => matching.keep(stamp(seq, milestone, base + at)),
                }
            }
        }
        // Packed again later, and a packet that carries nothing that is followed.
        matching.keep(stamp(2, Milestone::Encode, 900));
        net.keep(stamp(900, Milestone::Send, 901));
        net.keep(stamp(77, Milestone::Send, 78));
        // A message that never got further, and a command that no client sent.
        matching.keep(stamp(6, Milestone::Arrived, 300));
        journal.keep(stamp(8, Milestone::Append, 300));
        let joined = join(&[net, matching, journal]);
        let seqs: Vec<u64> = joined.complete.iter().map(|journey| journey.seq.0).collect();
        assert_eq!((seqs, joined.incomplete, joined.left_out), (vec![2, 4], 1, 0));
        assert!(joined.complete.iter().all(|journey| journey.spent() == [1; STAGES]));
    }
}
