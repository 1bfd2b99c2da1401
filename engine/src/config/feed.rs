//! `[feed]`: what all market data has in common. Where it goes stands in [`Channel`](super::Channel).

use super::answers::Answers;
use super::error::ConfigError;
use super::reader::Reader;

/// Market data of all channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// How many routers a packet may pass; 0 keeps it on this machine.
    pub multicast_ttl: u8,
    /// Silence of a stream after which a heartbeat says what comes next, ms.
    pub heartbeat_ms: u32,
    /// What subscribers may ask for.
    pub answers: Answers,
}

impl Default for Feed {
    fn default() -> Self {
        Self { multicast_ttl: 1, heartbeat_ms: 1_000, answers: Answers::default() }
    }
}

impl Feed {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.integer("multicast_ttl", 0..=u8::MAX, &mut self.multicast_ttl)?;
        reader.integer("heartbeat_ms", 1..=60_000, &mut self.heartbeat_ms)?;
        self.answers.read(&mut reader)?;
        reader.finish()
    }
}
