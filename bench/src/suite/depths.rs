//! The matching core at three depths: the book alone, the exchange, the venue.
//!
//! Goal: rates from whole passes, taken in turns so that whatever disturbs the machine disturbs all alike; durations of single messages
//! from passes of their own, because reading the clock costs time. Every pass stands where the proved one stood. Non-goal: packets on a
//! wire, links between tiles, the disk.

use std::fs::File;
use std::path::PathBuf;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Unit};
use crate::flow::{Flow, limits};
use crate::proof::{Proof, Prover};
use crate::sample::{PercentileNames, clock_overhead_ns, durations, median, percentiles};
use crate::subject::book::BookSubject;
use crate::subject::exchange::ExchangeSubject;
use crate::subject::venue::{Datagrams, VenueSubject};
use crate::subject::{Counter, Ear, Subject, take_flow};
use clap::{Args, ValueEnum};
use engine::config::Config;
use hdrhistogram::Histogram;
use netio::clock::Clock;
use netio::pages::{HugePages, huge_pages};

/// The recorded flow with a published answer.
const BUNDLED: &[u8] = include_bytes!("../../../tools/data/normal_s23_n20000.txt.xz");
/// The SHA-256 that was published for its report stream.
const BUNDLED_SHA256: &str = include_str!("../../../tools/data/normal_s23_n20000.reports.sha256");

const PASSES: u32 = 15;
const LATENCY_PASSES: u32 = 3;
const STEP_NS: PercentileNames = ["p50_ns", "p99_ns", "p999_ns"];

/// Sizes with which nothing takes long.
const SMOKE_LIMITS: [(&str, &str); 4] = [
    ("limits.orders", "32768"),
    ("limits.levels", "32768"),
    ("limits.session_orders", "32768"),
    ("limits.session_store_messages", "131072"),
];

/// Measure the matching core at three depths: messages a second, and nanoseconds a message.
#[derive(Debug, Default, Args)]
pub struct DepthsArgs {
    /// A consensus flow, compressed or not; the bundled one of 39,878 messages when not given
    #[arg(long)]
    flow: Option<PathBuf>,
    /// The SHA-256 that the report stream must have; for the bundled flow the published one is known
    #[arg(long)]
    sha256: Option<String>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    passes: Option<u32>,
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Depth>,
    /// One key of the appliance's configuration, such as limits.orders=65536; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
}

/// How much of the core takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Depth {
    /// Commands in, events out.
    Book,
    /// OUCH in, reports and ticks out.
    Exchange,
    /// Datagrams in, packets, ticks and journal records out.
    Venue,
}

impl Depth {
    const fn name(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Exchange => "exchange",
            Self::Venue => "venue",
        }
    }

    const fn excludes(self) -> &'static str {
        match self {
            Self::Book => "decoding, entry checks, reports, ticks, journal, network, construction",
            Self::Exchange => "sessions' transport, journal, network, construction",
            Self::Venue => {
                "writing the journal, waiting for durability, links, network, construction; one message a packet"
            }
        }
    }
}

/// The inputs.
struct Bench<'a> {
    clock: &'a Clock,
    config: Config,
    flow: Flow,
    datagrams: Datagrams,
}

/// Where a pass ended: what it said, and the state it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    counts: Counter,
    state_hash: u64,
}

/// What a depth came to.
struct Found {
    depth: Depth,
    proof: Proof,
    state_hash: u64,
    /// What it stood on.
    memory: HugePages,
    /// The end of the first measured pass, which all others must share.
    end: Option<End>,
    passes_ns: Vec<u64>,
    steps: Histogram<u64>,
}

/// Measures.
///
/// # Errors
/// The flow cannot be used, or an answer is wrong.
pub fn run(args: &DepthsArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let smoke_limits =
        SMOKE_LIMITS.iter().filter(|_| smoke).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let overrides: Vec<(String, String)> = smoke_limits.chain(args.overrides.iter().cloned()).collect();
    let config = Config::default().with_overrides(&overrides)?;
    let flow = match &args.flow {
        Some(path) => {
            let file = File::open(path).map_err(BenchError::io("open the flow"))?;
            Flow::read(&path.to_string_lossy(), file, &config)?
        }
        None => Flow::read("the bundled flow", BUNDLED, &config)?,
    };
    let datagrams = Datagrams::pack(&flow, &config)?;
    let bench = Bench { clock, config, flow, datagrams };
    let published = match (&args.sha256, &args.flow) {
        (Some(sha256), _) => Some(sha256.to_ascii_lowercase()),
        (None, None) => BUNDLED_SHA256.split_whitespace().next().map(str::to_owned),
        (None, Some(_)) => None,
    };
    let all = [Depth::Book, Depth::Exchange, Depth::Venue];
    let chosen = all.into_iter().filter(|depth| args.only.is_empty() || args.only.contains(depth));
    let mut found = chosen.map(|depth| bench.prove(depth)).collect::<Result<Vec<_>, _>>()?;
    let expected = published.clone().unwrap_or_else(|| found[0].proof.sha256.clone());
    for Found { depth, proof, .. } in &found {
        if proof.sha256 != expected {
            let (subject, reports, sha256) = (depth.name(), proof.reports, proof.sha256.clone());
            return Err(BenchError::Wrong { subject, expected, reports, found: sha256 });
        }
    }

    let passes = args.passes.unwrap_or(if smoke { 1 } else { PASSES });
    for pass in 0..passes {
        // In turns, and each first as often as the others.
        let first = usize::try_from(pass).unwrap_or(0) % found.len();
        for at in (first..found.len()).chain(0..first) {
            bench.whole_pass(&mut found[at])?;
        }
    }
    for _ in 0..passes.min(LATENCY_PASSES) {
        for found in &mut found {
            bench.stepped_pass(found)?;
        }
    }

    let messages = bench.flow.len() as u64;
    let deepest = &found[found.len() - 1];
    let against = if published.is_some() { "the published one" } else { "the same at all depths, none published" };
    let facts = vec![
        ("flow", format!("{messages} messages, one session, one instrument, one thread, not pinned, all from memory")),
        ("proof", format!("{} reports, sha256 {expected}, {against}", found[0].proof.reports)),
        (
            "passes",
            format!(
                "median of {passes}, in turns; single messages timed in {} passes of their own",
                passes.min(LATENCY_PASSES)
            ),
        ),
        ("memory", format!("{}, the deepest: {}", deepest.depth.name(), deepest.memory)),
        ("clock", format!("{} ns between two readings, not subtracted from p50, p99, p999", clock_overhead_ns(clock))),
    ];
    let base = &found[0].passes_ns;
    let rows = found.iter().map(|found| row(found, messages, base)).collect();
    Ok(Section { name: "depths", facts, rows, series: vec![] })
}

fn row(found: &Found, messages: u64, base_ns: &[u64]) -> Row {
    let slowest = found.passes_ns.iter().copied().max().unwrap_or(0);
    let fastest = found.passes_ns.iter().copied().min().unwrap_or(0);
    // Pass by pass, because the passes of one turn had the same machine to themselves.
    let ratios = found.passes_ns.iter().zip(base_ns).map(|(ns, base)| Figure::ratio("time_ratio", *ns, *base).value);
    let mut figures = vec![
        Figure::rate("messages_per_s", messages, median(&found.passes_ns)),
        Figure::rate("slowest_per_s", messages, slowest),
        Figure::rate("fastest_per_s", messages, fastest),
        Figure { name: "time_ratio", value: median(&ratios.collect::<Vec<_>>()), unit: Unit::Thousandths },
    ];
    figures.extend(percentiles(STEP_NS, &found.steps));
    Row { name: found.depth.name().into(), figures, excludes: found.depth.excludes() }
}

impl Bench<'_> {
    fn prove(&self, depth: Depth) -> Result<Found, BenchError> {
        let prover = Prover::new(self.flow.numbered());
        let mut memory = HugePages::default();
        let (prover, state_hash) = self.with(depth, prover, |subject| {
            (0..self.flow.len()).for_each(|line| subject.step(line));
            memory = huge_pages();
        })?;
        let proof = prover.finish();
        Ok(Found { depth, proof, state_hash, memory, end: None, passes_ns: Vec::new(), steps: durations() })
    }

    fn whole_pass(&self, found: &mut Found) -> Result<(), BenchError> {
        let lines = self.flow.len();
        let mut taken_ns = 0;
        let measure = |subject: &mut dyn Passes| taken_ns = subject.whole(lines, self.clock);
        let (counts, state_hash) = self.with(found.depth, Counter::default(), measure)?;
        found.passes_ns.push(taken_ns);
        found.compare(End { counts, state_hash })
    }

    fn stepped_pass(&self, found: &mut Found) -> Result<(), BenchError> {
        let lines = self.flow.len();
        let steps = &mut found.steps;
        let measure = |subject: &mut dyn Passes| subject.stepped(lines, self.clock, steps);
        let (counts, state_hash) = self.with(found.depth, Counter::default(), measure)?;
        found.compare(End { counts, state_hash })
    }

    /// Makes a fresh subject, lets `measure` have it, and says how it ended.
    fn with<E: Ear>(
        &self,
        depth: Depth,
        ear: E,
        measure: impl FnOnce(&mut dyn Passes),
    ) -> Result<(E, u64), BenchError> {
        Ok(match depth {
            Depth::Book => {
                let mut subject = BookSubject::new(self.flow.numbered().steps(), &limits(&self.config), ear);
                measure(&mut subject);
                let state_hash = subject.state_hash();
                (subject.ear, state_hash)
            }
            Depth::Exchange => {
                let mut subject = ExchangeSubject::new(&self.flow, &self.config, ear);
                measure(&mut subject);
                let state_hash = subject.state_hash();
                (subject.into_ear(), state_hash)
            }
            Depth::Venue => {
                let mut subject = VenueSubject::new(&self.datagrams, &self.config, ear)?;
                measure(&mut subject);
                let state_hash = subject.state_hash();
                (subject.into_ear(), state_hash)
            }
        })
    }
}

impl Found {
    fn compare(&mut self, end: End) -> Result<(), BenchError> {
        let expected = *self.end.get_or_insert(End { state_hash: self.state_hash, ..end });
        if end == expected {
            return Ok(());
        }
        let subject = self.depth.name();
        Err(BenchError::Unequal { subject, expected: format!("{expected:?}"), found: format!("{end:?}") })
    }
}

/// The two kinds of passes over a subject. One virtual call a pass, so that the loops are compiled for each subject.
trait Passes: Subject {
    /// Takes the whole flow. Returns how long that took, ns.
    fn whole(&mut self, lines: usize, clock: &Clock) -> u64;

    /// Takes the whole flow and records how long each message took, ns.
    fn stepped(&mut self, lines: usize, clock: &Clock, steps: &mut Histogram<u64>);
}

impl<S: Subject> Passes for S {
    fn whole(&mut self, lines: usize, clock: &Clock) -> u64 {
        let before = clock.now();
        take_flow(self, 0..lines);
        clock.now() - before
    }

    fn stepped(&mut self, lines: usize, clock: &Clock, steps: &mut Histogram<u64>) {
        for line in 0..lines {
            let before = clock.now();
            self.step(line);
            let taken_ns = clock.now() - before;
            steps.saturating_record(taken_ns.max(1));
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, found '{text}'"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
