//! A store that was lost, cut, damaged or exchanged: the journal makes it again.

use crate::site::{Site, save};
use crate::storing::{Storing, files, published, small, stored};
use engine::config::Config;
use engine::messages::feed_dir;
use std::fs;
use std::path::Path;
use wire::feed::StreamKind;

/// A store with files of several lives.
fn used(dir: &Path) -> Config {
    let config = small(dir);
    for _ in 0..2 {
        let mut site = Site::open(&config);
        let mut storing = Storing::begin(&site);
        for _ in 0..2 {
            site.trade(400);
            save(&mut storing.follower);
        }
        site.trade(30);
        storing.follow();
    }
    config
}

/// Starts, with another day's trade before and after the repair; everything is there in the end, and stays.
fn comes_back(config: &Config, what: &str) {
    let mut site = Site::open(config);
    let mut storing = Storing::begin(&site);
    site.trade(60);
    storing.follow();
    let (mut follower, archive) = storing.repaired();
    site.trade(60);
    while follower.follow().expect("the same state") > 0 {}
    let expected = published(config);
    assert!(stored(&archive) == expected, "{what}");
    assert!(archive.told.take().is_some(), "{what}: somebody is told");
    save(&mut follower);
    drop((site, follower));
    let site = Site::open(config);
    let mut storing = Storing::begin(&site);
    storing.follow();
    let (_, archive) = storing.repaired();
    assert!(stored(&archive) == published(config), "{what}: also after a restart");
    assert_eq!(archive.told.take(), None, "{what}: nothing is missing any more");
}

#[test]
fn a_lost_store_is_made_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = used(dir.path());
    fs::remove_dir_all(feed_dir(&config.journal.dir)).expect("removed");
    comes_back(&config, "lost");
}

#[test]
fn any_file_may_be_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = used(dir.path());
    for kind in StreamKind::ALL {
        let count = files(&config, kind).len();
        assert!(kind == StreamKind::Depth || count > 3, "{count} files");
        for place in [0, 1 % count, count.saturating_sub(2), count - 1] {
            fs::remove_file(&files(&config, kind)[place]).expect("removed");
            comes_back(&config, &format!("file {place} of {kind:?}"));
        }
    }
}

#[test]
fn any_byte_may_be_another() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = used(dir.path());
    let last = |config: &Config| files(config, StreamKind::Depth).pop().expect("a file");
    for (place, share) in [(0, 0), (0, 50), (1, 1), (1, 99), (usize::MAX, 10), (usize::MAX, 60)] {
        let path = files(&config, StreamKind::Depth).get(place).cloned().unwrap_or_else(|| last(&config));
        let mut bytes = fs::read(&path).expect("read");
        let used = bytes.iter().rposition(|byte| *byte != 0).expect("it is used");
        bytes[used * share / 100] ^= 0x10;
        fs::write(&path, bytes).expect("written");
        comes_back(&config, &format!("byte at {share}% of file {place}"));
    }
}

#[test]
fn files_that_are_cut_short_or_of_somebody_else_are_not_believed() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = used(dir.path());
    for place in [0, 2] {
        let path = files(&config, StreamKind::Tick)[place].clone();
        let bytes = fs::read(&path).expect("read");
        fs::write(&path, &bytes[..bytes.len() / 3]).expect("cut");
        comes_back(&config, &format!("file {place} is cut"));
        fs::write(&path, b"").expect("cut");
        comes_back(&config, &format!("file {place} is empty"));
    }
    let files = files(&config, StreamKind::Tick);
    fs::copy(&files[1], &files[0]).expect("copied");
    comes_back(&config, "another file under its name");
}

#[test]
fn what_the_journal_does_not_reach_any_more_is_not_answered_and_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = small(dir.path());
    (config.journal.keep_bytes, config.journal.archive) = (1, engine::config::Archive::None);
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    let disk = std::sync::Arc::new(engine::journal::LocalDisk);
    for _ in 0..6 {
        site.trade(3_000);
        save(&mut storing.follower);
    }
    // The repair of this life has nothing to do, and lets the journal go.
    let (mut follower, _) = storing.repaired();
    let mut retention =
        engine::retention::Retention::new(&config, disk, site.journal.watch.clone()).expect("a journal");
    let mut pruned = 0;
    for _ in 0..40 {
        site.trade(600);
        save(&mut follower);
        pruned += u64::from(retention.turn().expect("a step").is_some());
        if pruned > 1 {
            break;
        }
    }
    assert!(pruned > 1, "segments were pruned");
    drop((site, follower, retention));
    fs::remove_dir_all(feed_dir(&config.journal.dir)).expect("removed");
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    storing.follow();
    let (mut follower, archive) = storing.repaired();
    site.trade(60);
    while follower.follow().expect("the same state") > 0 {}
    let told: Vec<_> = std::iter::from_fn(|| archive.told.take()).collect();
    assert!(told.iter().any(|text| text.contains("cannot be made again")), "{told:?}");
    for &stream in archive.streams() {
        let stored = archive.stream(stream).expect("a stream");
        let missing = stored.missing();
        assert!(matches!(missing[..], [(1, _)]), "{missing:?}: only what lies before the oldest snapshot");
        let mut scratch = engine::messages::Scratch::default();
        let mut out = [0; 1_388];
        let answer = |from, scratch: &mut _, out: &mut _| stored.copy(from, 3, out, scratch);
        assert_eq!(answer(1, &mut scratch, &mut out), engine::messages::Answer::Missing);
        for from in missing[0].1..stored.next() {
            let answer = answer(from, &mut scratch, &mut out);
            assert!(matches!(answer, engine::messages::Answer::Blocks { .. }), "{from}: {answer:?}");
        }
    }
}
