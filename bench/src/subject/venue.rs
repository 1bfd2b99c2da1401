//! The venue: datagrams in; packets, ticks and journal records out, the records to nowhere.

use super::login::{CLIENT, SECRET, START, log_in};
use super::{Ear, Subject};
use crate::error::BenchError;
use crate::flow::Flow;
use engine::command::Command;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::limits::COMMAND_BODY_MAX;
use engine::record;
use engine::recovery;
use engine::venue::{Outputs, Venue};
use netio::port::PAYLOAD_MAX;
use wire::address::Addr;
use wire::mold::{PacketBuilder, SessionId};
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// The flow as datagrams of one message each.
pub struct Datagrams {
    token: SessionId,
    packets: Vec<Vec<u8>>,
}

impl Datagrams {
    /// Packs the flow for the login that every venue of this configuration gives.
    ///
    /// # Errors
    /// The login is refused.
    pub fn pack(flow: &Flow, config: &Config) -> Result<Self, BenchError> {
        let token = logged_in(config)?.1;
        let mut bytes = [0; PAYLOAD_MAX];
        let mut packets = Vec::with_capacity(flow.len());
        for (message, sequence) in flow.messages().iter().zip(1_u64..) {
            let packet = PacketBuilder::new(&mut bytes, token, sequence);
            let len = packet.and_then(|mut packet| packet.push(message).then(|| packet.finish()));
            let line = sequence - 1;
            let len = len.ok_or(BenchError::Unusable { line, expected: "messages that fit a packet" })?;
            packets.push(bytes[..len].to_vec());
        }
        Ok(Self { token, packets })
    }
}

/// A venue that is fed the flow's datagrams, each followed by the poll that sends its reports.
pub struct VenueSubject<'a, E> {
    datagrams: &'a Datagrams,
    venue: Venue,
    now: u64,
    out: Packets<E>,
}

impl<'a, E: Ear> VenueSubject<'a, E> {
    /// An empty venue of the configured size, its first session logged in.
    ///
    /// # Errors
    /// The login is refused.
    pub fn new(datagrams: &'a Datagrams, config: &Config, ear: E) -> Result<Self, BenchError> {
        let (venue, token) = logged_in(config)?;
        if token != datagrams.token {
            return Err(BenchError::Login { expected: "the same token every time" });
        }
        Ok(Self { datagrams, venue, now: START.0, out: Packets { ear, bytes: Box::new([0; PAYLOAD_MAX]) } })
    }

    /// Who hears it.
    pub const fn ear_mut(&mut self) -> &mut E {
        &mut self.out.ear
    }

    /// Who heard it.
    pub fn into_ear(self) -> E {
        self.out.ear
    }
}

impl<E: Ear> Subject for VenueSubject<'_, E> {
    #[inline]
    fn step(&mut self, line: usize) {
        self.out.ear.begin(line);
        self.now += 1_000;
        let now = Nanos(self.now);
        let packet = &self.datagrams.packets[line];
        self.venue.on_datagram(now, Endpoint::OrderEntry, CLIENT, packet, &mut self.out);
        self.venue.poll(now, self.venue.seq(), &mut self.out);
    }

    fn state_hash(&self) -> u64 {
        self.venue.exchange().state_hash()
    }
}

fn logged_in(config: &Config) -> Result<(Venue, SessionId), BenchError> {
    let mut venue = recovery::venue(config, SECRET);
    venue.resume(START);
    let token = log_in(&mut venue, config)?;
    Ok((venue, token))
}

/// An ear for what the venue says.
struct Packets<E> {
    ear: E,
    bytes: Box<[u8; PAYLOAD_MAX]>,
}

impl<E: Ear> Replies for Packets<E> {
    #[inline]
    fn room(&mut self) -> usize {
        usize::MAX
    }

    #[inline]
    fn send(&mut self, _endpoint: Endpoint, _to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        if let Some(len) = fill(&mut self.bytes[..]) {
            self.ear.packet(&self.bytes[..len]);
        }
    }
}

impl<E: Ear> Outputs for Packets<E> {
    #[inline]
    fn ready(&mut self) -> bool {
        true
    }

    #[inline]
    fn journal(&mut self, command: &Command<'_>) {
        let mut body = [0; COMMAND_BODY_MAX];
        let (_, len) = record::encode(command.time, &command.action, &mut body);
        self.ear.record(&body[..len]);
    }

    #[inline]
    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.ear.tick(tick);
    }

    #[inline]
    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.ear.depth(event);
    }
}
