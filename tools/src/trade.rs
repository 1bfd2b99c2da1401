//! `pinion trade`: trading by hand, on a terminal or by a script.
//!
//! ```text
//!   market data ──► Market ──┐
//!                            ├──► Screen, draw        keys ──► Wish ──► Seat ──► venue
//!   reports ──► Seat, Log ───┘                        script ─► Player ──┘
//! ```
//! Goal: a person certifies a venue: sees the book, the own orders in it, and every report, and says any order that there is. Non-goal:
//! speed; charts.

pub mod command;
pub mod ladder;
pub mod listed;
pub mod live;
pub mod log;
pub mod market;
pub mod player;
pub mod screen;
pub mod script;
