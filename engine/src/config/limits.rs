//! `[limits]`: how much the appliance holds. All of it is allocated at start.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, integer};
use crate::limits::REPORTS_PER_COMMAND_MAX;
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
            session_store_messages: SESSION_STORE_MESSAGES_MIN * 2,
        }
    }
}

/// The smallest store: one command may send all its reports to one session.
#[allow(clippy::cast_possible_truncation, reason = "two reports a fill, and fills are counted far below 31 bits")]
pub const SESSION_STORE_MESSAGES_MIN: u32 = (REPORTS_PER_COMMAND_MAX as u32 + 1).next_power_of_two();
const _: () =
    assert!(SESSION_STORE_MESSAGES_MIN as u64 > REPORTS_PER_COMMAND_MAX, "the store holds one command's reports");

/// Slots are numbered in 32 bits, of which the book keeps some for itself.
const SLOTS_MAX: u32 = 1 << 28;

impl Limits {
    /// Orders that may wait for a stop price.
    #[must_use]
    pub fn stops(&self) -> u32 {
        self.stops.unwrap_or((self.orders / 4).max(1))
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.integer("orders", 1..=SLOTS_MAX, &mut self.orders)?;
        reader.integer("levels", 1..=SLOTS_MAX, &mut self.levels)?;
        if let Some(node) = reader.get("stops") {
            self.stops = Some(integer(node, &reader.path_of("stops"), &(1..=SLOTS_MAX))?);
        }
        reader.checked("price_max", PRICE_EXPECTED, positive_price, &mut self.price_max)?;
        reader.integer("quantity_max", 1..=u32::MAX, &mut self.quantity_max.0)?;
        reader.integer("session_orders", 1..=SLOTS_MAX, &mut self.session_orders)?;
        let messages = &mut self.session_store_messages;
        reader.integer("session_store_messages", SESSION_STORE_MESSAGES_MIN..=1 << 26, messages)?;
        if let Some(node) = reader.get("session_store_messages")
            && !messages.is_power_of_two()
        {
            let expected = format!("a power of two; the next is {}", messages.next_power_of_two());
            return Err(bad_value(node, &reader.path_of("session_store_messages"), expected));
        }
        reader.finish()
    }
}

/// What [`positive_price`] accepts, for messages.
pub(super) const PRICE_EXPECTED: &str =
    "a decimal number above 0 with at most 4 decimals, in quotes, such as \"0.0001\" or \"12.5\"";

/// A price above zero.
pub(super) fn positive_price(text: &str) -> Option<Price> {
    text.parse().ok().filter(|price| *price > Price(0))
}
