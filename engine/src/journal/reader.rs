//! Reads a journal from its first record to its end, and says what kind of end that is.
//!
//! Goal: a record comes out only if it and all before it are whole and in their places. An end is either clean, or a torn tail (the
//! crash of a writer: nothing follows that was appended after the first lost record had been released; see [`super::behind`]), or the loss
//! of records that may have been acknowledged, which is an error. Non-goal:
//! changing anything; see [`super::recovery`]. A journal may be read while it is written; its end then may look torn.
//!
//! ```text
//! segment 0            segment 1            segment 2 (not begun)
//! |H|r1|r2|r3|r4|0000| |H|r5|r6|~~|0000000| |H|00000000000000000|
//!                               '-- torn tail, cut here        '-- unused
//! ```

use std::path::{Path, PathBuf};

use wire::journal::{self, RECORD_HEADER_LEN, RecordHeader, RecordKind, SEGMENT_HEADER_LEN, SegmentHeader};
use wire::{Nanos, Seq};

use super::behind::{Missing, Proof};
use super::directory::SegmentName;
use super::end::{End, Torn};
use super::mark::Mark;
use super::{Anchor, JournalError, Position, blank, files};

/// A record that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its position in the one order.
    pub seq: Seq,
    /// When the command was received.
    pub receive_time: Nanos,
    /// What the body is.
    pub kind: RecordKind,
    /// The command.
    pub body: &'a [u8],
    /// Where it lies.
    pub position: Position,
    /// Its checksum, which the next one's continues.
    pub chain: u32,
}

impl Record<'_> {
    /// The place from which reading can go on behind it.
    #[must_use]
    pub const fn anchor(&self) -> Anchor {
        Anchor { position: self.position, seq: self.seq, chain: self.chain }
    }
}

/// A walk over one journal.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    segments: Vec<SegmentName>,
    /// What was known durable when the walk began.
    marked: Seq,
    /// What the segments must have been written under, if that matters.
    fingerprint: Option<u64>,
    seed: u32,
    /// Position in `segments` of the one in `bytes`, and its header. `None` before the first.
    current: Option<(usize, SegmentHeader)>,
    bytes: Vec<u8>,
    offset: usize,
    last_seq: Seq,
    chain: u32,
    /// Whether the last look at the current place was the second one.
    looked_again: bool,
    end: Option<End>,
}

/// A verified record, without borrowing.
struct Found {
    header: RecordHeader,
    offset: usize,
}

impl Reader {
    /// Lists the segments of a directory. No segments is a journal without records.
    ///
    /// # Errors
    /// Segments are missing, or belong to two journals, or the file system refuses.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        Self::list(dir, 0)
    }

    /// A walk over all that is there: from the first record, or where the segments before have been pruned, from the oldest one. What its
    /// segment's header says of the record before it is believed.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_oldest(dir: &Path) -> Result<Self, JournalError> {
        let oldest = files::oldest(dir)?;
        let mut reader = Self::list(dir, oldest)?;
        if let (1.., Some(name)) = (oldest, reader.segments.first().cloned()) {
            let bytes = files::read_segment(dir, &name)?;
            // A header that is none is found to be by the walk.
            if let Ok(header) = SegmentHeader::decode(&bytes)
                && header.first_seq > Seq(0)
            {
                (reader.last_seq, reader.chain) = (Seq(header.first_seq.get() - 1), header.chain);
            }
        }
        Ok(reader)
    }

    /// A walk that begins behind a record that is known. The segments before its own need not be there any more.
    ///
    /// # Errors
    /// As [`Self::open`]; and the record does not lie where it should.
    pub fn open_behind(dir: &Path, anchor: &Anchor) -> Result<Self, JournalError> {
        let Anchor { position, seq, chain } = *anchor;
        let mut reader = Self::list(dir, position.segment)?;
        let Some(name) = reader.segments.first().cloned() else {
            return Err(anchor.lost(dir, "no segment".to_owned()));
        };
        let bytes = files::read_segment(dir, &name)?;
        let header = header_of(&name, &bytes).map_err(|wrong| anchor.lost(&name.path, wrong))?;
        let record = usize::try_from(position.offset).ok().and_then(|offset| bytes.get(offset..));
        let end = position.offset + anchor.span(reader.seed, record.unwrap_or_default(), &name.path)?;
        reader.offset = usize::try_from(end).map_or(bytes.len(), |end| end.min(bytes.len()));
        (reader.last_seq, reader.chain) = (seq, chain);
        reader.bytes = bytes;
        reader.current = Some((0, header));
        Ok(reader)
    }

    /// Lists the segments from this one on.
    fn list(dir: &Path, first: u64) -> Result<Self, JournalError> {
        // The mark first: what it knows of is then in the segments listed after it, also while the journal grows.
        let mark = Mark::read(dir)?;
        let mut segments = files::list(dir)?;
        let marked = match (mark, segments.first()) {
            (Some((epoch, seq)), Some(first)) if first.epoch == epoch => seq,
            (Some((_, seq)), None) if seq > Seq(0) => {
                let found = format!("no segment, although records up to {seq} are known to have been written");
                return Err(JournalError::MissingSegment { dir: dir.to_owned(), expected: 0, found });
            }
            _ => Seq(0),
        };
        let epoch = segments.first().map_or(0, |first| first.epoch);
        segments.retain(|segment| segment.index >= first);
        for (expected, segment) in (first..).zip(&segments) {
            if segment.epoch != epoch {
                let found = segment.epoch;
                return Err(JournalError::ForeignSegment { dir: dir.to_owned(), expected: epoch, found });
            }
            if segment.index != expected {
                let found = format!("segment {}", segment.index);
                return Err(JournalError::MissingSegment { dir: dir.to_owned(), expected, found });
            }
        }
        let seed = journal::seed(epoch);
        let dir = dir.to_owned();
        let (bytes, last_seq) = (Vec::new(), Seq(0));
        Ok(Self {
            dir,
            segments,
            marked,
            fingerprint: None,
            seed,
            current: None,
            bytes,
            offset: 0,
            last_seq,
            chain: 0,
            looked_again: false,
            end: None,
        })
    }

    /// Reads only what was written under this configuration.
    #[must_use]
    pub fn expecting(self, fingerprint: u64) -> Self {
        Self { fingerprint: Some(fingerprint), ..self }
    }

    /// Whether [`Self::expecting`] was asked for.
    #[must_use]
    pub const fn is_expecting(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// The next record; `None` at the end, of which [`Self::end`] then tells.
    ///
    /// # Errors
    /// Records that may have been acknowledged are damaged or missing; a record of a later version; another configuration's journal; the
    /// file system refuses.
    // Not an `Iterator`: the record borrows from the reader's one buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, JournalError> {
        let Some(Found { header, offset }) = self.advance()? else { return Ok(None) };
        let RecordHeader { length, kind: code, seq, receive_time, crc: chain, .. } = header;
        let Some(kind) = RecordKind::from_code(code) else {
            let reason = format!("expected a record kind of this version, found {code}");
            return Err(JournalError::Replay { seq, reason });
        };
        // The record was verified, so its length has been compared with what there is.
        let body =
            usize::try_from(length).ok().and_then(|len| self.bytes.get(offset + RECORD_HEADER_LEN..offset + len));
        let segment = self.current.map_or(0, |(at, _)| self.segments[at].index);
        let position = Position { segment, offset: offset as u64 };
        Ok(Some(Record { seq, receive_time, kind, body: body.unwrap_or_default(), position, chain }))
    }

    /// The journal's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How the journal ends; `None` while [`Self::next`] has not come to it.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// What was known durable when the walk began.
    #[must_use]
    pub fn marked(&self) -> Seq {
        self.marked
    }

    /// Every segment of the directory, also those not used.
    #[must_use]
    pub fn segments(&self) -> &[SegmentName] {
        &self.segments
    }

    fn advance(&mut self) -> Result<Option<Found>, JournalError> {
        while self.end.is_none() {
            if self.current.is_some() {
                if let Some(found) = self.take() {
                    return Ok(Some(found));
                }
                if !blank::is_blank(&self.bytes[self.offset..]) {
                    self.end_at_damage()?;
                    continue;
                }
            }
            self.next_segment()?;
        }
        Ok(None)
    }

    /// The record at the offset, if it is whole and the one that belongs there.
    fn take(&mut self) -> Option<Found> {
        let offset = self.offset;
        let (header, body) = RecordHeader::verify(self.seed, &self.bytes[offset..])?;
        if header.previous != self.chain || header.seq.get() != self.last_seq.get() + 1 {
            return None;
        }
        self.offset = (offset + journal::record_span(body.len())).min(self.bytes.len());
        self.last_seq = header.seq;
        self.chain = header.crc;
        self.looked_again = false;
        Some(Found { header, offset })
    }

    /// Everything up to the end of the segment was read or is zero: goes on in the next one, if that continues this one.
    fn next_segment(&mut self) -> Result<(), JournalError> {
        let at = self.current.map_or(0, |(at, _)| at + 1);
        let Some(name) = self.segments.get(at).cloned() else { return self.end_here(None) };
        let bytes = files::read_segment(&self.dir, &name)?;
        let wrong = match header_of(&name, &bytes) {
            // A header goes to the disk whole, so no crash leaves such a one, and what lies behind it may have been acknowledged.
            Err(wrong) => {
                let (records, _) = self.behind(at)?;
                if records == 0 {
                    return self.end_here(None);
                }
                if self.look_again()? {
                    return Ok(());
                }
                return Err(self.corrupt(
                    &name.path,
                    0,
                    format!("{wrong}, yet {records} whole records or more lie in it"),
                ));
            }
            Ok(header) => {
                let expected = Seq(self.last_seq.get() + 1);
                if header.first_seq == Seq(0) {
                    "its header says that it has not been begun".to_owned()
                } else if header.first_seq != expected || header.chain != self.chain {
                    format!("its header says that it continues with record {}, after other records", header.first_seq)
                } else if let Some(expected) = self.fingerprint.filter(|expected| *expected != header.fingerprint) {
                    let found = header.fingerprint;
                    return Err(JournalError::Fingerprint { dir: self.dir.clone(), expected, found });
                } else {
                    self.bytes = bytes;
                    self.offset = SEGMENT_HEADER_LEN;
                    self.current = Some((at, header));
                    self.looked_again = false;
                    return Ok(());
                }
            }
        };
        // No record may hide behind a header that does not fit. A prepared segment comes here too.
        self.unless_records_follow(at, &name.path, 0, &wrong, None)
    }

    /// There is something at the offset that is no record: a torn tail, unless a record follows that was appended too late for that.
    fn end_at_damage(&mut self) -> Result<(), JournalError> {
        let Some((at, _)) = self.current else { return self.end_here(None) };
        let path = self.segments[at].path.clone();
        let bytes = blank::used_len(&self.bytes).saturating_sub(self.offset) as u64;
        let torn = Torn { path: path.clone(), offset: self.offset as u64, bytes, records: 0 };
        let wrong = "it is not whole, or not the one that belongs here";
        self.unless_records_follow(at, &path, self.offset, wrong, Some(torn))
    }

    /// The end, unless a whole record in the segments from `at` on proves that `wrong` at `offset` of `path` is no trace of a crash.
    fn unless_records_follow(
        &mut self,
        at: usize,
        path: &Path,
        offset: usize,
        wrong: &str,
        torn: Option<Torn>,
    ) -> Result<(), JournalError> {
        let (records, proof) = self.behind(at)?;
        if records == 0 {
            return self.end_here(torn);
        }
        if self.look_again()? {
            return Ok(());
        }
        if let Some((name, proof)) = proof {
            return Err(self.corrupt(path, offset, format!("{wrong}, yet {} holds {proof}", name.path.display())));
        }
        let torn = torn.unwrap_or(Torn { path: path.to_owned(), offset: offset as u64, bytes: 0, records: 0 });
        self.end_here(Some(Torn { records, ..torn }))
    }

    /// How many whole records there are in the segments from `at` on, in the current one behind the offset, that would come later than those
    /// read; and the first of them that no crash explains.
    fn behind(&self, at: usize) -> Result<(u64, Option<(SegmentName, Proof)>), JournalError> {
        let missing = Missing { seed: self.seed, seq: Seq(self.last_seq.get() + 1), chain: self.chain };
        let mut records = 0;
        for (later, name) in self.segments.iter().enumerate().skip(at) {
            let found = if self.current.is_some_and(|(current, _)| current == later) {
                missing.look(&self.bytes, self.offset)
            } else {
                missing.look(&files::read(&self.dir, name)?, SEGMENT_HEADER_LEN)
            };
            records += found.records;
            if let Some(proof) = found.proof {
                return Ok((records, Some((name.clone(), proof))));
            }
        }
        Ok((records, None))
    }

    fn end_here(&mut self, torn: Option<Torn>) -> Result<(), JournalError> {
        let next = self.current.map_or(0, |(at, _)| at + 1);
        let current = self.current.map(|(at, header)| (self.segments[at].clone(), header, self.offset));
        if self.last_seq < self.marked {
            let path = current.as_ref().map_or(self.dir.as_path(), |(name, _, _)| &name.path);
            let found =
                format!("the journal ends here, yet records up to {} are known to have been durable", self.marked);
            return Err(self.corrupt(path, self.offset, found));
        }
        let unused = self.segments.get(next..).unwrap_or_default().to_vec();
        self.end = Some(End { last_seq: self.last_seq, chain: self.chain, current, torn, unused });
        Ok(())
    }

    /// A journal that is being written may have grown between two reads, so damage is believed only on the second look. True when this
    /// was the first; the current segment then has been read anew.
    fn look_again(&mut self) -> Result<bool, JournalError> {
        if self.looked_again {
            return Ok(false);
        }
        self.looked_again = true;
        if let Some((at, _)) = self.current {
            let bytes = files::read(&self.dir, &self.segments[at])?;
            if bytes.len() == self.bytes.len() {
                self.bytes = bytes;
            }
        }
        Ok(true)
    }

    fn corrupt(&self, path: &Path, offset: usize, found: String) -> JournalError {
        let seq = Seq(self.last_seq.get() + 1);
        JournalError::Corrupt { path: path.to_owned(), offset: offset as u64, seq, found }
    }
}

/// The header of a segment, when it is one, this one's, and of a file of this length; or what is wrong with it.
fn header_of(name: &SegmentName, bytes: &[u8]) -> Result<SegmentHeader, String> {
    let header = SegmentHeader::decode(bytes).map_err(|error| error.to_string())?;
    if header.epoch != name.epoch || header.index != name.index {
        return Err("its header belongs to another segment".to_owned());
    }
    if header.segment_len != bytes.len() as u64 {
        return Err(format!("its header says {} bytes, found {}", header.segment_len, bytes.len()));
    }
    Ok(header)
}
