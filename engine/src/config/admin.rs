//! `[admin]`: where operators log in.
//!
//! None of it decides an outcome: what operators do is in the journal, how it came there is not.

use super::error::ConfigError;
use super::network::ADDRESS_EXPECTED;
use super::reader::Reader;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The administration session's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens; `None`: nowhere.
    pub address: Option<SocketAddrV4>,
    /// Operators logged in at a time.
    pub connections_max: u16,
    /// How long somebody may take to prove who it is, ms.
    pub login_ms: u32,
    /// Silence of ours after which a heartbeat is sent, ms.
    pub heartbeat_ms: u32,
    /// Silence of the other side after which a connection ends, ms.
    pub timeout_ms: u32,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            address: Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26_470)),
            connections_max: 16,
            login_ms: 5_000,
            heartbeat_ms: 1_000,
            timeout_ms: 10_000,
        }
    }
}

impl Admin {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.optional("address", ADDRESS_EXPECTED, |text| text.parse().ok(), &mut self.address)?;
        reader.integer("connections_max", 1..=256, &mut self.connections_max)?;
        reader.integer("login_ms", 100..=60_000, &mut self.login_ms)?;
        reader.integer("heartbeat_ms", 10..=60_000, &mut self.heartbeat_ms)?;
        reader.integer("timeout_ms", 20..=600_000, &mut self.timeout_ms)?;
        reader.finish()
    }
}
