//! IEX DEEP 1.0: price levels, trades and states.
//!
//! Goal: every message of the specification. Non-goal: a book.

use crate::layout::layout;
use crate::{DecodeError, Nanos, Price, Qty, Side, Symbol};

/// Set in the event flags of the last price level update of an event: the best prices hold from here on.
pub const EVENT_COMPLETE: u8 = 0x01;

layout! { Disk, "DEEP System Event",
    /// The day's stages.
    pub struct SystemEvent: 10, type b'S' {
        /// `O` first message, `S` system opens, `R` regular hours begin, `M` regular hours end, `E` system closes, `C` last message.
        1 => event: u8,
        /// When.
        2 => timestamp: Nanos,
    }
}

layout! { Disk, "DEEP Security Directory",
    /// An instrument of the day.
    pub struct SecurityDirectory: 31, type b'D' {
        /// 0x80 test, 0x40 when issued, 0x20 exchange traded product.
        1 => flags: u8,
        /// When.
        2 => timestamp: Nanos,
        /// Its name.
        10 => symbol: Symbol,
        /// Shares in a round lot.
        18 => round_lot: u32,
        /// The last official close, adjusted for what the issuer did.
        22 => adjusted_close: Price,
        /// Tier for price bands; 0 for none.
        30 => price_band_tier: u8,
    }
}

layout! { Disk, "DEEP Trading Status",
    /// An instrument trades, or does not.
    pub struct TradingStatus: 22, type b'H' {
        /// `H` halted, `O` orders are taken after a halt, `P` paused and orders are taken, `T` trading.
        1 => state: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// Reason code.
        18 => reason: [u8; 4],
    }
}

layout! { Disk, "DEEP Retail Liquidity Indicator",
    /// Retail interest that is not shown.
    pub struct RetailLiquidity: 18, type b'I' {
        /// Space none, `A` buy, `B` sell, `C` both.
        1 => interest: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
    }
}

layout! { Disk, "DEEP Operational Halt Status",
    /// An interruption of this venue alone.
    pub struct OperationalHalt: 18, type b'O' {
        /// `O` halted, `N` not halted.
        1 => state: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
    }
}

layout! { Disk, "DEEP Short Sale Price Test Status",
    /// Whether short sales are restricted.
    pub struct ShortSaleTest: 19, type b'P' {
        /// 1 in effect, 0 not.
        1 => in_effect: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// Space none, `A` activated, `C` continued, `D` deactivated, `N` not known.
        18 => detail: u8,
    }
}

layout! { Disk, "DEEP Security Event",
    /// A stage of one instrument's day.
    pub struct SecurityEvent: 18, type b'E' {
        /// `O` opening is complete, `C` closing is complete.
        1 => event: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
    }
}

layout! { Disk, "DEEP Price Level Update buy",
    /// The new total displayed at a price among the bids; 0 means that the level is gone.
    pub struct BuyLevel: 30, type b'8' {
        /// [`EVENT_COMPLETE`], or 0 while the book is between two states.
        1 => flags: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// The new total.
        18 => size: Qty,
        /// The price.
        22 => price: Price,
    }
}

layout! { Disk, "DEEP Price Level Update sell",
    /// The new total displayed at a price among the asks; 0 means that the level is gone.
    pub struct SellLevel: 30, type b'5' {
        /// [`EVENT_COMPLETE`], or 0 while the book is between two states.
        1 => flags: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// The new total.
        18 => size: Qty,
        /// The price.
        22 => price: Price,
    }
}

layout! { Disk, "DEEP Trade Report",
    /// One fill of a displayed or hidden order.
    pub struct TradeReport: 38, type b'T' {
        /// 0x80 sweep, 0x40 outside regular hours, 0x20 odd lot, 0x10 not subject to rule 611, 0x08 auction.
        1 => flags: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// Quantity.
        18 => size: Qty,
        /// The price.
        22 => price: Price,
        /// Number of the trade, unique in a day.
        30 => trade_id: i64,
    }
}

layout! { Disk, "DEEP Official Price",
    /// The venue's own opening or closing price.
    pub struct OfficialPrice: 26, type b'X' {
        /// `Q` opening, `M` closing.
        1 => price_type: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// The price.
        18 => price: Price,
    }
}

layout! { Disk, "DEEP Trade Break",
    /// A trade does not count any more.
    pub struct TradeBreak: 38, type b'B' {
        /// As in the report.
        1 => flags: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// Quantity.
        18 => size: Qty,
        /// The price.
        22 => price: Price,
        /// Number of the trade.
        30 => trade_id: i64,
    }
}

layout! { Disk, "DEEP Auction Information",
    /// What an auction would match now.
    pub struct AuctionInformation: 80, type b'A' {
        /// `O` opening, `C` closing, `I` new listing, `H` after a halt, `V` volatility.
        1 => auction_type: u8,
        /// When.
        2 => timestamp: Nanos,
        /// The instrument.
        10 => symbol: Symbol,
        /// Shares that would match at the reference price.
        18 => paired_shares: u32,
        /// At or within the bounds of the reference price.
        22 => reference_price: Price,
        /// Clearing price of all orders that may take part.
        30 => indicative_price: Price,
        /// Shares that would not match at the reference price.
        38 => imbalance_shares: u32,
        /// `B`, `S`, or `N` none.
        42 => imbalance_side: u8,
        /// How many times the auction was extended.
        43 => extensions: u8,
        /// When it is to match, seconds since the Unix epoch.
        44 => scheduled_time_s: u32,
        /// Clearing price of the auction's orders alone.
        48 => auction_price: Price,
        /// From which the bounds are taken; 0 for none.
        56 => collar_reference_price: Price,
        /// Lower bound.
        64 => collar_lower_price: Price,
        /// Upper bound.
        72 => collar_upper_price: Price,
    }
}

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

            /// Reads one message from its bytes; what it has grown beyond the known size is passed over.
            ///
            /// # Errors
            /// No known type, or too short for its type.
            #[inline]
            pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                match bytes.first() {
                    $(Some(&$name::TYPE) => {
                        let known = bytes.get(..$name::SIZE);
                        let short = DecodeError::TooShort {
                            what: concat!("DEEP ", stringify!($name)), expected: $name::SIZE, found: bytes.len()
                        };
                        $name::decode(known.ok_or(short)?).map(Self::$name)
                    })*
                    Some(&found) => Err(DecodeError::UnknownType { what: "DEEP 1.0", found }),
                    None => Err(DecodeError::TooShort { what: "DEEP 1.0", expected: 1, found: 0 }),
                }
            }

            /// Writes the message; returns its length, or nothing when `out` is too small.
            #[must_use]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                match self {
                    $(Self::$name(message) => message.encode(out),)*
                }
            }

            /// When.
            #[must_use]
            pub const fn timestamp(&self) -> Nanos {
                match self {
                    $(Self::$name(message) => message.timestamp,)*
                }
            }
        }
    };
}

messages! {
    SystemEvent, SecurityDirectory, TradingStatus, RetailLiquidity, OperationalHalt, ShortSaleTest, SecurityEvent, BuyLevel,
    SellLevel, TradeReport, OfficialPrice, TradeBreak, AuctionInformation,
}

/// A price level update of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelUpdate {
    /// Whose level.
    pub side: Side,
    /// Whether the book is between two states no longer.
    pub complete: bool,
    /// When.
    pub timestamp: Nanos,
    /// The instrument.
    pub symbol: Symbol,
    /// The new total; 0 when the level is gone.
    pub size: Qty,
    /// The price.
    pub price: Price,
}

impl From<BuyLevel> for LevelUpdate {
    fn from(BuyLevel { flags, timestamp, symbol, size, price }: BuyLevel) -> Self {
        Self { side: Side::Buy, complete: flags & EVENT_COMPLETE != 0, timestamp, symbol, size, price }
    }
}

impl From<SellLevel> for LevelUpdate {
    fn from(SellLevel { flags, timestamp, symbol, size, price }: SellLevel) -> Self {
        Self { side: Side::Sell, complete: flags & EVENT_COMPLETE != 0, timestamp, symbol, size, price }
    }
}
