//! Two runs beside each other: which figures changed, and which only look as if they had.
//!
//! Goal: the same program against itself says "no difference", and a slower one is named by suite, subject and figure. Non-goal: knowing
//! why; and no exit status by time, unless a script asks for it.

mod args;
mod judge;
mod pairs;
mod screen;
mod turns;

pub use args::{CompareArgs, run};
