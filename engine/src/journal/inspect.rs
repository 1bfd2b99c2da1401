//! Whether a journal is whole.
//!
//! Goal: what the command line says of it. It only reads, takes no lock and may look at the journal of a running appliance, whose latest
//! record then may look torn. Non-goal: repairing; the errors say what the operator can do. What the records say is told by the tools.

use std::fmt;
use std::path::{Path, PathBuf};

use wire::journal::Body;
use wire::{Nanos, Seq};

use super::end::Torn;
use super::reader::{Reader, Record};
use super::{JournalError, Position};

/// What [`verify`] found; every record up to `last_seq` is whole and in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// The directory.
    pub dir: PathBuf,
    /// The journal's name; 0 where there is none.
    pub epoch: u64,
    /// Files, prepared ones included.
    pub segments: usize,
    /// Records.
    pub records: u64,
    /// The oldest record; 0 when there is none. Later than 1 where segments have been pruned and not archived.
    pub first_seq: Seq,
    /// The latest record; 0 when there is none.
    pub last_seq: Seq,
    /// Received first.
    pub first_time: Nanos,
    /// Received last.
    pub last_time: Nanos,
    /// Everything up to here was known durable when the walk began.
    pub marked_seq: Seq,
    /// Where the next record will begin.
    pub end: Option<Position>,
    /// A torn tail, which the next start will cut.
    pub torn: Option<Torn>,
    /// Records whose body is not what their kind says. The checksums are right, so this program or the one that wrote them is wrong.
    pub undecodable: u64,
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "journal       {}", self.dir.display())?;
        writeln!(f, "epoch         {:016x}", self.epoch)?;
        writeln!(f, "segments      {}", self.segments)?;
        writeln!(f, "records       {}", self.records)?;
        if self.first_seq > Seq(1) {
            writeln!(
                f,
                "first seq     {}: the segments before it have been pruned, and are not in the archive",
                self.first_seq
            )?;
        }
        writeln!(f, "last seq      {}", self.last_seq)?;
        writeln!(f, "known durable {}", self.marked_seq)?;
        writeln!(f, "received_ns   {} to {}", self.first_time.get(), self.last_time.get())?;
        match &self.end {
            Some(end) => writeln!(f, "next record   {end}")?,
            None => writeln!(f, "next record   none: there is no journal here yet")?,
        }
        if self.undecodable > 0 {
            writeln!(f, "undecodable   {}: written by another version; see the dump", self.undecodable)?;
        }
        match &self.torn {
            Some(torn) => write!(f, "end           torn: the next start cuts {torn}"),
            None => f.write_str("end           clean"),
        }
    }
}

/// Reads a whole journal and checks every record of it.
///
/// # Errors
/// The journal is damaged in a way that a crash does not explain, or cannot be read.
pub fn verify(dir: &Path) -> Result<VerifyReport, JournalError> {
    verify_each(dir, |_| {})
}

/// The same; `see` is shown every record.
///
/// # Errors
/// As [`verify`]; `see` was shown all before the damage.
pub fn verify_each(dir: &Path, mut see: impl FnMut(&Record<'_>)) -> Result<VerifyReport, JournalError> {
    let mut reader = Reader::open_oldest(dir)?;
    let (mut records, mut undecodable) = (0, 0);
    let (mut first_time, mut last_time, mut first_seq) = (Nanos(0), Nanos(0), Seq(0));
    while let Some(record) = reader.next()? {
        if records == 0 {
            (first_time, first_seq) = (record.receive_time, record.seq);
        }
        last_time = record.receive_time;
        records += 1;
        see(&record);
        undecodable += u64::from(Body::decode(record.kind, record.body).is_err());
    }
    let end = reader.end();
    let current = end.and_then(|end| end.current.as_ref());
    Ok(VerifyReport {
        dir: dir.to_owned(),
        epoch: reader.segments().first().map_or(0, |segment| segment.epoch),
        segments: reader.segments().len(),
        records,
        first_seq,
        last_seq: end.map_or(Seq(0), |end| end.last_seq),
        first_time,
        last_time,
        marked_seq: reader.marked(),
        end: current.map(|(name, _, offset)| Position { segment: name.index, offset: *offset as u64 }),
        torn: end.and_then(|end| end.torn.clone()),
        undecodable,
    })
}
