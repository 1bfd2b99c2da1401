//! Anchors: what a journal said up to a record, in a line that is kept elsewhere.
//!
//! Goal: who can write into the journal's directory cannot change, remove or reorder a record that was anchored without being found out,
//! checksums mended or not. Non-goal: keeping anchors safe; they must lie where that person cannot write.
//!
//! ```text
//! digest of nothing = SHA-256("pinion journal 1" ‖ epoch)
//! digest up to n    = SHA-256(digest up to n-1 ‖ seq ‖ receive time ‖ kind ‖ length of the body ‖ body)       all little-endian
//! ```
//! It covers what the records say and not how they lie in files. Each digest is all that is needed to go on from it, so a journal that was
//! anchored up to one record is anchored up to a later one by reading what is between.

use super::{Trouble, must_be_journal};
use crate::when::{Rfc3339, When};
use clap::Args;
use engine::journal::{Anchor, Position, Reader, Record};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use wire::{Nanos, Seq};

/// What a line begins with: the version of its form and of the digest.
const WORD: &str = "pinion-anchor/1";

/// What the records up to one of them say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// Of no record.
    pub fn of_nothing(epoch: u64) -> Self {
        Self(Sha256::new().chain_update(b"pinion journal 1").chain_update(epoch.to_le_bytes()).finalize().into())
    }

    /// With one more record.
    pub fn and(&self, record: &Record<'_>) -> Self {
        let len = u32::try_from(record.body.len()).unwrap_or(u32::MAX);
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(record.seq.get().to_le_bytes())
            .chain_update(record.receive_time.get().to_le_bytes())
            .chain_update(record.kind.code().to_le_bytes())
            .chain_update(len.to_le_bytes())
            .chain_update(record.body);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One line: a record of a journal, and what all up to it say.
#[derive(Clone, Copy)]
pub(super) struct AnchorLine {
    /// The journal.
    pub epoch: u64,
    /// The record, and where it lies.
    pub at: Anchor,
    /// When it was received.
    pub time: Nanos,
    pub digest: Digest,
}

impl fmt::Display for AnchorLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, at: Anchor { position, seq, chain }, time, digest } = self;
        write!(f, "{WORD} epoch={epoch:016x} seq={seq} at={}:{}", position.segment, position.offset)?;
        write!(f, " chain={chain:08x} sha256={digest} time={}", Rfc3339(*time))
    }
}

fn parse(text: &str) -> Option<AnchorLine> {
    let mut words = text.split_ascii_whitespace();
    (words.next()? == WORD).then_some(())?;
    let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
    let epoch = u64::from_str_radix(value("epoch")?, 16).ok()?;
    let seq = Seq(value("seq")?.parse().ok()?);
    let (segment, offset) = value("at")?.split_once(':')?;
    let position = Position { segment: segment.parse().ok()?, offset: offset.parse().ok()? };
    let chain = u32::from_str_radix(value("chain")?, 16).ok()?;
    let hex = value("sha256")?;
    let mut digest = [0; 32];
    (hex.len() == 64 && hex.is_ascii()).then_some(())?;
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    let When::Time(time) = value("time")?.parse().ok()? else { return None };
    let at = Anchor { position, seq, chain };
    words.next().is_none().then_some(AnchorLine { epoch, at, time, digest: Digest(digest) })
}

/// Why a journal is not the one that was anchored.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnchorError {
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: expected a line that begins with {WORD} and has all of its fields, found '{found}'", path.display())]
    Malformed { path: PathBuf, line: usize, found: String },
    #[error(
        "{}: expected an anchor of journal {epoch:016x}, found only those of others: it is another journal than the one that was anchored",
        path.display()
    )]
    Foreign { path: PathBuf, epoch: u64 },
    #[error(
        "records were changed: up to record {seq} the anchor has sha256 {expected}, the journal {found}; {good}. Compare with a copy: \
         `pinion journal diff` names the first record that differs"
    )]
    Changed { seq: Seq, expected: String, found: String, good: String },
    #[error("records are missing: record {seq} was anchored, the journal ends with record {last}")]
    Missing { seq: Seq, last: Seq },
    #[error(
        "no anchor can be compared: the journal begins with record {first}, and no anchor is of the record before it or of a later one"
    )]
    Pruned { first: Seq },
}

impl AnchorError {
    /// Whether the journal is to blame.
    pub const fn is_damage(&self) -> bool {
        !matches!(self, Self::Unreadable { .. } | Self::Malformed { .. } | Self::Pruned { .. })
    }
}

/// Reads the anchors in a file. Empty lines, and those that begin with `#`, say nothing.
pub(super) fn read(path: &Path) -> Result<Vec<AnchorLine>, AnchorError> {
    let unreadable = |source| AnchorError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let malformed = |(at, line): (usize, &str)| {
        let found: String = line.chars().take(80).collect();
        AnchorError::Malformed { path: path.to_owned(), line: at + 1, found }
    };
    lines.map(|(at, line)| parse(line).ok_or_else(|| malformed((at, line)))).collect()
}

/// Adds an anchor to a file.
pub(super) fn append(path: &Path, line: &AnchorLine) -> Result<(), AnchorError> {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| {
        writeln!(file, "{line}")?;
        file.sync_all()
    });
    written.map_err(|source| AnchorError::Unreadable { path: path.to_owned(), source })
}

/// Walks along a journal beside its anchors.
pub(super) struct Check {
    /// Of this journal, by seq; those not met yet.
    ahead: std::vec::IntoIter<AnchorLine>,
    next: Option<AnchorLine>,
    epoch: u64,
    digest: Option<Digest>,
    wrong: Option<AnchorError>,
    /// How many were met and found right, and the last of them.
    pub met: u64,
    pub good: Option<Seq>,
    first: Option<Seq>,
    last: Option<AnchorLine>,
    /// No record above this one is anchored.
    durable: Seq,
}

impl Check {
    /// Compares with these anchors; those of other journals are left aside.
    pub fn new(epoch: u64, mut anchors: Vec<AnchorLine>, durable: Seq) -> Self {
        anchors.retain(|anchor| anchor.epoch == epoch);
        anchors.sort_by_key(|anchor| anchor.at.seq);
        let mut ahead = anchors.into_iter();
        let next = ahead.next();
        Self { ahead, next, epoch, digest: None, wrong: None, met: 0, good: None, first: None, last: None, durable }
    }

    /// Whether there is anything to compare with.
    pub const fn has_anchors(&self) -> bool {
        self.next.is_some()
    }

    pub fn see(&mut self, record: &Record<'_>) {
        let seq = record.seq;
        if self.first.is_none() {
            self.first = Some(seq);
            // A journal whose first records were pruned goes on from an anchor, which is then believed.
            while let Some(next) = self.next.filter(|next| next.at.seq < seq) {
                self.digest = (next.at.seq.get() + 1 == seq.get()).then_some(next.digest);
                self.next = self.ahead.next();
            }
            if seq == Seq(1) {
                self.digest = Some(Digest::of_nothing(self.epoch));
            }
        }
        let digest = self.digest.map(|digest| digest.and(record));
        self.digest = digest;
        while let Some(next) = self.next.filter(|next| next.at.seq == seq) {
            let found = digest.unwrap_or(next.digest);
            self.digest = Some(found);
            if found == next.digest {
                self.met += 1;
                self.good = Some(seq);
            } else if self.wrong.is_none() {
                let good = self.good.map_or_else(
                    || "no anchor before it is right".to_owned(),
                    |good| format!("up to record {good} all is as it was anchored"),
                );
                let (expected, found) = (next.digest.to_string(), found.to_string());
                self.wrong = Some(AnchorError::Changed { seq, expected, found, good });
            }
            self.next = self.ahead.next();
        }
        if let Some(digest) = self.digest
            && (seq <= self.durable || self.durable == Seq(0))
        {
            self.last = Some(AnchorLine { epoch: self.epoch, at: record.anchor(), time: record.receive_time, digest });
        }
    }

    /// The anchor of the last record that is known to be durable, once all records were seen.
    pub fn end(self, last: Seq) -> Result<Option<AnchorLine>, AnchorError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if let Some(missing) = self.ahead.last().or(self.next) {
            return Err(AnchorError::Missing { seq: missing.at.seq, last });
        }
        if let (Some(first), None) = (self.first, self.digest) {
            return Err(AnchorError::Pruned { first });
        }
        Ok(self.last)
    }
}

/// Print the anchor of a journal: what all its records say, as one line
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The line goes where nobody can write who can write into the journal's directory: another machine, a printer, a notary. `pinion journal \
verify --anchor FILE` compares a journal with such lines. The journal may be in use; the anchor is that of the last record known to be \
durable. With --since only what came after the last anchor of that file is read, so it may be done every minute.

Example:
  pinion journal anchor journal --since anchors.txt | ssh vault 'cat >> anchors.txt'

Exit status: 0 done, 1 the journal is damaged or not the one that was anchored, 2 it cannot be used.")]
pub(super) struct AnchorArgs {
    /// The journal's directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Go on from the last anchor in this file
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

pub(super) fn anchor(args: &AnchorArgs, out: &mut impl Write) -> Result<(), Trouble> {
    must_be_journal(&args.dir)?;
    let epoch = engine::journal::directory::epoch(&args.dir)?.unwrap_or_default();
    let anchors = args.since.as_deref().map(read).transpose()?.unwrap_or_default();
    let newest = anchors.into_iter().filter(|anchor| anchor.epoch == epoch).max_by_key(|anchor| anchor.at.seq);
    let mut reader = match &newest {
        Some(newest) => Reader::open_behind(&args.dir, &newest.at)?,
        None => Reader::open_oldest(&args.dir)?,
    };
    let mut check = Check::new(epoch, newest.into_iter().collect(), reader.marked());
    while let Some(record) = reader.next()? {
        check.see(&record);
    }
    let last = reader.end().map_or(Seq(0), |end| end.last_seq);
    // Nothing new: the anchor from which it went on holds.
    let line = if check.first.is_none() { newest } else { check.end(last)?.or(newest) };
    match line {
        Some(line) => writeln!(out, "{line}").map_err(Trouble::Output),
        None => Err(Trouble::NoJournal(args.dir.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::journal::RecordKind;

    fn record(seq: u64, body: &[u8]) -> Record<'_> {
        let position = Position { segment: 0, offset: 64 * seq };
        let kind = RecordKind::SessionMessage;
        Record { seq: Seq(seq), receive_time: Nanos(seq * 1_000), kind, body, position, chain: 7 }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let digest = Digest::of_nothing(0xABC).and(&record(1, b"abc"));
        let time = Nanos(1_767_323_045_000_000_001);
        let line = AnchorLine { epoch: 0xABC, at: record(1, b"").anchor(), time, digest };
        let text = line.to_string();
        assert_eq!(
            text,
            format!(
                "pinion-anchor/1 epoch=0000000000000abc seq=1 at=0:64 chain=00000007 sha256={digest} \
                 time=2026-01-02T03:04:05.000000001Z"
            )
        );
        let read = parse(&text).expect("a line");
        assert!((read.epoch, read.at, read.time, read.digest) == (line.epoch, line.at, line.time, line.digest));
        for wrong in ["", "pinion-anchor/2 epoch=1", &text[..text.len() - 1], &text.replace("sha256=", "sha256=0")] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
        assert!(parse(&format!("{text} more")).is_none());
    }

    #[test]
    fn every_part_of_what_a_record_says_is_in_the_digest() {
        let nothing = Digest::of_nothing(1);
        let whole = nothing.and(&record(1, b"ab")).and(&record(2, b"c"));
        let other = |change: &dyn Fn(&mut Record<'_>)| {
            let mut changed = record(2, b"c");
            change(&mut changed);
            nothing.and(&record(1, b"ab")).and(&changed)
        };
        assert!(other(&|_| {}) == whole);
        assert!(other(&|record| record.seq = Seq(3)) != whole);
        assert!(other(&|record| record.receive_time = Nanos(5)) != whole);
        assert!(other(&|record| record.kind = RecordKind::Login) != whole);
        assert!(other(&|record| record.body = b"d") != whole);
        assert!(nothing.and(&record(1, b"a")).and(&record(2, b"bc")) != whole, "a byte has moved");
        assert!(Digest::of_nothing(2) != nothing);
    }

    #[test]
    fn a_pruned_journal_goes_on_from_the_anchor_before_it() {
        let bodies: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
        let mut digest = Digest::of_nothing(5);
        let mut lines = Vec::new();
        for (seq, body) in (1..).zip(bodies) {
            digest = digest.and(&record(seq, body));
            lines.push(AnchorLine { epoch: 5, at: record(seq, body).anchor(), time: Nanos(1), digest });
        }
        let outcome = |anchors: &[usize], from: u64, change: Option<u64>| {
            let anchors = anchors.iter().map(|at| lines[*at]).collect();
            let mut check = Check::new(5, anchors, Seq(0));
            for (seq, body) in (1..).zip(bodies).filter(|(seq, _)| *seq >= from) {
                check.see(&record(seq, if change == Some(seq) { b"x" } else { body }));
            }
            let met = check.met;
            check.end(Seq(4)).map(|line| (met, line.is_some_and(|line| line.digest == digest)))
        };
        assert!(matches!(outcome(&[0, 3], 1, None), Ok((2, true))));
        assert!(matches!(outcome(&[1, 3], 3, None), Ok((1, true))), "believed up to record 2");
        assert!(matches!(outcome(&[2, 3], 2, None), Ok((2, true))), "believed up to record 3");
        assert!(matches!(outcome(&[0], 3, None), Err(AnchorError::Pruned { first: Seq(3) })));
        for change in 1..=3 {
            assert!(matches!(outcome(&[2], 1, Some(change)), Err(AnchorError::Changed { seq: Seq(3), .. })));
        }
        assert!(matches!(outcome(&[2], 1, Some(4)), Ok((1, false))), "behind the anchor nothing is known");
    }
}
