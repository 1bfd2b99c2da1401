//! One segment of a journal, checked by itself: a backup, or a file that was sent in.
//!
//! Goal: everything that can be known of a segment without its neighbours. Non-goal: whether the journal around it is complete;
//! [`engine::journal::inspect::verify`] says that of a directory.

use crate::json::Text;
use engine::journal::archive;
use engine::journal::behind::{Missing, Proof};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use wire::journal::{RecordHeader, SEGMENT_HEADER_LEN, SegmentHeader, record_span, seed};
use wire::{DecodeError, Seq};

/// What a whole segment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentReport {
    path: PathBuf,
    header: SegmentHeader,
    records: u64,
    last_seq: Seq,
    /// Where half a record lies that a crash left behind.
    torn_at: Option<usize>,
}

/// Why a file is not a whole segment.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: expected a journal segment: {source}", path.display())]
    NotASegment { path: PathBuf, source: DecodeError },
    #[error("{}: expected {expected} bytes, as its header says, found {found}; get a complete copy", path.display())]
    Length { path: PathBuf, expected: u64, found: usize },
    #[error("{}: expected record {expected} at byte {offset}, found damage, yet {proof}; get an undamaged copy", path.display())]
    Damaged { path: PathBuf, offset: usize, expected: Seq, proof: Proof },
}

impl SegmentError {
    /// Whether it is a segment, and damaged, rather than something else.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Unreadable { .. } => false,
            Self::NotASegment { source, .. } => matches!(source, DecodeError::Checksum { .. }),
            Self::Length { .. } | Self::Damaged { .. } => true,
        }
    }
}

/// Checks one file.
pub(super) fn verify(path: &Path) -> Result<SegmentReport, SegmentError> {
    let is_packed = path.extension().is_some_and(|extension| extension == "zst");
    let bytes = if is_packed { archive::unpack(path) } else { std::fs::read(path) };
    let bytes = bytes.map_err(|source| SegmentError::Unreadable { path: path.to_owned(), source })?;
    verify_bytes(path, &bytes)
}

fn verify_bytes(path: &Path, bytes: &[u8]) -> Result<SegmentReport, SegmentError> {
    let path = path.to_owned();
    let header = match SegmentHeader::decode(bytes) {
        Ok(header) => header,
        Err(source) => return Err(SegmentError::NotASegment { path, source }),
    };
    if usize::try_from(header.segment_len).ok() != Some(bytes.len()) {
        return Err(SegmentError::Length { path, expected: header.segment_len, found: bytes.len() });
    }
    let seed = seed(header.epoch);
    let (mut offset, mut chain, mut expected, mut records) = (SEGMENT_HEADER_LEN, header.chain, header.first_seq, 0);
    while let Some((record, body)) = bytes.get(offset..).and_then(|rest| RecordHeader::verify(seed, rest)) {
        if record.previous != chain || record.seq != expected {
            break;
        }
        offset += record_span(body.len());
        chain = record.crc;
        expected = Seq(expected.get() + 1);
        records += 1;
    }
    let rest = bytes.get(offset..).unwrap_or_default();
    if let Some(proof) = (Missing { seed, seq: expected, chain }).look(bytes, offset).proof {
        return Err(SegmentError::Damaged { path, offset, expected, proof });
    }
    let torn_at = rest.iter().any(|&byte| byte != 0).then_some(offset);
    let last_seq = Seq(expected.get().saturating_sub(1));
    Ok(SegmentReport { path, header, records, last_seq, torn_at })
}

impl fmt::Display for SegmentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "segment       {}", self.path.display())?;
        writeln!(f, "epoch         {:016x}", self.header.epoch)?;
        writeln!(f, "index         {}", self.header.index)?;
        writeln!(f, "records       {}", self.records)?;
        if self.records > 0 {
            writeln!(f, "seq           {} to {}", self.header.first_seq, self.last_seq)?;
        }
        match self.torn_at {
            Some(offset) => write!(f, "end           torn from byte {offset} on"),
            None => f.write_str("end           clean"),
        }
    }
}

impl SegmentReport {
    /// The same as one line of JSON.
    pub fn json(&self) -> String {
        let Self { path, header: SegmentHeader { epoch, index, first_seq, .. }, records, last_seq, torn_at } = self;
        let torn_at = torn_at.map_or_else(|| "null".to_owned(), |offset| offset.to_string());
        format!(
            "{{\"path\":{},\"ok\":true,\"epoch\":\"{epoch:016x}\",\"index\":{index},\"records\":{records},\
             \"first_seq\":{first_seq},\"last_seq\":{last_seq},\"torn_at\":{torn_at}}}",
            Text(&path.to_string_lossy())
        )
    }
}
