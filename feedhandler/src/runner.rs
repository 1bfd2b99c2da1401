//! A handler with a network: lines, re-requests and snapshots over any port.
//!
//! Goal: a subscriber who has addresses has a book. Non-goal: several streams (a runner each, on whichever threads), placement on
//! cores.
//!
//! The polling thread makes no system call but the port's own. The connection to the snapshot server, which may take its time
//! and blocks, is read by a thread that lives as long as the connection (`runner/connection.rs`).
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use feedhandler::handler::HandlerOptions;
//! use feedhandler::runner::{FeedAddresses, Runner};
//! use wire::feed::StreamKind;
//!
//! let addresses = FeedAddresses {
//!     lines: vec!["239.26.41.1:26450".parse()?, "239.26.41.2:26451".parse()?],
//!     rerequest: Some("127.0.0.1:26460".parse()?),
//!     snapshot: Some("127.0.0.1:26461".parse()?),
//!     ..FeedAddresses::default()
//! };
//! let mut runner = Runner::open(&Default::default(), addresses, HandlerOptions::new(StreamKind::Depth))?;
//! loop {
//!     runner.turn(&mut ())?;
//!     runner.wait();
//! }
//! # }
//! ```

mod connection;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use netio::clock::Clock;
use netio::host::{HostPort, PortOptions};
use netio::{Endpoint, EndpointIndex, Outgoing, Port, PortCounters, PortError};
use wire::Nanos;
use wire::soup::{SoupPassword, SoupUser};

use crate::handler::{Action, FeedListener, Handler, HandlerOptions, Source};
use connection::{Connection, Piece};

/// Datagrams received in one turn.
const BURST: usize = 256;
/// The longest wait for something to happen.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// Turns between two looks at the system's clock.
const RESYNC_TURNS: u32 = 1 << 16;

/// Where a stream is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedAddresses {
    /// Group and port of each line.
    pub lines: Vec<SocketAddrV4>,
    /// The interface of each line, by its address; the last stands for those after it.
    pub interfaces: Vec<Ipv4Addr>,
    /// The re-request server.
    pub rerequest: Option<SocketAddrV4>,
    /// The snapshot server.
    pub snapshot: Option<SocketAddr>,
    /// Where requests are sent from and answers come to; port 0 lets the system choose.
    pub local: SocketAddrV4,
    /// Name and password for the snapshot server.
    pub user: SoupUser,
    /// See `user`.
    pub password: SoupPassword,
}

impl Default for FeedAddresses {
    /// Nothing, over the loopback interface.
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            interfaces: vec![Ipv4Addr::LOCALHOST],
            rerequest: None,
            snapshot: None,
            local: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
            user: SoupUser(*b"      "),
            password: SoupPassword(*b"          "),
        }
    }
}

impl FeedAddresses {
    /// What a port for these must receive: the lines in their order, then the place where answers come to.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let last = self.interfaces.last().copied().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let interfaces = self.interfaces.iter().copied().chain(std::iter::repeat(last));
        let lines = self.lines.iter().zip(interfaces);
        let mut endpoints: Vec<Endpoint> =
            lines.map(|(group, interface)| Endpoint::multicast(*group.ip(), group.port(), interface)).collect();
        if self.rerequest.is_some() {
            endpoints.push(Endpoint::unicast(self.local));
        }
        endpoints
    }
}

/// Follows one stream over a port.
#[derive(Debug)]
pub struct Runner<P> {
    port: P,
    handler: Handler,
    addresses: FeedAddresses,
    clock: Clock,
    turns: u32,
    deadline: Option<Nanos>,
    connection: Option<Connection>,
    /// Packets that came to us from somebody else than the re-request server.
    strangers: u64,
}

impl Runner<HostPort> {
    /// Opens a port of this host and follows the stream from now on. A server without an address is not used.
    ///
    /// # Errors
    /// A group cannot be joined, or there is no such port here.
    pub fn open(port: &PortOptions, addresses: FeedAddresses, options: HandlerOptions) -> Result<Self, PortError> {
        let port = HostPort::open(port, &addresses.endpoints())?;
        Ok(Self::new(port, addresses, options))
    }
}

impl<P: Port> Runner<P> {
    /// Follows the stream over a port that was opened for [`FeedAddresses::endpoints`].
    #[must_use]
    pub fn new(port: P, addresses: FeedAddresses, options: HandlerOptions) -> Self {
        let options = HandlerOptions {
            lines: addresses.lines.len(),
            rerequest: options.rerequest.filter(|_| addresses.rerequest.is_some()),
            snapshot: options.snapshot.filter(|_| addresses.snapshot.is_some()),
            ..options
        };
        Self {
            port,
            handler: Handler::new(options),
            addresses,
            clock: Clock::calibrate(),
            turns: 0,
            deadline: None,
            connection: None,
            strangers: 0,
        }
    }

    /// Takes what has arrived and does what is due; returns how many datagrams there were.
    ///
    /// # Errors
    /// The port cannot go on.
    pub fn turn(&mut self, listener: &mut impl FeedListener) -> Result<usize, PortError> {
        self.turns += 1;
        if self.turns >= RESYNC_TURNS {
            self.turns = 0;
            self.clock.resync();
        }
        let now = Nanos(self.clock.now());
        let Self { port, handler, addresses, strangers, .. } = self;
        let moved = port.receive(BURST, |received| {
            let endpoint = usize::from(received.endpoint.0);
            if endpoint < addresses.lines.len() {
                handler.on_packet(Source::Line(endpoint), received.payload, now, listener);
            } else if Some(received.from) == addresses.rerequest {
                handler.on_packet(Source::Rerequest, received.payload, now, listener);
            } else {
                *strangers += 1;
            }
        })?;
        self.read_snapshot(now, listener);
        if moved > 0 || self.deadline.is_none_or(|deadline| now >= deadline) {
            self.deadline = self.handler.poll(now, listener);
            self.act(now)?;
        }
        Ok(moved)
    }

    /// Waits until something may be there, for a moment at most. A spinning thread never calls it.
    pub fn wait(&mut self) {
        let now = self.clock.now();
        let left = self.deadline.map_or(WAIT_MAX, |deadline| Duration::from_nanos(deadline.0.saturating_sub(now)));
        // The pieces of a snapshot do not wake the port.
        let most = if self.connection.is_some() { Duration::from_millis(1) } else { WAIT_MAX };
        self.port.wait(left.min(most));
    }

    /// What is known of the stream.
    #[must_use]
    pub const fn handler(&self) -> &Handler {
        &self.handler
    }

    /// The port, for what only it knows.
    #[must_use]
    pub const fn port(&self) -> &P {
        &self.port
    }

    /// The port's counters.
    #[must_use]
    pub fn port_counters(&self) -> PortCounters {
        self.port.counters()
    }

    /// Packets that came from somebody else than the re-request server, ignored.
    #[must_use]
    pub const fn strangers(&self) -> u64 {
        self.strangers
    }

    /// Hands over what has come of a snapshot.
    fn read_snapshot(&mut self, now: Nanos, listener: &mut impl FeedListener) {
        while let Some(piece) = self.connection.as_mut().and_then(Connection::next) {
            match piece {
                Piece::Bytes(bytes) => self.handler.on_snapshot(&bytes, now, listener),
                Piece::Closed => {
                    self.handler.on_snapshot_closed(now);
                    self.connection = None;
                }
            }
            self.deadline = None;
        }
    }

    fn act(&mut self, now: Nanos) -> Result<(), PortError> {
        while let Some(action) = self.handler.next_action() {
            match action {
                Action::Request(request) => {
                    let Some(to) = self.addresses.rerequest else { continue };
                    let endpoint = EndpointIndex(u8::try_from(self.addresses.lines.len()).unwrap_or(u8::MAX));
                    // A request that finds no room is asked again, like one that is lost.
                    let mut once = Some(request);
                    self.port.send(1, |out| {
                        let len = once.take()?.encode(out)?;
                        Some(Outgoing { endpoint, to, len })
                    })?;
                }
                Action::OpenSnapshot(session) => {
                    let FeedAddresses { snapshot, user, password, .. } = &self.addresses;
                    self.connection = snapshot.and_then(|to| Connection::open(to, session, *user, *password).ok());
                    if self.connection.is_none() {
                        self.handler.on_snapshot_closed(now);
                    }
                }
                Action::CloseSnapshot => self.connection = None,
            }
        }
        self.port.flush()
    }
}
