//! Packets out of a stream of bytes that comes in pieces.

use super::{PACKET_HEADER_LEN, Packet};
use crate::DecodeError;

/// What has come of a stream and is not read yet. It never grows.
///
/// ```
/// # use wire::soup::{Packet, Stream};
/// let mut stream = Stream::new(64);
/// for byte in [0, 1, b'H'] {
///     assert_eq!(stream.next(), Ok(None));
///     stream.room()[0] = byte;
///     stream.filled(1);
/// }
/// assert_eq!(stream.next(), Ok(Some(Packet::ServerHeartbeat)));
/// ```
#[derive(Debug)]
pub struct Stream {
    bytes: Vec<u8>,
    /// What was given out lies before this.
    begin: usize,
    end: usize,
}

impl Stream {
    /// Room for a packet of this payload; a longer one is an error.
    #[must_use]
    pub fn new(payload_max: usize) -> Self {
        Self { bytes: vec![0; PACKET_HEADER_LEN + payload_max], begin: 0, end: 0 }
    }

    /// Where what comes next belongs. Never empty after [`Self::next`] has returned nothing.
    #[must_use]
    pub fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        &mut self.bytes[self.end..]
    }

    /// So many bytes of the room were filled. More than there was room for counts as all of it.
    pub fn filled(&mut self, len: usize) {
        self.end = self.end.saturating_add(len).min(self.bytes.len());
    }

    /// The next packet, when it has come whole.
    ///
    /// # Errors
    /// It is no packet, or longer than was agreed: the stream is of no use any more.
    // Not an `Iterator`: the packet borrows from the one buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Packet<'_>>, DecodeError> {
        let payload_max = self.bytes.len() - PACKET_HEADER_LEN;
        let Some((packet, len)) = Packet::take(&self.bytes[self.begin..self.end], payload_max)? else {
            return Ok(None);
        };
        self.begin += len;
        Ok(Some(packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_whole_however_they_were_cut() {
        let packets = [Packet::Sequenced(b"abcdef"), Packet::ServerHeartbeat, Packet::Debug(b""), Packet::EndOfSession];
        let mut bytes = [0; 64];
        let mut len = 0;
        for packet in packets {
            len += packet.encode(&mut bytes[len..]).expect("room");
        }
        for piece in 1..=len {
            let mut stream = Stream::new(6);
            let (mut at, mut seen) = (0, 0);
            while seen < packets.len() {
                if let Some(packet) = stream.next().expect("packets") {
                    assert_eq!(packet, packets[seen]);
                    seen += 1;
                    continue;
                }
                let room = stream.room();
                let fits = room.len().min(piece).min(len - at);
                assert!(fits > 0, "there is room and something left");
                room[..fits].copy_from_slice(&bytes[at..at + fits]);
                stream.filled(fits);
                at += fits;
            }
            assert_eq!((at, stream.next()), (len, Ok(None)));
        }
    }

    #[test]
    fn a_packet_beyond_the_room_is_an_error_and_not_a_wait() {
        let mut stream = Stream::new(4);
        stream.room()[..2].copy_from_slice(&[0, 6]);
        stream.filled(2);
        assert!(matches!(stream.next(), Err(DecodeError::TooLong { expected: 5, found: 6, .. })));
    }
}
