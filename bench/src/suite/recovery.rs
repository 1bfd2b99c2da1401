//! Recovery: how long the appliance needs, after it stopped, to stand again where its journal ends.
//!
//! Goal: the rate at which `engine::recovery::recover` replays a journal into a state that is proved to be the one that the live venue had,
//! beside the rate at which the same files are only read and verified. Non-goal: a disk that has to be read from; damaged journals.

use std::path::Path;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Unit};
use crate::flow::Flow;
use crate::host::file_system;
use crate::published::SEED;
use crate::sample::median;
use crate::subject::journaled::{Unjournaled, Writer, feed};
use crate::subject::login::{SECRET, START, log_in_journaled};
use crate::suite::journal::JournalArgs;
use clap::Args;
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::{Journal, Reader};
use engine::recovery::{From, Recovered, recover_from};
use feedhandler::flow::workload::Scenario;
use netio::clock::Clock;
use wire::Seq;

const SCENARIO: Scenario = Scenario::Normal;
const ORDERS: u32 = 500_000;
const SMOKE_ORDERS: u32 = 2_000;
const PASSES: u32 = 5;

/// Sizes with which nothing takes long.
const SMOKE_SIZES: [(&str, &str); 5] = [
    ("limits.orders", "32768"),
    ("limits.levels", "32768"),
    ("limits.session_orders", "32768"),
    ("limits.session_store_messages", "131072"),
    ("journal.segment_bytes", "1048576"),
];

/// Measure how fast a journal is replayed to a proven state.
#[derive(Debug, Default, Args)]
pub struct RecoveryArgs {
    /// New orders in the journaled flow, about half of its messages
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    orders: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    #[command(flatten)]
    place: JournalArgs,
}

/// Where the live venue stood when it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    seq: Seq,
    state_hash: u64,
    /// Without the sessions, whose tokens are drawn.
    book_hash: u64,
    records: u64,
}

/// Measures.
///
/// # Errors
/// A replay does not end where the live venue stood, or the disk refuses.
pub fn run(args: &RecoveryArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let orders = args.orders.unwrap_or(if smoke { SMOKE_ORDERS } else { ORDERS });
    let passes = args.passes.unwrap_or(if smoke { 1 } else { PASSES });
    let scratch = args.place.scratch()?;
    let dir = scratch.path().join("journal");
    let sizes = SMOKE_SIZES.iter().filter(|_| smoke).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let mut config = Config::default().with_overrides(&sizes.collect::<Vec<_>>())?;
    config.journal.dir.clone_from(&dir);

    let flow = Flow::generated(SCENARIO, orders, SEED, &config)?;
    let end = live(&flow, &config, clock)?;
    let (mut replays_ns, mut scans_ns, mut empty_ns, mut cores_ns) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..passes {
        // In turns, so that all meet the same machine.
        let before = clock.now();
        drop(engine::recovery::venue(&config, SECRET));
        empty_ns.push(clock.now() - before);

        let (taken_ns, found) = unjournaled(&flow, &config, clock)?;
        cores_ns.push(taken_ns);
        equal(End { book_hash: found, ..end }, end)?;

        let before = clock.now();
        let (records, read) = scan(&dir)?;
        scans_ns.push(clock.now() - before);
        bytes = read;
        equal(End { records, ..end }, end)?;

        let before = clock.now();
        let Recovered { venue, journal, .. } = recover_from(From::Genesis, &config, &Ground::default(), START)?;
        replays_ns.push(clock.now() - before);
        let state_hash = venue.exchange().state_hash();
        let book_hash = venue.exchange().book().state_hash();
        equal(End { seq: venue.seq(), state_hash, book_hash, records: journal.report.records }, end)?;
    }

    let messages = flow.len() as u64;
    let End { state_hash, records, .. } = end;
    let facts = vec![
        (
            "journal",
            format!("{messages} messages of {SCENARIO}, seed {SEED}: {records} records, {bytes} bytes with headers"),
        ),
        ("proof", format!("every replay ended with state hash {state_hash:016x}, as the venue that wrote the journal")),
        ("passes", format!("median of {passes}, in turns")),
        ("file system", file_system(scratch.path())),
    ];
    let ratios: Vec<u64> = replays_ns
        .iter()
        .zip(&scans_ns)
        .map(|(ns, scan_ns)| Figure::ratio("scan_ratio", *ns, *scan_ns).value)
        .collect();
    let (replay_ns, scan_ns, core_ns) = (median(&replays_ns), median(&scans_ns), median(&cores_ns));
    // Making the tables is no replay.
    let core_ratios: Vec<u64> = cores_ns
        .iter()
        .zip(replays_ns.iter().zip(&empty_ns))
        .map(|(core_ns, (ns, empty_ns))| Figure::ratio("core_ratio", *core_ns, ns.saturating_sub(*empty_ns)).value)
        .collect();
    let rows = vec![
        Row {
            name: "recover".into(),
            figures: vec![
                Figure { name: "scan_ratio", value: median(&ratios), unit: Unit::Thousandths },
                Figure { name: "core_ratio", value: median(&core_ratios), unit: Unit::Thousandths },
                Figure::rate("messages_per_s", messages, replay_ns),
                Figure::rate("core_per_s", messages, core_ns),
                Figure::rate("bytes_per_s", bytes, replay_ns),
                Figure::ns("time_ns", replay_ns),
            ],
            excludes: "reading from the disk: the files are in memory; opening ports; snapshots: it begins at the first record",
        },
        Row {
            name: "scan".into(),
            figures: vec![
                Figure::rate("messages_per_s", messages, scan_ns),
                Figure::rate("bytes_per_s", bytes, scan_ns),
                Figure::ns("time_ns", scan_ns),
            ],
            excludes: "everything but reading the files from memory and verifying the chain of checksums",
        },
        Row {
            name: "empty venue".into(),
            figures: vec![Figure::ns("time_ns", median(&empty_ns))],
            excludes: "the journal; making the tables of the configured size is in recover, too",
        },
    ];
    Ok(Section { name: "recovery", facts, rows, series: vec![] })
}

/// Not measured: a venue takes the flow and journals it; then it stops in order.
fn live(flow: &Flow, config: &Config, clock: &Clock) -> Result<End, BenchError> {
    let Recovered { mut venue, journal, .. } = recover_from(From::Genesis, config, &Ground::default(), START)?;
    let Journal { appender, helper, .. } = journal;
    let threads = helper.spawn().map_err(BenchError::Thread)?;
    let mut writer = Writer::new(appender);
    let token = log_in_journaled(&mut venue, config, &mut |command| writer.append(command))?;
    feed(flow, &mut venue, token, &mut writer, clock)?;
    writer.end()?;
    threads.stop()?;
    // The genesis is a record that the venue did not write.
    let (state_hash, book_hash) = (venue.exchange().state_hash(), venue.exchange().book().state_hash());
    Ok(End { seq: venue.seq(), state_hash, book_hash, records: venue.seq().0 })
}

/// A venue takes the flow and journals nothing. Returns how long that took, and the hash of the books that it came to.
fn unjournaled(flow: &Flow, config: &Config, clock: &Clock) -> Result<(u64, u64), BenchError> {
    let mut venue = engine::recovery::venue(config, SECRET);
    let mut out = Unjournaled::default();
    let token = log_in_journaled(&mut venue, config, &mut |_| {})?;
    let taken_ns = feed(flow, &mut venue, token, &mut out, clock)?;
    Ok((taken_ns, venue.exchange().book().state_hash()))
}

/// Reads the journal to its end. Returns how many records there are, and their bytes with what frames them.
fn scan(dir: &Path) -> Result<(u64, u64), BenchError> {
    let mut reader = Reader::open(dir)?;
    let (mut records, mut bytes) = (0, 0);
    while let Some(record) = reader.next()? {
        records += 1;
        bytes += wire::journal::record_span(record.body.len()) as u64;
    }
    Ok((records, bytes))
}

fn equal(found: End, expected: End) -> Result<(), BenchError> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    Err(BenchError::Unequal { subject: "recovery", expected, found })
}
