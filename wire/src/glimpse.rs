//! GLIMPSE 5.0: what a snapshot of a stream is made of, and the number from which the stream goes on.
//!
//! Goal: one sequenced message of the snapshot server, read and written. Non-goal: the packets around it (see [`crate::soup`]), and which
//! messages a snapshot has in which order (`docs/protocol.md`).

use crate::DecodeError;
use crate::feed::StreamKind;
use crate::itch::Message;
use crate::layout::layout;
use crate::soup::Numeric;
use crate::tick::Tick;

layout! { Wire, "GLIMPSE End of Snapshot",
    /// The last message of a snapshot.
    pub struct EndOfSnapshot: 21, type b'G' {
        /// The first message of the live stream that is not part of the snapshot.
        1 => sequence: Numeric,
    }
}

/// One message of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Of a depth stream, or the directory of a tick stream.
    Itch(Message),
    /// Of a tick stream.
    Tick(Tick),
    /// There are no more.
    End(EndOfSnapshot),
}

impl Item {
    /// Reads one message of a snapshot of a stream of this kind.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(kind: StreamKind, bytes: &[u8]) -> Result<Self, DecodeError> {
        // A tick has no type in front; its length is no other message's.
        if kind == StreamKind::Tick && bytes.len() == Tick::SIZE {
            return Tick::decode(bytes).map(Self::Tick);
        }
        match bytes.first() {
            Some(&EndOfSnapshot::TYPE) => EndOfSnapshot::decode(bytes).map(Self::End),
            _ => Message::decode(bytes).map(Self::Itch),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Itch(message) => message.encode(out),
            Self::Tick(tick) => tick.encode(out),
            Self::End(end) => end.encode(out),
        }
    }
}

const _: () = assert!(Message::size_of_type(EndOfSnapshot::TYPE).is_none());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::itch::StockDirectory;

    #[test]
    fn a_tick_is_told_from_a_directory_by_its_length() {
        assert_ne!(Tick::SIZE, StockDirectory::SIZE);
        assert_ne!(Tick::SIZE, EndOfSnapshot::SIZE);
        let mut bytes = [0; 21];
        let end = Item::End(EndOfSnapshot { sequence: Numeric(42) });
        assert_eq!(end.encode(&mut bytes), Some(21));
        for kind in StreamKind::ALL {
            assert_eq!(Item::decode(kind, &bytes), Ok(end));
        }
        assert!(Item::decode(StreamKind::Depth, &[b'S'; 26]).is_err());
    }
}
