//! What the journal and its snapshots cost whoever matches, and how soon a venue stands again, with as many orders as one asks for.
//!
//! ```text
//!   fill: orders that rest ─► quiet | a snapshot is written | quiet | … ─► a second more ─► stop ─► start
//!                             '---- each message timed, in turns -----'      the tail         from cold files
//! ```
//! Goal: the pauses that a client would see, where they are caused, and the time of a start beside what no start can do without. Non-goal:
//! links and tiles (`pipeline`), the rate of replay (`recovery`).

mod large;
mod start;

use std::fs;
use std::path::Path;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::flow::Flow;
use crate::host::file_system;
use crate::published::SEED;
use crate::sample::median;
use crate::stream::resting::QUEUE;
use crate::subject::journaled::{Unjournaled, Writer, feed};
use crate::subject::login::{START, log_in_journaled};
use crate::suite::journal::JournalArgs;
use clap::Args;
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::Journal;
use engine::recovery::{From, Recovered, recover_from};
use feedhandler::flow::workload::Scenario;
use netio::clock::Clock;

const ORDERS: u32 = 1_000_000;
const INSTRUMENTS: u32 = 10_000;
const FLOW_ORDERS: u32 = 250_000;
const PASSES: u32 = 5;
/// Snapshots that are written while messages are timed.
const SNAPSHOTS: u32 = 5;
/// How long messages are timed before each.
const QUIET_NS: u64 = 1_000_000_000;
const TAIL_NS: u64 = 1_000_000_000;

/// Measure what journal and snapshots cost the matching path, and a start with many orders.
#[derive(Debug, Default, Args)]
pub struct SnapshotArgs {
    /// Orders that rest
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    orders: Option<u32>,
    /// Instruments that they are spread over
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=32_768))]
    instruments: Option<u32>,
    /// The flow whose appending is measured: the one that the book takes fastest when not given
    #[arg(long)]
    scenario: Option<Scenario>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    #[command(flatten)]
    place: JournalArgs,
}

/// How much of everything.
struct Sizes {
    orders: u32,
    instruments: u32,
    flow_orders: u32,
    passes: u32,
    snapshots: u32,
    quiet_ns: u64,
    tail_ns: u64,
}

impl Sizes {
    fn new(args: &SnapshotArgs, smoke: bool) -> Self {
        let pick = |asked: Option<u32>, full, small| asked.unwrap_or(if smoke { small } else { full });
        Self {
            orders: pick(args.orders, ORDERS, 2_000),
            instruments: pick(args.instruments, INSTRUMENTS, 10),
            flow_orders: pick(None, FLOW_ORDERS, 2_000),
            passes: pick(args.passes, PASSES, 1),
            snapshots: if smoke { 1 } else { SNAPSHOTS },
            quiet_ns: if smoke { QUIET_NS / 100 } else { QUIET_NS },
            tail_ns: if smoke { TAIL_NS / 100 } else { TAIL_NS },
        }
    }
}

/// Measures.
///
/// # Errors
/// A start does not come to where the venue stood, or the disk refuses.
pub fn run(args: &SnapshotArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let sizes = Sizes::new(args, smoke);
    let scratch = args.place.scratch()?;
    let scenario = args.scenario.unwrap_or(Scenario::Static);
    let mut rows = vec![appending(&scratch.path().join("appending"), scenario, &sizes, clock)?];
    let dir = scratch.path().join("large");
    let config = large::config(&dir, &sizes)?;
    let (timed, end) = large::run(&config, &sizes, clock)?;
    rows.extend(timed);
    rows.push(start::run(&config, &end, clock)?);
    let facts = vec![
        ("state", format!("{} orders rest in {} instruments, {QUEUE} at a price", sizes.orders, sizes.instruments)),
        ("snapshot", format!("{} bytes, of {} orders", end.snapshot_bytes, sizes.orders)),
        ("tail", format!("{} records behind the snapshot", end.tail)),
        ("file system", file_system(scratch.path())),
    ];
    Ok(Section { name: "snapshot", facts, rows, series: vec![] })
}

/// The same flow with and without a journal, in turns.
fn appending(dir: &Path, scenario: Scenario, sizes: &Sizes, clock: &Clock) -> Result<Row, BenchError> {
    let overrides = [("journal.durability", "mapped"), ("snapshot.interval_ms", "0")];
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut config = Config::default().with_overrides(&overrides)?;
    let flow = Flow::generated(scenario, sizes.flow_orders, SEED, &config)?;
    let (mut withs_ns, mut withouts_ns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pass in 0..sizes.passes {
        config.journal.dir = dir.join(pass.to_string());
        let mut pair = [0; 2];
        let mut books = [0; 2];
        // Each first as often as the other: the second meets another memory.
        for journaled in [pass % 2 == 0, pass % 2 != 0] {
            let Recovered { mut venue, journal, .. } = recover_from(From::Genesis, &config, &Ground::default(), START)?;
            let Journal { appender, mut helper, .. } = journal;
            // The segments ahead are made before, and not beside the first messages.
            while helper.turn() {}
            let threads = helper.spawn().map_err(BenchError::Thread)?;
            let mut writer = Writer::new(appender);
            let token = log_in_journaled(&mut venue, &config, &mut |command| writer.append(command))?;
            let at = usize::from(journaled);
            pair[at] = if journaled {
                feed(&flow, &mut venue, token, &mut writer, clock)?
            } else {
                feed(&flow, &mut venue, token, &mut Unjournaled::default(), clock)?
            };
            writer.end()?;
            threads.stop()?;
            // Not of the sessions, whose tokens are drawn.
            books[at] = venue.exchange().book().state_hash();
            drop(venue);
            fs::remove_dir_all(&config.journal.dir).map_err(BenchError::io("remove the journal"))?;
        }
        let [without_ns, with_ns] = pair;
        equal(&books[..1], &books[1..])?;
        ratios.push(Figure::ratio("time_ratio", with_ns, without_ns).value);
        withs_ns.push(with_ns);
        withouts_ns.push(without_ns);
    }
    let messages = flow.len() as u64;
    let fastest = |times: &[u64]| times.iter().copied().min().unwrap_or(0);
    let figures = vec![
        Figure::ratio("time_ratio", median(&ratios), 1_000),
        Figure::ratio("fastest_ratio", fastest(&withs_ns), fastest(&withouts_ns)),
        Figure::rate("messages_per_s", messages, median(&withs_ns)),
        Figure::rate("unjournaled_per_s", messages, median(&withouts_ns)),
    ];
    let excludes = "links between tiles; the helpers have the other core";
    Ok(Row { name: format!("appending, mapped, {scenario}").into(), figures, excludes })
}

fn equal(found: &[u64], expected: &[u64]) -> Result<(), BenchError> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:x?}"), format!("{found:x?}"));
    Err(BenchError::Unequal { subject: "snapshot", expected, found })
}
