//! `[network]`: the port and its addresses.

use super::dpdk;
use super::error::ConfigError;
use super::reader::Reader;
use super::uring;
use super::xdp;
use netio::fault::FaultPlan;
use netio::host::{PortKind, PortOptions};
use std::net::{Ipv4Addr, SocketAddrV4};

/// The port and its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// How packets reach the network: which port, and how each is set up.
    pub port: PortOptions,
    /// Where clients send logins and orders to; port 0: any free one.
    pub order_entry: SocketAddrV4,
    /// Where clients ask for reports they missed; port 0: any free one.
    pub rerequest: SocketAddrV4,
    /// Address of the interface through which market data leaves.
    pub interface: Ipv4Addr,
    /// Socket receive buffer, bytes.
    pub receive_buffer_bytes: u32,
    /// Socket send buffer, bytes.
    pub send_buffer_bytes: u32,
    /// Faults to inject, as the text of a [`FaultPlan`]; empty: none. For tests.
    pub faults: String,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            port: PortOptions::default(),
            order_entry: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26_400),
            rerequest: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26_401),
            interface: Ipv4Addr::LOCALHOST,
            receive_buffer_bytes: 4 << 20,
            send_buffer_bytes: 4 << 20,
            faults: String::new(),
        }
    }
}

/// What a bind address looks like, for messages.
pub(super) const ADDRESS_EXPECTED: &str = "an IPv4 address and port, such as \"127.0.0.1:26400\"";
const FAULTS_EXPECTED: &str = "faults such as \"drop=1%,duplicate=1%,reorder=1%,seed=7\", or \"\" for none";
const BUFFER_BYTES: std::ops::RangeInclusive<u32> = 4_096..=1 << 30;

impl Network {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.choice("port", &PortKind::ALL.map(|kind| (kind.name(), kind)), &mut self.port.kind)?;
        reader.parsed("order_entry", ADDRESS_EXPECTED, &mut self.order_entry)?;
        reader.parsed("rerequest", ADDRESS_EXPECTED, &mut self.rerequest)?;
        reader.parsed("interface", "an IPv4 address of this machine, such as \"127.0.0.1\"", &mut self.interface)?;
        reader.integer("receive_buffer_bytes", BUFFER_BYTES, &mut self.receive_buffer_bytes)?;
        reader.integer("send_buffer_bytes", BUFFER_BYTES, &mut self.send_buffer_bytes)?;
        let plan = |text: &str| text.parse::<FaultPlan>().is_ok().then(|| text.to_owned());
        reader.checked("faults", FAULTS_EXPECTED, plan, &mut self.faults)?;
        reader.table("dpdk", |reader| dpdk::read(&mut self.port.dpdk, reader))?;
        reader.table("xdp", |reader| xdp::read(&mut self.port.xdp, reader))?;
        reader.table("uring", |reader| uring::read(&mut self.port.uring, reader))?;
        reader.finish()
    }
}
