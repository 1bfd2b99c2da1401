//! Follows market data. [`Listener`]: every tick of a channel once, the holes named, the depth of each instrument rebuilt, and nothing asked
//! for: what a test or a benchmark needs to know what arrived. [`command`]: `pinion listen`, a stream with all that a subscriber does about
//! it, shown live or as lines.
//!
//! Goal: what a subscriber knows, on any port. Non-goal: several streams at once.

pub mod check;
pub mod checking;
pub mod command;
pub mod download;
pub mod live;
pub mod look;
pub mod naming;
pub mod places;
pub mod plain;
pub mod screen;
pub mod snapshot;
pub mod tape;

use feedhandler::line::LineCounters;
use feedhandler::{DepthBook, FeedEvent, FeedLine, Join};
use netio::{Port, PortCounters, PortError};
use wire::tick::{Tick, TickKind};

/// Datagrams received in one turn.
const BURST: usize = 256;

/// Something that the feed tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A tick, for the first time.
    Tick {
        /// Its number in the session.
        sequence: u64,
        /// What it says.
        tick: Tick,
        /// It fills a hole: ticks with higher numbers came before it.
        late: bool,
    },
    /// Ticks `from` up to, but not including, `to` are missing.
    Gap {
        /// The first missing.
        from: u64,
        /// The first that is not missing.
        to: u64,
    },
    /// The venue ended the session.
    End,
}

/// What was heard, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenCounters {
    /// Ticks of all kinds.
    pub ticks: u64,
    /// Trades.
    pub trades: u64,
    /// New totals of price levels.
    pub quotes: u64,
    /// Trading status.
    pub statuses: u64,
    /// Messages that are not ticks.
    pub unreadable: u64,
}

/// A subscriber of the tick channel. Its port receives line A, and line B where there is one.
pub struct Listener<P> {
    port: P,
    line: FeedLine,
    depth: DepthBook,
    counters: ListenCounters,
    ended: bool,
}

impl<P: Port> Listener<P> {
    /// Begins with whatever packet comes first, or with a sequence number.
    #[must_use]
    pub fn new(port: P, join: Join) -> Self {
        Self {
            port,
            line: FeedLine::new(join),
            depth: DepthBook::new(),
            counters: ListenCounters::default(),
            ended: false,
        }
    }

    /// Takes what has arrived and returns how many datagrams there were; `sink` is told what they mean.
    ///
    /// # Errors
    /// The port cannot go on.
    pub fn turn(&mut self, mut sink: impl FnMut(Heard)) -> Result<usize, PortError> {
        let Self { port, line, depth, counters, ended } = self;
        port.receive(BURST, |received| {
            // Bytes that are no packet are counted by the line and change nothing.
            let _ = line.packet(received.payload, &mut |event| match event {
                FeedEvent::Message { sequence, bytes, late } => match Tick::decode(bytes) {
                    Ok(tick) => {
                        counters.count(&tick);
                        depth.apply(sequence, &tick);
                        sink(Heard::Tick { sequence, tick, late });
                    }
                    Err(_) => counters.unreadable += 1,
                },
                FeedEvent::Gap { from, to } => sink(Heard::Gap { from, to }),
                // Told as a gap before, and counted by the line.
                FeedEvent::Lost { .. } => {}
                FeedEvent::Session { .. } => {
                    depth.clear();
                    *ended = false;
                }
                FeedEvent::EndOfSession { .. } => {
                    *ended = true;
                    sink(Heard::End);
                }
            });
            if !line.has_gaps() {
                depth.settle();
            }
        })
    }

    /// The depth rebuilt from what was heard.
    #[must_use]
    pub const fn depth(&self) -> &DepthBook {
        &self.depth
    }

    /// The line, for its sequence number and its holes.
    #[must_use]
    pub const fn line(&self) -> &FeedLine {
        &self.line
    }

    /// Packets, messages, gaps.
    #[must_use]
    pub const fn line_counters(&self) -> LineCounters {
        self.line.counters()
    }

    /// Ticks by kind.
    #[must_use]
    pub const fn counters(&self) -> &ListenCounters {
        &self.counters
    }

    /// The port's counters.
    #[must_use]
    pub fn port_counters(&self) -> PortCounters {
        self.port.counters()
    }

    /// The port, to wait on.
    pub const fn port(&mut self) -> &mut P {
        &mut self.port
    }

    /// Whether every message up to now was heard.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        let line = self.line.counters();
        line.missing == 0 && line.lost == 0
    }

    /// Whether the venue ended the session.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }
}

impl ListenCounters {
    const fn count(&mut self, tick: &Tick) {
        self.ticks += 1;
        match tick.kind {
            TickKind::Trade => self.trades += 1,
            TickKind::Quote => self.quotes += 1,
            TickKind::Status => self.statuses += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netio::Received;
    use std::collections::VecDeque;
    use wire::mold::{PacketBuilder, SessionId};
    use wire::tick::TickSide;
    use wire::{InstrumentIndex, Nanos, Price, Side};

    /// A port that has received what the test put in.
    struct Script(VecDeque<Vec<u8>>);

    impl Port for Script {
        fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
            let count = max.min(self.0.len());
            for payload in self.0.drain(..count) {
                let from = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 1);
                let endpoint = netio::EndpointIndex(0);
                sink(Received { endpoint, from, payload: &payload, timestamp: None });
            }
            Ok(count)
        }

        fn send(&mut self, _: usize, _: impl FnMut(&mut [u8]) -> Option<netio::Outgoing>) -> Result<usize, PortError> {
            Ok(0)
        }

        fn flush(&mut self) -> Result<(), PortError> {
            Ok(())
        }

        fn local_addr(&self, _: netio::EndpointIndex) -> std::net::SocketAddrV4 {
            std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)
        }

        fn counters(&self) -> PortCounters {
            PortCounters::default()
        }
    }

    fn quote(price: i64, quantity: u32) -> Tick {
        Tick {
            timestamp: Nanos(1),
            symbol_id: InstrumentIndex(0),
            price: Price(price),
            quantity,
            side: TickSide::Buy,
            kind: TickKind::Quote,
        }
    }

    fn packet(sequence: u64, ticks: &[Tick]) -> Vec<u8> {
        let mut bytes = vec![0; 400];
        let mut builder = PacketBuilder::new(&mut bytes, SessionId(*b"feed000001"), sequence).expect("room");
        for tick in ticks {
            assert!(builder.push_with(|out| tick.encode(out)));
        }
        let len = builder.finish();
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn ticks_are_heard_once_and_holes_are_named() {
        let packets = [
            packet(1, &[quote(100, 5), quote(99, 7)]),
            packet(1, &[quote(100, 5), quote(99, 7)]),
            packet(4, &[quote(100, 0)]),
            b"noise".to_vec(),
            packet(3, &[quote(98, 1)]),
        ];
        let mut listener = Listener::new(Script(packets.into()), Join::AtFirstPacket);
        let mut heard = Vec::new();
        listener.turn(|event| heard.push(event)).expect("a script does not break");
        let tick = |sequence, tick, late| Heard::Tick { sequence, tick, late };
        assert_eq!(
            heard,
            [
                tick(1, quote(100, 5), false),
                tick(2, quote(99, 7), false),
                Heard::Gap { from: 3, to: 4 },
                tick(4, quote(100, 0), false),
                tick(3, quote(98, 1), true),
            ]
        );
        assert!(listener.is_complete());
        assert_eq!(listener.line_counters().malformed, 1);
        let depth = listener.depth().get(InstrumentIndex(0)).expect("seen");
        let levels: Vec<_> = depth.levels(Side::Buy).map(|level| (level.price.get(), level.quantity)).collect();
        assert_eq!(levels, [(99, 7), (98, 1)]);
    }
}
