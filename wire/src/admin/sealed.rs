//! Messages between an operator and an appliance that have proved themselves: numbered, and each with a MAC of this connection.
//!
//! Goal: nobody between the two can change, repeat, reorder, leave out or reflect a message without the connection being closed. Non-goal:
//! secrecy; but for a key that is handed over, which [`wrap`] hides. What was recorded can be read by whoever learns the operator's key later.
//!
//! ```text
//! 0        8              n      n + 32
//! | number | message ...  | mac  |
//! ```
//!
//! Each side numbers its own messages from 1 without a gap.

use hmac::Mac;
use sha2::{Digest, Sha256};

use super::login::Introduction;
use crate::DecodeError;
use crate::login::Key;

/// Bytes in front of a message.
pub const NUMBER_LEN: usize = 8;
/// Bytes behind a message.
pub const MAC_LEN: usize = 32;
/// Bytes around a message.
pub const SEAL_LEN: usize = NUMBER_LEN + MAC_LEN;

const CLIENT_CONTEXT: &[u8] = b"pinion admin client 1";
const SERVER_CONTEXT: &[u8] = b"pinion admin server 1";
const WRAP_CONTEXT: &[u8] = b"pinion admin wrap 1";

/// Which side a message is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The operator.
    Client,
    /// The appliance.
    Server,
}

impl Sender {
    const fn context(self) -> &'static [u8] {
        match self {
            Self::Client => CLIENT_CONTEXT,
            Self::Server => SERVER_CONTEXT,
        }
    }
}

/// Why a sealed message is not taken; the connection is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short for a number and a MAC.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is not the next one.
    #[error("sealed message: expected number {expected}, found {found}; it was repeated, reordered or left out")]
    Number {
        /// The next one.
        expected: u64,
        /// That of the message.
        found: u64,
    },
    /// Its MAC is not of this connection.
    #[error(
        "sealed message {0}: expected the MAC of this connection, found another; it was changed, or made by somebody else"
    )]
    Mac(u64),
}

/// One direction of a connection: seals at one end, opens at the other.
#[derive(Clone, Debug)]
pub struct Seal {
    key: Key,
    next: u64,
}

impl Seal {
    /// Before the first message of this side.
    #[must_use]
    pub fn new(key: &Key, introduction: &Introduction, from: Sender) -> Self {
        Self { key: introduction.derive(key, from.context()), next: 1 }
    }

    /// The number of the next message.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Seals what `message` writes; returns how long that became, or nothing when it did not fit.
    #[must_use]
    pub fn seal(&mut self, out: &mut [u8], message: impl FnOnce(&mut [u8]) -> Option<usize>) -> Option<usize> {
        let (number, rest) = out.split_first_chunk_mut::<NUMBER_LEN>()?;
        let room = rest.len().checked_sub(MAC_LEN)?;
        *number = self.next.to_be_bytes();
        let len = message(&mut rest[..room])?;
        let mac: [u8; MAC_LEN] = self.key.mac(&[number, &rest[..len]]).finalize().into_bytes().into();
        rest[len..len + MAC_LEN].copy_from_slice(&mac);
        self.next += 1;
        Some(len + SEAL_LEN)
    }

    /// The message in `bytes`, when it is the next one. Takes the same time for every wrong MAC.
    ///
    /// # Errors
    /// It is not, or it was changed.
    pub fn open<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], SealError> {
        let split = bytes.split_first_chunk::<NUMBER_LEN>().and_then(|(number, rest)| {
            let (message, mac) = rest.split_last_chunk::<MAC_LEN>()?;
            Some((number, message, mac))
        });
        let Some((number, message, mac)) = split else {
            return Err(DecodeError::TooShort { what: "sealed message", expected: SEAL_LEN, found: bytes.len() }.into());
        };
        let found = u64::from_be_bytes(*number);
        if found != self.next {
            return Err(SealError::Number { expected: self.next, found });
        }
        self.key.mac(&[number, message]).verify_slice(mac).map_err(|_| SealError::Mac(found))?;
        self.next += 1;
        Ok(message)
    }
}

/// Hides a session's new key in the operator's message of this number, and shows it again. The message's own MAC covers it; a number is
/// used once in a connection, and a connection's secret never again.
#[must_use]
pub fn wrap(key: &Key, introduction: &Introduction, number: u64, secret: &[u8; 32]) -> [u8; 32] {
    let wrapping = introduction.derive(key, WRAP_CONTEXT);
    let mut bytes: [u8; 32] = wrapping.mac(&[&number.to_be_bytes()]).finalize().into_bytes().into();
    for (byte, hidden) in bytes.iter_mut().zip(secret) {
        *byte ^= hidden;
    }
    bytes
}

/// What tells one key from another without saying anything about either: the head of its SHA-256.
#[must_use]
pub fn fingerprint(key: &Key) -> u64 {
    let digest = Sha256::digest(key.0);
    digest.iter().take(8).fold(0, |head, byte| head << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::OperatorName;
    use super::*;

    const KEY: Key = Key([9; 32]);

    fn introduction() -> Introduction {
        Introduction { operator: OperatorName::BLANK, client_nonce: [1; 16], server_nonce: [2; 16] }
    }

    fn sealed(seal: &mut Seal, message: &[u8]) -> Vec<u8> {
        let mut out = [0; 128];
        let write = |room: &mut [u8]| {
            room.get_mut(..message.len())?.copy_from_slice(message);
            Some(message.len())
        };
        let len = seal.seal(&mut out, write).expect("room");
        out[..len].to_vec()
    }

    fn ends(from: Sender) -> [Seal; 2] {
        [(); 2].map(|()| Seal::new(&KEY, &introduction(), from))
    }

    #[test]
    fn messages_are_opened_in_order_and_once() {
        let [mut sender, mut receiver] = ends(Sender::Client);
        let all: Vec<_> = [&b"first"[..], b"", b"third"].iter().map(|text| sealed(&mut sender, text)).collect();
        let number = |expected, found| Err(SealError::Number { expected, found });
        assert_eq!(receiver.open(&all[1]), number(1, 2), "left out");
        assert_eq!(receiver.open(&all[0]), Ok(&b"first"[..]));
        assert_eq!(receiver.open(&all[0]), number(2, 1), "repeated");
        assert_eq!(receiver.open(&all[1]), Ok(&b""[..]));
        assert_eq!(receiver.open(&all[2]), Ok(&b"third"[..]));
    }

    #[test]
    fn a_message_that_was_changed_or_made_elsewhere_is_not_opened() {
        let [mut sender, receiver] = ends(Sender::Client);
        let whole = sealed(&mut sender, b"kill");
        assert_eq!(receiver.clone().open(&whole), Ok(&b"kill"[..]));
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(receiver.clone().open(&changed).is_err(), "byte {at} is not covered");
            assert!(receiver.clone().open(&whole[..at]).is_err(), "cut to {at}");
        }
        let [mut reflected, _] = ends(Sender::Server);
        assert_eq!(reflected.open(&whole), Err(SealError::Mac(1)), "from the other side");
        let other = Introduction { client_nonce: [7; 16], ..introduction() };
        let mut elsewhere = Seal::new(&KEY, &other, Sender::Client);
        assert_eq!(elsewhere.open(&whole), Err(SealError::Mac(1)), "of another connection");
    }

    #[test]
    fn what_does_not_fit_is_not_sealed_and_takes_no_number() {
        let [mut sender, mut receiver] = ends(Sender::Server);
        for room in [0, 7, SEAL_LEN - 1] {
            assert_eq!(sender.seal(&mut vec![0; room], |_| Some(0)), None);
        }
        assert_eq!(sender.seal(&mut [0; 64], |_| None), None);
        assert_eq!(receiver.open(&sealed(&mut sender, b"x")), Ok(&b"x"[..]));
    }

    #[test]
    fn a_wrapped_key_is_another_each_time_and_comes_back() {
        let secret = [0x55; 32];
        let wrapped = wrap(&KEY, &introduction(), 3, &secret);
        assert_eq!(wrap(&KEY, &introduction(), 3, &wrapped), secret);
        assert_ne!(wrapped, secret);
        assert_ne!(wrap(&KEY, &introduction(), 4, &secret), wrapped, "another number");
        let other = Introduction { server_nonce: [7; 16], ..introduction() };
        assert_ne!(wrap(&KEY, &other, 3, &secret), wrapped, "another connection");
    }

    #[test]
    fn a_fingerprint_is_the_head_of_sha_256() {
        // FIPS 180-4 of 32 zero bytes, as any other implementation says it.
        assert_eq!(fingerprint(&Key([0; 32])), 0x6668_7AAD_F862_BD77);
        assert_ne!(fingerprint(&KEY), fingerprint(&Key([8; 32])));
    }
}
