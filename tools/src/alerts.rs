//! Alerts: rules over what is seen of an appliance, and whom they tell.
//!
//! ```text
//!   counters, disk, clock, lines ─► [Sight] ─► [Rules] ─► changes ─► log, program, webhook
//! ```
//! Goal: one evaluator, pure, for the appliance itself and for whoever watches it from outside; what a rule sets off takes bounded time and
//! never holds up the next look. Non-goal: aggregation, silences, escalation; those who are told have tools for that.

mod actions;
mod case;
mod exec;
mod rules;
pub mod sessions;
mod sight;
mod thread;
mod webhook;

pub use actions::{Actions, body as change_json, line as change_line};
pub use exec::run_program;
pub use rules::{Change, ChangeState, Rules};
pub use sight::{ClockPair, LineSight, Looker, Sight};
pub use thread::AlertThread;
pub use webhook::post;
