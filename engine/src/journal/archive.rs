//! Full segments, packed: kept where they take less room, and read from there like any other.
//!
//! Goal: the packed copy of a segment is proved before the segment may go, and what proves it is the copy as it was read back. Non-goal:
//! which segments go, and when; see [`crate::retention`].
//!
//! A file is zstd frames, one after another, so that any tool unpacks it: `zstd -d` gives the segment, byte for byte.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use wire::Seq;
use wire::journal::{self, BODY_LEN_MAX, RECORD_HEADER_LEN, RecordHeader, SEGMENT_HEADER_LEN, SegmentHeader};

use super::directory::{self, SegmentName};
use super::{Disk, JournalError};

/// Bytes of a segment in one frame: what is in memory at a time.
const FRAME_LEN: usize = 256 << 10;
/// Bytes written between two syncs: the journal syncs too.
const SYNC_EVERY_BYTES: u64 = 4 << 20;
/// No record is longer.
const RECORD_MAX: usize = RECORD_HEADER_LEN + BODY_LEN_MAX;

/// Where a segment joins its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Joint {
    /// The record behind it.
    pub first_seq: Seq,
    /// The checksum of the record before it.
    pub chain: u32,
}

impl Joint {
    const fn of(header: &SegmentHeader) -> Self {
        Self { first_seq: header.first_seq, chain: header.chain }
    }

    /// What the header of a live segment says.
    pub(crate) fn before(path: &Path) -> Result<Self, JournalError> {
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        let read = File::open(path).and_then(|file| file.read_exact_at(&mut bytes, 0));
        read.map_err(JournalError::io("read the segment", path))?;
        let header = SegmentHeader::decode(&bytes);
        let header = header.map_err(|error| JournalError::io("read the header of", path)(io::Error::other(error)))?;
        Ok(Self::of(&header))
    }
}

/// Has a packed copy of a full segment in the archive, proved to join `next`, the segment after it. One that is there and proves itself is
/// left; otherwise it is written aside, synced, read back, and moved into place. Returns how many bytes it has.
///
/// # Errors
/// The file system refuses, or the segment itself is not whole. Nothing but a half-written file is left.
pub(crate) fn pack(dir: &Path, name: &SegmentName, next: Joint, disk: &dyn Disk) -> Result<u64, JournalError> {
    let path = directory::archived_path(dir, name.epoch, name.index);
    let len = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.len());
    if path.exists() && prove(&path, name, next).is_ok() {
        return len(&path).map_err(JournalError::io("look at the packed segment", &path));
    }
    let archive = directory::archive_dir(dir);
    disk.create_directory(&archive).map_err(JournalError::io("create the archive", &archive))?;
    let aside = directory::temporary_path(&path);
    let done = write(name, &aside, disk).and_then(|len| prove(&aside, name, next).map(|()| len));
    let len = match done {
        Ok(len) => len,
        Err(error) => {
            // It is of no use; that it cannot be removed either is no news.
            let _ = disk.remove(&aside);
            return Err(error);
        }
    };
    disk.rename(&aside, &path).map_err(JournalError::io("rename into place the packed segment", &aside))?;
    directory::sync(&archive, disk)?;
    Ok(len)
}

/// The bytes of a packed segment.
///
/// # Errors
/// It cannot be read, or is not packed as it should be.
pub fn unpack(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Frames::open(path)?.take(super::segment::SEGMENT_LEN_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write(name: &SegmentName, aside: &Path, disk: &dyn Disk) -> Result<u64, JournalError> {
    let failed = JournalError::io("write the packed segment", aside);
    let mut live = File::open(&name.path).map_err(JournalError::io("read the segment", &name.path))?;
    let (mut plain, mut at, mut since_sync) = (vec![0; FRAME_LEN], 0, 0);
    let mut written = || {
        let packed = disk.create(aside)?;
        loop {
            let len = fill(&mut live, &mut plain)?;
            if len == 0 {
                break;
            }
            // From memory into memory: the packer knows no errors.
            let frame = compress_to_vec(&plain[..len], CompressionLevel::Fastest);
            disk.write_at(&packed, &frame, at)?;
            at += frame.len() as u64;
            since_sync += frame.len() as u64;
            if since_sync >= SYNC_EVERY_BYTES {
                since_sync = 0;
                disk.sync(&packed)?;
            }
        }
        disk.sync(&packed).map(|()| at)
    };
    written().map_err(failed)
}

/// Reads a packed segment from its first byte to its last: its header is that of this segment, every record is whole and in its place,
/// and the last one is the one that `next` continues.
fn prove(path: &Path, name: &SegmentName, next: Joint) -> Result<(), JournalError> {
    let mut expected = Seq(0);
    let mut walk = || -> io::Result<()> {
        let wrong = |found: String| Err(io::Error::new(io::ErrorKind::InvalidData, found));
        let mut input = Frames::open(path)?;
        let mut head = [0; SEGMENT_HEADER_LEN];
        input.read_exact(&mut head)?;
        let header = SegmentHeader::decode(&head).map_err(io::Error::other)?;
        if (header.epoch, header.index) != (name.epoch, name.index) {
            return wrong(format!("the header of segment {} of epoch {:016x}", header.index, header.epoch));
        }
        let seed = journal::seed(header.epoch);
        let Joint { first_seq, mut chain } = Joint::of(&header);
        expected = first_seq;
        let mut window = Window { input, bytes: vec![0; FRAME_LEN + RECORD_MAX], begin: 0, end: 0 };
        let mut len = SEGMENT_HEADER_LEN as u64;
        loop {
            let rest = window.fill()?;
            let Some((record, body)) = RecordHeader::verify(seed, rest) else { break };
            if record.seq != expected || record.previous != chain {
                return wrong(format!("record {}, which does not belong here", record.seq));
            }
            chain = record.crc;
            let span = journal::record_span(body.len());
            window.skip(span);
            len += span as u64;
            expected = Seq(expected.get() + 1);
        }
        len += window.zeros()?.ok_or_else(|| io::Error::other("bytes behind the last record"))?;
        if len != header.segment_len {
            return wrong(format!("{len} bytes, where the header says {}", header.segment_len));
        }
        if (Joint { first_seq: expected, chain }) != next {
            return wrong(format!(
                "an end before record {expected}, where the next segment begins with {}",
                next.first_seq
            ));
        }
        Ok(())
    };
    walk().map_err(|error| JournalError::Unproved { path: path.to_owned(), seq: expected, found: error.to_string() })
}

/// Reads until `out` is full or the end has come.
fn fill(input: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < out.len() {
        match input.read(&mut out[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

/// What is being looked at of a stream of records.
struct Window {
    input: Frames,
    bytes: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Window {
    /// What comes next: a whole record, if there is one.
    fn fill(&mut self) -> io::Result<&[u8]> {
        if self.end - self.begin < RECORD_MAX {
            self.bytes.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
            self.end += fill(&mut self.input, &mut self.bytes[self.end..])?;
        }
        Ok(&self.bytes[self.begin..self.end])
    }

    fn skip(&mut self, len: usize) {
        self.begin = (self.begin + len).min(self.end);
    }

    /// How many bytes are left; `None` when they are not all zeros.
    fn zeros(&mut self) -> io::Result<Option<u64>> {
        let mut len = 0;
        loop {
            let rest = self.fill()?;
            if rest.iter().any(|byte| *byte != 0) {
                return Ok(None);
            }
            let read = rest.len();
            if read == 0 {
                return Ok(Some(len));
            }
            len += read as u64;
            self.skip(read);
        }
    }
}

/// The plain bytes of one zstd frame after another.
struct Frames {
    /// Empty only after an error, which ends the reading.
    at: Option<At>,
}

enum At {
    Between(BufReader<File>),
    Inside(Box<StreamingDecoder<BufReader<File>, FrameDecoder>>),
}

impl Frames {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { at: Some(At::Between(BufReader::with_capacity(1 << 16, File::open(path)?))) })
    }
}

impl Read for Frames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.at.take() {
                None => return Ok(0),
                Some(At::Between(mut input)) => {
                    if input.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(input).map_err(io::Error::other)?;
                    self.at = Some(At::Inside(Box::new(decoder)));
                }
                Some(At::Inside(mut decoder)) => {
                    let len = decoder.read(out)?;
                    if len > 0 || out.is_empty() {
                        self.at = Some(At::Inside(decoder));
                        return Ok(len);
                    }
                    self.at = Some(At::Between(decoder.into_inner()));
                }
            }
        }
    }
}
