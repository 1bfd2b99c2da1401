//! Reads one file of views, block by block.
//!
//! Goal: what is read is what was written, or an error that says where; only the parts that are wanted are read. Non-goal: whether a file that
//! ends early is damaged or only being written; the caller knows which file it is.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::{ViewsError, ViewsName};
use lz4_flex::block::decompress_into;
use wire::views::{BarRow, DepthRow, LevelRow, PART_PLAIN_MAX, TradeRow, ViewsBlock, ViewsHeader};
use wire::{DecodeError, InstrumentIndex, Nanos};

use super::Bar;

/// A part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Trades, in order.
    Trades,
    /// Bars of a second, or parts of them, in order.
    Bars,
    /// Depth; of two rows of an instrument and time the later one counts.
    Depth,
}

/// A block, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it covers.
    pub header: ViewsBlock,
    /// Where its header begins.
    pub offset: u64,
}

/// The best displayed levels of an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The end of the interval.
    pub time: Nanos,
    /// Of what.
    pub instrument: InstrumentIndex,
    /// Best first.
    pub bids: Vec<LevelRow>,
    /// Best first.
    pub asks: Vec<LevelRow>,
}

/// A file, read from its beginning.
#[derive(Debug)]
pub struct Blocks {
    name: ViewsName,
    file: File,
    header: ViewsHeader,
    at: u64,
    len: u64,
    chain: u32,
    /// Who has read a part has these bytes in hand.
    packed: Vec<u8>,
    plain: Vec<u8>,
}

impl Blocks {
    /// Before the first block.
    ///
    /// # Errors
    /// The file cannot be read, or its header is not what was written.
    pub fn open(name: &ViewsName) -> Result<Self, ViewsError> {
        let path = &name.path;
        let file = File::open(path).map_err(ViewsError::io("open", path))?;
        let len = file.metadata().map_err(ViewsError::io("look at", path))?.len();
        let mut bytes = vec![0; usize::try_from(len).map_or(ViewsHeader::SIZE, |len| len.min(ViewsHeader::SIZE))];
        file.read_exact_at(&mut bytes, 0).map_err(ViewsError::io("read", path))?;
        let damaged = |found: String| ViewsError::Damaged { path: path.clone(), offset: 0, found };
        let header = ViewsHeader::from_bytes(&bytes).map_err(|error| damaged(error.to_string()))?;
        if (header.epoch, header.hour, header.part) != (name.epoch, name.hour, name.part) {
            let ViewsHeader { epoch, hour, part, .. } = header;
            return Err(damaged(format!("it is another file than its name says: {epoch:016x}, {hour}, {part}")));
        }
        let (at, chain) = (ViewsHeader::SIZE as u64, header.crc);
        Ok(Self { name: name.clone(), file, header, at, len, chain, packed: Vec::new(), plain: Vec::new() })
    }

    /// Which file it is.
    #[must_use]
    pub const fn header(&self) -> &ViewsHeader {
        &self.header
    }

    /// Where the next block begins, and the checksum that it follows.
    #[must_use]
    pub const fn end(&self) -> (u64, u32) {
        (self.at, self.chain)
    }

    /// How long the file was when it was opened.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing lies behind the last block that was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at == self.len
    }

    /// The next block; its parts are not looked at. `None` at the end of the file.
    ///
    /// # Errors
    /// What follows is no block or not the whole of one, or cannot be read.
    // Not an `Iterator`: the parts are read from here too.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Block>, ViewsError> {
        if self.is_empty() {
            return Ok(None);
        }
        let offset = self.at;
        let left = self.len - offset;
        let mut bytes = [0; ViewsBlock::SIZE];
        let there = usize::try_from(left).map_or(ViewsBlock::SIZE, |left| left.min(ViewsBlock::SIZE));
        self.read(&mut bytes[..there], offset)?;
        let torn = |found: String| ViewsError::Torn { path: self.name.path.clone(), offset, found };
        if there < ViewsBlock::SIZE {
            return Err(torn(format!("{there} bytes of a header")));
        }
        let header = ViewsBlock::from_bytes(&bytes, self.chain);
        let header = header.map_err(|error| self.damaged(offset, error.to_string()))?;
        let span = ViewsBlock::SIZE as u64 + header.packed_len();
        if span > left {
            return Err(torn(format!("{left} bytes of {span}")));
        }
        (self.at, self.chain) = (offset + span, header.crc);
        Ok(Some(Block { header, offset }))
    }

    /// The trades of a block.
    ///
    /// # Errors
    /// They are not what was written, or cannot be read.
    pub fn trades(&mut self, block: &Block, sink: impl FnMut(TradeRow)) -> Result<(), ViewsError> {
        self.part(block, Part::Trades)?;
        let rows = self.plain.chunks_exact(TradeRow::SIZE).map(TradeRow::decode);
        self.rows(block, rows, block.header.trade_rows, sink)
    }

    /// The bars of a block, each of a second or a part of it.
    ///
    /// # Errors
    /// They are not what was written, or cannot be read.
    pub fn bars(&mut self, block: &Block, mut sink: impl FnMut(Bar)) -> Result<(), ViewsError> {
        self.part(block, Part::Bars)?;
        let rows = self.plain.chunks_exact(BarRow::SIZE).map(BarRow::decode);
        self.rows(block, rows, block.header.bar_rows, |row| sink(Bar::from(&row)))
    }

    /// The depth in a block.
    ///
    /// # Errors
    /// It is not what was written, or cannot be read.
    pub fn depth(&mut self, block: &Block, sink: impl FnMut(Depth)) -> Result<(), ViewsError> {
        self.part(block, Part::Depth)?;
        let mut rest = self.plain.as_slice();
        let rows = std::iter::from_fn(|| (!rest.is_empty()).then(|| depth(&mut rest)));
        self.rows(block, rows, block.header.depth_rows, sink)
    }

    /// Whether the parts of a block are what was written.
    ///
    /// # Errors
    /// They are not.
    pub fn verify(&mut self, block: &Block) -> Result<(), ViewsError> {
        self.trades(block, |_| {})?;
        self.bars(block, |_| {})?;
        self.depth(block, |_| {})
    }

    fn rows<T>(
        &self,
        block: &Block,
        rows: impl Iterator<Item = Result<T, DecodeError>>,
        expected: u32,
        mut sink: impl FnMut(T),
    ) -> Result<(), ViewsError> {
        let mut count: u32 = 0;
        for row in rows {
            sink(row.map_err(|error| self.damaged(block.offset, error.to_string()))?);
            count = count.saturating_add(1);
        }
        if count == expected {
            return Ok(());
        }
        Err(self.damaged(block.offset, format!("a part of {count} rows, where its block says {expected}")))
    }

    /// Reads and unpacks a part of a block.
    fn part(&mut self, block: &Block, part: Part) -> Result<(), ViewsError> {
        let header = &block.header;
        let (before, packed, plain, crc) = match part {
            Part::Trades => (0, header.trade_packed, header.trade_plain, header.trade_crc),
            Part::Bars => (header.trade_packed.into(), header.bar_packed, header.bar_plain, header.bar_crc),
            Part::Depth => {
                let before = u64::from(header.trade_packed) + u64::from(header.bar_packed);
                (before, header.depth_packed, header.depth_plain, header.depth_crc)
            }
        };
        let [packed, plain] = [packed, plain].map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        if plain > PART_PLAIN_MAX {
            return Err(self.damaged(block.offset, format!("a part that unpacks to {plain} bytes")));
        }
        let at = block.offset + ViewsBlock::SIZE as u64 + before;
        let (mut bytes, mut out) = (std::mem::take(&mut self.packed), std::mem::take(&mut self.plain));
        bytes.resize(packed, 0);
        out.resize(plain, 0);
        let read = self.read(&mut bytes, at);
        let wrong = match crc32c::crc32c(&bytes) == crc {
            false => Some("a part whose checksum does not match".to_owned()),
            true if plain == 0 => None,
            true => match decompress_into(&bytes, &mut out) {
                Ok(len) if len == plain => None,
                Ok(_) => Some("a part that unpacks to another length".to_owned()),
                Err(error) => Some(error.to_string()),
            },
        };
        (self.packed, self.plain) = (bytes, out);
        read?;
        wrong.map_or(Ok(()), |found| Err(self.damaged(block.offset, found)))
    }

    fn read(&self, out: &mut [u8], at: u64) -> Result<(), ViewsError> {
        self.file.read_exact_at(out, at).map_err(ViewsError::io("read", &self.name.path))
    }

    fn damaged(&self, offset: u64, found: String) -> ViewsError {
        ViewsError::Damaged { path: self.name.path.clone(), offset, found }
    }
}

/// Takes a row of depth off the front.
fn depth(rest: &mut &[u8]) -> Result<Depth, DecodeError> {
    const WHAT: &str = "views depth";
    let bytes = *rest;
    let take = |len: usize, at: &mut usize| {
        let end = *at + len;
        let found = bytes.get(*at..end).ok_or(DecodeError::TooShort { what: WHAT, expected: end, found: bytes.len() });
        *at = end;
        found
    };
    let mut at = 0;
    let row = DepthRow::decode(take(DepthRow::SIZE, &mut at)?)?;
    let mut levels = |count: u8| -> Result<Vec<LevelRow>, DecodeError> {
        (0..count).map(|_| LevelRow::decode(take(LevelRow::SIZE, &mut at)?)).collect()
    };
    let (bids, asks) = (levels(row.bids)?, levels(row.asks)?);
    *rest = bytes.get(at..).unwrap_or_default();
    Ok(Depth { time: row.time, instrument: row.instrument, bids, asks })
}
