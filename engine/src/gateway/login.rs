//! Login: a challenge that costs the server no memory, a proof, an unguessable session name.
//!
//! Nothing is kept for an address that has not shown that it receives what is sent to it (the cookie) and that it has the key
//! (the proof). Layouts and flow: `wire::login`, docs/protocol.md.

use super::{Endpoint, Gateway, Intake, Replies};
use crate::session::{Login, Session};
use wire::address::Addr;
use wire::login::{
    Challenge, ClientHello, Cookie, LoginAccepted, LoginMessage, LoginRejectReason, LoginRejected, NO_SESSION,
};
use wire::mold::{Packet, PacketBuilder, SessionId};
use wire::{Nanos, SessionIndex};

/// The characters of a session name; 64 of them, so each carries six bits.
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-";

/// The name of a new login: three characters say whose it is, so that a packet's session is found without a search; seven, 42 bits,
/// are drawn by the server's secret and cannot be guessed, the less so as the source address must fit too.
fn token(index: SessionIndex, draw: &[u8]) -> SessionId {
    let mut name = [0; 10];
    let index = usize::from(index.0);
    for (position, letter) in name.iter_mut().enumerate() {
        let six_bits = match position {
            0..3 => index >> (6 * position),
            _ => usize::from(draw[position]),
        };
        *letter = ALPHABET[six_bits & 63];
    }
    SessionId(name)
}

/// The session index inside a name; anything may be in it, so the result must be looked up and compared.
pub(super) fn session_of(token: SessionId) -> Option<SessionIndex> {
    let mut index = 0;
    for position in 0..3 {
        let six_bits = ALPHABET.iter().position(|&letter| letter == token.0[position])?;
        index |= six_bits << (6 * position);
    }
    u16::try_from(index).ok().map(SessionIndex)
}

impl Gateway {
    pub(super) fn on_login_packet<'a>(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        from: Addr,
        packet: &Packet<'a>,
        replies: &mut impl Replies,
    ) -> Intake<'a> {
        let mut messages = packet.messages();
        let (Some((_, bytes)), None) = (messages.next(), messages.next()) else {
            self.counters.malformed += 1;
            return Intake::Done;
        };
        match LoginMessage::decode(bytes) {
            Ok(LoginMessage::ClientHello(hello)) => {
                self.challenge(now, from, &hello, replies);
                Intake::Done
            }
            Ok(LoginMessage::Login(login)) => self.on_login(now, sessions, from, &login, replies),
            _ => {
                self.counters.malformed += 1;
                Intake::Done
            }
        }
    }

    fn challenge(&mut self, now: Nanos, from: Addr, hello: &ClientHello, replies: &mut impl Replies) {
        // A clock that was set back over a restart must not make every new login older than those that stand.
        let stamp = now.0.max(self.newest_stamp.saturating_add(1));
        let cookie = Cookie::issue(&self.config.secret, from, hello.username, &hello.client_nonce, stamp);
        let challenge = Challenge { client_nonce: hello.client_nonce, cookie };
        self.counters.challenges += 1;
        self.answer(from, LoginMessage::Challenge(challenge), replies);
    }

    fn on_login<'a>(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        from: Addr,
        login: &wire::login::Login,
        replies: &mut impl Replies,
    ) -> Intake<'a> {
        if !login.cookie.is_genuine(&self.config.secret, from, login.username, &login.client_nonce) {
            // Not made for this address: an answer would go to somebody who may never have asked. A client whose challenge is from
            // before a restart repeats its hello.
            self.counters.forged += 1;
            return Intake::Done;
        }
        let refuse = |gateway: &mut Self, reason, replies: &mut _| {
            gateway.counters.logins_refused += 1;
            let rejected = LoginRejected { client_nonce: login.client_nonce, reason };
            gateway.answer(from, LoginMessage::LoginRejected(rejected), replies);
            Intake::Done
        };
        let stamp = login.cookie.stamp();
        if now.since(Nanos(stamp)) > self.config.cookie_lifetime_ns {
            return refuse(self, LoginRejectReason::StaleCookie, replies);
        }
        let user = self.config.credentials.iter().position(|user| user.username == login.username);
        let Some(index) = user.filter(|&index| login.is_proved(&self.config.credentials[index].key)) else {
            return refuse(self, LoginRejectReason::NotAuthorized, replies);
        };
        let session = &sessions[index];
        let Ok(index) = u16::try_from(index).map(SessionIndex) else { return Intake::Done };
        if let Some(standing) = session.login() {
            let repeated = standing.client_nonce == login.client_nonce && standing.address == from;
            if repeated && session.is_alive() {
                // The confirmation was lost.
                self.peers[usize::from(index.0)].accept.get_or_insert(session.last_cause());
                self.enqueue(index);
                return Intake::Done;
            }
            if repeated && stamp <= standing.cookie_stamp {
                // The login that it repeats has ended meanwhile. No other one stands against it: it needs a new challenge, for which a
                // client asks that is not answered.
                self.counters.forged += 1;
                return Intake::Done;
            }
            if stamp <= standing.cookie_stamp {
                return refuse(self, LoginRejectReason::Superseded, replies);
            }
        }
        self.newest_stamp = self.newest_stamp.max(stamp);
        let forced = self.config.credentials[usize::from(index.0)].cancel_on_disconnect;
        // A stamp that no challenge ever carries, so nobody but us can know this value.
        let draw = Cookie::issue(&self.config.secret, from, login.username, &login.client_nonce, !stamp);
        Intake::Login {
            session: index,
            login: Login {
                token: token(index, &draw.0[8..]),
                address: from,
                client_nonce: login.client_nonce,
                cookie_stamp: stamp,
                cancel_on_disconnect: login.cancel_on_disconnect() || forced,
            },
        }
    }

    /// Tells a client that its login stands.
    pub(super) fn confirm_login(&mut self, sessions: &[Session], index: SessionIndex, replies: &mut impl Replies) {
        let position = usize::from(index.0);
        let Some(login) = sessions[position].login() else { return };
        let accepted = LoginAccepted {
            client_nonce: login.client_nonce,
            session: login.token,
            next_inbound: sessions[position].next_inbound(),
            next_outbound: self.peers[position].login_outbound,
            oldest_outbound: self.peers[position].store.oldest(),
            last_user_ref: sessions[position].last_user_ref(),
            heartbeat_ms: milliseconds(self.config.heartbeat_ns),
            timeout_ms: milliseconds(self.config.timeout_ns),
            proof: [0; 32],
        };
        let signed = accepted.signed(&self.config.credentials[position].key);
        self.answer(login.address, LoginMessage::LoginAccepted(signed), replies);
    }

    fn answer(&mut self, to: Addr, message: LoginMessage, replies: &mut impl Replies) {
        if replies.room() == 0 {
            self.counters.replies_dropped += 1;
            return;
        }
        replies.send(Endpoint::OrderEntry, to, |buffer| {
            let mut packet = PacketBuilder::new(buffer, NO_SESSION, 0)?;
            packet.push_with(|bytes| message.encode(bytes)).then(|| packet.finish())
        });
    }
}

fn milliseconds(ns: u64) -> u32 {
    u32::try_from(ns / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_session() {
        for index in [0, 1, 63, 64, 4_095, 4_096, u16::MAX] {
            let name = token(SessionIndex(index), &[0xA5; 24]);
            assert!(name.0.iter().all(u8::is_ascii_graphic));
            assert_eq!(session_of(name), Some(SessionIndex(index)));
        }
        assert_eq!(session_of(SessionId([b' '; 10])), None);
        assert_eq!(session_of(SessionId([0xFF; 10])), None);
        assert_eq!(session_of(SessionId(*b"--------- ")), None, "beyond 16 bits");
    }
}
