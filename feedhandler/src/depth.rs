//! The displayed depth of every instrument, held from 26-byte ticks alone.
//!
//! Goal: what a subscriber believes the book looks like, exact as long as every tick came, in any order. Non-goal: order by
//! order depth, speed beyond what tools and tests need (levels are ordered maps).
//!
//! A quote tick carries the *new total* of its level, so of two ticks for one level the one with the higher sequence number is
//! right, whichever came last. While messages are missing, a level that is gone is therefore kept as a *grave* that remembers
//! when it went; [`DepthBook::settle`] clears the graves once nothing late can come.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Nanos, Price, Side};

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
#[derive(Clone, Copy, Debug)]
struct Held {
    quantity: u32,
    sequence: u64,
}

/// The displayed depth of one instrument. Two are equal when they display the same levels.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    sides: [BTreeMap<Price, Held>; 2],
    trades: Trades,
    status: Option<(u64, u8)>,
}

impl Depth {
    /// The best level of a side: highest bid or lowest ask.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// The levels of a side, best first. For the ten best, `levels(side).take(10)`.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let map = &self.sides[side.index()];
        let (bids, asks) = match side {
            Side::Buy => (Some(map.iter().rev()), None),
            Side::Sell => (None, Some(map.iter())),
        };
        let all = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        all.filter(|(_, held)| held.quantity > 0).map(|(price, held)| Level { price: *price, quantity: held.quantity })
    }

    /// The quantity displayed at one price; zero when there is none.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> u32 {
        self.sides[side.index()].get(&price).map_or(0, |held| held.quantity)
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

    fn quote(&mut self, sequence: u64, side: Side, price: Price, quantity: u32) -> Applied {
        match self.sides[side.index()].entry(price) {
            Entry::Occupied(entry) if entry.get().sequence > sequence => Applied::Overtaken,
            Entry::Occupied(mut entry) => {
                let became_grave = quantity == 0 && entry.get().quantity > 0;
                *entry.get_mut() = Held { quantity, sequence };
                if became_grave { Applied::Grave } else { Applied::Done }
            }
            Entry::Vacant(entry) => {
                entry.insert(Held { quantity, sequence });
                if quantity == 0 { Applied::Grave } else { Applied::Done }
            }
        }
    }

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
    instruments: BTreeMap<InstrumentIndex, Depth>,
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

    /// Takes a tick with the sequence number of its message. Late ticks are welcome, until [`Self::settle`].
    pub fn apply(&mut self, sequence: u64, tick: &Tick) {
        let index = tick.symbol_id;
        let depth = self.instruments.entry(index).or_default();
        match tick.kind {
            TickKind::Quote => {
                let Some(side) = tick.side.side() else {
                    self.without_side += 1;
                    return;
                };
                match depth.quote(sequence, side, tick.price, tick.quantity) {
                    Applied::Done => {}
                    Applied::Grave => self.graves.push((index, side, tick.price)),
                    Applied::Overtaken => self.overtaken += 1,
                }
            }
            TickKind::Trade => depth.trade(LastTrade {
                sequence,
                time: tick.timestamp,
                price: tick.price,
                quantity: tick.quantity,
                taker: tick.side.side(),
            }),
            TickKind::Status => {
                if let Some(code) = tick.status()
                    && depth.status.is_none_or(|(last, _)| last < sequence)
                {
                    depth.status = Some((sequence, code));
                }
            }
        }
    }

    /// Forgets the levels that are gone. Call it after a packet that left no gap open (`!line.has_gaps()`): from then on nothing
    /// late can come. Costs nothing when no level went. After a lost message depth is no longer exact (`FeedEvent::Lost`).
    pub fn settle(&mut self) {
        for (index, side, price) in self.graves.drain(..) {
            let Some(depth) = self.instruments.get_mut(&index) else { continue };
            if let Entry::Occupied(entry) = depth.sides[side.index()].entry(price)
                && entry.get().quantity == 0
            {
                entry.remove();
            }
        }
    }

    /// Forgets everything: another session has begun.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// One instrument, once a tick for it has come.
    #[must_use]
    pub fn get(&self, index: InstrumentIndex) -> Option<&Depth> {
        self.instruments.get(&index)
    }

    /// Every instrument that had a tick, by index.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIndex, &Depth)> + '_ {
        self.instruments.iter().map(|(index, depth)| (*index, depth))
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
}

impl PartialEq for DepthBook {
    fn eq(&self, other: &Self) -> bool {
        let empty = Depth::default();
        let within = |a: &Self, b: &Self| a.iter().all(|(index, depth)| depth == b.get(index).unwrap_or(&empty));
        within(self, other) && within(other, self)
    }
}

impl Eq for DepthBook {}
