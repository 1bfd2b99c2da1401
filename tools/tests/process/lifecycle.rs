//! Start, stop, and every start that must be refused.

use crate::journal_dump::assert_each_once;
use crate::process::wait_until;
use crate::recording::{assert_published, flow};
use crate::site::{Appliance, Site};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;

/// A stop in the middle of a replay: what was acknowledged is there after the restart, and the client goes on.
fn stops_in_order(signal: Signal) {
    let site = Site::new().with("journal.durability=synced");
    let reports = site.path("reports.txt");
    let appliance = site.start();
    let more = ["--rate", "40000", "--reports", reports.to_str().expect("a plain path")];
    let replay = site.spawn(site.replay_command(&flow(), &more), "replay");
    wait_until("half of the reports", || fs::metadata(&reports).is_ok_and(|file| file.len() > 400_000));
    let first = appliance.stop_by(signal);
    assert!(first.counter("messages") > 0, "{first:?}");

    let appliance = site.start();
    assert_eq!(appliance.replayed(), first.seq);
    assert_published(replay.wait());
    let second = appliance.stop();
    assert!(second.counter("messages") > 0, "the stop came after the replay: {second:?}");
    assert_each_once(&site.applied_messages());

    // A start and a stop without anything in between leave the state as it was.
    let appliance = site.start();
    assert_eq!(appliance.replayed(), second.seq);
    let third = appliance.stop();
    assert_eq!((third.seq, third.state_hash), (second.seq, second.state_hash));
}

#[test]
fn sigterm_stops_in_order() {
    stops_in_order(Signal::SIGTERM);
}

#[test]
fn sigint_stops_in_order() {
    stops_in_order(Signal::SIGINT);
}

/// The market day ends by a signal, in the journal: a restart stands behind it, and the signal does nothing more.
#[test]
fn sigusr1_ends_the_market_day_for_good() {
    let site = Site::new();
    let close = |appliance: &Appliance| {
        let pid = Pid::from_raw(i32::try_from(appliance.pid()).expect("a process"));
        kill(pid, Signal::SIGUSR1).expect("it runs");
        wait_until("the end of the day", || appliance.err().contains("market: the day ends"));
    };
    let appliance = site.start();
    close(&appliance);
    let closes = || site.journal_command("dump").expect_success().out.matches("MarketClose").count();
    wait_until("the record", || closes() == 1);
    let first = appliance.stop();
    let appliance = site.start();
    assert_eq!(appliance.replayed(), first.seq);
    close(&appliance);
    let second = appliance.stop();
    assert_eq!((second.seq, second.state_hash, closes()), (first.seq, first.state_hash, 1));
}

#[test]
fn it_says_what_its_tables_stand_on() {
    let site = Site::new();
    let appliance = site.start();
    let [all, reserved, transparent, small] = appliance.memory_mib();
    // Each figure is cut to whole MiB.
    assert!(all >= 4 && all.abs_diff(reserved + transparent + small) <= 2, "{all} {reserved} {transparent} {small}");
    appliance.stop();
}

#[test]
fn a_second_appliance_is_refused() {
    let site = Site::new();
    let mut appliance = site.start();

    let other = Site::new();
    let dir = format!("journal.dir={}", site.journal().display());
    other.start_refused(&[&dir]).expect_refusal(&["in use by", &site.journal().display().to_string()]);

    let address = site.ports.order_entry();
    let same = format!("network.order_entry={address}");
    other.start_refused(&[&same]).expect_refusal(&["bind", &address.to_string(), "in use"]);

    assert!(appliance.is_alive());
    assert_published(site.replay(&flow(), &[]));
    appliance.stop();
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused() {
    let site = Site::new();
    site.start_refused(&["journal.durabilty=mapped"]).expect_refusal(&["journal.durabilty", "journal.durability"]);
    site.start_refused(&["topology.cores=3"]).expect_refusal(&["topology.cores", "3"]);
    site.start_refused(&["network.faults=drop=200%"]).expect_refusal(&["drop"]);
    assert!(!site.journal().exists(), "a refused start leaves nothing behind");
}

#[test]
fn a_journal_under_other_rules_is_refused() {
    let site = Site::new();
    site.start().stop();
    site.start_refused(&["limits.orders=131072"])
        .expect_refusal(&["fingerprint", &site.journal().display().to_string()]);
    site.start().stop();
}

#[test]
fn a_damaged_journal_is_refused() {
    let site = Site::new().with("snapshot.interval_ms=0");
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    appliance.stop();

    let mut segments: Vec<_> = fs::read_dir(site.journal())
        .expect("a journal")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .collect();
    segments.sort();
    let damaged = &segments[0];
    let whole = fs::read(damaged).expect("a segment");
    let mut bytes = whole.clone();
    bytes[1_000_000] ^= 0x10;
    fs::write(damaged, &bytes).expect("the test's own file");
    let refused = site.start_refused(&[]);
    refused.expect_refusal(&[&damaged.display().to_string(), "at byte", "record", "Restore"]);
    let offset: usize = refused
        .err
        .split_once("at byte ")
        .and_then(|(_, rest)| rest.split([',', ' ']).next()?.parse().ok())
        .expect("an offset");
    assert!((1_000_000 - 200..=1_000_000).contains(&offset), "{}", refused.err);
    assert_eq!(fs::read(damaged).expect("a segment"), bytes, "a refused start changes nothing");
    assert_eq!(site.journal_command("verify").status.code(), Some(1));
    assert!(refused.err.contains("pinion journal cut DIR --behind "), "{}", refused.err);

    fs::write(damaged, whole).expect("the test's own file");
    site.start().stop();
}

/// After an orderly stop nothing is left to replay; with the snapshots damaged the journal leads to the same state.
#[test]
fn snapshots_shorten_the_start_and_are_not_needed_for_it() {
    let site = Site::new().with("snapshot.interval_ms=50");
    let appliance = site.start();
    assert_eq!(appliance.snapshot_seq(), None);
    assert_published(site.replay(&flow(), &[]));
    let first = appliance.stop();

    let appliance = site.start();
    assert_eq!((appliance.snapshot_seq(), appliance.replayed_records()), (Some(first.seq), 0));
    let second = appliance.stop();
    assert_eq!((second.seq, &second.state_hash), (first.seq, &first.state_hash));

    let snapshots: Vec<_> = fs::read_dir(site.journal())
        .expect("a journal")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "snap"))
        .collect();
    assert!(!snapshots.is_empty());
    for snapshot in &snapshots {
        let mut bytes = fs::read(snapshot).expect("a snapshot");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(snapshot, bytes).expect("the test's own file");
    }
    let appliance = site.start();
    assert_eq!((appliance.snapshot_seq(), appliance.replayed_records()), (None, first.seq));
    let third = appliance.stop();
    assert_eq!((third.seq, third.state_hash), (first.seq, first.state_hash));
}

#[test]
fn a_wrong_key_is_told() {
    let site = Site::new();
    let appliance = site.start();
    site.replay(&flow(), &["--key", &"00".repeat(32)]).expect_refusal(&["login refused", "key"]);
    let summary = appliance.stop();
    assert_eq!((summary.counter("logins_refused"), summary.counter("logins")), (1, 0), "{summary:?}");
}
