//! Learns the names of instruments that an operator has added since the stream was joined.
//!
//! Goal: a name is known soon after its first tick. A depth stream tells it with a message of its own; a stream of ticks does not, but its
//! snapshots do. Non-goal: the books; a snapshot that is fetched here is read for its directory and then left.

use super::look;
use super::snapshot::Snapshot;
use super::tape::Tape;
use crate::symbols::Symbols;
use feedhandler::handler::Handler;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use wire::feed::{StreamKind, located};
use wire::glimpse::Item;
use wire::itch::Message;
use wire::mold::SessionId;

/// Between two looks for an instrument without a name.
const LOOK: Duration = Duration::from_millis(200);
/// From an attempt that did not help to the next; doubled each time. A server may give a state of some age to many.
const AGAIN: Duration = Duration::from_secs(1);
const DOUBLINGS_MAX: u32 = 6;

/// Names, known beforehand or learnt.
#[derive(Debug)]
pub struct Naming {
    symbols: Symbols,
    /// Those that are known whatever the session.
    beforehand: Symbols,
    session: Option<SessionId>,
    under_way: Option<Snapshot>,
    due: Instant,
    attempts: u32,
}

impl Naming {
    /// With those that are known beforehand.
    #[must_use]
    pub fn new(symbols: Symbols) -> Self {
        let beforehand = symbols.clone();
        Self { symbols, beforehand, session: None, under_way: None, due: Instant::now(), attempts: 0 }
    }

    /// All that are known now.
    #[must_use]
    pub const fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Goes on; `server` gives snapshots. What is learnt is noted on the tape.
    pub fn turn(&mut self, handler: &Handler, server: Option<SocketAddr>, tape: &mut Tape) {
        let (Some(server), Some(session), StreamKind::Tick) = (server, handler.session(), handler.options().kind)
        else {
            return;
        };
        if self.session != Some(session) {
            // What another session calls by these numbers may be something else.
            self.symbols.clone_from(&self.beforehand);
            (self.session, self.under_way, self.attempts) = (Some(session), None, 0);
        }
        if self.under_way.is_none() {
            let now = Instant::now();
            if now < self.due {
                return;
            }
            self.due = now + LOOK;
            if self.is_complete(handler) {
                self.attempts = 0;
                return;
            }
            self.under_way = Some(Snapshot::begin(server, session, StreamKind::Tick));
        }
        let Some(snapshot) = &mut self.under_way else { return };
        let (symbols, mut is_past_names) = (&mut self.symbols, false);
        let done = snapshot.turn(|_, item| match item {
            Item::Itch(Message::StockDirectory(directory)) => {
                let (instrument, symbol) = (located(directory.stock_locate), directory.symbol);
                if let Some(instrument) = instrument.filter(|&instrument| symbols.get(instrument) != Some(symbol)) {
                    symbols.learn(instrument, symbol);
                    tape.note(format!("symbol_id {instrument} is {}", symbol.name()));
                }
            }
            // Names come first.
            _ => is_past_names = true,
        });
        if is_past_names || !matches!(done, Ok(None)) {
            self.under_way = None;
            self.due = Instant::now() + AGAIN * (1 << self.attempts.min(DOUBLINGS_MAX));
            self.attempts += 1;
        }
    }

    fn is_complete(&self, handler: &Handler) -> bool {
        let is_named = |instrument| handler.symbol(instrument).or_else(|| self.symbols.get(instrument)).is_some();
        look::instruments(handler).into_iter().all(is_named)
    }
}
