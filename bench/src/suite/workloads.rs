//! The book under different flows: few and many instruments, cancels, sweeps, a deep book, recorded days.
//!
//! Goal: how much the figure of one flow says about another. Each pass must end in the state in which the flow was made, and a small flow of
//! each mixture in that of the naive book. Non-goal: what is around the book; `depths` and `pipeline` have that.

use std::fs::File;
use std::path::PathBuf;

use crate::error::BenchError;
use crate::figure::{Figure, Plot, Row, Section, Series};
use crate::load::distribution::Distribution;
use crate::sample::{clock_overhead_ns, median};
use crate::stream::Step;
use crate::stream::market::{Market, MarketSize, Mix};
use crate::stream::recorded::Recorded;
use crate::subject::book::BookSubject;
use crate::subject::{Counter, Subject, take_flow};
use clap::{Args, ValueEnum};
use engine::book::BookLimits;
use engine::twin::TwinBook;
use netio::clock::Clock;

/// A day of three instruments, disguised, that comes with the project.
pub const ITCH: &[u8] = include_bytes!("../../../tools/data/ex20101224.TEST_ITCH_50.gz");

const MESSAGES: u32 = 500_000;
const SMOKE_MESSAGES: u32 = 4_000;
const PASSES: u32 = 5;
/// A flow that is given to the naive book, which copies a whole instrument for each command.
const TWIN_LIVE: u32 = 300;
const TWIN_MESSAGES: u32 = 2_000;

const WITHOUT: &str = "decoding, entry checks, reports, ticks, journal, network, construction, the opening orders";

/// Measure the book alone under different flows.
#[derive(Debug, Default, Args)]
pub struct WorkloadsArgs {
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Also a recorded day: ITCH 5.0, a LOBSTER message file or consensus text, compressed or not; may be given many times
    #[arg(long)]
    flow: Vec<PathBuf>,
    /// Messages of each made flow
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    messages: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    passes: Option<u32>,
    /// What the flows are made from
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// The flows that need no file of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One instrument, 100,000 live orders.
    One,
    /// 10,000 instruments by Zipf's law, as many orders.
    Many,
    /// Nearly everything is canceled again.
    Cancels,
    /// Large orders take many small ones.
    Sweeps,
    /// 1,000,000 live orders.
    Deep,
    /// The bundled ITCH 5.0 file.
    Itch,
}

impl Kind {
    const ALL: [Self; 6] = [Self::One, Self::Many, Self::Cancels, Self::Sweeps, Self::Deep, Self::Itch];

    const fn name(self) -> &'static str {
        match self {
            Self::One => "one instrument",
            Self::Many => "10,000 instruments",
            Self::Cancels => "cancels",
            Self::Sweeps => "sweeps",
            Self::Deep => "deep book",
            Self::Itch => "itch file",
        }
    }

    /// How it is made; nothing for a recorded one.
    const fn made(self) -> Option<(Mix, u32, u32)> {
        match self {
            Self::One => Some((Mix::ORDINARY, 1, 100_000)),
            Self::Many => Some((Mix::ORDINARY, 10_000, 100_000)),
            Self::Cancels => Some((Mix::CANCELS, 1, 100_000)),
            Self::Sweeps => Some((Mix::SWEEPS, 1, 20_000)),
            Self::Deep => Some((Mix::ORDINARY, 1, 1_000_000)),
            Self::Itch => None,
        }
    }
}

/// A flow, and what came of it.
struct Load {
    name: String,
    steps: Vec<Step>,
    /// How many come before the measured ones.
    opening: usize,
    limits: BookLimits,
    trades: u64,
    state_hash: u64,
    passes_ns: Vec<u64>,
    single: Distribution,
}

/// Measures.
///
/// # Errors
/// A file cannot be read, or a pass ended in another state than it must.
pub fn run(args: &WorkloadsArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let messages = args.messages.unwrap_or(if smoke { SMOKE_MESSAGES } else { MESSAGES });
    let passes = args.passes.unwrap_or(if smoke { 1 } else { PASSES });
    let mut loads = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| args.only.is_empty() || args.only.contains(kind)) {
        match kind.made() {
            Some((mix, instruments, live)) => {
                let small = MarketSize { instruments: instruments.min(50), live: TWIN_LIVE, messages: TWIN_MESSAGES };
                agree_with_the_twin(kind.name(), &Market::mixed(small, mix, args.seed))?;
                let live = if smoke { live / 100 } else { live };
                let market = Market::mixed(MarketSize { instruments, live, messages }, mix, args.seed);
                loads.push(Load::of(kind.name(), market));
            }
            None => loads.push(Load::recorded(kind.name(), Recorded::read("bundled.TEST_ITCH_50.gz", ITCH)?)),
        }
    }
    for path in &args.flow {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let file = File::open(path).map_err(BenchError::io("open the recorded flow"))?;
        loads.push(Load::recorded(&name, Recorded::read(&name, file)?));
    }
    for pass in 0..passes {
        // In turns, and each first as often as the others.
        let first = usize::try_from(pass).unwrap_or(0) % loads.len().max(1);
        for at in (first..loads.len()).chain(0..first) {
            loads[at].whole(clock)?;
        }
    }
    for load in &mut loads {
        load.singly(clock)?;
    }
    let facts = vec![
        ("flows", format!("{messages} messages of each made flow, seed {}; one thread, all from memory", args.seed)),
        (
            "proof",
            format!(
                "each pass ended in the state in which its flow was made; {TWIN_MESSAGES} messages of each mixture in that of the \
                 naive book"
            ),
        ),
        ("passes", format!("median of {passes}, in turns; single messages timed in a pass of their own")),
        ("clock", format!("{} ns between two readings, not subtracted from p50 to max", clock_overhead_ns(clock))),
    ];
    let rows: Vec<Row> = loads.iter().map(Load::row).collect();
    let points = (1..).zip(rows.iter().map(|row| row.figures[0].value)).collect();
    let labels = loads.iter().map(|load| load.name.clone()).collect();
    let mut series = vec![Series { plot: Plot::Throughput, name: "book".to_owned(), points, labels }];
    series.extend(loads.iter().map(|load| load.single.series(load.name.clone())));
    Ok(Section { name: "workloads", facts, rows, series })
}

fn agree_with_the_twin(subject: &'static str, market: &Market) -> Result<(), BenchError> {
    let mut twin = TwinBook::new(&market.limits());
    market.steps.iter().for_each(|step| twin.apply(&step.command(), &mut |_| {}));
    same(subject, twin.state_hash(), market.state_hash)
}

fn same(subject: &'static str, expected: u64, found: u64) -> Result<(), BenchError> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:016x}"), format!("{found:016x}"));
    Err(BenchError::Unequal { subject, expected, found })
}

impl Load {
    fn of(name: &str, market: Market) -> Self {
        let limits = market.limits();
        let Market { steps, opening, trades, state_hash, .. } = market;
        let (passes_ns, single) = (Vec::new(), Distribution::default());
        Self { name: name.to_owned(), steps, opening, limits, trades, state_hash, passes_ns, single }
    }

    fn recorded(name: &str, recorded: Recorded) -> Self {
        let Recorded { steps, limits, trades, state_hash } = recorded;
        let (passes_ns, single) = (Vec::new(), Distribution::default());
        Self { name: name.to_owned(), steps, opening: 0, limits, trades, state_hash, passes_ns, single }
    }

    fn whole(&mut self, clock: &Clock) -> Result<(), BenchError> {
        let mut subject = BookSubject::new(&self.steps, &self.limits, Counter::default());
        take_flow(&mut subject, 0..self.opening);
        let before = clock.now();
        take_flow(&mut subject, self.opening..self.steps.len());
        self.passes_ns.push(clock.now() - before);
        same("a workload", self.state_hash, subject.state_hash())
    }

    fn singly(&mut self, clock: &Clock) -> Result<(), BenchError> {
        let mut subject = BookSubject::new(&self.steps, &self.limits, Counter::default());
        take_flow(&mut subject, 0..self.opening);
        for line in self.opening..self.steps.len() {
            let before = clock.now();
            subject.step(line);
            self.single.record(clock.now() - before);
        }
        same("a workload", self.state_hash, subject.state_hash())
    }

    fn row(&self) -> Row {
        let messages = (self.steps.len() - self.opening) as u64;
        let fastest_ns = self.passes_ns.iter().copied().min().unwrap_or(0);
        let middle_ns = median(&self.passes_ns);
        let mut figures = vec![
            Figure::rate("messages_per_s", messages, middle_ns),
            Figure::rate("fastest_per_s", messages, fastest_ns),
            Figure::tenths("per_message_ns", middle_ns, messages),
        ];
        figures.extend(self.single.figures());
        figures.push(Figure::count("messages", messages));
        figures.push(Figure::count("trades", self.trades));
        Row { name: self.name.clone().into(), figures, excludes: WITHOUT }
    }
}
