//! Why bytes are not what they were taken for.
//!
//! Goal: one error for all decoders, `Copy` and free of allocation, saying what was expected and what was found.
//! Non-goal: what to do about it; that is the caller's policy (drop and count, or answer with a reject).

use thiserror::Error;

/// A byte string that is not the packet, message or record it was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A layout of one fixed size, and another number of bytes.
    #[error("{what}: expected exactly {expected} bytes, found {found}; send the layout of docs/protocol.md")]
    Length {
        /// The layout.
        what: &'static str,
        /// Its size.
        expected: usize,
        /// What arrived.
        found: usize,
    },
    /// Fewer bytes than the fixed part of a layout.
    #[error("{what}: expected at least {expected} bytes, found {found}; it was cut short")]
    TooShort {
        /// The layout.
        what: &'static str,
        /// Its least size.
        expected: usize,
        /// What arrived.
        found: usize,
    },
    /// More bytes than a layout may ever have.
    #[error("{what}: expected at most {expected} bytes, found {found}; send fewer options or smaller packets")]
    TooLong {
        /// The layout.
        what: &'static str,
        /// Its largest size.
        expected: usize,
        /// What arrived.
        found: usize,
    },
    /// The first byte names no message of this family.
    #[error(
        "{what}: expected a known message type, found byte {found:#04x}; see the list of types in docs/protocol.md"
    )]
    UnknownType {
        /// The family of messages.
        what: &'static str,
        /// The type byte.
        found: u8,
    },
    /// A field holds a value outside its closed set.
    #[error("{what}.{field}: expected {expected}, found {found:#x}")]
    Value {
        /// The layout.
        what: &'static str,
        /// Its field.
        field: &'static str,
        /// What the field may hold.
        expected: &'static str,
        /// The field's leading bytes (at most 8) as one number, in the byte order in which they arrived.
        found: u64,
    },
    /// An option tag that this venue does not know.
    #[error("option tag {tag}: expected a tag listed in docs/protocol.md, found an unknown one; leave it out")]
    UnknownOption {
        /// The tag.
        tag: u8,
    },
    /// The same option twice in one appendage: which one should count is anybody's guess.
    #[error("option tag {tag}: expected at most once in a message, found again; send it once")]
    DuplicateOption {
        /// The tag.
        tag: u8,
    },
    /// An option whose stated length is not the length of its value.
    #[error("option tag {tag}: expected {expected} bytes of value, found {found}")]
    OptionLength {
        /// The tag.
        tag: u8,
        /// The length of this option's value.
        expected: usize,
        /// The length that was stated or was left in the message.
        found: usize,
    },
    /// The stated appendage length is not what follows the fixed part.
    #[error("{what}: appendage length says {stated} bytes, found {found} after the fixed part")]
    AppendageLength {
        /// The layout.
        what: &'static str,
        /// The number in the message.
        stated: usize,
        /// The number of bytes that follow.
        found: usize,
    },
    /// A message block of a MoldUDP64 packet runs past the end of the packet.
    #[error("message block {index}: expected {expected} bytes, found {found} left in the packet")]
    Block {
        /// Position of the block, from 0.
        index: usize,
        /// The length that it states (2 when not even the length is there).
        expected: usize,
        /// What is left of the packet.
        found: usize,
    },
    /// Bytes stand behind the last message block of a MoldUDP64 packet.
    #[error("expected the packet to end with its last message block, found {found} more bytes")]
    Trailing {
        /// How many.
        found: usize,
    },
    /// The sequence numbers of a packet would not fit 64 bits.
    #[error("expected sequence + count below 2^64, found sequence {sequence} with count {count}")]
    SequenceOverflow {
        /// The header's sequence.
        sequence: u64,
        /// The header's count.
        count: u16,
    },
    /// A checksum over the bytes does not match the one stored with them.
    #[error("{what}: expected checksum {expected:#010x}, found {found:#010x}; the bytes were changed or cut")]
    Checksum {
        /// The layout.
        what: &'static str,
        /// Computed over the bytes.
        expected: u32,
        /// Stored with them.
        found: u32,
    },
}

impl DecodeError {
    /// A [`DecodeError::Value`] that shows the leading bytes of the field.
    #[must_use]
    pub(crate) fn value(what: &'static str, field: &'static str, expected: &'static str, bytes: &[u8]) -> Self {
        let found = bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self::Value { what, field, expected, found }
    }
}
