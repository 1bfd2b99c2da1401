//! The incoming order meets the other side, best level first.

use wire::{Price, Qty, Side};

use super::Book;
use super::command::{NewOrder, SelfMatch};
use super::event::{BookEvent, CancelReason};
use super::ladder::ladder_of;
use super::order::Order;
use super::slab::NIL;

/// An order on its way into the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    pub terms: NewOrder,
    pub leaves: u32,
    pub liable: u32,
}

impl Incoming {
    /// Whether the limit allows a trade at this price.
    pub fn reaches(&self, price: Price) -> bool {
        match self.terms.side {
            Side::Buy => price <= self.terms.price,
            Side::Sell => price >= self.terms.price,
        }
    }

    /// Whether self-match prevention stands between this order and a resting one.
    pub fn is_kept_from(&self, maker: &Order) -> bool {
        maker.owner == self.terms.owner && self.terms.self_match != SelfMatch::Allow
    }

    /// Takes quantity off without a trade, and says so.
    pub fn take_off(&mut self, qty: u32, reason: CancelReason) -> BookEvent {
        self.leaves -= qty;
        BookEvent::Canceled {
            key: self.terms.key,
            order_ref: self.terms.order_ref,
            instrument: self.terms.instrument,
            side: self.terms.side,
            price: self.terms.price,
            qty: Qty(qty),
            leaves: Qty(self.leaves),
            resting: false,
            reason,
        }
    }
}

/// The level that a replaced order left, until its `Level` event is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vacated {
    pub ladder: u32,
    pub price: Price,
    /// What the level displayed before the command.
    pub before: u32,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// Nothing is left of the order, or nothing that it reaches.
    Done,
    /// The order met as many makers as one command may.
    LimitReached,
}

impl Book {
    /// Trades the incoming order against all that it reaches.
    pub(super) fn sweep(
        &mut self,
        taker: &mut Incoming,
        vacated: &mut Option<Vacated>,
        sink: &mut impl FnMut(BookEvent),
    ) -> Swept {
        let ladder = ladder_of(taker.terms.instrument, taker.terms.side.opposite());
        let mut fills_left = self.limits.fills_per_command;
        while taker.leaves > 0 {
            let level = self.ladders.best(ladder);
            if level == NIL || !taker.reaches(self.ladders.levels.at(level).price) {
                break;
            }
            if fills_left == 0 {
                return Swept::LimitReached;
            }
            let before = self.shown_before(level, vacated);
            self.meet(level, taker, &mut fills_left, sink);
            self.settle(level, before, sink);
        }
        Swept::Done
    }

    /// What a level displayed before the command, in which a replaced order may have left it already.
    pub(super) fn shown_before(&self, level: u32, vacated: &mut Option<Vacated>) -> u32 {
        let level = self.ladders.levels.at(level);
        match *vacated {
            Some(left) if (left.ladder, left.price) == (level.ladder, level.price) => {
                *vacated = None;
                left.before
            }
            _ => level.shown,
        }
    }

    /// Meets the orders of one level, front to back, until one side or the budget is used up.
    fn meet(&mut self, level: u32, taker: &mut Incoming, fills_left: &mut u32, sink: &mut impl FnMut(BookEvent)) {
        let price = self.ladders.levels.at(level).price;
        while taker.leaves > 0 && *fills_left > 0 {
            let slot = self.ladders.levels.at(level).front();
            if slot == NIL {
                break;
            }
            *fills_left -= 1;
            let maker = *self.orders.at(slot);
            let qty = maker.tradable().min(taker.leaves);
            if taker.is_kept_from(&maker) {
                self.prevent(slot, qty, price, taker, sink);
                continue;
            }
            taker.leaves -= qty;
            let maker_leaves = self.fill(slot, qty);
            sink(BookEvent::Trade {
                instrument: taker.terms.instrument,
                maker: maker.key,
                taker: taker.terms.key,
                maker_ref: maker.order_ref,
                taker_ref: taker.terms.order_ref,
                taker_side: taker.terms.side,
                price,
                qty: Qty(qty),
                maker_leaves: Qty(maker_leaves),
                taker_leaves: Qty(taker.leaves),
            });
        }
    }

    /// Applies the incoming order's self-match rule to a meeting in which `qty` would have traded.
    fn prevent(&mut self, slot: u32, qty: u32, price: Price, taker: &mut Incoming, sink: &mut impl FnMut(BookEvent)) {
        let maker = *self.orders.at(slot);
        let mode = taker.terms.self_match;
        let reason = CancelReason::SelfMatch { prevented: Qty(qty), price, mode };
        let (off_maker, off_taker) = match mode {
            SelfMatch::Allow => return,
            SelfMatch::CancelNewest => (0, taker.leaves),
            SelfMatch::CancelOldest => (maker.leaves, 0),
            SelfMatch::CancelBoth => (maker.leaves, taker.leaves),
            SelfMatch::Decrement => (qty, qty),
        };
        if off_maker == maker.leaves {
            self.remove(slot);
        } else if off_maker > 0 {
            self.fill(slot, off_maker);
        }
        if off_maker > 0 {
            sink(self.canceled_resting(&maker, off_maker, maker.leaves - off_maker, reason));
        }
        if off_taker > 0 {
            sink(taker.take_off(off_taker, reason));
        }
    }
}
