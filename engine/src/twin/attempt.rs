//! An order tried out on a copy of its market.

use wire::{Price, Qty};

use super::market::{Market, TwinOrder};
use crate::book::{BookEvent, CancelReason, NewOrder, OrderKey, SelfMatch, TimeInForce};

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
    /// The prices that were met.
    pub visited: Vec<i64>,
    /// The resting orders that are gone.
    pub dead: Vec<OrderKey>,
    pub stamp: u64,
}

impl<'a> Attempt<'a> {
    /// `start` is the market before the command, `market` the one that the order meets.
    pub fn new(start: &'a Market, market: Market, terms: &'a NewOrder, stamp: u64) -> Self {
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
            self.visited.push(price);
            while self.leaves > 0 && fills < fills_max {
                let Some(maker) = self.market.side(maker_side).get(&price).and_then(|queue| queue.front()).copied()
                else {
                    break;
                };
                fills += 1;
                let offered = if maker.hidden { maker.leaves } else { maker.shown };
                let qty = offered.min(self.leaves);
                if maker.owner == self.terms.owner && self.terms.self_match != SelfMatch::Allow {
                    met_own |= self.terms.self_match != SelfMatch::CancelOldest;
                    self.prevent(price, maker, qty);
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
                        maker_leaves: Qty(maker.leaves - qty),
                        taker_leaves: Qty(self.leaves),
                    });
                    self.lower_front(price, qty);
                }
            }
            let before = self.start.displayed(maker_side, price);
            let event = self.market.level_event(self.terms.instrument.0, maker_side, price, before);
            self.events.extend(event);
        }
    }

    /// Lets what is left rest.
    pub fn rest(&mut self, terms: &NewOrder, liable: u32) {
        self.stamp += 1;
        let order = TwinOrder {
            key: terms.key,
            order_ref: terms.order_ref,
            owner: terms.owner,
            leaves: self.leaves,
            shown: next_slice(self.leaves, terms.display.0, terms.hidden),
            display: terms.display.0,
            liable,
            stamp: self.stamp,
            hidden: terms.hidden,
            gtc: terms.tif == TimeInForce::Gtc,
            mark: terms.mark,
        };
        self.market.join(terms.side, terms.price.0, order);
    }

    fn prevent(&mut self, price: i64, maker: TwinOrder, qty: u32) {
        let mode = self.terms.self_match;
        let reason = CancelReason::SelfMatch { prevented: Qty(qty), price: Price(price), mode };
        let maker_side = self.terms.side.opposite();
        let cancel_maker = |qty, leaves| BookEvent::Canceled {
            key: maker.key,
            order_ref: maker.order_ref,
            instrument: self.terms.instrument,
            side: maker_side,
            price: Price(price),
            qty: Qty(qty),
            leaves: Qty(leaves),
            resting: true,
            reason,
        };
        if mode == SelfMatch::CancelOldest || mode == SelfMatch::CancelBoth {
            self.events.push(cancel_maker(maker.leaves, 0));
            self.market.remove(maker_side, price, maker.key);
            self.dead.push(maker.key);
        }
        if mode == SelfMatch::CancelNewest || mode == SelfMatch::CancelBoth {
            self.events.push(canceled(self.terms, self.leaves, 0, reason));
            self.leaves = 0;
        }
        if mode == SelfMatch::Decrement {
            self.events.push(cancel_maker(qty, maker.leaves - qty));
            self.lower_front(price, qty);
            self.leaves -= qty;
            self.events.push(canceled(self.terms, qty, self.leaves, reason));
        }
    }

    /// Takes quantity off the front order at a price: gone at zero; a used-up slice sends it to the back with the next one.
    fn lower_front(&mut self, price: i64, qty: u32) {
        let maker_side = self.terms.side.opposite();
        let queue = self.market.side_mut(maker_side).get_mut(&price).expect("the level stands");
        let mut order = queue.pop_front().expect("the front order stands");
        order.leaves -= qty;
        if !order.hidden {
            order.shown -= qty;
        }
        if order.leaves == 0 {
            self.dead.push(order.key);
        } else if order.hidden || order.shown > 0 {
            queue.push_front(order);
        } else {
            self.stamp += 1;
            order.stamp = self.stamp;
            order.shown = next_slice(order.leaves, order.display, false);
            self.market.join(maker_side, price, order);
        }
        self.market.side_mut(maker_side).retain(|_, queue| !queue.is_empty());
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
