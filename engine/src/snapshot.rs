//! Snapshots: the state after one command, so that a restart replays only what came later.
//!
//! Goal: a snapshot is whole or refused, stands behind a record that the journal proves, and is made without the matching tile noticing:
//! a follower replays the journal on a thread of its own, and proves every state hash on the way. Non-goal: what the state is; see
//! [`crate::image`]. The layout of the file: [`wire::snapshot`].
//!
//! ```text
//!   journal (durable part) ──► [Tail] ──► a venue of its own ──► [save] ──► snapshot-<epoch>-<seq>.snap   aside, synced, renamed
//!                                                                              the newest few are kept
//!   start: [load] the newest that is whole, else the one before ──► replay the rest of the journal
//! ```

pub mod error;
pub mod file;
pub mod follower;
pub mod listener;
pub mod load;
pub mod name;
mod prune;
pub mod save;
pub mod tail;

pub use error::SnapshotError;
pub use follower::{Follower, FollowerThread, FollowerWatch, Prepared};
pub use listener::Follows;
pub use load::{Loaded, load_newest, load_newest_where};
pub(crate) use load::{prove, segment_of};
pub use name::SnapshotName;
pub use save::{Saved, save};
