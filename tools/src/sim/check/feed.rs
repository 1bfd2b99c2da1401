//! `feed`: each stream of market data has one content for ever, without a hole.

use super::super::ledger::{Effect, Ledger};
use super::super::network::Left;
use super::super::subscriber::Subscriber;
use super::released::Released;
use super::{Verdict, fail};
use engine::exchange::Exchange;
use engine::link::MARKET_DATA;
use feedhandler::DepthBook;
use wire::address::Addr;
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::mold::{Packet, PacketKind, SessionId};
use wire::{InstrumentIndex, Side};

/// What was published.
pub struct Feed {
    lines: Vec<(StreamKind, Addr)>,
    /// The number that comes next on each line.
    next: Vec<u64>,
    /// Somebody who hears everything.
    tap: Subscriber,
}

impl Feed {
    /// Nothing on these lines yet.
    #[must_use]
    pub fn new(ticks: Vec<Addr>, depth: Vec<Addr>) -> Self {
        let of = |kind| move |line| (kind, line);
        let lines: Vec<_> =
            ticks.into_iter().map(of(StreamKind::Tick)).chain(depth.into_iter().map(of(StreamKind::Depth))).collect();
        let next = vec![1; lines.len()];
        Self { lines, next, tap: Subscriber::default() }
    }

    /// The number of the next tick.
    #[must_use]
    pub fn next(&self) -> u64 {
        let ticks = self.lines.iter().zip(&self.next).filter(|((kind, _), _)| *kind == StreamKind::Tick);
        ticks.map(|(_, next)| *next).min().unwrap_or(1)
    }

    /// Looks at a datagram that left. What it released goes to `released`.
    ///
    /// # Errors
    /// It leaves ticks out, or says other ticks than the journal leads to.
    pub fn saw(&mut self, left: &Left, ledger: &Ledger, released: &mut Released) -> Verdict {
        if left.endpoint != MARKET_DATA {
            return Ok(());
        }
        let Some(line) = self.lines.iter().position(|(_, line)| *line == left.to) else {
            return fail("feed", format!("market data was sent to {}, which is no line", left.to));
        };
        let kind = self.lines[line].0;
        let Ok(packet) = Packet::parse(&left.payload) else { return fail("feed", "a packet left that cannot be read") };
        if packet.session() != session(kind, ledger) {
            return fail("feed", "the feed has another session than the journal says");
        }
        if packet.sequence() > self.next[line] {
            let (expected, found) = (self.next[line], packet.sequence());
            return fail("feed", format!("{kind:?} {expected} is missing on line {line}: the next packet has {found}"));
        }
        if packet.kind() != PacketKind::Data {
            return Ok(());
        }
        for (number, bytes) in packet.messages() {
            let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
            let Some(effect) = effects(kind, ledger).get(place) else {
                return fail("feed", format!("{kind:?} {number} left, and no command led to it"));
            };
            if effect.bytes != bytes {
                let expected = &effect.bytes;
                return fail("feed", format!("{kind:?} {number} left as {bytes:02x?}, and is {expected:02x?}"));
            }
            released.left(effect.cause, left.durable, || format!("{kind:?} {number}"))?;
        }
        self.next[line] = self.next[line].max(packet.next_sequence());
        if kind == StreamKind::Depth {
            return Ok(());
        }
        self.tap.hear(line, &left.payload).or_else(|what| fail("feed", what))
    }

    /// The channel was cut short by something that the venue has not promised to survive.
    pub fn forget(&mut self, ledger: &Ledger) {
        for (line, (kind, _)) in self.next.iter_mut().zip(&self.lines) {
            *line = (*line).min(effects(*kind, ledger).len() as u64 + 1);
        }
        self.tap = Subscriber::default();
        for (number, effect) in (1..).zip(&ledger.effects().ticks) {
            let mut packet = vec![0; 64];
            let session = session(StreamKind::Tick, ledger);
            let len = wire::mold::PacketBuilder::new(&mut packet, session, number).map(|mut builder| {
                let _ = builder.push(&effect.bytes);
                builder.finish()
            });
            // The ledger's own ticks can be read.
            let _ = self.tap.hear(0, &packet[..len.unwrap_or(0)]);
        }
    }

    /// At the end: who has heard everything holds what the books display.
    ///
    /// # Errors
    /// Somebody holds something else.
    pub fn shows(&self, exchange: &Exchange, subscribers: &[Subscriber]) -> Verdict {
        let next = exchange.numbers().next(stream(StreamKind::Tick));
        let Some(depth) = self.tap.whole(next) else {
            let (next, heard) = (next - 1, self.tap.next() - 1);
            return fail("feed", format!("the venue made {next} ticks, {heard} left"));
        };
        compare(exchange, depth, "who hears everything")?;
        for (number, subscriber) in subscribers.iter().enumerate() {
            if let Some(depth) = subscriber.whole(next) {
                compare(exchange, depth, &format!("subscriber {number}"))?;
            }
        }
        Ok(())
    }
}

/// The venue of a simulation has one channel.
const fn stream(kind: StreamKind) -> Stream {
    Stream::new(ChannelIndex(0), kind)
}

const fn session(kind: StreamKind, ledger: &Ledger) -> SessionId {
    stream(kind).session(ledger.exchange().feed_session())
}

const fn effects(kind: StreamKind, ledger: &Ledger) -> &Vec<Effect> {
    match kind {
        StreamKind::Tick => &ledger.effects().ticks,
        StreamKind::Depth => &ledger.effects().depth,
    }
}

fn compare(exchange: &Exchange, depth: &DepthBook, who: &str) -> Verdict {
    for index in (0..).take(exchange.instruments().len()).map(InstrumentIndex) {
        for side in [Side::Buy, Side::Sell] {
            let held: Vec<_> = exchange.book().levels(index, side).map(|level| (level.price, level.qty)).collect();
            let shown: Vec<_> = depth
                .get(index)
                .map(|depth| depth.levels(side).map(|level| (level.price, level.quantity)).collect())
                .unwrap_or_default();
            if held != shown {
                let index = index.0;
                return fail(
                    "feed",
                    format!("{who} has {side:?} levels of instrument {index} {shown:?}, the book {held:?}"),
                );
            }
        }
    }
    Ok(())
}
