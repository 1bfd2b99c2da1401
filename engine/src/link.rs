//! What the links between tiles carry.
//!
//! Each link is a lock-free single-producer single-consumer ring of fixed slots, written in place. All of them are reliable: a
//! producer that finds no room leaves its input where it is. Outside the appliance nothing is reliable.

use crate::gateway::Endpoint;
use crate::instrument::Listed;
use crate::limits::COMMAND_BODY_MAX;
use crate::market_event::MarketEvent;
use netio::port::{EndpointIndex, PAYLOAD_MAX};
use wire::address::Addr;
use wire::admin::{OperatorCommand, OperatorName, Outcome, Refusal, Verb};
use wire::journal::RecordKind;
use wire::login::Key;
use wire::{InstrumentIndex, Nanos, Seq};

/// Server endpoint of numbered messages and reports, as the port knows it.
pub const ORDER_ENTRY: EndpointIndex = EndpointIndex(0);
/// Server endpoint of re-requests, as the port knows it.
pub const REREQUEST: EndpointIndex = EndpointIndex(1);
/// Where market data is sent from, as the port knows it.
pub const MARKET_DATA: EndpointIndex = EndpointIndex(2);

/// A UDP payload with where it came from, or where it goes.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Receive time; unused on the way out.
    pub time: Nanos,
    /// The local endpoint.
    pub endpoint: EndpointIndex,
    /// The other side.
    pub address: Addr,
    /// How much of `payload` counts.
    pub len: usize,
    /// The counter when the tile before had it: the port gave it, or it was encoded. 0 without a [trace](crate::trace).
    pub stamp: u64,
    /// The payload's buffer.
    pub payload: [u8; PAYLOAD_MAX],
}

impl Datagram {
    /// An empty slot.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            time: Nanos(0),
            endpoint: ORDER_ENTRY,
            address: Addr { ip: 0, port: 0 },
            len: 0,
            stamp: 0,
            payload: [0; PAYLOAD_MAX],
        }
    }

    /// The payload.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.payload[..self.len]
    }
}

/// The order-entry endpoint behind a port's endpoint; `None` for one that receives no orders.
#[must_use]
pub const fn order_entry_endpoint(endpoint: EndpointIndex) -> Option<Endpoint> {
    match endpoint {
        ORDER_ENTRY => Some(Endpoint::OrderEntry),
        REREQUEST => Some(Endpoint::Rerequest),
        _ => None,
    }
}

/// A command on its way to the journal, already in its record form.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Its place.
    pub seq: Seq,
    /// Its receive time.
    pub time: Nanos,
    /// What kind of record it is.
    pub kind: RecordKind,
    /// How much of `body` counts.
    pub len: usize,
    /// The body's buffer.
    pub body: [u8; COMMAND_BODY_MAX],
}

impl JournalEntry {
    /// An empty slot.
    #[must_use]
    pub const fn empty() -> Self {
        Self { seq: Seq(0), time: Nanos(0), kind: RecordKind::Genesis, len: 0, body: [0; COMMAND_BODY_MAX] }
    }
}

/// Market data on its way to the feed.
#[derive(Clone, Copy, Debug)]
pub struct FeedEvent {
    /// The command that must be durable before it may leave.
    pub cause: Seq,
    /// What is to be said.
    pub news: News,
}

/// What the feed hears from the exchange.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// The next message of a stream.
    Market(MarketEvent),
    /// There is one more instrument.
    Added(InstrumentIndex, Listed),
    /// Nothing follows on any stream.
    Closed,
}

const _: () = assert!(size_of::<FeedEvent>() <= 64, "market data goes to the feed in one copy of a cache line");

impl FeedEvent {
    /// An empty slot.
    #[must_use]
    pub const fn empty() -> Self {
        Self { cause: Seq(0), news: News::Closed }
    }
}

/// An operator's command on its way to the matching tile.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What is to be done.
    pub command: OperatorCommand,
    /// The new key of the session whose key changes; it lies on stable storage already.
    pub key: Option<Key>,
}

impl Operation {
    /// An empty slot.
    #[must_use]
    pub const fn empty() -> Self {
        let command = OperatorCommand { operator: OperatorName::BLANK, number: 0, verb: Verb::Drain };
        Self { command, key: None }
    }
}

/// What became of an operator's command.
#[derive(Clone, Copy, Debug)]
pub struct OperationDone {
    /// The command that must be durable before it may be told.
    pub cause: Seq,
    /// Whose command it was.
    pub operator: OperatorName,
    /// Its number.
    pub number: u64,
    /// What became of it.
    pub outcome: Outcome,
}

impl OperationDone {
    /// An empty slot.
    #[must_use]
    pub const fn empty() -> Self {
        let outcome = Outcome::Refused(Refusal::BUSY);
        Self { cause: Seq(0), operator: OperatorName::BLANK, number: 0, outcome }
    }
}
