//! A venue that lives on over many restarts while its journal is pruned.

use crate::site::{Site, recover, recovered_alike, save};
use crate::yard::{config, copied, live, packed, prune, retention, walked};
use engine::config::Archive;
use engine::journal::{JournalError, LocalDisk, Reader, archive, directory, inspect};
use engine::past::{Moment, stood};
use engine::recovery::From;
use engine::retention::{RetentionThread, Step};
use engine::snapshot::{FollowerThread, SnapshotName};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::Seq;

/// Spoils the newest snapshot.
fn damage_newest(config: &engine::config::Config) -> SnapshotName {
    let newest = SnapshotName::list(&config.journal.dir).expect("listed").pop().expect("a snapshot");
    let mut bytes = fs::read(&newest.path).expect("a snapshot");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&newest.path, bytes).expect("written");
    newest
}

#[test]
fn pruned_hard_it_comes_to_the_same_state_after_every_restart_and_can_fall_back() {
    for (durability, archive) in [("synced", Archive::None), ("mapped", Archive::Zstd)] {
        let dir = tempfile::tempdir().expect("a directory");
        let config = config(dir.path(), durability, archive);
        let mut pruned = 0;
        for life in 0..5 {
            let mut site = Site::open(&config);
            let mut follower = site.follower();
            for _ in 0..4 {
                site.trade(240);
                save(&mut follower);
                pruned += prune(&config, &site.journal).len();
            }
            site.trade(40);
            let (hash, last) = (site.harness.venue.exchange().state_hash(), site.harness.venue.seq());
            drop((site, follower));
            let expect_same = |config: &engine::config::Config, passed_over: usize, what: &str| {
                let recovered = recover(config, From::Snapshot).unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(recovered.passed_over.len(), passed_over, "{what}");
                assert_eq!((recovered.venue.exchange().state_hash(), recovered.venue.seq()), (hash, last), "{what}");
            };
            expect_same(&config, 0, &format!("{durability}, life {life}"));
            // The newest snapshot is damaged: the one before it, and the segments behind that one, are there.
            let spoilt = tempfile::tempdir().expect("a directory");
            let there = copied(&config, spoilt.path());
            damage_newest(&there);
            expect_same(&there, 1, &format!("{durability}, life {life}, the newest damaged"));
            if archive == Archive::Zstd {
                recovered_alike(&config);
                assert_eq!(walked(&config), (Seq(1), last), "with the archive it is all there");
            } else {
                assert_eq!(walked(&config).1, last);
            }
        }
        assert!(pruned > 10, "{pruned} segments went");
        assert!(live(&config)[0] >= pruned as u64, "{:?}", live(&config));
        if archive == Archive::None {
            assert_eq!(packed(&config), []);
            assert!(walked(&config).0 > Seq(1));
            let verified = inspect::verify(&config.journal.dir).expect("whole, as far as it goes");
            assert_eq!(verified.first_seq, walked(&config).0);
            assert!(verified.to_string().contains("have been pruned"), "{verified}");
            let error = Reader::open(&config.journal.dir).expect_err("its beginning is gone");
            assert!(matches!(error, JournalError::MissingSegment { expected: 0, .. }), "{error}");
            // No snapshot, no way: and the error says what is left.
            for name in SnapshotName::list(&config.journal.dir).expect("listed") {
                fs::remove_file(name.path).expect("removed");
            }
            let error = recover(&config, From::Snapshot).err().expect("no way");
            assert!(matches!(error, JournalError::NoWay { .. }), "{error}");
            let error = stood(&config, &config.journal.dir, Moment::End).err().expect("nor for whoever only looks");
            assert!(error.to_string().contains("What is left to do"), "{error}");
        }
    }
}

#[test]
fn two_snapshots_that_can_be_used_are_what_segments_go_by() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "synced", Archive::Zstd);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(800);
    assert_eq!(prune(&config, &site.journal), [], "no snapshot");
    let first = save(&mut follower);
    site.trade(800);
    assert_eq!(prune(&config, &site.journal), [], "one snapshot: damaged, it would be the end");
    save(&mut follower);
    let spoilt = fs::read(&first.path).expect("a snapshot");
    fs::write(&first.path, &spoilt[..spoilt.len() - 1]).expect("written");
    assert_eq!(prune(&config, &site.journal), [], "one and a damaged one");
    fs::write(&first.path, &spoilt).expect("written");
    let segments = directory::segments(&config.journal.dir).expect("listed");
    let bytes = fs::read(&segments[0].path).expect("a segment");
    let steps = prune(&config, &site.journal);
    let there = directory::archived_path(&config.journal.dir, segments[0].epoch, 0);
    assert!(archive::unpack(&there).expect("a packed segment") == bytes, "byte for byte");
    assert!(fs::metadata(&there).expect("there").len() < bytes.len() as u64 / 2, "it is the smaller for it");
    assert!(steps.len() > 2, "{steps:?}");
    assert!(steps.iter().all(|step| matches!(step, Step::Pruned { packed_bytes: Some(1..), .. })), "{steps:?}");
    assert_eq!(packed(&config).len(), steps.len());
}

#[test]
fn as_much_stays_as_was_asked_for_and_the_archive_forgets_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config(dir.path(), "synced", Archive::Zstd);
    config.journal.keep_bytes = 0;
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    for _ in 0..3 {
        site.trade(800);
        save(&mut follower);
    }
    assert_eq!(prune(&config, &site.journal), [], "0 keeps all");
    config.journal.keep_bytes = 5 * crate::yard::SEGMENT_LEN;
    prune(&config, &site.journal);
    let full = live(&config).into_iter().filter(|index| *index < site.journal.watch.segment()).count();
    assert_eq!(full, 5);
    config.journal.keep_bytes = 1;
    prune(&config, &site.journal);
    let before = packed(&config);
    config.journal.archive_keep_bytes = 20_000;
    prune(&config, &site.journal);
    let after = packed(&config);
    assert!(!after.is_empty() && after.len() < before.len(), "{before:?} {after:?}");
    assert_eq!(after, before[before.len() - after.len()..], "the oldest went");
    assert!(walked(&config).0 > Seq(1));
}

#[test]
fn a_follower_that_lags_is_waited_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "synced", Archive::None);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    let lagging = site.follower();
    for _ in 0..3 {
        site.trade(800);
        save(&mut follower);
    }
    assert_eq!(prune(&config, &site.journal), [], "somebody has read nothing yet");
    let mut lagging = lagging;
    while lagging.follow().expect("nothing was taken away") > 0 {}
    assert!(!prune(&config, &site.journal).is_empty());
    let held = site.journal.watch.hold(live(&config)[0] + 1);
    site.trade(800);
    while lagging.follow().expect("the same state") > 0 {}
    save(&mut follower);
    site.trade(800);
    while lagging.follow().expect("the same state") > 0 {}
    save(&mut follower);
    assert_eq!(prune(&config, &site.journal).len(), 1, "up to what is held");
    drop(held);
    assert!(!prune(&config, &site.journal).is_empty());
}

#[test]
fn whoever_walks_a_journal_while_it_is_pruned_sees_all_of_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "synced", Archive::Zstd);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    for _ in 0..3 {
        site.trade(1_200);
        save(&mut follower);
    }
    let last = site.harness.venue.seq();
    let mut begun = Reader::open(&config.journal.dir).expect("reads");
    assert_eq!(begun.next().expect("whole").expect("a record").seq, Seq(1));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let walking = scope.spawn(|| {
            let mut walks = 0;
            while !done.load(Ordering::Relaxed) || walks == 0 {
                assert_eq!(walked(&config), (Seq(1), last));
                walks += 1;
            }
        });
        let mut retention = retention(&config, Arc::new(LocalDisk), &site.journal);
        while let Some(step) = retention.turn().expect("whole") {
            assert!(matches!(step, Step::Pruned { .. }));
        }
        done.store(true, Ordering::Relaxed);
        walking.join().expect("no gap");
    });
    assert!(packed(&config).len() > 5, "{:?}", packed(&config));
    // Who had listed the segments before they went finds them where they are now.
    let mut seen = 1;
    while begun.next().expect("whole").is_some() {
        seen += 1;
    }
    assert_eq!(seen, last.get());
}

#[test]
fn threads_follow_and_prune_beside_a_venue_that_trades() {
    for durability in ["synced", "mapped"] {
        let dir = tempfile::tempdir().expect("a directory");
        let config = config(dir.path(), durability, Archive::Zstd);
        let mut site = Site::open(&config);
        let follower = FollowerThread::spawn(site.follower(), Duration::from_millis(5)).expect("a thread");
        let pruning = RetentionThread::spawn(retention(&config, Arc::new(LocalDisk), &site.journal)).expect("a thread");
        let patience = Instant::now() + Duration::from_secs(30);
        while pruning.pruned() < 8 {
            assert!(Instant::now() < patience, "{} segments went, of {:?}", pruning.pruned(), live(&config));
            site.trade(40);
        }
        assert_eq!((pruning.warning(), follower.warning(), follower.failure()), (None, None, None), "{durability}");
        drop(pruning);
        follower.stop().expect("the same state");
        let last = site.harness.venue.seq();
        drop(site);
        assert!(packed(&config).len() >= 8, "{durability}");
        assert_eq!(walked(&config), (Seq(1), last), "{durability}");
        let (records, passed_over, _) = recovered_alike(&config);
        assert_eq!((records, passed_over), (0, 0), "{durability}: the last snapshot stands at the end");
    }
}
