//! `[snapshot]`: how often the state is written down, so that a restart has less to replay.
//!
//! None of it decides an outcome: a restart comes to the same state with and without.

use super::error::ConfigError;
use super::reader::Reader;

/// Snapshots of the state, made beside the matching tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// From the beginning of one snapshot to that of the next, ms; 0: none is made.
    pub interval_ms: u32,
    /// How many are kept.
    pub keep: u8,
    /// How many of a session's newest reports a snapshot takes along.
    pub session_reports: u32,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { interval_ms: 1_000, keep: 2, session_reports: 4_096 }
    }
}

impl Snapshot {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.integer("interval_ms", 0..=86_400_000, &mut self.interval_ms)?;
        reader.integer("keep", 2..=100, &mut self.keep)?;
        reader.integer("session_reports", 1..=1 << 20, &mut self.session_reports)?;
        reader.finish()
    }
}
