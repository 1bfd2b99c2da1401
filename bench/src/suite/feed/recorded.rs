//! Market data to measure with: what an exchange said of a flow.
//!
//! Goal: events, ticks and ITCH messages of the same moments, and the books they lead to. Non-goal: times between them.

use std::fs;
use std::path::Path;

use crate::error::BenchError;
use crate::flow::{Encoder, Flow};
use crate::stream::Step;
use crate::stream::market::{Market, MarketSize, SESSIONS};
use crate::subject::login::{LOGIN, START};
use engine::command::{Action, Command};
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::exchange::Exchange;
use engine::market_event::MarketEvent;
use engine::sink::{NoSink, Sink};
use feedhandler::flow::workload::Scenario;
use wire::mold::SessionId;
use wire::ouch::INBOUND_LEN_MAX;
use wire::tick::Tick;
use wire::{InstrumentIndex, Nanos, Seq, SessionIndex, Side, Symbol};

/// What one exchange said.
pub struct Recorded {
    /// Of what.
    pub name: &'static str,
    /// Everything, in order.
    pub events: Vec<MarketEvent>,
    /// The ITCH messages, one behind the other.
    bytes: Vec<u8>,
    /// Where each begins, and where the last one ends.
    begins: Vec<usize>,
    /// The exchange in the end.
    pub exchange: Exchange,
}

impl Recorded {
    /// The contest's ordinary day, in one instrument.
    ///
    /// # Errors
    /// The flow cannot be made.
    pub fn contest(orders: u32, seed: u32) -> Result<Self, BenchError> {
        let config = Config::default();
        let flow = Flow::generated(Scenario::Normal, orders, seed, &config)?;
        // Towards its end the flow cancels everything, and empty books prove nothing.
        let messages = &flow.messages()[..flow.len() / 4 * 3];
        let messages = messages.iter().map(|bytes| (SessionIndex(0), bytes.as_slice()));
        Ok(Self::of("one instrument", &config, messages))
    }

    /// A made-up market of many instruments.
    ///
    /// # Errors
    /// A step cannot be said in OUCH.
    pub fn market(size: MarketSize, seed: u64) -> Result<Self, BenchError> {
        let market = Market::new(size, seed);
        let config = configured(size)?;
        let encoder = Encoder::new(config.instruments.iter().map(|instrument| instrument.symbol).collect());
        let encode = |(line, step): (u64, &Step)| {
            let mut bytes = [0; INBOUND_LEN_MAX];
            let len = encoder.encode(step, &mut bytes);
            let len = len.ok_or(BenchError::Unusable { line, expected: "values that fit an OUCH message" })?;
            Ok((step.session, bytes[..len].to_vec()))
        };
        let messages = (0..).zip(&market.steps).map(encode).collect::<Result<Vec<_>, BenchError>>()?;
        let messages = messages.iter().map(|(session, bytes)| (*session, bytes.as_slice()));
        Ok(Self::of("many instruments", &config, messages))
    }

    fn of<'a>(name: &'static str, config: &Config, messages: impl Iterator<Item = (SessionIndex, &'a [u8])>) -> Self {
        let mut exchange = Exchange::new(&config.rules());
        let mut heard = Heard::default();
        let mut seq = 0;
        let mut command = |exchange: &mut Exchange, heard: &mut Heard, action: Action<'_>| {
            seq += 1;
            exchange.apply(&Command { seq: Seq(seq), time: Nanos(START.0 + seq), action }, heard);
        };
        let feed_session = SessionId(*b"BENCHFEED0");
        command(&mut exchange, &mut heard, Action::Genesis { fingerprint: 0, feed_session });
        let mut sent = vec![0_u64; config.sessions.len()];
        for session in (0..).map(SessionIndex).take(sent.len()) {
            command(&mut exchange, &mut heard, Action::Login { session, login: LOGIN });
        }
        for (session, bytes) in messages {
            let sent = &mut sent[usize::from(session.0)];
            *sent += 1;
            command(&mut exchange, &mut heard, Action::Message { session, client_seq: *sent, bytes });
        }
        let (mut bytes, mut begins) = (Vec::new(), vec![0]);
        let mut room = [0; wire::itch::MESSAGE_LEN_MAX];
        for event in &heard.events {
            if let MarketEvent::Depth(event) = event {
                let len = event.encode(exchange.instruments(), &mut room).expect("the longest message fits");
                bytes.extend_from_slice(&room[..len]);
                begins.push(bytes.len());
            }
        }
        Self { name, events: heard.events, bytes, begins, exchange }
    }

    /// The ITCH messages.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.begins.windows(2).map(|ends| &self.bytes[ends[0]..ends[1]])
    }

    /// How many ITCH messages there are.
    pub const fn message_count(&self) -> u64 {
        self.begins.len() as u64 - 1
    }

    /// The ticks.
    pub fn ticks(&self) -> impl Iterator<Item = &Tick> {
        self.events.iter().filter_map(|event| match event {
            MarketEvent::Tick(tick) => Some(tick),
            MarketEvent::Depth(_) => None,
        })
    }

    /// What it is, for the reader of the figures.
    pub fn told(&self) -> String {
        let (book, instruments) = (self.exchange.book(), self.exchange.instruments().len());
        format!(
            "{} ticks and {} ITCH messages ({} bytes) of {instruments} instruments; {} orders at {} levels in the end",
            self.ticks().count(),
            self.message_count(),
            self.bytes.len(),
            book.order_count(),
            book.level_count(),
        )
    }

    /// Writes the ITCH messages into a file, each behind its length in two bytes, as other people's programs read them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), BenchError> {
        let path = dir.join(format!("{}.itch", self.name.replace(' ', "-")));
        let mut file = Vec::with_capacity(self.bytes.len() + 2 * self.begins.len());
        for message in self.messages() {
            let len = u16::try_from(message.len()).expect("a message has some tens of bytes");
            file.extend_from_slice(&len.to_be_bytes());
            file.extend_from_slice(message);
        }
        fs::write(&path, file).map_err(|source| BenchError::File { path, source })
    }

    /// Whether these levels are those of the venue: for each instrument and side prices, totals and numbers of orders, best first. Who
    /// cannot know the numbers of orders is told what they are.
    ///
    /// # Errors
    /// They are not.
    pub fn prove(
        &self,
        subject: &'static str,
        levels: impl Fn(InstrumentIndex, Side, &[u32]) -> Vec<(i64, u64, u32)>,
    ) -> Result<(), BenchError> {
        for (instrument, _) in self.exchange.instruments().iter() {
            for side in [Side::Buy, Side::Sell] {
                let expected = self.exchange.book().levels(instrument, side);
                let expected: Vec<_> =
                    expected.map(|level| (level.price.0, u64::from(level.qty), level.orders)).collect();
                let orders: Vec<u32> = expected.iter().map(|level| level.2).collect();
                let found = levels(instrument, side, &orders);
                if found != expected {
                    let first = found.iter().zip(&expected).find(|(found, expected)| found != expected);
                    let expected = format!("{} levels of instrument {instrument}", expected.len());
                    let found = format!("{}, the first difference at {first:?}", found.len());
                    return Err(BenchError::Unequal { subject, expected, found });
                }
            }
        }
        Ok(())
    }
}

/// A configuration for a market.
fn configured(size: MarketSize) -> Result<Config, BenchError> {
    let room = (size.live + size.live / 8 + 4_096).to_string();
    let limits = ["limits.orders", "limits.levels", "limits.session_orders"].map(|key| (key.to_owned(), room.clone()));
    let mut config = Config::default().with_overrides(&limits)?;
    let instrument = config.instruments[0].clone();
    let named = |index: u32| Symbol::new(&format!("I{index}")).expect("a short name");
    config.instruments = (0..size.instruments)
        .map(|index| engine::config::Instrument { symbol: named(index), id: None, ..instrument.clone() })
        .collect();
    let session = config.sessions[0].clone();
    config.sessions = vec![session; usize::from(SESSIONS)];
    Ok(config)
}

#[derive(Default)]
struct Heard {
    events: Vec<MarketEvent>,
}

impl Sink for Heard {
    fn report(&mut self, cause: Seq, session: SessionIndex, message: &[u8]) {
        NoSink.report(cause, session, message);
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.events.push(MarketEvent::Tick(*tick));
    }

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.events.push(MarketEvent::Depth(*event));
    }
}
