//! Snapshots and journals that are damaged, cut, gone, or of somewhere else.

use crate::site::{Site, config, recover, recovered_alike, save};
use engine::config::Config;
use engine::journal::JournalError;
use engine::recovery::From;
use engine::snapshot::SnapshotName;
use std::fs;
use std::path::{Path, PathBuf};
use wire::Seq;

/// Three snapshots with life in between and behind.
fn lived(dir: &Path) -> (Config, [SnapshotName; 3]) {
    let config = config(dir, "mapped");
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    let names = [(); 3].map(|()| {
        site.trade(60);
        save(&mut follower)
    });
    site.trade(20);
    (config, names)
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).collect();
    paths.sort();
    paths
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_one_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, names) = lived(dir.path());
    for (damaged, expected) in [(2, Some(names[1].seq)), (1, Some(names[0].seq)), (0, None)] {
        let path = &names[damaged].path;
        let mut bytes = fs::read(path).expect("a snapshot");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(path, bytes).expect("written");
        let (_, passed_over, snapshot) = recovered_alike(&config);
        assert_eq!((passed_over, snapshot), (3 - damaged, expected));
    }
}

#[test]
fn whatever_byte_is_damaged_or_missing_the_state_is_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, names) = lived(dir.path());
    let newest = &names[2];
    let whole = fs::read(&newest.path).expect("a snapshot");
    for at in (0..whole.len()).step_by(whole.len() / 48) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&newest.path, damaged).expect("written");
        let recovered = recover(&config, From::Snapshot).expect("from another snapshot");
        assert_eq!(recovered.snapshot.map(|name| name.seq), Some(names[1].seq), "byte {at}");
        drop(recovered.journal);
        fs::write(&newest.path, &whole[..at]).expect("written");
        let recovered = recover(&config, From::Snapshot).expect("from another snapshot");
        assert_eq!(recovered.snapshot.map(|name| name.seq), Some(names[1].seq), "{at} bytes");
        drop(recovered.journal);
    }
    fs::write(&newest.path, &whole).expect("written");
    assert_eq!(recovered_alike(&config).2, Some(newest.seq));
}

#[test]
fn segments_before_the_snapshot_need_not_be_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path(), "mapped");
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(16_000);
    let name = save(&mut follower);
    site.trade(40);
    let state = site.harness.venue.exchange().state_hash();
    drop((site, follower));
    let paths = segments(&config.journal.dir);
    assert!(paths.len() > 2, "{} segments", paths.len());
    fs::remove_file(&paths[0]).expect("removed");
    let recovered = recover(&config, From::Snapshot).expect("from the snapshot");
    assert_eq!(recovered.snapshot.map(|name| name.seq), Some(name.seq));
    assert_eq!(recovered.venue.exchange().state_hash(), state);
    drop(recovered.journal);
    // Without the snapshot the journal has no beginning.
    fs::remove_file(&name.path).expect("removed");
    let error = recover(&config, From::Snapshot).err().expect("refused");
    let JournalError::NoWay { journal, snapshots } = &error else { panic!("{error}") };
    assert!(matches!(**journal, JournalError::MissingSegment { expected: 0, .. }) && snapshots == "there is none");
    assert!(error.to_string().contains("What is left to do"), "{error}");
}

/// The journal has lost what the snapshot stands on: the loss of power under `mapped`, or a journal restored from an old copy.
#[test]
fn a_snapshot_that_is_ahead_of_the_journal_is_not_used() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, names) = lived(dir.path());
    let journal = recover(&config, From::Genesis).expect("whole").journal;
    drop(journal);
    let path = segments(&config.journal.dir).into_iter().next().expect("a segment");
    let mut bytes = fs::read(&path).expect("a segment");
    let mut reader = engine::journal::Reader::open(&config.journal.dir).expect("reads");
    let mut cut = None;
    while let Some(record) = reader.next().expect("whole") {
        if record.seq == names[2].seq {
            cut = usize::try_from(record.position.offset).ok();
        }
    }
    let cut = cut.expect("the record of the newest snapshot");
    bytes[cut..].fill(0);
    fs::write(&path, bytes).expect("written");
    fs::remove_file(config.journal.dir.join("durable.mark")).expect("a mark");
    let recovered = recover(&config, From::Snapshot).expect("from an earlier one");
    assert_eq!(recovered.snapshot.map(|name| name.seq), Some(names[1].seq));
    assert_eq!(recovered.journal.report.last_seq, Seq(names[2].seq.get() - 1));
    assert!(recovered.passed_over[0].to_string().contains("does not hold record"), "{}", recovered.passed_over[0]);
}

#[test]
fn a_snapshot_of_other_rules_or_another_journal_is_not_used() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, names) = lived(dir.path());
    let other = tempfile::tempdir().expect("a directory");
    let (_, others) = lived(other.path());
    // Under a name that fits this journal.
    let stranger = SnapshotName::new(&config.journal.dir, names[2].epoch, Seq(names[2].seq.get() + 1));
    fs::copy(&others[2].path, &stranger.path).expect("copied");
    let (_, passed_over, snapshot) = recovered_alike(&config);
    assert_eq!((passed_over, snapshot), (1, Some(names[2].seq)));
    // Under its own name it is not even looked at.
    fs::rename(&stranger.path, SnapshotName::new(&config.journal.dir, others[2].epoch, others[2].seq).path)
        .expect("moved");
    assert_eq!(recovered_alike(&config).1, 0);
    let mut changed = config.clone();
    changed.limits.orders -= 1;
    let error = recover(&changed, From::Snapshot).err().expect("other rules");
    assert!(matches!(error, JournalError::Fingerprint { .. }), "{error}");
}

#[test]
fn a_half_written_snapshot_is_removed_at_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, names) = lived(dir.path());
    let half = names[2].path.with_extension("snap.preparing");
    fs::write(&half, b"half a snapshot").expect("written");
    assert_eq!(recovered_alike(&config).2, Some(names[2].seq));
    assert!(!half.exists());
}
