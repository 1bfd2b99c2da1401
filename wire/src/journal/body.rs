//! What a journal record says: its kind and the body of each kind, little-endian.
//!
//! Goal: every sequenced command has one form on disk. Non-goal: what the command does.

use crate::address::Addr;
use crate::admin::OperatorBody;
use crate::layout::{Reserved, layout};
use crate::mold::SessionId;
use crate::ouch::INBOUND_LEN_MAX;
use crate::{DecodeError, Nanos, SessionIndex};

/// The longest body of the kinds below.
pub const COMMAND_BODY_LEN_MAX: usize = SessionMessage::HEADER_LEN + INBOUND_LEN_MAX;

const _: () = assert!(COMMAND_BODY_LEN_MAX <= super::BODY_LEN_MAX);
const _: () = assert!(Genesis::SIZE <= COMMAND_BODY_LEN_MAX && LoginBody::SIZE <= COMMAND_BODY_LEN_MAX);
const _: () = assert!(OperatorBody::SIZE <= COMMAND_BODY_LEN_MAX);

/// [`LoginBody::flags`]: the session's orders are canceled when it dies.
pub const FLAG_CANCEL_ON_DISCONNECT: u16 = 1;

layout! { Disk, "journal Genesis",
    /// The first record of a journal: which configuration it was begun with.
    pub struct Genesis: 32 {
        /// Fingerprint of the part of the configuration that influences outcomes.
        0 => fingerprint: u64,
        /// When the journal was begun.
        8 => created: Nanos,
        /// Session name of the market-data channels for as long as this journal lives.
        16 => feed_session: SessionId,
        /// Zero.
        26 => reserved: Reserved<6>,
    }
}

layout! { Disk, "journal Login",
    /// A proved login.
    pub struct LoginBody: 48 {
        /// Whose.
        0 => session: SessionIndex,
        /// Bit 0: [`FLAG_CANCEL_ON_DISCONNECT`].
        2 => flags: u16,
        /// The session of the packets from now on.
        4 => token: SessionId,
        /// The only address that may use it.
        14 => address: Addr,
        /// Zero.
        20 => reserved: Reserved<4>,
        /// When the challenge was made.
        24 => cookie_stamp: u64,
        /// The client's nonce: a repeated login is recognised by it.
        32 => client_nonce: [u8; 16],
    }
}

layout! { Disk, "journal SessionDeath",
    /// The session was silent for too long.
    pub struct SessionDeath: 2 {
        /// Whose.
        0 => session: SessionIndex,
    }
}

layout! { Disk, "journal Logout",
    /// The client said that it is done.
    pub struct Logout: 2 {
        /// Whose.
        0 => session: SessionIndex,
    }
}

layout! { Disk, "journal SequenceSkip",
    /// The client will not send the messages below `next_inbound` again.
    pub struct SequenceSkip: 16 {
        /// Whose.
        0 => session: SessionIndex,
        /// Zero.
        2 => reserved: Reserved<6>,
        /// The number to go on from.
        8 => next_inbound: u64,
    }
}

layout! { Disk, "journal CancelSlice",
    /// One slice of a cancel on disconnect.
    pub struct CancelSlice: 2 {
        /// Whose orders.
        0 => session: SessionIndex,
    }
}

layout! { Disk, "journal Elect",
    /// The first of the orders whose stop price was reached enters the book.
    pub struct Elect: 8 {
        /// Zero.
        0 => reserved: Reserved<8>,
    }
}

layout! { Disk, "journal MarketClose",
    /// The market day is over: the books stay as they are, and nothing follows on the streams of market data.
    pub struct MarketClose: 8 {
        /// Zero.
        0 => reserved: Reserved<8>,
    }
}

layout! { Disk, "journal EntryGate",
    /// Whether orders may enter the books from here on.
    pub struct EntryGate: 8 {
        /// 1: they may not, for the journal's disk is nearly full; 0: they may.
        0 => closed: u8,
        /// Zero.
        1 => reserved: Reserved<7>,
    }
}

layout! { Disk, "journal OperatorSlice",
    /// The next slice of what an operator had canceled.
    pub struct OperatorSlice: 8 {
        /// Zero.
        0 => reserved: Reserved<8>,
    }
}

layout! { Disk, "journal StateHash",
    /// The state after the record before has this hash.
    pub struct StateHash: 8 {
        /// The hash.
        0 => hash: u64,
    }
}

layout! { Disk, "journal SessionMessage",
    /// What stands in front of the client's bytes.
    pub struct SessionMessageHeader: 16 {
        /// Who sent it.
        0 => session: SessionIndex,
        /// How many bytes of message follow.
        2 => len: u16,
        /// Zero.
        4 => reserved: Reserved<4>,
        /// The client's own number of the message.
        8 => client_seq: u64,
    }
}

/// A client's message as it arrived, whatever its bytes are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionMessage<'a> {
    /// Who sent it.
    pub session: SessionIndex,
    /// The client's own number of the message.
    pub client_seq: u64,
    /// OUCH 5.0 inbound message, at most [`INBOUND_LEN_MAX`] bytes; empty where a longer one arrived.
    pub bytes: &'a [u8],
}

impl<'a> SessionMessage<'a> {
    /// Bytes of the body before the message.
    pub const HEADER_LEN: usize = SessionMessageHeader::SIZE;

    /// Writes the body; returns its length, or nothing when `out` is too small or the message too long.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        if self.bytes.len() > INBOUND_LEN_MAX {
            return None;
        }
        let Self { session, client_seq, bytes } = *self;
        let header =
            SessionMessageHeader { session, len: u16::try_from(bytes.len()).ok()?, reserved: Reserved, client_seq };
        let (fixed, rest) = out.split_first_chunk_mut::<{ SessionMessageHeader::SIZE }>()?;
        header.encode(fixed)?;
        rest.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self::HEADER_LEN + bytes.len())
    }

    /// Reads a body.
    ///
    /// # Errors
    /// Shorter than its header, longer than a message may be, or another length than it states.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "journal SessionMessage";
        let Some((fixed, rest)) = bytes.split_first_chunk::<{ SessionMessageHeader::SIZE }>() else {
            return Err(DecodeError::TooShort { what: WHAT, expected: Self::HEADER_LEN, found: bytes.len() });
        };
        let header = SessionMessageHeader::decode(fixed)?;
        if rest.len() != usize::from(header.len) {
            let expected = Self::HEADER_LEN + usize::from(header.len);
            return Err(DecodeError::Length { what: WHAT, expected, found: bytes.len() });
        }
        if rest.len() > INBOUND_LEN_MAX {
            return Err(DecodeError::TooLong { what: WHAT, expected: INBOUND_LEN_MAX, found: rest.len() });
        }
        Ok(Self { session: header.session, client_seq: header.client_seq, bytes: rest })
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal => $body:ident $(<$life:lifetime>)?;)*) => {
        /// What a record is. The code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum RecordKind {
            $($(#[$doc])* $kind = $code,)*
        }

        impl RecordKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The number on disk.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$kind => $code,)*
                }
            }

            /// Reads the number on disk.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }

        /// A body of any kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Body<'a> {
            $($(#[$doc])* $kind($body $(<$life>)?),)*
        }

        impl<'a> Body<'a> {
            /// The kind of its record.
            #[must_use]
            pub const fn kind(&self) -> RecordKind {
                match self {
                    $(Self::$kind(_) => RecordKind::$kind,)*
                }
            }

            /// Writes the body; returns its length, or nothing when `out` is too small.
            #[must_use]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                match self {
                    $(Self::$kind(body) => body.encode(out),)*
                }
            }

            /// Reads the body of a record of this kind.
            ///
            /// # Errors
            /// Another size than this kind has.
            pub fn decode(kind: RecordKind, bytes: &'a [u8]) -> Result<Self, DecodeError> {
                match kind {
                    $(RecordKind::$kind => $body::decode(bytes).map(Self::$kind),)*
                }
            }
        }
    };
}

kinds! {
    /// The journal begins.
    Genesis = 1 => Genesis;
    /// A client's message.
    SessionMessage = 2 => SessionMessage<'a>;
    /// A proved login.
    Login = 3 => LoginBody;
    /// Silence for too long.
    SessionDeath = 4 => SessionDeath;
    /// The client skips numbers.
    SequenceSkip = 5 => SequenceSkip;
    /// A slice of a cancel on disconnect.
    CancelSlice = 6 => CancelSlice;
    /// What the state must be here.
    StateHash = 7 => StateHash;
    /// The client is done.
    Logout = 8 => Logout;
    /// An order whose stop price was reached enters.
    Elect = 9 => Elect;
    /// Orders may enter, or may not.
    EntryGate = 10 => EntryGate;
    /// The market day is over.
    MarketClose = 11 => MarketClose;
    /// An operator's command.
    Operator = 12 => OperatorBody;
    /// A slice of what an operator had canceled.
    OperatorSlice = 13 => OperatorSlice;
}

impl TryFrom<u16> for RecordKind {
    type Error = DecodeError;

    fn try_from(code: u16) -> Result<Self, DecodeError> {
        let expected = "a kind from 1 to 13; the journal may be of a newer version of this program";
        let found = u64::from(code);
        Self::from_code(code).ok_or(DecodeError::Value { what: "journal record", field: "kind", expected, found })
    }
}

impl Body<'_> {
    /// Whose record it is; `None` for the venue's own.
    #[must_use]
    pub fn session(&self) -> Option<SessionIndex> {
        match self {
            Self::SessionMessage(body) => Some(body.session),
            Self::Login(body) => Some(body.session),
            Self::SessionDeath(body) => Some(body.session),
            Self::SequenceSkip(body) => Some(body.session),
            Self::CancelSlice(body) => Some(body.session),
            Self::Logout(body) => Some(body.session),
            Self::Operator(body) => body.command().ok().and_then(|command| command.verb.session()),
            Self::Genesis(_)
            | Self::StateHash(_)
            | Self::Elect(_)
            | Self::EntryGate(_)
            | Self::MarketClose(_)
            | Self::OperatorSlice(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::{OperatorCommand, OperatorName, Verb};

    #[test]
    fn every_body_round_trips_under_its_kind() {
        let session = SessionIndex(0x0102);
        let bodies = [
            Body::Genesis(Genesis {
                fingerprint: 1,
                created: Nanos(2),
                feed_session: SessionId(*b"PINION0001"),
                reserved: Reserved,
            }),
            Body::SessionMessage(SessionMessage { session, client_seq: 3, bytes: b"Q" }),
            Body::SessionMessage(SessionMessage { session, client_seq: 3, bytes: &[7; INBOUND_LEN_MAX] }),
            Body::Login(LoginBody {
                session,
                flags: FLAG_CANCEL_ON_DISCONNECT,
                token: SessionId(*b"ABCDEFGHIJ"),
                address: Addr::new(0x7F00_0001, 9),
                reserved: Reserved,
                cookie_stamp: 4,
                client_nonce: [5; 16],
            }),
            Body::SessionDeath(SessionDeath { session }),
            Body::SequenceSkip(SequenceSkip { session, reserved: Reserved, next_inbound: 6 }),
            Body::CancelSlice(CancelSlice { session }),
            Body::StateHash(StateHash { hash: 7 }),
            Body::Logout(Logout { session }),
            Body::Elect(Elect { reserved: Reserved }),
            Body::EntryGate(EntryGate { closed: 1, reserved: Reserved }),
            Body::MarketClose(MarketClose { reserved: Reserved }),
            Body::Operator(OperatorBody::from(&OperatorCommand {
                operator: OperatorName::new("ann").expect("short"),
                number: 8,
                verb: Verb::Disconnect { session },
            })),
            Body::OperatorSlice(OperatorSlice { reserved: Reserved }),
        ];
        for body in bodies {
            let mut out = [0xEE; COMMAND_BODY_LEN_MAX];
            let len = body.encode(&mut out).expect("room");
            assert_eq!(RecordKind::try_from(body.kind().code()), Ok(body.kind()));
            assert_eq!(Body::decode(body.kind(), &out[..len]), Ok(body));
            assert!(Body::decode(body.kind(), &out[..len - 1]).is_err(), "{body:?} cut");
        }
        assert!(RecordKind::ALL.iter().all(|kind| bodies.iter().any(|body| body.kind() == *kind)));
        assert!(RecordKind::try_from(0).is_err() && RecordKind::try_from(14).is_err());
    }

    #[test]
    fn a_message_too_long_is_never_written() {
        let message = SessionMessage { session: SessionIndex(0), client_seq: 1, bytes: &[0; INBOUND_LEN_MAX + 1] };
        assert_eq!(message.encode(&mut [0; 512]), None);
    }
}
