//! `[limits]`: how much the appliance holds. All of it is allocated at start.

use super::error::ConfigError;
use super::reader::{Reader, integer};
use crate::limits::{INSTRUMENTS_MAX, LEVELS_MAX, ORDERS_MAX, REPORTS_PER_COMMAND_MAX};
use wire::{Price, Qty};

/// Sizes and bounds. What goes beyond them is rejected with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Resting orders of all instruments together.
    pub orders: u32,
    /// Price levels of all instruments together.
    pub levels: u32,
    /// Orders that may wait for a stop price, of all instruments together; a quarter of `orders` where not given.
    pub stops: Option<u32>,
    /// The highest price of any instrument.
    pub price_max: Price,
    /// The largest quantity of an order.
    pub quantity_max: Qty,
    /// Resting orders of one session.
    pub session_orders: u32,
    /// Instruments that an operator may add to those configured.
    pub instruments_added: u32,
    /// Reports kept for each session to be asked for again; a power of two.
    pub session_store_messages: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            orders: 1 << 20,
            levels: 1 << 18,
            stops: None,
            price_max: Price(1_000_000_000 * Price::UNITS_PER_ONE),
            quantity_max: Qty(1_000_000_000),
            session_orders: 1 << 20,
            instruments_added: INSTRUMENTS_ADDED,
            session_store_messages: SESSION_STORE_MESSAGES_MIN * 2,
        }
    }
}

/// Places for added instruments where nothing is said: room for a day's listings, for some 30 KB of books. Journals from before there was
/// the key were written as if it had this value.
pub(super) const INSTRUMENTS_ADDED: u32 = 64;

#[allow(clippy::cast_possible_truncation, reason = "instruments are counted far below 32 bits")]
const INSTRUMENTS_ADDED_MAX: u32 = INSTRUMENTS_MAX as u32;

/// The smallest store: one command may send all its reports to one session.
#[allow(clippy::cast_possible_truncation, reason = "two reports a fill, and fills are counted far below 31 bits")]
pub const SESSION_STORE_MESSAGES_MIN: u32 = (REPORTS_PER_COMMAND_MAX as u32 + 1).next_power_of_two();
const _: () =
    assert!(SESSION_STORE_MESSAGES_MIN as u64 > REPORTS_PER_COMMAND_MAX, "the store holds one command's reports");

impl Limits {
    /// Orders that may wait for a stop price.
    #[must_use]
    pub fn stops(&self) -> u32 {
        self.stops.unwrap_or((self.orders / 4).max(1))
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        self.orders = numbered(&mut reader, "orders", ORDERS_MAX)?.unwrap_or(self.orders);
        self.levels = numbered(&mut reader, "levels", LEVELS_MAX)?.unwrap_or(self.levels);
        self.stops = numbered(&mut reader, "stops", ORDERS_MAX)?.or(self.stops);
        reader.checked("price_max", PRICE_EXPECTED, positive_price, &mut self.price_max)?;
        reader.integer("quantity_max", 1..=u32::MAX, &mut self.quantity_max.0)?;
        self.session_orders = numbered(&mut reader, "session_orders", ORDERS_MAX)?.unwrap_or(self.session_orders);
        reader.integer("instruments_added", 0..=INSTRUMENTS_ADDED_MAX, &mut self.instruments_added)?;
        let messages = &mut self.session_store_messages;
        reader.power_of_two("session_store_messages", SESSION_STORE_MESSAGES_MIN..=1 << 26, messages)?;
        reader.finish()
    }
}

/// Reads how many there may be of what the book numbers, where that is given.
fn numbered(reader: &mut Reader<'_>, key: &'static str, max: u32) -> Result<Option<u32>, ConfigError> {
    let Some(node) = reader.get(key) else { return Ok(None) };
    integer(node, &reader.path_of(key), &(1..=max)).map(Some).map_err(|mut error| {
        if let ConfigError::BadValue { expected, .. } = &mut error {
            expected.push_str(" (for more, share the instruments out among several appliances)");
        }
        error
    })
}

/// What [`positive_price`] accepts, for messages.
pub(super) const PRICE_EXPECTED: &str =
    "a decimal number above 0 with at most 4 decimals, in quotes, such as \"0.0001\" or \"12.5\"";

/// A price above zero.
pub(super) fn positive_price(text: &str) -> Option<Price> {
    text.parse().ok().filter(|price| *price > Price(0))
}
