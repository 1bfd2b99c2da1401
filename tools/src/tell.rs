//! What the system's messages say, told field by field: one description of each, for people and for programs.
//!
//! Goal: a record, a client's message, a report and a tick have the same fields under the same names wherever they are printed; text and
//! JSON differ in form only. Non-goal: secrets; the tokens and nonces of logins are told nowhere, so that whoever may read a dump need
//! not be able to speak for a session.
//!
//! ```text
//!   record, inbound, outbound, tick ──► dyn Fields ──┬── TextLine   name=value name=value
//!                                                    └── JsonLine   {"name":value,"name":value}
//! ```

mod itch;
mod json_line;
mod message;
mod record;
mod text_line;
mod tick_line;

pub use itch::{itch, itch_kind_of};
pub use json_line::JsonLine;
pub use message::{inbound, kind_of, message, order_of, outbound, report, report_kind_of, tick};
pub use record::{record, record_line, record_place, session_of};
pub use text_line::TextLine;
pub use tick_line::print_tick;

use std::fmt::{Debug, Display};
use std::io;
use wire::Price;
use wire::ouch::MARKET_PRICE;

/// The value of a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A count, a number, an identifier.
    Number(u64),
    /// Sixteen digits: a hash, an epoch.
    Hash(u64),
    /// A member of a closed set, by its name.
    Word(&'a dyn Debug),
    /// A limit; `None` where there is none, of a market order.
    Price(Option<Price>),
    /// What has a form of its own and no blank in it: an address, a name.
    Shown(&'a dyn Display),
    /// Whatever somebody wrote.
    Text(&'a str),
    /// Bytes.
    Hex(&'a [u8]),
}

/// Hears of fields, in order.
pub trait Fields {
    /// One field.
    ///
    /// # Errors
    /// What is below refuses.
    fn field(&mut self, name: &str, value: Value<'_>) -> io::Result<()>;

    /// A part of this name and type begins; the fields up to [`Self::end`] are its own. `None` where the type is not known.
    ///
    /// # Errors
    /// What is below refuses.
    fn begin(&mut self, name: &str, kind: Option<&str>) -> io::Result<()>;

    /// The part ends.
    ///
    /// # Errors
    /// What is below refuses.
    fn end(&mut self) -> io::Result<()>;
}

/// Shorter words for the kinds of values.
impl dyn Fields + '_ {
    /// See [`Value::Number`].
    ///
    /// # Errors
    /// What is below refuses.
    pub fn number(&mut self, name: &str, value: impl Into<u64>) -> io::Result<()> {
        self.field(name, Value::Number(value.into()))
    }

    /// See [`Value::Word`].
    ///
    /// # Errors
    /// What is below refuses.
    pub fn word(&mut self, name: &str, value: &dyn Debug) -> io::Result<()> {
        self.field(name, Value::Word(value))
    }

    /// See [`Value::Price`].
    ///
    /// # Errors
    /// What is below refuses.
    pub fn price(&mut self, name: &str, value: Price) -> io::Result<()> {
        self.field(name, Value::Price((value != MARKET_PRICE).then_some(value)))
    }

    /// See [`Value::Shown`].
    ///
    /// # Errors
    /// What is below refuses.
    pub fn shown(&mut self, name: &str, value: &dyn Display) -> io::Result<()> {
        self.field(name, Value::Shown(value))
    }

    /// See [`Value::Text`].
    ///
    /// # Errors
    /// What is below refuses.
    pub fn text(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.field(name, Value::Text(value))
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
