//! One instrument of the naive book.

use std::collections::{BTreeMap, VecDeque};

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Side};

use crate::book::{BookEvent, LevelView, NewOrder, OrderKey};

/// A resting order.
#[derive(Clone, Copy, Debug)]
pub(super) struct TwinOrder {
    pub key: OrderKey,
    pub order_ref: OrderRef,
    pub owner: MemberId,
    pub leaves: u32,
    pub shown: u32,
    pub display: u32,
    pub liable: u32,
    pub stamp: u64,
    pub hidden: bool,
    pub gtc: bool,
    pub mark: u8,
}

/// The orders at each price, in the order in which they trade: displayed ones before hidden ones.
pub(super) type Orders = BTreeMap<i64, VecDeque<TwinOrder>>;

/// Both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Market {
    bids: Orders,
    asks: Orders,
}

impl Market {
    pub fn side(&self, side: Side) -> &Orders {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut Orders {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The best price on the other side, when the order's limit reaches it.
    pub fn best_reached(&self, order: &NewOrder) -> Option<i64> {
        match order.side {
            Side::Buy => self.asks.keys().next().copied().filter(|&ask| ask <= order.price.0),
            Side::Sell => self.bids.keys().next_back().copied().filter(|&bid| bid >= order.price.0),
        }
    }

    /// Appends an order behind its like: a displayed one before the hidden ones.
    pub fn join(&mut self, side: Side, price: i64, order: TwinOrder) {
        let queue = self.side_mut(side).entry(price).or_default();
        let behind =
            if order.hidden { queue.len() } else { queue.iter().position(|other| other.hidden).unwrap_or(queue.len()) };
        queue.insert(behind, order);
    }

    pub fn find_mut(&mut self, side: Side, price: i64, key: OrderKey) -> Option<&mut TwinOrder> {
        self.side_mut(side).get_mut(&price)?.iter_mut().find(|order| order.key == key)
    }

    pub fn remove(&mut self, side: Side, price: i64, key: OrderKey) {
        if let Some(queue) = self.side_mut(side).get_mut(&price) {
            queue.retain(|order| order.key != key);
        }
        self.side_mut(side).retain(|_, queue| !queue.is_empty());
    }

    pub fn displayed(&self, side: Side, price: i64) -> u32 {
        self.side(side).get(&price).map_or(0, |queue| queue.iter().map(|order| order.shown).sum())
    }

    /// The event for a level that does not display what it did before.
    pub fn level_event(&self, instrument: u32, side: Side, price: i64, before: u32) -> Option<BookEvent> {
        let instrument = InstrumentIndex(instrument);
        // Added up wide: a level that is about to be refused may hold more than 32 bits.
        let qty: u64 =
            self.side(side).get(&price).map_or(0, |queue| queue.iter().map(|order| u64::from(order.shown)).sum());
        let qty = u32::try_from(qty).unwrap_or(u32::MAX);
        (qty != before).then_some(BookEvent::Level { instrument, side, price: Price(price), qty })
    }

    pub fn levels(&self, side: Side) -> Vec<LevelView> {
        let mut levels: Vec<LevelView> = Vec::new();
        for (&price, queue) in self.side(side) {
            let orders = queue.iter().filter(|order| !order.hidden).count();
            if orders > 0 {
                let orders = u32::try_from(orders).expect("few orders in a test");
                levels.push(LevelView { price: Price(price), qty: self.displayed(side, price), orders });
            }
        }
        if side == Side::Buy {
            levels.reverse();
        }
        levels
    }

    pub fn order_count(&self) -> usize {
        self.bids.values().chain(self.asks.values()).map(VecDeque::len).sum()
    }

    pub fn level_count(&self) -> usize {
        self.bids.len() + self.asks.len()
    }
}
