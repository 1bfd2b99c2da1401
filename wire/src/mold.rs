//! MoldUDP64 1.00: the framing of every channel.
//!
//! Goal: parse a packet once, then walk it without further checks; build one in place. Non-goal: sequencing, gap
//! detection, timers.
//!
//! ```text
//! 0          10                18      20
//! | session  | sequence (u64)  | count | length | message | length | message | ...
//!              of message 1      (u16)   (u16)             '-- count times
//! ```
//!
//! A request packet has the same 20-byte header and nothing after it, so bytes alone do not tell it from a heartbeat.
//! The port does: requests travel only to or from a re-request port (`docs/protocol.md`, "Ports").

pub use crate::blocks::BLOCK_HEADER_LEN;

use crate::DecodeError;
use crate::blocks::{BigEndian, Blocks};
use crate::layout::{layout, text};

/// `count` of a packet that carries no messages and tells the next sequence number.
pub const HEARTBEAT: u16 = 0;
/// `count` of a packet that ends the session and tells the next sequence number.
pub const END_OF_SESSION: u16 = 0xFFFF;
/// The most messages in one packet.
pub const MESSAGES_MAX: u16 = 0xFFFE;
/// Bytes of header in front of the message blocks.
pub const HEADER_LEN: usize = Header::SIZE;

text!(
    /// A session: ten characters, left-justified, padded with spaces.
    SessionId,
    10
);

layout! { Wire, "MoldUDP64 header",
    /// The 20 bytes in front of every packet.
    pub struct Header: 20 {
        /// The session that the sequence numbers belong to.
        0 => session: SessionId,
        /// Sequence number of the first message, or of the next one when there is none.
        10 => sequence: u64,
        /// Number of messages, or [`HEARTBEAT`] or [`END_OF_SESSION`].
        18 => count: u16,
    }
}

layout! { Wire, "MoldUDP64 request",
    /// Asks for messages to be sent again.
    pub struct Request: 20 {
        /// The session that the sequence numbers belong to.
        0 => session: SessionId,
        /// The first message wanted.
        10 => sequence: u64,
        /// How many messages are wanted.
        18 => count: u16,
    }
}

/// What a packet is, by its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// It carries messages.
    Data,
    /// It carries none; its sequence is the next one.
    Heartbeat,
    /// It carries none and none will follow; its sequence is the next one.
    EndOfSession,
}

/// A packet whose blocks were all checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    header: Header,
    blocks: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Checks every length in the packet, so that walking it cannot fail.
    ///
    /// # Errors
    /// Shorter than a header, a block that runs past the end, bytes behind the last block, or sequence numbers beyond
    /// 64 bits.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let Some((header, blocks)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            let found = bytes.len();
            return Err(DecodeError::TooShort { what: "MoldUDP64 packet", expected: HEADER_LEN, found });
        };
        let packet = Self { header: Header::decode(header)?, blocks };
        if packet.header.sequence.checked_add(u64::from(packet.count())).is_none() {
            let Header { sequence, count, .. } = packet.header;
            return Err(DecodeError::SequenceOverflow { sequence, count });
        }
        Blocks::<BigEndian>::check(blocks, packet.count())?;
        Ok(packet)
    }

    /// The header as it stands in the packet.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.header.session
    }

    /// Sequence number of the first message, or of the next one when the packet carries none.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// What the packet is.
    #[must_use]
    pub const fn kind(&self) -> PacketKind {
        match self.header.count {
            HEARTBEAT => PacketKind::Heartbeat,
            END_OF_SESSION => PacketKind::EndOfSession,
            _ => PacketKind::Data,
        }
    }

    /// Number of messages: 0 for a heartbeat and for the end of a session.
    #[must_use]
    pub const fn count(&self) -> u16 {
        match self.kind() {
            PacketKind::Data => self.header.count,
            PacketKind::Heartbeat | PacketKind::EndOfSession => 0,
        }
    }

    /// The sequence number after the last message of this packet. Cannot overflow: `parse` checked it.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.header.sequence + u64::from(self.count())
    }

    /// The messages with their sequence numbers.
    #[must_use]
    pub const fn messages(&self) -> Messages<'a> {
        Blocks::new(self.header.sequence, self.blocks)
    }
}

/// Walks the messages of a checked packet.
pub type Messages<'a> = Blocks<'a, BigEndian>;

/// Builds a packet in the caller's memory. Finished without a message, it is a heartbeat.
#[derive(Debug)]
pub struct PacketBuilder<'a> {
    bytes: &'a mut [u8],
    header: Header,
    len: usize,
}

impl<'a> PacketBuilder<'a> {
    /// Begins a packet whose first message has number `sequence`; nothing when not even the header fits.
    #[must_use]
    pub fn new(bytes: &'a mut [u8], session: SessionId, sequence: u64) -> Option<Self> {
        let header = Header { session, sequence, count: 0 };
        let len = header.encode(bytes)?;
        Some(Self { bytes, header, len })
    }

    /// Appends a message; `false`, and nothing changed, when it does not fit.
    #[must_use]
    pub fn push(&mut self, message: &[u8]) -> bool {
        self.push_with(|out| {
            out.get_mut(..message.len())?.copy_from_slice(message);
            Some(message.len())
        })
    }

    /// Appends the message that `encode` writes to the front of the room it is given, returning its length, or nothing
    /// when it does not fit; `false`, and nothing counted, in that case.
    #[must_use]
    pub fn push_with(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        if self.header.count == MESSAGES_MAX {
            return false;
        }
        let Some((length, room)) = self.bytes[self.len..].split_first_chunk_mut::<BLOCK_HEADER_LEN>() else {
            return false;
        };
        let room_len = room.len();
        let Some(message_len) = encode(room).filter(|len| *len <= room_len) else { return false };
        let Ok(stated) = u16::try_from(message_len) else { return false };
        *length = stated.to_be_bytes();
        self.len += BLOCK_HEADER_LEN + message_len;
        self.header.count += 1;
        true
    }

    /// Messages so far.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.header.count
    }

    /// The number that the next message pushed will have.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.header.sequence.saturating_add(u64::from(self.header.count))
    }

    /// Writes the count and returns the length of the packet.
    #[must_use]
    pub fn finish(self) -> usize {
        // The header fitted in `new`, so it fits now.
        let written = self.header.encode(self.bytes);
        debug_assert_eq!(written, Some(HEADER_LEN));
        self.len
    }
}

/// Writes a heartbeat: "the next message will be `next`". Returns its length, or nothing when `out` is too small.
#[must_use]
pub fn heartbeat(out: &mut [u8], session: SessionId, next: u64) -> Option<usize> {
    Header { session, sequence: next, count: HEARTBEAT }.encode(out)
}

/// Writes the end of a session: "`next` would have been the next message". Returns its length, or nothing when `out` is
/// too small.
#[must_use]
pub fn end_of_session(out: &mut [u8], session: SessionId, next: u64) -> Option<usize> {
    Header { session, sequence: next, count: END_OF_SESSION }.encode(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(*b"PINION0001");

    #[test]
    fn a_packet_has_its_golden_bytes() {
        let mut bytes = [0xEE; 64];
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, 0x0102).expect("room for a header");
        assert!(builder.push(b"ab"));
        assert!(builder.push(b""));
        assert!(builder.push(b"c"));
        let len = builder.finish();
        let mut golden = b"PINION0001".to_vec();
        golden.extend([0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 0, 2, b'a', b'b', 0, 0, 0, 1, b'c']);
        assert_eq!(&bytes[..len], golden);

        let packet = Packet::parse(&golden).expect("well formed");
        assert_eq!((packet.kind(), packet.session(), packet.count()), (PacketKind::Data, SESSION, 3));
        let messages: Vec<_> = packet.messages().collect();
        assert_eq!(messages, [(0x102, &b"ab"[..]), (0x103, b""), (0x104, b"c")]);
        assert_eq!(packet.next_sequence(), 0x105);
    }

    #[test]
    fn every_cut_and_every_extra_byte_is_refused() {
        let mut bytes = [0; 64];
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, 1).expect("room");
        assert!(builder.push(b"abc") && builder.push(b"de"));
        let len = builder.finish();
        assert!(Packet::parse(&bytes[..len]).is_ok());
        for cut in (0..len).chain([len + 1]) {
            assert!(Packet::parse(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn heartbeat_and_end_carry_the_next_sequence_and_nothing_else() {
        let mut bytes = [0; 21];
        assert_eq!(heartbeat(&mut bytes, SESSION, 9), Some(20));
        let packet = Packet::parse(&bytes[..20]).expect("heartbeat");
        assert_eq!((packet.kind(), packet.count(), packet.next_sequence()), (PacketKind::Heartbeat, 0, 9));
        assert_eq!(end_of_session(&mut bytes, SESSION, 9), Some(20));
        let packet = Packet::parse(&bytes[..20]).expect("end");
        assert_eq!((packet.kind(), packet.messages().count()), (PacketKind::EndOfSession, 0));
        assert_eq!(Packet::parse(&bytes), Err(DecodeError::Trailing { found: 1 }));
    }

    #[test]
    fn sequence_numbers_never_wrap() {
        let mut bytes = [0; 40];
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, u64::MAX).expect("room");
        assert!(builder.push(b"x"));
        let len = builder.finish();
        assert_eq!(Packet::parse(&bytes[..len]), Err(DecodeError::SequenceOverflow { sequence: u64::MAX, count: 1 }));
    }

    #[test]
    fn a_full_builder_refuses_and_keeps_what_it_has() {
        let mut bytes = [0; 27];
        let mut builder = PacketBuilder::new(&mut bytes, SESSION, 1).expect("room");
        assert!(builder.push(b"abc"));
        assert!(!builder.push(b"d"));
        assert!(!builder.push_with(|_| Some(5)), "a length beyond the room is not believed");
        assert_eq!(builder.finish(), 25);
        assert_eq!(Packet::parse(&bytes[..25]).map(|packet| packet.count()), Ok(1));
        assert!(PacketBuilder::new(&mut [0; 19], SESSION, 1).is_none());
    }
}
