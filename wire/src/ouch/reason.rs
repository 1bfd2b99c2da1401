//! Why an order was refused or taken away.
//!
//! Goal: the codes of OUCH 5.0 Appendix C and D and the venue's own, each with one line of plain text.
//! Non-goal: a closed set; a client must survive a code that it does not know.

use core::fmt;

use crate::DecodeError;
use crate::layout::newtype;

/// Why quantity was taken off an order without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct CancelReason(pub u8);

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct RejectReason(pub u16);

newtype!(Wire CancelReason(u8), Wire RejectReason(u16));

macro_rules! reasons {
    ($type:ident { $($name:ident = $code:literal, $text:literal;)* }) => {
        impl $type {
            $(
                #[doc = $text]
                pub const $name: Self = Self($code);
            )*
            /// Every reason with a name, in the order of the table in docs/protocol.md.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name; "UNKNOWN" for a code without one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => stringify!($name),)*
                    _ => "UNKNOWN",
                }
            }

            /// One line of text; "unknown reason" for a code without a name.
            #[must_use]
            pub const fn describe(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    _ => "unknown reason",
                }
            }
        }
    };
}

reasons!(CancelReason {
    REGULATORY = b'D', "regulatory restriction";
    CLOSED = b'E', "received after the close";
    POST_ONLY_MARKET = b'F', "post only: would have been repriced for another market";
    POST_ONLY_CONTRA = b'G', "post only: would have been repriced for a displayed order here";
    HALTED = b'H', "the instrument stayed halted";
    IMMEDIATE = b'I', "immediate or cancel: what did not trade at once";
    COLLAR = b'K', "price collar";
    SELF_MATCH = b'Q', "self-match prevention";
    SUPERVISORY = b'S', "by the venue's supervision";
    TIMEOUT = b'T', "the time in force has ended";
    USER = b'U', "asked for by the client";
    OPEN_PROTECTION = b'X', "opening price protection";
    SYSTEM = b'Z', "by the venue's system";
    DIRECT_LISTING = b'e', "more than the direct listing allows";
    DISCONNECT = b'd', "venue: the session ended and asked for cancel on disconnect";
    SWEEP_LIMIT = b'l', "venue: one message may cause only so many fills; the rest was canceled";
    STOP_POST_ONLY = b'p', "venue: its stop price was reached, and post only it would have traded";
    STOP_MIN_QUANTITY = b'm', "venue: its stop price was reached, and its minimum quantity could not trade";
    STOP_NO_ROOM = b'f', "venue: its stop price was reached, and the book had no room for it";
});

reasons!(RejectReason {
    QUOTE_UNAVAILABLE = 0x0001, "quote unavailable";
    DESTINATION_CLOSED = 0x0002, "destination closed";
    INVALID_DISPLAY = 0x0003, "invalid display";
    INVALID_MAX_FLOOR = 0x0004, "invalid displayed slice (MaxFloor)";
    INVALID_PEG_TYPE = 0x0005, "invalid peg type";
    FAT_FINGER = 0x0006, "fat finger";
    HALTED = 0x0007, "instrument halted";
    ISO_NOT_ALLOWED = 0x0008, "intermarket sweep not allowed";
    INVALID_SIDE = 0x0009, "invalid side";
    PROCESSING_ERROR = 0x000A, "processing error";
    CANCEL_PENDING = 0x000B, "cancel pending";
    FIRM_NOT_AUTHORIZED = 0x000C, "firm not authorized";
    INVALID_MIN_QUANTITY = 0x000D, "invalid minimum quantity";
    NO_CLOSING_REFERENCE = 0x000E, "no closing reference price";
    OTHER = 0x000F, "other";
    CANCEL_NOT_ALLOWED = 0x0010, "cancel not allowed";
    PEGGING_NOT_ALLOWED = 0x0011, "pegging not allowed";
    CROSSED_MARKET = 0x0012, "crossed market";
    INVALID_QUANTITY = 0x0013, "quantity is zero or above the instrument's maximum";
    INVALID_CROSS_ORDER = 0x0014, "cross type not supported";
    REPLACE_NOT_ALLOWED = 0x0015, "replace not allowed";
    ROUTING_NOT_ALLOWED = 0x0016, "routing not allowed";
    INVALID_SYMBOL = 0x0017, "unknown symbol";
    TEST = 0x0018, "test";
    LATE_LOC_TOO_AGGRESSIVE = 0x0019, "late limit-on-close too aggressive";
    RETAIL_NOT_ALLOWED = 0x001A, "retail not allowed";
    INVALID_MIDPOINT_PRICE = 0x001B, "invalid midpoint post-only price";
    INVALID_DESTINATION = 0x001C, "invalid destination";
    INVALID_PRICE = 0x001D, "price outside the instrument's bounds";
    SHARES_EXCEED_THRESHOLD = 0x001E, "shares exceed threshold";
    NOTIONAL_EXCEEDED = 0x001F, "maximum notional value exceeded";
    RISK_EXPOSURE = 0x0020, "risk: aggregate exposure exceeded";
    RISK_MARKET_IMPACT = 0x0021, "risk: market impact";
    RISK_RESTRICTED = 0x0022, "risk: restricted stock";
    RISK_SHORT_SELL = 0x0023, "risk: short sell restricted";
    RISK_ORDER_TYPE = 0x0024, "risk: order type restricted";
    RISK_ADV = 0x0025, "risk: average daily volume limit exceeded";
    RISK_FAT_FINGER = 0x0026, "risk: fat finger";
    RISK_LOCATE = 0x0027, "risk: locate required";
    RISK_SYMBOL_RATE = 0x0028, "risk: message rate of the symbol";
    RISK_PORT_RATE = 0x0029, "risk: message rate of the port";
    RISK_DUPLICATE_RATE = 0x002A, "risk: rate of duplicate messages";
    MALFORMED = 0x0100, "venue: the message cannot be read";
    QUANTITY_NOT_LOT = 0x0101, "venue: quantity is no multiple of the instrument's lot";
    PRICE_NOT_TICK = 0x0102, "venue: price is no multiple of the instrument's tick";
    TIME_IN_FORCE_UNSUPPORTED = 0x0103, "venue: time in force not supported";
    OPTION_UNSUPPORTED = 0x0104, "venue: an option is unknown, malformed or not supported here";
    POST_ONLY_WOULD_TRADE = 0x0105, "venue: post only, and would trade";
    MIN_QUANTITY_NOT_MET = 0x0106, "venue: minimum quantity cannot trade at once";
    NOT_LIVE = 0x0107, "venue: the order to replace is not live";
    BOOK_FULL = 0x0108, "venue: the book holds no more orders or price levels";
    LEVEL_QUANTITY_OVERFLOW = 0x0109, "venue: the total at the price would not fit the market-data tick";
    OPEN_ORDER_LIMIT = 0x010A, "venue: the session has its maximum of open orders";
    SELF_MATCH_PREVENTED = 0x010B, "venue: self-match prevention";
    INVALID_STOP_PRICE = 0x010C, "venue: stop price outside the instrument's bounds or no multiple of its tick";
    ICEBERG_UNSUPPORTED = 0x010D, "venue: displayed slices are not supported";
    STOPS_FULL = 0x010E, "venue: as many orders wait for a stop price as the venue holds";
    NOT_A_STOP = 0x010F, "venue: a new stop price for an order that does not wait for one";
    ENTRY_CLOSED = 0x0110, "venue: no new orders for now, the journal's disk is nearly full; cancels work";
    MARKET_CLOSED = 0x0111, "venue: the market day is over; nothing is entered or canceled any more";
    LOCKED = 0x0112, "venue: locked by the operator, no new orders; ask the venue";
    DRAINING = 0x0113, "venue: no new orders, the venue is about to stop; cancels work";
});

impl RejectReason {
    /// The first code of the venue's own; below stand the codes of OUCH 5.0.
    pub const VENUE_FIRST: u16 = 0x0100;

    /// The reason to give for a message that could not be decoded.
    #[must_use]
    pub fn from_decode_error(error: &DecodeError) -> Self {
        match error {
            DecodeError::Value { field: "side", .. } => Self::INVALID_SIDE,
            DecodeError::Value { field: "display", .. } => Self::INVALID_DISPLAY,
            DecodeError::Value { field: "cross_type", .. } => Self::INVALID_CROSS_ORDER,
            DecodeError::Value { field: "time_in_force", .. } => Self::TIME_IN_FORCE_UNSUPPORTED,
            DecodeError::Value { field: "option", .. }
            | DecodeError::UnknownOption { .. }
            | DecodeError::DuplicateOption { .. }
            | DecodeError::OptionLength { .. } => Self::OPTION_UNSUPPORTED,
            _ => Self::MALFORMED,
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.describe(), self.0.escape_ascii())
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#06x})", self.describe(), self.0)
    }
}
