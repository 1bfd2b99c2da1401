//! Commands for the book, packed: what the measured loops read.
//!
//! Goal: 32 bytes a command, read in order, so that the memory of the input does not stand beside the book's own in the figures; the
//! command itself is made on the stack, as after decoding a packet. Non-goal: orders beyond the plain ones (no iceberg, no minimum).

pub mod file;
pub mod floor;
pub mod market;
pub mod numbering;
pub mod operations;
pub mod random;
pub mod recorded;
pub mod resting;
pub mod zipf;

use engine::book::{
    BookCommand, BookLimits, CancelReason, NewOrder, OrderKey, ReduceTo, Replace, ReplaceKind, TimeInForce,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// What a step asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ask {
    /// Enter an order that may rest.
    Enter = 0,
    /// Enter an order, immediate or cancel.
    EnterImmediate = 1,
    /// Cancel an order.
    Cancel = 2,
    /// Cancel an order and enter another one in its place.
    ReEnter = 3,
    /// Take a quantity off an order.
    Reduce = 4,
}

/// One command. What its kind does not use is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The limit.
    pub price: Price,
    /// The quantity; of a reduction, what is taken off.
    pub qty: Qty,
    /// The order that is entered, or that is to be changed.
    pub user_ref: UserRefNum,
    /// The order that takes its place.
    pub new_ref: UserRefNum,
    /// The instrument of a new order.
    pub instrument: InstrumentIndex,
    /// Whose order it is.
    pub session: SessionIndex,
    /// What is asked for.
    pub ask: Ask,
    /// The side.
    pub side: Side,
}

const _: () = assert!(size_of::<Step>() == 32, "two steps a cache line");

impl Step {
    /// A cancel of an order.
    #[must_use]
    pub const fn cancel(session: SessionIndex, user_ref: UserRefNum) -> Self {
        Self {
            price: Price(0),
            qty: Qty::ZERO,
            user_ref,
            new_ref: UserRefNum(0),
            instrument: InstrumentIndex(0),
            session,
            ask: Ask::Cancel,
            side: Side::Buy,
        }
    }

    /// The name of the order that is entered, or that is to be changed.
    #[must_use]
    pub const fn key(&self) -> OrderKey {
        OrderKey::new(self.session, self.user_ref)
    }

    /// What the book is told.
    #[inline]
    #[must_use]
    pub fn command(&self) -> BookCommand {
        let key = self.key();
        match self.ask {
            Ask::Enter | Ask::EnterImmediate => BookCommand::New(NewOrder {
                instrument: self.instrument,
                key,
                order_ref: OrderRef(u64::from(self.user_ref.0)),
                owner: MemberId(0),
                side: self.side,
                price: self.price,
                qty: self.qty,
                tif: if self.ask == Ask::Enter { TimeInForce::Day } else { TimeInForce::Ioc },
                ..NewOrder::PLAIN
            }),
            Ask::Cancel => BookCommand::Cancel { key, reason: CancelReason::User },
            Ask::Reduce => BookCommand::Reduce { key, to: ReduceTo::By(self.qty) },
            Ask::ReEnter => BookCommand::Replace(Replace {
                key,
                new_key: OrderKey::new(self.session, self.new_ref),
                order_ref: OrderRef(u64::from(self.new_ref.0)),
                price: self.price,
                qty: self.qty,
                kind: ReplaceKind::ReEnter { side: Some(self.side) },
                ..Replace::PLAIN
            }),
        }
    }
}

/// A book with room for so much.
#[must_use]
pub const fn book_limits(instruments: u32, sessions: u16, orders: u32, levels: u32) -> BookLimits {
    BookLimits { instruments, sessions, orders, levels, stops: 0, fills_per_command: FILLS_PER_COMMAND_MAX }
}
