//! Layout of the message store on disk: what was published on a stream, ready to be sent again.
//!
//! Goal: the blocks of a MoldUDP64 packet as they stand in one, so that an answer is copied and not made; what was synced proves itself.
//! Non-goal: files, mappings, which file holds what.
//!
//! ```text
//! file     0        64
//!          | header | block | block | ... | mark | block | ... | mark | zeros |
//!
//! block    | length (big-endian, as in a packet) | message |
//! mark     | 0xFFFF | zero | crc | next |          wherever what comes before it was made durable
//! ```
//!
//! A length of 0 ends the file. A mark's checksum goes over the header and all blocks before the mark, whatever marks there were.

use crate::DecodeError;
use crate::layout::{Reserved, layout};
use crate::mold::{BLOCK_HEADER_LEN, SessionId};

/// First bytes of each file.
pub const MESSAGES_MAGIC: [u8; 8] = *b"PINIONM\0";
/// Version of everything in this module.
pub const MESSAGES_VERSION: u32 = 1;
/// Bytes of the header; the first block begins here.
pub const MESSAGES_HEADER_LEN: usize = MessagesHeader::SIZE;
/// Bytes of a mark.
pub const MARK_LEN: usize = MessagesMark::SIZE;

const HEADER_LEN_U32: u32 = 64;
const COVERED: usize = MESSAGES_HEADER_LEN - 4;
/// In the place of a block's length.
const MARK: u16 = 0xFFFF;

layout! { Disk, "message file header",
    /// Which messages the file holds.
    pub struct MessagesHeader: 64 {
        /// [`MESSAGES_MAGIC`].
        0 => magic: [u8; 8],
        /// [`MESSAGES_VERSION`].
        8 => version: u32,
        /// [`MESSAGES_HEADER_LEN`].
        12 => header_len: u32,
        /// The journal's name.
        16 => epoch: u64,
        /// The stream's session.
        24 => session: SessionId,
        /// Zero.
        34 => reserved: Reserved<6>,
        /// The sequence of the first message.
        40 => first: u64,
        /// Zero.
        48 => later: Reserved<12>,
        /// CRC32C of the 60 bytes before.
        60 => crc: u32,
    }
}

impl MessagesHeader {
    /// Of the file whose first message has this sequence.
    #[must_use]
    pub const fn new(epoch: u64, session: SessionId, first: u64) -> Self {
        let (magic, version, header_len) = (MESSAGES_MAGIC, MESSAGES_VERSION, HEADER_LEN_U32);
        Self { magic, version, header_len, epoch, session, reserved: Reserved, first, later: Reserved, crc: 0 }
    }

    /// The bytes, with the checksum as it must be.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; MESSAGES_HEADER_LEN] {
        let mut out = [0; MESSAGES_HEADER_LEN];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(MESSAGES_HEADER_LEN));
        let crc = crc32c::crc32c(&out[..COVERED]);
        out[COVERED..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Where the checksums of the file's marks begin: the header's own.
    #[must_use]
    pub fn seed(&self) -> u32 {
        crc32c::crc32c(&self.to_bytes()[..COVERED])
    }

    /// The version of the file that begins here, be it one that this program knows or not. `None` when this is not the undamaged
    /// beginning of such a file.
    #[must_use]
    pub fn version(bytes: &[u8]) -> Option<u32> {
        let bytes = bytes.get(..MESSAGES_HEADER_LEN)?;
        let header = Self::decode(bytes).ok()?;
        (header.magic == MESSAGES_MAGIC && header.crc == crc32c::crc32c(&bytes[..COVERED])).then_some(header.version)
    }

    /// Reads and verifies the header at the start of a file.
    ///
    /// # Errors
    /// Too short, no such file, another version, or a checksum that does not match.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "message file header";
        let Some(bytes) = bytes.get(..MESSAGES_HEADER_LEN) else {
            return Err(DecodeError::TooShort { what: WHAT, expected: MESSAGES_HEADER_LEN, found: bytes.len() });
        };
        let header = Self::decode(bytes)?;
        if header.magic != MESSAGES_MAGIC {
            return Err(DecodeError::value(WHAT, "magic", "the bytes PINIONM and a zero", &header.magic));
        }
        if header.version != MESSAGES_VERSION {
            return Err(DecodeError::value(WHAT, "version", "1", &header.version.to_be_bytes()));
        }
        let crc = crc32c::crc32c(&bytes[..COVERED]);
        if crc != header.crc {
            return Err(DecodeError::Checksum { what: WHAT, expected: crc, found: header.crc });
        }
        Ok(header)
    }
}

layout! { Disk, "message file mark",
    /// Everything before it was made durable with it.
    pub struct MessagesMark: 16 {
        /// 0xFFFF, which is no block's length.
        0 => mark: u16,
        /// Zero.
        2 => reserved: Reserved<2>,
        /// CRC32C of the header without its checksum, of all blocks before the mark, and of `next`.
        4 => crc: u32,
        /// The sequence that the next message will have.
        8 => next: u64,
    }
}

impl MessagesMark {
    /// Behind blocks with this running checksum.
    #[must_use]
    pub fn new(running: u32, next: u64) -> Self {
        let crc = crc32c::crc32c_append(running, &next.to_le_bytes());
        Self { mark: MARK, reserved: Reserved, crc, next }
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; MARK_LEN] {
        let mut out = [0; MARK_LEN];
        let written = self.encode(&mut out);
        debug_assert_eq!(written, Some(MARK_LEN));
        out
    }
}

/// The checksum of a block, length and all, behind those before it.
#[must_use]
#[inline]
pub fn running(before: u32, block: &[u8]) -> u32 {
    crc32c::crc32c_append(before, block)
}

/// What stands next in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A message with its length, as it goes into a packet.
    Block(&'a [u8]),
    /// Everything before it was made durable.
    Mark(MessagesMark),
}

impl<'a> Part<'a> {
    /// What stands at the front of `bytes`, and how many bytes it has; `None` at the end of what was written.
    #[must_use]
    #[inline]
    pub fn take(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let length = u16::from_be_bytes(*bytes.first_chunk::<BLOCK_HEADER_LEN>()?);
        match length {
            0 => None,
            MARK => {
                let mark = MessagesMark::decode(bytes.get(..MARK_LEN)?).ok()?;
                Some((Self::Mark(mark), MARK_LEN))
            }
            _ => {
                let len = BLOCK_HEADER_LEN + usize::from(length);
                Some((Self::Block(bytes.get(..len)?), len))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_round_trips_and_every_flipped_bit_is_seen() {
        let header = MessagesHeader::new(7, SessionId(*b"KQ7B2MXADA"), 1_000);
        let bytes = header.to_bytes();
        let read = MessagesHeader::from_bytes(&bytes).expect("whole");
        assert_eq!((read.epoch, read.session, read.first), (7, header.session, 1_000));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(MessagesHeader::from_bytes(&changed).is_err(), "bit {bit}");
        }
        assert!(MessagesHeader::from_bytes(&bytes[..63]).is_err());
    }

    #[test]
    fn blocks_and_marks_are_told_apart() {
        let mark = MessagesMark::new(running(3, b"\0\x01x"), 9);
        let mut bytes = b"\0\x01x".to_vec();
        bytes.extend(mark.to_bytes());
        bytes.extend([0, 0]);
        assert_eq!(Part::take(&bytes), Some((Part::Block(b"\0\x01x"), 3)));
        assert_eq!(Part::take(&bytes[3..]), Some((Part::Mark(mark), 16)));
        assert_eq!(Part::take(&bytes[19..]), None);
        for cut in [0, 1, 2] {
            assert_eq!(Part::take(&bytes[..cut]), None);
        }
        assert_eq!(Part::take(&bytes[3..18]), None);
        assert_ne!(mark, MessagesMark::new(running(3, b"\0\x01y"), 9));
    }
}
