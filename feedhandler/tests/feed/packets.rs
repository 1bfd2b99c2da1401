//! Packets and ticks for tests.

use wire::mold::{PacketBuilder, SessionId, end_of_session, heartbeat};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price, Side};

pub const SESSION: SessionId = SessionId(*b"FEEDTEST01");
pub const OTHER: SessionId = SessionId(*b"FEEDTEST02");

/// A packet with `count` messages from `sequence` on; each message is its own number.
pub fn data(session: SessionId, sequence: u64, count: u64) -> Vec<u8> {
    let messages: Vec<_> = (sequence..sequence + count).map(u64::to_be_bytes).collect();
    packet(session, sequence, messages.iter().map(<[u8; 8]>::as_slice))
}

pub fn packet<'a>(session: SessionId, sequence: u64, messages: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = vec![0; 1500];
    let mut builder = PacketBuilder::new(&mut bytes, session, sequence).unwrap();
    for message in messages {
        assert!(builder.push(message));
    }
    let len = builder.finish();
    bytes.truncate(len);
    bytes
}

pub fn beat(session: SessionId, next: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    assert_eq!(heartbeat(&mut bytes, session, next), Some(20));
    bytes
}

pub fn end(session: SessionId, next: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    assert_eq!(end_of_session(&mut bytes, session, next), Some(20));
    bytes
}

pub fn quote(instrument: u32, side: Side, price: i64, quantity: u32) -> Tick {
    tick(instrument, side.into(), TickKind::Quote, price, quantity)
}

pub fn tick(instrument: u32, side: TickSide, kind: TickKind, price: i64, quantity: u32) -> Tick {
    let symbol_id = InstrumentIndex(instrument);
    Tick { timestamp: Nanos(1), symbol_id, price: Price(price), quantity, side, kind }
}
