//! SIGKILL in the middle of the work: what was acknowledged stands, and work goes on where it was.

use crate::journal_dump::assert_each_once;
use crate::process::wait_until;
use crate::recording::{assert_published, flow, published_sha256};
use crate::site::Site;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Kills the appliance each time when the client holds so many bytes of reports.
fn killed_at(durability: &str, points: &[u64]) {
    killed_in(&Site::new().with(format!("journal.durability={durability}")), points);
}

fn killed_in(site: &Site, points: &[u64]) {
    let reports = site.path("reports.txt");
    let mut appliance = site.start();
    // By the clock, and slowly, so that the replay is still under way when the last kill comes: after each it makes up for lost time.
    let more = ["--rate", "12000", "--reports", reports.to_str().expect("a plain path")];
    let replay = site.spawn(site.replay_command(&flow(), &more), "replay");
    let mut replayed = appliance.replayed();
    for &point in points {
        wait_until("the reports to grow", || len(&reports) >= point);
        appliance.kill();
        appliance = site.start();
        assert!(appliance.replayed() > replayed, "nothing was journaled before the kill at {point} bytes");
        replayed = appliance.replayed();
    }
    assert_published(replay.wait());
    assert_eq!(
        Sha256::digest(fs::read(&reports).expect("written"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
        published_sha256(),
        "what is written is what was hashed"
    );
    let summary = appliance.stop();
    assert!(summary.counter("messages") > 0, "the last kill came after the replay: {summary:?}");
    assert_each_once(&site.applied_messages());

    let appliance = site.start();
    assert_eq!(appliance.replayed(), summary.seq);
    assert_eq!(appliance.stop().state_hash, summary.state_hash, "replay comes to the state of the live run");
}

#[test]
fn once_early_mapped() {
    killed_at("mapped", &[1]);
}

#[test]
fn once_late_synced() {
    killed_at("synced", &[700_000]);
}

/// With a snapshot always under way.
#[test]
fn again_and_again_between_snapshots() {
    let site = Site::new().with("snapshot.interval_ms=1").with("journal.durability=synced");
    killed_in(&site, &[100_000, 250_000, 400_000, 550_000, 700_000]);
}

#[test]
fn again_and_again_mapped() {
    killed_at("mapped", &[100_000, 250_000, 400_000, 550_000, 700_000]);
}

#[test]
fn again_and_again_synced() {
    killed_at("synced", &[100_000, 250_000, 400_000, 550_000, 700_000]);
}

/// A client that starts anew knows nothing, and goes on with the numbers that the venue tells it.
#[test]
fn of_the_client_then_another_one() {
    let site = Site::new();
    let reports = site.path("reports.txt");
    let appliance = site.start();
    let more = ["--rate", "20000", "--reports", reports.to_str().expect("a plain path")];
    let replay = site.spawn(site.replay_command(&flow(), &more), "replay");
    wait_until("some reports", || len(&reports) > 100_000);
    replay.kill();
    // What the first one left in the book is of another instrument.
    assert_published(site.replay(&flow(), &["--symbol", "ALC"]));
    // And once more, after an orderly logout.
    assert_published(site.replay(&flow(), &["--symbol", "BOB"]));
    let summary = appliance.stop();
    assert_eq!(summary.counter("logins"), 3, "{summary:?}");
    assert_each_once(&site.applied_messages());
}

/// The venue dies while nobody is there, and its client comes back later.
#[test]
fn between_two_replays() {
    let site = Site::new();
    let appliance = site.start();
    assert_published(site.replay(&flow(), &[]));
    appliance.kill();
    let appliance = site.start();
    assert_published(site.replay(&flow(), &["--symbol", "ALC"]));
    appliance.stop();
    assert_each_once(&site.applied_messages());
}
