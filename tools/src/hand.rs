//! Trading by hand: what `pinion send` and `pinion trade` have in common.
//!
//! ```text
//!   words ──► Instruction ──► Seat ──► client ──► venue
//!   (one grammar)              │ numbers it, fills in what a replace leaves out
//!                              └◄── reports ──► OwnOrders, lines for people
//! ```
//! Goal: one way to say an order, on a command line, on a screen and in a script. Non-goal: strategies; many orders a second.

pub mod instruction;
pub mod own_orders;
pub mod place;
pub mod seat;
pub mod told;
pub mod words;
