//! The order book: every instrument of the venue, price-time priority, all memory taken at construction.
//!
//! Goal: [`BookCommand`] in, [`BookEvent`]s out, the same on every run and machine, in bounded work and without allocation.
//! Non-goal: sessions' numbering, entry checks (tick, lot, bounds), wire layouts, time.
//!
//! Inside, records live in slabs and refer to each other by slot. An order is found by its key through an open-addressing index;
//! it stands in a queue of its level, and in the list of its session. The levels of one side of one instrument form a ladder.
//! `engine/src/twin.rs` is the same book written naively; the tests hold the two against each other.
#![forbid(unsafe_code)]

pub mod command;
pub mod event;
pub mod state_hash;
pub mod view;

mod audit;
mod entry;
mod index;
mod ladder;
mod level;
mod matching;
mod order;
mod reach;
mod resting;
mod session_orders;
mod slab;

pub use audit::AuditError;
pub use command::{BookCommand, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, SelfMatch, TimeInForce};
pub use event::{BookEvent, BookReject, CancelReason};
pub use state_hash::{LastTrade, OrderState, Place, StopTerms};
pub use view::{LevelView, OrderView};

use crate::limits::FILLS_PER_COMMAND_MAX;
use index::KeyIndex;
use ladder::Ladders;
use order::Order;
use session_orders::SessionOrders;
use slab::Slab;

/// How large a book is; everything is allocated for these at construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLimits {
    /// Instruments, numbered from zero.
    pub instruments: u32,
    /// Sessions, numbered from zero.
    pub sessions: u16,
    /// Orders that may rest at once, in all instruments together.
    pub orders: u32,
    /// Price levels that may stand at once, in all instruments together. Displayed, hidden and waiting orders of one side and price
    /// stand in levels of their own.
    pub levels: u32,
    /// Orders that may wait for their stop price at once; they count as orders too.
    pub stops: u32,
    /// Makers that one command may meet, at most [`FILLS_PER_COMMAND_MAX`], which is the
    /// right value outside of tests.
    pub fills_per_command: u32,
}

/// All order books of the venue.
#[derive(Debug)]
pub struct Book {
    limits: BookLimits,
    orders: Slab<Order>,
    ladders: Ladders,
    index: KeyIndex,
    sessions: SessionOrders,
    /// The wrapping sum of the mixes of all live orders.
    state_hash: u64,
    /// The number of the last queue joining.
    stamp: u64,
}

impl Book {
    /// An empty book; the only place where the book allocates.
    ///
    /// # Panics
    /// The limits are beyond what the book can number: 2^30 orders, 2^31 - 2 levels, 2^31 - 2 instruments,
    /// [`FILLS_PER_COMMAND_MAX`] fills a command. The configuration's check keeps an operator from getting here.
    #[must_use]
    pub fn new(limits: &BookLimits) -> Self {
        assert!(
            (1..=FILLS_PER_COMMAND_MAX).contains(&limits.fills_per_command),
            "expected 1 to {FILLS_PER_COMMAND_MAX} fills a command, found {}",
            limits.fills_per_command
        );
        Self {
            limits: *limits,
            orders: Slab::new(limits.orders, Order::EMPTY),
            ladders: Ladders::new(limits.instruments, limits.levels),
            index: KeyIndex::new(limits.orders),
            sessions: SessionOrders::new(limits.sessions, limits.orders),
            state_hash: 0,
            stamp: 0,
        }
    }

    /// Carries out one command and hands every consequence to `sink`, in the order that [`event`] describes.
    pub fn apply(&mut self, command: &BookCommand, sink: &mut impl FnMut(BookEvent)) {
        let (key, result) = match command {
            BookCommand::New(order) => (order.key, self.enter(order, sink)),
            BookCommand::Cancel { key, reason } => (*key, self.cancel(*key, *reason, sink)),
            BookCommand::Reduce { key, to } => (*key, self.reduce(*key, *to, sink)),
            BookCommand::Replace(replace) => (replace.new_key, self.replace(replace, sink)),
        };
        if let Err(reason) = result {
            sink(BookEvent::Rejected { key, reason });
        }
    }

    /// Takes the first elected order in, as one command of its own; `false` when none is elected. Its trades may elect more.
    pub fn elect(&mut self, _sink: &mut impl FnMut(BookEvent)) -> bool {
        self.has_elected()
    }

    /// Whether an order has reached its stop price and has not entered yet. Until none has, no other command belongs in between.
    #[must_use]
    pub const fn has_elected(&self) -> bool {
        false
    }

    /// The limits that the book was made for.
    #[must_use]
    pub const fn limits(&self) -> &BookLimits {
        &self.limits
    }

    /// A number that two books share when, as far as later commands can tell, they hold the same orders.
    #[must_use]
    pub const fn state_hash(&self) -> u64 {
        self.state_hash
    }

    /// The slot of a live order.
    fn slot_of(&self, key: OrderKey) -> Option<u32> {
        self.index.find(key, |slot| self.orders.at(slot).key == key)
    }
}
