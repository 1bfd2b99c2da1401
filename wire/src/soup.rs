//! SoupBinTCP 3.00: packets over a TCP connection, by which the snapshot server speaks.
//!
//! Goal: every packet both ways, from bytes that come in pieces. Non-goal: sockets, timers, who may log in.
//!
//! ```text
//! 0        2      3
//! | length | type | payload ... |  length | type | ...
//!   (u16)    '------ length ----'
//! ```
//!
//! A sequenced message carries no number: both sides count, from the one that Login Accepted told.

mod stream;

pub use stream::Stream;

use crate::DecodeError;
use crate::layout::{Wire, codes, layout, newtype};
use crate::mold::SessionId;

/// Bytes of length in front of each packet.
pub const LENGTH_LEN: usize = 2;
/// Bytes in front of a payload: length and type.
pub const PACKET_HEADER_LEN: usize = 3;

const DEBUG: u8 = b'+';
const SEQUENCED: u8 = b'S';
const SERVER_HEARTBEAT: u8 = b'H';
const END_OF_SESSION: u8 = b'Z';
const UNSEQUENCED: u8 = b'U';
const CLIENT_HEARTBEAT: u8 = b'R';
const LOGOUT_REQUEST: u8 = b'O';

/// A number in twenty ASCII characters, right-justified. Padding is written as spaces in front and read on both sides, because not every
/// client keeps to one; nothing but padding is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Numeric(pub u64);

impl Wire for Numeric {
    const LEN: usize = 20;
    const EXPECTED: &'static str = "a number below 2^64 in ASCII digits, padded with spaces";

    fn read(bytes: &[u8]) -> Option<Self> {
        let digits = bytes.trim_ascii();
        let add = |number: u64, digit: &u8| {
            let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        };
        digits.iter().try_fold(0, add).map(Self)
    }

    fn write(self, out: &mut [u8]) {
        out.fill(b' ');
        let mut rest = self.0;
        for place in out.iter_mut().rev() {
            // A remainder of ten is one digit.
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
    }
}

/// A user's name as it is sent: six characters. Upper and lower case are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct SoupUser(pub [u8; 6]);

/// A password as it is sent: ten characters. Upper and lower case are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct SoupPassword(pub [u8; 10]);

newtype!(Wire SoupUser([u8; 6]), Wire SoupPassword([u8; 10]));

codes! {
    /// Why a login was refused.
    RejectCode {
        /// The name and password are not those of a user.
        NotAuthorized = b'A',
        /// No such session, or not now.
        SessionUnavailable = b'S',
    }
}

layout! { Wire, "SoupBinTCP Login Accepted",
    /// What follows comes from this session, beginning with this number.
    pub struct LoginAccepted: 31, type b'A' {
        /// The session that is logged into.
        1 => session: SessionId,
        /// The number of the first sequenced message.
        11 => sequence: Numeric,
    }
}

layout! { Wire, "SoupBinTCP Login Rejected",
    /// The login is refused, and the connection closed.
    pub struct LoginRejected: 2, type b'J' {
        /// Why.
        1 => reason: RejectCode,
    }
}

layout! { Wire, "SoupBinTCP Login Request",
    /// Who asks, and for what. The first thing that a client sends.
    pub struct LoginRequest: 47, type b'L' {
        /// Who.
        1 => username: SoupUser,
        /// A secret.
        7 => password: SoupPassword,
        /// The session wanted; blank for the current one.
        17 => session: SessionId,
        /// The first sequenced message wanted.
        27 => sequence: Numeric,
    }
}

/// One packet, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Text for people; programs ignore it. From either side.
    Debug(&'a [u8]),
    /// From the server.
    LoginAccepted(LoginAccepted),
    /// From the server, which then closes.
    LoginRejected(LoginRejected),
    /// A message with a number, from the server.
    Sequenced(&'a [u8]),
    /// From the server, when it has had nothing to say for a second.
    ServerHeartbeat,
    /// The server has no more messages.
    EndOfSession,
    /// From the client.
    LoginRequest(LoginRequest),
    /// A message without a number, from the client.
    Unsequenced(&'a [u8]),
    /// From the client, when it has had nothing to say for a second.
    ClientHeartbeat,
    /// The client has had enough.
    LogoutRequest,
}

impl<'a> Packet<'a> {
    /// Reads a packet from exactly the bytes behind its length.
    ///
    /// # Errors
    /// No bytes, no known type, or not the payload of that type.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "SoupBinTCP packet";
        let Some((&tag, payload)) = bytes.split_first() else {
            return Err(DecodeError::TooShort { what: WHAT, expected: 1, found: 0 });
        };
        let bare = |packet| match payload.len() {
            0 => Ok(packet),
            len => Err(DecodeError::Length { what: WHAT, expected: 1, found: 1 + len }),
        };
        match tag {
            DEBUG => Ok(Self::Debug(payload)),
            LoginAccepted::TYPE => LoginAccepted::decode(bytes).map(Self::LoginAccepted),
            LoginRejected::TYPE => LoginRejected::decode(bytes).map(Self::LoginRejected),
            SEQUENCED => Ok(Self::Sequenced(payload)),
            SERVER_HEARTBEAT => bare(Self::ServerHeartbeat),
            END_OF_SESSION => bare(Self::EndOfSession),
            LoginRequest::TYPE => LoginRequest::decode(bytes).map(Self::LoginRequest),
            UNSEQUENCED => Ok(Self::Unsequenced(payload)),
            CLIENT_HEARTBEAT => bare(Self::ClientHeartbeat),
            LOGOUT_REQUEST => bare(Self::LogoutRequest),
            found => Err(DecodeError::UnknownType { what: WHAT, found }),
        }
    }

    /// Takes the first packet off the front of a stream: the packet, and how many bytes it took. `None` when it is not whole yet.
    ///
    /// # Errors
    /// It is longer than `payload_max` and its type, or no packet. What follows cannot be found any more: the connection is of no use.
    pub fn take(stream: &'a [u8], payload_max: usize) -> Result<Option<(Self, usize)>, DecodeError> {
        let Some((length, rest)) = stream.split_first_chunk::<LENGTH_LEN>() else { return Ok(None) };
        let len = usize::from(u16::from_be_bytes(*length));
        if len > payload_max.saturating_add(1) {
            let expected = payload_max.saturating_add(1);
            return Err(DecodeError::TooLong { what: "SoupBinTCP packet", expected, found: len });
        }
        match rest.get(..len) {
            Some(bytes) => Self::decode(bytes).map(|packet| Some((packet, LENGTH_LEN + len))),
            None => Ok(None),
        }
    }

    /// Writes the packet with its length to the front of `out`; returns how many bytes that took, or nothing when `out` is too small or
    /// a payload too long for its length.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let (length, rest) = out.split_first_chunk_mut::<LENGTH_LEN>()?;
        let mut plain = |tag: u8, payload: &[u8]| {
            let (first, rest) = rest.split_first_mut()?;
            *first = tag;
            rest.get_mut(..payload.len())?.copy_from_slice(payload);
            Some(1 + payload.len())
        };
        let len = match self {
            Self::Debug(text) => plain(DEBUG, text),
            Self::LoginAccepted(accepted) => accepted.encode(rest),
            Self::LoginRejected(rejected) => rejected.encode(rest),
            Self::Sequenced(message) => plain(SEQUENCED, message),
            Self::ServerHeartbeat => plain(SERVER_HEARTBEAT, &[]),
            Self::EndOfSession => plain(END_OF_SESSION, &[]),
            Self::LoginRequest(request) => request.encode(rest),
            Self::Unsequenced(message) => plain(UNSEQUENCED, message),
            Self::ClientHeartbeat => plain(CLIENT_HEARTBEAT, &[]),
            Self::LogoutRequest => plain(LOGOUT_REQUEST, &[]),
        }?;
        *length = u16::try_from(len).ok()?.to_be_bytes();
        Some(LENGTH_LEN + len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_padding_on_either_side_and_nothing_else() {
        let read = |text: &str| Numeric::read(format!("{text:20}").as_bytes());
        for (text, number) in [("", 0), ("0", 0), ("   7", 7), ("00012", 12), ("18446744073709551615", u64::MAX)] {
            assert_eq!(read(text), Some(Numeric(number)), "{text}");
        }
        for text in ["-1", "+1", "1 2", "18446744073709551616", "99999999999999999999", "x"] {
            assert_eq!(read(text), None, "{text}");
        }
        for number in [0, 7, 10, 1_000_000, u64::MAX] {
            let mut out = [b'x'; 20];
            Numeric(number).write(&mut out);
            assert_eq!(out, format!("{number:>20}").as_bytes());
        }
    }

    #[test]
    fn a_packet_with_the_wrong_payload_is_refused() {
        for bytes in [&b""[..], b"Hx", b"Zx", b"Rx", b"Ox", b"J", b"JX", b"Lshort", b"A", b"?", b"\0"] {
            assert!(Packet::decode(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(Packet::decode(b"S"), Ok(Packet::Sequenced(b"")));
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let packet = Packet::Sequenced(b"abc");
        for len in 0..6 {
            assert_eq!(packet.encode(&mut vec![0; len]), None, "{len}");
        }
        assert_eq!(packet.encode(&mut [0; 6]), Some(6));
        let long = vec![0; 65_535];
        assert_eq!(Packet::Sequenced(&long).encode(&mut vec![0; 70_000]), None);
        assert_eq!(Packet::Sequenced(&long[1..]).encode(&mut vec![0; 70_000]), Some(65_537));
    }
}
