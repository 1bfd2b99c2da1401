//! The public contest's measure in our own tree: the book alone over five generated scenarios, held to the published answers.
//!
//! Goal: anyone sees our figure and our hash with nothing fetched. The result is the worst scenario's throughput. Non-goal: the contest's
//! harness, which asks for the book at random points and runs peers in turns; `bench/challenge` is for that.

use std::fmt;
use std::str::FromStr;

use crate::cores::{on_core, pair};
use crate::drain;
use crate::error::BenchError;
use crate::figure::{Figure, Plot, Row, Section, Series};
use crate::proof::{Proof, Prover};
use crate::published::{SEED, answer};
use crate::sample::median;
use crate::stream::book_limits;
use crate::stream::numbering::{Numbered, Numbering};
use crate::subject::book::BookSubject;
use crate::subject::{Counter, Ear, Subject, take_flow};
use clap::Args;
use engine::book::BookLimits;
use feedhandler::flow::workload::{Scenario, Workload};
use netio::clock::Clock;
use wire::Symbol;

const ORDERS: u32 = 1_000_000;
const SMOKE_ORDERS: u32 = 20_000;
const PASSES: u32 = 5;
/// The flow knows no instrument.
const SYMBOL: Symbol = Symbol(*b"CONTEST ");
/// Six times what the deepest scenario of the usual million orders lets rest at once.
const LIMITS: BookLimits = book_limits(1, 1, 1 << 18, 1 << 16);

const WITHOUT: &str = "decoding, entry checks, ticks, journal, network, construction; generating the flow";

/// Measure the book alone over the public contest's scenarios, and show the hash of its reports.
#[derive(Debug, Args)]
pub struct CoreArgs {
    /// all, or one of static, normal, swing-25, swing-40, flash-crash
    #[arg(long, default_value_t = Chosen::All)]
    scenario: Chosen,
    /// What the flow is generated from; answers are published for 23
    #[arg(long, default_value_t = SEED)]
    seed: u32,
    /// New orders in the flow, about half of its messages; answers are published for 1000000
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    orders: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    passes: Option<u32>,
    /// Send the reports through a ring to a second core, as the contest does
    #[arg(long)]
    ring: bool,
}

impl Default for CoreArgs {
    fn default() -> Self {
        Self { scenario: Chosen::All, seed: SEED, orders: None, passes: None, ring: false }
    }
}

/// Which scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chosen {
    All,
    One(Scenario),
}

impl FromStr for Chosen {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "all" => Ok(Self::All),
            name => name.parse().map(Self::One).map_err(|error| format!("{error}, and it is not 'all'")),
        }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One(scenario) => scenario.fmt(f),
        }
    }
}

/// Measures.
///
/// # Errors
/// An answer is not the published one, or a measured pass differs from the checked one.
pub fn run(args: &CoreArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let orders = args.orders.unwrap_or(if smoke { SMOKE_ORDERS } else { ORDERS });
    let passes = args.passes.unwrap_or(if smoke { 1 } else { PASSES });
    let scenarios = match args.scenario {
        Chosen::All => Scenario::ALL.to_vec(),
        Chosen::One(scenario) => vec![scenario],
    };
    let cores = if args.ring { pair() } else { None };
    let reports = match cores {
        Some([near, far]) => format!("through a ring to core {far}, the book on core {near}"),
        None if args.ring => "counted: a ring needs 2 cores".to_owned(),
        None => "counted".to_owned(),
    };
    let mut facts = vec![
        ("flow", format!("{orders} orders a scenario, seed {}, one instrument, all from memory", args.seed)),
        ("reports", reports),
        ("passes", format!("median of {passes}, after a pass that was hashed")),
    ];
    let mut rows = Vec::new();
    let mut worst: Option<(Scenario, Figure)> = None;
    for scenario in scenarios {
        let numbered = numbered(scenario, orders, args.seed)?;
        let (proof, state_hash) = prove(&numbered);
        facts.push((scenario.name(), judged(scenario, orders, args.seed, &numbered, &proof)?));
        let mut taken_ns = Vec::new();
        for _ in 0..passes {
            let pass = match cores {
                Some(cores) => ringed_pass(&numbered, cores, clock)?,
                None => counted_pass(&numbered, clock),
            };
            if pass.state_hash != state_hash {
                let (expected, found) = (format!("{state_hash:016x}"), format!("{:016x}", pass.state_hash));
                return Err(BenchError::Unequal { subject: "book", expected, found });
            }
            taken_ns.push(pass.taken_ns);
        }
        let row = row(scenario, &numbered, &taken_ns);
        let figure = row.figures[0];
        if worst.is_none_or(|(_, least)| figure.value < least.value) {
            worst = Some((scenario, figure));
        }
        rows.push(row);
    }
    if let Some((scenario, figure)) = worst
        && rows.len() > 1
    {
        facts.push(("worst", scenario.to_string()));
        rows.push(Row { name: "worst".into(), figures: vec![figure], excludes: WITHOUT });
    }
    let of_scenarios = || rows.iter().filter(|row| row.name != "worst");
    let series = Series {
        plot: Plot::Throughput,
        name: "book alone".to_owned(),
        points: (0..).zip(of_scenarios().map(|row| row.figures[0].value)).collect(),
        labels: of_scenarios().map(|row| row.name.clone().into_owned()).collect(),
    };
    Ok(Section { name: "core", facts, rows, series: vec![series] })
}

/// A scenario as steps for a book that was made by [`BookSubject`] with [`book_of`]'s limits.
///
/// # Errors
/// There are more orders than numbers.
pub fn numbered(scenario: Scenario, orders: u32, seed: u32) -> Result<Numbered, BenchError> {
    let mut numbering = Numbering::new(&LIMITS);
    for item in Workload::new(scenario, orders, seed, SYMBOL) {
        numbering.take(item.seq, &item.action)?;
    }
    Ok(numbering.finish())
}

/// An empty book of the right size, and the steps for it.
pub fn book_of<E: Ear>(numbered: &Numbered, ear: E) -> BookSubject<'_, E> {
    BookSubject::new(numbered.steps(), &LIMITS, ear)
}

/// Not measured: the whole flow into the report stream, and the state at its end.
fn prove(numbered: &Numbered) -> (Proof, u64) {
    let mut subject = book_of(numbered, Prover::new(numbered));
    take_flow(&mut subject, 0..numbered.steps().len());
    let state_hash = subject.state_hash();
    (subject.ear.finish(), state_hash)
}

/// What is to be said of an answer.
fn judged(scenario: Scenario, orders: u32, seed: u32, flow: &Numbered, proof: &Proof) -> Result<String, BenchError> {
    let Proof { reports, sha256 } = proof;
    let said = format!("{} messages, {reports} reports, sha256 {sha256}", flow.steps().len());
    match answer(scenario, orders, seed) {
        Some(published) if published == sha256 => Ok(said + ", the published one"),
        Some(published) => {
            let (expected, found) = (published.to_owned(), sha256.clone());
            Err(BenchError::Wrong { subject: scenario.name(), expected, reports: *reports, found })
        }
        None => Ok(said + ", none published to compare with"),
    }
}

struct Pass {
    taken_ns: u64,
    state_hash: u64,
}

fn counted_pass(numbered: &Numbered, clock: &Clock) -> Pass {
    let mut subject = book_of(numbered, Counter::default());
    let before = clock.now();
    take_flow(&mut subject, 0..numbered.steps().len());
    Pass { taken_ns: clock.now() - before, state_hash: subject.state_hash() }
}

/// Ends when the last report was handed over. The reader keeps up or the ring makes the book wait, so what the clock misses is at most a
/// ring of reports.
fn ringed_pass(numbered: &Numbered, cores: [usize; 2], clock: &Clock) -> Result<Pass, BenchError> {
    let clock = clock.clone();
    on_core(cores[0], move || {
        let (outbox, drain) = drain::start(cores[1])?;
        let mut subject = book_of(numbered, outbox);
        let before = clock.now();
        take_flow(&mut subject, 0..numbered.steps().len());
        subject.ear.hand_over();
        let taken_ns = clock.now() - before;
        let state_hash = subject.state_hash();
        drain.finish(subject.ear)?;
        Ok(Pass { taken_ns, state_hash })
    })
}

fn row(scenario: Scenario, numbered: &Numbered, taken_ns: &[u64]) -> Row {
    let messages = numbered.steps().len() as u64;
    let middle_ns = median(taken_ns);
    let slowest_ns = taken_ns.iter().copied().max().unwrap_or(0);
    let fastest_ns = taken_ns.iter().copied().min().unwrap_or(0);
    let figures = vec![
        Figure::rate("messages_per_s", messages, middle_ns),
        Figure::rate("slowest_per_s", messages, slowest_ns),
        Figure::rate("fastest_per_s", messages, fastest_ns),
        Figure::tenths("per_message_ns", middle_ns, messages),
    ];
    Row { name: scenario.name().into(), figures, excludes: WITHOUT }
}
