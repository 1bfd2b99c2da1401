//! What an operator asks of the exchange, and what it answers.
//!
//! Goal: one definition of every command that changes something, of its two forms (big-endian as it travels, little-endian in the journal)
//! and of its outcome. Non-goal: how an operator proves who it is, and who may do what.

mod command;
mod outcome;
mod request;

pub use command::{NewInstrument, OperatorCommand, OperatorName, Scope, Verb};
pub use outcome::{Answer, Outcome, Refusal};
pub use request::{OperatorBody, Request};
