//! `pinion journal diff`: where two journals part.
//!
//! Goal: the first record in which they differ, which is what one asks of a standby, a copy or a second run. Non-goal: judging which of them
//! is right.

use super::{DAMAGED, Trouble, WHOLE, must_be_journal};
use crate::tell;
use clap::Args;
use engine::journal::{Reader, Record};
use std::io::Write;
use std::path::PathBuf;
use wire::journal::RecordKind;
use wire::{Nanos, Seq};

/// Find the first record in which two journals differ
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Records are compared by place, kind, time and body. State hashes are records, so equal journals led to equal states. Where one journal ends \
and the other goes on, that is told; it is no difference.

Example:
  pinion journal diff journal /backup/journal
  pinion journal diff --ignore-times first-run second-run

Exit status: 0 no difference, 1 they differ or one is damaged, 2 not a journal or not readable.")]
pub(super) struct DiffArgs {
    /// A journal's directory
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one's
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Do not compare receive times, nor the creation record
    #[arg(long)]
    ignore_times: bool,
}

/// A record, without borrowing.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    seq: Seq,
    time: Nanos,
    kind: RecordKind,
    body: Vec<u8>,
}

impl Line {
    fn next(reader: &mut Reader) -> Result<Option<Self>, Trouble> {
        let record = reader.next()?;
        Ok(record.map(|Record { seq, receive_time, kind, body, .. }| Self {
            seq,
            time: receive_time,
            kind,
            body: body.to_vec(),
        }))
    }

    fn equals(&self, other: &Self, ignore_times: bool) -> bool {
        let times = ignore_times || self.time == other.time;
        // The creation record holds a time and a drawn name.
        let body = self.body == other.body || (ignore_times && self.kind == RecordKind::Genesis);
        times && body && (self.seq, self.kind) == (other.seq, other.kind)
    }

    fn print(&self, name: &str, out: &mut impl Write) -> Result<(), Trouble> {
        let Self { seq, time, kind, body } = self;
        let position = engine::journal::Position { segment: 0, offset: 0 };
        let record = Record { seq: *seq, receive_time: *time, kind: *kind, body, position, chain: 0 };
        write!(out, "{name}: ").and_then(|()| tell::record_line(&record, false, out)).map_err(Trouble::Output)
    }
}

pub(super) fn diff(args: &DiffArgs, out: &mut impl Write) -> Result<u8, Trouble> {
    must_be_journal(&args.a)?;
    must_be_journal(&args.b)?;
    let (mut a, mut b) = (Reader::open(&args.a)?, Reader::open(&args.b)?);
    let mut same = Seq(0);
    loop {
        match (Line::next(&mut a)?, Line::next(&mut b)?) {
            (Some(one), Some(other)) if one.equals(&other, args.ignore_times) => same = one.seq,
            (Some(one), Some(other)) => {
                writeln!(out, "they differ from record {} on", one.seq.min(other.seq)).map_err(Trouble::Output)?;
                one.print("A", out)?;
                other.print("B", out)?;
                return Ok(DAMAGED);
            }
            (one, other) => {
                let longer = match (one, other) {
                    (Some(_), _) => ", where B ends and A goes on",
                    (_, Some(_)) => ", where A ends and B goes on",
                    (None, None) => ", where both end",
                };
                writeln!(out, "equal up to record {same}{longer}").map_err(Trouble::Output)?;
                return Ok(WHOLE);
            }
        }
    }
}
