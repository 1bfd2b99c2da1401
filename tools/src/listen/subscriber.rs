//! One stream, received: its lines through a port, missing messages and snapshots by the kernel's sockets.
//!
//! Goal: everything that a handler wants done, without ever waiting for it while lines are read. Non-goal: what it means; the handler knows.

use super::download::Download;
use feedhandler::handler::{Action, FeedListener, Handler, HandlerOptions, Source};
use netio::clock::Clock;
use netio::{Port, PortCounters, PortError};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;
use wire::Nanos;
use wire::mold::Request;

/// Datagrams received in one turn.
const BURST: usize = 256;
/// No answer is longer.
const ANSWER_MAX: usize = 2_048;

/// Who is asked for what the lines did not bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// Missing messages, by UDP.
    pub rerequest: Option<SocketAddrV4>,
    /// Snapshots, by TCP.
    pub snapshot: Option<SocketAddrV4>,
}

/// Follows one stream. Its port receives line A as its first endpoint, and line B as its second where there is one.
pub struct Subscriber<P> {
    port: P,
    handler: Handler,
    servers: Servers,
    socket: Option<UdpSocket>,
    download: Option<Download>,
    clock: Clock,
    /// Requests that could not be sent: the handler asks again.
    unsent: u64,
}

impl<P: Port> Subscriber<P> {
    /// Follows through a port; requests leave by `interface`.
    ///
    /// # Errors
    /// There is no socket to be had for requests.
    pub fn new(port: P, servers: Servers, interface: Ipv4Addr, options: HandlerOptions) -> io::Result<Self> {
        let socket = match servers.rerequest {
            None => None,
            Some(_) => {
                let socket = UdpSocket::bind(SocketAddrV4::new(interface, 0))?;
                socket.set_nonblocking(true)?;
                Some(socket)
            }
        };
        let clock = Clock::calibrate();
        Ok(Self { port, handler: Handler::new(options), servers, socket, download: None, clock, unsent: 0 })
    }

    /// Takes what has arrived and does what the handler wants. Returns how many datagrams and pieces of snapshots there were.
    ///
    /// # Errors
    /// The port cannot go on.
    pub fn turn(&mut self, listener: &mut impl FeedListener) -> Result<usize, PortError> {
        let now = self.now();
        let Self { port, handler, .. } = self;
        let mut moved = port.receive(BURST, |received| {
            handler.on_packet(Source::Line(received.endpoint.0.into()), received.payload, now, listener);
        })?;
        moved += self.take_answers(now, listener);
        moved += self.take_snapshot(now, listener);
        self.handler.poll(now, listener);
        while let Some(action) = self.handler.next_action() {
            self.act(action);
        }
        if moved == 0 {
            self.clock.resync();
        }
        Ok(moved)
    }

    /// Nanoseconds since the Unix epoch, as the handler counts them.
    #[must_use]
    pub fn now(&self) -> Nanos {
        Nanos(self.clock.now())
    }

    /// What is known of the stream.
    #[must_use]
    pub const fn handler(&self) -> &Handler {
        &self.handler
    }

    /// Who is asked.
    #[must_use]
    pub const fn servers(&self) -> Servers {
        self.servers
    }

    /// The port's counters.
    #[must_use]
    pub fn port_counters(&self) -> PortCounters {
        self.port.counters()
    }

    /// Waits for a datagram, but not for long.
    pub fn wait(&mut self, duration: Duration) {
        // While a snapshot or an answer comes, the lines are not the only ones to listen to.
        let busy = self.download.is_some() || self.handler.next_sequence() < self.handler.highest_sequence();
        self.port.wait(if busy { duration.min(Duration::from_micros(200)) } else { duration });
    }

    fn take_answers(&mut self, now: Nanos, listener: &mut impl FeedListener) -> usize {
        let Some(socket) = &self.socket else { return 0 };
        let mut bytes = [0; ANSWER_MAX];
        let mut count = 0;
        while count < BURST {
            // Who else writes to this socket is found out by the session; errors are those of earlier requests.
            let Ok((len, from)) = socket.recv_from(&mut bytes) else { break };
            if Some(from) == self.servers.rerequest.map(Into::into) {
                self.handler.on_packet(Source::Rerequest, &bytes[..len], now, listener);
            }
            count += 1;
        }
        count
    }

    fn take_snapshot(&mut self, now: Nanos, listener: &mut impl FeedListener) -> usize {
        let mut count = 0;
        while let Some(download) = &mut self.download
            && count < BURST
        {
            match download.next() {
                Ok(Some(bytes)) => self.handler.on_snapshot(&bytes, now, listener),
                Ok(None) => break,
                Err(_) => {
                    self.download = None;
                    self.handler.on_snapshot_closed(now);
                }
            }
            count += 1;
        }
        count
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Request(request) => self.request(&request),
            Action::OpenSnapshot(session) => {
                self.download = self.servers.snapshot.map(|server| Download::begin(server, session));
            }
            Action::CloseSnapshot => self.download = None,
        }
    }

    fn request(&mut self, request: &Request) {
        let mut bytes = [0; Request::SIZE];
        let (Some(socket), Some(server)) = (&self.socket, self.servers.rerequest) else { return };
        let sent = request.encode(&mut bytes).is_some() && socket.send_to(&bytes, server).is_ok();
        self.unsent += u64::from(!sent);
    }
}
