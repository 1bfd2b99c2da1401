//! All subjects in turns, and what came of each.
//!
//! Goal: whatever disturbs the machine disturbs all alike, so that a ratio within a round means something. Non-goal: starting them.

use super::subject::{Site, Subject};
use crate::error::BenchError;
use crate::figure::{Figure, Row, Series, Unit};
use crate::load::knee::Sweep;
use crate::load::open_loop::{Answered, Channel, Load};
use crate::load::record::Plan;
use crate::load::schedule::{Pattern, Schedule};
use crate::sample::median;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Turns of each subject at each rate.
    pub rounds: usize,
    /// How long a turn's arrivals last.
    pub turn_ns: u64,
    /// Where a sweep ends, messages a second.
    pub sweep_end_per_s: u64,
    /// How often its last interval is halved.
    pub halvings: u32,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// How arrivals lie.
    pub pattern: Pattern,
    /// What chance is drawn from.
    pub seed: u64,
    /// An answer that takes longer is late.
    pub deadline_ns: u64,
}

/// Messages that are left out of each turn, for each that is measured, in hundredths.
const WARM_UP_HUNDREDTHS: usize = 10;
/// Messages of a turn at least.
const MESSAGES_MIN: usize = 50;
/// Messages of a turn at most: what the numbers of a session and the patience of a user allow.
const MESSAGES_MAX: usize = 2_000_000;

const WITHOUT: &str = "a network card and a wire: the packets pass two network stacks of one machine; other sessions and instruments; a book \
                       with many orders; recovery. What the client and its side of the port take is in, as in the floor";

impl Sent {
    /// A turn at this rate.
    #[must_use]
    pub fn load(&self, site: &Site<'_>, rate_per_s: u64, turn: u64, turn_ns: u64) -> Load {
        // Every turn has arrivals of its own; those of all subjects in a round are the same.
        let schedule = Schedule { pattern: self.pattern, rate_per_s, seed: self.seed.wrapping_add(turn) };
        let measured = u128::from(schedule.offered_per_s()) * u128::from(turn_ns) / 1_000_000_000;
        let measured = usize::try_from(measured).unwrap_or(MESSAGES_MAX).clamp(MESSAGES_MIN, MESSAGES_MAX);
        let warm_up = measured * WARM_UP_HUNDREDTHS / 100;
        let plan = Plan { warm_up, measured, deadline_ns: self.deadline_ns };
        Load { schedule, plan, wait: site.wait }
    }
}

/// The turns of all subjects at one rate: by subject, then by round.
pub struct Turns {
    rate_per_s: u64,
    answered: Vec<Vec<Answered>>,
}

impl Turns {
    /// Takes them. The first subject is the floor of the others.
    ///
    /// # Errors
    /// A subject cannot go on.
    pub fn take(
        subjects: &mut [Subject],
        site: &Site<'_>,
        sent: &Sent,
        rate_per_s: u64,
        sizes: &Sizes,
    ) -> Result<Self, BenchError> {
        let mut answered = vec![Vec::with_capacity(sizes.rounds); subjects.len()];
        for (round, turn) in (0..sizes.rounds).zip(0_u64..) {
            let load = sent.load(site, rate_per_s, turn, sizes.turn_ns);
            // Each comes first as often as the others.
            for place in 0..subjects.len() {
                let at = (place + round) % subjects.len();
                answered[at].push(subjects[at].load(site, &load)?);
            }
        }
        Ok(Self { rate_per_s, answered })
    }

    /// A row for each subject and channel, and the line of its percentiles.
    #[must_use]
    pub fn rows(&self, subjects: &[Subject], prefix: &str) -> Vec<(Row, Series)> {
        let mut rows = Vec::new();
        for (at, subject) in subjects.iter().enumerate() {
            let mut all = Answered::default();
            self.answered[at].iter().for_each(|turn| all.add(turn));
            for &channel in subject.channels() {
                let name = format!("{prefix} {}/s, {}: {}", self.rate_per_s, subject.name, channel_name(channel));
                let mut figures = if at == 0 { Vec::new() } else { self.ratios(at, channel) };
                let outcome = all.of(channel);
                figures.extend(outcome.figures());
                let series = outcome.latency.series(name.clone());
                rows.push((Row { name: name.into(), figures, excludes: WITHOUT }, series));
            }
        }
        rows
    }

    /// p50 and p99 as multiples of the floor's in the same round, of which the median.
    fn ratios(&self, at: usize, channel: Channel) -> Vec<Figure> {
        let ratio = |name, percent| {
            let rounds = self.answered[at].iter().zip(&self.answered[0]);
            let ratios = rounds.map(|(turn, floor)| {
                let [part, whole] = [turn, floor].map(|turn| turn.of(channel).latency.percentile_ns(percent));
                Figure::ratio(name, part, whole).value
            });
            Figure { name, value: median(&ratios.collect::<Vec<_>>()), unit: Unit::Thousandths }
        };
        vec![ratio("p50_to_floor_ratio", 50_000), ratio("p99_to_floor_ratio", 99_000)]
    }
}

/// Looks for the knee of these subjects, a step of each in turns. Returns by subject what was found.
///
/// # Errors
/// A subject cannot go on.
pub fn sweep(
    subjects: &mut [&mut Subject],
    site: &Site<'_>,
    sent: &Sent,
    start_per_s: u64,
    sizes: &Sizes,
) -> Result<Vec<Sweep>, BenchError> {
    let mut sweeps = vec![Sweep::new(start_per_s, sizes.sweep_end_per_s, sizes.halvings); subjects.len()];
    let mut step = 1_000;
    loop {
        let mut moved = false;
        for (sweep, subject) in sweeps.iter_mut().zip(subjects.iter_mut()) {
            if let Some(rate_per_s) = sweep.next_rate() {
                let load = sent.load(site, rate_per_s, step, sizes.turn_ns);
                let reports = subject.load(site, &load)?.reports;
                sweep.found(rate_per_s, reports.latency.percentile_ns(99_000));
                moved = true;
            }
        }
        step += 1;
        if !moved {
            return Ok(sweeps);
        }
    }
}

const fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Report => "report",
        Channel::Tick => "tick",
    }
}
