//! The client's side of the login: hello, challenge, proof, acceptance.
//!
//! Goal: survive lost, repeated and forged packets of either side. Non-goal: what the numbers in the acceptance mean.

use super::ClientConfig;
use super::backoff::Backoff;
use wire::login::{ClientHello, Cookie, Login, LoginAccepted, LoginMessage, LoginRejectReason, NO_SESSION, Nonce};
use wire::mold::{Packet, PacketBuilder};

/// The first repetition of an unanswered step, ns.
const RETRY_FIRST_NS: u64 = 50_000_000;
/// The longest pause between repetitions, ns.
const RETRY_MAX_NS: u64 = 1_000_000_000;
/// So many proofs without an answer, and the challenge is taken for stale.
const PROOFS_MAX: u32 = 4;

/// What a login packet brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing of interest.
    Ignored,
    /// The exchange goes on.
    Continues,
    /// The venue proved itself and opened a session.
    Accepted(LoginAccepted),
    /// The venue refuses.
    Refused(LoginRejectReason),
}

/// One attempt to log in.
#[derive(Debug)]
pub(crate) struct Handshake {
    nonce: Nonce,
    cookie: Option<Cookie>,
    proofs: u32,
    retry: Backoff,
}

impl Handshake {
    /// Begins with a fresh nonce; the hello is due at once.
    pub(crate) fn begin(now_ns: u64, nonce: Nonce) -> Self {
        let mut retry = Backoff::new(RETRY_FIRST_NS, RETRY_MAX_NS);
        retry.fire_now(now_ns);
        Self { nonce, cookie: None, proofs: 0, retry }
    }

    /// When something is to be sent.
    pub(crate) const fn due_ns(&self) -> Option<u64> {
        self.retry.due_ns()
    }

    /// Writes the packet that is due, if one is.
    pub(crate) fn next_packet(&mut self, now_ns: u64, config: &ClientConfig, out: &mut [u8]) -> Option<usize> {
        if !self.retry.fires(now_ns) {
            return None;
        }
        if self.proofs == PROOFS_MAX {
            self.cookie = None;
        }
        let message = if let Some(cookie) = self.cookie {
            self.proofs += 1;
            LoginMessage::Login(Login::sign(
                &config.key,
                config.username,
                self.nonce,
                cookie,
                config.cancel_on_disconnect,
            ))
        } else {
            self.proofs = 0;
            LoginMessage::ClientHello(ClientHello::new(config.username, self.nonce))
        };
        let mut packet = PacketBuilder::new(out, NO_SESSION, 0)?;
        packet.push_with(|room| message.encode(room)).then(|| packet.finish())
    }

    /// Looks at a packet without a session.
    pub(crate) fn on_packet(&mut self, now_ns: u64, config: &ClientConfig, packet: &Packet<'_>) -> Outcome {
        let Some((_, bytes)) = packet.messages().next() else { return Outcome::Ignored };
        match LoginMessage::decode(bytes) {
            Ok(LoginMessage::Challenge(challenge)) if challenge.client_nonce == self.nonce => {
                if self.cookie.is_some() {
                    return Outcome::Ignored;
                }
                self.cookie = Some(challenge.cookie);
                self.retry.fire_now(now_ns);
                Outcome::Continues
            }
            Ok(LoginMessage::LoginAccepted(accepted))
                if accepted.client_nonce == self.nonce && accepted.is_proved(&config.key) =>
            {
                Outcome::Accepted(accepted)
            }
            Ok(LoginMessage::LoginRejected(rejected)) if rejected.client_nonce == self.nonce => {
                match rejected.reason {
                    // Begin again with a fresh challenge, not at once: a venue that has no room needs the pause.
                    LoginRejectReason::StaleCookie | LoginRejectReason::Capacity => {
                        self.cookie = None;
                        self.retry.arm(now_ns);
                        Outcome::Continues
                    }
                    reason => Outcome::Refused(reason),
                }
            }
            _ => Outcome::Ignored,
        }
    }
}
