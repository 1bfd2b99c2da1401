//! The incoming order meets the other side: best price first, displayed before hidden, first in first out.

use wire::{OrderRef, Price, Qty};

use super::Book;
use super::command::{NewOrder, SelfMatch};
use super::event::{BookEvent, CancelReason, Listener};
use super::ladder::LadderId;
use super::order::Order;
use super::resting::canceled;
use super::slab::NIL;

/// An order on its way into the book.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    pub terms: &'a NewOrder,
    pub leaves: u32,
    pub liable: u32,
    /// The prices of its first and last trade.
    pub traded: Option<(Price, Price)>,
    /// The number for the next slice of an iceberg that it uses up.
    pub next_ref: OrderRef,
    /// The number of the displayed order whose place it takes without meeting anybody.
    pub in_place_of: Option<OrderRef>,
}

/// The level that a replaced order left, until its `Level` event is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vacated {
    pub ladder: LadderId,
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

impl<'a> Incoming<'a> {
    /// An order that has just come.
    #[inline(always)]
    pub const fn new(terms: &'a NewOrder) -> Self {
        let next_ref = OrderRef(terms.order_ref.0.wrapping_add(1));
        Self { terms, leaves: terms.qty.0, liable: terms.qty.0, traded: None, next_ref, in_place_of: None }
    }

    /// The displayed orders that it can meet; the hidden ones stand beside them.
    #[inline]
    pub const fn opposite(&self) -> LadderId {
        LadderId::new(self.terms.instrument, self.terms.side.opposite())
    }

    /// Whether self-match prevention stands between this order and a resting one.
    #[inline]
    pub fn is_kept_from(&self, maker: &Order) -> bool {
        maker.owner == self.terms.owner && self.terms.self_match != SelfMatch::Allow
    }

    /// Takes quantity off without a trade, and says so.
    pub const fn take_off(&mut self, qty: u32, reason: CancelReason) -> BookEvent {
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
            off_display: Qty::ZERO,
            on_display: Qty::ZERO,
            reason,
        }
    }
}

impl Book {
    /// The level that an order at this limit meets first on the ladder `opposite` or on the hidden one beside it, or [`NIL`].
    #[inline(always)]
    pub(super) fn level_to_meet(&self, opposite: LadderId, limit: Price) -> u32 {
        let (displayed, hidden) = (self.ladders.best_key(opposite), self.ladders.best_key(opposite.beside()));
        let reach = opposite.turn(limit.0);
        // Where nothing stands the key is the largest number, which an order at the end of the price range would reach.
        if displayed <= reach && displayed <= hidden {
            let level = self.ladders.best(opposite);
            if level != NIL {
                return level;
            }
        }
        if hidden <= reach { self.ladders.best(opposite.beside()) } else { NIL }
    }

    /// Trades the incoming order against all that it reaches.
    pub(super) fn sweep(
        &mut self,
        taker: &mut Incoming,
        vacated: &mut Option<Vacated>,
        sink: &mut impl Listener,
    ) -> Swept {
        let opposite = taker.opposite();
        let mut fills_left = self.limits.fills_per_command;
        while taker.leaves > 0 {
            let level = self.level_to_meet(opposite, taker.terms.price);
            if level == NIL {
                break;
            }
            if fills_left == 0 {
                return Swept::LimitReached;
            }
            self.meet(level, taker, &mut fills_left, vacated, sink);
        }
        Swept::Done
    }

    /// Meets the orders of one level, front to back, until one side or the budget is used up.
    fn meet(
        &mut self,
        level: u32,
        taker: &mut Incoming,
        fills_left: &mut u32,
        vacated: &mut Option<Vacated>,
        sink: &mut impl Listener,
    ) {
        let place = self.ladders.at(level).place();
        let before = self.shown_before(level, place, vacated);
        while taker.leaves > 0 && *fills_left > 0 {
            let slot = self.ladders.at(level).queue.head;
            if slot == NIL {
                break;
            }
            *fills_left -= 1;
            let maker = *self.orders.at(slot);
            let qty = maker.tradable().min(taker.leaves);
            if taker.is_kept_from(&maker) {
                self.prevent(slot, place, qty, taker, sink);
                continue;
            }
            taker.leaves -= qty;
            let first = taker.traded.map_or(place.1, |(first, _)| first);
            taker.traded = Some((first, place.1));
            let maker_leaves = self.fill(slot, place, qty, taker.next_ref);
            sink.hear(BookEvent::Trade {
                instrument: taker.terms.instrument,
                maker: maker.key,
                taker: taker.terms.key,
                maker_ref: maker.order_ref,
                taker_ref: taker.terms.order_ref,
                taker_side: taker.terms.side,
                price: place.1,
                qty: Qty(qty),
                maker_displayed: maker.shown > 0,
                maker_leaves: Qty(maker_leaves),
                taker_leaves: Qty(taker.leaves),
            });
            if maker.uses_up(qty) {
                self.tell_refreshed(slot, place, taker, sink);
            }
        }
        self.settle(level, place, before, sink);
    }

    /// What a level displayed before the command, in which a replaced order may have left it already.
    #[inline]
    pub(super) fn shown_before(&self, level: u32, place: (LadderId, Price), vacated: &mut Option<Vacated>) -> u32 {
        match *vacated {
            Some(left) if (left.ladder, left.price) == place => {
                *vacated = None;
                left.before
            }
            _ => self.ladders.at(level).shown,
        }
    }

    /// Applies the incoming order's self-match rule to a meeting in which `qty` would have traded.
    #[cold]
    fn prevent(
        &mut self,
        slot: u32,
        place: (LadderId, Price),
        qty: u32,
        taker: &mut Incoming,
        sink: &mut impl Listener,
    ) {
        let maker = *self.orders.at(slot);
        let mode = taker.terms.self_match;
        let reason = CancelReason::SelfMatch { prevented: Qty(qty), price: place.1, mode };
        let (off_maker, off_taker) = match mode {
            SelfMatch::Allow => return,
            SelfMatch::CancelNewest => (0, taker.leaves),
            SelfMatch::CancelOldest => (maker.leaves, 0),
            SelfMatch::CancelBoth => (maker.leaves, taker.leaves),
            SelfMatch::Decrement => (qty, qty),
        };
        if off_maker == maker.leaves {
            self.remove(slot, place);
            sink.hear(canceled(&maker, place, off_maker, 0, 0, reason));
        } else if off_maker > 0 {
            let leaves = self.fill(slot, place, off_maker, taker.next_ref);
            sink.hear(canceled(&maker, place, off_maker, leaves, maker.shown.saturating_sub(off_maker), reason));
            if maker.uses_up(off_maker) {
                self.tell_refreshed(slot, place, taker, sink);
            }
        }
        if off_taker > 0 {
            sink.hear(taker.take_off(off_taker, reason));
        }
    }

    /// Says that an iceberg shows its next slice, and takes the number that it got.
    #[cold]
    fn tell_refreshed(
        &self,
        slot: u32,
        (ladder, price): (LadderId, Price),
        taker: &mut Incoming,
        sink: &mut impl Listener,
    ) {
        let order = self.orders.at(slot);
        taker.next_ref = OrderRef(order.order_ref.0.wrapping_add(1));
        sink.hear(BookEvent::Refreshed {
            key: order.key,
            order_ref: order.order_ref,
            instrument: ladder.instrument(),
            side: ladder.side(),
            price,
            shown: Qty(order.shown),
        });
    }
}
