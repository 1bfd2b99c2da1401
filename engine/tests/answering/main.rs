//! What subscribers ask for, from outside: a journal that is written, a follower that listens, restarts after all that can happen to the
//! store's files, and servers under floods and rubbish.
#![allow(missing_docs, clippy::cast_possible_truncation)]

mod glimpses;
#[allow(dead_code, reason = "shared with the tests of the venue")]
#[path = "../venue/harness.rs"]
mod harness;
mod image_cost;
mod power;
#[allow(dead_code, reason = "shared with the tests of the depth stream")]
#[path = "../depth_stream/rebuilt.rs"]
mod rebuilt;
mod rerequests;
#[allow(dead_code, reason = "shared with the tests of snapshots")]
#[path = "../snapshot/site.rs"]
mod site;
mod store_damage;
mod store_life;
mod storing;
