//! The record of a resting order.

use wire::{MemberId, OrderRef};

use super::command::OrderKey;
use super::slab::NIL;

/// One resting order: a cache line. Instrument, side and price stand in its level.
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
    /// What is displayed now: everything, or the rest of an iceberg's slice, or nothing of a hidden order.
    pub shown: u32,
    /// The iceberg's slice; zero when all is shown.
    pub display: u32,
    pub level: u32,
    /// Neighbours in the level's queue.
    pub prev: u32,
    pub next: u32,
    pub owner: MemberId,
    pub hidden: bool,
    pub gtc: bool,
    pub mark: u8,
}

const _: () = assert!(size_of::<Order>() == 64, "an order must stay one cache line");

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
        owner: MemberId(0),
        hidden: false,
        gtc: false,
        mark: 0,
    };

    /// What one fill can take: a hidden order offers all, another one what it shows.
    #[inline]
    pub const fn tradable(&self) -> u32 {
        if self.hidden { self.leaves } else { self.shown }
    }

    /// What an order with this rest shows when it joins a queue.
    pub const fn slice(leaves: u32, display: u32, hidden: bool) -> u32 {
        if hidden {
            0
        } else if display == 0 || display > leaves {
            leaves
        } else {
            display
        }
    }

    /// The undisplayed part of an iceberg.
    pub const fn reserve(&self) -> u32 {
        if self.hidden { 0 } else { self.leaves - self.shown }
    }
}
