//! Under `mapped`: what a loss of power takes from under a snapshot.

use crate::site::{Site, recover, save};
use crate::yard::{config, live, prune};
use engine::config::{Archive, Config};
use engine::journal::Reader;
use engine::recovery::From;
use engine::snapshot::SnapshotName;
use std::fs;
use wire::Seq;

/// The journal loses this record and all after it, as a loss of power may have it.
fn lose_from(config: &Config, seq: Seq) {
    let mut reader = Reader::open_oldest(&config.journal.dir).expect("reads");
    let mut at = None;
    while let Some(record) = reader.next().expect("whole") {
        if record.seq == seq {
            at = Some(record.position);
        }
    }
    let at = at.expect("the record");
    for segment in engine::journal::directory::segments(&config.journal.dir).expect("listed") {
        if segment.index > at.segment {
            fs::remove_file(&segment.path).expect("removed");
        } else if segment.index == at.segment {
            let mut bytes = fs::read(&segment.path).expect("a segment");
            bytes[usize::try_from(at.offset).expect("small")..].fill(0);
            fs::write(&segment.path, bytes).expect("written");
        }
    }
    let _ = fs::remove_file(config.journal.dir.join("durable.mark"));
}

#[test]
fn no_segment_goes_by_a_snapshot_whose_record_is_in_memory_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config(dir.path(), "mapped", Archive::None);
    // Later segments are so large that none of them is full, and none is synced.
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(1_200);
    drop((site, follower));
    config.journal.segment_bytes = 8 << 20;
    site = Site::open(&config);
    while site.journal.watch.segment() == live(&config)[0] || site.journal.watch.synced_seq() == Seq(0) {
        site.trade(40);
    }
    follower = site.follower();
    site.trade(1_200);
    let certain = site.journal.watch.synced_seq();
    for _ in 0..4 {
        site.trade(80);
        assert!(save(&mut follower).seq > certain);
    }
    assert_eq!(site.journal.watch.synced_seq(), certain, "the segment is not full");
    assert_eq!(prune(&config, &site.journal), []);
    let names = SnapshotName::list(&config.journal.dir).expect("listed");
    let newest = names.last().expect("a snapshot").seq;
    // The power goes, and takes all that is not certain: a start reads the whole journal.
    drop((site, follower));
    lose_from(&config, Seq(certain.get() + 1));
    let recovered = recover(&config, From::Snapshot).expect("from the first record");
    assert_eq!((recovered.venue.seq(), recovered.snapshot.is_none()), (certain, true));
    assert_eq!(recovered.passed_over.len(), names.len(), "{newest} and those before it");
}

#[test]
fn snapshots_of_a_future_that_was_lost_give_way_to_those_of_the_one_that_came() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped", Archive::None);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    let mut saved = Vec::new();
    for _ in 0..4 {
        site.trade(200);
        saved.push(save(&mut follower));
    }
    drop((site, follower));
    // The newest two stand behind records that are lost.
    lose_from(&config, Seq(saved[1].seq.get() + 20));
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    assert_eq!(follower.seq(), saved[1].seq);
    let before = SnapshotName::list(&config.journal.dir).expect("listed");
    assert!(before.contains(&saved[3]), "nothing is removed before something stands in its place");
    site.trade(40);
    let next = save(&mut follower);
    assert!(next.seq < saved[2].seq, "the test is about a snapshot that is older by its name");
    let names = SnapshotName::list(&config.journal.dir).expect("listed");
    assert!(names.contains(&next) && names.contains(&saved[1]), "{names:?}");
    assert!(!names.contains(&saved[2]) && !names.contains(&saved[3]), "{names:?}");
    site.trade(8);
    let (hash, last) = (site.harness.venue.exchange().state_hash(), site.harness.venue.seq());
    drop((site, follower));
    let recovered = recover(&config, From::Snapshot).expect("from the new one");
    assert_eq!((recovered.snapshot.map(|name| name.seq), recovered.passed_over.len()), (Some(next.seq), 0));
    assert_eq!((recovered.venue.exchange().state_hash(), recovered.venue.seq()), (hash, last));
}
