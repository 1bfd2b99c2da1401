//! What the journal's tests share: options, records that can be recognised, and copies of directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::entropy::{Entropy, SystemEntropy};
use engine::journal::{
    AppendError, Durability, Genesis, Journal, JournalError, LocalDisk, Options, Reader, RecoveryReport, open,
};
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

pub const FINGERPRINT: u64 = 0xF1;
pub const GENESIS: Genesis<'static> =
    Genesis { time: Nanos(1_700_000_000_000_000_000), body: b"genesis of a test", draw: 0x5EED };

/// A record as tests compare it.
pub type Line = (u64, u64, u16, Vec<u8>);

pub fn options(dir: &Path, durability: Durability) -> Options {
    Options { dir: dir.to_owned(), fingerprint: FINGERPRINT, segment_len: 16 << 10, durability }
}

/// The record that belongs at a seq, so that a wrong one is recognised wherever it appears. Bodies of all lengths from 0 to 120.
pub fn line(seq: u64) -> Line {
    if seq == 1 {
        return (1, GENESIS.time.get(), RecordKind::Genesis.code(), GENESIS.body.to_vec());
    }
    let mix = seq.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let body =
        (0..mix % 121).map(|at| mix.rotate_left(u32::try_from(at % 64).expect("small")).to_le_bytes()[0] | 1).collect();
    (seq, 1_000 + seq, RecordKind::SessionMessage.code(), body)
}

pub fn lines(last: u64) -> Vec<Line> {
    (1..=last).map(line).collect()
}

/// Compares without printing hundreds of records where they differ.
pub fn assert_lines(seen: &[Line], last: u64, what: &str) {
    let expected = lines(last);
    let same = seen.iter().zip(&expected).take_while(|(seen, expected)| seen == expected).count();
    assert!(
        same == seen.len() && same == expected.len(),
        "{what}: expected {last} records, found {}, the first {same} of them right; then {:?}",
        seen.len(),
        seen.get(same)
    );
}

/// Opens, and returns what was replayed.
pub fn open_lines(options: &Options) -> Result<(Journal, Vec<Line>), JournalError> {
    let (mut replayed, mut draw) = (Vec::new(), [0; 4]);
    SystemEntropy.draw(&mut draw).expect("random bytes");
    let genesis = Genesis { draw: u32::from_le_bytes(draw), ..GENESIS };
    let journal = open(options, Arc::new(LocalDisk), genesis, &mut |record| {
        replayed.push((record.seq.get(), record.receive_time.get(), record.kind.code(), record.body.to_vec()));
        Ok(())
    })?;
    Ok((journal, replayed))
}

/// Appends the next record. Takes the helper's turns while a segment is awaited.
pub fn append_next(journal: &mut Journal) -> u64 {
    let seq = journal.appender.next_seq().get();
    let (_, time, _, body) = line(seq);
    loop {
        match journal.appender.append(Seq(seq), Nanos(time), RecordKind::SessionMessage, &body) {
            Ok(_) => return seq,
            Err(AppendError::WouldBlock) => assert!(journal.helper.turn(), "a segment is missing and nobody makes one"),
            Err(error) => panic!("record {seq}: {error}"),
        }
    }
}

/// Appends up to and including `last`.
pub fn append_to(journal: &mut Journal, last: u64) {
    while journal.appender.next_seq().get() <= last {
        append_next(journal);
    }
}

/// Appends up to and including `last`, and syncs it.
pub fn sync_to(journal: &mut Journal, last: u64) {
    append_to(journal, last);
    while journal.watch.durable_seq() < Seq(last) {
        assert!(journal.helper.turn(), "there is something to sync");
    }
}

/// What a read-only walk gives: the records, and how it ended.
pub fn walk(dir: &Path) -> (Vec<Line>, Result<bool, JournalError>) {
    let mut seen = Vec::new();
    let mut reader = match Reader::open(dir) {
        Ok(reader) => reader,
        Err(error) => return (seen, Err(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(record)) => {
                seen.push((record.seq.get(), record.receive_time.get(), record.kind.code(), record.body.to_vec()));
            }
            Ok(None) => return (seen, Ok(reader.end().is_some_and(|end| end.torn.is_some()))),
            Err(error) => return (seen, Err(error)),
        }
    }
}

pub fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("the directory") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
    }
}

/// The segments of a directory, in order.
pub fn segment_paths(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    paths.sort();
    paths
}

pub fn forget_mark(dir: &Path) {
    fs::remove_file(dir.join("durable.mark")).expect("a mark");
}

/// A journal with records up to `last`, closed in order; with the place of each record.
pub fn written(dir: &Path, last: u64) -> (RecoveryReport, Vec<(u64, u64)>) {
    let (mut journal, _) = open_lines(&options(dir, Durability::Mapped)).expect("opens");
    append_to(&mut journal, last);
    let report = journal.report.clone();
    drop(journal);
    let mut reader = Reader::open(dir).expect("reads");
    let mut places = Vec::new();
    while let Some(record) = reader.next().expect("whole") {
        places.push((record.position.segment, record.position.offset));
    }
    assert_eq!(places.len() as u64, last);
    (report, places)
}
