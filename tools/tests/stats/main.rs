//! `pinion stats` over counters that the tests write themselves, in a time of their own.
//!
//! Goal: every verdict, every picture and every number by a made-up case. Non-goal: a real appliance; that is in `tests/process`.

mod health;
mod made;
mod metrics;
mod pictures;
