//! Feed bytes in, book updates out; order flow recorded elsewhere, normalised.
//!
//! Goal: everything that a receiver of the feed, or a player of recorded flow, needs to understand what it reads. The feed half
//! ([`handler`], [`book`], [`mod@depth`]) is sans-I/O. Non-goal: sockets, timers, matching.
#![forbid(unsafe_code)]

pub mod book;
pub mod capture;
pub mod compressed;
pub mod depth;
pub mod flow;
pub mod handler;
pub mod ladder;
pub mod normalize;
mod repair;
pub mod reports;
#[cfg(feature = "runner")]
pub mod runner;

pub use book::{BookLimits, BookListener, Books};
pub use depth::{Depth, DepthBook};
pub use flow::{Action, FlowError, FlowItem};
