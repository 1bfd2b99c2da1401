//! Looking into the book without changing it.
//!
//! Goal: what reports, checks, snapshots and people ask for. Non-goal: speed beyond not being foolish; the hot path reads events.

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side};

use super::Book;
use super::command::OrderKey;
use super::ladder::ladder_of;
use super::level::{DISPLAYED, HIDDEN};
use super::slab::NIL;
use super::state_hash::Place;

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
        self.levels(instrument, side).next().map(|level| (level.price, level.qty))
    }

    /// The displayed levels of a side, best first.
    pub fn levels(&self, instrument: InstrumentIndex, side: Side) -> impl Iterator<Item = LevelView> {
        let mut slot =
            if instrument.0 < self.limits.instruments { self.ladders.best(ladder_of(instrument, side)) } else { NIL };
        std::iter::from_fn(move || {
            while slot != NIL {
                let level = self.ladders.levels.at(slot);
                slot = level.worse;
                if level.shown > 0 {
                    let orders = level.queues[DISPLAYED].count;
                    return Some(LevelView { price: level.price, qty: level.shown, orders });
                }
            }
            None
        })
    }

    /// The displayed level at a price.
    #[must_use]
    pub fn level(&self, instrument: InstrumentIndex, side: Side, price: Price) -> Option<LevelView> {
        let known = instrument.0 < self.limits.instruments;
        let slot = known.then(|| self.ladders.find(ladder_of(instrument, side), price)).flatten()?;
        let level = self.ladders.levels.at(slot);
        let orders = level.queues[DISPLAYED].count;
        (level.shown > 0).then_some(LevelView { price, qty: level.shown, orders })
    }

    /// The orders at a price in the order in which they trade: displayed ones, then hidden ones.
    pub fn orders(&self, instrument: InstrumentIndex, side: Side, price: Price) -> impl Iterator<Item = OrderView> {
        let known = instrument.0 < self.limits.instruments;
        let level = known.then(|| self.ladders.find(ladder_of(instrument, side), price)).flatten();
        let heads = level.map_or([NIL; 2], |level| self.ladders.levels.at(level).queues.map(|queue| queue.head));
        [DISPLAYED, HIDDEN].into_iter().flat_map(move |queue| {
            let mut slot = heads[queue];
            std::iter::from_fn(move || {
                let here = (slot != NIL).then_some(slot)?;
                slot = self.orders.at(here).next;
                Some(self.view(here))
            })
        })
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

    /// How many orders of a session are live.
    #[must_use]
    pub fn open_orders(&self, session: SessionIndex) -> u32 {
        self.sessions.count(session)
    }

    /// How many orders are live.
    #[must_use]
    pub fn order_count(&self) -> usize {
        self.orders.len()
    }

    /// How many price levels stand.
    #[must_use]
    pub fn level_count(&self) -> usize {
        self.ladders.levels.len()
    }

    fn view(&self, slot: u32) -> OrderView {
        let state = self.order_state(slot);
        OrderView {
            key: state.key,
            order_ref: state.order_ref,
            instrument: state.instrument,
            owner: state.owner,
            side: state.side,
            price: state.price,
            leaves: Qty(state.leaves),
            shown: Qty(state.shown),
            display: Qty(state.display),
            liable: Qty(state.liable),
            hidden: state.place == Place::Hidden,
            place: state.place,
            stop: None,
            gtc: state.gtc,
            mark: state.mark,
        }
    }
}
