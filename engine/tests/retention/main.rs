//! Segments that go, from outside: pruned and archived while a venue lives on, at every step of it a crash, and what a restart makes of it.
#![allow(missing_docs, clippy::cast_possible_truncation)]

mod crash;
#[allow(dead_code, reason = "shared with the tests of the venue")]
#[path = "../venue/harness.rs"]
mod harness;
mod life;
mod loss;
#[allow(dead_code, reason = "shared with the tests of snapshots")]
#[path = "../snapshot/site.rs"]
mod site;
mod space;
mod yard;
