//! The message store from outside: a journal that is written, a follower that stores, and restarts after all that can happen to the files.
#![allow(missing_docs, clippy::cast_possible_truncation)]

mod damage;
#[allow(dead_code, reason = "shared with the tests of the venue")]
#[path = "../venue/harness.rs"]
mod harness;
mod life;
#[allow(dead_code, reason = "shared with the tests of snapshots")]
#[path = "../snapshot/site.rs"]
mod site;
mod storing;
