//! Every byte: a journal cut at each byte of its last 64 KiB, and with each byte of 64 KiB, of its header, of its mark and of a snapshot
//! changed. What comes out is the longest whole part or a refusal, and never a wrong state.
//!
//! All damages are read; of some, a venue is recovered and its state compared with the live one's.

use crate::site::{Site, config, recover, save};
use engine::config::Config;
use engine::journal::{Anchor, JournalError, Position, Reader};
use engine::past::{Moment, Walk, stood};
use engine::recovery::From;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wire::Seq;
use wire::journal::SEGMENT_HEADER_LEN;

/// How much of the journal is damaged, byte by byte.
const REGION: usize = 64 << 10;
/// How far before a damage reading begins; a recovery reads from the first record on.
const NEAR: usize = 2 << 10;
/// Changes of a byte, beside that of one bit, another one at each byte.
const ALL_BITS: u8 = 0xFF;

/// A record as it was written, and what the live state was after it.
struct Written {
    anchor: Anchor,
    body: Vec<u8>,
    state_hash: u64,
}

/// A journal of one segment, on a file system in memory where there is one, and all that it should say.
struct Journal {
    _dir: TempDir,
    config: Config,
    path: PathBuf,
    whole: Vec<u8>,
    records: Vec<Written>,
}

fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let builder = tempfile::Builder::new();
    let made = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
    made.expect("a directory")
}

impl Journal {
    /// With so many bytes of records; without the mark, so that nothing but the records themselves tells what was acknowledged.
    fn lived(durability: &str, bytes: usize) -> Self {
        let dir = directory();
        let mut config = config(dir.path(), durability);
        config.journal.segment_bytes = 80 << 10;
        config.snapshot.keep = 1;
        let mut site = Site::open(&config);
        let mut live = Vec::new();
        let path = segment(&config);
        let mut next = 64;
        while next < bytes {
            site.trade(4);
            live.push((site.harness.venue.seq(), site.harness.venue.exchange().state_hash()));
            next = fs::read(&path).expect("a segment").iter().rposition(|byte| *byte != 0).expect("records");
        }
        drop(site);
        let mut records = Vec::new();
        let mut walk = Walk::open(&config, &config.journal.dir).expect("whole");
        while let Some(step) = walk.next().expect("whole") {
            let (anchor, body) = (step.record.anchor(), step.record.body.to_vec());
            records.push(Written { anchor, body, state_hash: step.exchange.state_hash() });
        }
        for (seq, hash) in live {
            let replayed = &records[index(seq)];
            assert_eq!((replayed.anchor.seq, replayed.state_hash), (seq, hash), "replay comes to the live state");
        }
        fs::remove_file(config.journal.dir.join("durable.mark")).expect("a mark");
        let whole = fs::read(&path).expect("a segment");
        Self { _dir: dir, config, path, whole, records }
    }

    fn file(&self) -> File {
        OpenOptions::new().write(true).open(&self.path).expect("opens")
    }

    /// Where the last record ends.
    fn end(&self) -> usize {
        let last = self.records.last().expect("records");
        offset(last.anchor.position) + wire::journal::record_span(last.body.len())
    }

    /// Reads from a record that is not damaged on. What comes out is what was written; the last of it, and how it ended.
    fn read_behind(&self, known: &Written) -> (Seq, Result<bool, JournalError>) {
        let mut last = known.anchor.seq;
        let opened = Reader::open_behind(&self.config.journal.dir, &known.anchor);
        let mut reader = match opened {
            Ok(reader) => reader,
            Err(error) => return (last, Err(error)),
        };
        loop {
            match reader.next() {
                Ok(Some(record)) => {
                    let written = &self.records[index(record.seq)];
                    assert_eq!(record.seq.get(), last.get() + 1);
                    assert!(record.anchor() == written.anchor && record.body == written.body, "a wrong record");
                    last = record.seq;
                }
                Ok(None) => return (last, Ok(reader.end().is_some_and(|end| end.torn.is_some()))),
                Err(error) => return (last, Err(error)),
            }
        }
    }

    /// The last record that ends at or before a byte.
    fn before(&self, byte: usize) -> &Written {
        let behind = self.records.partition_point(|record| offset(record.anchor.position) < byte);
        let last = &self.records[behind.saturating_sub(1)];
        let ends = offset(last.anchor.position) + wire::journal::RECORD_HEADER_LEN + last.body.len();
        if ends <= byte { last } else { &self.records[behind.saturating_sub(2)] }
    }

    /// Recovers a venue from the journal as it lies there, in another directory. Its state is the one that was live after its last record.
    fn recover_copy(&self, what: &str) -> Option<Seq> {
        let copy = directory();
        let mut config = self.config.clone();
        config.journal.dir = copy.path().join("journal");
        fs::create_dir(&config.journal.dir).expect("a directory");
        for entry in fs::read_dir(&self.config.journal.dir).expect("a directory").flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::copy(entry.path(), config.journal.dir.join(entry.file_name())).expect("copied");
            }
        }
        match recover(&config, From::Snapshot) {
            Ok(recovered) => {
                let seq = recovered.venue.seq();
                let expected = self.records[index(seq)].state_hash;
                assert_eq!(recovered.venue.exchange().state_hash(), expected, "{what}: not the state after {seq}");
                Some(seq)
            }
            Err(error) => {
                assert!(is_refusal(&error), "{what}: {error}");
                None
            }
        }
    }
}

fn index(seq: Seq) -> usize {
    usize::try_from(seq.get()).expect("small") - 1
}

fn offset(position: Position) -> usize {
    usize::try_from(position.offset).expect("small")
}

fn segment(config: &Config) -> PathBuf {
    let entries = fs::read_dir(&config.journal.dir).expect("a directory").flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).min().expect("a segment")
}

/// A refusal that names the damage, rather than a failure by chance.
fn is_refusal(error: &JournalError) -> bool {
    matches!(error, JournalError::Corrupt { .. } | JournalError::Anchor { .. } | JournalError::NoWay { .. })
}

/// Where nothing but zeros is taken away, nothing is damaged.
fn first_change(whole: &[u8], cut: usize) -> Option<usize> {
    whole[cut..].iter().position(|byte| *byte != 0).map(|behind| cut + behind)
}

#[test]
fn a_journal_that_ends_at_any_byte_of_its_last_64_kib_is_the_whole_records_before_it() {
    let journal = Journal::lived("synced", REGION + (8 << 10));
    let (end, file) = (journal.end(), journal.file());
    let mut recovered = 0;
    // From behind: each step takes one byte more away.
    for cut in (end - REGION..end).rev() {
        file.write_all_at(&[0], cut as u64).expect("writes");
        let expected = first_change(&journal.whole, cut).map_or(journal.before(end), |byte| journal.before(byte));
        let expected = expected.anchor.seq;
        // All before the last few was read when the cut was there.
        let (last, outcome) = journal.read_behind(journal.before(cut - NEAR));
        assert_eq!(last, expected, "cut at {cut}");
        outcome.unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        if cut % 4_093 == 0 {
            assert_eq!(journal.recover_copy(&format!("cut at {cut}")), Some(expected));
            recovered += 1;
        }
    }
    assert!(recovered >= 15);
}

/// The mark knows what was durable: nothing of it may be missing.
#[test]
fn a_journal_that_ends_below_its_mark_is_refused_at_any_byte() {
    let journal = Journal::lived("mapped", 8 << 10);
    drop(recover(&journal.config, From::Genesis).expect("raises the mark"));
    let end = journal.end();
    let file = journal.file();
    let known = &journal.records[0];
    for cut in (offset(journal.records[1].anchor.position)..end).rev() {
        file.write_all_at(&[0], cut as u64).expect("writes");
        let (last, outcome) = journal.read_behind(known);
        match first_change(&journal.whole, cut) {
            Some(byte) => {
                assert_eq!(last, journal.before(byte).anchor.seq, "cut at {cut}");
                assert!(outcome.is_err_and(|error| is_refusal(&error)), "cut at {cut}");
            }
            None => assert!(outcome.is_ok(), "cut at {cut}"),
        }
    }
}

/// A file that lost its end: no crash does that, its length was durable before its name.
#[test]
fn a_segment_shorter_by_any_number_of_bytes_is_refused() {
    for durability in ["mapped", "synced"] {
        let journal = Journal::lived(durability, 16 << 10);
        let file = journal.file();
        let known = journal.before(8 << 10);
        for len in (journal.end() - (8 << 10)..journal.end()).rev().chain([journal.whole.len() - 1, 64]) {
            file.set_len(len as u64).expect("shortened");
            let (_, outcome) = journal.read_behind(known);
            assert!(outcome.is_err_and(|error| is_refusal(&error)), "{durability}: {len} bytes");
            if len % 499 == 0 {
                // From the first record on, without an anchor.
                assert_eq!(journal.recover_copy(&format!("{len} bytes")), None);
            }
            file.write_all_at(&journal.whole[len..], len as u64).expect("writes");
        }
    }
}

/// Changes each byte of a part of the last 64 KiB, once in one bit and once in all.
fn flip(durability: &str, part: usize) {
    const PARTS: usize = 4;
    let journal = Journal::lived(durability, REGION + (8 << 10));
    let (end, file) = (journal.end(), journal.file());
    let from = end - REGION + part * (REGION / PARTS);
    let whole_end = journal.records.last().expect("records").anchor.seq;
    let (mut refused, mut cut, mut unharmed) = (0, 0, 0);
    for at in from..from + REGION / PARTS {
        for mask in [1 << (at % 8), ALL_BITS] {
            let what = || format!("byte {at} mask {mask:#04x}");
            file.write_all_at(&[journal.whole[at] ^ mask], at as u64).expect("writes");
            let (last, outcome) = journal.read_behind(journal.before(at - NEAR));
            match outcome {
                Err(error) => {
                    assert!(is_refusal(&error), "{}: {error}", what());
                    assert_eq!(last, journal.before(at).anchor.seq, "{}", what());
                    refused += 1;
                }
                Ok(_) if last == whole_end => unharmed += 1,
                Ok(torn) => {
                    assert!(torn, "{}", what());
                    assert_eq!(last, journal.before(at).anchor.seq, "{}", what());
                    // Whoever came later says that this one had been released, but for the last few.
                    assert!(last.get() + 8 > whole_end.get(), "{}: {last} of {whole_end}", what());
                    cut += 1;
                }
            }
            if at % 4_093 == 0 {
                journal.recover_copy(&what());
            }
            file.write_all_at(&journal.whole[at..=at], at as u64).expect("writes");
        }
    }
    // What is unharmed is padding behind a record: no record's.
    assert!(refused > unharmed && unharmed < 2 * REGION / PARTS / 10, "{refused} {cut} {unharmed}");
    assert!(part < PARTS - 1 || cut > 0, "{refused} {cut} {unharmed}");
}

#[test]
fn any_byte_of_64_kib_changed_1_of_4() {
    flip("synced", 0);
}

#[test]
fn any_byte_of_64_kib_changed_2_of_4() {
    flip("mapped", 1);
}

#[test]
fn any_byte_of_64_kib_changed_3_of_4() {
    flip("synced", 2);
}

#[test]
fn any_byte_of_64_kib_changed_4_of_4() {
    flip("synced", 3);
}

#[test]
fn any_byte_of_a_segment_header_changed_is_a_refusal() {
    for durability in ["mapped", "synced"] {
        let journal = Journal::lived(durability, 4 << 10);
        let file = journal.file();
        for at in 0..SEGMENT_HEADER_LEN {
            for mask in (0..8).map(|bit| 1 << bit).chain([ALL_BITS]) {
                file.write_all_at(&[journal.whole[at] ^ mask], at as u64).expect("writes");
                let what = format!("{durability}: byte {at} mask {mask:#04x}");
                let mut reader = Reader::open(&journal.config.journal.dir).expect("lists");
                let error = reader.next().map(|_| ()).expect_err(&what);
                assert!(is_refusal(&error), "{what}: {error}");
                if mask == ALL_BITS {
                    assert_eq!(journal.recover_copy(&what), None);
                }
                file.write_all_at(&journal.whole[at..=at], at as u64).expect("writes");
            }
        }
    }
}

/// The mark is a lower bound: damaged, it knows less, and never more.
#[test]
fn any_byte_of_the_mark_changed_or_missing_changes_nothing() {
    let journal = Journal::lived("synced", 4 << 10);
    drop(recover(&journal.config, From::Genesis).expect("makes a mark"));
    let path = journal.config.journal.dir.join("durable.mark");
    let whole = fs::read(&path).expect("a mark");
    let last = journal.records.last().expect("records").anchor.seq;
    let known = &journal.records[0];
    let file = OpenOptions::new().write(true).open(&path).expect("opens");
    for at in 0..whole.len() {
        for mask in (0..8).map(|bit| 1 << bit).chain([ALL_BITS]).filter(|mask| at < 64 || *mask == ALL_BITS) {
            file.write_all_at(&[whole[at] ^ mask], at as u64).expect("writes");
            let (read, outcome) = journal.read_behind(known);
            assert!(read == last && outcome.is_ok(), "byte {at} mask {mask:#04x}: {outcome:?}");
            if at < 40 && mask == ALL_BITS {
                assert_eq!(journal.recover_copy(&format!("byte {at} of the mark")), Some(last));
            }
        }
        file.write_all_at(&whole[at..=at], at as u64).expect("writes");
    }
    for len in (0..whole.len()).rev() {
        file.set_len(len as u64).expect("shortened");
        let (read, outcome) = journal.read_behind(known);
        assert!(read == last && outcome.is_ok(), "{len} bytes of the mark");
    }
}

/// A snapshot that is not what was written is passed over, and the journal leads to the same state.
#[test]
fn any_byte_of_a_snapshot_changed_or_missing_leads_to_the_same_state() {
    let dir = directory();
    let mut config = config(dir.path(), "mapped");
    // What is made for each look should be small.
    let limits = &mut config.limits;
    (limits.orders, limits.levels, limits.session_orders) = (256, 256, 256);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    site.trade(12);
    let name = save(&mut follower);
    let (seq, state_hash) = (site.harness.venue.seq(), site.harness.venue.exchange().state_hash());
    drop((site, follower));
    let looked = |what: &str| {
        let stood = stood(&config, &config.journal.dir, Moment::End).expect("the journal is whole");
        let state = (stood.venue.seq(), stood.venue.exchange().state_hash());
        assert_eq!(state, (seq, state_hash), "{what}: a wrong state");
        (stood.snapshot.is_some(), stood.passed_over.len())
    };
    assert_eq!(looked("whole"), (true, 0));
    let whole = fs::read(&name.path).expect("a snapshot");
    assert!(whole.len() > 500, "{} bytes", whole.len());
    let file = OpenOptions::new().write(true).open(&name.path).expect("opens");
    for at in 0..whole.len() {
        for mask in [1 << (at % 8), ALL_BITS].into_iter().take(1 + usize::from(at % 4 == 0)) {
            file.write_all_at(&[whole[at] ^ mask], at as u64).expect("writes");
            assert_eq!(looked(&format!("byte {at} mask {mask:#04x}")), (false, 1), "byte {at} mask {mask:#04x}");
        }
        file.write_all_at(&whole[at..=at], at as u64).expect("writes");
    }
    for len in (0..whole.len()).rev() {
        file.set_len(len as u64).expect("shortened");
        assert_eq!(looked(&format!("{len} bytes")), (false, 1), "{len} bytes");
    }
}
