//! What the books tell while they take messages.
//!
//! Goal: borrowed or copied data, compiled together with the caller's code. Non-goal: keeping any of it.

use wire::{MatchNumber, OrderRef, Price, Side, Symbol, TimeOfDay};

/// A level has a new total. A replaced order changes two levels, so a message may cause two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// The instrument.
    pub locate: u16,
    /// The side.
    pub side: Side,
    /// When, by the message.
    pub time: TimeOfDay,
    /// The price.
    pub price: Price,
    /// Displayed quantity from now on; 0: the level is gone.
    pub total: u64,
    /// Orders from now on.
    pub orders: u32,
}

/// What kind of trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeKind {
    /// A displayed order at its own price.
    Displayed,
    /// A displayed order at another price.
    DisplayedElsewhere,
    /// An order that was not displayed.
    Hidden,
    /// The bulk print of an auction.
    Auction,
}

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookTrade {
    /// The instrument.
    pub locate: u16,
    /// When, by the message.
    pub time: TimeOfDay,
    /// What kind.
    pub kind: TradeKind,
    /// The price.
    pub price: Price,
    /// The quantity; an auction's may be 0.
    pub qty: u64,
    /// Its number.
    pub match_number: MatchNumber,
    /// The resting order and its side, where it was displayed.
    pub maker: Option<(OrderRef, Side)>,
    /// Counts for volume; what does not is told again in bulk.
    pub printable: bool,
}

/// Hears what changes. Every method does nothing by default; `()` hears nothing.
pub trait BookListener {
    /// A level has a new total.
    #[inline]
    fn level(&mut self, change: LevelChange) {
        let _ = change;
    }

    /// A trade; comes before the change of its level.
    #[inline]
    fn trade(&mut self, trade: &BookTrade) {
        let _ = trade;
    }

    /// A trade does not count any more.
    #[inline]
    fn trade_broken(&mut self, locate: u16, match_number: MatchNumber) {
        let _ = (locate, match_number);
    }

    /// The directory names an instrument.
    #[inline]
    fn instrument(&mut self, locate: u16, symbol: Symbol) {
        let _ = (locate, symbol);
    }

    /// An instrument's trading state: `T` trading, `H` halted, `P` paused, `Q` quoting only.
    #[inline]
    fn status(&mut self, locate: u16, status: u8, time: TimeOfDay) {
        let _ = (locate, status, time);
    }

    /// The venue's day: `O`, `S`, `Q` begin, `M`, `E`, `C` end messages, system hours and market hours.
    #[inline]
    fn system(&mut self, event: u8, time: TimeOfDay) {
        let _ = (event, time);
    }
}

impl BookListener for () {}
