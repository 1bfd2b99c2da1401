//! IEX-TP 1: the framing around the messages.
//!
//! Goal: parse a segment once, then walk it without further checks; build one in place. Non-goal: sequencing, gap fill
//! requests.
//!
//! ```text
//! 0                                           40
//! | header, among it count and payload length | length | message | length | message | ...
//!                                              (u16 LE)           '-- count times
//! ```
//!
//! Both the sequence number and the offset in the stream of bytes count the messages; a heartbeat has neither payload nor
//! messages and tells the next of both.

pub use crate::blocks::BLOCK_HEADER_LEN;

use crate::blocks::{Blocks, LittleEndian};
use crate::layout::layout;
use crate::{DecodeError, Nanos};

/// The version that is read here.
pub const VERSION: u8 = 1;
/// Message protocol of DEEP 1.0.
pub const PROTOCOL_DEEP: u16 = 0x8004;
/// Bytes of header in front of the message blocks.
pub const HEADER_LEN: usize = SegmentHeader::SIZE;

layout! { Disk, "IEX-TP header",
    /// The 40 bytes in front of every segment.
    pub struct SegmentHeader: 40 {
        /// [`VERSION`].
        0 => version: u8,
        /// Reserved.
        1 => reserved: u8,
        /// Which messages it carries: [`PROTOCOL_DEEP`].
        2 => protocol: u16,
        /// The stream that the numbers belong to.
        4 => channel: u32,
        /// The day's session.
        8 => session: u32,
        /// Bytes behind the header.
        12 => payload_len: u16,
        /// Number of messages; 0 for a heartbeat.
        14 => count: u16,
        /// Bytes of payload that the stream carried before this one.
        16 => stream_offset: u64,
        /// Sequence number of the first message, or of the next one when there is none.
        24 => sequence: u64,
        /// When it was sent.
        32 => send_time: Nanos,
    }
}

/// A segment whose blocks were all checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    header: SegmentHeader,
    blocks: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Checks version and every length in the segment, so that walking it cannot fail.
    ///
    /// # Errors
    /// Shorter than a header, another version, a payload of another length, a block that runs past the end, bytes behind the
    /// last block, or numbers beyond 63 bits.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "IEX-TP segment";
        let Some((header, blocks)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Err(DecodeError::TooShort { what: WHAT, expected: HEADER_LEN, found: bytes.len() });
        };
        let header = SegmentHeader::decode(header)?;
        if header.version != VERSION {
            return Err(DecodeError::value("IEX-TP header", "version", "1", &[header.version]));
        }
        if blocks.len() != usize::from(header.payload_len) {
            let expected = HEADER_LEN + usize::from(header.payload_len);
            return Err(DecodeError::Length { what: WHAT, expected, found: bytes.len() });
        }
        // Both are signed in the specification.
        if header.sequence.max(header.stream_offset) > u64::MAX / 2 {
            return Err(DecodeError::SequenceOverflow { sequence: header.sequence, count: header.count });
        }
        Blocks::<LittleEndian>::check(blocks, header.count)?;
        Ok(Self { header, blocks })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Whether it carries no message.
    #[must_use]
    pub const fn is_heartbeat(&self) -> bool {
        self.header.count == 0
    }

    /// The sequence number after the last message. Cannot overflow: `parse` checked it.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.header.sequence + u64::from(self.header.count)
    }

    /// The stream offset after the last message.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.header.stream_offset + u64::from(self.header.payload_len)
    }

    /// The messages with their sequence numbers.
    #[must_use]
    pub const fn messages(&self) -> Messages<'a> {
        Blocks::new(self.header.sequence, self.blocks)
    }
}

/// Walks the messages of a checked segment.
pub type Messages<'a> = Blocks<'a, LittleEndian>;

/// Builds a segment in the caller's memory. Finished without a message, it is a heartbeat.
#[derive(Debug)]
pub struct SegmentBuilder<'a> {
    bytes: &'a mut [u8],
    header: SegmentHeader,
}

impl<'a> SegmentBuilder<'a> {
    /// Begins a segment; its count and payload length are counted here, whatever `header` says. Nothing when not even the header
    /// fits.
    #[must_use]
    pub fn new(bytes: &'a mut [u8], header: SegmentHeader) -> Option<Self> {
        let header = SegmentHeader { payload_len: 0, count: 0, ..header };
        header.encode(bytes)?;
        Some(Self { bytes, header })
    }

    /// Appends a message; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn push(&mut self, message: &[u8]) -> bool {
        let at = HEADER_LEN + usize::from(self.header.payload_len);
        let block_len = BLOCK_HEADER_LEN + message.len();
        let (Ok(stated), Some(count)) = (u16::try_from(message.len()), self.header.count.checked_add(1)) else {
            return false;
        };
        let payload_len = u16::try_from(block_len).ok().and_then(|len| self.header.payload_len.checked_add(len));
        let (Some(payload_len), Some(room)) = (payload_len, self.bytes.get_mut(at..at + block_len)) else {
            return false;
        };
        let (length, body) = room.split_at_mut(BLOCK_HEADER_LEN);
        length.copy_from_slice(&stated.to_le_bytes());
        body.copy_from_slice(message);
        (self.header.payload_len, self.header.count) = (payload_len, count);
        true
    }

    /// Writes the header and returns the length of the segment.
    #[must_use]
    pub fn finish(self) -> usize {
        // The header fitted in `new`, so it fits now.
        let written = self.header.encode(self.bytes);
        debug_assert_eq!(written, Some(HEADER_LEN));
        HEADER_LEN + usize::from(self.header.payload_len)
    }
}
