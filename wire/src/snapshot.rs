//! Layout of a snapshot on disk: the whole state after one command, little-endian.
//!
//! Goal: one definition of the bytes; each part proves itself, and the whole names the journal record that it stands behind. Non-goal:
//! files, compression, what the state means.
//!
//! ```text
//! file     0        128
//!          | header | chunk | chunk | ... | last chunk, of no bytes |
//!
//! chunk    0       4        8     12
//!          | plain | packed | crc | packed bytes (LZ4 block), `plain` bytes unpacked |
//!
//! unpacked | state | channels | control, with added instruments, halts, locks, keys, answers | last trades | sessions, each with its newest reports | market data | orders |
//!            stop terms stand behind their order
//! ```
//!
//! A chunk's checksum begins from the one before it, the first one's from what the header says of the state, so chunks of two snapshots
//! do not mix.

use crate::admin::OperatorName;
use crate::layout::layout;
use crate::{Addr, DecodeError, InstrumentIndex, Nanos, Reserved, Seq, SessionIndex, Symbol};

/// First bytes of each snapshot.
pub const SNAPSHOT_MAGIC: [u8; 8] = *b"PINIONS\0";
/// Version of everything in this module.
pub const SNAPSHOT_VERSION: u32 = 3;
/// Bytes of the header.
pub const SNAPSHOT_HEADER_LEN: usize = SnapshotHeader::SIZE;
const SNAPSHOT_HEADER_LEN_U32: u32 = 128;
/// The most bytes that a chunk unpacks to.
pub const CHUNK_PLAIN_MAX: usize = 1 << 20;

const COVERED: usize = SNAPSHOT_HEADER_LEN - 4;
/// The fields that are known before the first chunk is written.
const NAMED: std::ops::Range<usize> = 16..80;

layout! { Disk, "snapshot header",
    /// Which state this is, and where the journal goes on from it.
    pub struct SnapshotHeader: 128 {
        /// [`SNAPSHOT_MAGIC`].
        0 => magic: [u8; 8],
        /// [`SNAPSHOT_VERSION`].
        8 => version: u32,
        /// [`SNAPSHOT_HEADER_LEN`].
        12 => header_len: u32,
        /// The journal's name.
        16 => epoch: u64,
        /// Fingerprint of the part of the configuration that influences outcomes.
        24 => fingerprint: u64,
        /// The command after which this was the state.
        32 => seq: Seq,
        /// Its receive time.
        40 => time: Nanos,
        /// Index of the segment in which its record lies.
        48 => segment: u64,
        /// Where its record begins, bytes from the start of the segment.
        56 => offset: u64,
        /// The record's checksum.
        64 => chain: u32,
        /// Zero.
        68 => zero: u32,
        /// The state's hash.
        72 => state_hash: u64,
        /// Live orders, so that a reader can say how far it is.
        80 => orders: u64,
        /// Bytes of all chunks, unpacked.
        88 => plain_len: u64,
        /// Zero.
        96 => reserved: Reserved<28>,
        /// CRC32C of the 124 bytes before.
        124 => crc: u32,
    }
}

impl SnapshotHeader {
    /// The bytes, with magic, version, length and checksum as they must be.
    #[must_use]
    pub fn to_bytes(mut self) -> [u8; SNAPSHOT_HEADER_LEN] {
        (self.magic, self.version, self.header_len) = (SNAPSHOT_MAGIC, SNAPSHOT_VERSION, SNAPSHOT_HEADER_LEN_U32);
        let mut out = [0; SNAPSHOT_HEADER_LEN];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(SNAPSHOT_HEADER_LEN));
        let crc = crc32c::crc32c(&out[..COVERED]);
        out[COVERED..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Where the checksums of its chunks begin: a number made of the journal's name, the command, its record and the state's hash.
    #[must_use]
    pub fn seed(&self) -> u32 {
        crc32c::crc32c(&self.to_bytes()[NAMED])
    }

    /// The version of the snapshot that begins here, be it one that this program knows or not. `None` when this is not the undamaged
    /// beginning of a snapshot.
    #[must_use]
    pub fn version(bytes: &[u8]) -> Option<u32> {
        let bytes = bytes.get(..SNAPSHOT_HEADER_LEN)?;
        let header = Self::decode(bytes).ok()?;
        (header.magic == SNAPSHOT_MAGIC && header.crc == crc32c::crc32c(&bytes[..COVERED])).then_some(header.version)
    }

    /// Reads and verifies the header at the start of a snapshot.
    ///
    /// # Errors
    /// Too short, no snapshot, another version, or a checksum that does not match.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "snapshot header";
        let Some(bytes) = bytes.get(..SNAPSHOT_HEADER_LEN) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: SNAPSHOT_HEADER_LEN, found: bytes.len() });
        };
        let header = Self::decode(bytes)?;
        if header.magic != SNAPSHOT_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "the bytes PINIONS and a zero", &header.magic));
        }
        if header.version != SNAPSHOT_VERSION {
            return Err(DecodeError::value(WHAT, "version", "3", &header.version.to_be_bytes()));
        }
        if crc32c::crc32c(&bytes[..COVERED]) != header.crc {
            return Err(DecodeError::value(WHAT, "crc", "the checksum of the header", &header.crc.to_be_bytes()));
        }
        Ok(header)
    }
}

layout! { Disk, "snapshot chunk",
    /// What stands before the packed bytes of a chunk.
    pub struct ChunkHeader: 12 {
        /// Bytes unpacked; 0 in the last chunk.
        0 => plain: u32,
        /// Bytes that follow.
        4 => packed: u32,
        /// CRC32C over the eight bytes before and the packed bytes, begun from the checksum before.
        8 => crc: u32,
    }
}

impl ChunkHeader {
    /// The checksum of a chunk.
    #[must_use]
    pub fn checksum(before: u32, plain: u32, packed: &[u8]) -> u32 {
        let len = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        let sizes = u64::from(len) << 32 | u64::from(plain);
        crc32c::crc32c_append(crc32c::crc32c_append(before, &sizes.to_le_bytes()), packed)
    }
}

layout! { Disk, "snapshot state",
    /// The numbers of the venue, and how many of each part follow.
    pub struct StateImage: 72 {
        /// The next accepted or replacing order.
        0 => order_ref: u64,
        /// The next trade.
        8 => match_number: u64,
        /// Messages ignored as retransmissions.
        16 => ignored: u64,
        /// The number of the last queue joining in the books.
        24 => stamp: u64,
        /// The venue's feed session, from which the streams' sessions are named.
        32 => feed_session: [u8; 10],
        /// How many sessions follow.
        42 => sessions: u16,
        /// How many instruments there are.
        44 => instruments: u32,
        /// How many last trades follow.
        48 => last_trades: u32,
        /// How many messages of market data follow.
        52 => events: u32,
        /// How many orders follow.
        56 => orders: u64,
        /// 1: no orders may enter for now.
        64 => entry_closed: u8,
        /// 1: the market day is over.
        65 => market_closed: u8,
        /// How many channels follow.
        66 => channels: u16,
        /// Zero.
        68 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot channel",
    /// What comes next on the streams of a channel, in the order of the configuration.
    pub struct ChannelImage: 16 {
        /// The next tick.
        0 => tick: u64,
        /// The next message of the depth stream.
        8 => depth: u64,
    }
}

layout! { Disk, "snapshot control",
    /// What operators have set, and how many of each part follow.
    pub struct ControlImage: 24 {
        /// How many added instruments follow.
        0 => added: u32,
        /// How many halts follow.
        4 => halted: u32,
        /// How many locks follow.
        8 => locks: u32,
        /// How many answers follow.
        12 => answered: u16,
        /// 1: the venue takes no new orders.
        14 => draining: u8,
        /// 1: a cancel of many orders is under way and follows.
        15 => canceling: u8,
        /// How many keys follow.
        16 => keys: u32,
        /// Zero.
        20 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot added instrument",
    /// An instrument that an operator added, in the order of the indices.
    pub struct AddedImage: 56 {
        /// Its name.
        0 => symbol: Symbol,
        /// The step between two prices, 1/10,000 of a currency unit, as all prices here.
        8 => tick: i64,
        /// The lowest price.
        16 => price_min: i64,
        /// The highest price.
        24 => price_max: i64,
        /// How far a market order may go; -1: at any price.
        32 => market_protection: i64,
        /// The step between two quantities.
        40 => lot: u32,
        /// The largest quantity of an order.
        44 => quantity_max: u32,
        /// On which channel.
        48 => channel: u8,
        /// Zero.
        49 => reserved: Reserved<7>,
    }
}

layout! { Disk, "snapshot halt",
    /// A halted instrument.
    pub struct HaltedImage: 4 {
        /// Which one.
        0 => instrument: InstrumentIndex,
    }
}

layout! { Disk, "snapshot lock",
    /// A lock.
    pub struct LockImage: 4 {
        /// `S` of a session, `M` of a member, `V` of the venue.
        0 => scope: u8,
        /// Zero.
        1 => reserved: Reserved<1>,
        /// Whose.
        2 => id: u16,
    }
}

layout! { Disk, "snapshot key",
    /// That a session has another key than the configuration says.
    pub struct KeyImage: 16 {
        /// The session.
        0 => session: SessionIndex,
        /// Zero.
        2 => reserved: Reserved<6>,
        /// The key's fingerprint.
        8 => fingerprint: u64,
    }
}

layout! { Disk, "snapshot answer",
    /// The newest command of an operator, and what became of it.
    pub struct AnsweredImage: 56 {
        /// Who asked.
        0 => operator: OperatorName,
        /// The operator's number of it.
        16 => number: u64,
        /// The command behind which the answer stands.
        24 => cause: Seq,
        /// The command; 0 where it was refused.
        32 => seq: Seq,
        /// How many orders were canceled, or whether anything changed.
        40 => changed: u64,
        /// 0, or why it was refused.
        48 => refusal: u16,
        /// Zero.
        50 => reserved: Reserved<6>,
    }
}

layout! { Disk, "snapshot canceling",
    /// A cancel of many orders that is under way.
    pub struct CancelingImage: 64 {
        /// Who asked.
        0 => operator: OperatorName,
        /// The operator's number of it.
        16 => number: u64,
        /// The command that asked.
        24 => seq: Seq,
        /// How many orders are gone.
        32 => canceled: u64,
        /// The order at which it goes on: session * 2^32 + `UserRefNum`; all bits set: with the next list.
        40 => next: u64,
        /// Which ladder of the instrument, or which session, it walks along.
        48 => list: u32,
        /// Of this instrument alone; all bits set: of all.
        52 => instrument: InstrumentIndex,
        /// `S` of a session, `M` of a member, `V` of the venue.
        56 => scope: u8,
        /// `B`, `S`, or a space for both.
        57 => side: u8,
        /// Whose.
        58 => id: u16,
        /// Zero.
        60 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot last trade",
    /// The last trade of an instrument.
    pub struct LastTradeImage: 16 {
        /// Which instrument.
        0 => instrument: InstrumentIndex,
        /// Zero.
        4 => reserved: Reserved<4>,
        /// The price, 1/10,000 of a currency unit.
        8 => price: i64,
    }
}

/// The session has logged in once at least, and the login's fields say something.
pub const SESSION_HAS_LOGIN: u16 = 1;
/// Its login stands.
pub const SESSION_IS_ALIVE: u16 = 2;
/// Its orders are canceled when it dies.
pub const SESSION_CANCELS: u16 = 4;

layout! { Disk, "snapshot session",
    /// A session, in the order of the configuration. Its newest reports follow.
    pub struct SessionImage: 88 {
        /// The number that the client's next message must carry.
        0 => next_inbound: u64,
        /// The number that the next report will get.
        8 => next_outbound: u64,
        /// The command that last changed it.
        16 => last_cause: Seq,
        /// The highest `UserRefNum` used.
        24 => last_user_ref: u32,
        /// The `SESSION_*` bits.
        28 => flags: u16,
        /// The login's name in packet headers.
        30 => token: [u8; 10],
        /// Where the client sits.
        40 => address: Addr,
        /// Zero.
        46 => reserved: Reserved<2>,
        /// When the challenge was made.
        48 => cookie_stamp: u64,
        /// The client's nonce.
        56 => client_nonce: [u8; 16],
        /// How many reports follow, the newest ones.
        72 => reports: u64,
        /// Zero.
        80 => reserved_2: Reserved<8>,
    }
}

layout! { Disk, "snapshot report",
    /// What stands before a report, an OUCH 5.0 message.
    pub struct ReportImage: 12 {
        /// The command that caused it.
        0 => cause: Seq,
        /// Bytes of the message.
        8 => len: u16,
        /// Zero.
        10 => reserved: Reserved<2>,
    }
}

/// The order is good till canceled.
pub const ORDER_IS_GTC: u8 = 1;
/// The order waits for its stop price or was elected: a [`StopImage`] follows.
pub const ORDER_IS_STOP: u8 = 2;

layout! { Disk, "snapshot order",
    /// A live order. Orders follow by ladder, then best price first, then place in the queue; elected ones come last.
    pub struct OrderImage: 64 {
        /// Session and `UserRefNum`: session * 2^32 + number.
        0 => key: u64,
        /// The venue's number of it.
        8 => order_ref: u64,
        /// Number of its queue joining.
        16 => stamp: u64,
        /// Where it stands; of a stop order the stop price. 1/10,000 of a currency unit.
        24 => price: i64,
        /// Instrument * 8 + place * 2 + side. Places: displayed, hidden, waiting, elected; sides: buy, sell.
        32 => ladder: u32,
        /// Open quantity, lots.
        36 => leaves: u32,
        /// What it shows.
        40 => shown: u32,
        /// Its iceberg slice, 0 for none.
        44 => display: u32,
        /// The total that may ever execute.
        48 => liable: u32,
        /// Its member.
        52 => owner: u16,
        /// The `ORDER_*` bits.
        54 => flags: u8,
        /// The exchange's byte.
        55 => mark: u8,
        /// Its place among its session's orders, the oldest entry being 0.
        56 => rank: u32,
        /// Zero.
        60 => reserved: Reserved<4>,
    }
}

layout! { Disk, "snapshot stop",
    /// What a stop order does once it enters.
    pub struct StopImage: 16 {
        /// Its limit.
        0 => limit: i64,
        /// The least that must trade on entry.
        8 => min_qty: u32,
        /// Day, good till canceled, immediate or cancel, fill or kill: 0 to 3.
        12 => tif: u8,
        /// Allow, cancel newest, oldest, both, decrement: 0 to 4.
        13 => self_match: u8,
        /// 1: refuse rather than trade on entry.
        14 => post_only: u8,
        /// 1: show nothing.
        15 => hidden: u8,
    }
}

layout! { Disk, "snapshot market data",
    /// A message of market data that may have to be published again. Fields that its kind does not have are zero.
    pub struct EventImage: 64 {
        /// The command that caused it.
        0 => cause: Seq,
        /// The receive time of the command.
        8 => timestamp: Nanos,
        /// The order's number.
        16 => order_ref: u64,
        /// The trade's number, or that of the order that was replaced.
        24 => number: u64,
        /// 1/10,000 of a currency unit.
        32 => price: i64,
        /// Which instrument; of a stage of the day the channel.
        40 => instrument: u32,
        /// Quantity, or the state's or stage's letter.
        44 => qty: u32,
        /// `B`, `S`, or a space for none.
        48 => side: u8,
        /// The message's letter on the depth stream; that of a tick in lower case.
        49 => kind: u8,
        /// Zero.
        50 => reserved: Reserved<14>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SnapshotHeader {
        SnapshotHeader {
            magic: SNAPSHOT_MAGIC,
            version: SNAPSHOT_VERSION,
            header_len: SNAPSHOT_HEADER_LEN_U32,
            epoch: 1,
            fingerprint: 2,
            seq: Seq(3),
            time: Nanos(4),
            segment: 5,
            offset: 6,
            chain: 7,
            zero: 0,
            state_hash: 8,
            orders: 9,
            plain_len: 10,
            reserved: Reserved,
            crc: 0,
        }
    }

    #[test]
    fn a_header_proves_itself_byte_by_byte() {
        let bytes = header().to_bytes();
        let read = SnapshotHeader::from_bytes(&bytes).expect("as written");
        assert_eq!(SnapshotHeader { crc: 0, ..read }, header());
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes;
                damaged[at] ^= 1 << bit;
                assert!(SnapshotHeader::from_bytes(&damaged).is_err(), "bit {bit} of byte {at}");
            }
        }
        assert!(SnapshotHeader::from_bytes(&bytes[..127]).is_err());
    }

    #[test]
    fn a_chunk_belongs_behind_the_one_before_it() {
        let crc = ChunkHeader::checksum(1, 10, b"packed");
        assert_ne!(crc, ChunkHeader::checksum(2, 10, b"packed"));
        assert_ne!(crc, ChunkHeader::checksum(1, 11, b"packed"));
        assert_ne!(crc, ChunkHeader::checksum(1, 10, b"packee"));
    }
}
