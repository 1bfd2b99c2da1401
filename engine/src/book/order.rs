//! The record of a live order.

use wire::{MemberId, OrderRef};

use super::command::OrderKey;
use super::slab::{NIL, Record};

/// One live order: a cache line. Instrument, side and price follow from its level (see [`super::ladder`]); those of a stop order, and
/// what it will do when it enters, stand in its [`Stop`](super::stops::Stop).
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Order {
    pub key: OrderKey,
    pub order_ref: OrderRef,
    /// Number of the queue joining, over the whole book: the order's place in time.
    pub stamp: u64,
    /// The total that may ever execute; what is above `leaves` is gone through trades and decrements.
    pub liable: u32,
    pub leaves: u32,
    /// What is displayed now: everything, or the rest of an iceberg's slice, or nothing of a hidden or stop order.
    pub shown: u32,
    /// The iceberg's slice; zero when all is shown. Of a stop order, the slot of its [`Stop`](super::stops::Stop).
    pub display: u32,
    /// The level that it stands at; [`ELECTED`](super::stops::ELECTED) for a stop order whose price was reached.
    pub level: u32,
    /// Neighbours in the level's queue.
    pub prev: u32,
    pub next: u32,
    /// Neighbours in the list of the session's orders.
    pub older: u32,
    pub newer: u32,
    pub owner: MemberId,
    pub traits: Traits,
    pub mark: u8,
}

const _: () = assert!(size_of::<Order>() == 64, "an order must stay one cache line");

/// What kind of order it is, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits(u8);

impl Traits {
    const HIDDEN: u8 = 1;
    const GTC: u8 = 2;
    const STOP: u8 = 4;

    #[inline]
    pub const fn new(hidden: bool, gtc: bool) -> Self {
        Self((hidden as u8 * Self::HIDDEN) | (gtc as u8 * Self::GTC))
    }

    /// The traits of an order that waits for its stop price.
    #[inline]
    pub const fn stop(gtc: bool) -> Self {
        Self(Self::STOP | (gtc as u8 * Self::GTC))
    }

    /// It rests and shows nothing.
    #[inline]
    pub const fn hidden(self) -> bool {
        self.0 & Self::HIDDEN != 0
    }

    /// It is good till canceled.
    #[inline]
    pub const fn gtc(self) -> bool {
        self.0 & Self::GTC != 0
    }

    /// It waits for its stop price, or was elected and has not entered yet.
    #[inline]
    pub const fn is_stop(self) -> bool {
        self.0 & Self::STOP != 0
    }
}

impl Record for Order {
    fn kept(&self) -> u32 {
        self.next
    }

    fn keep(&mut self, number: u32) {
        self.next = number;
    }
}

impl Order {
    /// What a free slot holds.
    pub const EMPTY: Self = Self {
        key: OrderKey::new(wire::SessionIndex(0), wire::UserRefNum(0)),
        order_ref: OrderRef(0),
        stamp: 0,
        liable: 0,
        leaves: 0,
        shown: 0,
        display: 0,
        level: NIL,
        prev: NIL,
        next: NIL,
        older: NIL,
        newer: NIL,
        owner: MemberId(0),
        traits: Traits::new(false, false),
        mark: 0,
    };

    /// What one fill can take: a hidden order offers all, another one what it shows.
    #[inline]
    pub const fn tradable(&self) -> u32 {
        if self.traits.hidden() { self.leaves } else { self.shown }
    }

    /// What an order with this rest shows when it joins a queue.
    #[inline]
    pub const fn slice(leaves: u32, display: u32, hidden: bool) -> u32 {
        if hidden {
            0
        } else if display == 0 || display > leaves {
            leaves
        } else {
            display
        }
    }

    /// Whether a fill of what it displays uses up an iceberg's slice, with more to show. A hidden order displays nothing, and no fill is
    /// that small.
    #[inline]
    pub const fn uses_up(&self, qty: u32) -> bool {
        self.shown == qty && self.leaves > qty
    }

    /// The undisplayed part of an iceberg.
    #[inline]
    pub const fn reserve(&self) -> u32 {
        if self.traits.hidden() { 0 } else { self.leaves - self.shown }
    }
}
