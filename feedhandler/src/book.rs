//! Every instrument's book, order by order, from ITCH 5.0 messages.
//!
//! Goal: full depth by order and by level, trades and statistics, at the speed of a whole market's feed; nothing is allocated
//! once the books have had their largest size. Non-goal: sequencing (see [`crate::handler`]), auctions (their messages are left
//! to who wants them).
//!
//! ```text
//!   message ─► order number ─► record ─► level ─► its price in the ladder, only when it is new or gone
//! ```
//!
//! A message is never trusted: it may name orders that are not there, take more than is left, or be no message. Such are
//! counted ([`BookCounters`]) and change as little as possible.

mod instrument;
mod level;
mod listener;
mod orders;
mod read;

pub use instrument::{Instrument, Statistics};
pub use listener::{BookListener, BookTrade, LevelChange, TradeKind};

use wire::{OrderRef, Price, Qty, Side, TimeOfDay};

use crate::ladder::key_of;
use instrument::Instruments;
use level::{Level, Levels};
use orders::{NONE, Orders, Record, Refused, Slot};

/// Messages looked at together: as many cache misses as a core has in flight.
const LOOKED_AHEAD: usize = 16;

/// How large books are expected to become. They grow beyond; orders, up to a page of 64 numbers for each four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLimits {
    /// Instruments; the largest locate code, and one.
    pub instruments: usize,
    /// Orders alive at one time.
    pub orders: usize,
    /// Price levels at one time.
    pub levels: usize,
}

impl Default for BookLimits {
    fn default() -> Self {
        Self { instruments: 64, orders: 1 << 18, levels: 1 << 14 }
    }
}

/// What came in, by what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookCounters {
    /// Messages.
    pub messages: u64,
    /// Messages that say nothing about books.
    pub other: u64,
    /// No ITCH 5.0 message, or one with a field outside its set.
    pub malformed: u64,
    /// They name an order that is not there.
    pub unknown: u64,
    /// They take more off an order than it has; all of it was taken.
    pub overdrawn: u64,
    /// Orders under the number of a live one; ignored.
    pub duplicates: u64,
    /// Orders for which there was no room; the books lack them.
    pub refused: u64,
}

/// One level of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLevel {
    /// The price.
    pub price: Price,
    /// Displayed quantity of all its orders.
    pub total: u64,
    /// How many orders.
    pub orders: u32,
}

/// The books of all instruments of a stream, by locate code.
#[derive(Clone, Debug)]
pub struct Books {
    orders: Orders,
    levels: Levels,
    instruments: Instruments,
    counters: BookCounters,
}

impl Default for Books {
    fn default() -> Self {
        Self::new(&BookLimits::default())
    }
}

impl Books {
    /// Empty books.
    #[must_use]
    pub fn new(limits: &BookLimits) -> Self {
        Self {
            orders: Orders::new(limits.orders),
            levels: Levels::new(limits.levels),
            instruments: Instruments::new(limits.instruments),
            counters: BookCounters::default(),
        }
    }

    /// Takes messages of one packet, or as many as are at hand. Quicker than one at a time where the books are larger than the
    /// caches: what sixteen of them need is asked for before the first is applied.
    pub fn apply_all<'a>(&mut self, messages: impl IntoIterator<Item = &'a [u8]>, listener: &mut impl BookListener) {
        let mut messages = messages.into_iter();
        loop {
            let mut ahead: [&[u8]; LOOKED_AHEAD] = [&[]; LOOKED_AHEAD];
            let (mut count, mut seen) = (0, 0);
            for message in messages.by_ref().take(LOOKED_AHEAD) {
                seen ^= self.look(message);
                ahead[count] = message;
                count += 1;
            }
            std::hint::black_box(seen);
            for message in &ahead[..count] {
                self.apply(message, listener);
            }
            if count < LOOKED_AHEAD {
                return;
            }
        }
    }

    /// Takes one message.
    #[inline]
    pub fn apply(&mut self, message: &[u8], listener: &mut impl BookListener) {
        self.counters.messages += 1;
        if read::dispatch(self, message, listener).is_none() {
            self.counters.malformed += 1;
        }
    }

    /// Forgets orders, levels and trades, and keeps the memory.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.levels.clear();
        self.instruments.clear();
    }

    /// Live orders in all books.
    #[must_use]
    pub const fn live_orders(&self) -> usize {
        self.orders.live()
    }

    /// What came in.
    #[must_use]
    pub const fn counters(&self) -> &BookCounters {
        &self.counters
    }

    /// Messages that did not fit the books: since the last message without one, the books are those of the sender.
    #[must_use]
    pub const fn faults(&self) -> u64 {
        let BookCounters { malformed, unknown, overdrawn, duplicates, refused, .. } = self.counters;
        malformed + unknown + overdrawn + duplicates + refused
    }

    /// Takes over trades and names from books that these replace: a snapshot tells no trades.
    pub fn keep_statistics_of(&mut self, former: &Self) {
        self.instruments.keep_statistics_of(&former.instruments);
    }

    /// What is known of an instrument but its book; `None` when no message named it.
    #[must_use]
    pub fn instrument(&self, locate: u16) -> Option<&Instrument> {
        self.instruments.get(locate)
    }

    /// The locate codes that a message has named.
    pub fn locates(&self) -> impl Iterator<Item = u16> + '_ {
        (0..=u16::MAX).take(self.instruments.len()).filter(|locate| self.instruments.get(*locate).is_some())
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, locate: u16, side: Side) -> Option<BookLevel> {
        self.levels(locate, side).next()
    }

    /// The levels of a side, best first. For the ten best, `levels(locate, side).take(10)`.
    pub fn levels(&self, locate: u16, side: Side) -> impl Iterator<Item = BookLevel> + '_ {
        let ladder = self.instruments.ladder(locate, side);
        ladder.into_iter().flat_map(|ladder| ladder.iter()).map(|(_, index)| {
            let level = self.levels.get(index);
            BookLevel { price: level.price(), total: level.total, orders: level.orders }
        })
    }

    /// The level at a price.
    #[must_use]
    pub fn level(&self, locate: u16, side: Side, price: Price) -> Option<BookLevel> {
        let level = self.levels.get(self.index_of(locate, side, price)?);
        Some(BookLevel { price, total: level.total, orders: level.orders })
    }

    /// The orders at a price, first in line first.
    pub fn queue(&self, locate: u16, side: Side, price: Price) -> impl Iterator<Item = (OrderRef, Qty)> + '_ {
        let first = self.index_of(locate, side, price).map_or(NONE, |index| self.levels.get(index).first);
        let walk = std::iter::successors(Some(first), |slot| Some(self.orders.get(*slot).behind));
        walk.take_while(|slot| *slot != NONE).map(|slot| (self.orders.order_ref(slot), Qty(self.orders.get(slot).qty)))
    }

    /// A live order: its instrument, side, price and what is left of it.
    #[must_use]
    pub fn order(&self, order_ref: OrderRef) -> Option<(u16, Side, Price, Qty)> {
        let record = self.orders.get(self.orders.find(order_ref)?);
        let level = self.levels.get(record.level);
        Some((level.locate(), level.side(), level.price(), Qty(record.qty)))
    }

    fn index_of(&self, locate: u16, side: Side, price: Price) -> Option<u32> {
        self.instruments.ladder(locate, side)?.get(key_of(side, price))
    }

    /// Asks for the memory that a message will need. What comes back means nothing, but must be used. It does not matter whether the
    /// message is what it looks like.
    #[inline]
    pub(crate) fn look(&self, message: &[u8]) -> u64 {
        let Some(order_ref) = read::order_of(message) else { return 0 };
        let mut level = self.orders.look(order_ref);
        if let Some((locate, side, price)) = read::place_of(message) {
            let key = key_of(side, Price(i64::from(price)));
            level = self.instruments.ladder(locate, side).map_or(0, |ladder| ladder.look(key));
        }
        self.levels.look(level)
    }

    #[inline]
    fn add(&mut self, at: TimeOfDay, order: &NewOrder, listener: &mut impl BookListener) {
        let NewOrder { order_ref, locate, side, qty, price } = *order;
        if qty == 0 {
            self.counters.malformed += 1;
            return;
        }
        let slot = match self.orders.open(order_ref) {
            Ok(slot) => slot,
            Err(Refused::Duplicate) => {
                self.counters.duplicates += 1;
                return;
            }
            Err(Refused::Full) => {
                self.counters.refused += 1;
                return;
            }
        };
        let key = key_of(side, Price(i64::from(price)));
        let levels = &mut self.levels;
        let index = self.instruments.ladder_mut(locate, side).get_or_insert(key, || levels.open(locate, side, price));
        let level = self.levels.get_mut(index);
        let last = level.last;
        level.total += u64::from(qty);
        level.orders += 1;
        level.last = slot;
        level.first = if last == NONE { slot } else { level.first };
        listener.level(level.change(at));
        self.orders.put(slot, &Record { qty, level: index, before: last, behind: NONE });
    }

    /// Takes quantity off an order; all of it when it has no more. Returns its level as it was.
    #[inline]
    fn take(&mut self, at: TimeOfDay, slot: Slot, qty: u32, listener: &mut impl BookListener) {
        let record = self.orders.get(slot);
        if qty < record.qty {
            self.orders.set_qty(slot, record.qty - qty);
            let level = self.levels.get_mut(record.level);
            level.total -= u64::from(qty);
            listener.level(level.change(at));
        } else {
            self.counters.overdrawn += u64::from(qty > record.qty);
            self.remove(at, slot, listener);
        }
    }

    #[inline]
    fn remove(&mut self, at: TimeOfDay, slot: Slot, listener: &mut impl BookListener) -> (u16, Side) {
        let record = self.orders.get(slot);
        let level = self.levels.get_mut(record.level);
        level.total -= u64::from(record.qty);
        level.orders -= 1;
        level.first = if record.before == NONE { record.behind } else { level.first };
        level.last = if record.behind == NONE { record.before } else { level.last };
        listener.level(level.change(at));
        let (locate, side, price, orders) = (level.locate(), level.side(), level.price(), level.orders);
        self.orders.close(slot, &record);
        if orders == 0 {
            self.instruments.ladder_mut(locate, side).remove(key_of(side, price));
            self.levels.close(record.level);
        }
        (locate, side)
    }

    /// A resting order traded, at its own price or at the one given.
    #[inline]
    fn execute(&mut self, at: TimeOfDay, execution: &Execution, listener: &mut impl BookListener) {
        let Some(slot) = self.orders.find(execution.order_ref) else {
            self.counters.unknown += 1;
            return;
        };
        let level: &Level = self.levels.get(self.orders.get(slot).level);
        let (kind, price) = match execution.price {
            None => (TradeKind::Displayed, level.price()),
            Some(price) => (TradeKind::DisplayedElsewhere, price),
        };
        let trade = BookTrade {
            locate: level.locate(),
            time: at,
            kind,
            price,
            qty: u64::from(execution.qty),
            match_number: execution.match_number,
            maker: Some((execution.order_ref, level.side())),
            printable: execution.printable,
        };
        self.print(&trade, listener);
        self.take(at, slot, execution.qty, listener);
    }

    #[inline]
    fn print(&mut self, trade: &BookTrade, listener: &mut impl BookListener) {
        self.instruments.get_mut(trade.locate).statistics.count(trade);
        listener.trade(trade);
    }

    #[inline]
    fn known(&mut self, order_ref: OrderRef) -> Option<Slot> {
        let slot = self.orders.find(order_ref);
        self.counters.unknown += u64::from(slot.is_none());
        slot
    }
}

/// An order that comes.
struct NewOrder {
    order_ref: OrderRef,
    locate: u16,
    side: Side,
    qty: u32,
    price: u32,
}

/// A trade of a resting order.
struct Execution {
    order_ref: OrderRef,
    qty: u32,
    match_number: wire::MatchNumber,
    /// Where it traded at another price than its own.
    price: Option<Price>,
    printable: bool,
}
