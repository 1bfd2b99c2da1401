//! ITCH 5.0: orders in the displayed book.
//!
//! Goal: all that adds to, changes or removes from the book. Non-goal: the book.

use super::{Mpid, Price4, message};
use crate::{MatchNumber, OrderRef, Qty, Side, Symbol};

message! { "ITCH Add Order",
    /// An order joins the book.
    pub struct AddOrder: 36, type b'A' {
        /// Its number.
        11 => order_ref: OrderRef,
        /// Its side.
        19 => side: Side,
        /// Displayed quantity.
        20 => qty: Qty,
        /// The instrument.
        24 => symbol: Symbol,
        /// Its price.
        32 => price: Price4,
    }
}

message! { "ITCH Add Order with MPID",
    /// An order joins the book under a firm's name.
    pub struct AddOrderAttributed: 40, type b'F' {
        /// Its number.
        11 => order_ref: OrderRef,
        /// Its side.
        19 => side: Side,
        /// Displayed quantity.
        20 => qty: Qty,
        /// The instrument.
        24 => symbol: Symbol,
        /// Its price.
        32 => price: Price4,
        /// The firm.
        36 => mpid: Mpid,
    }
}

message! { "ITCH Order Executed",
    /// A resting order traded at its own price.
    pub struct OrderExecuted: 31, type b'E' {
        /// The order.
        11 => order_ref: OrderRef,
        /// Quantity traded now.
        19 => qty: Qty,
        /// Number of the trade.
        23 => match_number: MatchNumber,
    }
}

message! { "ITCH Order Executed with Price",
    /// A resting order traded at another price than its own.
    pub struct OrderExecutedWithPrice: 36, type b'C' {
        /// The order.
        11 => order_ref: OrderRef,
        /// Quantity traded now.
        19 => qty: Qty,
        /// Number of the trade.
        23 => match_number: MatchNumber,
        /// `N`: part of a bulk print that is told elsewhere.
        31 => printable: u8,
        /// The price.
        32 => price: Price4,
    }
}

message! { "ITCH Order Cancel",
    /// A resting order was reduced.
    pub struct OrderCancel: 23, type b'X' {
        /// The order.
        11 => order_ref: OrderRef,
        /// Quantity taken off.
        19 => qty: Qty,
    }
}

message! { "ITCH Order Delete",
    /// A resting order left the book.
    pub struct OrderDelete: 19, type b'D' {
        /// The order.
        11 => order_ref: OrderRef,
    }
}

message! { "ITCH Order Replace",
    /// A resting order was replaced by one with another number; side and instrument stay.
    pub struct OrderReplace: 35, type b'U' {
        /// The order that left.
        11 => orig_order_ref: OrderRef,
        /// The order that came.
        19 => order_ref: OrderRef,
        /// Displayed quantity.
        27 => qty: Qty,
        /// Its price.
        31 => price: Price4,
    }
}
