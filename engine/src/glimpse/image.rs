//! One stream's state as packets.

use crate::depth::{Change, DepthEvent, Stage};
use crate::exchange::{Exchange, STATUS_CLOSED, STATUS_HALTED, STATUS_TRADING};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::glimpse::EndOfSnapshot;
use wire::itch::MESSAGE_LEN_MAX;
use wire::mold::SessionId;
use wire::soup::{Numeric, PACKET_HEADER_LEN, Packet};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price, Side};

/// Bytes in one piece: far below what would be a large table.
const PIECE_LEN: usize = 256 << 10;
const PACKET_LEN_MAX: usize = PACKET_HEADER_LEN + MESSAGE_LEN_MAX;

/// The state of one stream after one command, ready to be sent: the packets behind Login Accepted, the end of the session with them.
#[derive(Debug)]
pub struct Image {
    session: SessionId,
    next: u64,
    messages: u64,
    pieces: Vec<Vec<u8>>,
}

impl Image {
    /// The state of a stream, as it stands after a command of this time.
    #[must_use]
    pub fn of(exchange: &Exchange, stream: Stream, time: Nanos) -> Self {
        let session = stream.session(exchange.feed_session());
        let next = exchange.numbers().next(stream);
        let mut image = Self { session, next, messages: 0, pieces: Vec::new() };
        match stream.kind {
            StreamKind::Depth => image.depth(exchange, stream.channel, time),
            StreamKind::Tick => image.ticks(exchange, stream.channel, time),
        }
        image.message(|out| EndOfSnapshot { sequence: Numeric(next) }.encode(out));
        image.packet(&Packet::EndOfSession);
        image
    }

    /// The stream.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The first message of the live stream that is not part of it.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// How many messages it has.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Its bytes, in pieces.
    #[must_use]
    pub fn pieces(&self) -> &[Vec<u8>] {
        &self.pieces
    }

    fn depth(&mut self, exchange: &Exchange, channel: ChannelIndex, timestamp: Nanos) {
        let instruments = exchange.instruments();
        let mut say = |change| {
            let event = DepthEvent { timestamp, change };
            self.message(|out| event.encode(instruments, out));
        };
        let stages = if exchange.is_market_closed() { Stage::ALL.len() } else { Stage::OPEN };
        for &stage in &Stage::ALL[..stages] {
            say(Change::System { channel, stage });
        }
        for instrument in of_channel(exchange, channel) {
            say(Change::Directory { instrument });
        }
        for instrument in of_channel(exchange, channel) {
            let halted = exchange.controls().is_halted(instrument);
            let state = if halted { STATUS_HALTED } else { STATUS_TRADING };
            say(Change::TradingAction { instrument, state });
        }
        let book = exchange.book();
        for instrument in of_channel(exchange, channel) {
            for side in [Side::Buy, Side::Sell] {
                for order in book.displayed(instrument, side) {
                    let (order_ref, qty, price) = (order.order_ref, order.shown, order.price);
                    say(Change::Add { instrument, side, order_ref, qty, price });
                }
            }
        }
    }

    fn ticks(&mut self, exchange: &Exchange, channel: ChannelIndex, timestamp: Nanos) {
        for instrument in of_channel(exchange, channel) {
            let event = DepthEvent { timestamp, change: Change::Directory { instrument } };
            self.message(|out| event.encode(exchange.instruments(), out));
        }
        for symbol_id in of_channel(exchange, channel) {
            let status = match (exchange.is_market_closed(), exchange.controls().is_halted(symbol_id)) {
                (true, _) => STATUS_CLOSED,
                (false, true) => STATUS_HALTED,
                (false, false) => STATUS_TRADING,
            };
            let (price, quantity) = (Price(0), u32::from(status));
            let (side, kind) = (TickSide::None, TickKind::Status);
            self.message(|out| Tick { timestamp, symbol_id, price, quantity, side, kind }.encode(out));
        }
        for symbol_id in of_channel(exchange, channel) {
            for side in [Side::Buy, Side::Sell] {
                for level in exchange.book().levels(symbol_id, side) {
                    let (price, quantity) = (level.price, level.qty);
                    let (side, kind) = (TickSide::from(side), TickKind::Quote);
                    self.message(|out| Tick { timestamp, symbol_id, price, quantity, side, kind }.encode(out));
                }
            }
        }
    }

    fn message(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut bytes = [0; MESSAGE_LEN_MAX];
        let len =
            encode(&mut bytes).expect("MESSAGE_LEN_MAX is the longest, and the configuration has checked locate codes");
        self.packet(&Packet::Sequenced(&bytes[..len]));
        self.messages += 1;
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let mut bytes = [0; PACKET_LEN_MAX];
        let len = packet.encode(&mut bytes).expect("PACKET_LEN_MAX is the longest");
        let full = self.pieces.last().is_none_or(|piece| piece.len() + len > PIECE_LEN);
        if full {
            self.pieces.push(Vec::with_capacity(PIECE_LEN));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend_from_slice(&bytes[..len]);
        }
    }
}

fn of_channel(exchange: &Exchange, channel: ChannelIndex) -> impl Iterator<Item = InstrumentIndex> {
    let instruments = exchange.instruments().iter();
    instruments.filter(move |(_, instrument)| instrument.channel == channel).map(|(index, _)| index)
}
