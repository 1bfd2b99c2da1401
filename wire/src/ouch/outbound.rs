//! What the venue answers: OUCH 5.0 §3.
//!
//! Goal: one enum of all outbound messages. Non-goal: when which one is sent.

use super::code::{
    BrokenTradeReason, Capacity, ClOrdId, CrossType, Display, LiquidityFlag, OrderSide, OrderState, RestateReason,
    SelfMatchCode, SystemEventCode, TimeInForce, YesNo,
};
use super::{CancelReason, MESSAGE_LEN_MAX, RejectReason, message_with_options};
use crate::layout::layout;
use crate::{DecodeError, MatchNumber, OrderRef, Price, Qty, Symbol, TimeOfDay, UserRefNum};

layout! { Wire, "System Event",
    /// The venue opens or closes.
    pub struct SystemEvent: 10, type b'S' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// What.
        9 => event: SystemEventCode,
    }
}

message_with_options! { "Order Accepted",
    /// An order was accepted; the values are those that hold.
    pub struct Accepted: 64, type b'A' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Side.
        13 => side: OrderSide,
        /// Quantity accepted.
        14 => qty: Qty,
        /// Instrument.
        18 => symbol: Symbol,
        /// Price accepted.
        26 => price: Price,
        /// How long it lives.
        34 => time_in_force: TimeInForce,
        /// Whether it is shown.
        35 => display: Display,
        /// The venue's number of the order.
        36 => order_ref: OrderRef,
        /// As entered.
        44 => capacity: Capacity,
        /// As entered.
        45 => sweep: YesNo,
        /// As entered.
        46 => cross_type: CrossType,
        /// Whether more may follow.
        47 => state: OrderState,
        /// As entered.
        48 => cl_ord_id: ClOrdId,
        options 62, total MESSAGE_LEN_MAX
    }
}

message_with_options! { "Order Replaced",
    /// A replace was accepted; the values are those that hold.
    pub struct Replaced: 68, type b'U' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order that was replaced.
        9 => orig_user_ref: UserRefNum,
        /// The replacement.
        13 => user_ref: UserRefNum,
        /// Side.
        17 => side: OrderSide,
        /// Quantity open now.
        18 => qty: Qty,
        /// Instrument.
        22 => symbol: Symbol,
        /// Price accepted.
        30 => price: Price,
        /// How long it lives.
        38 => time_in_force: TimeInForce,
        /// Whether it is shown.
        39 => display: Display,
        /// The venue's number of the replacement.
        40 => order_ref: OrderRef,
        /// As entered with the first order of the chain.
        48 => capacity: Capacity,
        /// As entered.
        49 => sweep: YesNo,
        /// As entered with the first order of the chain.
        50 => cross_type: CrossType,
        /// Whether more may follow.
        51 => state: OrderState,
        /// As entered with the replace.
        52 => cl_ord_id: ClOrdId,
        options 66, total MESSAGE_LEN_MAX
    }
}

layout! { Wire, "Order Canceled",
    /// Quantity was taken off an order without a trade: some or all of it.
    pub struct Canceled: 18, type b'C' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Quantity taken off now.
        13 => qty: Qty,
        /// Why.
        17 => reason: CancelReason,
    }
}

layout! { Wire, "AIQ Canceled",
    /// Self-match prevention took quantity off an order.
    pub struct AiqCanceled: 32, type b'D' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Quantity taken off now.
        13 => decremented_qty: Qty,
        /// Always [`CancelReason::SELF_MATCH`].
        17 => reason: CancelReason,
        /// Quantity that would have traded.
        18 => prevented_qty: Qty,
        /// The price at which it would have traded.
        22 => price: Price,
        /// The part that the order would have had in it.
        30 => liquidity: LiquidityFlag,
        /// The mode that was applied.
        31 => strategy: SelfMatchCode,
    }
}

message_with_options! { "Order Executed",
    /// An order traded, in whole or in part.
    pub struct Executed: 36, type b'E' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Quantity traded now.
        13 => qty: Qty,
        /// The price.
        17 => price: Price,
        /// The part that the order had in it.
        25 => liquidity: LiquidityFlag,
        /// Number of the trade, the same for both sides.
        26 => match_number: MatchNumber,
        options 34, total MESSAGE_LEN_MAX
    }
}

layout! { Wire, "Broken Trade",
    /// An execution does not count any more.
    pub struct BrokenTrade: 36, type b'B' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Number of the trade.
        13 => match_number: MatchNumber,
        /// Why.
        21 => reason: BrokenTradeReason,
        /// The client's own text.
        22 => cl_ord_id: ClOrdId,
    }
}

layout! { Wire, "Rejected",
    /// An enter, replace or modify was refused; nothing changed.
    pub struct Rejected: 29, type b'J' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order, or the replacement, that is not there.
        9 => user_ref: UserRefNum,
        /// Why.
        13 => reason: RejectReason,
        /// The client's own text.
        15 => cl_ord_id: ClOrdId,
    }
}

layout! { Wire, "Cancel Pending",
    /// The cancel will happen after the auction.
    pub struct CancelPending: 13, type b'P' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
    }
}

layout! { Wire, "Cancel Reject",
    /// A cancel changed nothing.
    pub struct CancelReject: 13, type b'I' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order as named by the cancel.
        9 => user_ref: UserRefNum,
    }
}

layout! { Wire, "Order Priority Update",
    /// The venue changed an order's place in its queue.
    pub struct PriorityUpdate: 30, type b'T' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Its limit.
        13 => price: Price,
        /// Whether it is shown.
        21 => display: Display,
        /// Its new number.
        22 => order_ref: OrderRef,
    }
}

layout! { Wire, "Order Modified",
    /// A modify was applied.
    pub struct Modified: 18, type b'M' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// The new marking.
        13 => side: OrderSide,
        /// Quantity open now.
        14 => qty: Qty,
    }
}

message_with_options! { "Order Restated",
    /// The venue changed what an order shows.
    pub struct Restated: 16, type b'R' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The order.
        9 => user_ref: UserRefNum,
        /// Why.
        13 => reason: RestateReason,
        options 14, total MESSAGE_LEN_MAX
    }
}

layout! { Wire, "Account Query Response",
    /// The next free `UserRefNum`.
    pub struct AccountQueryResponse: 13, type b'Q' {
        /// When.
        1 => timestamp: TimeOfDay,
        /// The number.
        9 => next_user_ref: UserRefNum,
    }
}

macro_rules! outbound {
    ($($name:ident $(<$life:lifetime>)?,)*) => {
        /// Any outbound message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Outbound<'a> {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name $(<$life>)?),)*
        }

        impl<'a> Outbound<'a> {
            /// Reads one message from exactly its bytes.
            ///
            /// # Errors
            /// No known message, another size, a field outside its set, a malformed appendage.
            pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
                match bytes.first() {
                    $(Some(&$name::TYPE) => $name::decode(bytes).map(Self::$name),)*
                    Some(&found) => Err(DecodeError::UnknownType { what: "OUCH 5.0 outbound", found }),
                    None => Err(DecodeError::TooShort { what: "OUCH 5.0 outbound", expected: 1, found: 0 }),
                }
            }

            /// Writes the message; returns its length, or nothing when `out` is too small.
            #[must_use]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                match self {
                    $(Self::$name(message) => message.encode(out),)*
                }
            }

            /// When the venue did what the message says.
            #[must_use]
            pub const fn timestamp(&self) -> TimeOfDay {
                match self {
                    $(Self::$name(message) => message.timestamp,)*
                }
            }
        }

        $(const _: () = assert!($name::SIZE <= MESSAGE_LEN_MAX);)*
    };
}

outbound! {
    SystemEvent, Accepted<'a>, Replaced<'a>, Canceled, AiqCanceled, Executed<'a>, BrokenTrade, Rejected, CancelPending,
    CancelReject, PriorityUpdate, Modified, Restated<'a>, AccountQueryResponse,
}
