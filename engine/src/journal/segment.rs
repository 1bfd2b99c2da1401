//! One segment: a file of fixed size, and the memory that records are stored into.
//!
//! Goal: a segment is ready before it is needed, and using it up costs no system call. Non-goal: which record goes where.
//!
//! ```text
//! create: write zeros under a temporary name ─ sync ─ header (not begun) ─ sync ─ rename ─ sync directory ─ map
//! begin:  the header again, now with the first seq and the checksum chain      (stores only)
//! write:  checksum and everything after it, then the length                    (stores only)
//! ```
//! With [`Durability::Mapped`] the memory is the file's own: what is stored there outlives the process. With [`Durability::Synced`] nothing
//! leaves before its sync anyway, and the syncer writes it there from memory of the process ([`super::backing`]).

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use wire::journal::{self, RecordHeader, RecordKind, SEGMENT_HEADER_LEN, SegmentHeader};
use wire::{Nanos, Seq};

use super::backing::Backing;
use super::map::{Ahead, Mapping, Published};
use super::{Disk, Durability, JournalError, directory};

/// The least segment length: room for the header and a few of the longest records. A configuration should ask for far more.
pub const SEGMENT_LEN_MIN: u64 = 16 << 10;
/// The greatest segment length: recovery holds one segment in memory.
pub const SEGMENT_LEN_MAX: u64 = 4 << 30;
/// Segment lengths are multiples of this: whole pages.
pub const SEGMENT_LEN_ALIGN: u64 = 4 << 10;
/// The segment length of a configuration that does not say.
pub const SEGMENT_LEN_DEFAULT: u64 = 64 << 20;

const _: () = assert!(SEGMENT_LEN_MIN >= 4 * (SEGMENT_HEADER_LEN + journal::record_span(journal::BODY_LEN_MAX)) as u64);

/// Bytes of zeros written between two syncs when somebody waits for the segment.
pub(super) const FILL_LEN: u64 = 1 << 20;
/// And when nobody does: what a sync of live records may have to wait for.
pub(super) const FILL_PACED_LEN: u64 = 256 << 10;

/// What all segments that an appliance writes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSpec {
    /// The journal's name, from its genesis on.
    pub epoch: u64,
    /// Of the configuration that influences outcomes.
    pub fingerprint: u64,
    /// Bytes of a segment.
    pub segment_len: u64,
    /// Which says what memory records are stored into.
    pub durability: Durability,
}

impl SegmentSpec {
    /// Refuses a length that cannot be used.
    ///
    /// # Errors
    /// [`JournalError::SegmentLen`].
    pub fn check_len(segment_len: u64) -> Result<(), JournalError> {
        if (SEGMENT_LEN_MIN..=SEGMENT_LEN_MAX).contains(&segment_len) && segment_len.is_multiple_of(SEGMENT_LEN_ALIGN) {
            return Ok(());
        }
        let (align, min, max) = (SEGMENT_LEN_ALIGN, SEGMENT_LEN_MIN, SEGMENT_LEN_MAX);
        Err(JournalError::SegmentLen { found: segment_len, align, min, max })
    }
}

/// A segment to append to.
#[derive(Debug)]
pub struct Segment {
    header: SegmentHeader,
    map: Mapping,
}

impl Segment {
    /// Makes a segment that is not begun yet, durable in all respects, at once; its memory is the file's.
    ///
    /// # Errors
    /// The file system's refusal; no space, most likely.
    pub fn create(dir: &Path, spec: SegmentSpec, index: u64, disk: &dyn Disk) -> Result<(Self, File), JournalError> {
        let mut unfinished = Unfinished::create(dir, spec, index, disk)?;
        while !unfinished.is_filled() {
            unfinished.fill(FILL_LEN, disk)?;
        }
        let (header, path, file) = unfinished.name(disk)?;
        let map = Mapping::of_file(&file).map_err(JournalError::io("map the segment", &path))?;
        Ok((Self { header, map }, file))
    }

    /// Maps a segment whose header has been read and found right.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn open(path: &Path, header: SegmentHeader) -> Result<(Self, File), JournalError> {
        let file = open_file(path)?;
        let map = Mapping::of_file(&file).map_err(JournalError::io("map the segment", path))?;
        Ok((Self { header, map }, file))
    }

    /// Makes of a segment whose file holds what its memory does, up to `end`, one that is appended to under this durability.
    ///
    /// # Errors
    /// The file system's refusal, or there is no memory.
    pub(super) fn under(
        self,
        durability: Durability,
        end: usize,
        (path, file): (&Path, File),
        disk: &dyn Disk,
    ) -> Result<(Self, Backing), JournalError> {
        let Self { header, mut map } = self;
        match durability {
            Durability::Mapped => {
                map.publish(end);
                Ok((Self { header, map }, Backing::mapped(header.index, file)))
            }
            Durability::Synced => {
                let staged = in_memory(&header, &map.bytes()[..end], path)?;
                // What was written through these must be out of the cache before anything is written past it.
                drop((map, file));
                let backing = past_cache(&header, &staged, path, disk)?;
                Ok((Self { header, map: staged }, backing))
            }
        }
    }

    /// Its position in the journal.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.header.index
    }

    /// For those who read what has been appended.
    pub(super) fn published(&self) -> Published {
        self.map.published()
    }

    /// For a thread that goes ahead of the appender.
    pub(super) fn ahead(&self) -> Ahead {
        self.map.ahead()
    }

    /// Whether a record with a body of this length fits at `offset`.
    #[must_use]
    #[inline]
    pub fn fits(&self, offset: usize, body_len: usize) -> bool {
        offset.saturating_add(journal::record_span(body_len)) <= self.map.len()
    }

    /// Says in the header which record comes first and what its checksum is chained to.
    pub fn begin(&mut self, first_seq: Seq, chain: u32) {
        self.header.first_seq = first_seq;
        self.header.chain = chain;
        let header = self.header.encode();
        self.map.rest_mut(0)[..header.len()].copy_from_slice(&header);
    }

    /// Stores a record at `offset`, behind all earlier ones, its length last. Returns its checksum and how far the next one is, or `None` when
    /// it does not fit.
    #[inline]
    pub fn write(&mut self, offset: usize, record: &NewRecord<'_>) -> Option<(u32, usize)> {
        if offset > self.map.len() {
            return None;
        }
        let out = self.map.rest_mut(offset);
        let NewRecord { seed, previous, kind, pending, seq, receive_time, body } = *record;
        let header = RecordHeader { length: 0, crc: 0, previous, kind: kind.code(), pending, seq, receive_time };
        let (length, crc) = journal::encode_record_body(out, seed, &header, body)?;
        self.map.publish_u32(offset, length);
        let span = journal::record_span(body.len());
        self.map.publish(offset + span);
        Some((crc, span))
    }

    /// Makes everything from `offset` on zero again. Returns how many bytes were not.
    pub fn clear_from(&mut self, offset: usize) -> u64 {
        let tail = self.map.rest_mut(offset);
        let Some(last) = tail.iter().rposition(|byte| *byte != 0) else { return 0 };
        tail[..=last].fill(0);
        last as u64 + 1
    }

    /// See [`Mapping::touch_until`].
    pub fn touch_until(&mut self, end: usize) {
        self.map.touch_until(end);
    }
}

/// Makes durable a segment that nobody appends to any more, even if the kernel wrongly takes it for written.
///
/// # Errors
/// The file system's refusal.
pub fn write_again(path: &Path, disk: &dyn Disk) -> Result<(), JournalError> {
    let file = open_file(path)?;
    let mut map = Mapping::of_file(&file).map_err(JournalError::io("map the segment", path))?;
    map.touch_until(usize::MAX);
    disk.sync(&file).map_err(JournalError::io("sync the segment", path))
}

/// A segment on its way: a file under a temporary name, of zeros as far as it goes.
#[derive(Debug)]
pub(super) struct Unfinished {
    dir: PathBuf,
    path: PathBuf,
    temporary: PathBuf,
    header: SegmentHeader,
    durability: Durability,
    file: File,
    filled: u64,
}

impl Unfinished {
    /// Begins an empty file.
    pub(super) fn create(dir: &Path, spec: SegmentSpec, index: u64, disk: &dyn Disk) -> Result<Self, JournalError> {
        let path = directory::segment_path(dir, spec.epoch, index);
        let temporary = directory::temporary_path(&path);
        let file = disk.create(&temporary).map_err(JournalError::io("create the segment", &temporary))?;
        let SegmentSpec { epoch, fingerprint, segment_len, durability } = spec;
        let header = SegmentHeader { epoch, index, first_seq: Seq(0), segment_len, fingerprint, chain: 0 };
        Ok(Self { dir: dir.to_owned(), path, temporary, header, durability, file, filled: 0 })
    }

    pub(super) const fn index(&self) -> u64 {
        self.header.index
    }

    /// How many bytes of zeros it has.
    pub(super) const fn filled(&self) -> u64 {
        self.filled
    }

    /// Whether it has its length.
    pub(super) const fn is_filled(&self) -> bool {
        self.filled >= self.header.segment_len
    }

    /// Fills `len` bytes more with zeros, and syncs them.
    pub(super) fn fill(&mut self, len: u64, disk: &dyn Disk) -> Result<(), JournalError> {
        let len = len.min(self.header.segment_len - self.filled);
        let filled = disk.fill(&self.file, self.filled, len);
        filled.map_err(JournalError::io("fill with zeros the new segment", &self.temporary))?;
        self.filled += len;
        Ok(())
    }

    /// Makes it ready to be appended to.
    pub(super) fn finish(self, disk: &dyn Disk) -> Result<(Segment, Backing), JournalError> {
        let durability = self.durability;
        let (header, path, file) = self.name(disk)?;
        let index = header.index;
        match durability {
            Durability::Mapped => {
                let map = Mapping::of_file(&file).map_err(JournalError::io("map the segment", &path))?;
                Ok((Segment { header, map }, Backing::mapped(index, file)))
            }
            Durability::Synced => {
                let map = in_memory(&header, &[], &path)?;
                drop(file);
                let backing = past_cache(&header, &map, &path, disk)?;
                Ok((Segment { header, map }, backing))
            }
        }
    }

    /// Gives it its header and its name.
    fn name(self, disk: &dyn Disk) -> Result<(SegmentHeader, PathBuf, File), JournalError> {
        let Self { dir, path, temporary, header, file, .. } = self;
        disk.write_at(&file, &header.encode(), 0)
            .map_err(JournalError::io("write the header of the segment", &temporary))?;
        disk.sync(&file).map_err(JournalError::io("sync the new segment", &temporary))?;
        disk.rename(&temporary, &path).map_err(JournalError::io("rename into place the segment", &temporary))?;
        directory::sync(&dir, disk)?;
        Ok((header, path, file))
    }
}

/// Memory of the process for a segment whose file begins with `contents`, which are published.
fn in_memory(header: &SegmentHeader, contents: &[u8], path: &Path) -> Result<Mapping, JournalError> {
    let len = usize::try_from(header.segment_len).unwrap_or(usize::MAX);
    let mut memory = Mapping::of_memory(len).map_err(JournalError::io("take memory for", path))?;
    memory.rest_mut(0)[..contents.len()].copy_from_slice(contents);
    memory.publish(contents.len());
    Ok(memory)
}

/// The file of such a segment, for the syncer.
fn past_cache(header: &SegmentHeader, memory: &Mapping, path: &Path, disk: &dyn Disk) -> Result<Backing, JournalError> {
    let file = disk.open_direct(path).map_err(JournalError::io("open the segment", path))?;
    Ok(Backing::staged(header.index, file, memory.published(), header.segment_len))
}

/// What a record is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Where the journal's checksums begin.
    pub seed: u32,
    /// Checksum of the record before.
    pub previous: u32,
    /// What the body is.
    pub kind: RecordKind,
    /// See [`RecordHeader::pending`].
    pub pending: u16,
    /// Its position in the one order.
    pub seq: Seq,
    /// When the command was received.
    pub receive_time: Nanos,
    /// The command.
    pub body: &'a [u8],
}

fn open_file(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new().read(true).write(true).open(path).map_err(JournalError::io("open the segment", path))
}
