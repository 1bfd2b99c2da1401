//! What operators did, kept over restarts beside the journal.
//!
//! Goal: a log of years is there at once, without a replay. Non-goal: being the truth; that is the journal, from which
//! `pinion admin log --journal` makes it again.
//!
//! ```text
//! 0        8      10                        172    176
//! | as of  | len  | row as it travels, zeros | crc  |
//! ```
//!
//! A row is written when its command comes, and again when that is done. `as of` is the command behind which that is known: a start takes up
//! what is no later than the state from which it goes on, and hears the rest again.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use wire::Seq;
use wire::admin::{LogRow, Said};

const NAME: &str = "operators.log";
const RECORD_LEN: usize = 176;
const ROW_AT: usize = 10;
const CRC_AT: usize = RECORD_LEN - 4;
const _: () = assert!(CRC_AT - ROW_AT >= wire::admin::MESSAGE_LEN_MAX);

/// The file, at its end.
#[derive(Debug)]
pub(super) struct Record {
    file: File,
    path: PathBuf,
}

impl Record {
    /// Takes up what was known behind `seq`, at most the newest `rows_max` rows, and forgets the rest.
    pub fn open(journal: &Path, seq: Seq, rows_max: usize) -> io::Result<(Self, VecDeque<LogRow>)> {
        let path = journal.join(NAME);
        let mut rows = VecDeque::new();
        match File::open(&path) {
            Ok(file) => {
                let (mut file, mut bytes) = (BufReader::new(file), [0; RECORD_LEN]);
                loop {
                    match file.read_exact(&mut bytes) {
                        Ok(()) => {}
                        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                        // What cannot be read now is not to be written over.
                        Err(error) => return Err(error),
                    }
                    let Some((as_of, row)) = decode(&bytes) else { break };
                    if as_of > seq {
                        break;
                    }
                    take(&mut rows, row, rows_max);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Written anew, so that it is as long as it must be and what is behind the state is gone for good.
        let aside = path.with_extension("new");
        let mut file = BufWriter::new(File::create(&aside)?);
        for row in &rows {
            file.write_all(&encode(seq, row))?;
        }
        file.into_inner()?.sync_all()?;
        fs::rename(&aside, &path)?;
        File::open(journal)?.sync_all()?;
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok((Self { file, path }, rows))
    }

    /// Adds a row.
    pub fn append(&mut self, as_of: Seq, row: &LogRow) -> io::Result<()> {
        self.file.write_all(&encode(as_of, row))
    }

    /// Has all rows on stable storage.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Adds a row, or takes it in the place of the same command's.
pub(super) fn take(rows: &mut VecDeque<LogRow>, row: LogRow, rows_max: usize) {
    let same = |known: &&mut LogRow| known.seq == row.seq;
    match rows.iter_mut().rev().find(same) {
        Some(known) => *known = row,
        None => {
            if rows.len() == rows_max {
                rows.pop_front();
            }
            rows.push_back(row);
        }
    }
}

fn encode(as_of: Seq, row: &LogRow) -> [u8; RECORD_LEN] {
    let mut bytes = [0; RECORD_LEN];
    bytes[..8].copy_from_slice(&as_of.get().to_le_bytes());
    let len = Said::Log(*row).encode(&mut bytes[ROW_AT..CRC_AT]).expect("every row fits");
    let len = u16::try_from(len).expect("shorter than a record");
    bytes[8..ROW_AT].copy_from_slice(&len.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..CRC_AT]);
    bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; RECORD_LEN]) -> Option<(Seq, LogRow)> {
    let crc = bytes.last_chunk().copied().map(u32::from_le_bytes)?;
    if crc != crc32c::crc32c(&bytes[..CRC_AT]) {
        return None;
    }
    let as_of = bytes.first_chunk().copied().map(u64::from_le_bytes)?;
    let len = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    match Said::decode(bytes[ROW_AT..CRC_AT].get(..len)?) {
        Ok(Said::Log(row)) => Some((Seq(as_of), row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Nanos;
    use wire::admin::{OperatorCommand, OperatorName, Outcome, Verb};

    fn row(seq: u64, done: bool) -> LogRow {
        let operator = OperatorName::new("ann").expect("short");
        let command = OperatorCommand { operator, number: seq, verb: Verb::Drain };
        let outcome = done.then_some(Outcome::Done { seq: Seq(seq), changed: 1 });
        LogRow { seq: Seq(seq), time: Nanos(9), command, outcome }
    }

    #[test]
    fn what_a_state_does_not_know_yet_is_heard_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = |seq, rows_max| Record::open(dir.path(), Seq(seq), rows_max).expect("a directory of ours");
        let (mut record, rows) = open(0, 10);
        assert!(rows.is_empty());
        for (as_of, row) in [(5, row(5, false)), (7, row(5, true)), (8, row(8, false)), (9, row(8, true))] {
            record.append(Seq(as_of), &row).expect("room");
        }
        record.sync().expect("a disk");
        let (mut record, rows) = open(8, 10);
        assert_eq!(rows, [row(5, true), row(8, false)]);
        record.append(Seq(12), &row(8, true)).expect("room");
        let (_, rows) = open(12, 10);
        assert_eq!(rows, [row(5, true), row(8, true)]);
        assert_eq!(open(12, 1).1, [row(8, true)], "the newest ones");
        assert_eq!(open(0, 10).1, [], "another journal's");
    }

    #[test]
    fn a_damaged_record_ends_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut record, _) = Record::open(dir.path(), Seq(0), 10).expect("a directory of ours");
        for seq in 1..=3 {
            record.append(Seq(seq), &row(seq, true)).expect("room");
        }
        let path = record.path().to_owned();
        let mut bytes = fs::read(&path).expect("there");
        assert_eq!(bytes.len(), 3 * RECORD_LEN);
        bytes[RECORD_LEN + 30] ^= 1;
        fs::write(&path, bytes).expect("ours");
        let (_, rows) = Record::open(dir.path(), Seq(9), 10).expect("a directory of ours");
        assert_eq!(rows, [row(1, true)]);
    }
}
