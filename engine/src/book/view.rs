//! Looking into the book without changing it.
//!
//! Goal: what reports, checks, snapshots and people ask for. Non-goal: speed beyond not being foolish; the hot path reads events.

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side};

use super::Book;
use super::command::OrderKey;
use super::ladder::LadderId;
use super::slab::NIL;
use super::state_hash::Place;
use super::stops::ELECTED;

/// A live order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its name.
    pub key: OrderKey,
    /// The venue's number of it.
    pub order_ref: OrderRef,
    /// Its instrument.
    pub instrument: InstrumentIndex,
    /// Its owner.
    pub owner: MemberId,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// Its open quantity.
    pub leaves: Qty,
    /// What it displays now.
    pub shown: Qty,
    /// Its iceberg slice; zero when there is none.
    pub display: Qty,
    /// The total that may ever execute, over the order and the orders that it replaced by amendment.
    pub liable: Qty,
    /// Whether it is to be hidden.
    pub hidden: bool,
    /// Where it stands.
    pub place: Place,
    /// The stop price that it waits for, or has reached and not entered on yet.
    pub stop: Option<Price>,
    /// Whether it is good till canceled.
    pub gtc: bool,
    /// The exchange's byte.
    pub mark: u8,
}

/// A displayed level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelView {
    /// The price.
    pub price: Price,
    /// The total displayed quantity.
    pub qty: u32,
    /// How many displayed orders make it up.
    pub orders: u32,
}

impl Book {
    /// The best displayed level of a side: its price and total displayed quantity.
    #[must_use]
    pub fn best(&self, instrument: InstrumentIndex, side: Side) -> Option<(Price, u32)> {
        let known = instrument.0 < self.limits.instruments;
        let level = if known { self.ladders.best(LadderId::new(instrument, side)) } else { NIL };
        (level != NIL).then(|| (self.ladders.at(level).price, self.ladders.at(level).shown))
    }

    /// The displayed levels of a side, best first; each counts its orders, which takes a walk along them.
    pub fn levels(&self, instrument: InstrumentIndex, side: Side) -> impl Iterator<Item = LevelView> {
        let known = instrument.0 < self.limits.instruments;
        let mut next = if known { self.ladders.best(LadderId::new(instrument, side)) } else { NIL };
        std::iter::from_fn(move || {
            let level = (next != NIL).then_some(next)?;
            next = self.ladders.after(level);
            Some(self.level_view(level))
        })
    }

    /// The displayed levels of a side, best first, without their orders: price and total displayed quantity.
    pub fn shown_levels(&self, instrument: InstrumentIndex, side: Side) -> impl Iterator<Item = (Price, u32)> {
        let known = instrument.0 < self.limits.instruments;
        let mut next = if known { self.ladders.best(LadderId::new(instrument, side)) } else { NIL };
        std::iter::from_fn(move || {
            let level = (next != NIL).then_some(next)?;
            next = self.ladders.after(level);
            Some((self.ladders.at(level).price, self.ladders.at(level).shown))
        })
    }

    /// The displayed level at a price; its orders are counted by a walk along them.
    #[must_use]
    pub fn level(&self, instrument: InstrumentIndex, side: Side, price: Price) -> Option<LevelView> {
        let known = instrument.0 < self.limits.instruments;
        let level = known.then(|| self.ladders.find(LadderId::new(instrument, side), price)).flatten()?;
        Some(self.level_view(level))
    }

    /// The orders that rest at a price, in the order in which they trade: displayed ones, then hidden ones.
    pub fn orders(&self, instrument: InstrumentIndex, side: Side, price: Price) -> impl Iterator<Item = OrderView> {
        let known = instrument.0 < self.limits.instruments;
        [false, true].into_iter().filter(move |_| known).flat_map(move |hidden| {
            let level = self.ladders.find(LadderId::resting(instrument, side, hidden), price);
            self.queue(level.map_or(NIL, |level| self.ladders.at(level).queue.head)).map(|slot| self.view(slot))
        })
    }

    /// The displayed orders of a side, best price first, and at each price in the order in which they trade.
    pub fn displayed(&self, instrument: InstrumentIndex, side: Side) -> impl Iterator<Item = OrderView> {
        let known = instrument.0 < self.limits.instruments;
        let best = if known { self.ladders.best(LadderId::new(instrument, side)) } else { NIL };
        let live = |level: u32| (level != NIL).then_some(level);
        let levels = std::iter::successors(live(best), move |&level| live(self.ladders.after(level)));
        let slots = levels.flat_map(|level| self.queue(self.ladders.at(level).queue.head));
        slots.map(|slot| self.view(slot))
    }

    /// A live order.
    #[must_use]
    pub fn order(&self, key: OrderKey) -> Option<OrderView> {
        self.slot_of(key).map(|slot| self.view(slot))
    }

    /// The session's live order that was entered (or replaced another) the longest ago. Canceling it again and again empties the
    /// session.
    #[must_use]
    pub fn first_of_session(&self, session: SessionIndex) -> Option<OrderKey> {
        let slot = self.sessions.first(session);
        (slot != NIL).then(|| self.orders.at(slot).key)
    }

    /// The session's live order that was entered next after this one.
    #[must_use]
    pub fn next_of_session(&self, key: OrderKey) -> Option<OrderKey> {
        let slot = self.slot_of(key).map_or(NIL, |slot| self.orders.at(slot).newer);
        (slot != NIL).then(|| self.orders.at(slot).key)
    }

    /// The first order of one of an instrument's six ladders: displayed buys and sells, hidden ones, waiting ones. Orders whose stop price
    /// was reached stand in none.
    #[must_use]
    pub fn first_of_ladder(&self, instrument: InstrumentIndex, ladder: u32) -> Option<OrderKey> {
        let known = instrument.0 < self.limits.instruments;
        let ladder = LadderId::all_of(instrument).nth(usize::try_from(ladder).ok()?).filter(|_| known)?;
        self.head_of(self.ladders.best(ladder))
    }

    /// The order behind this one on its ladder: at its price, or else the first at the next one.
    #[must_use]
    pub fn next_of_ladder(&self, key: OrderKey) -> Option<OrderKey> {
        let order = self.orders.at(self.slot_of(key)?);
        if order.next != NIL {
            return Some(self.orders.at(order.next).key);
        }
        if order.level == ELECTED {
            return None;
        }
        self.head_of(self.ladders.after(order.level))
    }

    fn head_of(&self, level: u32) -> Option<OrderKey> {
        (level != NIL).then(|| self.orders.at(self.ladders.at(level).queue.head).key)
    }

    /// How many orders of a session are live.
    #[must_use]
    pub fn open_orders(&self, session: SessionIndex) -> u32 {
        self.sessions.count(session)
    }

    /// How many orders are live.
    #[must_use]
    pub const fn order_count(&self) -> usize {
        self.orders.len() as usize
    }

    /// How many price levels stand.
    #[must_use]
    pub const fn level_count(&self) -> usize {
        self.ladders.len() as usize
    }

    /// How many orders wait for a stop price, or have reached it and not entered yet.
    #[must_use]
    pub const fn stop_count(&self) -> usize {
        self.stops.terms.len() as usize
    }

    /// The price of the last trade of an instrument.
    #[must_use]
    pub fn last_price(&self, instrument: InstrumentIndex) -> Option<Price> {
        self.stops.last_trade(instrument)
    }

    /// How many orders of each instrument are live; `counts` has a number for each.
    pub fn count_orders(&self, counts: &mut [u64]) {
        for instrument in (0..self.limits.instruments).map(InstrumentIndex) {
            let ladders = LadderId::all_of(instrument).map(|ladder| self.ladders.best(ladder));
            let levels = ladders.flat_map(|best| {
                let live = |level: u32| (level != NIL).then_some(level);
                std::iter::successors(live(best), move |&level| live(self.ladders.after(level)))
            });
            let orders = levels.map(|level| self.queue(self.ladders.at(level).queue.head).count() as u64).sum();
            if let Some(count) = counts.get_mut(instrument.0 as usize) {
                *count = orders;
            }
        }
        for slot in self.queue(self.stops.elected.head) {
            if let Some(count) = counts.get_mut(self.order_state(slot).instrument.0 as usize) {
                *count += 1;
            }
        }
    }

    /// The slots of a queue from `head` on.
    pub(super) fn queue(&self, head: u32) -> impl Iterator<Item = u32> {
        let live = |slot: u32| (slot != NIL).then_some(slot);
        std::iter::successors(live(head), move |&slot| live(self.orders.at(slot).next))
    }

    fn level_view(&self, level: u32) -> LevelView {
        let record = self.ladders.at(level);
        let orders = u32::try_from(self.queue(record.queue.head).count()).expect("as many as slots at most");
        LevelView { price: self.ladders.at(level).price, qty: record.shown, orders }
    }

    fn view(&self, slot: u32) -> OrderView {
        let state = self.order_state(slot);
        let waits = state.stop.is_some();
        OrderView {
            key: state.key,
            order_ref: state.order_ref,
            instrument: state.instrument,
            owner: state.owner,
            side: state.side,
            price: state.stop.map_or(state.price, |terms| terms.limit),
            leaves: Qty(state.leaves),
            shown: Qty(state.shown),
            display: Qty(state.display),
            liable: Qty(state.liable),
            hidden: state.stop.map_or(state.place == Place::Hidden, |terms| terms.hidden),
            place: state.place,
            stop: waits.then_some(state.price),
            gtc: state.gtc,
            mark: state.mark,
        }
    }
}
