//! `[feed]`: where market data goes.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, text};
use super::tree::Node;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The market-data channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The multicast groups of the tick channel: line A, and line B where there is one. All carry the same packets.
    pub tick_lines: Vec<SocketAddrV4>,
    /// How many routers a packet may pass; 0 keeps it on this machine.
    pub multicast_ttl: u8,
    /// Silence after which a heartbeat says what comes next, ms.
    pub heartbeat_ms: u32,
}

impl Default for Feed {
    fn default() -> Self {
        let tick_line_a = SocketAddrV4::new(Ipv4Addr::new(239, 26, 40, 1), 26_440);
        Self { tick_lines: vec![tick_line_a], multicast_ttl: 1, heartbeat_ms: 1_000 }
    }
}

const GROUP_EXPECTED: &str = "a multicast group and port, 224.0.0.0 to 239.255.255.255, such as \"239.26.40.1:26440\"";

impl Feed {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.list("tick_lines", "a list of one or two multicast groups", group, &mut self.tick_lines)?;
        reader.integer("multicast_ttl", 0..=u8::MAX, &mut self.multicast_ttl)?;
        reader.integer("heartbeat_ms", 1..=60_000, &mut self.heartbeat_ms)?;
        reader.finish()
    }
}

fn group(node: &Node, path: &str) -> Result<SocketAddrV4, ConfigError> {
    text(node)
        .and_then(|text| text.parse::<SocketAddrV4>().ok())
        .filter(|group| group.ip().is_multicast() && group.port() != 0)
        .ok_or_else(|| bad_value(node, path, GROUP_EXPECTED.to_owned()))
}
