//! Recorded flow through the front door of the real venue.

use std::path::{Path, PathBuf};

use super::venue_port::VenuePort;
use engine::config::Config;
use feedhandler::flow::lobster_book::{BookRow, BookRows};
use feedhandler::flow::recording::RecordingOptions;
use feedhandler::flow::{Format, Recording};
use netio::Port;
use netio::fault::{FaultPlan, FaultPort};
use sha2::{Digest, Sha256};
use std::io::Read;
use tools::client::ClientConfig;
use tools::replay::{ReplayOptions, ReplayOutcome, Replayer, run};
use wire::login::Username;
use wire::{InstrumentIndex, Side, Symbol};

/// A file of the test data that lies beside the project; `None`, loudly, where it is absent.
fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "the test data is absent: expected {}", path.display());
    eprintln!("skipped: the test data is absent: expected {}", path.display());
    None
}

fn options(window: usize) -> ReplayOptions {
    let config = Config::default();
    let session = &config.sessions[0];
    let username = Username::new(&session.username).expect("a short name");
    let network = &config.network;
    let client = ClientConfig::new(username, session.key, network.order_entry.into(), network.rerequest.into());
    ReplayOptions { client: ClientConfig { window_messages: window, ..client }, rate_per_s: None, limit: None }
}

fn recording(path: &Path) -> Recording<'static> {
    let options = RecordingOptions { instrument: Symbol::new("PINION"), ..RecordingOptions::default() };
    Recording::open(path, &options).expect("a recording")
}

/// Number of lines and SHA-256 of a published report stream.
fn published(name: &str) -> Option<(u64, Vec<u8>)> {
    let mut text = Vec::new();
    feedhandler::compressed::open(&data(name)?).expect("opens").read_to_end(&mut text).expect("whole");
    let lines = text.split(|byte| *byte == b'\n').count();
    Some((u64::try_from(lines).expect("few"), Sha256::digest(&text).to_vec()))
}

fn replay(flow: &str, port: impl Port, window: usize) -> Option<(ReplayOutcome, (u64, Vec<u8>))> {
    let recording = recording(&data(&format!("consensus/{flow}.txt.xz"))?);
    assert_eq!(recording.format(), Format::Consensus);
    let outcome = run(recording, port, &options(window), std::io::sink(), |_| {}).expect("a whole replay");
    Some((outcome, published(&format!("consensus/{flow}.reports.txt.xz"))?))
}

fn assert_published((outcome, (reports, sha256)): &(ReplayOutcome, (u64, Vec<u8>))) {
    assert_eq!((outcome.reports, &outcome.sha256[..]), (*reports, &sha256[..]), "{outcome}");
    let tally = &outcome.tally;
    assert_eq!((tally.foreign_reports, tally.foreign_trades, tally.makers_other), (0, 0, 0));
}

#[test]
fn recorded_flow_gives_the_published_reports() {
    for flow in ["normal_s23_n20000", "static_s23_n20000"] {
        let Some(result) = replay(flow, VenuePort::new(None), 1_024) else { return };
        assert_published(&result);
        assert_eq!(result.0.client.messages_resent, 0);
    }
}

#[test]
fn a_bad_network_changes_nothing() {
    let plan: FaultPlan = "drop=2%,duplicate=2%,reorder=2%,seed=7".parse().expect("a plan");
    let Some(result) = replay("normal_s23_n20000", FaultPort::new(VenuePort::new(None), &plan), 300) else { return };
    assert_published(&result);
    let client = &result.0.client;
    assert!(client.messages_resent > 0 && client.duplicates > 0 && client.early > 0, "{client:?}");
}

#[test]
fn a_venue_that_crashes_forgets_nothing_that_it_answered() {
    let plan: FaultPlan = "drop=0.5%,seed=3".parse().expect("a plan");
    let port = VenuePort::new(Some(300));
    let seen = port.seen();
    let Some(result) = replay("static_s23_n20000", FaultPort::new(port, &plan), 500) else { return };
    assert_published(&result);
    let seen = seen.lock().expect("nobody panicked");
    assert!(seen.crashes > 3 && seen.forgotten > 0, "{} crashes forgot {}", seen.crashes, seen.forgotten);
}

#[test]
fn a_lobster_day_shows_the_recorded_book_after_every_message() {
    let Some(messages) = data("lobster/AAPL_2012-06-21_34200000_57600000_message_10.first.csv.xz") else { return };
    let book =
        data("lobster/AAPL_2012-06-21_34200000_57600000_orderbook_10.first.csv.xz").expect("beside the messages");
    let options =
        RecordingOptions { instrument: Symbol::new("PINION"), book: Some(&book), ..RecordingOptions::default() };
    let mut items =
        Recording::open(&messages, &options).expect("a recording").map(|item| item.expect("whole")).peekable();
    let mut rows = BookRows::new(feedhandler::compressed::open(&book).expect("opens"));
    let port = VenuePort::new(None);
    let seen = port.seen();
    let mut replayer = Replayer::log_in(self::options(1_024).client, port, std::io::sink()).expect("a login");
    let mut row = BookRow::default();
    let mut index = 0;
    while rows.read_into(&mut row).expect("a row") {
        while let Some(item) = items.next_if(|item| item.seq <= index) {
            assert!(replayer.submit(&item, replayer.now_ns()).expect("taken"));
        }
        replayer.settle().expect("answered");
        let seen = seen.lock().expect("nobody panicked");
        let depth = seen.depth.get(InstrumentIndex(0)).expect("traded");
        for side in [Side::Buy, Side::Sell] {
            let levels: Vec<_> =
                depth.levels(side).take(10).map(|level| (level.price, u64::from(level.quantity))).collect();
            assert_eq!(levels, row.side(side), "row {index} {side:?}");
        }
        index += 1;
    }
    assert_eq!(index, 999, "row 1, from which the book is seeded, and a row after each of 998 messages");
    let outcome = replayer.finish().expect("a logout");
    let tally = &outcome.tally;
    assert_eq!((tally.makers_other, tally.cancels_refused, tally.refusals()), (0, 0, 0), "{outcome}");
    assert!(tally.makers_same > 0);
}

/// Orders were taken out of this recording when it was sampled, so what it calls an execution may meet another order here. But every action
/// has its answer.
#[test]
fn every_action_of_an_itch_day_is_answered() {
    let Some(path) = data("itch50/ex20101224.TEST_ITCH_50.gz") else { return };
    let outcome =
        run(recording(&path), VenuePort::new(None), &options(1_024), std::io::sink(), |_| {}).expect("a whole replay");
    let tally = &outcome.tally;
    let answers = tally.accepted + tally.replaced + tally.canceled + tally.cancels_refused + tally.refusals();
    assert_eq!(answers, outcome.messages, "{outcome}");
    assert!(tally.trades > 0 && tally.makers_same > 0, "{outcome}");
}
