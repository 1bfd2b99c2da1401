//! Why counters cannot be kept or read.

use std::io;
use std::path::PathBuf;

/// The file of the counters cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CountersError {
    /// It cannot be made: the directory is missing or full. Choose another one by `stats.dir`, or none by "".
    #[error("{}: the counters cannot be kept there: {source}; see stats.dir", .path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process keeps its counters there, which is alive: most likely it is an appliance on the same journal.
    #[error("{}: process {pid} keeps its counters there; if it runs on the same journal, stop it first", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process.
        pid: u32,
    },
    /// It cannot be opened or mapped.
    #[error("{}: the counters cannot be read there: {source}; expected the file that a running appliance keeps, see stats.dir", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not of this kind, of another version, or damaged.
    #[error("{}: not counters that this program can read: {reason}; use the `pinion` of the appliance that keeps them", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
}
