//! `[stats]`: where the counters are.
//!
//! None of it decides an outcome.

use super::error::ConfigError;
use super::reader::Reader;
use std::path::PathBuf;

/// The counters in shared memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// The directory of their file; `None`: nobody can read them.
    pub dir: Option<PathBuf>,
}

impl Default for Stats {
    fn default() -> Self {
        Self { dir: Some(PathBuf::from("/dev/shm")) }
    }
}

impl Stats {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let directory = |text: &str| Some((!text.is_empty()).then(|| PathBuf::from(text)));
        reader.checked("dir", "a directory, or \"\" for none", directory, &mut self.dir)?;
        reader.finish()
    }
}
