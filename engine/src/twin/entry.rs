//! Orders entering the naive book, as new ones, in the place of others, and once elected.

use wire::{InstrumentIndex, OrderRef, Price, Qty};

use super::attempt::{Attempt, canceled};
use super::market::{Market, TwinOrder};
use super::{Spot, TwinBook};
use crate::book::{
    BookEvent, BookReject, CancelReason, NewOrder, Place, QtyBasis, Replace, ReplaceKind, StopTerms, TimeInForce,
};

/// The order that an entering one was until now: the one that it replaces, or itself before it was elected.
pub(super) struct Former {
    pub spot: Spot,
    pub order: TwinOrder,
}

impl TwinBook {
    pub(super) fn new_order(&mut self, order: &NewOrder) -> Result<Vec<BookEvent>, BookReject> {
        if order.instrument.0 >= self.limits.instruments {
            return Err(BookReject::UnknownInstrument);
        }
        if order.key.session().0 >= self.limits.sessions {
            return Err(BookReject::UnknownSession);
        }
        if order.qty == Qty(0) {
            return Err(BookReject::ZeroQty);
        }
        if self.spots.contains_key(&order.key) {
            return Err(BookReject::DuplicateKey);
        }
        let accepted = BookEvent::Accepted {
            key: order.key,
            order_ref: order.order_ref,
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            qty: order.qty,
        };
        match order.stop {
            Some(stop) => self.wait(order, stop, order.qty.0, None)?,
            None => {
                let mut events = self.carry_in(order, order.qty.0, None, OrderRef(order.order_ref.0 + 1))?;
                events.insert(0, accepted);
                return Ok(events);
            }
        }
        Ok(vec![accepted])
    }

    pub(super) fn replace(&mut self, replace: &Replace) -> Result<Vec<BookEvent>, BookReject> {
        let (spot, old) = self.live(replace.key)?;
        if replace.new_key.session().0 >= self.limits.sessions {
            return Err(BookReject::UnknownSession);
        }
        if replace.new_key != replace.key && self.spots.contains_key(&replace.new_key) {
            return Err(BookReject::DuplicateKey);
        }
        if replace.qty == Qty(0) {
            return Err(BookReject::ZeroQty);
        }
        if replace.stop.is_some() && old.stop.is_none() {
            return Err(BookReject::NotAStop);
        }
        let gone = u64::from(old.liable - old.leaves);
        let qty = u64::from(replace.qty.0);
        let (side, liable, open) = match replace.kind {
            ReplaceKind::ReEnter { side } => (side.unwrap_or(spot.side), qty, qty),
            ReplaceKind::Amend { basis: QtyBasis::Open } => (spot.side, gone + qty, qty),
            ReplaceKind::Amend { basis: QtyBasis::Intended } if qty <= gone => {
                return Ok(self.take_off(replace.key, old.leaves, CancelReason::User));
            }
            ReplaceKind::Amend { basis: QtyBasis::Intended } => (spot.side, qty, qty - gone),
        };
        let open = u32::try_from(open).expect("no more than the quantity asked for");
        let liable = u32::try_from(liable).map_err(|_| BookReject::LiableOverflow)?;
        let kept_priority = open <= old.leaves && keeps_place(replace, spot, &old);
        let terms = NewOrder {
            instrument: InstrumentIndex(spot.instrument),
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
        let mut events = vec![BookEvent::Replaced {
            old_key: replace.key,
            old_ref: old.order_ref,
            key: replace.new_key,
            order_ref: if kept_priority { old.order_ref } else { replace.order_ref },
            instrument: InstrumentIndex(spot.instrument),
            side,
            price: replace.price,
            qty: Qty(open),
            kept_priority,
            off_display: Qty(if kept_priority { old.shown - old.shown.min(open) } else { old.shown }),
            mark: old.mark,
        }];
        let former = Former { spot, order: old };
        if kept_priority {
            events.extend(self.rename(&former, &terms, liable));
        } else if old.stop.is_some() {
            let stop = replace.stop.unwrap_or(Price(spot.price));
            self.wait(&terms, stop, liable, Some(&former))?;
        } else {
            events.extend(self.carry_in(&terms, liable, Some(&former), OrderRef(terms.order_ref.0 + 1))?);
            let takes_place = |event: &BookEvent| matches!(event, BookEvent::Rested { in_place_of: Some(_), .. });
            if events.iter().any(takes_place)
                && let BookEvent::Replaced { off_display, .. } = &mut events[0]
            {
                *off_display = Qty(0);
            }
        }
        Ok(events)
    }

    /// Gives an order, in its place, the name, quantities and later terms of its replacement.
    fn rename(&mut self, Former { spot, order: old }: &Former, terms: &NewOrder, liable: u32) -> Option<BookEvent> {
        let before = self.markets[&spot.instrument].displayed(spot.side, spot.price);
        let order = self.order_mut(*spot, old.key);
        order.key = terms.key;
        order.leaves = terms.qty.0;
        order.shown = order.shown.min(order.leaves);
        order.liable = liable;
        order.gtc = terms.tif == TimeInForce::Gtc;
        order.stop = old.stop.map(|_| stop_terms(terms));
        self.forget(old.key);
        self.remember(terms.key, *spot);
        let displayed = spot.kind == Place::Displayed;
        let market = &self.markets[&spot.instrument];
        market.level_event(spot.instrument, spot.side, spot.price, before).filter(|_| displayed)
    }

    /// Tries an order out on a copy of its market and keeps the copy when all is allowed. What comes back follows the
    /// acknowledgement.
    pub(super) fn carry_in(
        &mut self,
        terms: &NewOrder,
        liable: u32,
        former: Option<&Former>,
        next_ref: OrderRef,
    ) -> Result<Vec<BookEvent>, BookReject> {
        let start = self.markets.entry(terms.instrument.0).or_default().clone();
        let mut market = start.clone();
        if let Some(Former { spot, order }) = former {
            market.remove(spot.side, spot.kind, spot.price, order.key);
        }
        let left = former.map(|former| former.spot).filter(|spot| spot.kind == Place::Displayed);
        let rests = terms.tif == TimeInForce::Day || terms.tif == TimeInForce::Gtc;
        if terms.post_only && market.best_reached(terms).is_some() {
            return Err(BookReject::PostOnlyWouldTrade);
        }
        let mut attempt = Attempt::new(&start, market.clone(), terms, self.stamp, next_ref);
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
        if rests && self.is_off_tick(terms.instrument.0, terms.price.0) {
            return Err(BookReject::OffTick);
        }
        if kill.is_some() {
            attempt = Attempt::new(&start, market, terms, self.stamp, next_ref);
        }
        let ended = match kill {
            Some(reason) => Some(reason),
            None if attempt.limit_reached => Some(CancelReason::SweepLimit),
            None if rests => None,
            None => Some(CancelReason::ImmediateRest),
        };
        let joined = (attempt.leaves > 0 && ended.is_none()).then_some(Spot {
            instrument: terms.instrument.0,
            side: terms.side,
            kind: if terms.hidden { Place::Hidden } else { Place::Displayed },
            price: terms.price.0,
        });
        if let (Some(reason), true) = (ended, attempt.leaves > 0) {
            attempt.events.push(canceled(terms, attempt.leaves, 0, reason));
            attempt.leaves = 0;
        }
        let shown_before = former.map_or(0, |former| former.order.shown);
        let meets_nobody = attempt.events.is_empty();
        let stays = former.is_some_and(|former| former.spot.side == terms.side);
        let takes_place = shown_before > 0 && stays && meets_nobody;
        if joined.is_some() {
            attempt.rest(terms, liable);
        }
        let same_price =
            |spot: &Spot| joined.is_some_and(|joined| (spot.side, spot.price) == (joined.side, joined.price));
        for spot in left.filter(|spot| !same_price(spot)).into_iter().chain(joined) {
            if joined == Some(spot) && spot.kind == Place::Displayed {
                attempt.events.push(BookEvent::Rested {
                    key: terms.key,
                    order_ref: terms.order_ref,
                    instrument: terms.instrument,
                    side: terms.side,
                    price: terms.price,
                    shown: Qty(attempt.next_slice_of(terms)),
                    in_place_of: former.filter(|_| takes_place).map(|former| former.order.order_ref),
                });
            }
            let seen = spot.side != terms.side && attempt.visited.contains(&spot.price);
            if !seen {
                let before = start.displayed(spot.side, spot.price);
                attempt.events.extend(attempt.market.level_event(spot.instrument, spot.side, spot.price, before));
            }
        }
        if let Some(spot) = joined {
            self.check_room(&attempt.market, spot)?;
        }

        // Allowed: make it so.
        if let Some(Former { order, .. }) = former {
            self.forget(order.key);
        }
        if let Some(spot) = joined {
            self.remember(terms.key, spot);
        }
        for key in &attempt.dead {
            self.forget(*key);
        }
        self.stamp = attempt.stamp;
        self.markets.insert(terms.instrument.0, attempt.market);
        Ok(attempt.events)
    }

    /// Checks the limits as the book would be with this market in it, in which an order has joined a level.
    pub(super) fn check_room(&self, market: &Market, joined: Spot) -> Result<(), BookReject> {
        let others = || self.markets.iter().filter(|(other, _)| **other != joined.instrument).map(|(_, market)| market);
        let resting: usize = others().map(Market::order_count).sum();
        if resting + market.order_count() + self.elected.len() > self.limits.orders as usize {
            return Err(BookReject::OrdersFull);
        }
        if joined.kind != Place::Elected && self.is_off_tick(joined.instrument, joined.price) {
            return Err(BookReject::OffTick);
        }
        if others().map(Market::level_count).sum::<usize>() + market.level_count() > self.limits.levels as usize {
            return Err(BookReject::LevelsFull);
        }
        if joined.kind != Place::Elected {
            let queue = &market.level(joined.side, joined.kind)[&joined.price];
            if queue.iter().map(|order| u64::from(order.leaves)).sum::<u64>() > u64::from(u32::MAX) {
                return Err(BookReject::LevelQuantityOverflow);
            }
        }
        Ok(())
    }
}

/// Whether a replacement for no more quantity stands where the order stood.
fn keeps_place(replace: &Replace, spot: Spot, old: &TwinOrder) -> bool {
    let amends = matches!(replace.kind, ReplaceKind::Amend { .. });
    let same = replace.price.0 == old.limit(spot) && replace.display.0 == old.display;
    amends
        && same
        && match old.stop {
            Some(terms) => replace.hidden == terms.hidden && replace.stop.is_none_or(|stop| stop == Price(spot.price)),
            None => {
                let stays_passive = replace.tif == TimeInForce::Day || replace.tif == TimeInForce::Gtc;
                stays_passive && replace.hidden == (spot.kind == Place::Hidden)
            }
        }
}

/// What an order does later that waits for its stop price.
pub(super) fn stop_terms(order: &NewOrder) -> StopTerms {
    StopTerms {
        limit: order.price,
        tif: order.tif,
        post_only: order.post_only,
        min_qty: order.min_qty.0,
        self_match: order.self_match,
        hidden: order.hidden,
    }
}
