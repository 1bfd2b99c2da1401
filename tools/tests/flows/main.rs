//! Recorded order flow through the front door of a whole appliance: UDP in, reports and ticks out, a journal behind.
//!
//! After each flow the ticks' depth, the engine's book and the book replayed from the journal must be the same.

mod consensus;
mod itch;
mod lobster;
mod marker;
mod recorded;
mod running;
