//! An order tried out on a copy of its market.

use wire::{OrderRef, Price, Qty};

use super::market::{Market, TwinOrder};
use crate::book::{BookEvent, CancelReason, NewOrder, OrderKey, Place, SelfMatch, TimeInForce};

/// A try and what came of it.
pub(super) struct Attempt<'a> {
    start: &'a Market,
    terms: &'a NewOrder,
    pub market: Market,
    pub events: Vec<BookEvent>,
    pub leaves: u32,
    /// What traded before an order of the same owner stood in the way; cancel-oldest clears the way.
    pub traded_freely: u32,
    pub limit_reached: bool,
    /// The prices of the displayed levels that were met.
    pub visited: Vec<i64>,
    /// The resting orders that are gone.
    pub dead: Vec<OrderKey>,
    pub stamp: u64,
    /// The number for the next slice of an iceberg.
    next_ref: OrderRef,
}

impl<'a> Attempt<'a> {
    /// `start` is the market before the command, `market` the one that the order meets.
    pub fn new(start: &'a Market, market: Market, terms: &'a NewOrder, stamp: u64, next_ref: OrderRef) -> Self {
        Self {
            start,
            terms,
            market,
            events: Vec::new(),
            leaves: terms.qty.0,
            traded_freely: 0,
            limit_reached: false,
            visited: Vec::new(),
            dead: Vec::new(),
            stamp,
            next_ref,
        }
    }

    /// Trades until one side is used up.
    pub fn sweep(&mut self, fills_max: u32) {
        let mut fills = 0;
        let mut met_own = false;
        let maker_side = self.terms.side.opposite();
        while self.leaves > 0 {
            let Some(price) = self.market.best_reached(self.terms) else { break };
            if fills == fills_max {
                self.limit_reached = true;
                break;
            }
            let Some((kind, _)) = self.market.front(maker_side, price) else { break };
            while self.leaves > 0 && fills < fills_max {
                let Some(maker) = self.market.first(maker_side, kind, price) else { break };
                fills += 1;
                let offered = if kind == Place::Hidden { maker.leaves } else { maker.shown };
                let qty = offered.min(self.leaves);
                if maker.owner == self.terms.owner && self.terms.self_match != SelfMatch::Allow {
                    met_own |= self.terms.self_match != SelfMatch::CancelOldest;
                    self.prevent(price, kind, maker, qty);
                } else {
                    self.leaves -= qty;
                    if !met_own {
                        self.traded_freely += qty;
                    }
                    self.events.push(BookEvent::Trade {
                        instrument: self.terms.instrument,
                        maker: maker.key,
                        taker: self.terms.key,
                        maker_ref: maker.order_ref,
                        taker_ref: self.terms.order_ref,
                        taker_side: self.terms.side,
                        price: Price(price),
                        qty: Qty(qty),
                        maker_displayed: kind == Place::Displayed,
                        maker_leaves: Qty(maker.leaves - qty),
                        taker_leaves: Qty(self.leaves),
                    });
                    self.lower(price, kind, maker, qty);
                }
            }
            if kind == Place::Displayed {
                self.visited.push(price);
                let before = self.start.displayed(maker_side, price);
                let event = self.market.level_event(self.terms.instrument.0, maker_side, price, before);
                self.events.extend(event);
            }
        }
    }

    /// Lets what is left rest.
    pub fn rest(&mut self, terms: &NewOrder, liable: u32) {
        self.stamp += 1;
        let kind = if terms.hidden { Place::Hidden } else { Place::Displayed };
        let order = TwinOrder {
            key: terms.key,
            order_ref: terms.order_ref,
            owner: terms.owner,
            leaves: self.leaves,
            shown: next_slice(self.leaves, terms.display.0, terms.hidden),
            display: terms.display.0,
            liable,
            stamp: self.stamp,
            gtc: terms.tif == TimeInForce::Gtc,
            mark: terms.mark,
            stop: None,
        };
        self.market.join(terms.side, kind, terms.price.0, order);
    }

    /// What the rest of the order shows when it rests.
    pub fn next_slice_of(&self, terms: &NewOrder) -> u32 {
        next_slice(self.leaves, terms.display.0, terms.hidden)
    }

    fn prevent(&mut self, price: i64, kind: Place, maker: TwinOrder, qty: u32) {
        let mode = self.terms.self_match;
        let reason = CancelReason::SelfMatch { prevented: Qty(qty), price: Price(price), mode };
        let maker_side = self.terms.side.opposite();
        let cancel_maker = |qty, leaves, on_display: u32| BookEvent::Canceled {
            key: maker.key,
            order_ref: maker.order_ref,
            instrument: self.terms.instrument,
            side: maker_side,
            price: Price(price),
            qty: Qty(qty),
            leaves: Qty(leaves),
            resting: true,
            off_display: Qty(maker.shown - on_display),
            on_display: Qty(on_display),
            reason,
        };
        if mode == SelfMatch::CancelOldest || mode == SelfMatch::CancelBoth {
            self.events.push(cancel_maker(maker.leaves, 0, 0));
            self.market.remove(maker_side, kind, price, maker.key);
            self.dead.push(maker.key);
        }
        if mode == SelfMatch::CancelNewest || mode == SelfMatch::CancelBoth {
            self.events.push(canceled(self.terms, self.leaves, 0, reason));
            self.leaves = 0;
        }
        if mode == SelfMatch::Decrement {
            let on_display = if kind == Place::Displayed { maker.shown - qty } else { 0 };
            self.events.push(cancel_maker(qty, maker.leaves - qty, on_display));
            self.lower(price, kind, maker, qty);
            self.leaves -= qty;
            self.events.push(canceled(self.terms, qty, self.leaves, reason));
        }
    }

    /// Takes quantity off a resting order: gone at zero; a used-up slice sends it to the back with the next one.
    fn lower(&mut self, price: i64, kind: Place, maker: TwinOrder, qty: u32) {
        let maker_side = self.terms.side.opposite();
        let leaves = maker.leaves - qty;
        let shown = if kind == Place::Hidden { 0 } else { maker.shown - qty };
        let stays = leaves > 0 && (kind == Place::Hidden || shown > 0);
        if stays && let Some(order) = self.market.find_mut(maker_side, kind, price, maker.key) {
            (order.leaves, order.shown) = (leaves, shown);
            return;
        }
        self.market.remove(maker_side, kind, price, maker.key);
        if leaves == 0 {
            self.dead.push(maker.key);
        } else {
            self.stamp += 1;
            let shown = next_slice(leaves, maker.display, false);
            let order_ref = self.next_ref;
            self.next_ref.0 += 1;
            self.market.join(
                maker_side,
                kind,
                price,
                TwinOrder { leaves, shown, order_ref, stamp: self.stamp, ..maker },
            );
            self.events.push(BookEvent::Refreshed {
                key: maker.key,
                order_ref,
                instrument: self.terms.instrument,
                side: maker_side,
                price: Price(price),
                shown: Qty(shown),
            });
        }
    }
}

/// The event for quantity taken off an incoming order.
pub(super) fn canceled(terms: &NewOrder, qty: u32, leaves: u32, reason: CancelReason) -> BookEvent {
    BookEvent::Canceled {
        key: terms.key,
        order_ref: terms.order_ref,
        instrument: terms.instrument,
        side: terms.side,
        price: terms.price,
        qty: Qty(qty),
        leaves: Qty(leaves),
        resting: false,
        off_display: Qty(0),
        on_display: Qty(0),
        reason,
    }
}

fn next_slice(leaves: u32, display: u32, hidden: bool) -> u32 {
    match (hidden, display) {
        (true, _) => 0,
        (false, 0) => leaves,
        (false, slice) => slice.min(leaves),
    }
}
