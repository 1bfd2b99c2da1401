//! Counters in shared memory: what an appliance counts, where whoever is on the same machine can read it.
//!
//! ```text
//!   tiles ─► their own numbers ─► every 10 ms, relaxed stores ─► file in memory ─► mapped by `pinion stats` and others
//! ```
//! Goal: reading takes no lock, asks nothing of the appliance, and needs no knowledge of its version; writing is a store. Non-goal: history;
//! a moment at which all numbers belong together.

mod error;
mod file;
mod reader;
mod region;
pub mod schema;
mod snapshot;
mod words;

pub use error::CountersError;
pub use file::{Found, find, path_of};
pub use reader::{Owner, Reader};
pub use region::{Plan, Region, Row};
pub use snapshot::{Group, Histogram, Snapshot, SnapshotRow};
