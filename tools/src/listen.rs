//! Follows market data: `pinion listen`, a stream with all that a subscriber does about it, shown live or as lines.
//!
//! Goal: what a subscriber knows, from any port, by the handler that a subscriber would use (`feedhandler::runner`). Non-goal: several streams
//! at once.

pub mod check;
pub mod checking;
pub mod command;
pub mod download;
pub mod live;
pub mod look;
pub mod naming;
pub mod places;
pub mod plain;
pub mod screen;
pub mod snapshot;
pub mod tape;
