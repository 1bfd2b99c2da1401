//! NASDAQ TotalView-ITCH 5.0 (as of February 2026): full depth, order by order.
//!
//! Goal: every message of the specification at its offsets. Non-goal: a book made of them (see the feed handler). Codes
//! that the specification lets grow are kept as the bytes that came, so that a new code is no error.

pub mod auction;
pub mod order;
pub mod stock;
pub mod system;
pub mod trade;

pub use auction::{CapitalRaisePrice, Imbalance, RetailInterest};
pub use order::{
    AddOrder, AddOrderAttributed, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderReplace,
};
pub use stock::{
    AuctionCollar, OperationalHalt, ParticipantPosition, QuotingPeriod, ShortSaleRestriction, StockDirectory,
    TradingAction,
};
pub use system::{CircuitBreakerLevels, CircuitBreakerStatus, SystemEvent};
pub use trade::{BrokenTrade, CrossTrade, Trade};

use crate::layout::{newtype, text};
use crate::{DecodeError, Nanos, Price, TimeOfDay};

/// The longest message.
pub const MESSAGE_LEN_MAX: usize = Imbalance::SIZE;

text!(
    /// A firm's market participant identifier.
    Mpid,
    4
);

/// An unsigned 32-bit price with 4 implied decimals: up to 429,496.7295.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price4(pub u32);

newtype!(Wire Price4(u32));

impl From<Price4> for Price {
    fn from(price: Price4) -> Self {
        Self(i64::from(price.0))
    }
}

impl TryFrom<Price> for Price4 {
    type Error = core::num::TryFromIntError;

    /// Fails for a price below zero or above 429,496.7295, which ITCH 5.0 cannot say.
    fn try_from(price: Price) -> Result<Self, Self::Error> {
        u32::try_from(price.0).map(Self)
    }
}

/// Nanoseconds since midnight in 48 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Timestamp([u8; 6]);

newtype!(Wire Timestamp([u8; 6]));

impl Timestamp {
    /// A time that fits 48 bits; every time of day does.
    #[must_use]
    pub const fn new(time: TimeOfDay) -> Option<Self> {
        match time.0.to_be_bytes() {
            [0, 0, a, b, c, d, e, f] => Some(Self([a, b, c, d, e, f])),
            _ => None,
        }
    }

    /// The time.
    #[must_use]
    pub const fn get(self) -> TimeOfDay {
        let [a, b, c, d, e, f] = self.0;
        TimeOfDay(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }
}

impl From<Nanos> for Timestamp {
    fn from(time: Nanos) -> Self {
        // A day has fewer than 2^47 nanoseconds.
        Self::new(TimeOfDay::from(time)).unwrap_or_default()
    }
}

/// A message with the four fields that all have in front: type, locate code, tracking number and time.
macro_rules! message {
    (
        $what:literal,
        $(#[$doc:meta])*
        pub struct $name:ident: $size:literal, type $tag:literal {
            $($(#[$field_doc:meta])* $at:literal => $field:ident: $type:ty,)*
        }
    ) => {
        $crate::layout::layout! { Wire, $what,
            $(#[$doc])*
            pub struct $name: $size, type $tag {
                /// Position of the instrument in the day's directory; 0 for none.
                1 => stock_locate: u16,
                /// The sender's own number.
                3 => tracking: u16,
                /// When.
                5 => timestamp: $crate::itch::Timestamp,
                $($(#[$field_doc])* $at => $field: $type,)*
            }
        }
    };
}
pub(crate) use message;

macro_rules! messages {
    ($($name:ident,)*) => {
        /// Any message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Message {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)*
        }

        impl Message {
            /// Every type byte with the size of its message.
            pub const SIZES: &[(u8, usize)] = &[$(($name::TYPE, $name::SIZE)),*];

            /// Reads one message from exactly its bytes.
            ///
            /// # Errors
            /// No known message, another size, a field outside its set.
            pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                match bytes.first() {
                    $(Some(&$name::TYPE) => $name::decode(bytes).map(Self::$name),)*
                    Some(&found) => Err(DecodeError::UnknownType { what: "ITCH 5.0", found }),
                    None => Err(DecodeError::TooShort { what: "ITCH 5.0", expected: 1, found: 0 }),
                }
            }

            /// Writes the message; returns its length, or nothing when `out` is too small.
            #[must_use]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                match self {
                    $(Self::$name(message) => message.encode(out),)*
                }
            }

            /// Size of the message with this type byte.
            #[must_use]
            pub const fn size_of_type(tag: u8) -> Option<usize> {
                match tag {
                    $($name::TYPE => Some($name::SIZE),)*
                    _ => None,
                }
            }

            /// When.
            #[must_use]
            pub const fn timestamp(&self) -> TimeOfDay {
                match self {
                    $(Self::$name(message) => message.timestamp.get(),)*
                }
            }

            /// Position of the instrument in the day's directory; 0 for none.
            #[must_use]
            pub const fn stock_locate(&self) -> u16 {
                match self {
                    $(Self::$name(message) => message.stock_locate,)*
                }
            }
        }

        $(const _: () = assert!($name::SIZE <= MESSAGE_LEN_MAX);)*
    };
}

messages! {
    SystemEvent, StockDirectory, TradingAction, ShortSaleRestriction, ParticipantPosition, CircuitBreakerLevels,
    CircuitBreakerStatus, QuotingPeriod, AuctionCollar, OperationalHalt, AddOrder, AddOrderAttributed, OrderExecuted,
    OrderExecutedWithPrice, OrderCancel, OrderDelete, OrderReplace, Trade, CrossTrade, BrokenTrade, Imbalance, RetailInterest,
    CapitalRaisePrice,
}
