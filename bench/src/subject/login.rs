//! A client's login at a venue in memory.
//!
//! Everything that a login draws or reads elsewhere is fixed here, so every venue gives the same token and takes the same packets.

use crate::error::BenchError;
use engine::command::Command;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::venue::{Outputs, Venue};
use wire::address::Addr;
use wire::login::{ClientHello, Key, Login, LoginMessage, NO_SESSION, Username};
use wire::mold::{Packet, PacketBuilder, SessionId};
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// Where the client sits.
pub const CLIENT: Addr = Addr { ip: 0x7F00_0001, port: 40_000 };
/// The time of the login: 2026-01-02T03:04:05Z.
pub const START: Nanos = Nanos(1_767_323_045_000_000_000);
/// What a venue draws at its start.
pub const SECRET: Key = Key([0x5E; 32]);

/// A login as an exchange without a gateway is told of it.
pub const LOGIN: engine::session::Login = engine::session::Login {
    token: SessionId(*b"BENCHMARK0"),
    address: CLIENT,
    client_nonce: [0; 16],
    cookie_stamp: 1,
    cancel_on_disconnect: false,
};

const NONCE: [u8; 16] = [7; 16];
const PACKET_LEN: usize = 256;

/// Logs the first configured session in and returns its token.
///
/// # Errors
/// The venue does not answer as the protocol says.
pub fn log_in(venue: &mut Venue, config: &Config) -> Result<SessionId, BenchError> {
    log_in_journaled(venue, config, &mut |_| {})
}

/// As [`log_in`]; what the venue sequences goes to `journal`.
///
/// # Errors
/// The venue does not answer as the protocol says.
pub fn log_in_journaled(
    venue: &mut Venue,
    config: &Config,
    journal: &mut dyn FnMut(&Command<'_>),
) -> Result<SessionId, BenchError> {
    let session = &config.sessions[0];
    let username = Username::new(&session.username).ok_or(BenchError::Login { expected: "a username" })?;
    let hello = LoginMessage::ClientHello(ClientHello::new(username, NONCE));
    let LoginMessage::Challenge(challenge) = ask(venue, hello, journal)? else {
        return Err(BenchError::Login { expected: "a challenge" });
    };
    let login = Login::sign(&session.key, username, NONCE, challenge.cookie, false);
    let LoginMessage::LoginAccepted(accepted) = ask(venue, LoginMessage::Login(login), journal)? else {
        return Err(BenchError::Login { expected: "an acceptance" });
    };
    Ok(accepted.session)
}

fn ask(
    venue: &mut Venue,
    message: LoginMessage,
    journal: &mut dyn FnMut(&Command<'_>),
) -> Result<LoginMessage, BenchError> {
    let too_long = || BenchError::Login { expected: "messages that fit a packet" };
    let mut bytes = [0; PACKET_LEN];
    let mut packet = PacketBuilder::new(&mut bytes, NO_SESSION, 0).ok_or_else(too_long)?;
    if !packet.push_with(|out| message.encode(out)) {
        return Err(too_long());
    }
    let len = packet.finish();
    let mut answer = Answer { first: Vec::new(), journal };
    venue.on_datagram(START, Endpoint::OrderEntry, CLIENT, &bytes[..len], &mut answer);
    venue.poll(START, venue.seq(), &mut answer);
    let first = Packet::parse(&answer.first).ok().and_then(|packet| packet.messages().next().map(|(_, bytes)| bytes));
    first
        .and_then(|bytes| LoginMessage::decode(bytes).ok())
        .ok_or(BenchError::Login { expected: "an answer to each message" })
}

/// Keeps the first datagram.
struct Answer<'a> {
    first: Vec<u8>,
    journal: &'a mut dyn FnMut(&Command<'_>),
}

impl Replies for Answer<'_> {
    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut bytes = vec![0; netio::port::PAYLOAD_MAX];
        if let Some(len) = fill(&mut bytes)
            && self.first.is_empty()
        {
            bytes.truncate(len);
            self.first = bytes;
        }
    }
}

impl Outputs for Answer<'_> {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, command: &Command<'_>) {
        (self.journal)(command);
    }

    fn tick(&mut self, _cause: Seq, _tick: &Tick) {}

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}
