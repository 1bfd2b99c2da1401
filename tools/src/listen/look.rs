//! An instrument as a subscriber sees it, whichever stream it follows.

use crate::symbols::Symbols;
use feedhandler::handler::Handler;
use wire::feed::{locate, located};
use wire::{InstrumentIndex, Price, Side};

/// A level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its price.
    pub price: Price,
    /// Its displayed quantity.
    pub qty: u64,
    /// How many orders; a tick stream does not tell.
    pub orders: Option<u32>,
}

/// What its trades come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traded {
    /// How many.
    pub trades: u64,
    /// Sum of their quantities.
    pub volume: u64,
    /// The last price.
    pub last: Option<Price>,
}

/// The instruments of which something is known, in order.
#[must_use]
pub fn instruments(handler: &Handler) -> Vec<InstrumentIndex> {
    match (handler.books(), handler.depth()) {
        (Some(books), _) => books.locates().filter_map(located).collect(),
        (_, Some(depth)) => depth.iter().map(|(index, _)| index).collect(),
        _ => Vec::new(),
    }
}

/// The best levels of a side.
#[must_use]
pub fn levels(handler: &Handler, instrument: InstrumentIndex, side: Side, most: usize) -> Vec<Row> {
    if let Some(books) = handler.books() {
        let Some(locate) = locate(instrument) else { return Vec::new() };
        let row = |level: feedhandler::book::BookLevel| Row {
            price: level.price,
            qty: level.total,
            orders: Some(level.orders),
        };
        return books.levels(locate, side).take(most).map(row).collect();
    }
    let Some(depth) = handler.depth().and_then(|depth| depth.get(instrument)) else { return Vec::new() };
    let row = |level: feedhandler::depth::Level| Row { price: level.price, qty: level.quantity.into(), orders: None };
    depth.levels(side).take(most).map(row).collect()
}

/// What its trades come to.
#[must_use]
pub fn traded(handler: &Handler, instrument: InstrumentIndex) -> Traded {
    if let Some(books) = handler.books() {
        let found = locate(instrument).and_then(|locate| books.instrument(locate));
        return found.map_or_else(Traded::default, |found| Traded {
            trades: found.statistics.trades,
            volume: found.statistics.volume,
            last: found.statistics.last.map(|(price, _)| price),
        });
    }
    let depth = handler.depth().and_then(|depth| depth.get(instrument));
    depth.map_or_else(Traded::default, |depth| {
        let trades = depth.trades();
        Traded { trades: trades.count, volume: trades.volume, last: trades.last.map(|last| last.price) }
    })
}

/// Its trading state, where it was told.
#[must_use]
pub fn status(handler: &Handler, instrument: InstrumentIndex) -> Option<char> {
    let status = match (handler.books(), handler.depth()) {
        (Some(books), _) => books.instrument(locate(instrument)?)?.status,
        (_, Some(depth)) => depth.get(instrument)?.status(),
        _ => None,
    };
    status.map(char::from)
}

/// Its name: as the stream tells it, else as it is known otherwise, else its number.
#[must_use]
pub fn name(handler: &Handler, symbols: &Symbols, instrument: InstrumentIndex) -> String {
    handler.symbol(instrument).map_or_else(|| symbols.name(instrument), |symbol| symbol.name().to_owned())
}
