//! What a subscriber hears, kept for whoever looks: the last trades, the last notices, counts.
//!
//! Goal: bounded memory, whatever comes. Non-goal: the books; the handler has them.

use feedhandler::book::{BookListener, BookTrade};
use feedhandler::handler::{FeedListener, LineState, Stale};
use std::collections::VecDeque;
use wire::feed::{StreamKind, located};
use wire::mold::SessionId;
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Price, Side, TimeOfDay};

/// Trades that are kept, of all instruments together.
const TRADES_KEPT: usize = 4_096;
/// Notices that are kept.
const NOTICES_KEPT: usize = 64;

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// When.
    pub time: TimeOfDay,
    /// Of what.
    pub instrument: InstrumentIndex,
    /// The price.
    pub price: Price,
    /// The quantity.
    pub qty: u64,
    /// The incoming order's side, where it is told.
    pub taker_side: Option<Side>,
}

/// What was heard, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Messages of all kinds.
    pub messages: u64,
    /// Trades.
    pub trades: u64,
    /// Of a tick stream: new totals of levels. Of a depth stream: changes of levels.
    pub changes: u64,
    /// Trading status.
    pub statuses: u64,
}

/// A message, as it is kept for a check.
pub type Kept = (u64, Vec<u8>);

/// Keeps what is heard.
#[derive(Debug, Default)]
pub struct Tape {
    /// The newest first.
    trades: VecDeque<Print>,
    /// The newest first.
    notices: VecDeque<String>,
    /// How many there were.
    noticed: u64,
    /// Counts.
    pub heard: Heard,
    /// Messages from the moment on that a check wants them, in order; `None` when nobody does.
    pub kept: Option<Vec<Kept>>,
}

impl Tape {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The last trades of an instrument, the newest first.
    pub fn trades(&self, instrument: InstrumentIndex) -> impl Iterator<Item = &Print> {
        self.trades.iter().filter(move |trade| trade.instrument == instrument)
    }

    /// The last notices, the newest first.
    pub fn notices(&self) -> impl Iterator<Item = &str> {
        self.notices.iter().map(String::as_str)
    }

    /// The notices that came after the first `count` of all, the oldest first, as far as they are kept.
    pub fn notices_since(&self, count: u64) -> impl Iterator<Item = &str> {
        let new = usize::try_from(self.noticed.saturating_sub(count)).unwrap_or(usize::MAX).min(self.notices.len());
        self.notices.iter().take(new).rev().map(String::as_str)
    }

    /// How many notices there were.
    #[must_use]
    pub const fn noticed(&self) -> u64 {
        self.noticed
    }

    /// Notes something.
    pub fn note(&mut self, text: String) {
        self.noticed += 1;
        self.notices.push_front(text);
        self.notices.truncate(NOTICES_KEPT);
    }

    fn trade(&mut self, print: Print) {
        self.heard.trades += 1;
        if self.trades.len() == TRADES_KEPT {
            self.trades.pop_back();
        }
        self.trades.push_front(print);
    }
}

impl BookListener for Tape {
    fn level(&mut self, _change: feedhandler::book::LevelChange) {
        self.heard.changes += 1;
    }

    fn trade(&mut self, trade: &BookTrade) {
        let Some(instrument) = located(trade.locate) else { return };
        let taker_side = trade.maker.map(|(_, side)| side.opposite());
        let BookTrade { time, price, qty, .. } = *trade;
        self.trade(Print { time, instrument, price, qty, taker_side });
    }

    fn status(&mut self, _locate: u16, _status: u8, _time: TimeOfDay) {
        self.heard.statuses += 1;
    }
}

impl FeedListener for Tape {
    fn message(&mut self, sequence: u64, bytes: &[u8], _late: bool) {
        self.heard.messages += 1;
        if let Some(kept) = &mut self.kept {
            kept.push((sequence, bytes.to_vec()));
        }
    }

    fn tick(&mut self, _sequence: u64, tick: &Tick, _late: bool) {
        match tick.kind {
            TickKind::Quote => self.heard.changes += 1,
            TickKind::Status => self.heard.statuses += 1,
            TickKind::Trade => {
                let (time, instrument, price) = (tick.timestamp.into(), tick.symbol_id, tick.price);
                let (qty, taker_side) = (tick.quantity.into(), tick.side.side());
                self.trade(Print { time, instrument, price, qty, taker_side });
            }
        }
    }

    fn gap(&mut self, from: u64, to: u64) {
        let what =
            if to - from == 1 { format!("message {from} is") } else { format!("messages {from} to {} are", to - 1) };
        self.note(format!("gap: {what} missing"));
    }

    fn lost(&mut self, from: u64, to: u64) {
        self.note(format!("lost: messages {from} to {} are given up", to - 1));
    }

    fn stale(&mut self, stale: Option<Stale>) {
        match stale {
            Some(stale) => self.note(format!("stale: {:?}", stale.reason)),
            None => self.note("books are whole".to_owned()),
        }
    }

    fn snapshot(&mut self, next: u64) {
        // What lies between was told to nobody, so nothing can be checked over it.
        self.kept = self.kept.take().map(|_| Vec::new());
        self.note(format!("snapshot taken; goes on with message {next}"));
    }

    fn session(&mut self, session: SessionId) {
        self.kept = self.kept.take().map(|_| Vec::new());
        self.trades.clear();
        self.note(format!("session {session}"));
    }

    fn ended(&mut self, next: u64) {
        self.note(format!("the venue ended the session; {} messages", next.saturating_sub(1)));
    }

    fn line(&mut self, line: usize, state: LineState) {
        self.note(format!("line {}: {}", line_name(line), state_name(state)));
    }
}

/// What people call a line.
#[must_use]
pub fn line_name(line: usize) -> char {
    u8::try_from(line).ok().and_then(|line| b'A'.checked_add(line)).map_or('?', char::from)
}

/// How a line does, in a word.
#[must_use]
pub const fn state_name(state: LineState) -> &'static str {
    match state {
        LineState::Up => "up",
        LineState::Lagging => "lagging",
        LineState::Silent => "silent",
    }
}

/// What a stream is called.
#[must_use]
pub const fn kind_name(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Tick => "ticks",
        StreamKind::Depth => "depth",
    }
}
