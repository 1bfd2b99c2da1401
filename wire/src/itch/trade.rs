//! ITCH 5.0: trades that no resting displayed order tells of.
//!
//! Goal: prints of hidden orders and of auctions, and broken trades. Non-goal: executions of displayed orders
//! ([`super::order`]).

use super::{Price4, message};
use crate::{MatchNumber, OrderRef, Qty, Side, Symbol};

message! { "ITCH Trade",
    /// A hidden order traded.
    pub struct Trade: 44, type b'P' {
        /// Zero since 2010.
        11 => order_ref: OrderRef,
        /// Always buy since 2014.
        19 => side: Side,
        /// Quantity.
        20 => qty: Qty,
        /// The instrument.
        24 => symbol: Symbol,
        /// The price.
        32 => price: Price4,
        /// Number of the trade.
        36 => match_number: MatchNumber,
    }
}

message! { "ITCH Cross Trade",
    /// The bulk print of an auction.
    pub struct CrossTrade: 40, type b'Q' {
        /// Quantity; 0 when there was nothing to match.
        11 => shares: u64,
        /// The instrument.
        19 => symbol: Symbol,
        /// The price.
        27 => price: Price4,
        /// Number of the trade.
        31 => match_number: MatchNumber,
        /// `O` opening, `C` closing, `H` after a halt or for a new listing.
        39 => cross_type: u8,
    }
}

message! { "ITCH Broken Trade",
    /// An execution does not count any more.
    pub struct BrokenTrade: 19, type b'B' {
        /// Number of the trade.
        11 => match_number: MatchNumber,
    }
}
