//! A venue without tiles that journals what it sequences, and one that does not.
//!
//! Goal: what appending costs whoever matches, and a journal to recover from. Non-goal: links, tiles, packets of several messages.

use std::thread;

use super::login::{CLIENT, START};
use crate::error::BenchError;
use crate::flow::Flow;
use engine::command::Command;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::journal::{AppendError, Appender, Position};
use engine::limits::COMMAND_BODY_MAX;
use engine::record;
use engine::venue::{Outputs, Progress, Venue};
use netio::clock::Clock;
use netio::port::PAYLOAD_MAX;
use wire::address::Addr;
use wire::mold::{PacketBuilder, SessionId};
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// Gives a venue one message in a datagram of its own, and lets it speak.
///
/// # Errors
/// The message does not fit a packet, or there was no room for what it leads to.
pub fn take(
    venue: &mut Venue,
    token: SessionId,
    sequence: u64,
    message: &[u8],
    out: &mut impl Outputs,
) -> Result<(), BenchError> {
    let now = Nanos(START.0 + sequence * 1_000);
    let mut bytes = [0; PAYLOAD_MAX];
    let packet = PacketBuilder::new(&mut bytes, token, sequence);
    let len = packet.and_then(|mut packet| packet.push(message).then(|| packet.finish()));
    let len = len.ok_or(BenchError::Unusable { line: sequence - 1, expected: "messages that fit a packet" })?;
    let progress = venue.on_datagram(now, Endpoint::OrderEntry, CLIENT, &bytes[..len], out);
    venue.poll(now, venue.seq(), out);
    match progress {
        Progress::Done => Ok(()),
        Progress::Blocked => Err(BenchError::Unusable { line: sequence - 1, expected: "messages that find room" }),
    }
}

/// Gives a venue a whole flow. Returns how long that took.
///
/// # Errors
/// As [`take`].
pub fn feed(
    flow: &Flow,
    venue: &mut Venue,
    token: SessionId,
    out: &mut impl Outputs,
    clock: &Clock,
) -> Result<u64, BenchError> {
    let before = clock.now();
    for (message, sequence) in flow.messages().iter().zip(1_u64..) {
        take(venue, token, sequence, message, out)?;
    }
    Ok(clock.now() - before)
}

/// Where a live venue's commands go.
pub struct Writer {
    appender: Appender,
    bytes: Box<[u8; PAYLOAD_MAX]>,
    position: Position,
    /// The first refusal; what comes after it is lost, and the proof tells.
    failure: Option<AppendError>,
}

impl Writer {
    /// Into this journal.
    #[must_use]
    pub fn new(appender: Appender) -> Self {
        let position = Position { segment: 0, offset: 0 };
        Self { appender, bytes: Box::new([0; PAYLOAD_MAX]), position, failure: None }
    }

    /// Journals a command.
    pub fn append(&mut self, command: &Command<'_>) {
        let mut body = [0; COMMAND_BODY_MAX];
        let (kind, len) = record::encode(command.time, &command.action, &mut body);
        loop {
            match self.appender.append(command.seq, command.time, kind, &body[..len]) {
                Ok(position) => {
                    self.position = position;
                    return;
                }
                // The next segment is being prepared.
                Err(AppendError::WouldBlock) => thread::yield_now(),
                Err(error) => {
                    self.failure.get_or_insert(error);
                    return;
                }
            }
        }
    }

    /// Where the last record lies.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Ends it.
    ///
    /// # Errors
    /// A record was not taken.
    pub fn end(mut self) -> Result<(), BenchError> {
        self.failure.take().map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Replies for Writer {
    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        fill(&mut self.bytes[..]);
    }
}

impl Outputs for Writer {
    fn ready(&mut self) -> bool {
        self.failure.is_none()
    }

    fn journal(&mut self, command: &Command<'_>) {
        self.append(command);
    }

    fn tick(&mut self, _cause: Seq, _tick: &Tick) {}

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}

/// Where commands go that nobody keeps: they are not even encoded.
pub struct Unjournaled(Box<[u8; PAYLOAD_MAX]>);

impl Default for Unjournaled {
    fn default() -> Self {
        Self(Box::new([0; PAYLOAD_MAX]))
    }
}

impl Replies for Unjournaled {
    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        fill(&mut self.0[..]);
    }
}

impl Outputs for Unjournaled {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, _command: &Command<'_>) {}

    fn tick(&mut self, _cause: Seq, _tick: &Tick) {}

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}
