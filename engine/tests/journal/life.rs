//! A journal's life in order: new, appended to, full segments, stopped, opened again, refused to strangers, failing disks.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use engine::journal::{AppendError, Disk, Durability, JournalError, LocalDisk, Options, Status, open};
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

use crate::fixture::{
    FINGERPRINT, GENESIS, append_next, append_to, assert_lines, line, open_lines, options, segment_paths, sync_to, walk,
};

/// A disk that fails when told to, and counts.
#[derive(Default)]
struct MoodyDisk {
    syncs: AtomicU64,
    refuse_sync: AtomicBool,
    refuse_fill: AtomicBool,
}

impl Disk for MoodyDisk {
    fn sync(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        if self.refuse_sync.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is gone"));
        }
        LocalDisk.sync(file)
    }

    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        if self.refuse_fill.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        LocalDisk.fill(file, offset, len)
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < patience, "{what} did not come");
        thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn records_come_back_over_many_segments_and_restarts() {
    for durability in [Durability::Mapped, Durability::Synced] {
        let dir = tempfile::tempdir().expect("a directory");
        let options = options(dir.path(), durability);
        let mut last = 1;
        for restart in 0..4 {
            let (mut journal, replayed) = open_lines(&options).expect("opens");
            assert_lines(&replayed, last, &format!("restart {restart}"));
            assert_eq!(journal.report.created, restart == 0);
            assert_eq!(journal.report.records, last);
            assert_eq!(journal.watch.durable_seq(), Seq(last), "all that was replayed is durable");
            assert_eq!(journal.report.cut, None);
            last += 400;
            sync_to(&mut journal, last);
        }
        let (seen, torn) = walk(dir.path());
        assert_lines(&seen, last, "walked");
        assert!(!torn.expect("whole"));
        assert!(segment_paths(dir.path()).len() > 5, "the test is about many segments");
    }
}

#[test]
fn threads_make_all_durable_and_never_more_than_was_appended() {
    let dir = tempfile::tempdir().expect("a directory");
    let (journal, _) = open_lines(&options(dir.path(), Durability::Synced)).expect("opens");
    let (mut appender, watch) = (journal.appender, journal.watch);
    let threads = journal.helper.spawn().expect("threads");
    let mut before = Seq(0);
    while appender.next_seq() <= Seq(3_000) {
        let (seq, time, _, body) = line(appender.next_seq().get());
        match appender.append(Seq(seq), Nanos(time), RecordKind::SessionMessage, &body) {
            Ok(_) => {}
            Err(AppendError::WouldBlock) => thread::yield_now(),
            Err(error) => panic!("{error}: {:?}", watch.status()),
        }
        let durable = watch.durable_seq();
        assert!(durable >= before && durable <= watch.appended_seq(), "{before} {durable}");
        before = durable;
    }
    wait_until("durability", || watch.durable_seq() == Seq(3_000));
    assert_eq!(watch.status(), Status::Running);
    threads.stop().expect("an orderly end");
    assert_eq!(watch.status(), Status::Stopped);
    assert_lines(&walk(dir.path()).0, 3_000, "walked");
}

#[test]
fn mapped_is_durable_on_return_without_any_sync() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(MoodyDisk::default());
    let options = options(dir.path(), Durability::Mapped);
    let mut journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    let before = disk.syncs.load(Ordering::Relaxed);
    for _ in 0..20 {
        let seq = append_next(&mut journal);
        assert_eq!(journal.watch.durable_seq(), Seq(seq));
    }
    assert_eq!(disk.syncs.load(Ordering::Relaxed), before);
}

#[test]
fn one_sync_covers_a_group() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(MoodyDisk::default());
    let options = options(dir.path(), Durability::Synced);
    let mut journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    // Until all the segments that may lie ready do.
    while journal.helper.turn() {}
    let before = disk.syncs.load(Ordering::Relaxed);
    append_to(&mut journal, 50);
    assert_eq!(journal.watch.durable_seq(), Seq(1), "nothing is durable before the sync");
    assert!(journal.helper.turn());
    assert_eq!(journal.watch.durable_seq(), Seq(50));
    assert_eq!(disk.syncs.load(Ordering::Relaxed), before + 1);
    assert!(!journal.helper.turn(), "nothing is left to do");
}

#[test]
fn a_failed_sync_is_final() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(MoodyDisk::default());
    let options = options(dir.path(), Durability::Synced);
    let journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    let (mut appender, watch) = (journal.appender, journal.watch);
    let threads = journal.helper.spawn().expect("threads");
    // All the segments that may lie ready do, so that the only syncs from here on are those of records.
    wait_until("prepared segments", || segment_paths(dir.path()).len() == 3);
    let mut append = |seq| appender.append(Seq(seq), Nanos(0), RecordKind::SessionMessage, b"x");
    append(2).expect("room");
    wait_until("the first sync", || watch.durable_seq() == Seq(2));
    disk.refuse_sync.store(true, Ordering::Relaxed);
    append(3).expect("room");
    wait_until("the failure", || watch.status() != Status::Running);
    let Status::Failed(reason) = watch.status() else { panic!("{:?}", watch.status()) };
    assert!(reason.contains("sync the segment") && reason.contains("the disk is gone"), "{reason}");
    // The disk is well again; that must not help.
    disk.refuse_sync.store(false, Ordering::Relaxed);
    let syncs = disk.syncs.load(Ordering::Relaxed);
    assert_eq!(append(4), Err(AppendError::Failed));
    thread::sleep(Duration::from_millis(5));
    assert_eq!(watch.durable_seq(), Seq(2));
    assert!(matches!(threads.stop(), Err(JournalError::Failed(_))));
    assert_eq!(disk.syncs.load(Ordering::Relaxed), syncs, "never tried again");
    assert_eq!(watch.durable_seq(), Seq(2));
    assert!(matches!(watch.status(), Status::Failed(_)), "the failure stays visible");
}

/// A disk that is a bug.
struct Bug(AtomicBool);

impl Disk for Bug {
    fn sync(&self, file: &File) -> io::Result<()> {
        assert!(!self.0.load(Ordering::Relaxed), "a bug in a helper");
        LocalDisk.sync(file)
    }
}

#[test]
fn a_helper_that_panics_stops_the_journal() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(Bug(AtomicBool::new(false)));
    let options = options(dir.path(), Durability::Synced);
    let journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    let (mut appender, watch) = (journal.appender, journal.watch);
    let threads = journal.helper.spawn().expect("threads");
    disk.0.store(true, Ordering::Relaxed);
    appender.append(Seq(2), Nanos(0), RecordKind::SessionMessage, b"x").expect("room");
    wait_until("the failure", || watch.status() != Status::Running);
    let Status::Failed(reason) = watch.status() else { panic!("{:?}", watch.status()) };
    assert!(reason.contains("panicked"), "{reason}");
    assert_eq!(watch.durable_seq(), Seq(1));
    assert!(matches!(threads.stop(), Err(JournalError::Failed(_))));
}

#[test]
fn a_full_disk_is_reported_and_what_was_appended_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(MoodyDisk::default());
    let options = options(dir.path(), Durability::Synced);
    let mut journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    disk.refuse_fill.store(true, Ordering::Relaxed);
    append_to(&mut journal, 10);
    journal.helper.turn();
    assert_eq!(journal.watch.durable_seq(), Seq(10), "the sync came before the failure");
    assert!(matches!(journal.watch.status(), Status::Failed(reason) if reason.contains("fill with zeros")));
    drop(journal);
    let (journal, replayed) = open_lines(&options).expect("opens again");
    assert_lines(&replayed, 10, "opened again");
    assert_eq!(journal.report.removed.len(), 0, "the half-made file is no segment");
}

#[test]
fn a_full_segment_asks_to_come_again_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = open_lines(&options(dir.path(), Durability::Mapped)).expect("opens");
    let full = loop {
        let (seq, time, _, body) = line(journal.appender.next_seq().get());
        match journal.appender.append(Seq(seq), Nanos(time), RecordKind::SessionMessage, &body) {
            Ok(_) => {}
            Err(AppendError::WouldBlock) => break seq,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(journal.appender.next_seq(), Seq(full));
    assert_eq!(journal.watch.appended_seq(), Seq(full - 1));
    append_to(&mut journal, full + 5);
    assert_lines(&walk(dir.path()).0, full + 5, "walked");
}

#[test]
fn records_out_of_order_or_too_long_are_refused_without_harm() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = open_lines(&options(dir.path(), Durability::Mapped)).expect("opens");
    let mut append = |seq, body: &[u8]| journal.appender.append(Seq(seq), Nanos(0), RecordKind::SessionMessage, body);
    for found in [0, 1, 3, u64::MAX] {
        assert_eq!(append(found, b""), Err(AppendError::OutOfOrder { expected: Seq(2), found: Seq(found) }));
    }
    let long = vec![0; wire::journal::BODY_LEN_MAX + 1];
    assert_eq!(append(2, &long), Err(AppendError::BodyTooLong { found: long.len() }));
    append(2, &long[1..]).expect("the longest body");
    append(3, b"").expect("the shortest body");
    drop(journal);
    let (seen, _) = walk(dir.path());
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].3, &long[1..]);
}

#[test]
fn a_second_opener_is_told_who_has_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = options(dir.path(), Durability::Mapped);
    let (journal, _) = open_lines(&options).expect("opens");
    let error = open_lines(&options).expect_err("in use");
    assert!(matches!(error, JournalError::Locked { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    // The file is only where it says who has it.
    std::fs::remove_file(dir.path().join("LOCK")).expect("there");
    let error = open_lines(&options).expect_err("in use all the same");
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    drop(journal);
    open_lines(&options).expect("free again");
}

#[test]
fn another_configuration_is_refused_before_anything_is_replayed() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = options(dir.path(), Durability::Mapped);
    drop(open_lines(&first).expect("opens"));
    let other = Options { fingerprint: 2, ..first.clone() };
    let mut replayed = 0;
    let error = open(&other, Arc::new(LocalDisk), GENESIS, &mut |_| {
        replayed += 1;
        Ok(())
    });
    assert!(matches!(error, Err(JournalError::Fingerprint { expected: 2, found: FINGERPRINT, .. })), "{error:?}");
    assert_eq!(replayed, 0);
    open_lines(&first).expect("the old one still opens it");
}

#[test]
fn unusable_segment_lengths_and_a_refusing_caller_are_errors() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = options(dir.path(), Durability::Mapped);
    for segment_len in [0, 4096, (16 << 10) + 1, 8 << 30] {
        let error = open_lines(&Options { segment_len, ..first.clone() }).map(|_| ());
        assert!(matches!(error, Err(JournalError::SegmentLen { found, .. }) if found == segment_len), "{error:?}");
    }
    let refused = open(&first, Arc::new(LocalDisk), GENESIS, &mut |_| Err("state hash differs".to_owned()));
    assert!(matches!(refused, Err(JournalError::Replay { seq: Seq(1), .. })), "{refused:?}");
}

#[test]
fn segment_lengths_may_change_between_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let small = options(dir.path(), Durability::Mapped);
    let large = Options { segment_len: 32 << 10, ..small.clone() };
    for (options, last) in [(&small, 300), (&large, 900), (&small, 1_500)] {
        let (mut journal, _) = open_lines(options).expect("opens");
        append_to(&mut journal, last);
    }
    assert_lines(&open_lines(&large).expect("opens").1, 1_500, "opened again");
}

#[test]
fn durability_is_parsed_and_what_is_not_built_yet_is_refused() {
    assert_eq!("mapped".parse::<Durability>().expect("known"), Durability::Mapped);
    assert_eq!("synced".parse::<Durability>().expect("known"), Durability::Synced);
    let later = "replicated".parse::<Durability>().expect_err("later").to_string();
    assert!(later.contains("not available yet"), "{later}");
    let unknown = "fast".parse::<Durability>().expect_err("unknown").to_string();
    assert!(!unknown.contains("not available yet"), "{unknown}");
}

#[test]
fn a_journal_may_be_read_while_it_grows() {
    let dir = tempfile::tempdir().expect("a directory");
    let (journal, _) = open_lines(&options(dir.path(), Durability::Mapped)).expect("opens");
    let (mut appender, watch) = (journal.appender, journal.watch);
    let threads = journal.helper.spawn().expect("threads");
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut walks = 0;
            while watch.appended_seq() < Seq(20_000) && watch.status() == Status::Running {
                let before = watch.durable_seq().get();
                let (seen, outcome) = walk(dir.path());
                outcome.expect("growth is no damage");
                assert!(seen.len() as u64 >= before);
                assert_lines(&seen, seen.len() as u64, "while it grows");
                walks += 1;
            }
            walks
        });
        while appender.next_seq() <= Seq(20_000) && !reading.is_finished() {
            let (seq, time, _, body) = line(appender.next_seq().get());
            match appender.append(Seq(seq), Nanos(time), RecordKind::SessionMessage, &body) {
                Ok(_) => {}
                Err(AppendError::WouldBlock) => thread::yield_now(),
                Err(error) => panic!("{error}: {:?}", watch.status()),
            }
        }
        assert!(reading.join().expect("no panic") > 0);
    });
    threads.stop().expect("an orderly end");
}

/// A disk that knows how many zeros were written, and when how many at once.
#[derive(Default)]
struct CountingDisk {
    filled: AtomicU64,
    most: AtomicU64,
}

impl Disk for CountingDisk {
    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        self.filled.fetch_add(len, Ordering::Relaxed);
        self.most.fetch_max(len, Ordering::Relaxed);
        LocalDisk.fill(file, offset, len)
    }
}

#[test]
fn zeros_are_written_no_faster_than_segments_are_used_up() {
    const SEGMENT_LEN: u64 = 2 << 20;
    let dir = tempfile::tempdir().expect("a directory");
    let disk = Arc::new(CountingDisk::default());
    let options = Options { segment_len: SEGMENT_LEN, ..options(dir.path(), Durability::Mapped) };
    let mut journal = open(&options, Arc::clone(&disk) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    while journal.helper.turn() {}
    let ready = disk.filled.load(Ordering::Relaxed);
    assert!((2 * SEGMENT_LEN..3 * SEGMENT_LEN).contains(&ready), "one is in use, one lies ready, not more: {ready}");
    disk.most.store(0, Ordering::Relaxed);
    // Bodies of 1,000 bytes: half a segment.
    for _ in 0..SEGMENT_LEN / 2 / 1_032 {
        let seq = journal.appender.next_seq();
        journal.appender.append(seq, Nanos(0), RecordKind::SessionMessage, &[7; 1_000]).expect("room");
        let before = disk.filled.load(Ordering::Relaxed);
        while journal.helper.turn() {}
        let most = before + (256 << 10);
        assert!(disk.filled.load(Ordering::Relaxed) <= most, "a little for each record, not a segment at once");
    }
    let filled = disk.filled.load(Ordering::Relaxed);
    assert!(
        filled >= 3 * SEGMENT_LEN - (256 << 10),
        "the next but one is there when the segment is half full: {filled}"
    );
    assert!(disk.most.load(Ordering::Relaxed) <= 256 << 10, "what a sync may have to wait for");
}
