//! `[session_rules]`: the clockwork of order-entry sessions.
//!
//! None of it decides an outcome: a death is a journaled command, whatever timeout led to it.

use super::error::ConfigError;
use super::reader::Reader;

/// Intervals of order-entry sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Silence after which either side sends a heartbeat, ms.
    pub heartbeat_ms: u32,
    /// Silence after which a session is dead, ms.
    pub timeout_ms: u32,
    /// How long a gap stands before the missing messages are asked for again, µs.
    pub rerequest_us: u32,
    /// How long the answer to a login challenge is accepted, ms.
    pub challenge_ms: u32,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { heartbeat_ms: 1_000, timeout_ms: 10_000, rerequest_us: 2_000, challenge_ms: 30_000 }
    }
}

impl SessionRules {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.integer("heartbeat_ms", 1..=60_000, &mut self.heartbeat_ms)?;
        reader.integer("timeout_ms", 10..=600_000, &mut self.timeout_ms)?;
        reader.integer("rerequest_us", 50..=1_000_000, &mut self.rerequest_us)?;
        reader.integer("challenge_ms", 100..=600_000, &mut self.challenge_ms)?;
        reader.finish()
    }
}
