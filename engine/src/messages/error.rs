//! What can go wrong with the message store.

use std::io;
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// Messages cannot be kept, or not be made again. The journal is not touched by any of it, and nothing waits for it.
#[derive(Debug, thiserror::Error)]
pub enum MessagesError {
    /// The operating system refused.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A message that no file can hold; a bug.
    #[error("a message of {found} bytes, expected {max} at most")]
    TooLong {
        /// Its length.
        found: usize,
        /// The longest.
        max: usize,
    },
    /// What is missing cannot be replayed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl MessagesError {
    /// For `map_err`: says what was attempted on what.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
