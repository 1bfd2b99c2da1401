//! The vocabulary and every byte layout of Pinion.
//!
//! Goal: one definition of each word and of each layout, shared by the appliance, its clients and its tools.
//! Non-goal: I/O, state, policy. This crate has no unsafe code and depends on no other crate of the workspace.
#![forbid(unsafe_code)]

pub mod ids;
pub mod money;
pub mod side;
pub mod symbol;
pub mod time;

pub use ids::{InstrumentIndex, MatchNumber, MemberId, OrderRef, Seq, SessionIndex, UserRefNum};
pub use money::{Price, Qty};
pub use side::Side;
pub use symbol::Symbol;
pub use time::Nanos;
