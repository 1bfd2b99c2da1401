//! What is traded: the instrument table and the entry checks that need nothing but the instrument.
//!
//! Goal: symbol lookup and price and quantity grid checks at constant cost. Non-goal: books, risk per account.

use crate::session::mix;
use wire::feed::ChannelIndex;
use wire::{InstrumentIndex, Price, Qty, Symbol};

/// One instrument's fixed terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The name on the wire.
    pub symbol: Symbol,
    /// Every price is a multiple of this, in 1/10,000 units; at least 1.
    pub tick: i64,
    /// Every quantity is a multiple of this; at least 1.
    pub lot: u32,
    /// The lowest price accepted.
    pub price_min: Price,
    /// The highest price accepted.
    pub price_max: Price,
    /// The largest quantity of one order.
    pub quantity_max: Qty,
    /// How far beyond the best opposite price a market order may trade, in 1/10,000 units; `None`: at any price.
    pub market_protection: Option<i64>,
    /// On which channel it is published.
    pub channel: ChannelIndex,
}

/// What market data says of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name on the wire.
    pub symbol: Symbol,
    /// Every quantity is a multiple of this.
    pub lot: u32,
    /// On which channel it is published.
    pub channel: ChannelIndex,
}

/// Whoever knows what is listed.
pub trait Listings {
    /// What is listed at an index that was announced.
    fn listed(&self, index: InstrumentIndex) -> Listed;
}

/// What is listed, for whoever publishes beside the exchange and hears of added instruments.
#[derive(Clone, Debug)]
pub struct ListedTable {
    listed: Vec<Listed>,
}

/// Why an order's terms do not fit its instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermsError {
    /// The quantity is zero or above the maximum.
    Quantity,
    /// The quantity is not a multiple of the lot.
    QuantityLot,
    /// The price is outside the instrument's bounds.
    PriceBounds,
    /// The price is not a multiple of the tick.
    PriceTick,
}

impl Instrument {
    /// Folds all terms into `hash`.
    #[must_use]
    pub fn fold(&self, hash: u64) -> u64 {
        let price = |price: i64| u64::from_le_bytes(price.to_le_bytes());
        let [tick, lowest, highest] = [self.tick, self.price_min.0, self.price_max.0].map(price);
        let band = self.market_protection.map_or(u64::MAX, price);
        let sizes = u64::from(self.lot) << 32 | u64::from(self.quantity_max.0);
        let symbol = u64::from_le_bytes(self.symbol.0);
        [symbol, tick, lowest, highest, band, sizes, u64::from(self.channel.0)].into_iter().fold(hash, mix)
    }

    /// Whether the terms of an added instrument fit each other.
    #[must_use]
    pub fn are_sound(&self) -> bool {
        let named = Symbol::new(self.symbol.name()) == Some(self.symbol);
        let stepped = self.tick > 0 && self.lot > 0;
        let on_grid = stepped && self.price_min.0 % self.tick == 0 && self.price_max.0 % self.tick == 0;
        let banded = self.market_protection.is_none_or(|band| band > 0);
        named && on_grid && banded && self.price_min <= self.price_max && self.quantity_max.0 >= self.lot
    }

    /// Checks a quantity against lot and maximum.
    ///
    /// # Errors
    /// [`TermsError::Quantity`] or [`TermsError::QuantityLot`].
    pub const fn check_quantity(&self, qty: Qty) -> Result<(), TermsError> {
        if qty.0 == 0 || qty.0 > self.quantity_max.0 {
            return Err(TermsError::Quantity);
        }
        if !qty.0.is_multiple_of(self.lot) {
            return Err(TermsError::QuantityLot);
        }
        Ok(())
    }

    /// Checks a limit price against bounds and tick.
    ///
    /// # Errors
    /// [`TermsError::PriceBounds`] or [`TermsError::PriceTick`].
    pub const fn check_price(&self, price: Price) -> Result<(), TermsError> {
        if price.0 < self.price_min.0 || price.0 > self.price_max.0 {
            return Err(TermsError::PriceBounds);
        }
        if price.0 % self.tick != 0 {
            return Err(TermsError::PriceTick);
        }
        Ok(())
    }
}

impl From<&Instrument> for Listed {
    fn from(terms: &Instrument) -> Self {
        Self { symbol: terms.symbol, lot: terms.lot, channel: terms.channel }
    }
}

impl ListedTable {
    /// What a table lists, with room for what may be added to it.
    #[must_use]
    pub fn of(table: &InstrumentTable) -> Self {
        let mut listed = Vec::with_capacity(table.places());
        listed.extend(table.iter().map(|(_, terms)| Listed::from(terms)));
        Self { listed }
    }

    /// An instrument was added. One that is known, because it is told again, is left as it is.
    pub fn add(&mut self, index: InstrumentIndex, listed: Listed) {
        if index.0 as usize == self.listed.len() {
            self.listed.push(listed);
        }
    }
}

impl Listings for ListedTable {
    #[inline]
    fn listed(&self, index: InstrumentIndex) -> Listed {
        self.listed[index.0 as usize]
    }
}

impl Listings for InstrumentTable {
    #[inline]
    fn listed(&self, index: InstrumentIndex) -> Listed {
        self.get(index).into()
    }
}

/// All instruments, by index and by symbol. Some may be added, for which there is room from the beginning.
#[derive(Clone, Debug)]
pub struct InstrumentTable {
    instruments: Vec<Instrument>,
    /// How many there were at first, and how many there may be.
    configured: usize,
    places: usize,
    /// Open addressing over the symbol's eight bytes; holds index + 1, 0 is empty. Twice the instruments at least.
    buckets: Vec<u32>,
    mask: u64,
}

impl InstrumentTable {
    /// Builds the table, without room for more; an instrument's index is its position in `instruments`.
    ///
    /// # Panics
    /// As [`with_room`](Self::with_room).
    #[must_use]
    pub fn new(instruments: Vec<Instrument>) -> Self {
        let places = instruments.len();
        Self::with_room(instruments, places)
    }

    /// Builds the table for so many instruments altogether.
    ///
    /// # Panics
    /// Two instruments share a symbol, or there are more than places, or more than `u32::MAX / 4`: the configuration has checked all of it.
    #[must_use]
    pub fn with_room(instruments: Vec<Instrument>, places: usize) -> Self {
        assert!(instruments.len() <= places, "more instruments than places");
        let slots = (places.max(1) * 2).next_power_of_two();
        let mask = slots as u64 - 1;
        let configured = instruments.len();
        let instruments_room = Vec::with_capacity(places);
        let mut table = Self { instruments: instruments_room, configured, places, buckets: vec![0; slots], mask };
        for instrument in instruments {
            let symbol = instrument.symbol;
            assert!(table.find(symbol).is_none(), "symbol {symbol} is configured twice");
            table.add(instrument);
        }
        table
    }

    /// The index that an added instrument gets; `None` when all places are taken.
    #[must_use]
    pub fn next_index(&self) -> Option<InstrumentIndex> {
        let next = Some(self.instruments.len()).filter(|&next| next < self.places)?;
        u32::try_from(next).ok().map(InstrumentIndex)
    }

    /// Adds an instrument whose symbol is a new one.
    ///
    /// # Panics
    /// All places are taken.
    pub fn add(&mut self, instrument: Instrument) {
        let index = self.next_index().expect("whoever adds has asked for the index");
        let mut bucket = self.first_bucket(instrument.symbol);
        while self.buckets[bucket] != 0 {
            bucket = self.next_bucket(bucket);
        }
        self.buckets[bucket] = index.0 + 1;
        self.instruments.push(instrument);
    }

    /// Those that were added, in index order.
    pub fn added(&self) -> impl ExactSizeIterator<Item = &Instrument> {
        self.instruments[self.configured..].iter()
    }

    /// How many there may be.
    #[must_use]
    pub const fn places(&self) -> usize {
        self.places
    }

    /// The instrument of that name.
    #[must_use]
    pub fn find(&self, symbol: Symbol) -> Option<InstrumentIndex> {
        let mut bucket = self.first_bucket(symbol);
        loop {
            let entry = self.buckets[bucket];
            if entry == 0 {
                return None;
            }
            if self.instruments[entry as usize - 1].symbol == symbol {
                return Some(InstrumentIndex(entry - 1));
            }
            bucket = self.next_bucket(bucket);
        }
    }

    /// The terms of an instrument that [`find`](Self::find) returned.
    #[must_use]
    pub fn get(&self, index: InstrumentIndex) -> &Instrument {
        &self.instruments[index.0 as usize]
    }

    /// All instruments in index order.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIndex, &Instrument)> {
        (0u32..).map(InstrumentIndex).zip(&self.instruments)
    }

    /// How many instruments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instruments.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instruments.is_empty()
    }

    #[allow(clippy::cast_possible_truncation)] // masked to the table's size
    fn first_bucket(&self, symbol: Symbol) -> usize {
        let word = u64::from_le_bytes(symbol.0);
        ((word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29) & self.mask) as usize
    }

    #[allow(clippy::cast_possible_truncation)] // masked to the table's size
    fn next_bucket(&self, bucket: usize) -> usize {
        ((bucket as u64 + 1) & self.mask) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrument(name: &str) -> Instrument {
        Instrument {
            symbol: Symbol::new(name).expect("a short name"),
            tick: 5,
            lot: 10,
            price_min: Price(5),
            price_max: Price(1_000),
            quantity_max: Qty(100),
            market_protection: None,
            channel: ChannelIndex(0),
        }
    }

    #[test]
    fn every_symbol_is_found_and_no_other() {
        let names: Vec<String> = (0..1_000).map(|n| format!("S{n}")).collect();
        let table = InstrumentTable::new(names.iter().map(|name| instrument(name)).collect());
        for (n, name) in names.iter().enumerate() {
            let found = table.find(Symbol::new(name).expect("a short name"));
            assert_eq!(found.map(|index| index.0 as usize), Some(n));
        }
        assert_eq!(table.find(Symbol::new("NONE").expect("a short name")), None);
        assert_eq!(table.find(Symbol([0xFF; 8])), None);
        assert_eq!(InstrumentTable::new(Vec::new()).find(Symbol([b' '; 8])), None);
    }

    #[test]
    fn terms_are_checked_at_their_edges() {
        let terms = instrument("A");
        for (qty, ok) in [(0, false), (10, true), (15, false), (100, true), (110, false)] {
            assert_eq!(terms.check_quantity(Qty(qty)).is_ok(), ok, "{qty}");
        }
        for (price, expected) in [
            (0, Err(TermsError::PriceBounds)),
            (5, Ok(())),
            (7, Err(TermsError::PriceTick)),
            (1_000, Ok(())),
            (1_005, Err(TermsError::PriceBounds)),
        ] {
            assert_eq!(terms.check_price(Price(price)), expected, "{price}");
        }
    }
}
