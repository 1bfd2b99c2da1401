//! What the book says has happened.
//!
//! Goal: the whole output of the book as plain values, complete enough that reports, ticks and depth need no second look into the
//! book. Non-goal: wire layouts.
//!
//! The events of one command come in this order: `Accepted` or `Replaced`; for each opposite level that was met, best first, its
//! trades and self-match cancels, each with the `Refreshed` that it leads to behind it, then its `Level`; the `Canceled` of a rest that
//! may not rest; then the `Level` that a replaced order left; then, where the order is displayed, its `Rested`; then the `Level` that it
//! joined. A `Level` appears only where the displayed quantity changed. An election is a command of its own, whose first event is
//! `Elected`.
//!
//! Who takes the displayed orders alone from `Rested`, `Refreshed`, `Trade`, `Canceled` and `Replaced` has every queue of the displayed
//! book: an order is displayed under one number from its `Rested` or `Refreshed` on until nothing of it is displayed under it any more.

use wire::{InstrumentIndex, OrderRef, Price, Qty, Side};

use super::command::{OrderKey, SelfMatch};

/// Why quantity left an order without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its owner canceled it, or amended it to a quantity that had executed already.
    User,
    /// Its owner reduced it.
    Reduced,
    /// The unfilled part of an immediate-or-cancel order.
    ImmediateRest,
    /// A fill-or-kill order that could not trade whole.
    FillOrKill,
    /// Less than the order's minimum quantity could trade, and the order may not rest.
    MinQty,
    /// It met an order of the same owner.
    SelfMatch {
        /// The quantity that would have traded at this meeting.
        prevented: Qty,
        /// The price at which it would have traded.
        price: Price,
        /// The rule that was applied: the incoming order's.
        mode: SelfMatch,
    },
    /// The order met as many makers as one command may; see
    /// [`FILLS_PER_COMMAND_MAX`](crate::limits::FILLS_PER_COMMAND_MAX).
    SweepLimit,
    /// Its session died.
    Disconnect,
    /// Its time in force has ended.
    Expired,
    /// The operator removed it.
    Operator,
    /// An elected order that could not enter.
    Refused(BookReject),
}

/// Why the book refused a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookReject {
    /// The instrument lies beyond [`BookLimits::instruments`](super::BookLimits::instruments).
    UnknownInstrument,
    /// The key's session lies beyond [`BookLimits::sessions`](super::BookLimits::sessions).
    UnknownSession,
    /// The new key names a live order.
    DuplicateKey,
    /// No live order has this key.
    NotLive,
    /// A quantity of zero.
    ZeroQty,
    /// The reduction leaves the order's open quantity as it is, or asks for more.
    NotReduced,
    /// A post-only order that would meet a resting order on entry.
    PostOnlyWouldTrade,
    /// Less than the minimum quantity could trade on entry.
    MinQtyNotMet,
    /// As many orders rest as the limits allow.
    OrdersFull,
    /// As many price levels stand as the limits allow.
    LevelsFull,
    /// With this amendment, what has executed and what may still would together not fit 32 bits.
    LiableOverflow,
    /// The open quantity at this price would not fit 32 bits, so neither could the displayed quantity in a tick.
    LevelQuantityOverflow,
    /// A stop price for an order that does not wait for one.
    NotAStop,
    /// As many orders wait for their stop price, or have reached it and not entered yet, as the limits allow.
    StopsFull,
    /// The price is no multiple of the instrument's tick, so no order can rest there.
    OffTick,
}

/// Hears what a book does. Any closure that takes an event is one; where speed counts, implement it with `#[inline(always)]`, so that
/// at each place where the book speaks only what is done with that one event remains.
pub trait Listener {
    /// Takes one event; they come in order.
    fn hear(&mut self, event: BookEvent);
}

impl<F: FnMut(BookEvent)> Listener for F {
    #[inline]
    fn hear(&mut self, event: BookEvent) {
        self(event);
    }
}

/// One consequence of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookEvent {
    /// A new order passed the book's checks; its trades follow.
    Accepted {
        /// The order.
        key: OrderKey,
        /// The venue's number of it.
        order_ref: OrderRef,
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its limit.
        price: Price,
        /// Its quantity as entered.
        qty: Qty,
    },
    /// A live order was replaced; the replacement's trades follow.
    Replaced {
        /// The name that is free again.
        old_key: OrderKey,
        /// The venue's number of the order that is gone.
        old_ref: OrderRef,
        /// The replacement.
        key: OrderKey,
        /// The venue's number of the replacement: `old_ref` where it kept its place.
        order_ref: OrderRef,
        /// The instrument.
        instrument: InstrumentIndex,
        /// The side of the replacement.
        side: Side,
        /// The limit of the replacement.
        price: Price,
        /// The open quantity of the replacement, before it trades.
        qty: Qty,
        /// Whether it kept its place in the queue.
        kept_priority: bool,
        /// What is not displayed under `old_ref` any more: where it kept its place, what it displays less than before; else all that the
        /// old order displayed, unless the `Rested` to come says whose place is taken.
        off_display: Qty,
        /// The mark of the order that is gone, which the replacement has now.
        mark: u8,
    },
    /// An order's stop price was reached; it enters now, its trades follow.
    Elected {
        /// The order.
        key: OrderKey,
        /// The venue's number of it.
        order_ref: OrderRef,
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its limit.
        price: Price,
        /// What enters.
        qty: Qty,
        /// The exchange's byte.
        mark: u8,
    },
    /// Two orders traded at the maker's price.
    Trade {
        /// The instrument.
        instrument: InstrumentIndex,
        /// The resting order.
        maker: OrderKey,
        /// The incoming order.
        taker: OrderKey,
        /// The venue's number of the resting order.
        maker_ref: OrderRef,
        /// The venue's number of the incoming order.
        taker_ref: OrderRef,
        /// The incoming order's side.
        taker_side: Side,
        /// The price.
        price: Price,
        /// The quantity.
        qty: Qty,
        /// Whether the resting order was displayed; it then displays less by the quantity.
        maker_displayed: bool,
        /// What is left of the resting order, its undisplayed part included.
        maker_leaves: Qty,
        /// What is left of the incoming order.
        taker_leaves: Qty,
    },
    /// Quantity left an order without a trade.
    Canceled {
        /// The order.
        key: OrderKey,
        /// The venue's number of it.
        order_ref: OrderRef,
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its limit.
        price: Price,
        /// The quantity taken off now.
        qty: Qty,
        /// What is left; the order is gone when zero.
        leaves: Qty,
        /// Whether it was resting, rather than incoming.
        resting: bool,
        /// How much less it displays.
        off_display: Qty,
        /// What it displays from now on under this number.
        on_display: Qty,
        /// Why.
        reason: CancelReason,
    },
    /// A displayed order joined the back of a level.
    Rested {
        /// The order.
        key: OrderKey,
        /// The venue's number of it.
        order_ref: OrderRef,
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its price.
        price: Price,
        /// What it displays.
        shown: Qty,
        /// The number of the displayed order of the same side which it replaces without having met anybody.
        in_place_of: Option<OrderRef>,
    },
    /// An iceberg's slice was used up, and the next one joined the back of its level under a number of its own.
    Refreshed {
        /// The order.
        key: OrderKey,
        /// The venue's number of it from now on.
        order_ref: OrderRef,
        /// Its instrument.
        instrument: InstrumentIndex,
        /// Its side.
        side: Side,
        /// Its price.
        price: Price,
        /// What it displays.
        shown: Qty,
    },
    /// The displayed quantity of a level changed.
    Level {
        /// The instrument.
        instrument: InstrumentIndex,
        /// The level's side.
        side: Side,
        /// The level's price.
        price: Price,
        /// The new total displayed quantity; zero when nothing is displayed at this price any more.
        qty: u32,
    },
    /// The command was refused and nothing changed. The only event of its command.
    Rejected {
        /// The order that was to be entered, or (for a replace) the replacement, or the order to cancel or reduce.
        key: OrderKey,
        /// Why.
        reason: BookReject,
    },
}
