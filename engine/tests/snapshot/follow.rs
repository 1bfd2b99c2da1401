//! A follower, and restarts from what it wrote.

use crate::site::{Site, config, recover, recovered_alike, save};
use engine::journal::{AppendError, Watch};
use engine::recovery::From;
use engine::snapshot::{FollowerThread, SnapshotName};
use std::fs;
use std::time::Duration;
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

#[test]
fn a_restart_replays_only_what_came_after_the_snapshot() {
    for durability in ["mapped", "synced"] {
        let dir = tempfile::tempdir().expect("a directory");
        let config = config(dir.path(), durability);
        let mut site = Site::open(&config);
        let mut follower = site.follower();
        assert_eq!(save(&mut follower).seq, site.harness.venue.seq());
        assert!(follower.save().expect("no error").is_none(), "nothing has happened since");
        site.trade(400);
        let name = save(&mut follower);
        site.trade(80);
        let after = site.harness.venue.seq().get() - name.seq.get();
        drop((site, follower));
        assert_eq!(recovered_alike(&config), (after, 0, Some(name.seq)), "{durability}");
    }
}

#[test]
fn life_goes_on_over_many_restarts_and_segments() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped");
    for life in 0..4 {
        let mut site = Site::open(&config);
        let mut follower = site.follower();
        assert_eq!(follower.seq().get() > 0, life > 0, "it begins at the newest snapshot");
        for _ in 0..3 {
            site.trade(2_500);
            save(&mut follower);
        }
        site.trade(100);
        drop((site, follower));
        let (records, passed_over, snapshot) = recovered_alike(&config);
        assert!(records > 100 && records < 600, "{records} records behind the snapshot");
        assert_eq!((passed_over, snapshot.is_some()), (0, true));
    }
    let segments = fs::read_dir(&config.journal.dir).expect("a directory").flatten();
    let segments =
        segments.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "seg")).count();
    assert!(segments > 2, "the journal has come to {segments} segments");
    // In memory only, what the newest three stand behind may be lost with the power; so three that stand on the disk stay too.
    assert_eq!(SnapshotName::list(&config.journal.dir).expect("listed").len(), 6, "the newest are kept");
}

#[test]
fn the_thread_takes_snapshots_and_a_last_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "synced");
    let mut site = Site::open(&config);
    let thread = FollowerThread::spawn(site.follower(), Duration::from_millis(1)).expect("a thread");
    let mut turns = 0;
    while thread.taken().0 < 3 {
        site.trade(40);
        std::thread::sleep(Duration::from_millis(5));
        turns += 1;
        assert!(turns < 2_000 && thread.failure().is_none() && thread.warning().is_none(), "no snapshot is taken");
    }
    site.trade(40);
    let last = thread.stop().expect("no failure").expect("a last one").name.seq;
    assert_eq!(last, site.harness.venue.seq());
    drop(site);
    assert_eq!(recovered_alike(&config), (0, 0, Some(last)));
}

/// A record behind which the state has another hash: the follower says so while the venue still runs.
#[test]
fn a_follower_that_comes_to_another_state_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped");
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(8);
    while follower.follow().expect("the same state") > 0 {}
    let seq = site.journal.appender.next_seq();
    let appended = site.journal.appender.append(seq, Nanos(u64::MAX / 2), RecordKind::StateHash, &7u64.to_le_bytes());
    assert!(appended.is_ok() || appended == Err(AppendError::WouldBlock));
    let error = follower.follow().expect_err("the hash is not the state's").to_string();
    assert!(error.contains("0000000000000007"), "{error}");
}

/// What is appended and not durable yet is none of a follower's business.
#[test]
fn a_follower_stops_at_what_is_durable() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "synced");
    let mut site = Site::open(&config);
    site.trade(8);
    let mut follower = site.follower();
    while follower.follow().expect("the same state") > 0 {}
    let durable = |watch: &Watch| watch.durable_seq();
    let before = durable(&site.journal.watch);
    assert_eq!(follower.seq(), before);
    let seq = site.journal.appender.next_seq();
    site.journal.appender.append(seq, Nanos(u64::MAX / 2), RecordKind::Elect, &[0; 8]).expect("room");
    assert_eq!((durable(&site.journal.watch), site.journal.watch.appended_seq()), (before, seq));
    assert_eq!(follower.follow().expect("nothing to read"), 0);
    assert_eq!(follower.seq(), before);
}

#[test]
fn a_client_can_ask_for_the_newest_reports_of_before_the_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped");
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(200);
    save(&mut follower);
    drop((site, follower));
    let recovered = recover(&config, From::Snapshot).expect("from the snapshot");
    let next = recovered.venue.exchange().sessions()[0].next_outbound();
    let oldest = recovered.venue.gateway().oldest_outbound(wire::SessionIndex(0));
    assert_eq!((oldest, recovered.snapshot.map(|name| name.seq > Seq(0))), (next - 32, Some(true)));
}

#[test]
fn how_far_a_recovery_is_can_be_seen() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped");
    let mut site = Site::open(&config);
    site.trade(1_500);
    drop(site);
    let progress = engine::progress::Progress::default();
    let ground = engine::ground::Ground::default();
    let now = wire::Nanos(crate::harness::START);
    let recovered = engine::recovery::recover_watched(From::Genesis, &config, &ground, now, &progress);
    let report = recovered.expect("a journal").journal.report.clone();
    let seen = progress.seen();
    assert_eq!(seen.records, report.records);
    assert!(seen.bytes > 50 * (seen.records - 1_024) && seen.bytes < seen.bytes_expected, "{seen:?}");
    assert_eq!(seen.bytes_expected, (1 << 20) - 64, "one segment, behind its header");
}
