//! The message store: everything that was published on each stream, so that subscribers can ask for it again.
//!
//! Goal: the whole session is there, also after a restart, and giving some of it to somebody disturbs nobody. The store follows from the
//! journal: what is lost, short or damaged of it is made again. Non-goal: who may ask for how much; see [`crate::rerequest`].
//!
//! ```text
//!   follower ─► [Keeper] ─► a file per stream, appended to in its mapping ─► [Archive] ─► whoever answers
//!                  cut to the snapshot that the follower begins at               ▲
//!   [Repair]: reads every older file once; what is missing is replayed ──────────┘
//! ```
//!
//! Layout of the files: [`wire::messages`]. They lie in `feed` below the journal's directory.

mod archive;
mod contents;
mod error;
mod files;
mod keeper;
mod repair;
mod run;
mod writer;

pub use archive::{Answer, Archive, Scratch, StreamArchive};
pub use error::MessagesError;
pub use files::feed_dir;
pub use keeper::Keeper;
pub use repair::{Repair, RepairThread};
