//! Orders entering the book.
//!
//! All checks come before the first change, so a refused command leaves everything as it was. That an order which trades first can
//! always rest what is left of it needs no look ahead: what is left means that at least one whole level of the other side is gone,
//! and with it room for an order and a level; and its own side has no level at a price that the other side reached.

use super::Book;
use super::command::{NewOrder, TimeInForce};
use super::event::{BookEvent, BookReject, CancelReason, Listener};
use super::index::Position;
use super::ladder::{LadderId, Spot};
use super::matching::{Incoming, Swept, Vacated};
use super::order::{Order, Traits};
use super::slab::NIL;
use wire::Qty;

/// How a checked order goes on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// It trades with whom it meets, and rests if it may.
    Match,
    /// It is canceled whole.
    Kill(CancelReason),
}

impl NewOrder {
    /// Whether nothing is asked for that needs a look ahead or a wait.
    #[inline(always)]
    const fn is_plain(&self) -> bool {
        !self.post_only && self.stop.is_none() && self.min_qty.is_zero() && !matches!(self.tif, TimeInForce::Fok)
    }
}

impl Book {
    /// Enters a new order; see [`BookCommand::New`](super::BookCommand::New).
    #[inline(always)]
    pub fn enter(&mut self, order: &NewOrder, sink: &mut impl Listener) {
        let result = if order.instrument.0 >= self.limits.instruments {
            Err(BookReject::UnknownInstrument)
        } else if !self.sessions.contains(order.key.session()) {
            Err(BookReject::UnknownSession)
        } else if order.qty.is_zero() {
            Err(BookReject::ZeroQty)
        } else {
            match self.find(order.key) {
                (NIL, position) => self.enter_key(order, position, sink),
                _ => Err(BookReject::DuplicateKey),
            }
        };
        if let Err(reason) = result {
            sink.hear(BookEvent::Rejected { key: order.key, reason });
        }
    }

    /// Enters an order whose key is free. The usual order, which rests without meeting anybody, goes straight through.
    #[inline(always)]
    fn enter_key(&mut self, order: &NewOrder, position: Position, sink: &mut impl Listener) -> Result<(), BookReject> {
        let opposite = LadderId::new(order.instrument, order.side.opposite());
        if !order.is_plain() || self.level_to_meet(opposite, order.price) != NIL {
            // By value: where this function is part of the caller, only this way has to write the order to memory.
            return self.enter_busy(*order, sink);
        }
        if !order.tif.rests() {
            sink.hear(accepted(order));
            sink.hear(Incoming::new(order).take_off(order.qty.0, CancelReason::ImmediateRest));
            return Ok(());
        }
        let ladder = LadderId::resting(order.instrument, order.side, order.hidden);
        let spot = self.ladders.spot(ladder, order.price).ok_or(BookReject::OffTick)?;
        let level = self.check_room(spot, order.qty.0, NIL)?;
        sink.hear(accepted(order));
        self.rest(&Incoming::new(order), position, spot, level, None, sink);
        Ok(())
    }

    /// Enters an order that trades, looks ahead or waits.
    #[inline(never)]
    fn enter_busy(&mut self, order: NewOrder, sink: &mut impl Listener) -> Result<(), BookReject> {
        if let Some(stop) = order.stop {
            return self.enter_stop(&order, stop, sink);
        }
        let incoming = Incoming::new(&order);
        let way = self.check(&incoming, NIL)?;
        sink.hear(accepted(&order));
        self.carry_in(incoming, way, None, sink);
        Ok(())
    }

    /// Checks everything that could stand against an entry, as if the order at `leaving` (or none) were gone.
    pub(super) fn check(&self, incoming: &Incoming, leaving: u32) -> Result<Way, BookReject> {
        let terms = incoming.terms;
        let crosses = self.meets(incoming, leaving);
        if terms.post_only && crosses {
            return Err(BookReject::PostOnlyWouldTrade);
        }
        let min_qty = terms.min_qty.0;
        if min_qty > 0 && (min_qty > incoming.leaves || !self.can_trade(incoming, min_qty, leaving)) {
            return if terms.tif.rests() { Err(BookReject::MinQtyNotMet) } else { Ok(Way::Kill(CancelReason::MinQty)) };
        }
        if terms.tif == TimeInForce::Fok && !self.can_trade(incoming, incoming.leaves, leaving) {
            return Ok(Way::Kill(CancelReason::FillOrKill));
        }
        if !terms.tif.rests() {
            return Ok(Way::Match);
        }
        let ladder = LadderId::resting(terms.instrument, terms.side, terms.hidden);
        let spot = self.ladders.spot(ladder, terms.price).ok_or(BookReject::OffTick)?;
        if crosses {
            return Ok(Way::Match);
        }
        self.check_room(spot, incoming.leaves, leaving)?;
        Ok(Way::Match)
    }

    /// Checks that so much can join the level at a spot, and gives that level when it stands.
    #[inline(always)]
    pub(super) fn check_room(&self, spot: Spot, qty: u32, leaving: u32) -> Result<Option<u32>, BookReject> {
        if leaving == NIL && self.orders.is_full() {
            return Err(BookReject::OrdersFull);
        }
        let (left_level, left_qty) = match leaving {
            NIL => (NIL, 0),
            slot => (self.orders.at(slot).level, self.orders.at(slot).leaves),
        };
        let standing = self.ladders.standing(spot);
        match standing {
            Some(level) => {
                let open = self.ladders.at(level).open - if level == left_level { left_qty } else { 0 };
                if open.checked_add(qty).is_none() {
                    return Err(BookReject::LevelQuantityOverflow);
                }
            }
            None => {
                if self.ladders.is_full() && !self.stands_alone(leaving) {
                    return Err(BookReject::LevelsFull);
                }
            }
        }
        Ok(standing)
    }

    /// Matches a checked order, or cancels it where it may not trade, and lets rest what may.
    #[inline(never)]
    pub(super) fn carry_in(
        &mut self,
        mut incoming: Incoming,
        way: Way,
        mut vacated: Option<Vacated>,
        sink: &mut impl Listener,
    ) {
        let rests = incoming.terms.tif.rests();
        let ended = match way {
            Way::Kill(reason) => Some(reason),
            Way::Match => match self.sweep(&mut incoming, &mut vacated, sink) {
                Swept::LimitReached => Some(CancelReason::SweepLimit),
                Swept::Done if rests => None,
                Swept::Done => Some(CancelReason::ImmediateRest),
            },
        };
        if let (Some(reason), 1..) = (ended, incoming.leaves) {
            sink.hear(incoming.take_off(incoming.leaves, reason));
        }
        let terms = incoming.terms;
        let ladder = LadderId::resting(terms.instrument, terms.side, terms.hidden);
        let joins = |left: &mut Vacated| (left.ladder, left.price) == (ladder, terms.price);
        let returns = if incoming.leaves > 0 { vacated.take_if(joins) } else { None };
        if let Some(left) = vacated {
            self.announce(left, sink);
        }
        if incoming.leaves > 0 {
            // The level was looked for before the order that is replaced left, and that may have taken the level away.
            let Some(spot) = self.ladders.spot(ladder, terms.price) else { unreachable!("the price was checked") };
            let (_, position) = self.find(terms.key);
            self.rest(&incoming, position, spot, self.ladders.standing(spot), returns, sink);
        }
        if let Some(prices) = incoming.traded {
            self.note_trades(terms.instrument, prices);
        }
    }

    /// Lets what is left of an order rest, at `standing` or at a new level; its key is to stand at `position` of the index.
    #[inline(always)]
    pub(super) fn rest(
        &mut self,
        incoming: &Incoming,
        position: Position,
        spot: Spot,
        standing: Option<u32>,
        mut returns: Option<Vacated>,
        sink: &mut impl Listener,
    ) {
        let Incoming { terms, leaves, liable, .. } = incoming;
        let ladder = LadderId::resting(terms.instrument, terms.side, terms.hidden);
        let level = standing.unwrap_or_else(|| self.ladders.raise(ladder, terms.price, spot));
        let place = (ladder, terms.price);
        let before = self.shown_before(level, place, &mut returns);
        self.stamp += 1;
        let order = Order {
            key: terms.key,
            order_ref: terms.order_ref,
            stamp: self.stamp,
            liable: *liable,
            leaves: *leaves,
            shown: Order::slice(*leaves, terms.display.0, terms.hidden),
            display: terms.display.0,
            level,
            prev: NIL,
            next: NIL,
            older: NIL,
            newer: NIL,
            owner: terms.owner,
            traits: Traits::new(terms.hidden, terms.tif == TimeInForce::Gtc),
            mark: terms.mark,
        };
        let Some(slot) = self.orders.insert(order) else { unreachable!("room for the order was checked") };
        self.index.insert_at(position, slot, |slot| self.orders.at(slot).key);
        self.sessions.push(&mut self.orders, slot);
        self.ladders.at_mut(level).join(&mut self.orders, slot);
        self.state_hash = self.state_hash.wrapping_add(order.mix(place));
        if !terms.hidden {
            sink.hear(BookEvent::Rested {
                key: order.key,
                order_ref: order.order_ref,
                instrument: terms.instrument,
                side: terms.side,
                price: terms.price,
                shown: Qty(order.shown),
                in_place_of: incoming.in_place_of,
            });
        }
        self.settle(level, place, before, sink);
    }

    /// Stores an order that is not there yet, and lists it under its key and session. The caller has checked that there is room.
    pub(super) fn register(&mut self, order: Order) -> u32 {
        let Some(slot) = self.orders.insert(order) else { unreachable!("room for the order was checked") };
        self.index.insert(order.key, slot, |slot| self.orders.at(slot).key);
        self.sessions.push(&mut self.orders, slot);
        slot
    }

    /// Says what a level displays that an order has left.
    fn announce(&self, left: Vacated, sink: &mut impl Listener) {
        let shown = self.ladders.find(left.ladder, left.price).map_or(0, |level| self.ladders.at(level).shown);
        if shown != left.before {
            sink.hear(BookEvent::Level {
                instrument: left.ladder.instrument(),
                side: left.ladder.side(),
                price: left.price,
                qty: shown,
            });
        }
    }
}

const fn accepted(order: &NewOrder) -> BookEvent {
    BookEvent::Accepted {
        key: order.key,
        order_ref: order.order_ref,
        instrument: order.instrument,
        side: order.side,
        price: order.price,
        qty: order.qty,
    }
}
