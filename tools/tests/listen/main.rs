//! What `pinion listen` shows and checks, without a network: pictures of real data on a terminal that is none, and books held against
//! snapshots that a script gives.
#![allow(missing_docs)]

mod checks;
mod feed;
mod pictures;
#[allow(dead_code, reason = "shared with the tests of the handler")]
#[path = "../../../feedhandler/tests/feed/venue_model.rs"]
mod venue_model;
