//! Login: challenge and response over a pre-shared key, carried as single messages in packets without a session.
//!
//! Goal: the venue remembers nothing about an address that has not proved itself, the key never travels, and what was
//! recorded on the wire cannot be used again. Non-goal: secrecy of the orders; who is allowed; how long a cookie stays
//! fresh.
//!
//! ```text
//! client                                             venue
//!   ClientHello  username, client_nonce      ->        no state: the cookie is a MAC over address, hello and time
//!                                            <-        Challenge  client_nonce, cookie
//!   Login        the same, cookie, proof     ->        cookie is ours and fresh, proof is the user's: a journaled login
//!                                            <-        LoginAccepted (proves the venue too) or LoginRejected
//! ```
//!
//! No answer is longer than its question, so a forged source address gains nothing.

use core::fmt;

use hmac::digest::generic_array::GenericArray;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::address::Addr;
use crate::layout::{Reserved, codes, layout, newtype, text};
use crate::mold::SessionId;
use crate::{DecodeError, UserRefNum};

/// Session of a packet that carries a login message: ten spaces. Its sequence is 0, its count 1.
pub const NO_SESSION: SessionId = SessionId::BLANK;

/// [`Login::flags`]: cancel my orders when the session dies.
pub const FLAG_CANCEL_ON_DISCONNECT: u8 = 1;

const COOKIE_CONTEXT: &[u8] = b"pinion cookie 1";
const LOGIN_CONTEXT: &[u8] = b"pinion login 1";
const ACCEPT_CONTEXT: &[u8] = b"pinion accept 1";

text!(
    /// Name of a configured session.
    Username,
    16
);

/// Random bytes that the client takes new for every login.
pub type Nonce = [u8; 16];

/// A secret of 32 bytes: a user's pre-shared key, or the venue's own. It does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(0)? << 4 | digit(1)?;
        }
        Some(Self(key))
    }

    /// HMAC-SHA256 over the parts, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros to the block size, so this is the same MAC, from a constructor that cannot
        // fail.
        let mut block = GenericArray::default();
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block);
        for part in parts {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What the venue would have to remember about a hello, kept by the client instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie(pub [u8; 32]);

newtype!(Wire Cookie([u8; 32]));

impl Cookie {
    /// Makes the cookie for a hello that arrived from `from` at `stamp` (venue time, nanoseconds).
    #[must_use]
    pub fn issue(secret: &Key, from: Addr, username: Username, client_nonce: &Nonce, stamp: u64) -> Self {
        let mac = Self::mac(secret, from, username, client_nonce, stamp).finalize().into_bytes();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&stamp.to_be_bytes());
        bytes[8..].copy_from_slice(&mac[..24]);
        Self(bytes)
    }

    /// When it was issued. Means something only after [`Cookie::is_genuine`].
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }

    /// Whether this venue issued it for this address, user and nonce. Takes the same time for every wrong cookie.
    #[must_use]
    pub fn is_genuine(&self, secret: &Key, from: Addr, username: Username, client_nonce: &Nonce) -> bool {
        Self::mac(secret, from, username, client_nonce, self.stamp()).verify_truncated_left(&self.0[8..]).is_ok()
    }

    fn mac(secret: &Key, from: Addr, username: Username, client_nonce: &Nonce, stamp: u64) -> Hmac<Sha256> {
        secret.mac(&[COOKIE_CONTEXT, &from.to_bytes(), &username.0, client_nonce, &stamp.to_be_bytes()])
    }
}

codes! {
    /// Why a login was refused.
    LoginRejectReason {
        /// No such user, or the proof is wrong: one code, so that names cannot be tried out.
        NotAuthorized = b'A',
        /// The cookie is not ours or too old: begin again with a hello.
        StaleCookie = b'S',
        /// A newer login of the same user stands.
        Superseded = b'O',
        /// The venue takes no logins now; try again later.
        Capacity = b'C',
    }
}

layout! { Wire, "ClientHello",
    /// Asks for a challenge.
    pub struct ClientHello: 49, type b'h' {
        /// Who.
        1 => username: Username,
        /// Random.
        17 => client_nonce: Nonce,
        /// Makes the question as long as the answer.
        33 => reserved: Reserved<16>,
    }
}

layout! { Wire, "Challenge",
    /// The answer to a hello.
    pub struct Challenge: 49, type b'c' {
        /// From the hello.
        1 => client_nonce: Nonce,
        /// To be sent back as it is.
        17 => cookie: Cookie,
    }
}

layout! { Wire, "Login",
    /// Proves that the sender has the user's key.
    pub struct Login: 98, type b'l' {
        /// From the hello.
        1 => username: Username,
        /// From the hello.
        17 => client_nonce: Nonce,
        /// From the challenge.
        33 => cookie: Cookie,
        /// Bit 0: cancel on disconnect. Others are zero.
        65 => flags: u8,
        /// HMAC-SHA256(key, "pinion login 1" ‖ username ‖ client_nonce ‖ cookie ‖ flags).
        66 => proof: [u8; 32],
    }
}

layout! { Wire, "LoginAccepted",
    /// The session, and where both numberings stand.
    pub struct LoginAccepted: 95, type b'a' {
        /// From the login.
        1 => client_nonce: Nonce,
        /// The session of every packet from now on.
        17 => session: SessionId,
        /// The sequence number that the venue expects next from the client.
        27 => next_inbound: u64,
        /// The sequence number of the first report after this login.
        35 => next_outbound: u64,
        /// The oldest report that can still be asked for.
        43 => oldest_outbound: u64,
        /// The highest `UserRefNum` used.
        51 => last_user_ref: UserRefNum,
        /// A side that has sent nothing for this long sends a heartbeat.
        55 => heartbeat_ms: u32,
        /// A side that has heard nothing for this long takes the other for dead.
        59 => timeout_ms: u32,
        /// HMAC-SHA256(key, "pinion accept 1" ‖ bytes 1 to 62 of this message).
        63 => proof: [u8; 32],
    }
}

layout! { Wire, "LoginRejected",
    /// There is no session.
    pub struct LoginRejected: 18, type b'j' {
        /// From the login.
        1 => client_nonce: Nonce,
        /// Why.
        17 => reason: LoginRejectReason,
    }
}

const _: () = assert!(Challenge::SIZE <= ClientHello::SIZE, "a hello must not be amplified");
const _: () = assert!(LoginAccepted::SIZE <= Login::SIZE, "a login must not be amplified");
const _: () = assert!(LoginRejected::SIZE <= Login::SIZE, "a login must not be amplified");

impl ClientHello {
    /// A hello of this user.
    #[must_use]
    pub const fn new(username: Username, client_nonce: Nonce) -> Self {
        Self { username, client_nonce, reserved: Reserved }
    }
}

impl Login {
    /// The answer to a challenge.
    #[must_use]
    pub fn sign(
        key: &Key,
        username: Username,
        client_nonce: Nonce,
        cookie: Cookie,
        cancel_on_disconnect: bool,
    ) -> Self {
        let flags = if cancel_on_disconnect { FLAG_CANCEL_ON_DISCONNECT } else { 0 };
        let mut login = Self { username, client_nonce, cookie, flags, proof: [0; 32] };
        login.proof = login.mac(key).finalize().into_bytes().into();
        login
    }

    /// Whether the sender has the key. Takes the same time for every wrong proof.
    #[must_use]
    pub fn is_proved(&self, key: &Key) -> bool {
        self.mac(key).verify_slice(&self.proof).is_ok()
    }

    /// Whether the session's orders are to be canceled when it dies.
    #[must_use]
    pub const fn cancel_on_disconnect(&self) -> bool {
        self.flags & FLAG_CANCEL_ON_DISCONNECT != 0
    }

    fn mac(&self, key: &Key) -> Hmac<Sha256> {
        key.mac(&[LOGIN_CONTEXT, &self.username.0, &self.client_nonce, &self.cookie.0, &[self.flags]])
    }
}

impl LoginAccepted {
    /// Fills in the venue's proof.
    #[must_use]
    pub fn signed(mut self, key: &Key) -> Self {
        self.proof = self.mac(key).finalize().into_bytes().into();
        self
    }

    /// Whether the venue has the key. Takes the same time for every wrong proof.
    #[must_use]
    pub fn is_proved(&self, key: &Key) -> bool {
        self.mac(key).verify_slice(&self.proof).is_ok()
    }

    fn mac(&self, key: &Key) -> Hmac<Sha256> {
        let mut bytes = [0; Self::SIZE];
        let written = self.encode(&mut bytes);
        debug_assert_eq!(written, Some(Self::SIZE));
        key.mac(&[ACCEPT_CONTEXT, &bytes[1..63]])
    }
}

/// Any login message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMessage {
    /// `h`
    ClientHello(ClientHello),
    /// `c`
    Challenge(Challenge),
    /// `l`
    Login(Login),
    /// `a`
    LoginAccepted(LoginAccepted),
    /// `j`
    LoginRejected(LoginRejected),
}

impl LoginMessage {
    /// Reads one message from exactly its bytes.
    ///
    /// # Errors
    /// No known message, another size, a field outside its set.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(&ClientHello::TYPE) => ClientHello::decode(bytes).map(Self::ClientHello),
            Some(&Challenge::TYPE) => Challenge::decode(bytes).map(Self::Challenge),
            Some(&Login::TYPE) => Login::decode(bytes).map(Self::Login),
            Some(&LoginAccepted::TYPE) => LoginAccepted::decode(bytes).map(Self::LoginAccepted),
            Some(&LoginRejected::TYPE) => LoginRejected::decode(bytes).map(Self::LoginRejected),
            Some(&found) => Err(DecodeError::UnknownType { what: "login", found }),
            None => Err(DecodeError::TooShort { what: "login", expected: 1, found: 0 }),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::ClientHello(message) => message.encode(out),
            Self::Challenge(message) => message.encode(out),
            Self::Login(message) => message.encode(out),
            Self::LoginAccepted(message) => message.encode(out),
            Self::LoginRejected(message) => message.encode(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Key = Key([7; 32]);
    const KEY: Key = Key([9; 32]);
    const FROM: Addr = Addr::new(0x7F00_0001, 40_000);
    const NONCE: Nonce = *b"0123456789abcdef";

    fn user() -> Username {
        Username::new("trader1").expect("short enough")
    }

    #[test]
    fn the_mac_is_hmac_sha256() {
        // RFC 4231 test case 1 with its 20-byte key, which our padding must not change: 32 bytes whose tail is zero.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let mac: [u8; 32] = Key(key).mac(&[b"Hi ", b"There"]).finalize().into_bytes().into();
        let expected = Key::from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(Some(Key(mac)), expected);
    }

    #[test]
    fn a_login_goes_through_and_binds_everything_it_names() {
        let cookie = Cookie::issue(&SECRET, FROM, user(), &NONCE, 77);
        assert_eq!(cookie.stamp(), 77);
        assert!(cookie.is_genuine(&SECRET, FROM, user(), &NONCE));
        assert!(!cookie.is_genuine(&SECRET, Addr { port: 1, ..FROM }, user(), &NONCE), "another address");
        assert!(!cookie.is_genuine(&SECRET, FROM, Username::BLANK, &NONCE), "another user");
        assert!(!cookie.is_genuine(&SECRET, FROM, user(), &[0; 16]), "another nonce");
        assert!(!cookie.is_genuine(&KEY, FROM, user(), &NONCE), "another venue");

        let login = Login::sign(&KEY, user(), NONCE, cookie, true);
        assert!(login.is_proved(&KEY) && login.cancel_on_disconnect());
        let mut bytes = [0; Login::SIZE];
        login.encode(&mut bytes).expect("room");
        for at in 1..Login::SIZE {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert!(!Login::decode(&changed).expect("same layout").is_proved(&KEY), "byte {at} is not covered");
        }
    }

    #[test]
    fn the_venue_proves_every_field_of_its_acceptance() {
        let accepted = LoginAccepted {
            client_nonce: NONCE,
            session: SessionId(*b"ABCDEFGHIJ"),
            next_inbound: 5,
            next_outbound: 6,
            oldest_outbound: 2,
            last_user_ref: UserRefNum(9),
            heartbeat_ms: 100,
            timeout_ms: 1_000,
            proof: [0; 32],
        }
        .signed(&KEY);
        assert!(accepted.is_proved(&KEY) && !accepted.is_proved(&SECRET));
        let mut bytes = [0; LoginAccepted::SIZE];
        accepted.encode(&mut bytes).expect("room");
        for at in 1..LoginAccepted::SIZE {
            let mut changed = bytes;
            changed[at] ^= 1;
            assert!(!LoginAccepted::decode(&changed).expect("same layout").is_proved(&KEY), "byte {at} is not covered");
        }
    }

    #[test]
    fn keys_are_read_from_hex_and_do_not_print() {
        assert_eq!(Key::from_hex(&"0a".repeat(32)), Some(Key([10; 32])));
        for text in ["", "0a", &"0g".repeat(32), &"0".repeat(63), &"é".repeat(32)] {
            assert_eq!(Key::from_hex(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", Key([10; 32])), "Key(…)");
    }
}
