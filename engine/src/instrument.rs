//! What is traded: the instrument table and the entry checks that need nothing but the instrument.
//!
//! Goal: symbol lookup and price and quantity grid checks at constant cost. Non-goal: books, risk per account.

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

/// All instruments, by index and by symbol. Fixed after construction.
#[derive(Clone, Debug)]
pub struct InstrumentTable {
    instruments: Vec<Instrument>,
    /// Open addressing over the symbol's eight bytes; holds index + 1, 0 is empty. Twice the instruments at least.
    buckets: Vec<u32>,
    mask: u64,
}

impl InstrumentTable {
    /// Builds the table; an instrument's index is its position in `instruments`.
    ///
    /// # Panics
    /// Two instruments share a symbol, or there are more than `u32::MAX / 4`: the configuration has checked both.
    #[must_use]
    pub fn new(instruments: Vec<Instrument>) -> Self {
        let slots = (instruments.len().max(1) * 2).next_power_of_two();
        let mask = slots as u64 - 1;
        let mut table = Self { instruments: Vec::new(), buckets: vec![0; slots], mask };
        for (index, instrument) in instruments.iter().enumerate() {
            let mut bucket = table.first_bucket(instrument.symbol);
            while table.buckets[bucket] != 0 {
                let holder = &instruments[table.buckets[bucket] as usize - 1];
                assert!(holder.symbol != instrument.symbol, "symbol {} is configured twice", instrument.symbol);
                bucket = table.next_bucket(bucket);
            }
            table.buckets[bucket] = u32::try_from(index + 1).expect("the configuration bounds the instruments");
        }
        table.instruments = instruments;
        table
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
