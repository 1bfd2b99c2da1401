//! Order flow with a published answer: every report, byte for byte, and the best prices as a subscriber sees them.

use super::recorded::{open, shared, text};
use super::running::Running;
use feedhandler::flow::Format;
use netio::Port;
use netio::fault::{FaultPlan, FaultPort};
use std::fmt::Write as _;
use std::io::sink;
use tools::replay::{ReplayOutcome, Replayer, hex, run};
use wire::{InstrumentIndex, Side};

const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);
/// The published best prices stand after every so many messages.
const MESSAGES_PER_QUOTE: u64 = 100;

/// Sends a flow of 20,000 orders and compares all that is published about it.
fn reproduces(flow: &str, overrides: &[(&str, &str)]) {
    let Some(path) = shared(&format!("consensus/{flow}.txt.xz")) else { return };
    let beside = |kind: &str| text(&shared(&format!("consensus/{flow}.{kind}.txt.xz")).expect("beside the flow"));
    let mut running = Running::start(overrides);
    let (mut reports, mut quotes) = (Vec::new(), String::new());
    let mut replayer = Replayer::log_in(running.client(0), Running::client_port(), &mut reports).expect("a login");
    let mut messages = 0;
    for item in open(&path, None, Format::Consensus).map(|item| item.expect("whole")) {
        assert_eq!(item.seq, messages);
        assert!(replayer.submit(&item, replayer.now_ns()).expect("taken"), "the window holds what is not answered");
        messages += 1;
        if messages % MESSAGES_PER_QUOTE == 0 {
            replayer.settle().expect("answered");
            let depth = running.depth_now(INSTRUMENT);
            let best = |side, none| depth.best(side).map_or(none, |level| level.price.get());
            let (bid, ask) = (best(Side::Buy, i64::MIN), best(Side::Sell, i64::MAX));
            writeln!(quotes, "{messages} {bid} {ask}").expect("memory");
        }
    }
    let outcome = replayer.finish().expect("a logout");
    assert_same_lines(&String::from_utf8(reports).expect("text"), &beside("reports"), "reports");
    assert_same_lines(&quotes, &beside("bbo"), "best bid and offer");
    assert_eq!((outcome.messages, outcome.tally.foreign_reports), (messages, 0));
    running.stop();
}

/// Byte for byte, but a difference is told by its line and not by megabytes.
fn assert_same_lines(found: &str, expected: &str, what: &str) {
    for (line, (found, expected)) in (1..).zip(found.lines().zip(expected.lines())) {
        assert_eq!(found, expected, "{what}, line {line}");
    }
    assert_eq!(found.len(), expected.len(), "{what}: bytes");
    assert!(found == expected, "{what}: line ends");
}

#[test]
fn static_flow_gives_the_published_reports_and_quotes() {
    reproduces("static_s23_n20000", &[("journal.durability", "synced"), ("topology.cores", "1")]);
}

#[test]
fn normal_flow_gives_the_published_reports_and_quotes() {
    reproduces("normal_s23_n20000", &[("journal.durability", "mapped"), ("topology.cores", "4")]);
}

/// Sends the whole flow of 1,996,097 messages and compares the published hash of its report stream.
fn whole_flow(port: impl Port) -> Option<ReplayOutcome> {
    let path = shared("consensus/normal_s23_n1000000.txt.xz")?;
    let hashes = text(&shared("consensus/reference_hashes.txt").expect("beside the flow"));
    let published = hashes.lines().find(|line| line.ends_with(" normal_seed23_count1000000_reports.txt"));
    let (published, _) = published.expect("a line for this flow").split_once(' ').expect("hash, blanks, name");
    let mut running = Running::start(&[]);
    let options = running.replay_options();
    let recording = open(&path, None, Format::Consensus);
    let outcome = run(recording, port, &options, sink(), |_| _ = running.listen()).expect("a replay");
    eprintln!("{outcome}");
    assert_eq!((outcome.messages, hex(&outcome.sha256).as_str()), (1_996_097, published));
    running.stop();
    Some(outcome)
}

#[test]
#[ignore = "two million messages: release code, run by scripts/test"]
fn the_whole_flow_gives_the_published_hash() {
    let Some(outcome) = whole_flow(Running::client_port()) else { return };
    assert_eq!((outcome.tally.foreign_reports, outcome.tally.foreign_trades), (0, 0));
}

#[test]
#[ignore = "two million messages over a bad network: release code, run by scripts/test"]
fn the_whole_flow_over_a_bad_network_gives_the_published_hash() {
    let plan: FaultPlan = "drop=1%,duplicate=1%,reorder=1%,seed=7".parse().expect("a plan");
    let Some(outcome) = whole_flow(FaultPort::new(Running::client_port(), &plan)) else { return };
    let client = &outcome.client;
    assert!(client.messages_resent > 0 && client.duplicates > 0 && client.early > 0, "{client:?}");
}
