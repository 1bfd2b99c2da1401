//! Messages of a stream without a gap, in one file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::contents::{Contents, STRIDE, copy_blocks};
use crate::journal::map::Published;
use wire::mold::SessionId;

/// The longest message with its length.
pub(super) const BLOCK_LEN_MAX: usize = 128;
/// Bytes of a file that are looked at for one answer: the blocks before the first one that is wanted, a packet, and the marks among them.
const WINDOW_LEN: usize = 24 << 10;

/// Memory that reading needs; one for each thread that reads.
#[derive(Debug)]
pub struct Scratch {
    window: Vec<u8>,
    /// The file that was read last, and whose it is: one that was made again has the name of another.
    file: Option<(u64, File)>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { window: vec![0; WINDOW_LEN], file: None }
    }
}

/// A file of a stream, for readers.
#[derive(Debug)]
pub(super) struct Run {
    /// The sequence of its first message.
    pub(super) first: u64,
    pub(super) path: PathBuf,
    /// Of this value alone, for as long as the process lives.
    number: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// It is being appended to.
    Live(Live),
    /// It is complete. Read from the file and not from a mapping: where memory is locked, a mapping of a day's messages would be, too.
    Stored {
        epoch: u64,
        session: SessionId,
        index: OnceLock<Option<Index>>,
        /// So that two who need the index do not both read the whole file.
        reading: Mutex<()>,
    },
}

#[derive(Debug)]
struct Live {
    memory: Published,
    /// Where every [`STRIDE`]th message begins.
    offsets: Box<[AtomicU32]>,
    /// The sequence behind its last message.
    next: AtomicU64,
}

/// Where the messages of a complete file are.
#[derive(Debug)]
pub(super) struct Index {
    offsets: Vec<u32>,
    /// Behind its last message.
    pub(super) next: u64,
    /// Where they end in the file.
    end: usize,
}

impl Index {
    pub(super) fn new(contents: Contents) -> Self {
        Self { offsets: contents.offsets, next: contents.proven.next, end: contents.proven.at }
    }
}

impl Run {
    /// A file that is appended to; `contents` is what it holds already.
    pub(super) fn live(
        first: u64,
        path: PathBuf,
        memory: Published,
        file_len: usize,
        contents: &[u32],
        next: u64,
    ) -> Self {
        // A file that has more messages than this is full.
        let mut offsets: Vec<AtomicU32> = contents.iter().map(|&offset| AtomicU32::new(offset)).collect();
        offsets.resize_with(strides_max(file_len).max(contents.len()), AtomicU32::default);
        let offsets = offsets.into_boxed_slice();
        Self::new(first, path, Body::Live(Live { memory, offsets, next: AtomicU64::new(next) }))
    }

    /// A file that is complete. What it holds is read when it is needed for the first time.
    pub(super) fn stored(first: u64, path: PathBuf, epoch: u64, session: SessionId) -> Self {
        Self::new(first, path, Body::Stored { epoch, session, index: OnceLock::new(), reading: Mutex::new(()) })
    }

    /// A file that is complete, and whose messages are known.
    pub(super) fn indexed(first: u64, path: PathBuf, epoch: u64, session: SessionId, index: Index) -> Self {
        let index = OnceLock::from(Some(index));
        Self::new(first, path, Body::Stored { epoch, session, index, reading: Mutex::new(()) })
    }

    fn new(first: u64, path: PathBuf, body: Body) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self { first, path, number: NUMBER.fetch_add(1, Ordering::Relaxed), body }
    }

    /// The same file, now that nothing is appended any more and `end` bytes of it are used.
    pub(super) fn complete(&self, epoch: u64, session: SessionId, end: usize) -> Option<Self> {
        let Body::Live(live) = &self.body else { return None };
        let next = live.next.load(Ordering::Relaxed);
        let strides = usize::try_from((next - self.first).div_ceil(STRIDE)).ok()?;
        let offsets = live.offsets[..strides].iter().map(|offset| offset.load(Ordering::Relaxed)).collect();
        Some(Self::indexed(self.first, self.path.clone(), epoch, session, Index { offsets, next, end }))
    }

    /// A message was stored at this offset; it is published already.
    #[inline]
    pub(super) fn appended(&self, seq: u64, offset: u32) {
        let Body::Live(live) = &self.body else { return };
        let place = seq - self.first;
        if place.is_multiple_of(STRIDE)
            && let Some(slot) = usize::try_from(place / STRIDE).ok().and_then(|stride| live.offsets.get(stride))
        {
            slot.store(offset, Ordering::Relaxed);
        }
        live.next.store(seq + 1, Ordering::Release);
    }

    /// The sequence behind its last message; what is not whole counts as not there. The first look at an older file reads it.
    pub(super) fn next(&self) -> u64 {
        match &self.body {
            Body::Live(live) => live.next.load(Ordering::Acquire),
            Body::Stored { .. } => self.index().map_or(self.first, |index| index.next),
        }
    }

    fn index(&self) -> Option<&Index> {
        let Body::Stored { epoch, session, index, reading } = &self.body else { return None };
        if index.get().is_none() {
            let _one = reading.lock().unwrap_or_else(PoisonError::into_inner);
            index.get_or_init(|| load(&self.path, *epoch, *session, self.first));
        }
        index.get().and_then(Option::as_ref)
    }

    /// Copies blocks from message `from` on, `count` at most and as many as there is room for.
    pub(super) fn copy(&self, from: u64, count: u64, out: &mut [u8], scratch: &mut Scratch) -> (u16, usize) {
        let next = self.next();
        if !(self.first..next).contains(&from) {
            return (0, 0);
        }
        let Ok(stride) = usize::try_from((from - self.first) / STRIDE) else { return (0, 0) };
        let begin = self.first + (from - self.first) / STRIDE * STRIDE;
        let end = next.min(from.saturating_add(count));
        match &self.body {
            Body::Live(live) => {
                let offset = live.offsets.get(stride).map_or(u32::MAX, |offset| offset.load(Ordering::Relaxed));
                let bytes = usize::try_from(offset).ok().and_then(|offset| live.memory.bytes().get(offset..));
                copy_blocks(bytes.unwrap_or_default(), begin, from, end, out)
            }
            Body::Stored { .. } => {
                let Some(index) = self.index() else { return (0, 0) };
                let offset = index.offsets.get(stride).and_then(|&offset| usize::try_from(offset).ok());
                let Some(len) = offset.and_then(|offset| index.end.checked_sub(offset)) else { return (0, 0) };
                let offset = index.offsets.get(stride).copied().unwrap_or_default();
                match self.window(u64::from(offset), len.min(WINDOW_LEN), scratch) {
                    Some(bytes) => copy_blocks(bytes, begin, from, end, out),
                    None => (0, 0),
                }
            }
        }
    }

    /// Some bytes of the file.
    fn window<'a>(&self, offset: u64, len: usize, scratch: &'a mut Scratch) -> Option<&'a [u8]> {
        if scratch.file.as_ref().is_none_or(|(number, _)| *number != self.number) {
            scratch.file = Some((self.number, File::open(&self.path).ok()?));
        }
        let (_, file) = scratch.file.as_ref()?;
        let window = &mut scratch.window[..len];
        file.read_exact_at(window, offset).ok()?;
        Some(window)
    }
}

/// How many strides a file can have, so that the table for them is made once. Of the shortest messages that any stream has: 12 bytes.
pub(super) fn strides_max(file_len: usize) -> usize {
    file_len / (14 * usize::try_from(STRIDE).unwrap_or(1)) + 1
}

/// Reads a whole file; `None` when it is not one of ours any more.
fn load(path: &Path, epoch: u64, session: SessionId, first: u64) -> Option<Index> {
    let bytes = std::fs::read(path).ok()?;
    Contents::read(&bytes, epoch, session, first, 0).ok().map(Index::new)
}

// The blocks of a stride, with a mark behind each, and then a packet.
const _: () = assert!(WINDOW_LEN >= 2 * 64 * (BLOCK_LEN_MAX + wire::messages::MARK_LEN) && STRIDE == 64);
