//! `pinion stats`: how an appliance does, from the counters that it keeps in shared memory.
//!
//! ```text
//!   file of counters ─► [Follower] ─► looks ─► [History] ─► [Look] ─► [Health], [sections] ─► text, JSON, screen, Prometheus
//! ```
//! Goal: one look tells healthy or not, and what to do if not, without asking the appliance or taking time on its cores. Non-goal: what the
//! counters mean to their writers; history beyond some seconds.
//!
//! | to | use |
//! |---|---|
//! | find an appliance and look at it again and again | [`source`] |
//! | rates and ages of one look | [`look`] |
//! | healthy or not, with reasons and remedies | [`health`] |
//! | the same numbers as tables | [`sections`] |

mod aside;
pub mod command;
pub mod health;
pub mod history;
pub mod json;
mod live;
pub mod look;
mod number;
pub mod picture;
pub mod print;
pub mod prometheus;
pub mod screen;
pub mod sections;
pub mod source;
pub mod table;

pub use health::{Grade, Health, Reason, Rule, Verdict};
pub use history::{History, Moment};
pub use look::Look;
pub use source::Follower;
