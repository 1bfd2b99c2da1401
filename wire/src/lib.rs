//! The vocabulary and every byte layout of Pinion.
//!
//! Goal: one definition of each word and of each layout, shared by the appliance, its clients and its tools.
//! Non-goal: I/O, state, policy. This crate has no unsafe code and depends on no other crate of the workspace.
#![forbid(unsafe_code)]

mod layout;

pub mod address;
pub mod admin;
pub mod blocks;
pub mod counters;
pub mod error;
pub mod feed;
pub mod glimpse;
pub mod ids;
pub mod iex;
pub mod itch;
pub mod journal;
pub mod login;
pub mod messages;
pub mod mold;
pub mod money;
pub mod ouch;
pub mod side;
pub mod snapshot;
pub mod soup;
pub mod symbol;
pub mod tick;
pub mod time;
pub mod views;

pub use address::Addr;
pub use error::DecodeError;
pub use ids::{InstrumentIndex, MatchNumber, MemberId, OrderRef, Seq, SessionIndex, UserRefNum};
pub use layout::Reserved;
pub use money::{Price, Qty};
pub use side::Side;
pub use symbol::Symbol;
pub use time::{Nanos, TimeOfDay};
