//! Taking a snapshot.
//!
//! Goal: wanted, begun, timed out, tried again; the bytes of the connection understood in whatever pieces they come. Non-goal:
//! the connection (see [`super::Action`]), and what the snapshot does to the books.

use wire::Nanos;
use wire::mold::SessionId;
use wire::soup::{Packet, Stream};

use super::options::SnapshotOptions;

/// The longest sequenced message of a snapshot that is looked at.
const PAYLOAD_MAX: usize = 1_024;
/// Doublings of the wait between failures.
const DOUBLINGS_MAX: u32 = 5;

/// What the bytes of a snapshot are.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The server has let us in; what follows is of this session.
    Accepted(SessionId),
    /// A message.
    Message(&'a [u8]),
    /// It is over, or it cannot be understood, or we were not let in.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No snapshot is wanted.
    Idle,
    /// One is wanted, from then on.
    Wanted { at: Nanos },
    /// One is on its way.
    Loading { heard: Nanos },
}

/// The snapshots of one stream.
#[derive(Debug)]
pub struct Resync {
    options: Option<SnapshotOptions>,
    state: State,
    stream: Stream,
    failures: u32,
}

impl Resync {
    pub fn new(options: Option<SnapshotOptions>) -> Self {
        Self { options, state: State::Idle, stream: Stream::new(PAYLOAD_MAX), failures: 0 }
    }

    /// Whether snapshots can be had.
    pub const fn is_possible(&self) -> bool {
        self.options.is_some()
    }

    /// Whether one is wanted or on its way.
    pub fn is_wanted(&self) -> bool {
        self.state != State::Idle
    }

    pub const fn is_loading(&self) -> bool {
        matches!(self.state, State::Loading { .. })
    }

    /// Wants one as soon as may be. One that is on its way is what is wanted.
    pub fn want(&mut self, now: Nanos) {
        if self.options.is_some() && self.state == State::Idle {
            self.state = State::Wanted { at: now };
        }
    }

    /// No snapshot is wanted any more; says whether one was on its way.
    pub fn stop(&mut self) -> bool {
        let loading = self.is_loading();
        (self.state, self.failures) = (State::Idle, 0);
        loading
    }

    /// The one that was on its way is of no use: another, a little later.
    pub fn fail(&mut self, now: Nanos) {
        let wait = self.options.map_or(0, |options| options.retry_ns << self.failures.min(DOUBLINGS_MAX));
        self.failures += 1;
        self.state = State::Wanted { at: Nanos(now.0.saturating_add(wait)) };
    }

    /// Whether it is time to begin one; the caller then does.
    pub fn begin(&mut self, now: Nanos) -> bool {
        let due = matches!(self.state, State::Wanted { at } if now >= at);
        if due {
            self.state = State::Loading { heard: now };
            self.stream = Stream::new(PAYLOAD_MAX);
        }
        due
    }

    /// Whether the one that is on its way stands still.
    pub fn is_overdue(&self, now: Nanos) -> bool {
        let timeout = self.options.map_or(0, |options| options.timeout_ns);
        matches!(self.state, State::Loading { heard } if now.since(heard) > timeout)
    }

    /// When [`Self::begin`] or [`Self::is_overdue`] may have something to say.
    pub fn deadline(&self) -> Option<Nanos> {
        let timeout = self.options.map_or(0, |options| options.timeout_ns);
        match self.state {
            State::Idle => None,
            State::Wanted { at } => Some(at),
            State::Loading { heard } => Some(Nanos(heard.0.saturating_add(timeout).saturating_add(1))),
        }
    }

    /// Takes bytes of the connection and tells what they are, until `sink` has enough of it.
    pub fn take(&mut self, mut bytes: &[u8], now: Nanos, mut sink: impl FnMut(Heard<'_>) -> bool) {
        let State::Loading { heard } = &mut self.state else { return };
        *heard = now;
        loop {
            let go_on = match self.stream.next() {
                Ok(Some(Packet::LoginAccepted(accepted))) => sink(Heard::Accepted(accepted.session)),
                Ok(Some(Packet::Sequenced(message))) => sink(Heard::Message(message)),
                Ok(Some(Packet::Debug(_) | Packet::ServerHeartbeat)) => true,
                Ok(None) if bytes.is_empty() => return,
                Ok(None) => {
                    let room = self.stream.room();
                    let len = room.len().min(bytes.len());
                    room[..len].copy_from_slice(&bytes[..len]);
                    self.stream.filled(len);
                    bytes = &bytes[len..];
                    true
                }
                // What else a server may not send.
                Ok(Some(_)) | Err(_) => sink(Heard::Ended),
            };
            if !go_on {
                return;
            }
        }
    }
}
