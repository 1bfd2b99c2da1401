//! What clients send: OUCH 5.0 §2.
//!
//! Goal: one enum of all inbound messages. Non-goal: whether an order may be entered.

use super::code::{Capacity, ClOrdId, CrossType, Display, OrderSide, TimeInForce, YesNo};
use super::{INBOUND_LEN_MAX, MARKET_PRICE, message_with_options};
use crate::layout::layout;
use crate::{DecodeError, Price, Qty, Symbol, UserRefNum};

message_with_options! { "Enter Order",
    /// Enters an order.
    pub struct EnterOrder: 47, type b'O' {
        /// The client's number of the order: above all that it has used.
        1 => user_ref: UserRefNum,
        /// Side.
        5 => side: OrderSide,
        /// Quantity.
        6 => qty: Qty,
        /// Instrument.
        10 => symbol: Symbol,
        /// Limit, or [`MARKET_PRICE`].
        18 => price: Price,
        /// How long it lives.
        26 => time_in_force: TimeInForce,
        /// Whether it is shown.
        27 => display: Display,
        /// For whom the sender acts; recorded only.
        28 => capacity: Capacity,
        /// Recorded only: there is no other market to sweep.
        29 => sweep: YesNo,
        /// Kind of matching.
        30 => cross_type: CrossType,
        /// The client's own text.
        31 => cl_ord_id: ClOrdId,
        options 45, total INBOUND_LEN_MAX
    }
}

message_with_options! { "Replace Order",
    /// Replaces a live order by one with another number.
    pub struct ReplaceOrder: 40, type b'U' {
        /// The order to replace.
        1 => orig_user_ref: UserRefNum,
        /// The number of the replacement: above all that the client has used.
        5 => user_ref: UserRefNum,
        /// Total that may ever execute over the whole chain; with option 130 the new open quantity.
        9 => qty: Qty,
        /// Limit of the replacement.
        13 => price: Price,
        /// How long the replacement lives.
        21 => time_in_force: TimeInForce,
        /// Whether it is shown.
        22 => display: Display,
        /// Recorded only.
        23 => sweep: YesNo,
        /// The client's own text.
        24 => cl_ord_id: ClOrdId,
        options 38, total INBOUND_LEN_MAX
    }
}

layout! { Wire, "Cancel Order",
    /// Reduces or cancels an order.
    pub struct CancelOrder: 9, type b'X' {
        /// The order.
        1 => user_ref: UserRefNum,
        /// Total that may ever execute, what has executed already included; 0 cancels what is left.
        5 => qty: Qty,
    }
}

layout! { Wire, "Modify Order",
    /// Changes the short-sale marking of a sell, and may reduce it.
    pub struct ModifyOrder: 10, type b'M' {
        /// The order.
        1 => user_ref: UserRefNum,
        /// The new marking.
        5 => side: OrderSide,
        /// Total that may ever execute; 0 cancels what is left.
        6 => qty: Qty,
    }
}

layout! { Wire, "Account Query",
    /// Asks for the next free `UserRefNum`.
    pub struct AccountQuery: 1, type b'Q' {
    }
}

impl EnterOrder<'_> {
    /// Whether it is a market order.
    #[must_use]
    pub fn is_market(&self) -> bool {
        self.price == MARKET_PRICE
    }
}

impl ReplaceOrder<'_> {
    /// Whether the replacement is a market order.
    #[must_use]
    pub fn is_market(&self) -> bool {
        self.price == MARKET_PRICE
    }
}

/// Any inbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// `O`
    EnterOrder(EnterOrder<'a>),
    /// `U`
    ReplaceOrder(ReplaceOrder<'a>),
    /// `X`
    CancelOrder(CancelOrder),
    /// `M`
    ModifyOrder(ModifyOrder),
    /// `Q`
    AccountQuery(AccountQuery),
}

impl<'a> Inbound<'a> {
    /// Reads one message from exactly its bytes.
    ///
    /// # Errors
    /// No known message, another size, a field outside its set, a malformed appendage.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(&EnterOrder::TYPE) => EnterOrder::decode(bytes).map(Self::EnterOrder),
            Some(&ReplaceOrder::TYPE) => ReplaceOrder::decode(bytes).map(Self::ReplaceOrder),
            Some(&CancelOrder::TYPE) => CancelOrder::decode(bytes).map(Self::CancelOrder),
            Some(&ModifyOrder::TYPE) => ModifyOrder::decode(bytes).map(Self::ModifyOrder),
            Some(&AccountQuery::TYPE) => AccountQuery::decode(bytes).map(Self::AccountQuery),
            Some(&found) => Err(DecodeError::UnknownType { what: "OUCH 5.0 inbound", found }),
            None => Err(DecodeError::TooShort { what: "OUCH 5.0 inbound", expected: 1, found: 0 }),
        }
    }

    /// Writes the message; returns its length, or nothing when `out` is too small.
    #[must_use]
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::EnterOrder(message) => message.encode(out),
            Self::ReplaceOrder(message) => message.encode(out),
            Self::CancelOrder(message) => message.encode(out),
            Self::ModifyOrder(message) => message.encode(out),
            Self::AccountQuery(message) => message.encode(out),
        }
    }
}

/// Which order a message speaks of, as far as that can be read: enough to answer a message that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of the order, or of the replacement; 0 where there is none.
    pub user_ref: UserRefNum,
    /// The client's own text; blank where there is none.
    pub cl_ord_id: ClOrdId,
}

impl Identity {
    /// What a Rejected names when nothing could be read.
    pub const NONE: Self = Self { user_ref: UserRefNum(0), cl_ord_id: ClOrdId::BLANK };

    /// Reads what is there. Total: any bytes give an identity.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let (user_ref_at, cl_ord_id_at) = match bytes.first() {
            Some(&EnterOrder::TYPE) => (1, Some(31)),
            Some(&ReplaceOrder::TYPE) => (5, Some(24)),
            Some(&(CancelOrder::TYPE | ModifyOrder::TYPE)) => (1, None),
            _ => return Self::NONE,
        };
        let user_ref = bytes.get(user_ref_at..).and_then(<[u8]>::first_chunk).copied().map(u32::from_be_bytes);
        let text = cl_ord_id_at.and_then(|at: usize| bytes.get(at..)).and_then(<[u8]>::first_chunk).copied();
        Self { user_ref: UserRefNum(user_ref.unwrap_or(0)), cl_ord_id: text.map_or(ClOrdId::BLANK, ClOrdId) }
    }
}
