//! ITCH 5.0: what an auction would do, and interest that is not in the book.
//!
//! Goal: imbalance, retail interest, price discovery of a direct listing. Non-goal: the auction's own print
//! ([`super::trade`]).

use super::{Price4, message};
use crate::Symbol;

message! { "ITCH NOII",
    /// What an auction would match now.
    pub struct Imbalance: 50, type b'I' {
        /// Shares that would match at the reference price.
        11 => paired_shares: u64,
        /// Shares that would not.
        19 => imbalance_shares: u64,
        /// `B` buy, `S` sell, `N` none, `O` too few orders, `P` paused.
        27 => direction: u8,
        /// The instrument.
        28 => symbol: Symbol,
        /// Clearing price of the auction's orders alone.
        36 => far_price: Price4,
        /// Clearing price with the continuous orders.
        40 => near_price: Price4,
        /// The price for which the shares are counted.
        44 => reference_price: Price4,
        /// `O` opening, `C` closing, `H` after a halt or for a new listing, `A` extended close.
        48 => cross_type: u8,
        /// How far the near price is from the reference.
        49 => variation: u8,
    }
}

message! { "ITCH Retail Interest",
    /// Retail interest that is not shown as orders.
    pub struct RetailInterest: 20, type b'N' {
        /// The instrument.
        11 => symbol: Symbol,
        /// `B` buy side, `S` sell side, `A` both, `N` none.
        19 => interest: u8,
    }
}

message! { "ITCH Direct Listing with Capital Raise",
    /// Price discovery of a direct listing.
    pub struct CapitalRaisePrice: 48, type b'O' {
        /// The instrument.
        11 => symbol: Symbol,
        /// `Y`: may be released for trading.
        19 => open_eligible: u8,
        /// Lowest price allowed.
        20 => price_min: Price4,
        /// Highest price allowed.
        24 => price_max: Price4,
        /// The near price at the time of the volatility test.
        28 => near_price: Price4,
        /// When it was set, nanoseconds since midnight.
        32 => near_time: u64,
        /// Lower bound of the auction.
        40 => lower_price: Price4,
        /// Upper bound of the auction.
        44 => upper_price: Price4,
    }
}
