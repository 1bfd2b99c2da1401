//! Many instruments against one: the book alone under the same mixture of messages, with as many live orders.
//!
//! Goal: what it costs that a message may concern any of many books, as a ratio from passes in turns; and the cost of handing the reports
//! to a second core. Non-goal: how instruments would be shared out over several matching tiles.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use crate::cores::{on_core, pair};
use crate::drain;
use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Unit};
use crate::sample::median;
use crate::stream::file;
use crate::stream::market::{Market, MarketSize, SESSIONS};
use crate::subject::book::BookSubject;
use crate::subject::{Counter, Subject, take_flow};
use clap::Args;
use netio::clock::Clock;

const LIVE: u32 = 100_000;
const MESSAGES: u32 = 1_000_000;
const COUNTS: [u32; 3] = [1, 100, 10_000];
const PASSES: u32 = 7;
const WITHOUT: &str = "decoding, entry checks, ticks, journal, network, construction, the opening orders";

/// Measure the book alone with one instrument, and with many by Zipf's law.
#[derive(Debug, Default, Args)]
pub struct InstrumentsArgs {
    /// How many instruments are compared with the first of these; one, 100 and 10,000 when not given
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=32_768))]
    instruments: Vec<u32>,
    /// Orders that live at any time
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    live: Option<u32>,
    /// Messages a pass
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    messages: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    passes: Option<u32>,
    /// What the messages are made from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the commands of the last market into a file and measure nothing
    #[arg(long, hide = true)]
    write_commands: Option<PathBuf>,
}

/// A market in one way of reporting.
struct Entrant<'a> {
    name: String,
    market: &'a Market,
    /// The cores of book and reader; without, reports are counted.
    cores: Option<[usize; 2]>,
    passes_ns: Vec<u64>,
}

/// Measures.
///
/// # Errors
/// A pass ended otherwise than the making of the market, or a core cannot be had.
pub fn run(args: &InstrumentsArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let live = args.live.unwrap_or(if smoke { 1_000 } else { LIVE });
    let messages = args.messages.unwrap_or(if smoke { 5_000 } else { MESSAGES });
    let passes = args.passes.unwrap_or(if smoke { 2 } else { PASSES });
    let counts = if args.instruments.is_empty() { &COUNTS[..] } else { &args.instruments[..] };
    let make = |instruments: &u32| Market::new(MarketSize { instruments: *instruments, live, messages }, args.seed);
    if let (Some(path), Some(last)) = (&args.write_commands, counts.last()) {
        return write(path, &make(last));
    }
    let markets: Vec<Market> = counts.iter().map(make).collect();
    let cores = pair();
    let mut entrants = Vec::new();
    for market in &markets {
        let name = named(market.size.instruments);
        entrants.push(Entrant { name: name.clone(), market, cores: None, passes_ns: vec![] });
        if cores.is_some() {
            entrants.push(Entrant { name: name + ", ring", market, cores, passes_ns: vec![] });
        }
    }
    for pass in 0..passes {
        // In turns, and each first as often as the others.
        let first = usize::try_from(pass).unwrap_or(0) % entrants.len();
        for at in (first..entrants.len()).chain(0..first) {
            entrants[at].pass(clock)?;
        }
    }
    let facts = vec![
        (
            "markets",
            format!("{messages} messages a pass, {live} live orders, {SESSIONS} sessions, Zipf's law with exponent 1"),
        ),
        (
            "ring",
            cores.map_or("not measured: needs 2 cores".to_owned(), |[near, far]| {
                format!("book on core {near}, reports of 64 bytes read on core {far}; levels are not reported")
            }),
        ),
        ("passes", format!("median of {passes}, in turns; rate is against the first row, pass by pass")),
    ];
    let base_ns = entrants[0].passes_ns.clone();
    Ok(Section {
        name: "instruments",
        facts,
        rows: entrants.iter().map(|entrant| entrant.row(&base_ns)).collect(),
        series: vec![],
    })
}

fn named(instruments: u32) -> String {
    if instruments == 1 { "1 instrument".to_owned() } else { format!("{instruments} instruments") }
}

fn write(path: &PathBuf, market: &Market) -> Result<Section, BenchError> {
    let file = File::create(path).map_err(BenchError::io("create the file of commands"))?;
    let mut file = BufWriter::new(file);
    let written = file::write(market, &mut file).and_then(|()| file.flush());
    written.map_err(BenchError::io("write the file of commands"))?;
    let commands = format!(
        "{} commands, {} of them make the book, {} trades of {} lots in the others, into {}",
        market.steps.len(),
        market.opening,
        market.trades,
        market.volume,
        path.display()
    );
    Ok(Section { name: "instruments", facts: vec![("written", commands)], rows: vec![], series: vec![] })
}

impl Entrant<'_> {
    fn pass(&mut self, clock: &Clock) -> Result<(), BenchError> {
        let (taken_ns, state_hash) = match self.cores {
            None => counted(self.market, clock),
            Some(cores) => ringed(self.market, cores, clock)?,
        };
        self.passes_ns.push(taken_ns);
        let expected = self.market.state_hash;
        if state_hash == expected {
            return Ok(());
        }
        let (expected, found) = (format!("{expected:016x}"), format!("{state_hash:016x}"));
        Err(BenchError::Unequal { subject: "book", expected, found })
    }

    fn row(&self, base_ns: &[u64]) -> Row {
        let messages = (self.market.steps.len() - self.market.opening) as u64;
        let ratios =
            base_ns.iter().zip(&self.passes_ns).map(|(base, ns)| Figure::ratio("rate_ratio", *base, *ns).value);
        let middle_ns = median(&self.passes_ns);
        let fastest_ns = self.passes_ns.iter().copied().min().unwrap_or(0);
        let figures = vec![
            Figure::rate("messages_per_s", messages, middle_ns),
            Figure::rate("fastest_per_s", messages, fastest_ns),
            Figure::tenths("per_message_ns", middle_ns, messages),
            Figure { name: "rate_ratio", value: median(&ratios.collect::<Vec<_>>()), unit: Unit::Thousandths },
            Figure::count("trades", self.market.trades),
        ];
        Row { name: self.name.clone().into(), figures, excludes: WITHOUT }
    }
}

fn counted(market: &Market, clock: &Clock) -> (u64, u64) {
    let mut subject = BookSubject::new(&market.steps, &market.limits(), Counter::default());
    take_flow(&mut subject, 0..market.opening);
    let before = clock.now();
    take_flow(&mut subject, market.opening..market.steps.len());
    (clock.now() - before, subject.state_hash())
}

fn ringed(market: &Market, [near, far]: [usize; 2], clock: &Clock) -> Result<(u64, u64), BenchError> {
    let clock = clock.clone();
    on_core(near, move || {
        let (outbox, drain) = drain::start(far)?;
        let mut subject = BookSubject::new(&market.steps, &market.limits(), outbox);
        take_flow(&mut subject, 0..market.opening);
        let before = clock.now();
        take_flow(&mut subject, market.opening..market.steps.len());
        subject.ear.hand_over();
        let taken_ns = clock.now() - before;
        let state_hash = subject.state_hash();
        drain.finish(subject.ear)?;
        Ok((taken_ns, state_hash))
    })
}
