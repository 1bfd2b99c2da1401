//! Why an appliance does not start, or ends otherwise than it should.

use crate::journal::JournalError;
use crate::snapshot::SnapshotError;

/// Why an appliance did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be followed.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A thread could not be started or pinned.
    #[error("thread {name} did not start: {reason}")]
    Thread {
        /// Which one.
        name: String,
        /// Why.
        reason: String,
    },
}

/// Why an appliance ended otherwise than it should.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// A tile could not go on.
    #[error("the appliance stopped by itself: {0}")]
    Failed(String),
    /// The journal could not be brought to its end.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What the journal holds does not lead to the state that it led to, or the last snapshot could not be written. The journal is whole.
    #[error("the journal is whole, but its follower failed: {0}")]
    Snapshot(#[from] SnapshotError),
    /// A bug: a thread panicked.
    #[error("a tile's thread panicked; what was acknowledged is in the journal")]
    Panicked,
}
