//! The book written naively: the model that tests hold the real book against.
//!
//! Goal: obviously right. Ordered maps and queues; a command works on a copy of its instrument, which replaces the original when
//! everything has been allowed; look-ahead is trying it out; totals and the state hash are added up anew each time. Non-goal: speed,
//! and any code in common with the book beyond its commands, its events and the mix of its state hash.
#![forbid(unsafe_code)]

mod attempt;
mod market;

use std::collections::BTreeMap;

use wire::{InstrumentIndex, Qty, SessionIndex, Side};

use crate::book::{
    BookCommand, BookEvent, BookLimits, BookReject, CancelReason, LevelView, NewOrder, OrderKey, OrderState, QtyBasis,
    ReduceTo, Replace, ReplaceKind, TimeInForce,
};
use attempt::{Attempt, canceled};
use market::{Market, TwinOrder};

/// Where a live order stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    instrument: u32,
    side: Side,
    price: i64,
}

/// The naive book.
#[derive(Clone, Debug)]
pub struct TwinBook {
    limits: BookLimits,
    markets: BTreeMap<u32, Market>,
    places: BTreeMap<OrderKey, Place>,
    /// Live keys by session and entry.
    entries: BTreeMap<(SessionIndex, u64), OrderKey>,
    stamp: u64,
    entry: u64,
}

/// An order that enters in the place of another one.
struct InPlaceOf {
    place: Place,
    order: TwinOrder,
    acknowledgement: BookEvent,
}

impl TwinBook {
    /// An empty book with the limits of the real one.
    #[must_use]
    pub fn new(limits: &BookLimits) -> Self {
        Self {
            limits: *limits,
            markets: BTreeMap::new(),
            places: BTreeMap::new(),
            entries: BTreeMap::new(),
            stamp: 0,
            entry: 0,
        }
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
            Ok(events) => events.into_iter().for_each(sink),
            Err(reason) => sink(BookEvent::Rejected { key, reason }),
        }
    }

    /// The state hash, added up over all orders.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut sum = 0u64;
        for (&instrument, market) in &self.markets {
            for side in [Side::Buy, Side::Sell] {
                for (&price, queue) in market.side(side) {
                    for order in queue {
                        let state = OrderState {
                            instrument: InstrumentIndex(instrument),
                            side,
                            price: wire::Price(price),
                            key: order.key,
                            order_ref: order.order_ref,
                            owner: order.owner,
                            leaves: order.leaves,
                            shown: order.shown,
                            display: order.display,
                            liable: order.liable,
                            stamp: order.stamp,
                            place: if order.hidden {
                                crate::book::Place::Hidden
                            } else {
                                crate::book::Place::Displayed
                            },
                            gtc: order.gtc,
                            mark: order.mark,
                            stop: None,
                        };
                        sum = sum.wrapping_add(state.mix());
                    }
                }
            }
        }
        sum
    }

    /// Changes the exchange's byte of a live order.
    pub fn set_mark(&mut self, key: OrderKey, change: impl FnOnce(u8) -> u8) -> bool {
        let Some(Place { instrument, side, price }) = self.places.get(&key).copied() else { return false };
        let market = self.markets.get_mut(&instrument).expect("a live order has a market");
        let order = market.find_mut(side, price, key).expect("a live order stands in its place");
        order.mark = change(order.mark);
        true
    }

    /// The displayed levels of a side, best first.
    #[must_use]
    pub fn levels(&self, instrument: InstrumentIndex, side: Side) -> Vec<LevelView> {
        self.markets.get(&instrument.0).map_or(Vec::new(), |market| market.levels(side))
    }

    /// The live order of a session that was entered the longest ago.
    #[must_use]
    pub fn first_of_session(&self, session: SessionIndex) -> Option<OrderKey> {
        self.entries.range((session, 0)..=(session, u64::MAX)).next().map(|(_, &key)| key)
    }

    /// The keys of all live orders.
    pub fn live_keys(&self) -> impl Iterator<Item = OrderKey> {
        self.places.keys().copied()
    }

    fn new_order(&mut self, order: &NewOrder) -> Result<Vec<BookEvent>, BookReject> {
        if order.instrument.0 >= self.limits.instruments {
            return Err(BookReject::UnknownInstrument);
        }
        if order.key.session().0 >= self.limits.sessions {
            return Err(BookReject::UnknownSession);
        }
        if order.qty == Qty(0) {
            return Err(BookReject::ZeroQty);
        }
        if self.places.contains_key(&order.key) {
            return Err(BookReject::DuplicateKey);
        }
        if order.stop.is_some() {
            return Err(BookReject::StopsFull);
        }
        self.place(order, order.qty.0, None)
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

    fn replace(&mut self, replace: &Replace) -> Result<Vec<BookEvent>, BookReject> {
        let (place, old) = self.live(replace.key)?;
        if replace.new_key.session().0 >= self.limits.sessions {
            return Err(BookReject::UnknownSession);
        }
        if replace.new_key != replace.key && self.places.contains_key(&replace.new_key) {
            return Err(BookReject::DuplicateKey);
        }
        if replace.qty == Qty(0) {
            return Err(BookReject::ZeroQty);
        }
        if replace.stop.is_some() {
            return Err(BookReject::NotAStop);
        }
        let gone = u64::from(old.liable - old.leaves);
        let qty = u64::from(replace.qty.0);
        let (side, liable, open) = match replace.kind {
            ReplaceKind::ReEnter { side } => (side.unwrap_or(place.side), qty, qty),
            ReplaceKind::Amend { basis: QtyBasis::Open } => (place.side, gone + qty, qty),
            ReplaceKind::Amend { basis: QtyBasis::Intended } if qty <= gone => {
                return Ok(self.take_off(replace.key, old.leaves, CancelReason::User));
            }
            ReplaceKind::Amend { basis: QtyBasis::Intended } => (place.side, qty, qty - gone),
        };
        let open = u32::try_from(open).expect("no more than the quantity asked for");
        let liable = u32::try_from(liable).map_err(|_| BookReject::LiableOverflow)?;
        let amends = matches!(replace.kind, ReplaceKind::Amend { .. });
        let stays_passive = replace.tif == TimeInForce::Day || replace.tif == TimeInForce::Gtc;
        let same = replace.price.0 == place.price && replace.hidden == old.hidden && replace.display.0 == old.display;
        let kept_priority = amends && stays_passive && same && open <= old.leaves;
        let acknowledgement = BookEvent::Replaced {
            old_key: replace.key,
            old_ref: old.order_ref,
            key: replace.new_key,
            order_ref: replace.order_ref,
            instrument: InstrumentIndex(place.instrument),
            side,
            price: replace.price,
            qty: Qty(open),
            kept_priority,
            mark: old.mark,
        };
        if kept_priority {
            let market = self.markets.get_mut(&place.instrument).expect("a live order has a market");
            let before = market.displayed(side, place.price);
            let order = market.find_mut(side, place.price, replace.key).expect("a live order stands in its place");
            order.key = replace.new_key;
            order.order_ref = replace.order_ref;
            order.leaves = open;
            order.shown = order.shown.min(open);
            order.liable = liable;
            order.gtc = replace.tif == TimeInForce::Gtc;
            let mut events = vec![acknowledgement];
            events.extend(market.level_event(place.instrument, side, place.price, before));
            self.forget(replace.key);
            self.remember(replace.new_key, place);
            return Ok(events);
        }
        let terms = NewOrder {
            instrument: InstrumentIndex(place.instrument),
            key: replace.new_key,
            order_ref: replace.order_ref,
            owner: old.owner,
            side,
            price: replace.price,
            qty: Qty(open),
            tif: replace.tif,
            post_only: replace.post_only,
            min_qty: replace.min_qty,
            self_match: replace.self_match,
            display: replace.display,
            hidden: replace.hidden,
            stop: None,
            mark: old.mark,
        };
        self.place(&terms, liable, Some(InPlaceOf { place, order: old, acknowledgement }))
    }

    /// Tries an order out on a copy of its market and keeps the copy when all is allowed.
    fn place(
        &mut self,
        terms: &NewOrder,
        liable: u32,
        in_place_of: Option<InPlaceOf>,
    ) -> Result<Vec<BookEvent>, BookReject> {
        let start = self.markets.entry(terms.instrument.0).or_default().clone();
        let mut market = start.clone();
        let mut events = Vec::new();
        if let Some(InPlaceOf { place, order, acknowledgement }) = &in_place_of {
            market.remove(place.side, place.price, order.key);
            events.push(*acknowledgement);
        } else {
            events.push(BookEvent::Accepted {
                key: terms.key,
                order_ref: terms.order_ref,
                instrument: terms.instrument,
                side: terms.side,
                price: terms.price,
                qty: terms.qty,
            });
        }
        let old_place = in_place_of.as_ref().map(|old| (old.place.side, old.place.price));
        let rests = terms.tif == TimeInForce::Day || terms.tif == TimeInForce::Gtc;
        if terms.post_only && market.best_reached(terms).is_some() {
            return Err(BookReject::PostOnlyWouldTrade);
        }
        let mut attempt = Attempt::new(&start, market.clone(), terms, self.stamp);
        attempt.sweep(self.limits.fills_per_command);
        let kill = if attempt.traded_freely < terms.min_qty.0 {
            if rests {
                return Err(BookReject::MinQtyNotMet);
            }
            Some(CancelReason::MinQty)
        } else if terms.tif == TimeInForce::Fok && attempt.traded_freely < terms.qty.0 {
            Some(CancelReason::FillOrKill)
        } else {
            None
        };
        if kill.is_some() {
            attempt = Attempt::new(&start, market, terms, self.stamp);
        }
        let ended = match kill {
            Some(reason) => Some(reason),
            None if attempt.limit_reached => Some(CancelReason::SweepLimit),
            None if rests => None,
            None => Some(CancelReason::ImmediateRest),
        };
        let joined = (attempt.leaves > 0 && ended.is_none()).then_some((terms.side, terms.price.0));
        if let (Some(reason), true) = (ended, attempt.leaves > 0) {
            attempt.events.push(canceled(terms, attempt.leaves, 0, reason));
            attempt.leaves = 0;
        }
        if joined.is_some() {
            attempt.rest(terms, liable);
        }
        for (side, price) in old_place.filter(|&place| Some(place) != joined).into_iter().chain(joined) {
            let seen = side != terms.side && attempt.visited.contains(&price);
            if !seen {
                let before = start.displayed(side, price);
                attempt.events.extend(attempt.market.level_event(terms.instrument.0, side, price, before));
            }
        }
        if let Some((side, price)) = joined {
            self.check_room(terms.instrument.0, &attempt.market, side, price)?;
        }

        // Allowed: make it so.
        if let Some(old) = &in_place_of {
            self.forget(old.order.key);
        }
        for key in &attempt.dead {
            self.forget(*key);
        }
        if let Some((side, price)) = joined {
            self.remember(terms.key, Place { instrument: terms.instrument.0, side, price });
        }
        self.stamp = attempt.stamp;
        events.append(&mut attempt.events);
        self.markets.insert(terms.instrument.0, attempt.market);
        Ok(events)
    }

    /// Checks the limits as the market would be with the new order resting in it.
    fn check_room(&self, instrument: u32, market: &Market, side: Side, price: i64) -> Result<(), BookReject> {
        let others = || self.markets.iter().filter(|(other, _)| **other != instrument).map(|(_, market)| market);
        if others().map(Market::order_count).sum::<usize>() + market.order_count() > self.limits.orders as usize {
            return Err(BookReject::OrdersFull);
        }
        if others().map(Market::level_count).sum::<usize>() + market.level_count() > self.limits.levels as usize {
            return Err(BookReject::LevelsFull);
        }
        let open: u64 = market.side(side)[&price].iter().map(|order| u64::from(order.leaves)).sum();
        if open > u64::from(u32::MAX) {
            return Err(BookReject::LevelQuantityOverflow);
        }
        Ok(())
    }

    fn take_off(&mut self, key: OrderKey, taken: u32, reason: CancelReason) -> Vec<BookEvent> {
        let (place, order) = self.live(key).expect("the caller has looked");
        let Place { instrument, side, price } = place;
        let market = self.markets.get_mut(&instrument).expect("a live order has a market");
        let before = market.displayed(side, price);
        let leaves = order.leaves - taken;
        if leaves == 0 {
            market.remove(side, price, key);
        } else {
            let order = market.find_mut(side, price, key).expect("a live order stands in its place");
            order.leaves = leaves;
            order.liable -= taken;
            order.shown = order.shown.min(leaves);
        }
        let mut events = vec![BookEvent::Canceled {
            key,
            order_ref: order.order_ref,
            instrument: InstrumentIndex(instrument),
            side,
            price: wire::Price(price),
            qty: Qty(taken),
            leaves: Qty(leaves),
            resting: true,
            reason,
        }];
        events.extend(market.level_event(instrument, side, price, before));
        if leaves == 0 {
            self.forget(key);
        }
        events
    }

    fn live(&self, key: OrderKey) -> Result<(Place, TwinOrder), BookReject> {
        let place = *self.places.get(&key).ok_or(BookReject::NotLive)?;
        let queue = &self.markets[&place.instrument].side(place.side)[&place.price];
        let order = queue.iter().find(|order| order.key == key).expect("a live order stands in its place");
        Ok((place, *order))
    }

    fn remember(&mut self, key: OrderKey, place: Place) {
        self.entry += 1;
        self.places.insert(key, place);
        self.entries.insert((key.session(), self.entry), key);
    }

    fn forget(&mut self, key: OrderKey) {
        self.places.remove(&key);
        self.entries.retain(|_, live| *live != key);
    }
}
