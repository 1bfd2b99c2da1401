//! What is known of each instrument: its name, its state, its trades, its two ladders.
//!
//! Goal: found by locate code, without a search. Non-goal: orders.

use wire::{Price, Side, Symbol, TimeOfDay};

use super::listener::BookTrade;
use crate::ladder::Ladder;

/// Level indices by price.
pub type Prices = Ladder<u32>;

/// What the trades of one instrument come to. Trades that the venue does not print are left out, as it does itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many.
    pub trades: u64,
    /// Sum of their quantities.
    pub volume: u64,
    /// Sum of price times quantity, in price units.
    pub notional: u128,
    /// The first price.
    pub open: Option<Price>,
    /// The highest.
    pub high: Option<Price>,
    /// The lowest.
    pub low: Option<Price>,
    /// The last price and when.
    pub last: Option<(Price, TimeOfDay)>,
    /// Trades that the venue took back afterwards. They are still in the sums: the message that tells names no quantity.
    pub broken: u64,
}

impl Statistics {
    /// Volume-weighted average price, rounded down.
    #[must_use]
    pub fn vwap(&self) -> Option<Price> {
        let average = self.notional.checked_div(u128::from(self.volume))?;
        i64::try_from(average).ok().map(Price)
    }

    #[inline]
    pub(super) fn count(&mut self, trade: &BookTrade) {
        if !trade.printable || trade.qty == 0 {
            return;
        }
        let BookTrade { price, qty, .. } = *trade;
        if self.trades == 0 {
            (self.open, self.high, self.low) = (Some(price), Some(price), Some(price));
        }
        self.trades += 1;
        self.volume = self.volume.saturating_add(qty);
        // ITCH prices are not negative.
        self.notional += u128::from(price.0.unsigned_abs()) * u128::from(qty);
        self.high = self.high.max(Some(price));
        self.low = self.low.min(Some(price));
        self.last = Some((price, trade.time));
    }
}

/// An instrument, its book apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instrument {
    /// Its name, once a message told it.
    pub symbol: Option<Symbol>,
    /// Its trading state: `T` trading, `H` halted, `P` paused, `Q` quoting only.
    pub status: Option<u8>,
    /// Its trades.
    pub statistics: Statistics,
    seen: bool,
}

/// By locate code.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// Bids and asks of locate code n at 2n and 2n + 1.
    ladders: Vec<Prices>,
    instruments: Vec<Instrument>,
    /// Whether a message has told an instrument's name, so that an order that comes need not look further.
    named: Vec<bool>,
}

impl Instruments {
    pub fn new(instruments: usize) -> Self {
        let len = instruments.min(usize::from(u16::MAX) + 1);
        Self {
            ladders: vec![Prices::default(); 2 * len],
            instruments: vec![Instrument::default(); len],
            named: vec![false; len],
        }
    }

    pub fn clear(&mut self) {
        for ladder in &mut self.ladders {
            ladder.clear();
        }
        self.instruments.fill(Instrument::default());
        self.named.fill(false);
    }

    pub fn keep_statistics_of(&mut self, former: &Self) {
        for (locate, instrument) in (0..=u16::MAX).zip(&former.instruments).filter(|(_, instrument)| instrument.seen) {
            let ours = self.get_mut(locate);
            ours.statistics = instrument.statistics;
            ours.status = ours.status.or(instrument.status);
            if let Some(symbol) = instrument.symbol {
                self.name_if_new(locate, || Some(symbol));
            }
        }
    }

    pub fn len(&self) -> usize {
        self.instruments.len()
    }

    pub fn get(&self, locate: u16) -> Option<&Instrument> {
        self.instruments.get(usize::from(locate)).filter(|instrument| instrument.seen)
    }

    #[inline]
    pub fn get_mut(&mut self, locate: u16) -> &mut Instrument {
        if usize::from(locate) >= self.instruments.len() {
            self.grow(locate);
        }
        let instrument = &mut self.instruments[usize::from(locate)];
        instrument.seen = true;
        instrument
    }

    /// Takes a name for an instrument.
    pub fn name(&mut self, locate: u16, symbol: Symbol) {
        self.get_mut(locate).symbol = Some(symbol);
        self.named[usize::from(locate)] = true;
    }

    /// Takes a name for an instrument that has none. From then on there is an instrument.
    #[inline]
    pub fn name_if_new(&mut self, locate: u16, symbol: impl FnOnce() -> Option<Symbol>) {
        if !self.named.get(usize::from(locate)).copied().unwrap_or(false) {
            match symbol() {
                Some(symbol) => self.name(locate, symbol),
                None => self.get_mut(locate).symbol = None,
            }
        }
    }

    #[inline]
    pub fn ladder(&self, locate: u16, side: Side) -> Option<&Prices> {
        self.ladders.get(2 * usize::from(locate) + side.index())
    }

    #[inline]
    pub fn ladder_mut(&mut self, locate: u16, side: Side) -> &mut Prices {
        &mut self.ladders[2 * usize::from(locate) + side.index()]
    }

    /// A locate code beyond what was expected: room for it and as much again.
    #[cold]
    fn grow(&mut self, locate: u16) {
        let len = (usize::from(locate) + 1).next_power_of_two();
        self.instruments.resize(len, Instrument::default());
        self.ladders.resize(2 * len, Prices::default());
        self.named.resize(len, false);
    }
}
