//! `[[instrument]]`: one traded instrument. Its position is its `symbol_id` on the tick channel.

use super::error::ConfigError;
use super::limits::{PRICE_EXPECTED, positive_price};
use super::reader::{Reader, integer};
use wire::{Price, Symbol};

/// An instrument's fixed terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The name on the wire.
    pub symbol: Symbol,
    /// The position that its author believes it has; checked when given.
    pub id: Option<u32>,
    /// Every price is a multiple of this.
    pub tick: Price,
    /// Every quantity is a multiple of this.
    pub lot: u32,
    /// The lowest price accepted; one tick where not given.
    pub price_min: Option<Price>,
    /// The highest price accepted; the largest multiple of the tick within `limits.price_max` (and, on a channel with depth, within
    /// [`DEPTH_PRICE_MAX`](super::DEPTH_PRICE_MAX)) where not given.
    pub price_max: Option<Price>,
    /// How far beyond the best opposite price a market order may trade; at any price where not given.
    pub market_protection: Option<Price>,
    /// The name of the channel on which it is published; the first one's where not given.
    pub channel: Option<String>,
}

const SYMBOL_EXPECTED: &str = "1 to 8 printable ASCII characters without spaces";

impl Instrument {
    /// What an entry is before its keys are read. The symbol has no default and is checked to be set.
    pub(super) fn template() -> Self {
        Self {
            symbol: Symbol([b' '; 8]),
            id: None,
            tick: Price(1),
            lot: 1,
            price_min: None,
            price_max: None,
            market_protection: None,
            channel: None,
        }
    }

    /// An instrument with the finest grid and no bounds of its own.
    pub(super) fn plain(symbol: &str) -> Self {
        Self { symbol: Symbol::new(symbol).expect("a symbol of the built-in default"), ..Self::template() }
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("symbol", SYMBOL_EXPECTED, Symbol::new, &mut self.symbol)?;
        if let Some(node) = reader.get("id") {
            self.id = Some(integer(node, &reader.path_of("id"), &(0..=u32::MAX))?);
        }
        reader.checked("tick", PRICE_EXPECTED, positive_price, &mut self.tick)?;
        reader.integer("lot", 1..=u32::MAX, &mut self.lot)?;
        let price = "a decimal number with at most 4 decimals, in quotes, or \"\" for none";
        reader.optional("price_min", price, |text| text.parse().ok(), &mut self.price_min)?;
        reader.optional("price_max", price, |text| text.parse().ok(), &mut self.price_max)?;
        let distance = "a decimal number above 0 with at most 4 decimals, in quotes, or \"\" for none";
        reader.optional("market_protection", distance, positive_price, &mut self.market_protection)?;
        let channel = "the name of a [[channel]], or \"\" for the first";
        reader.optional("channel", channel, |text| Some(text.to_owned()), &mut self.channel)?;
        reader.finish()
    }
}
