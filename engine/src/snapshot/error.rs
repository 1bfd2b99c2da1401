//! What can go wrong with a snapshot.

use std::io;
use std::path::{Path, PathBuf};

use crate::image::ImageError;
use crate::journal::JournalError;
use wire::DecodeError;

/// A snapshot cannot be made or used. The journal is not touched by any of it.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
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
    /// The file is not what was written. An earlier snapshot, or the whole journal, leads to the same state.
    #[error("{} is damaged: {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows.
        found: String,
    },
    /// Another version of the program wrote it. Every earlier snapshot that this one knows, or the whole journal, leads to the same state.
    #[error("{} was written in another version of the snapshot's layout ({found}); nothing was changed", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Which versions.
        found: DecodeError,
    },
    /// It was made under other rules, or of another journal.
    #[error("{} is not of this journal and configuration: expected {what} {expected:016x}, found {found:016x}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// As configured, or as the journal says.
        expected: u64,
        /// As the snapshot says.
        found: u64,
    },
    /// The journal cannot be followed, or does not hold the record that the snapshot stands behind.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl SnapshotError {
    /// For `map_err`: says what was attempted on what.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// For `map_err`: a header that cannot be read.
    pub(super) fn header(path: &Path) -> impl FnOnce(DecodeError) -> Self {
        let path = path.to_owned();
        move |error| match error {
            DecodeError::Value { field: "version", .. } => Self::Version { path, found: error },
            _ => Self::Damaged { path, found: error.to_string() },
        }
    }

    /// For `map_err`: a state that cannot be read.
    pub(super) fn image(path: &Path) -> impl FnOnce(ImageError) -> Self {
        let path = path.to_owned();
        move |error| Self::Damaged { path, found: error.to_string() }
    }
}
