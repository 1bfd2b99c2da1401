//! Orders entering the book, as new ones and in the place of others.
//!
//! All checks come before the first change, so a refused command leaves everything as it was. That an order which trades first can
//! always rest what is left of it needs no look ahead: what is left means that at least one whole level of the other side is gone,
//! and with it room for an order and a level; and its own side has no level at a price that the other side reached.

use wire::{Price, Qty};

use super::Book;
use super::command::{NewOrder, QtyBasis, Replace, ReplaceKind, TimeInForce};
use super::event::{BookEvent, BookReject, CancelReason};
use super::ladder::{ladder_of, ladder_parts};
use super::matching::{Incoming, Swept, Vacated};
use super::order::Order;
use super::slab::NIL;

impl Book {
    /// Enters a new order.
    pub(super) fn enter(&mut self, order: &NewOrder, sink: &mut impl FnMut(BookEvent)) -> Result<(), BookReject> {
        if order.instrument.0 >= self.limits.instruments {
            return Err(BookReject::UnknownInstrument);
        }
        if !self.sessions.contains(order.key.session()) {
            return Err(BookReject::UnknownSession);
        }
        if order.qty.is_zero() {
            return Err(BookReject::ZeroQty);
        }
        if self.slot_of(order.key).is_some() {
            return Err(BookReject::DuplicateKey);
        }
        if order.stop.is_some() {
            return Err(BookReject::StopsFull);
        }
        let incoming = Incoming { terms: *order, leaves: order.qty.0, liable: order.qty.0 };
        let kill = self.check(&incoming, NIL)?;
        sink(BookEvent::Accepted {
            key: order.key,
            order_ref: order.order_ref,
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            qty: order.qty,
        });
        self.carry_in(incoming, kill, None, sink);
        Ok(())
    }

    /// Replaces a live order.
    pub(super) fn replace(&mut self, replace: &Replace, sink: &mut impl FnMut(BookEvent)) -> Result<(), BookReject> {
        let slot = self.slot_of(replace.key).ok_or(BookReject::NotLive)?;
        if !self.sessions.contains(replace.new_key.session()) {
            return Err(BookReject::UnknownSession);
        }
        if replace.new_key != replace.key && self.slot_of(replace.new_key).is_some() {
            return Err(BookReject::DuplicateKey);
        }
        if replace.qty.is_zero() {
            return Err(BookReject::ZeroQty);
        }
        if replace.stop.is_some() {
            return Err(BookReject::NotAStop);
        }
        let old = *self.orders.at(slot);
        let (ladder, price) = (self.ladders.levels.at(old.level).ladder, self.ladders.levels.at(old.level).price);
        let (instrument, old_side) = ladder_parts(ladder);
        let gone = old.liable - old.leaves;
        let asked = replace.qty.0;
        let (side, leaves, liable) = match replace.kind {
            ReplaceKind::ReEnter { side } => (side.unwrap_or(old_side), asked, asked),
            ReplaceKind::Amend { basis: QtyBasis::Open } => {
                (old_side, asked, gone.checked_add(asked).ok_or(BookReject::LiableOverflow)?)
            }
            ReplaceKind::Amend { basis: QtyBasis::Intended } => {
                let open = asked.saturating_sub(gone);
                if open == 0 {
                    self.take_off(slot, old.leaves, CancelReason::User, sink);
                    return Ok(());
                }
                (old_side, open, asked)
            }
        };
        let keeps_place = matches!(replace.kind, ReplaceKind::Amend { .. })
            && replace.tif.rests()
            && replace.price == price
            && leaves <= old.leaves
            && (replace.display.0, replace.hidden) == (old.display, old.hidden);
        let replaced = BookEvent::Replaced {
            old_key: old.key,
            old_ref: old.order_ref,
            key: replace.new_key,
            order_ref: replace.order_ref,
            instrument,
            side,
            price: replace.price,
            qty: Qty(leaves),
            kept_priority: keeps_place,
            mark: old.mark,
        };
        if keeps_place {
            sink(replaced);
            self.rename(slot, replace, leaves, liable, sink);
            return Ok(());
        }
        let terms = NewOrder {
            instrument,
            key: replace.new_key,
            order_ref: replace.order_ref,
            owner: old.owner,
            side,
            price: replace.price,
            qty: Qty(leaves),
            tif: replace.tif,
            post_only: replace.post_only,
            min_qty: replace.min_qty,
            self_match: replace.self_match,
            display: replace.display,
            hidden: replace.hidden,
            stop: None,
            mark: old.mark,
        };
        let incoming = Incoming { terms, leaves, liable };
        let kill = self.check(&incoming, slot)?;
        sink(replaced);
        let before = self.ladders.levels.at(old.level).shown;
        self.remove(slot);
        if self.ladders.levels.at(old.level).is_empty() {
            self.ladders.remove(old.level);
        }
        self.carry_in(incoming, kill, Some(Vacated { ladder, price, before }), sink);
        Ok(())
    }

    /// Checks everything that could stand against an entry, as if the order at `leaving` (or none) were gone. The order is to be
    /// canceled whole, at once, for the reason that comes back.
    fn check(&self, incoming: &Incoming, leaving: u32) -> Result<Option<CancelReason>, BookReject> {
        let terms = &incoming.terms;
        let crosses = self.meets(incoming, leaving);
        if terms.post_only && crosses {
            return Err(BookReject::PostOnlyWouldTrade);
        }
        let min_qty = terms.min_qty.0;
        if min_qty > 0 && (min_qty > incoming.leaves || !self.can_trade(incoming, min_qty, leaving)) {
            return if terms.tif.rests() { Err(BookReject::MinQtyNotMet) } else { Ok(Some(CancelReason::MinQty)) };
        }
        if terms.tif == TimeInForce::Fok && !self.can_trade(incoming, incoming.leaves, leaving) {
            return Ok(Some(CancelReason::FillOrKill));
        }
        if terms.tif.rests() && !crosses {
            self.check_room(incoming, leaving)?;
        }
        Ok(None)
    }

    /// Checks that the whole order can rest.
    fn check_room(&self, incoming: &Incoming, leaving: u32) -> Result<(), BookReject> {
        let terms = &incoming.terms;
        if leaving == NIL && self.orders.is_full() {
            return Err(BookReject::OrdersFull);
        }
        let (left_level, left_qty) = match leaving {
            NIL => (NIL, 0),
            slot => (self.orders.at(slot).level, self.orders.at(slot).leaves),
        };
        match self.ladders.find(ladder_of(terms.instrument, terms.side), terms.price) {
            Some(level) => {
                let open = self.ladders.levels.at(level).open - if level == left_level { left_qty } else { 0 };
                if open.checked_add(incoming.leaves).is_none() {
                    return Err(BookReject::LevelQuantityOverflow);
                }
            }
            None => {
                let frees_its_level = left_level != NIL && self.ladders.levels.at(left_level).orders() == 1;
                if self.ladders.levels.is_full() && !frees_its_level {
                    return Err(BookReject::LevelsFull);
                }
            }
        }
        Ok(())
    }

    /// Matches a checked order, or cancels it where `kill` says so, and lets rest what may.
    fn carry_in(
        &mut self,
        mut incoming: Incoming,
        kill: Option<CancelReason>,
        mut vacated: Option<Vacated>,
        sink: &mut impl FnMut(BookEvent),
    ) {
        let ended = match kill {
            Some(reason) => Some(reason),
            None => match self.sweep(&mut incoming, &mut vacated, sink) {
                Swept::LimitReached => Some(CancelReason::SweepLimit),
                Swept::Done if incoming.terms.tif.rests() => None,
                Swept::Done => Some(CancelReason::ImmediateRest),
            },
        };
        if let (Some(reason), 1..) = (ended, incoming.leaves) {
            sink(incoming.take_off(incoming.leaves, reason));
        }
        let ladder = ladder_of(incoming.terms.instrument, incoming.terms.side);
        let joins = |left: &mut Vacated| (left.ladder, left.price) == (ladder, incoming.terms.price);
        let returns = if incoming.leaves > 0 { vacated.take_if(joins) } else { None };
        if let Some(Vacated { ladder, price, before }) = vacated {
            self.announce(ladder, price, before, sink);
        }
        if incoming.leaves > 0 {
            self.rest(&incoming, ladder, returns, sink);
        }
    }

    /// Lets what is left of an order rest.
    fn rest(
        &mut self,
        incoming: &Incoming,
        ladder: u32,
        mut returns: Option<Vacated>,
        sink: &mut impl FnMut(BookEvent),
    ) {
        let Incoming { terms, leaves, liable } = incoming;
        let found = self.ladders.find(ladder, terms.price).or_else(|| self.ladders.add(ladder, terms.price));
        let Some(level) = found else { unreachable!("room for the level was checked") };
        let before = self.shown_before(level, &mut returns);
        self.add(Order {
            key: terms.key,
            order_ref: terms.order_ref,
            stamp: 0,
            liable: *liable,
            leaves: *leaves,
            shown: Order::slice(*leaves, terms.display.0, terms.hidden),
            display: terms.display.0,
            level,
            prev: NIL,
            next: NIL,
            owner: terms.owner,
            hidden: terms.hidden,
            gtc: terms.tif == TimeInForce::Gtc,
            mark: terms.mark,
        });
        self.settle(level, before, sink);
    }

    /// Gives an order, in its place, the name and quantities of its replacement.
    fn rename(&mut self, slot: u32, replace: &Replace, leaves: u32, liable: u32, sink: &mut impl FnMut(BookEvent)) {
        let Order { key, level, .. } = *self.orders.at(slot);
        let before = self.ladders.levels.at(level).shown;
        self.index.remove(key, slot);
        self.sessions.remove(key.session(), slot);
        self.count_out(slot);
        let order = self.orders.at_mut(slot);
        order.key = replace.new_key;
        order.order_ref = replace.order_ref;
        order.gtc = replace.tif == TimeInForce::Gtc;
        self.count_in(slot);
        self.index.insert(replace.new_key, slot);
        self.sessions.push(replace.new_key.session(), slot);
        self.shrink(slot, leaves, liable);
        self.settle(level, before, sink);
    }

    /// Says what stands now at a price, where it is not what stood there before.
    fn announce(&self, ladder: u32, price: Price, before: u32, sink: &mut impl FnMut(BookEvent)) {
        let qty = self.ladders.find(ladder, price).map_or(0, |level| self.ladders.levels.at(level).shown);
        if qty != before {
            let (instrument, side) = ladder_parts(ladder);
            sink(BookEvent::Level { instrument, side, price, qty });
        }
    }
}
