//! Reads a journal while it grows, no further than it is durable.
//!
//! Goal: each record once, in order, verified; a turn reads only what is new, and from memory where it still lies there. Non-goal: judging an
//! end; what is durable is whole.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::SnapshotError;
use crate::journal::map::Published;
use crate::journal::{Anchor, JournalError, Position, Record, Watch, directory};
use wire::Seq;
use wire::journal::{
    self, BODY_LEN_MAX, RECORD_HEADER_LEN, RecordHeader, RecordKind, SEGMENT_HEADER_LEN, SegmentHeader,
};

/// Bytes read at once.
const WINDOW_BYTES: usize = 1 << 20;
/// No record is longer.
const RECORD_MAX: usize = RECORD_HEADER_LEN + BODY_LEN_MAX;

/// A place in a journal, behind the last record that was read.
#[derive(Debug)]
pub struct Tail {
    dir: PathBuf,
    epoch: u64,
    seed: u32,
    segment: u64,
    path: PathBuf,
    file: File,
    /// Who appends to the journal, if that is this process.
    watch: Option<Watch>,
    /// The segment as it is appended to.
    memory: Option<Published>,
    /// The last record; seq 0 before the first.
    last: Anchor,
    /// Where the next one begins.
    next: u64,
    /// Bytes of the segment from `window_at` on.
    window: Vec<u8>,
    window_at: u64,
}

impl Tail {
    /// Before the first record of a journal.
    ///
    /// # Errors
    /// Its first segment cannot be opened.
    pub fn at_start(dir: &Path, epoch: u64) -> Result<Self, SnapshotError> {
        let position = Position { segment: 0, offset: 0 };
        Self::open(dir, epoch, Anchor { position, seq: Seq(0), chain: 0 }, SEGMENT_HEADER_LEN as u64)
    }

    /// Behind a record.
    ///
    /// # Errors
    /// Its segment cannot be opened, or it does not lie there.
    pub fn behind(dir: &Path, epoch: u64, anchor: Anchor) -> Result<Self, SnapshotError> {
        let mut tail = Self::open(dir, epoch, anchor, anchor.position.offset)?;
        tail.fill()?;
        tail.next += anchor.span(tail.seed, tail.rest(), &tail.path)?;
        Ok(tail)
    }

    /// The same, of a journal that this process appends to.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Self {
        self.memory = watch.memory(self.segment);
        self.watch = Some(watch);
        self
    }

    /// The last record that was read.
    #[must_use]
    pub const fn last(&self) -> Anchor {
        self.last
    }

    /// The next record, when it is no later than `durable`.
    ///
    /// # Errors
    /// It is not whole although it is durable, or the file system refuses.
    // Not an `Iterator`: the record borrows from the one buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self, durable: Seq) -> Result<Option<Record<'_>>, SnapshotError> {
        if self.last.seq >= durable {
            return Ok(None);
        }
        let header = match self.here() {
            Some(header) => header,
            None => self.look_again()?,
        };
        let position = Position { segment: self.segment, offset: self.next };
        let kind = RecordKind::from_code(header.kind).ok_or_else(|| JournalError::Replay {
            seq: header.seq,
            reason: format!("expected a record kind of this version, found {}", header.kind),
        })?;
        let at = self.in_window();
        let len = usize::try_from(header.length).unwrap_or(RECORD_HEADER_LEN);
        self.last = Anchor { position, seq: header.seq, chain: header.crc };
        self.next += journal::record_span(len - RECORD_HEADER_LEN) as u64;
        let body = &self.window[at + RECORD_HEADER_LEN..at + len];
        let RecordHeader { seq, receive_time, crc: chain, .. } = header;
        Ok(Some(Record { seq, receive_time, kind, body, position, chain }))
    }

    fn open(dir: &Path, epoch: u64, last: Anchor, next: u64) -> Result<Self, SnapshotError> {
        let segment = last.position.segment;
        let path = directory::segment_path(dir, epoch, segment);
        let file = File::open(&path).map_err(SnapshotError::io("open the segment", &path))?;
        let (seed, window) = (journal::seed(epoch), Vec::with_capacity(WINDOW_BYTES));
        Ok(Self {
            dir: dir.to_owned(),
            epoch,
            seed,
            segment,
            path,
            file,
            watch: None,
            memory: None,
            last,
            next,
            window,
            window_at: next,
        })
    }

    /// What is in the window may be from before the record was written; and it may lie in the next segment.
    #[cold]
    fn look_again(&mut self) -> Result<RecordHeader, SnapshotError> {
        self.fill()?;
        if let Some(header) = self.here() {
            return Ok(header);
        }
        self.next_segment()?;
        self.here().ok_or_else(|| self.lost(Seq(self.last.seq.get() + 1)))
    }

    /// The next record's header, if the record lies whole in the window and continues the last one.
    fn here(&self) -> Option<RecordHeader> {
        let (header, _) = RecordHeader::verify(self.seed, self.rest())?;
        (header.previous == self.last.chain && header.seq.get() == self.last.seq.get() + 1).then_some(header)
    }

    fn in_window(&self) -> usize {
        usize::try_from(self.next - self.window_at).unwrap_or(usize::MAX).min(self.window.len())
    }

    fn rest(&self) -> &[u8] {
        let rest = &self.window[self.in_window()..];
        &rest[..rest.len().min(RECORD_MAX)]
    }

    /// Reads the window anew, from the next record on.
    fn fill(&mut self) -> Result<(), SnapshotError> {
        self.window_at = self.next;
        if let Some(memory) = &self.memory {
            let begin = usize::try_from(self.next).unwrap_or(usize::MAX);
            let appended = memory.bytes().get(begin..).unwrap_or_default();
            self.window.clear();
            self.window.extend_from_slice(&appended[..appended.len().min(WINDOW_BYTES)]);
            return Ok(());
        }
        self.window.resize(WINDOW_BYTES, 0);
        let mut len = 0;
        while len < WINDOW_BYTES {
            match self.file.read_at(&mut self.window[len..], self.window_at + len as u64) {
                Ok(0) => break,
                Ok(read) => len += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SnapshotError::io("read the segment", &self.path)(error)),
            }
        }
        self.window.truncate(len);
        Ok(())
    }

    /// Goes on in the segment that continues this one.
    fn next_segment(&mut self) -> Result<(), SnapshotError> {
        let segment = self.segment + 1;
        let path = directory::segment_path(&self.dir, self.epoch, segment);
        let file = File::open(&path).map_err(SnapshotError::io("open the segment", &path))?;
        let memory = self.watch.as_ref().and_then(|watch| watch.memory(segment));
        let mut head = [0; SEGMENT_HEADER_LEN];
        match memory.as_ref().and_then(|memory| memory.bytes().first_chunk()) {
            Some(begun) => head = *begun,
            None => file.read_exact_at(&mut head, 0).map_err(SnapshotError::io("read the segment", &path))?,
        }
        let expected = (self.epoch, segment, Seq(self.last.seq.get() + 1), self.last.chain);
        let continues = SegmentHeader::decode(&head)
            .is_ok_and(|header| (header.epoch, header.index, header.first_seq, header.chain) == expected);
        if !continues {
            return Err(self.lost(expected.2));
        }
        (self.segment, self.path, self.file) = (segment, path, file);
        self.memory = memory;
        self.next = SEGMENT_HEADER_LEN as u64;
        self.fill()
    }

    fn lost(&self, seq: Seq) -> SnapshotError {
        let found = "it is known to be durable, and is not there".to_owned();
        JournalError::Corrupt { path: self.path.clone(), offset: self.next, seq, found }.into()
    }
}
