//! Passes over the appliance, and what they come to.
//!
//! Goal: no figure of a pass that did not end in the proved state. Non-goal: which passes there are; see [`super`].

use std::collections::BTreeMap;
use std::path::Path;

use super::budget;
use super::feeder::{Feeder, Flood};
use super::site::{End, Setup, Site};
use super::slowed::Slowed;
use crate::cores::on_core;
use crate::error::BenchError;
use crate::figure::{Figure, Plot, Row, SWEEP, Section, Series, THREADS, Unit};
use crate::flow::Flow;
use crate::load::knee::Sweep;
use crate::load::record::{Outcome, Plan};
use crate::load::schedule::{Pattern, Schedule};
use crate::published::{SEED, answer};
use crate::sample::median;
use engine::config::Config;
use engine::journal::Durability;
use engine::meter::Meter;
use engine::tile::TileKind;
use engine::trace::{Milestone, Off, Stamps, Trace};
use feedhandler::flow::workload::Scenario;
use netio::clock::Clock;

/// Books that hold six times what the deepest scenario lets rest at once.
const SIZES: [(&str, &str); 4] = [
    ("limits.orders", "262144"),
    ("limits.levels", "65536"),
    ("limits.stops", "1"),
    ("limits.session_orders", "262144"),
];
const SMOKE_SIZES: [(&str, &str); 4] =
    [("limits.orders", "32768"), ("limits.levels", "32768"), ("limits.stops", "1"), ("limits.session_orders", "32768")];

/// A record of the longest message that a flow has, with room to spare.
const RECORD_LEN_MAX: u64 = 144;
/// An answer that takes longer is late, and a pass with one unanswered for so long ends.
pub(super) const DEADLINE_NS: u64 = 5_000_000_000;
/// The highest rate that a sweep tries, and the steps that it takes to find the knee between two rates.
const SWEEP_END_PER_S: u64 = 4_000_000;
const SWEEP_HALVINGS: u32 = 2;
/// Parts of a second that a rate is offered for.
const SWEEP_PARTS: u64 = 3;
/// Parts of the messages of an open loop that warm up.
pub(super) const WARM_UP_PARTS: usize = 10;

pub(super) const WITHOUT: &str = "network and system calls of a port; subscribers; construction; logging in";

/// What all passes share.
pub struct Bench<'a> {
    /// Of this thread.
    pub clock: &'a Clock,
    /// For the journals.
    pub dir: &'a Path,
    /// New orders in a flow.
    pub orders: u32,
    /// Of which the median counts.
    pub passes: u32,
    /// Whether sizes mean nothing.
    pub smoke: bool,
    /// Whether the budget's matching is slowed on purpose.
    pub slow_match: bool,
    /// One of 2 to this power messages is followed.
    pub power: u32,
}

/// A scenario's flow, and what it must lead to.
pub struct Proved {
    scenario: Scenario,
    flow: Flow,
    end: End,
    proof: String,
}

impl Proved {
    /// Generates the flow and finds out what it leads to.
    ///
    /// # Errors
    /// The exchange gives another answer than was published.
    pub fn new(bench: &Bench<'_>, scenario: Scenario, setup: &Setup) -> Result<Self, BenchError> {
        let config = setup.config(Durability::Mapped, bench.sizes())?;
        let flow = Flow::generated(scenario, bench.orders, SEED, &config)?;
        let (end, proof) = End::proved(&flow, &config);
        let published = answer(scenario, bench.orders, SEED);
        if let Some(published) = published.filter(|published| *published != proof.sha256) {
            let (expected, found) = (published.to_owned(), proof.sha256);
            return Err(BenchError::Wrong { subject: scenario.name(), expected, reports: proof.reports, found });
        }
        let against = if published.is_some() { "the published one" } else { "none published to compare with" };
        let proof = format!("{} messages, {} reports, sha256 {}, {against}", flow.len(), proof.reports, proof.sha256);
        Ok(Self { scenario, flow, end, proof })
    }

    /// What is to be said of it.
    #[must_use]
    pub fn fact(&self) -> (&'static str, String) {
        (self.scenario.name(), self.proof.clone())
    }
}

/// A flow for an appliance.
pub struct Fed<'a> {
    proved: &'a Proved,
    setup: &'a Setup,
    durability: Durability,
    config: Config,
}

impl<'a> Fed<'a> {
    /// For one that is placed and durable like this.
    ///
    /// # Errors
    /// The sizes contradict each other.
    pub fn new(
        bench: &Bench<'_>,
        proved: &'a Proved,
        setup: &'a Setup,
        durability: Durability,
    ) -> Result<Self, BenchError> {
        let mut config = setup.config(durability, bench.sizes())?;
        // One segment holds all records, so that no pass waits for the next one to be filled with zeros.
        let records = proved.flow.len() as u64 * RECORD_LEN_MAX;
        config.journal.segment_bytes = records.next_multiple_of(1 << 20).max(1 << 20);
        Ok(Self { proved, setup, durability, config })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn proved_end(&self) -> End {
        self.proved.end
    }

    pub(super) fn messages(&self) -> &'a [Vec<u8>] {
        self.proved.flow.messages()
    }

    pub(super) fn name(&self) -> String {
        let Self { proved: Proved { scenario, .. }, setup, durability, .. } = self;
        let threads = if setup.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", setup.threads) };
        format!("{scenario}, {durability}, {threads}")
    }

    /// The end, when only so many messages are sent.
    pub(super) fn end_after(&self, messages: usize) -> End {
        let Proved { flow, end, .. } = self.proved;
        if messages >= flow.len() { *end } else { End::after(flow, messages, &self.config) }
    }
}

impl Bench<'_> {
    const fn sizes(&self) -> &'static [(&'static str, &'static str)] {
        if self.smoke { &SMOKE_SIZES } else { &SIZES }
    }

    /// Floods, and adds the row.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn flood(&self, fed: &Fed<'_>, section: &mut Section) -> Result<(), BenchError> {
        let mut floods = Vec::new();
        for _ in 0..self.passes {
            floods.push(self.pass(fed, |_| Some(fed.proved.end), |_| Off, |feeder| feeder.flood(fed.messages()))?.0);
        }
        let messages = fed.messages().len() as u64;
        let taken_ns: Vec<u64> = floods.iter().map(|flood| flood.taken_ns).collect();
        let full: Vec<u64> = floods.iter().map(|flood| flood.window_full).collect();
        let rate = Figure::rate("messages_per_s", messages, median(&taken_ns));
        let figures = vec![
            rate,
            Figure::rate("slowest_per_s", messages, taken_ns.iter().copied().max().unwrap_or(0)),
            Figure::rate("fastest_per_s", messages, taken_ns.iter().copied().min().unwrap_or(0)),
            Figure { name: "window_full_percent", value: median(&full), unit: Unit::Tenths },
        ];
        let name = fed.name();
        let series = section.series.iter_mut().find(|series| series.plot == Plot::Throughput);
        let point = section.rows.len() as u64 + 1;
        match series {
            Some(series) => {
                series.points.push((point, rate.value));
                series.labels.push(name.clone());
            }
            None => section.series.push(Series {
                plot: Plot::Throughput,
                name: "flood".to_owned(),
                points: vec![(point, rate.value)],
                labels: vec![name.clone()],
            }),
        }
        section.rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
        Ok(())
    }

    /// The same flood with and without a trace, in turns, and adds the row.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn trace_cost(&self, fed: &Fed<'_>, section: &mut Section) -> Result<(), BenchError> {
        let (mut without_ns, mut with_ns) = (Vec::new(), Vec::new());
        let messages = fed.messages();
        let flood = |feeder: &mut Feeder| feeder.flood(messages);
        for pass in 0..self.passes {
            // In turns, and each first as often as the other.
            for with in [pass % 2 == 0, pass % 2 == 1] {
                let Flood { taken_ns, .. } = if with {
                    self.pass(fed, |_| Some(fed.proved.end), self.stamps(messages.len()), flood)?.0
                } else {
                    self.pass(fed, |_| Some(fed.proved.end), |_| Off, flood)?.0
                };
                if with { &mut with_ns } else { &mut without_ns }.push(taken_ns);
            }
        }
        let ratios = with_ns.iter().zip(&without_ns).map(|(with, without)| Figure::ratio("", *with, *without).value);
        let fastest = |taken_ns: &[u64]| taken_ns.iter().copied().min().unwrap_or(0);
        let figures = vec![
            Figure::rate("messages_per_s", messages.len() as u64, median(&with_ns)),
            Figure { name: "time_ratio", value: median(&ratios.collect::<Vec<_>>()), unit: Unit::Thousandths },
            Figure::ratio("fastest_ratio", fastest(&with_ns), fastest(&without_ns)),
        ];
        let name = format!("{}, traced one of {}", fed.name(), 1_u64 << self.power);
        section.rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
        Ok(())
    }

    /// By the clock, and adds the row.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn open_loop(
        &self,
        fed: &Fed<'_>,
        pattern: Pattern,
        rate_per_s: u64,
        section: &mut Section,
    ) -> Result<(), BenchError> {
        let (outcome, _) = self.clocked(fed, pattern, rate_per_s, self.open_messages(fed), |_| Off)?;
        let name = format!("{}, {pattern} at {rate_per_s}/s", fed.name());
        section.series.push(outcome.latency.series(name.clone()));
        section.rows.push(Row { name: name.into(), figures: outcome.figures().collect(), excludes: WITHOUT });
        Ok(())
    }

    /// Rates from a low one to the knee, and adds rows and the knee.
    ///
    /// # Errors
    /// A pass failed or came to another end.
    pub fn sweep(&self, fed: &Fed<'_>, from_per_s: u64, section: &mut Section) -> Result<(), BenchError> {
        let mut sweep = Sweep::new(from_per_s, SWEEP_END_PER_S, SWEEP_HALVINGS);
        // The best of each rate.
        let mut found: BTreeMap<u64, (u64, Outcome)> = BTreeMap::new();
        while let Some(rate) = sweep.next_rate() {
            let messages = usize::try_from(rate / SWEEP_PARTS).unwrap_or(usize::MAX).min(fed.messages().len());
            let (outcome, _) = self.clocked(fed, Pattern::Poisson, rate, messages, |_| Off)?;
            let p99_ns = outcome.latency.percentile_ns(99_000);
            sweep.found(rate, p99_ns);
            if found.get(&rate).is_none_or(|(best_ns, _)| p99_ns < *best_ns) {
                found.insert(rate, (p99_ns, outcome));
            }
            if self.smoke {
                break;
            }
        }
        section.rows.extend(found.into_iter().map(|(rate, (_, outcome))| {
            let name = format!("{}{SWEEP}{rate}/s", fed.name());
            Row { name: name.into(), figures: outcome.figures().collect(), excludes: WITHOUT }
        }));
        section.series.push(sweep.series(fed.name()));
        let knee = format!("{}: {}", fed.name(), sweep.knee());
        match section.facts.iter_mut().find(|(name, _)| *name == "knee") {
            Some((_, knees)) => *knees += &format!("; {knee}"),
            None => section.facts.push(("knee", knee)),
        }
        Ok(())
    }

    /// By the clock with a trace: the section of the budget.
    ///
    /// # Errors
    /// The pass failed or came to another end, or no message could be followed.
    pub fn budget(&self, name: &'static str, fed: &Fed<'_>, rate_per_s: u64) -> Result<Section, BenchError> {
        let messages = self.open_messages(fed);
        let stamps = self.stamps(messages);
        let trace = |kind| Slowed::new(stamps(kind), self.slow_match);
        let (outcome, traces) = self.clocked(fed, Pattern::Poisson, rate_per_s, messages, trace)?;
        let traces: Vec<Stamps> = traces.into_iter().map(Slowed::into_stamps).collect();
        let how = format!("{}, {} at {rate_per_s}/s, {} messages", fed.name(), Pattern::Poisson, outcome.sent);
        let mut section = budget::section(name, how, &traces, self.power, self.clock)?;
        section.facts.push((THREADS, fed.setup.polling()));
        section.facts.push(("placement", fed.setup.to_string()));
        if self.slow_match {
            section.facts.push(("slowed", "matching, on purpose: these figures are for a test".to_owned()));
        }
        Ok(section)
    }

    /// How many messages an open loop at the usual rate has.
    pub(super) fn open_messages(&self, fed: &Fed<'_>) -> usize {
        const MESSAGES: usize = 40_000;
        MESSAGES.min(fed.messages().len())
    }

    fn clocked<T: Trace>(
        &self,
        fed: &Fed<'_>,
        pattern: Pattern,
        rate_per_s: u64,
        messages: usize,
        trace: impl Fn(TileKind) -> T,
    ) -> Result<(Outcome, Vec<T>), BenchError> {
        let warm_up = messages / WARM_UP_PARTS;
        let plan = Plan { warm_up, measured: messages - warm_up, deadline_ns: DEADLINE_NS };
        let schedule = Schedule { pattern, rate_per_s, seed: u64::from(SEED) };
        let messages = &fed.messages()[..messages];
        let end = fed.end_after(messages.len());
        // What was not answered may not have been taken, either: it is counted as lost, and there is no end to compare with.
        let end = |outcome: &Outcome| (outcome.lost == 0).then_some(end);
        self.pass(fed, end, trace, |feeder| feeder.by_the_clock(messages, &schedule, plan))
    }

    /// A fresh appliance, a client that feeds it, and the proof that it ended where `end` says it must.
    fn pass<T: Trace, R: Send>(
        &self,
        fed: &Fed<'_>,
        end: impl FnOnce(&R) -> Option<End>,
        trace: impl Fn(TileKind) -> T,
        feed: impl FnOnce(&mut Feeder) -> Result<R, BenchError> + Send,
    ) -> Result<(R, Vec<T>), BenchError> {
        self.pass_counted(fed, end, None, trace, feed)
    }

    /// The same, and the appliance counts, if it is given where.
    pub(super) fn pass_counted<T: Trace, R: Send>(
        &self,
        fed: &Fed<'_>,
        end: impl FnOnce(&R) -> Option<End>,
        meter: Option<Meter>,
        trace: impl Fn(TileKind) -> T,
        feed: impl FnOnce(&mut Feeder) -> Result<R, BenchError> + Send,
    ) -> Result<(R, Vec<T>), BenchError> {
        let (site, port, client) = Site::open(&fed.config, self.dir, meter, trace)?;
        let clock = self.clock.clone();
        let run = move || feed(&mut Feeder::log_in(client, port, clock)?);
        let came = match fed.setup.cores.first() {
            Some(core) => on_core(*core, run),
            None => run(),
        };
        // An appliance that failed is the reason why its client did.
        let closed = site.close(came.as_ref().ok().and_then(end));
        match (came, closed) {
            (Ok(came), Ok(traces)) => Ok((came, traces)),
            (_, Err(error @ BenchError::Stop(_))) | (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    }

    /// A trace for each tile, with room for what so many messages leave in it: at most a packet each in the net tile, and in the matching
    /// tile all milestones of those that are followed.
    fn stamps(&self, messages: usize) -> impl Fn(TileKind) -> Stamps + use<'_> {
        let (clock, power) = (self.clock, self.power);
        let followed = 2 + (messages >> power);
        move |_| Stamps::new(clock, power, messages + Milestone::ALL.len() * followed + 1_024)
    }
}
