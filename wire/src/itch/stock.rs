//! ITCH 5.0: instruments and their states.
//!
//! Goal: directory, halts, restrictions, participants. Non-goal: orders.

use super::{Mpid, Price4, message};
use crate::Symbol;

message! { "ITCH Stock Directory",
    /// An instrument of the day, with its locate code.
    pub struct StockDirectory: 39, type b'R' {
        /// Its name.
        11 => symbol: Symbol,
        /// Listing market or tier.
        19 => market_category: u8,
        /// Whether the issuer is deficient, delinquent or bankrupt.
        20 => financial_status: u8,
        /// Shares in a round lot.
        21 => round_lot: u32,
        /// `Y`: only round lots are taken.
        25 => round_lots_only: u8,
        /// Class of the issue.
        26 => classification: u8,
        /// Sub-type of the issue.
        27 => sub_type: [u8; 2],
        /// `P` live, `T` test.
        29 => authenticity: u8,
        /// `Y`: short sales must be closed out.
        30 => short_sale_threshold: u8,
        /// `Y` new listing by offering, `Z` by other means, `N` none.
        31 => ipo: u8,
        /// Tier for price bands.
        32 => price_band_tier: u8,
        /// `Y`: an exchange traded product.
        33 => etp: u8,
        /// Its leverage, rounded down.
        34 => etp_leverage: u32,
        /// `Y`: an inverse product.
        38 => inverse: u8,
    }
}

message! { "ITCH Stock Trading Action",
    /// An instrument trades, or does not.
    pub struct TradingAction: 25, type b'H' {
        /// The instrument.
        11 => symbol: Symbol,
        /// `H` halted, `P` paused, `Q` quotation only, `T` trading.
        19 => state: u8,
        /// Reserved.
        20 => reserved: u8,
        /// Reason code.
        21 => reason: [u8; 4],
    }
}

message! { "ITCH Reg SHO Restriction",
    /// Whether short sales are restricted.
    pub struct ShortSaleRestriction: 20, type b'Y' {
        /// The instrument.
        11 => symbol: Symbol,
        /// `0` none, `1` since today, `2` still.
        19 => action: u8,
    }
}

message! { "ITCH Market Participant Position",
    /// A firm's registration in an instrument.
    pub struct ParticipantPosition: 26, type b'L' {
        /// The firm.
        11 => mpid: Mpid,
        /// The instrument.
        15 => symbol: Symbol,
        /// `Y`: primary market maker.
        23 => primary_market_maker: u8,
        /// `N`, `P`, `S`, `R` or `L`.
        24 => market_maker_mode: u8,
        /// `A`, `E`, `W`, `S` or `D`.
        25 => state: u8,
    }
}

message! { "ITCH Quoting Period Update",
    /// When a new listing is released for quotation.
    pub struct QuotingPeriod: 28, type b'K' {
        /// The instrument.
        11 => symbol: Symbol,
        /// Seconds since midnight; 0 when canceled.
        19 => release_time_s: u32,
        /// `A` anticipated, `C` canceled.
        23 => qualifier: u8,
        /// Price for the day's net change; 0 when canceled.
        24 => price: Price4,
    }
}

message! { "ITCH LULD Auction Collar",
    /// Within which bounds a paused instrument may open again.
    pub struct AuctionCollar: 35, type b'J' {
        /// The instrument.
        11 => symbol: Symbol,
        /// From which the bounds are taken.
        19 => reference_price: Price4,
        /// Upper bound.
        23 => upper_price: Price4,
        /// Lower bound.
        27 => lower_price: Price4,
        /// How many times the auction was extended.
        31 => extensions: u32,
    }
}

message! { "ITCH Operational Halt",
    /// An interruption of one market centre.
    pub struct OperationalHalt: 21, type b'h' {
        /// The instrument.
        11 => symbol: Symbol,
        /// `Q`, `B` or `X`.
        19 => market: u8,
        /// `H` halted, `T` lifted.
        20 => action: u8,
    }
}
