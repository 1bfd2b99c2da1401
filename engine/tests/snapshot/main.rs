//! Snapshots from outside: a journal that is written, a follower, and what a restart makes of it when files are damaged or gone.
#![allow(missing_docs, clippy::cast_possible_truncation)]

mod damage;
mod every_byte;
mod follow;
#[allow(dead_code, reason = "shared with the tests of the venue")]
#[path = "../venue/harness.rs"]
mod harness;
mod site;
mod views;
