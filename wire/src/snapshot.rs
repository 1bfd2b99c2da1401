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

mod control;
mod order;
mod session;
mod state;

pub use control::{AddedImage, AnsweredImage, CancelingImage, ControlImage, HaltedImage, KeyImage, LockImage};
pub use order::{ORDER_IS_GTC, ORDER_IS_STOP, OrderImage, StopImage};
pub use session::{ReportImage, SESSION_CANCELS, SESSION_HAS_LOGIN, SESSION_IS_ALIVE, SessionImage};
pub use state::{ChannelImage, EventImage, LastTradeImage, StateImage};

use crate::layout::layout;
use crate::{DecodeError, Nanos, Reserved, Seq};

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
