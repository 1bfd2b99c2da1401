//! A price level: two queues of orders.
//!
//! ```text
//!  level 10.50   displayed: head -> A -> B -> C <- tail      traded first, front to back
//!                hidden:    head -> H <- tail                traded when nothing displayed is left
//! ```

use wire::Price;

use super::order::Order;
use super::slab::{NIL, Slab};

/// The displayed queue of a level.
pub(super) const DISPLAYED: usize = 0;
/// The hidden queue of a level.
pub(super) const HIDDEN: usize = 1;

/// First in, first out, linked through the orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub head: u32,
    pub tail: u32,
    pub count: u32,
}

impl Queue {
    const EMPTY: Self = Self { head: NIL, tail: NIL, count: 0 };
}

/// One price of one ladder.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Level {
    pub price: Price,
    /// The ladder that it belongs to: instrument and side.
    pub ladder: u32,
    /// Total displayed quantity.
    pub shown: u32,
    /// Total open quantity, shown or not. That it fits is checked on entry, so `shown` fits after every refresh of a slice.
    pub open: u32,
    /// Neighbours in the ladder.
    pub better: u32,
    pub worse: u32,
    pub queues: [Queue; 2],
}

const _: () = assert!(size_of::<Level>() == 64, "a level must stay one cache line");

impl Level {
    /// A level without orders.
    pub const fn new(ladder: u32, price: Price) -> Self {
        Self { price, ladder, shown: 0, open: 0, better: NIL, worse: NIL, queues: [Queue::EMPTY; 2] }
    }

    /// Whether the last order has gone.
    pub const fn is_empty(&self) -> bool {
        self.queues[DISPLAYED].count == 0 && self.queues[HIDDEN].count == 0
    }

    /// The order that trades next.
    #[inline]
    pub const fn front(&self) -> u32 {
        let displayed = self.queues[DISPLAYED].head;
        if displayed == NIL { self.queues[HIDDEN].head } else { displayed }
    }

    /// How many orders stand here.
    pub const fn orders(&self) -> u32 {
        self.queues[DISPLAYED].count + self.queues[HIDDEN].count
    }

    /// Appends an order to its queue and counts its quantities.
    pub fn join(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let order = orders.at_mut(slot);
        let queue = &mut self.queues[usize::from(order.hidden)];
        self.shown += order.shown;
        self.open += order.leaves;
        order.prev = queue.tail;
        order.next = NIL;
        if queue.tail == NIL {
            queue.head = slot;
        } else {
            orders.at_mut(queue.tail).next = slot;
        }
        queue.tail = slot;
        queue.count += 1;
    }

    /// Takes an order out of its queue, with its quantities.
    pub fn leave(&mut self, orders: &mut Slab<Order>, slot: u32) {
        let Order { prev, next, shown, leaves, hidden, .. } = *orders.at(slot);
        let queue = &mut self.queues[usize::from(hidden)];
        self.shown -= shown;
        self.open -= leaves;
        if prev == NIL {
            queue.head = next;
        } else {
            orders.at_mut(prev).next = next;
        }
        if next == NIL {
            queue.tail = prev;
        } else {
            orders.at_mut(next).prev = prev;
        }
        queue.count -= 1;
    }
}
