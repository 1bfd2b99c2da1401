//! The order book: every instrument of the venue, price-time priority, all memory taken at construction.
//!
//! Goal: [`BookCommand`] in, [`BookEvent`]s out, the same on every run and machine, in bounded work and without allocation.
//! Non-goal: sessions' numbering, entry checks (tick, lot, bounds), wire layouts, time.
//!
//! Where to look:
//!
//! | what | file | in a sentence |
//! |---|---|---|
//! | order | `order.rs` | one cache line, found by slot; linked with its neighbours at its level and in its session |
//! | level | `level.rs` | half a cache line: the ends of a queue, what it displays, what is open, where it stands |
//! | ladder | `ladder.rs` | one side of one instrument: levels found through a trie of bitmaps (`trie.rs`), the best one kept apart |
//! | match loop | `matching.rs` | best price first, displayed before hidden, first in first out |
//! | entry, replacement, look-ahead | `entry.rs`, `replace.rs`, `reach.rs` | all checks before the first change |
//! | cancel, reduce, fill | `resting.rs` | what happens to an order that rests |
//! | stop orders | `stops.rs` | wait in ladders of their own, are elected by trades, enter one at a time |
//! | key to slot | `index.rs` | sixteen neighbouring order numbers a cache line |
//! | orders out, orders in again | `image.rs` | for snapshots: a book taken apart and rebuilt as it was |
//! | invariants | `audit.rs` | everything that must hold between two commands, as code |
//!
//! `engine/src/twin.rs` is the same book written naively; the tests hold the two against each other.
#![forbid(unsafe_code)]

pub mod command;
pub mod event;
pub mod image;
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
mod replace;
mod resting;
mod session_orders;
mod slab;
mod stops;
mod tick;
mod tree;
mod trie;

pub use audit::AuditError;
pub use command::{BookCommand, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, SelfMatch, TimeInForce};
pub use event::{BookEvent, BookReject, CancelReason, Listener};
pub use state_hash::{LastTrade, OrderState, Place, StopTerms};
pub use view::{LevelView, OrderView};

use crate::limits::FILLS_PER_COMMAND_MAX;
use index::{KeyIndex, Position};
use ladder::Ladders;
use order::Order;
use session_orders::SessionOrders;
use slab::{NIL, Slab};
use stops::Stops;
use tick::Tick;
use wire::InstrumentIndex;

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
    stops: Stops,
    /// The wrapping sum of the mixes of all live orders and last trades.
    state_hash: u64,
    /// The number of the last queue joining.
    stamp: u64,
}

impl Book {
    /// An empty book; the only place where the book allocates.
    ///
    /// # Panics
    /// The limits are beyond what the book can number: [`ORDERS_MAX`](crate::limits::ORDERS_MAX) orders,
    /// [`LEVELS_MAX`](crate::limits::LEVELS_MAX) levels, 2^28 instruments, [`FILLS_PER_COMMAND_MAX`] fills a command. The
    /// configuration's check keeps an operator from getting here.
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
            sessions: SessionOrders::new(limits.sessions),
            stops: Stops::new(limits.instruments, limits.stops),
            state_hash: 0,
            stamp: 0,
        }
    }

    /// Carries out one command and hands every consequence to `sink`, in the order that [`event`] describes.
    pub fn apply(&mut self, command: &BookCommand, sink: &mut impl Listener) {
        match command {
            BookCommand::New(order) => self.enter(order, sink),
            BookCommand::Cancel { key, reason } => self.cancel(*key, *reason, sink),
            BookCommand::Reduce { key, to } => self.reduce(*key, *to, sink),
            BookCommand::Replace(replace) => self.replace(replace, sink),
        }
    }

    /// Sets the step between two prices of an instrument at which orders may rest; one price unit when nothing is said. Levels are
    /// laid out by it: neighbouring prices are neighbours in memory.
    ///
    /// # Panics
    /// The tick is not positive, the instrument is not there, or orders of it live.
    pub fn set_tick(&mut self, instrument: InstrumentIndex, tick: i64) {
        self.ladders.set_tick(instrument, Tick::new(tick));
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
    #[inline]
    fn slot_of(&self, key: OrderKey) -> Option<u32> {
        let (slot, _) = self.find(key);
        (slot != NIL).then_some(slot)
    }

    /// The slot of a live order, or [`NIL`], and the position of the key in the index.
    #[inline(always)]
    fn find(&self, key: OrderKey) -> (u32, Position) {
        self.index.find(key, |slot| self.orders.at(slot).key)
    }
}
