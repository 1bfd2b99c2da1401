//! The order book: every instrument of the venue, price-time priority, all memory taken at construction.
//!
//! Goal: [`BookCommand`] in, [`BookEvent`]s out, the same on every run and machine. Non-goal: sessions, entry checks, wire layouts,
//! time.
#![forbid(unsafe_code)]

pub mod command;
pub mod event;

pub use command::{BookCommand, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, SelfMatch, TimeInForce};
pub use event::{BookEvent, BookReject, CancelReason};

/// How large a book is; everything is allocated for these at construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLimits {
    /// Instruments, numbered from zero.
    pub instruments: u32,
    /// Sessions, numbered from zero.
    pub sessions: u16,
    /// Orders that may rest at once, in all instruments together.
    pub orders: u32,
    /// Price levels that may stand at once, in all instruments together.
    pub levels: u32,
    /// Makers that one command may meet, at most [`FILLS_PER_COMMAND_MAX`](crate::limits::FILLS_PER_COMMAND_MAX), which is the
    /// right value outside of tests.
    pub fills_per_command: u32,
}
