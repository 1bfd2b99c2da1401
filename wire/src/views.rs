//! Layout of the rolling views on disk: trades, bars and depth of an hour, little-endian, appended and never changed.
//!
//! Goal: one definition of the bytes; each block proves itself, its place and the one before it, and says which commands it covers, so that
//! a reader in another process needs no lock. Non-goal: files; what the rows mean together.
//!
//! ```text
//! file     0       64
//!          | header | block | block | ...
//!
//! block    0       104
//!          | header | trades | bars | depth |       each part one LZ4 block, or nothing
//!
//! parts    | row | row | ...                        trades 48 bytes, bars 80, depth 16 and 12 for each level
//! ```
//!
//! A block's checksum begins from that of the block before it, the first one's from that of the file's header, so what is left of a file
//! behind its end is never taken for a part of it.

use crate::layout::layout;
use crate::{DecodeError, InstrumentIndex, Nanos, Price, Reserved, Seq, Side};

/// First bytes of each file.
pub const VIEWS_MAGIC: [u8; 8] = *b"PINIONV\0";
/// Version of everything in this module.
pub const VIEWS_VERSION: u32 = 1;
/// First bytes of each block.
pub const BLOCK_MAGIC: [u8; 4] = *b"VBLK";
/// The most bytes that a part of a block unpacks to.
pub const PART_PLAIN_MAX: usize = 16 << 20;
/// The most levels of a side in a row of depth.
pub const DEPTH_LEVELS: usize = 10;

const HEADER_LEN_U32: u32 = 64;
const HEADER_COVERED: usize = ViewsHeader::SIZE - 4;
const BLOCK_COVERED: usize = ViewsBlock::SIZE - 4;

layout! { Disk, "views header",
    /// Which hour of which journal this is.
    pub struct ViewsHeader: 64 {
        /// [`VIEWS_MAGIC`].
        0 => magic: [u8; 8],
        /// [`VIEWS_VERSION`].
        8 => version: u32,
        /// Bytes of this header.
        12 => header_len: u32,
        /// The journal's name.
        16 => epoch: u64,
        /// Fingerprint of the part of the configuration that influences outcomes.
        24 => fingerprint: u64,
        /// Hours since the Unix epoch.
        32 => hour: u64,
        /// Which file of that hour this is, counted from 0.
        40 => part: u32,
        /// Its first block covers the commands behind this one.
        44 => after: Seq,
        /// Zero.
        52 => reserved: Reserved<8>,
        /// CRC32C of the 60 bytes before.
        60 => crc: u32,
    }
}

layout! { Disk, "views block",
    /// What commands a block covers, and how long its parts are.
    pub struct ViewsBlock: 104 {
        /// [`BLOCK_MAGIC`].
        0 => magic: [u8; 4],
        /// How long an interval of depth is, ms.
        4 => interval_ms: u32,
        /// It covers the commands behind this one,
        8 => after: Seq,
        /// up to and including this one.
        16 => last: Seq,
        /// When that one was received.
        24 => time: Nanos,
        /// The next trade, after it.
        32 => match_number: u64,
        /// The next order, after it.
        40 => order_ref: u64,
        /// Rows of the three parts: trades, bars, depth.
        48 => trade_rows: u32,
        /// Of bars.
        52 => bar_rows: u32,
        /// Of depth.
        56 => depth_rows: u32,
        /// Bytes of trades, packed.
        60 => trade_packed: u32,
        /// Of bars, packed.
        64 => bar_packed: u32,
        /// Of depth, packed.
        68 => depth_packed: u32,
        /// Bytes of trades, unpacked.
        72 => trade_plain: u32,
        /// Of bars, unpacked.
        76 => bar_plain: u32,
        /// Of depth, unpacked.
        80 => depth_plain: u32,
        /// CRC32C of the packed trades.
        84 => trade_crc: u32,
        /// Of the packed bars.
        88 => bar_crc: u32,
        /// Of the packed depth.
        92 => depth_crc: u32,
        /// Zero.
        96 => zero: u32,
        /// CRC32C of the 100 bytes before, begun from the checksum of the block or header before.
        100 => crc: u32,
    }
}

layout! { Disk, "views trade",
    /// A trade.
    pub struct TradeRow: 48 {
        /// The command that caused it.
        0 => seq: Seq,
        /// When that was received.
        8 => time: Nanos,
        /// As in the reports.
        16 => match_number: u64,
        /// The maker's price.
        24 => price: Price,
        /// What was traded.
        32 => instrument: InstrumentIndex,
        /// How much.
        36 => qty: u32,
        /// The incoming order's side: `B` or `S`.
        40 => taker_side: Side,
        /// Zero.
        41 => reserved: Reserved<7>,
    }
}

layout! { Disk, "views bar",
    /// What an instrument traded within a second, or within a part of it: rows of one second come in the order of their trades.
    pub struct BarRow: 80 {
        /// When the second begins.
        0 => begin: Nanos,
        /// The first price.
        8 => open: Price,
        /// The highest.
        16 => high: Price,
        /// The lowest.
        24 => low: Price,
        /// The last.
        32 => close: Price,
        /// Sum of the quantities.
        40 => volume: u64,
        /// Sum of price times quantity: the lower 64 bits of a two's complement number of 128,
        48 => notional_low: u64,
        /// and the upper.
        56 => notional_high: i64,
        /// How many.
        64 => trades: u64,
        /// Of what.
        72 => instrument: InstrumentIndex,
        /// Zero.
        76 => zero: u32,
    }
}

layout! { Disk, "views depth",
    /// The best displayed levels at the end of an interval; of two rows of one instrument and interval the later one counts.
    pub struct DepthRow: 16 {
        /// The end of the interval.
        0 => time: Nanos,
        /// Of what.
        8 => instrument: InstrumentIndex,
        /// How many bids follow, best first, at most [`DEPTH_LEVELS`].
        12 => bids: u8,
        /// How many asks follow them.
        13 => asks: u8,
        /// Zero.
        14 => zero: u16,
    }
}

layout! { Disk, "views level",
    /// A level of a row of depth.
    pub struct LevelRow: 12 {
        /// Its price.
        0 => price: Price,
        /// The total displayed quantity.
        8 => qty: u32,
    }
}

impl ViewsHeader {
    /// The header of a file of an hour.
    #[must_use]
    pub const fn new(epoch: u64, fingerprint: u64, hour: u64, part: u32, after: Seq) -> Self {
        let (magic, version, header_len) = (VIEWS_MAGIC, VIEWS_VERSION, HEADER_LEN_U32);
        Self { magic, version, header_len, epoch, fingerprint, hour, part, after, reserved: Reserved, crc: 0 }
    }

    /// The bytes, with their checksum.
    #[must_use]
    pub fn to_bytes(mut self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(Self::SIZE));
        self.crc = crc32c::crc32c(&out[..HEADER_COVERED]);
        out[HEADER_COVERED..].copy_from_slice(&self.crc.to_le_bytes());
        out
    }

    /// Reads and verifies the header at the start of a file.
    ///
    /// # Errors
    /// Too short, none of these files, another version, or a checksum that does not match.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "views header";
        let Some(bytes) = bytes.get(..Self::SIZE) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: Self::SIZE, found: bytes.len() });
        };
        let header = Self::decode(bytes)?;
        if header.magic != VIEWS_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "the bytes PINIONV and a zero", &header.magic));
        }
        if header.version != VIEWS_VERSION {
            return Err(DecodeError::value(WHAT, "version", "1", &header.version.to_be_bytes()));
        }
        if crc32c::crc32c(&bytes[..HEADER_COVERED]) != header.crc {
            return Err(DecodeError::value(WHAT, "crc", "the checksum of the header", &header.crc.to_be_bytes()));
        }
        Ok(header)
    }
}

impl ViewsBlock {
    /// The bytes, with magic and checksum, behind a block or header of checksum `before`; and its own.
    #[must_use]
    pub fn to_bytes(mut self, before: u32) -> ([u8; Self::SIZE], u32) {
        self.magic = BLOCK_MAGIC;
        let mut out = [0; Self::SIZE];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(Self::SIZE));
        let crc = crc32c::crc32c_append(before, &out[..BLOCK_COVERED]);
        out[BLOCK_COVERED..].copy_from_slice(&crc.to_le_bytes());
        (out, crc)
    }

    /// Reads and verifies a block's header behind a block or header of checksum `before`.
    ///
    /// # Errors
    /// It is too short, none, or does not belong there.
    pub fn from_bytes(bytes: &[u8], before: u32) -> Result<Self, DecodeError> {
        const WHAT: &str = "views block";
        let Some(bytes) = bytes.get(..Self::SIZE) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: Self::SIZE, found: bytes.len() });
        };
        let block = Self::decode(bytes)?;
        if block.magic != BLOCK_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "VBLK", &block.magic));
        }
        if crc32c::crc32c_append(before, &bytes[..BLOCK_COVERED]) != block.crc {
            return Err(DecodeError::value(WHAT, "crc", "the checksum of the block", &block.crc.to_be_bytes()));
        }
        Ok(block)
    }

    /// Bytes that follow its header.
    #[must_use]
    pub fn packed_len(&self) -> u64 {
        u64::from(self.trade_packed) + u64::from(self.bar_packed) + u64::from(self.depth_packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> ViewsBlock {
        ViewsBlock {
            magic: BLOCK_MAGIC,
            interval_ms: 100,
            after: Seq(7),
            last: Seq(9),
            time: Nanos(11),
            match_number: 3,
            order_ref: 5,
            trade_rows: 1,
            bar_rows: 2,
            depth_rows: 3,
            trade_packed: 10,
            bar_packed: 20,
            depth_packed: 30,
            trade_plain: 48,
            bar_plain: 160,
            depth_plain: 84,
            trade_crc: 1,
            bar_crc: 2,
            depth_crc: 3,
            zero: 0,
            crc: 0,
        }
    }

    #[test]
    fn header_and_blocks_round_trip() {
        let header = ViewsHeader::new(0xE, 0xF, 491_000, 1, Seq(7));
        let bytes = header.to_bytes();
        let read = ViewsHeader::from_bytes(&bytes).expect("as written");
        assert_eq!(ViewsHeader { crc: 0, ..read }, header);
        let (bytes, crc) = block().to_bytes(read.crc);
        let read = ViewsBlock::from_bytes(&bytes, read.crc).expect("as written");
        assert_eq!((read, read.packed_len()), (ViewsBlock { crc, ..block() }, 60));
    }

    #[test]
    fn no_flipped_bit_and_no_foreign_place_is_taken() {
        let header = ViewsHeader::new(1, 2, 3, 0, Seq(0)).to_bytes();
        for bit in 0..header.len() * 8 {
            let mut bytes = header;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(ViewsHeader::from_bytes(&bytes).is_err(), "bit {bit} of the header");
        }
        let (bytes, crc) = block().to_bytes(17);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(ViewsBlock::from_bytes(&bytes, 17).is_err(), "bit {bit} of a block");
        }
        assert!(ViewsBlock::from_bytes(&bytes, crc).is_err(), "behind another block");
        assert!(ViewsBlock::from_bytes(&bytes[..103], 17).is_err(), "cut off");
        assert!(ViewsHeader::from_bytes(&header[..63]).is_err(), "cut off");
    }
}
