//! The closed sets of OUCH 5.0 and its short texts.
//!
//! Goal: a field that was decoded holds one of its values. Non-goal: which of them the venue supports; the exchange
//! says that.

use crate::Side;
use crate::layout::{codes, newtype, text};

codes! {
    /// Side of an order as entered. For matching, the two short forms are sells.
    OrderSide {
        /// Buy.
        Buy = b'B',
        /// Sell.
        Sell = b'S',
        /// Sell short.
        SellShort = b'T',
        /// Sell short exempt.
        SellShortExempt = b'E',
    }
}

impl OrderSide {
    /// The side in the book.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Buy => Side::Buy,
            Self::Sell | Self::SellShort | Self::SellShortExempt => Side::Sell,
        }
    }
}

impl From<Side> for OrderSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Buy => Self::Buy,
            Side::Sell => Self::Sell,
        }
    }
}

codes! {
    /// How long an order lives.
    TimeInForce {
        /// For the trading day.
        Day = b'0',
        /// Until canceled (venue extension; the value of FIX tag 59).
        GoodTillCancel = b'1',
        /// Immediate or cancel: what does not trade at once is canceled.
        ImmediateOrCancel = b'3',
        /// Fill or kill: all at once or nothing (venue extension; the value of FIX tag 59).
        FillOrKill = b'4',
        /// Extended hours.
        ExtendedHours = b'5',
        /// Until the ExpireTime option.
        GoodTillTime = b'6',
        /// After hours.
        AfterHours = b'E',
    }
}

codes! {
    /// Whether an order is shown.
    Display {
        /// Shown.
        Visible = b'Y',
        /// Not shown; trades after what is shown at its price.
        Hidden = b'N',
        /// Shown with its owner's name.
        Attributable = b'A',
        /// Outbound only: shown after an adjustment by the venue.
        Conformant = b'Z',
    }
}

codes! {
    /// For whom the sender acts.
    Capacity {
        /// For a customer.
        Agency = b'A',
        /// For itself.
        Principal = b'P',
        /// For itself against an order of a customer.
        Riskless = b'R',
        /// Anything else.
        Other = b'O',
    }
}

codes! {
    /// A yes or a no.
    YesNo {
        /// Yes.
        Yes = b'Y',
        /// No.
        No = b'N',
    }
}

codes! {
    /// The kind of matching an order is meant for.
    CrossType {
        /// Continuous market.
        Continuous = b'N',
        /// Opening auction.
        Opening = b'O',
        /// Closing auction.
        Closing = b'C',
        /// Auction after a halt or for a new listing.
        Halt = b'H',
        /// Supplemental.
        Supplemental = b'S',
        /// Retail.
        Retail = b'R',
        /// Extended life.
        ExtendedLife = b'E',
        /// Close after hours.
        AfterHoursClose = b'A',
    }
}

codes! {
    /// Whether an order that was just acknowledged still lives.
    OrderState {
        /// More messages may follow.
        Live = b'L',
        /// Accepted and canceled in one; nothing follows.
        Dead = b'D',
    }
}

codes! {
    /// What the system event says.
    SystemEventCode {
        /// The venue takes orders.
        StartOfDay = b'S',
        /// The venue takes no more orders.
        EndOfDay = b'E',
    }
}

codes! {
    /// Why a trade was broken.
    BrokenTradeReason {
        /// Clearly erroneous.
        Erroneous = b'E',
        /// Both parties agreed.
        Consent = b'C',
        /// By the venue's supervision.
        Supervisory = b'S',
        /// By a third party.
        External = b'X',
    }
}

codes! {
    /// Why an order was restated.
    RestateReason {
        /// A reserve order shows a new slice.
        Refresh = b'R',
        /// The displayed price was updated.
        PriceUpdate = b'P',
        /// Its stop price was reached: it enters the book now (venue extension).
        StopReached = b'S',
    }
}

codes! {
    /// Self-match prevention of an order (venue option 129) and the strategy told by AIQ Canceled.
    SelfMatchCode {
        /// Cancel what is left of the incoming order.
        CancelNewest = b'N',
        /// Cancel the resting order and go on.
        CancelOldest = b'O',
        /// Cancel both.
        CancelBoth = b'B',
        /// Take the smaller quantity off both; what reaches zero is canceled.
        Decrement = b'D',
        /// No prevention: let them trade.
        Allow = b'X',
    }
}

/// Which part an order had in an execution (OUCH 5.0 Appendix E); an open set, kept as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct LiquidityFlag(pub u8);

impl LiquidityFlag {
    /// The order was resting and shown.
    pub const ADDED: Self = Self(b'A');
    /// The order was incoming.
    pub const REMOVED: Self = Self(b'R');
    /// The order was resting and hidden.
    pub const ADDED_HIDDEN: Self = Self(b'J');
}

text!(
    /// The client's own text for an order; not checked for being unique.
    ClOrdId,
    14
);
text!(
    /// The firm on whose behalf an order is entered.
    Firm,
    4
);
newtype!(Wire LiquidityFlag(u8));
