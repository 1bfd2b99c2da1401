//! The book written naively: the model that tests hold the real book against.
//!
//! Goal: obviously right. Ordered maps and queues; a command works on a copy of its instrument, which replaces the original when
//! everything has been allowed; look-ahead is trying it out; totals and the state hash are added up anew each time. Non-goal: speed,
//! and any code in common with the book beyond its commands, its events and the mix of its state hash.
#![forbid(unsafe_code)]

mod attempt;
mod entry;
mod market;
mod stops;

use std::collections::{BTreeMap, VecDeque};

use wire::{InstrumentIndex, OrderRef, Price, Qty, SessionIndex, Side};

use crate::book::{
    BookCommand, BookEvent, BookLimits, BookReject, CancelReason, LastTrade, LevelView, OrderKey, OrderState, Place,
    ReduceTo,
};
use market::{Market, TwinOrder};

/// Where a live order stands: in a level of its instrument, or among the elected ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    instrument: u32,
    side: Side,
    kind: Place,
    /// The limit, or the stop price of an order that waits or is elected.
    price: i64,
}

/// The naive book.
#[derive(Clone, Debug)]
pub struct TwinBook {
    limits: BookLimits,
    /// Of the instruments that have one: orders may stand at its multiples only.
    ticks: BTreeMap<u32, i64>,
    markets: BTreeMap<u32, Market>,
    /// Orders whose stop price was reached, in the order in which they are to enter.
    elected: VecDeque<(Spot, TwinOrder)>,
    spots: BTreeMap<OrderKey, Spot>,
    /// Live keys by session and entry.
    entries: BTreeMap<(SessionIndex, u64), OrderKey>,
    stamp: u64,
    entry: u64,
}

impl TwinBook {
    /// An empty book with the limits of the real one.
    #[must_use]
    pub fn new(limits: &BookLimits) -> Self {
        Self {
            limits: *limits,
            ticks: BTreeMap::new(),
            markets: BTreeMap::new(),
            elected: VecDeque::new(),
            spots: BTreeMap::new(),
            entries: BTreeMap::new(),
            stamp: 0,
            entry: 0,
        }
    }

    /// Sets the step between two prices of an instrument at which orders may stand.
    pub fn set_tick(&mut self, instrument: InstrumentIndex, tick: i64) {
        self.ticks.insert(instrument.0, tick);
    }

    /// Carries out one command.
    pub fn apply(&mut self, command: &BookCommand, sink: &mut impl FnMut(BookEvent)) {
        let (key, result) = match command {
            BookCommand::New(order) => (order.key, self.new_order(order)),
            BookCommand::Cancel { key, reason } => (*key, self.cancel(*key, *reason)),
            BookCommand::Reduce { key, to } => (*key, self.reduce(*key, *to)),
            BookCommand::Replace(replace) => (replace.new_key, self.replace(replace)),
        };
        match result {
            Ok(events) => {
                self.elect_reached(&events);
                events.into_iter().for_each(sink);
            }
            Err(reason) => sink(BookEvent::Rejected { key, reason }),
        }
    }

    /// Takes the first elected order in; `false` when none is elected. Icebergs show their next slices under numbers from `next_ref` on.
    pub fn elect(&mut self, next_ref: OrderRef, sink: &mut impl FnMut(BookEvent)) -> bool {
        let Some((spot, order)) = self.elected.pop_front() else { return false };
        let events = self.enter_elected(spot, order, next_ref);
        self.elect_reached(&events);
        events.into_iter().for_each(sink);
        true
    }

    /// Whether an order is elected.
    #[must_use]
    pub fn has_elected(&self) -> bool {
        !self.elected.is_empty()
    }

    /// The state hash, added up over all orders and all last trades.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut sum = 0u64;
        for (&instrument, market) in &self.markets {
            for (side, kind, price, order) in market.orders() {
                sum = sum.wrapping_add(mix(Spot { instrument, side, kind, price }, order));
            }
            if let Some(price) = market.last_trade {
                let term = LastTrade { instrument: InstrumentIndex(instrument), price: Price(price) };
                sum = sum.wrapping_add(term.mix());
            }
        }
        self.elected.iter().fold(sum, |sum, (spot, order)| sum.wrapping_add(mix(*spot, order)))
    }

    /// Changes the exchange's byte of a live order.
    pub fn set_mark(&mut self, key: OrderKey, change: impl FnOnce(u8) -> u8) -> bool {
        let Some(&spot) = self.spots.get(&key) else { return false };
        let order = self.order_mut(spot, key);
        order.mark = change(order.mark);
        true
    }

    /// The displayed levels of a side, best first.
    #[must_use]
    pub fn levels(&self, instrument: InstrumentIndex, side: Side) -> Vec<LevelView> {
        self.markets.get(&instrument.0).map_or(Vec::new(), |market| market.levels(side))
    }

    /// How many levels of all kinds stand.
    #[must_use]
    pub fn level_count(&self) -> usize {
        self.markets.values().map(Market::level_count).sum()
    }

    /// The live order of a session that was entered, replaced another or was elected and rests the longest ago.
    #[must_use]
    pub fn first_of_session(&self, session: SessionIndex) -> Option<OrderKey> {
        self.entries.range((session, 0)..=(session, u64::MAX)).next().map(|(_, &key)| key)
    }

    /// The keys of all live orders.
    pub fn live_keys(&self) -> impl Iterator<Item = OrderKey> {
        self.spots.keys().copied()
    }

    /// Where a live order stands.
    #[must_use]
    pub fn place(&self, key: OrderKey) -> Option<Place> {
        self.spots.get(&key).map(|spot| spot.kind)
    }

    fn cancel(&mut self, key: OrderKey, reason: CancelReason) -> Result<Vec<BookEvent>, BookReject> {
        let (_, order) = self.live(key)?;
        Ok(self.take_off(key, order.leaves, reason))
    }

    fn reduce(&mut self, key: OrderKey, to: ReduceTo) -> Result<Vec<BookEvent>, BookReject> {
        let (_, order) = self.live(key)?;
        let leaves = i128::from(order.leaves);
        let gone = i128::from(order.liable) - leaves;
        let target = match to {
            ReduceTo::Open(qty) => i128::from(qty.0),
            ReduceTo::By(qty) => leaves - i128::from(qty.0),
            ReduceTo::Intended(qty) => i128::from(qty.0) - gone,
        };
        if target >= leaves {
            return Err(BookReject::NotReduced);
        }
        let taken = u32::try_from(leaves - target.max(0)).expect("no more than the open quantity");
        Ok(self.take_off(key, taken, CancelReason::Reduced))
    }

    fn take_off(&mut self, key: OrderKey, taken: u32, reason: CancelReason) -> Vec<BookEvent> {
        let (spot, before) = self.live(key).expect("the caller has looked");
        let displayed = self.markets[&spot.instrument].displayed(spot.side, before.limit(spot));
        let order = self.order_mut(spot, key);
        order.leaves -= taken;
        order.liable -= taken;
        order.shown = order.shown.min(order.leaves);
        let after = *order;
        if after.leaves == 0 {
            self.remove(spot, key);
            self.forget(key);
        }
        let mut events = vec![canceled_resting(spot, &before, taken, after.shown, reason)];
        if spot.kind == Place::Displayed {
            let market = &self.markets[&spot.instrument];
            events.extend(market.level_event(spot.instrument, spot.side, spot.price, displayed));
        }
        events
    }

    fn is_off_tick(&self, instrument: u32, price: i64) -> bool {
        self.ticks.get(&instrument).is_some_and(|tick| price % tick != 0)
    }

    fn live(&self, key: OrderKey) -> Result<(Spot, TwinOrder), BookReject> {
        let spot = *self.spots.get(&key).ok_or(BookReject::NotLive)?;
        let order = match spot.kind {
            Place::Elected => self.elected.iter().find(|(_, order)| order.key == key).map(|(_, order)| order),
            _ => self.markets[&spot.instrument].find(spot.side, spot.kind, spot.price, key),
        };
        Ok((spot, *order.expect("a live order stands in its place")))
    }

    fn order_mut(&mut self, spot: Spot, key: OrderKey) -> &mut TwinOrder {
        let order = match spot.kind {
            Place::Elected => self.elected.iter_mut().find(|(_, order)| order.key == key).map(|(_, order)| order),
            _ => {
                let market = self.markets.get_mut(&spot.instrument).expect("a live order has a market");
                market.find_mut(spot.side, spot.kind, spot.price, key)
            }
        };
        order.expect("a live order stands in its place")
    }

    /// Takes an order out of where it stands.
    fn remove(&mut self, spot: Spot, key: OrderKey) {
        self.elected.retain(|(_, order)| order.key != key);
        if let Some(market) = self.markets.get_mut(&spot.instrument) {
            market.remove(spot.side, spot.kind, spot.price, key);
        }
    }

    fn remember(&mut self, key: OrderKey, spot: Spot) {
        self.entry += 1;
        self.spots.insert(key, spot);
        self.entries.insert((key.session(), self.entry), key);
    }

    fn forget(&mut self, key: OrderKey) {
        self.spots.remove(&key);
        self.entries.retain(|_, live| *live != key);
    }
}

/// An order's term of the state hash.
fn mix(spot: Spot, order: &TwinOrder) -> u64 {
    let state = OrderState {
        instrument: InstrumentIndex(spot.instrument),
        side: spot.side,
        price: Price(spot.price),
        key: order.key,
        order_ref: order.order_ref,
        owner: order.owner,
        leaves: order.leaves,
        shown: order.shown,
        display: order.display,
        liable: order.liable,
        stamp: order.stamp,
        place: spot.kind,
        gtc: order.gtc,
        mark: order.mark,
        stop: order.stop,
    };
    state.mix()
}

/// The event for quantity taken off an order that stands somewhere, of which `before` is the state before, and which displays so much now.
fn canceled_resting(spot: Spot, before: &TwinOrder, taken: u32, on_display: u32, reason: CancelReason) -> BookEvent {
    BookEvent::Canceled {
        key: before.key,
        order_ref: before.order_ref,
        instrument: InstrumentIndex(spot.instrument),
        side: spot.side,
        price: Price(before.limit(spot)),
        qty: Qty(taken),
        leaves: Qty(before.leaves - taken),
        resting: true,
        off_display: Qty(before.shown - on_display),
        on_display: Qty(on_display),
        reason,
    }
}
