//! A price level: a queue of orders, first in, first out, linked through the orders.
//!
//! ```text
//!  level 10.50    head -> A <-> B <-> C <- tail      traded front to back
//! ```

use wire::Price;

use super::ladder::LadderId;
use super::order::Order;
use super::slab::{NIL, Record, Slab};
use super::trie::Cell;

/// Orders in a row, linked through themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    /// The order that trades next.
    pub head: u32,
    pub tail: u32,
}

impl Queue {
    /// Nobody.
    pub const EMPTY: Self = Self { head: NIL, tail: NIL };

    /// Appends an order.
    #[inline(always)]
    pub fn push(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let tail = self.tail;
        let order = orders.at_mut(slot);
        (order.prev, order.next) = (tail, NIL);
        self.tail = slot;
        if tail == NIL {
            self.head = slot;
        } else {
            orders.at_mut(tail).next = slot;
        }
    }

    /// Takes an order out.
    #[inline(always)]
    pub fn remove(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let Order { prev, next, .. } = *orders.at(slot);
        if prev == NIL {
            self.head = next;
        } else {
            orders.at_mut(prev).next = next;
        }
        if next == NIL {
            self.tail = prev;
        } else {
            orders.at_mut(next).prev = prev;
        }
    }
}

/// One price of one ladder.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub(super) struct Level {
    pub queue: Queue,
    /// Total displayed quantity.
    pub shown: u32,
    /// Total open quantity, shown or not. That it fits is checked on entry, so `shown` fits after every refresh of a slice.
    pub open: u32,
    pub price: Price,
    pub ladder: LadderId,
    /// Its cell in the trie of its ladder.
    pub cell: Cell,
}

const _: () = assert!(size_of::<Level>() == 32, "two levels a cache line");

impl Record for Level {
    fn kept(&self) -> u32 {
        self.cell
    }

    fn keep(&mut self, number: u32) {
        self.cell = number;
    }
}

impl Level {
    /// A level without orders.
    pub const EMPTY: Self =
        Self { queue: Queue::EMPTY, shown: 0, open: 0, price: Price(0), ladder: LadderId::NONE, cell: 0 };

    /// Where it stands.
    #[inline]
    pub const fn place(&self) -> (LadderId, Price) {
        (self.ladder, self.price)
    }

    /// Whether no order stands here.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.queue.head == NIL
    }

    /// Whether a single order stands here.
    #[inline]
    pub const fn has_one(&self) -> bool {
        self.queue.head == self.queue.tail
    }

    /// Appends an order and counts its quantities.
    #[inline(always)]
    pub fn join(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let order = orders.at(slot);
        self.shown += order.shown;
        self.open += order.leaves;
        self.queue.push(orders, slot);
    }

    /// Takes an order out, with its quantities.
    #[inline(always)]
    pub fn leave(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let order = orders.at(slot);
        self.shown -= order.shown;
        self.open -= order.leaves;
        self.queue.remove(orders, slot);
    }
}
