//! What the depth stream of a channel says: one ITCH 5.0 message as a small value.
//!
//! Goal: the exchange says what happened in a copy of less than a cache line, and whoever sends, stores or looks at it turns it into bytes.
//! Non-goal: a book (see the feed handler), and the numbering (see [`Numbers`](crate::exchange::Numbers)).

use crate::instrument::Listings;
use wire::feed::{ChannelIndex, locate};
use wire::itch::{self, Price4, Timestamp};
use wire::{InstrumentIndex, MatchNumber, Nanos, OrderRef, Price, Qty, Side, Symbol};

/// One message of a depth stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthEvent {
    /// The receive time of the command that caused it.
    pub timestamp: Nanos,
    /// What it says.
    pub change: Change,
}

/// What a message of a depth stream says. A displayed order is named by its order reference, which is used for no other order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `S`: a stage of the day.
    System {
        /// Whose stream.
        channel: ChannelIndex,
        /// Which stage.
        stage: Stage,
    },
    /// `R`: there is this instrument.
    Directory {
        /// Which one.
        instrument: InstrumentIndex,
    },
    /// `H`: an instrument is in this state.
    TradingAction {
        /// Which one.
        instrument: InstrumentIndex,
        /// `T` trading.
        state: u8,
    },
    /// `A`: a displayed order rests, at the back of its level.
    Add {
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its number.
        order_ref: OrderRef,
        /// What it displays.
        qty: Qty,
        /// Its price.
        price: Price,
    },
    /// `E`: a displayed order traded, and displays less by so much; nothing left: it is gone.
    Executed {
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its number.
        order_ref: OrderRef,
        /// What traded.
        qty: Qty,
        /// The trade's number.
        match_number: MatchNumber,
    },
    /// `X`: a displayed order displays less by so much, and keeps its place.
    Reduced {
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its number.
        order_ref: OrderRef,
        /// What it does not display any more; never all.
        qty: Qty,
    },
    /// `D`: a displayed order is gone.
    Deleted {
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its number.
        order_ref: OrderRef,
    },
    /// `U`: a displayed order is gone, and another one of the same side rests in its stead, at the back of its level.
    Replaced {
        /// Their instrument.
        instrument: InstrumentIndex,
        /// The number of the one that is gone.
        old_ref: OrderRef,
        /// The number of the other one.
        order_ref: OrderRef,
        /// What it displays.
        qty: Qty,
        /// Its price.
        price: Price,
    },
    /// `P`: an order that is not displayed traded.
    HiddenTrade {
        /// Its instrument.
        instrument: InstrumentIndex,
        /// What traded.
        qty: Qty,
        /// At which price.
        price: Price,
        /// The trade's number.
        match_number: MatchNumber,
    },
}

/// A stage of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// The first message.
    FirstMessage = b'O',
    /// The system is open.
    SystemOpen = b'S',
    /// The market is open.
    MarketOpen = b'Q',
    /// The market is closed.
    MarketClosed = b'M',
    /// The system is closed.
    SystemClosed = b'E',
    /// The last message.
    LastMessage = b'C',
}

const _: () = assert!(size_of::<DepthEvent>() <= 48, "an event and its cause are a cache line");

impl Stage {
    /// All of them, in the order of the day.
    pub const ALL: [Self; 6] = [
        Self::FirstMessage,
        Self::SystemOpen,
        Self::MarketOpen,
        Self::MarketClosed,
        Self::SystemClosed,
        Self::LastMessage,
    ];

    /// How many of them have begun while the market is open.
    pub const OPEN: usize = 3;

    /// Its letter on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl DepthEvent {
    /// Which instrument it speaks of; `None` where it speaks of the whole channel.
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentIndex> {
        match self.change {
            Change::System { .. } => None,
            Change::Directory { instrument }
            | Change::TradingAction { instrument, .. }
            | Change::Add { instrument, .. }
            | Change::Executed { instrument, .. }
            | Change::Reduced { instrument, .. }
            | Change::Deleted { instrument, .. }
            | Change::Replaced { instrument, .. }
            | Change::HiddenTrade { instrument, .. } => Some(instrument),
        }
    }

    /// Whose stream it belongs to.
    #[must_use]
    pub fn channel(&self, instruments: &impl Listings) -> ChannelIndex {
        match self.change {
            Change::System { channel, .. } => channel,
            _ => self.instrument().map_or_else(ChannelIndex::default, |index| instruments.listed(index).channel),
        }
    }

    /// Writes the ITCH 5.0 message. Returns its length; nothing when `out` is too small for it, or its price is one that ITCH cannot say,
    /// which the configuration keeps out of depth streams.
    #[must_use]
    pub fn encode(&self, instruments: &impl Listings, out: &mut [u8]) -> Option<usize> {
        let stock_locate = self.instrument().map_or(Some(0), locate)?;
        let (tracking, timestamp) = (0, Timestamp::from(self.timestamp));
        match self.change {
            Change::System { stage, .. } => {
                itch::SystemEvent { stock_locate, tracking, timestamp, event: stage.code() }.encode(out)
            }
            Change::Directory { instrument } => {
                let terms = instruments.listed(instrument);
                directory(stock_locate, timestamp, terms.symbol, terms.lot).encode(out)
            }
            Change::TradingAction { instrument, state } => {
                let symbol = instruments.listed(instrument).symbol;
                trading_action(stock_locate, timestamp, symbol, state).encode(out)
            }
            Change::Add { instrument, side, order_ref, qty, price } => {
                let (symbol, price) = (instruments.listed(instrument).symbol, Price4::try_from(price).ok()?);
                itch::AddOrder { stock_locate, tracking, timestamp, order_ref, side, qty, symbol, price }.encode(out)
            }
            Change::Executed { order_ref, qty, match_number, .. } => {
                itch::OrderExecuted { stock_locate, tracking, timestamp, order_ref, qty, match_number }.encode(out)
            }
            Change::Reduced { order_ref, qty, .. } => {
                itch::OrderCancel { stock_locate, tracking, timestamp, order_ref, qty }.encode(out)
            }
            Change::Deleted { order_ref, .. } => {
                itch::OrderDelete { stock_locate, tracking, timestamp, order_ref }.encode(out)
            }
            Change::Replaced { old_ref, order_ref, qty, price, .. } => {
                let (orig_order_ref, price) = (old_ref, Price4::try_from(price).ok()?);
                itch::OrderReplace { stock_locate, tracking, timestamp, orig_order_ref, order_ref, qty, price }
                    .encode(out)
            }
            Change::HiddenTrade { instrument, qty, price, match_number } => {
                let (symbol, price) = (instruments.listed(instrument).symbol, Price4::try_from(price).ok()?);
                let (order_ref, side) = (OrderRef(0), Side::Buy);
                itch::Trade { stock_locate, tracking, timestamp, order_ref, side, qty, symbol, price, match_number }
                    .encode(out)
            }
        }
    }
}

/// The directory message of an instrument of this venue. What ITCH says of listings in the United States is said as "not so" or "not
/// available".
#[must_use]
pub const fn directory(stock_locate: u16, timestamp: Timestamp, symbol: Symbol, lot: u32) -> itch::StockDirectory {
    itch::StockDirectory {
        stock_locate,
        tracking: 0,
        timestamp,
        symbol,
        market_category: b' ',
        financial_status: b' ',
        round_lot: lot,
        round_lots_only: b'Y',
        classification: b'Q',
        sub_type: *b"Z ",
        authenticity: b'P',
        short_sale_threshold: b' ',
        ipo: b' ',
        price_band_tier: b' ',
        etp: b' ',
        etp_leverage: 0,
        inverse: b'N',
    }
}

/// The message that says in which state an instrument is.
#[must_use]
pub const fn trading_action(stock_locate: u16, timestamp: Timestamp, symbol: Symbol, state: u8) -> itch::TradingAction {
    itch::TradingAction { stock_locate, tracking: 0, timestamp, symbol, state, reserved: b' ', reason: *b"    " }
}
