//! `[stats]`: where the counters are.
//!
//! None of it decides an outcome.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, integer};
use std::path::PathBuf;

/// The counters in shared memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// The directory of their file; `None`: nobody can read them.
    pub dir: Option<PathBuf>,
    /// Of one in so many commands it is taken down how long each stage took; 0: of none.
    pub sample: u32,
}

/// Following more would be felt.
const SAMPLE_MIN: u32 = 16;
const SAMPLE_MAX: u32 = 65_536;
const SAMPLE_EXPECTED: &str = "0, or a power of two from 16 to 65536";

impl Default for Stats {
    fn default() -> Self {
        Self { dir: Some(PathBuf::from("/dev/shm")), sample: 64 }
    }
}

impl Stats {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let directory = |text: &str| Some((!text.is_empty()).then(|| PathBuf::from(text)));
        reader.checked("dir", "a directory, or \"\" for none", directory, &mut self.dir)?;
        if let Some(node) = reader.get("sample") {
            let path = reader.path_of("sample");
            let is_sample = |sample: &u32| *sample == 0 || (*sample >= SAMPLE_MIN && sample.is_power_of_two());
            let sample = integer(node, &path, &(0..=SAMPLE_MAX)).ok().filter(is_sample);
            self.sample = sample.ok_or_else(|| bad_value(node, &path, SAMPLE_EXPECTED.to_owned()))?;
        }
        reader.finish()
    }
}
