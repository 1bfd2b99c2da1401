//! One instrument of the naive book.

use std::collections::{BTreeMap, VecDeque};

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Side};

use super::Spot;
use crate::book::{BookEvent, LevelView, NewOrder, OrderKey, Place, StopTerms};

/// A live order.
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
    pub gtc: bool,
    pub mark: u8,
    /// What it does once elected, as long as it has not entered.
    pub stop: Option<StopTerms>,
}

impl TwinOrder {
    /// The limit of an order that stands there.
    pub fn limit(&self, spot: Spot) -> i64 {
        self.stop.map_or(spot.price, |stop| stop.limit.0)
    }
}

/// The orders of one kind at each price, in time order.
type Levels = BTreeMap<i64, VecDeque<TwinOrder>>;

/// The three kinds of level, in the order of [`Place`].
const KINDS: [Place; 3] = [Place::Displayed, Place::Hidden, Place::Waiting];
const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// Both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Market {
    /// By side, then kind.
    levels: [[Levels; KINDS.len()]; SIDES.len()],
    /// The price of the last trade.
    pub last_trade: Option<i64>,
}

impl Market {
    pub fn level(&self, side: Side, kind: Place) -> &Levels {
        &self.levels[side.index()][kind as usize]
    }

    fn level_mut(&mut self, side: Side, kind: Place) -> &mut Levels {
        &mut self.levels[side.index()][kind as usize]
    }

    /// All orders, and where they stand.
    pub fn orders(&self) -> impl Iterator<Item = (Side, Place, i64, &TwinOrder)> {
        let levels = SIDES.into_iter().flat_map(|side| KINDS.map(|kind| (side, kind)));
        levels.flat_map(move |(side, kind)| {
            let levels = self.level(side, kind).iter();
            levels.flat_map(move |(&price, queue)| queue.iter().map(move |order| (side, kind, price, order)))
        })
    }

    /// The best price on the other side, when the order's limit reaches it.
    pub fn best_reached(&self, order: &NewOrder) -> Option<i64> {
        let maker_side = order.side.opposite();
        let prices = [Place::Displayed, Place::Hidden].map(|kind| self.level(maker_side, kind).keys().copied());
        let prices = prices.into_iter().flatten();
        match order.side {
            Side::Buy => prices.min().filter(|&ask| ask <= order.price.0),
            Side::Sell => prices.max().filter(|&bid| bid >= order.price.0),
        }
    }

    /// The order that trades first at a price: a displayed one before a hidden one.
    pub fn front(&self, side: Side, price: i64) -> Option<(Place, TwinOrder)> {
        let front = |kind| Some((kind, self.first(side, kind, price)?));
        front(Place::Displayed).or_else(|| front(Place::Hidden))
    }

    /// The first order of a level.
    pub fn first(&self, side: Side, kind: Place, price: i64) -> Option<TwinOrder> {
        self.level(side, kind).get(&price)?.front().copied()
    }

    /// Appends an order behind its like.
    pub fn join(&mut self, side: Side, kind: Place, price: i64, order: TwinOrder) {
        self.level_mut(side, kind).entry(price).or_default().push_back(order);
    }

    pub fn find(&self, side: Side, kind: Place, price: i64, key: OrderKey) -> Option<&TwinOrder> {
        self.level(side, kind).get(&price)?.iter().find(|order| order.key == key)
    }

    pub fn find_mut(&mut self, side: Side, kind: Place, price: i64, key: OrderKey) -> Option<&mut TwinOrder> {
        self.level_mut(side, kind).get_mut(&price)?.iter_mut().find(|order| order.key == key)
    }

    /// Takes an order out; an elected one is in no level.
    pub fn remove(&mut self, side: Side, kind: Place, price: i64, key: OrderKey) {
        if kind == Place::Elected {
            return;
        }
        let levels = self.level_mut(side, kind);
        if let Some(queue) = levels.get_mut(&price) {
            queue.retain(|order| order.key != key);
        }
        levels.retain(|_, queue| !queue.is_empty());
    }

    /// Takes all orders out that wait for this price or one that is reached before it, nearest to the market first.
    pub fn take_reached(&mut self, side: Side, price: i64) -> Vec<(i64, TwinOrder)> {
        let reached = |stop: &i64| if side == Side::Buy { *stop <= price } else { *stop >= price };
        let waiting = self.level_mut(side, Place::Waiting);
        let mut stops: Vec<i64> = waiting.keys().copied().filter(reached).collect();
        if side == Side::Sell {
            stops.reverse();
        }
        let queue = |stop| waiting.remove(&stop).into_iter().flatten().map(move |order| (stop, order));
        stops.into_iter().flat_map(queue).collect()
    }

    /// Whether the last trade is at or beyond a stop price.
    pub fn has_reached(&self, side: Side, stop: Price) -> bool {
        self.last_trade.is_some_and(|last| if side == Side::Buy { last >= stop.0 } else { last <= stop.0 })
    }

    pub fn displayed(&self, side: Side, price: i64) -> u32 {
        // Added up wide: a level that is about to be refused may hold more than 32 bits.
        let queue = self.level(side, Place::Displayed).get(&price);
        let qty: u64 = queue.map_or(0, |queue| queue.iter().map(|order| u64::from(order.shown)).sum());
        u32::try_from(qty).unwrap_or(u32::MAX)
    }

    /// The event for a level that does not display what it did before.
    pub fn level_event(&self, instrument: u32, side: Side, price: i64, before: u32) -> Option<BookEvent> {
        let (instrument, qty) = (InstrumentIndex(instrument), self.displayed(side, price));
        (qty != before).then_some(BookEvent::Level { instrument, side, price: Price(price), qty })
    }

    pub fn levels(&self, side: Side) -> Vec<LevelView> {
        let mut levels: Vec<LevelView> = Vec::new();
        for (&price, queue) in self.level(side, Place::Displayed) {
            let orders = u32::try_from(queue.len()).expect("few orders in a test");
            levels.push(LevelView { price: Price(price), qty: self.displayed(side, price), orders });
        }
        if side == Side::Buy {
            levels.reverse();
        }
        levels
    }

    pub fn order_count(&self) -> usize {
        self.orders().count()
    }

    pub fn waiting_count(&self) -> usize {
        self.orders().filter(|(_, kind, _, _)| *kind == Place::Waiting).count()
    }

    pub fn level_count(&self) -> usize {
        self.levels.iter().flatten().map(BTreeMap::len).sum()
    }
}
