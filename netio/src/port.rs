//! The port: what every way of moving UDP datagrams looks like to a tile.
//!
//! A port owns the lower headers and the memory; a tile sees payloads. Batch first, never blocking, nothing allocated
//! once it is open. A datagram may be lost, doubled or reordered by what lies outside; a port adds no fault of its own
//! that it does not count.
//!
//! Non-goals: reliability, encryption, IPv6.

use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

/// The longest payload: a 1500-byte Ethernet frame less IPv4 and UDP headers. What is longer is dropped and counted.
pub const PAYLOAD_MAX: usize = 1472;

/// Moves datagrams.
pub trait Port {
    /// Hands at most `max` datagrams to `sink`, in the order of their arrival at each endpoint, and returns how many.
    /// Never blocks. The payload is only borrowed: its memory is reused after `sink` returns.
    ///
    /// # Errors
    ///
    /// Only when the port is broken for good. What goes wrong with one datagram is counted.
    fn receive(&mut self, max: usize, sink: impl FnMut(Received<'_>)) -> Result<usize, PortError>;

    /// Takes at most `max` datagrams and returns how many. For each it has room for, it gives `fill` the payload buffer,
    /// [`PAYLOAD_MAX`] bytes of whatever was in it; `fill` writes and says where to, or returns `None` to stop. `fill` is
    /// called only when there is room, so nothing it returns is lost for want of it.
    ///
    /// What was taken is on its way by the end of the call, or at the latest by the next one that finds room (any of
    /// `send`, `flush`, `receive`). An endpoint that does not exist or a length above [`PAYLOAD_MAX`] is counted in
    /// `tx_errors`.
    ///
    /// # Errors
    ///
    /// Only when the port is broken for good. What the network refuses (unreachable, filtered, no buffer) is counted.
    fn send(&mut self, max: usize, fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError>;

    /// Pushes out what `send` took and could not yet hand on.
    ///
    /// # Errors
    ///
    /// As for `send`.
    fn flush(&mut self) -> Result<(), PortError>;

    /// The address an endpoint is bound to, with the port number that was really given.
    ///
    /// # Panics
    ///
    /// When the port was opened with fewer endpoints.
    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4;

    /// What has been counted since the port was opened.
    fn counters(&self) -> PortCounters;

    /// Returns when something may be there to receive, or after `timeout`. For the parking wait strategy and for clients;
    /// a spinning tile never calls it.
    fn wait(&mut self, timeout: Duration) {
        std::thread::sleep(timeout);
    }
}

/// A local address of a port, by its place in the list that the port was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointIndex(pub u8);

/// What to open: one local address, and the multicast groups that are received at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Address and port; port 0 lets the system choose.
    pub bind: SocketAddrV4,
    /// Multicast groups to join; empty for a unicast endpoint.
    pub groups: Vec<Ipv4Addr>,
    /// The interface, by its address, on which groups are joined and multicast is sent; unspecified: the system's choice.
    pub interface: Ipv4Addr,
    /// How many routers a multicast datagram may pass; 0 keeps it on this host, 1 on this network.
    pub multicast_ttl: u8,
    /// Whether receivers on this host see what is sent to a group.
    pub multicast_loop: bool,
    /// The receive buffer to ask the system for; 0 takes its default.
    pub recv_buffer_bytes: usize,
    /// The send buffer to ask the system for; 0 takes its default.
    pub send_buffer_bytes: usize,
}

impl Endpoint {
    /// A plain address: no groups, multicast sent over `bind`'s own interface, seen on this host and this network only.
    #[must_use]
    pub fn unicast(bind: SocketAddrV4) -> Self {
        Self {
            bind,
            groups: Vec::new(),
            interface: if bind.ip().is_multicast() { Ipv4Addr::UNSPECIFIED } else { *bind.ip() },
            multicast_ttl: 1,
            multicast_loop: true,
            recv_buffer_bytes: BUFFER_BYTES,
            send_buffer_bytes: BUFFER_BYTES,
        }
    }

    /// Receives `group` at `port` over the interface with this address.
    #[must_use]
    pub fn multicast(group: Ipv4Addr, port: u16, interface: Ipv4Addr) -> Self {
        let bind = SocketAddrV4::new(group, port);
        Self { groups: vec![group], interface, ..Self::unicast(bind) }
    }

    /// Whether a datagram sent to `to` arrives at this endpoint, were it bound at `local`.
    #[must_use]
    pub(crate) fn accepts(&self, local: SocketAddrV4, to: SocketAddrV4) -> bool {
        let addressed = if to.ip().is_multicast() {
            self.groups.contains(to.ip()) && (local.ip().is_unspecified() || local.ip() == to.ip())
        } else {
            local.ip().is_unspecified() || local.ip() == to.ip()
        };
        addressed && local.port() == to.port()
    }
}

/// A datagram that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// Where it arrived.
    pub endpoint: EndpointIndex,
    /// Who sent it, as far as the network says.
    pub from: SocketAddrV4,
    /// What it carries; may be empty.
    pub payload: &'a [u8],
    /// When it arrived, in nanoseconds since the Unix epoch, when the port has a stamp of its own.
    pub timestamp: Option<u64>,
}

/// A datagram to send: the payload's first `len` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// The endpoint whose address it is sent from.
    pub endpoint: EndpointIndex,
    /// Where to.
    pub to: SocketAddrV4,
    /// How many bytes of the buffer were written.
    pub len: usize,
}

/// What a port counted since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Datagrams handed to the sink.
    pub rx_datagrams: u64,
    /// Their payload bytes.
    pub rx_bytes: u64,
    /// Datagrams dropped because they were longer than [`PAYLOAD_MAX`].
    pub rx_truncated: u64,
    /// How often reception stood still for want of a buffer. The datagrams wait, or are lost, in the system's own queue.
    pub rx_no_buffer: u64,
    /// Failed receives that concern one datagram or an earlier send (an ICMP refusal, say).
    pub rx_errors: u64,
    /// Frames dropped because they were cut short, contradicted themselves, carried IPv4 options or named a sender that cannot
    /// be. This and the next four count only where frames come to us whole, past the kernel; elsewhere the kernel drops them.
    pub rx_malformed: u64,
    /// Frames dropped because a checksum was wrong.
    pub rx_checksum: u64,
    /// Parts of datagrams, dropped: fragments are never put together.
    pub rx_fragments: u64,
    /// Frames that came to us and are for nobody here: another station, VLAN, address, port or protocol.
    pub rx_not_ours: u64,
    /// Frames for us that the driver or the kernel dropped: no buffer, no room in the ring. As of the last look, which may
    /// be some time ago.
    pub rx_missed: u64,
    /// Datagrams taken from `fill`.
    pub tx_datagrams: u64,
    /// Their payload bytes.
    pub tx_bytes: u64,
    /// Datagrams taken and then refused: unreachable, filtered, no such endpoint, too long.
    pub tx_errors: u64,
    /// Those among `tx_errors` for which no hardware address was found: nobody answered for the receiver or its router.
    pub tx_unresolved: u64,
    /// How often `send` stopped because there was no room.
    pub tx_no_room: u64,
}

/// A port that cannot be opened, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// One of the endpoints cannot be had: choose another address, interface or group, or stop who holds it.
    #[error("endpoint {}: cannot {action} {address}: {source}", .endpoint.0)]
    Endpoint {
        /// Which of the endpoints.
        endpoint: EndpointIndex,
        /// What was tried.
        action: &'static str,
        /// The address it was tried on.
        address: SocketAddrV4,
        /// What the system said.
        source: io::Error,
    },
    /// This way of doing I/O is not to be had on this host: take another kind of port, or change the host as told.
    #[error("{what} is not available on this host: {source}; {remedy}")]
    Unavailable {
        /// The facility.
        what: &'static str,
        /// What would help: a command, where one does.
        remedy: Cow<'static, str>,
        /// What the system said.
        source: io::Error,
    },
    /// The request does not fit this kind of port: change the configuration.
    #[error("{what}: expected {expected}, found {found}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// What is possible.
        expected: &'static str,
        /// What was asked for.
        found: usize,
    },
    /// The port broke while running: close it, and open it again if that makes sense.
    #[error("{action} failed: {source}; the port must be closed")]
    Broken {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// An [`EndpointIndex`] must be able to name each of them.
pub(crate) fn check_count(endpoints: &[Endpoint]) -> Result<(), PortError> {
    if endpoints.is_empty() || endpoints.len() > usize::from(u8::MAX) + 1 {
        let found = endpoints.len();
        return Err(PortError::Limit { what: "endpoints of a port", expected: "1 to 256", found });
    }
    Ok(())
}

/// Room for some thousand full datagrams: a burst that arrives while a tile is off its core.
const BUFFER_BYTES: usize = 8 << 20;
