//! What can be asked of the book.
//!
//! Goal: the whole input of the book as plain values. Non-goal: entry checks (tick, lot, bounds, rights), which are the exchange's.

use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

use super::event::CancelReason;

/// The name of a live order: a session and its own number of the order, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct OrderKey(u64);

impl OrderKey {
    /// The key of a session's order.
    #[must_use]
    pub const fn new(session: SessionIndex, user_ref: UserRefNum) -> Self {
        #[allow(clippy::cast_lossless, reason = "`From` is not const")]
        Self((session.0 as u64) << 32 | user_ref.0 as u64)
    }

    /// The session that entered the order.
    #[must_use]
    pub const fn session(self) -> SessionIndex {
        #[allow(clippy::cast_possible_truncation, reason = "bits 32 to 47 hold the session, those above are zero")]
        SessionIndex((self.0 >> 32) as u16)
    }

    /// The session's number of the order.
    #[must_use]
    pub const fn user_ref(self) -> UserRefNum {
        #[allow(clippy::cast_possible_truncation, reason = "bits 0 to 31 hold the number")]
        UserRefNum(self.0 as u32)
    }

    /// The word itself, for hashing and storage.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What becomes of the part of an order that does not trade on entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// It rests until the end of the day.
    Day,
    /// It rests until it is canceled.
    Gtc,
    /// It is canceled (immediate or cancel).
    Ioc,
    /// Either all of the order trades at once or none of it (fill or kill).
    Fok,
}

impl TimeInForce {
    /// Whether an unfilled part may rest.
    #[must_use]
    pub const fn rests(self) -> bool {
        matches!(self, Self::Day | Self::Gtc)
    }
}

/// What happens when an incoming order meets a resting order of the same owner. The incoming order's choice counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfMatch {
    /// They trade.
    Allow,
    /// The rest of the incoming order is canceled; the resting order stays.
    CancelNewest,
    /// The resting order is canceled; the incoming order goes on.
    CancelOldest,
    /// Both are canceled.
    CancelBoth,
    /// Both lose the quantity that would have traded; the incoming order goes on with what it has left.
    Decrement,
}

/// An order to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The instrument.
    pub instrument: InstrumentIndex,
    /// The order's name; must not be live.
    pub key: OrderKey,
    /// The venue's number of the order.
    pub order_ref: OrderRef,
    /// The member whose orders must not trade with each other.
    pub owner: MemberId,
    /// Buy or sell.
    pub side: Side,
    /// The limit. A market order is an [`TimeInForce::Ioc`] order at [`Price::MAX`] (buy) or [`Price::MIN`] (sell).
    pub price: Price,
    /// The quantity; not zero.
    pub qty: Qty,
    /// What becomes of the part that does not trade on entry.
    pub tif: TimeInForce,
    /// Refuse the order rather than let it trade on entry.
    pub post_only: bool,
    /// The least quantity that must trade on entry; zero for none. Where it cannot, an order that could rest is refused, another
    /// one is canceled whole.
    pub min_qty: Qty,
    /// What to do on meeting an order of the same owner.
    pub self_match: SelfMatch,
    /// The slice of an iceberg order shown at a time; zero shows all.
    pub display: Qty,
    /// Show nothing at all. Hidden orders trade after the displayed ones of the same price. Outranks `display`.
    pub hidden: bool,
    /// The stop price: the order waits, unseen, until a trade at or beyond it (a buy: at or above; a sell: at or below), and enters
    /// then. None: it enters now.
    pub stop: Option<Price>,
    /// A byte that the exchange attaches to the order, to find it there again. The book carries it, through replacements too, and
    /// never looks into it.
    pub mark: u8,
}

impl NewOrder {
    /// A day order that asks for nothing more, to be completed: for whose, for what, at which price.
    pub const PLAIN: Self = Self {
        instrument: InstrumentIndex(0),
        key: OrderKey::new(SessionIndex(0), UserRefNum(0)),
        order_ref: OrderRef(0),
        owner: MemberId(0),
        side: Side::Buy,
        price: Price(0),
        qty: Qty::ZERO,
        tif: TimeInForce::Day,
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: SelfMatch::Allow,
        display: Qty::ZERO,
        hidden: false,
        stop: None,
        mark: 0,
    };
}

/// How far to reduce an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceTo {
    /// To this total that may ever execute, what has executed already included (OUCH "intended order size").
    Intended(Qty),
    /// To this open quantity.
    Open(Qty),
    /// By this quantity.
    By(Qty),
}

/// What the quantity of an amendment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QtyBasis {
    /// The total that may ever execute over the order and its predecessors, what has executed already included (OUCH).
    Intended,
    /// The open quantity of the replacement.
    Open,
}

/// The two meanings of a replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceKind {
    /// Change the order; its place in the queue is kept when price, display and hiding are unchanged, the quantity does not grow
    /// and it may rest. An order that keeps its place does not trade, so `post_only` and `min_qty` do not concern it. One that waits
    /// for its stop price keeps its place among those that wait when the stop price is unchanged too; any order may wait.
    Amend {
        /// What [`Replace::qty`] counts.
        basis: QtyBasis,
    },
    /// Cancel the order and enter another one in its place, in one step: always joins the back, counts its quantity anew.
    ReEnter {
        /// The side of the new order; the old one's when absent.
        side: Option<Side>,
    },
}

/// A change of a live order. Instrument and owner stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replace {
    /// The order to replace.
    pub key: OrderKey,
    /// The name of the replacement: not live, or the same as `key`.
    pub new_key: OrderKey,
    /// The venue's number of the replacement.
    pub order_ref: OrderRef,
    /// The new limit.
    pub price: Price,
    /// The new quantity, not zero; what it counts is in `kind`.
    pub qty: Qty,
    /// Amend or re-enter.
    pub kind: ReplaceKind,
    /// See [`NewOrder::tif`].
    pub tif: TimeInForce,
    /// See [`NewOrder::post_only`].
    pub post_only: bool,
    /// See [`NewOrder::min_qty`].
    pub min_qty: Qty,
    /// See [`NewOrder::self_match`].
    pub self_match: SelfMatch,
    /// See [`NewOrder::display`].
    pub display: Qty,
    /// See [`NewOrder::hidden`].
    pub hidden: bool,
    /// The new stop price of an order that waits; None keeps the present one. Some for an order that does not wait is refused.
    pub stop: Option<Price>,
}

impl Replace {
    /// A day order that takes the place of another one and asks for nothing more, to be completed.
    pub const PLAIN: Self = Self {
        key: NewOrder::PLAIN.key,
        new_key: NewOrder::PLAIN.key,
        order_ref: OrderRef(0),
        price: Price(0),
        qty: Qty::ZERO,
        kind: ReplaceKind::ReEnter { side: None },
        tif: TimeInForce::Day,
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: SelfMatch::Allow,
        display: Qty::ZERO,
        hidden: false,
        stop: None,
    };
}

/// One input of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookCommand {
    /// Enter an order.
    New(NewOrder),
    /// Remove what is left of an order.
    Cancel {
        /// The order.
        key: OrderKey,
        /// Why, as its event will say.
        reason: CancelReason,
    },
    /// Take quantity off an order, which keeps its place.
    Reduce {
        /// The order.
        key: OrderKey,
        /// How far.
        to: ReduceTo,
    },
    /// Change an order, under a new name or its own.
    Replace(Replace),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_parts() {
        for (session, user_ref) in [(0, 0), (1, 2), (u16::MAX, u32::MAX), (7, u32::MAX), (u16::MAX, 0)] {
            let key = OrderKey::new(SessionIndex(session), UserRefNum(user_ref));
            assert_eq!((key.session().get(), key.user_ref().get()), (session, user_ref));
        }
    }
}
