//! `[views]`: what is kept for whoever asks what happened in the last hours.
//!
//! None of it decides an outcome.

use super::error::ConfigError;
use super::reader::{Reader, bad_value};

/// Rolling views: trades, bars, depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views {
    /// Whether they are kept.
    pub enabled: bool,
    /// Whole hours beside the one that runs.
    pub hours: u32,
    /// The most bytes of all files; 0: no bound.
    pub keep_bytes: u64,
    /// How often the depth of what has changed is noted, ms.
    pub depth_interval_ms: u32,
}

impl Default for Views {
    fn default() -> Self {
        Self { enabled: true, hours: 24, keep_bytes: 4 << 30, depth_interval_ms: 100 }
    }
}

/// A file is an hour's, and no interval lies in two.
const HOUR_MS: u32 = 3_600_000;
/// Less would hold minutes.
const KEEP_BYTES_MIN: u64 = 16 << 20;
/// More than any disk has.
const KEEP_BYTES_MAX: u64 = 1 << 50;

impl Views {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.boolean("enabled", &mut self.enabled)?;
        reader.integer("hours", 1..=744, &mut self.hours)?;
        reader.integer("keep_bytes", 0..=KEEP_BYTES_MAX, &mut self.keep_bytes)?;
        if let Some(node) = reader.get("keep_bytes")
            && (1..KEEP_BYTES_MIN).contains(&self.keep_bytes)
        {
            let path = reader.path_of("keep_bytes");
            return Err(bad_value(node, &path, format!("0, or {KEEP_BYTES_MIN} at least")));
        }
        reader.integer("depth_interval_ms", 10..=60_000, &mut self.depth_interval_ms)?;
        if let Some(node) = reader.get("depth_interval_ms")
            && !HOUR_MS.is_multiple_of(self.depth_interval_ms)
        {
            let path = reader.path_of("depth_interval_ms");
            return Err(bad_value(node, &path, "a whole part of an hour, such as 100, 250 or 1000".to_owned()));
        }
        reader.finish()
    }
}
