//! The displayed depth of every instrument, held from 26-byte ticks alone.
//!
//! Goal: what a subscriber believes the book looks like, exact as long as every tick came, in any order; no allocation once the
//! book has had its largest size. Non-goal: order by order depth (see [`crate::book`]).
//!
//! A quote tick carries the *new total* of its level, so of two ticks for one level the one with the higher sequence number is
//! right, whichever came last. While messages are missing, a level that is gone is therefore kept as a *grave* that remembers
//! when it went; [`DepthBook::settle`] clears the graves once nothing late can come.

use std::collections::BTreeMap;

use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Nanos, Price, Side};

use crate::ladder::{Content, Ladder, key_of, price_of};

/// Instruments found by their number alone. Those beyond, which no venue has, are searched for.
const NEAR_INSTRUMENTS: u32 = 1 << 16;

/// A price and everything displayed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// The total displayed quantity, never zero.
    pub quantity: u32,
}

/// A trade tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTrade {
    /// Sequence number of the tick.
    pub sequence: u64,
    /// When the engine decided it.
    pub time: Nanos,
    /// At the resting order's price.
    pub price: Price,
    /// The quantity traded.
    pub quantity: u32,
    /// The side of the order that came in, where the tick says so.
    pub taker: Option<Side>,
}

/// Trades of one instrument, from its ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trades {
    /// How many.
    pub count: u64,
    /// Sum of their quantities.
    pub volume: u64,
    /// The one with the highest sequence number.
    pub last: Option<LastTrade>,
}

/// What is remembered of one level: a quantity of zero is a grave.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    quantity: u32,
    sequence: u64,
}

/// A grave is something: no message has number 0.
impl Content for Held {
    #[inline]
    fn is_nothing(&self) -> bool {
        self.quantity == 0 && self.sequence == 0
    }
}

/// The displayed depth of one instrument. Two are equal when they display the same levels.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    sides: [Ladder<Held>; 2],
    trades: Trades,
    status: Option<(u64, u8)>,
    /// A tick spoke of it.
    seen: bool,
}

impl Depth {
    /// The best level of a side: highest bid or lowest ask.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// The levels of a side, best first. For the ten best, `levels(side).take(10)`.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let all = self.sides[side.index()].iter();
        all.filter(|(_, held)| held.quantity > 0)
            .map(move |(key, held)| Level { price: price_of(side, key), quantity: held.quantity })
    }

    /// The quantity displayed at one price; zero when there is none.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> u32 {
        self.sides[side.index()].get(key_of(side, price)).map_or(0, |held| held.quantity)
    }

    /// What traded.
    #[must_use]
    pub const fn trades(&self) -> &Trades {
        &self.trades
    }

    /// The state code of the last trading-status tick.
    #[must_use]
    pub fn status(&self) -> Option<u8> {
        self.status.map(|(_, code)| code)
    }

    /// The best level at which two depths differ: side, price, quantity here, quantity there. `None` when they display the same.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<(Side, Price, u32, u32)> {
        for side in [Side::Buy, Side::Sell] {
            let (mut ours, mut theirs) = (self.levels(side), other.levels(side));
            loop {
                let (here, there) = (ours.next(), theirs.next());
                if here == there {
                    if here.is_none() {
                        break;
                    }
                    continue;
                }
                let better = match (here, there, side) {
                    (Some(here), Some(there), Side::Buy) => here.price.max(there.price),
                    (Some(here), Some(there), Side::Sell) => here.price.min(there.price),
                    (Some(level), None, _) | (None, Some(level), _) => level.price,
                    (None, None, _) => break,
                };
                return Some((side, better, self.quantity_at(side, better), other.quantity_at(side, better)));
            }
        }
        None
    }

    #[inline]
    fn quote(&mut self, sequence: u64, side: Side, price: Price, quantity: u32) -> Applied {
        let (ladder, key) = (&mut self.sides[side.index()], key_of(side, price));
        let Some(held) = ladder.get_mut(key) else {
            ladder.set(key, Held { quantity, sequence });
            return if quantity == 0 { Applied::Grave } else { Applied::Done };
        };
        if held.sequence > sequence {
            return Applied::Overtaken;
        }
        let became_grave = quantity == 0 && held.quantity > 0;
        *held = Held { quantity, sequence };
        if became_grave { Applied::Grave } else { Applied::Done }
    }

    /// A quote that nothing later can have overtaken.
    #[inline]
    fn quote_in_order(&mut self, sequence: u64, side: Side, price: Price, quantity: u32) {
        let (ladder, key) = (&mut self.sides[side.index()], key_of(side, price));
        if quantity == 0 {
            ladder.remove(key);
        } else {
            ladder.set(key, Held { quantity, sequence });
        }
    }

    #[inline]
    const fn see(&mut self) -> &mut Self {
        self.seen = true;
        self
    }

    fn clear(&mut self) {
        for ladder in &mut self.sides {
            ladder.clear();
        }
        (self.trades, self.status, self.seen) = (Trades::default(), None, false);
    }

    #[inline]
    fn trade(&mut self, trade: LastTrade) {
        self.trades.count += 1;
        self.trades.volume = self.trades.volume.saturating_add(u64::from(trade.quantity));
        if self.trades.last.is_none_or(|last| last.sequence < trade.sequence) {
            self.trades.last = Some(trade);
        }
    }
}

impl PartialEq for Depth {
    fn eq(&self, other: &Self) -> bool {
        self.first_difference(other).is_none()
    }
}

impl Eq for Depth {}

enum Applied {
    Done,
    /// Done, and the level is a grave now.
    Grave,
    /// A later tick for the same level came first.
    Overtaken,
}

/// The displayed depth of all instruments. Two are equal when every instrument displays the same levels.
#[derive(Clone, Debug, Default)]
pub struct DepthBook {
    near: Vec<Depth>,
    far: BTreeMap<InstrumentIndex, Depth>,
    graves: Vec<(InstrumentIndex, Side, Price)>,
    overtaken: u64,
    without_side: u64,
}

impl DepthBook {
    /// No instrument yet; each appears with its first tick.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Self::new`], with room for so many instruments.
    #[must_use]
    pub fn with_instruments(count: u32) -> Self {
        let mut book = Self::new();
        book.near.resize(count.min(NEAR_INSTRUMENTS) as usize, Depth::default());
        book
    }

    /// Takes a tick with the sequence number of its message. Late ticks are welcome, until [`Self::settle`].
    pub fn apply(&mut self, sequence: u64, tick: &Tick) {
        let index = tick.symbol_id;
        match (tick.kind, tick.side.side()) {
            (TickKind::Quote, Some(side)) => match self.depth(index).quote(sequence, side, tick.price, tick.quantity) {
                Applied::Done => {}
                Applied::Grave => self.graves.push((index, side, tick.price)),
                Applied::Overtaken => self.overtaken += 1,
            },
            _ => self.apply_other(sequence, tick),
        }
    }

    /// Takes a tick that comes in order: no later one has come before. Quicker than [`Self::apply`], and leaves nothing to settle.
    #[inline]
    pub fn apply_in_order(&mut self, sequence: u64, tick: &Tick) {
        match (tick.kind, tick.side.side()) {
            (TickKind::Quote, Some(side)) => {
                self.depth(tick.symbol_id).quote_in_order(sequence, side, tick.price, tick.quantity);
            }
            _ => self.apply_other(sequence, tick),
        }
    }

    /// Forgets the levels that are gone. Call it after a packet that left no gap open (`!line.has_gaps()`): from then on nothing
    /// late can come. Costs nothing when no level went. After a lost message depth is no longer exact (`FeedEvent::Lost`).
    pub fn settle(&mut self) {
        while let Some((index, side, price)) = self.graves.pop() {
            let (ladder, key) = (&mut self.depth(index).sides[side.index()], key_of(side, price));
            if ladder.get(key).is_some_and(|held| held.quantity == 0) {
                ladder.remove(key);
            }
        }
    }

    /// Forgets everything: another session has begun.
    pub fn clear(&mut self) {
        for depth in &mut self.near {
            depth.clear();
        }
        self.far.clear();
        self.graves.clear();
        (self.overtaken, self.without_side) = (0, 0);
    }

    /// Takes over the trades of a book that this one replaces: a snapshot tells none.
    pub fn keep_trades_of(&mut self, former: &Self) {
        for (index, depth) in former.iter() {
            self.depth(index).trades = depth.trades;
        }
    }

    /// One instrument, once a tick for it has come.
    #[must_use]
    pub fn get(&self, index: InstrumentIndex) -> Option<&Depth> {
        let near = self.near.get(index.0 as usize);
        near.or_else(|| self.far.get(&index)).filter(|depth| depth.seen)
    }

    /// Every instrument that had a tick, by index.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIndex, &Depth)> + '_ {
        let near = (0..).map(InstrumentIndex).zip(&self.near);
        near.chain(self.far.iter().map(|(index, depth)| (*index, depth))).filter(|(_, depth)| depth.seen)
    }

    /// Late ticks that a later tick for the same level had already overtaken.
    #[must_use]
    pub const fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// Quote ticks that named no side; the venue sends none.
    #[must_use]
    pub const fn without_side(&self) -> u64 {
        self.without_side
    }

    #[inline]
    fn depth(&mut self, index: InstrumentIndex) -> &mut Depth {
        if (index.0 as usize) >= self.near.len() && !self.grow(index) {
            return self.far.entry(index).or_default().see();
        }
        self.near[index.0 as usize].see()
    }

    /// Makes room for an instrument beyond the known; says whether it is among the near now.
    #[cold]
    fn grow(&mut self, index: InstrumentIndex) -> bool {
        let near = index.0 < NEAR_INSTRUMENTS;
        if near {
            self.near.resize((index.0 as usize + 1).next_power_of_two(), Depth::default());
        }
        near
    }

    fn apply_other(&mut self, sequence: u64, tick: &Tick) {
        match tick.kind {
            TickKind::Quote => self.without_side += 1,
            TickKind::Trade => self.depth(tick.symbol_id).trade(LastTrade {
                sequence,
                time: tick.timestamp,
                price: tick.price,
                quantity: tick.quantity,
                taker: tick.side.side(),
            }),
            TickKind::Status => {
                let depth = self.depth(tick.symbol_id);
                if let Some(code) = tick.status()
                    && depth.status.is_none_or(|(last, _)| last < sequence)
                {
                    depth.status = Some((sequence, code));
                }
            }
        }
    }
}

impl PartialEq for DepthBook {
    fn eq(&self, other: &Self) -> bool {
        let empty = Depth::default();
        let within = |a: &Self, b: &Self| a.iter().all(|(index, depth)| depth == b.get(index).unwrap_or(&empty));
        within(self, other) && within(other, self)
    }
}

impl Eq for DepthBook {}
