//! The ladder of an instrument: what stands at each price, ours marked, the highest price first.
//!
//! Goal: all that is worth a row has one: levels, own orders, the cursor. Non-goal: a row for each tick; with fine ticks nothing would be
//! in sight.

use crate::hand::own_orders::OwnOrders;
use crate::listen::look::{self, Row};
use feedhandler::handler::Handler;
use std::collections::BTreeMap;
use wire::{InstrumentIndex, Price, Side, Symbol};

/// What stands at a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// Displayed quantity that buys.
    pub bid_qty: u64,
    /// Ours in it, and what of ours is hidden there.
    pub own_bid_qty: u64,
    /// Displayed quantity that sells.
    pub ask_qty: u64,
    /// Ours.
    pub own_ask_qty: u64,
}

/// An instrument's book as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    rungs: BTreeMap<Price, Rung>,
}

impl Ladder {
    /// Puts it together: so many of the best levels of each side, and every price at which there are orders of ours.
    #[must_use]
    pub fn of(
        handler: Option<&Handler>,
        instrument: Option<InstrumentIndex>,
        symbol: Symbol,
        orders: &OwnOrders,
        most: usize,
    ) -> Self {
        let mut rungs: BTreeMap<Price, Rung> = BTreeMap::new();
        if let (Some(handler), Some(instrument)) = (handler, instrument) {
            for Row { price, qty, .. } in look::levels(handler, instrument, Side::Buy, most) {
                rungs.entry(price).or_default().bid_qty = qty;
            }
            for Row { price, qty, .. } in look::levels(handler, instrument, Side::Sell, most) {
                rungs.entry(price).or_default().ask_qty = qty;
            }
        }
        for order in orders.open().filter(|order| order.symbol == symbol) {
            let (price, side) = (order.price, order.side.side());
            let qty = orders.qty_at(symbol, side, price);
            if qty == 0 {
                continue;
            }
            let rung = rungs.entry(price).or_default();
            match side {
                Side::Buy => rung.own_bid_qty = qty,
                Side::Sell => rung.own_ask_qty = qty,
            }
        }
        Self { rungs }
    }

    /// Where the market is: the best bid, or what there is instead.
    #[must_use]
    pub fn middle(&self) -> Option<Price> {
        let bid = self.rungs.iter().rev().find(|(_, rung)| rung.bid_qty + rung.own_bid_qty > 0);
        let ask = || self.rungs.iter().find(|(_, rung)| rung.ask_qty + rung.own_ask_qty > 0);
        bid.or_else(ask).map(|(price, _)| *price)
    }

    /// The next price above, or below, at which something stands.
    #[must_use]
    pub fn next(&self, from: Price, above: bool) -> Option<Price> {
        let beyond = |price: &&Price| if above { **price > from } else { **price < from };
        let mut prices = self.rungs.keys();
        if above { prices.find(beyond).copied() } else { prices.rfind(beyond).copied() }
    }

    /// So many rows around the cursor, which has one of its own, the highest price first.
    #[must_use]
    pub fn rows(&self, cursor: Option<Price>, most: usize) -> Vec<(Price, Rung)> {
        let mut rungs = self.rungs.clone();
        if let Some(cursor) = cursor {
            rungs.entry(cursor).or_default();
        }
        let all: Vec<_> = rungs.into_iter().rev().collect();
        let at = cursor.and_then(|cursor| all.iter().position(|(price, _)| *price == cursor)).unwrap_or(0);
        let first = at.saturating_sub(most / 2).min(all.len().saturating_sub(most));
        all.into_iter().skip(first).take(most).collect()
    }
}
