//! Load by the clock: what is sent when, how the answers are counted, and what a sweep over rates says.
//!
//! Goal: an open loop, whose arrivals do not wait for answers, without knowing what is measured. Non-goal: sockets, threads and clocks;
//! the suites have those.

pub mod distribution;
pub mod knee;
pub mod open_loop;
pub mod record;
pub mod schedule;
