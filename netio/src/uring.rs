//! The io_uring port: the default on every host, without privileges.
//!
//! Receiving: one multishot `recvmsg` an endpoint stays armed in the kernel, which takes a buffer from a shared ring for
//! each datagram; a poll that finds nothing reads two words of memory and makes no system call. Sending: one submission
//! a burst. The two directions have a ring each, so that unread datagrams never stand before the completions of sends.
//!
//! The kernel's half of the work runs only inside our own calls (`DEFER_TASKRUN`), so nothing interrupts a polling core.
//! The price: a port belongs to the thread that first receives or sends through it. It may be opened elsewhere. Dropped
//! elsewhere, it may leak its buffers, since the kernel cannot be asked whether it is done with them.
//!
//! Whatever a kernel is too old for is done without, and [`UringPort::how`] says so.
//!
//! Order: datagrams leave in the order they were taken, as long as the socket's send buffer has room.

mod buffers;
mod options;
mod queue;
mod receiver;
mod sender;

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::time::Duration;

pub use self::options::{Facilities, SqPoll, SqPollError, UringOptions};
use self::receiver::Receiver;
use self::sender::Sender;
use crate::port::{Endpoint, EndpointIndex, Outgoing, Port, PortCounters, PortError, Received};
use crate::socket::endpoint;

/// See the module.
#[derive(Debug)]
pub struct UringPort {
    // Before the sockets: what is armed in the kernel is withdrawn before they are closed, so the addresses are free again
    // when the port is gone.
    receiver: Receiver,
    sender: Sender,
    sockets: Vec<(OwnedFd, SocketAddrV4)>,
    how: How,
    counters: PortCounters,
}

/// What a port makes use of here, and what it had to do without.
#[derive(Debug, Default)]
struct How {
    with: Vec<String>,
    without: Vec<String>,
}

impl How {
    /// Notes how an attempt to use something has ended, and says whether it is used.
    fn note(&mut self, what: &str, attempt: io::Result<()>) -> bool {
        match &attempt {
            Ok(()) => self.with.push(what.to_owned()),
            Err(error) => self.without.push(format!("{what} ({error})")),
        }
        attempt.is_ok()
    }
}

impl UringPort {
    /// Opens and binds every endpoint.
    ///
    /// # Errors
    ///
    /// [`PortError::Endpoint`] names the one that cannot be had; [`PortError::Unavailable`] when this host has no
    /// io_uring for us, which is the time to take a [`crate::socket::SocketPort`].
    pub fn open(endpoints: &[Endpoint]) -> Result<Self, PortError> {
        Self::open_with(endpoints, &UringOptions::default())
    }

    /// As [`UringPort::open`], set up in this way.
    ///
    /// # Errors
    ///
    /// As for [`UringPort::open`], and [`PortError::Limit`] when a size cannot be.
    pub fn open_with(endpoints: &[Endpoint], options: &UringOptions) -> Result<Self, PortError> {
        let sockets = endpoint::open_all(endpoints)?;
        let mut how = How::default();
        let receiver = Receiver::new(&sockets, options, &mut how)?;
        let sender = Sender::new(&sockets, options, &receiver, &mut How::default())?;
        Ok(Self { receiver, sender, sockets, how, counters: PortCounters::default() })
    }

    /// What it makes use of here, and what it had to do without, for people.
    #[must_use]
    pub fn how(&self) -> String {
        let How { with, without } = &self.how;
        let with = with.iter().fold("multishot receive".to_owned(), |text, what| text + ", " + what);
        if without.is_empty() { with } else { format!("{with}; without {}", without.join(", ")) }
    }
}

impl Port for UringPort {
    #[inline]
    fn receive(&mut self, max: usize, sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        if self.sender.is_busy() {
            self.sender.push_out(&mut self.counters)?;
        }
        self.receiver.receive(max, sink, &mut self.counters)
    }

    #[inline]
    fn send(&mut self, max: usize, fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        self.sender.send(max, fill, &mut self.counters)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        self.sender.push_out(&mut self.counters)
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.sockets[usize::from(endpoint.0)].1
    }

    fn counters(&self) -> PortCounters {
        self.counters
    }

    fn wait(&mut self, timeout: Duration) {
        // What fails here fails again at the next receive, which can say so.
        let _ = self.receiver.wait(timeout);
    }
}
