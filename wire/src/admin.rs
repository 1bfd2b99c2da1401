//! What an operator asks of the exchange, and what it answers.
//!
//! Goal: one definition of every command that changes something, of its two forms (big-endian as it travels, little-endian in the journal)
//! and of its outcome. Beside it, how an operator proves who it is
//! ([`login`], [`sealed`]) and what it may look at. Non-goal: who may do what.

mod command;
pub mod login;
mod message;
mod outcome;
mod request;
mod row;
pub mod sealed;

pub use command::{NewInstrument, OperatorCommand, OperatorName, Scope, Verb};
pub use message::{Asked, LogRow, MESSAGE_LEN_MAX, Said};
pub use outcome::{Answer, Outcome, Refusal};
pub use request::{OperatorBody, Request};
pub use row::{End, InstrumentRow, MemberName, Question, SessionRow, StatusRow, Subject};
