//! The port of this host, chosen by name: io_uring where it is to be had, plain sockets where it is not.

use std::fmt;
use std::net::SocketAddrV4;
use std::str::FromStr;
use std::time::Duration;

use crate::port::{Endpoint, EndpointIndex, Outgoing, Port, PortCounters, PortError, Received};
use crate::socket::SocketPort;
use crate::uring::UringPort;

/// Which kind of port to open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PortKind {
    /// io_uring; sockets where the host refuses it.
    #[default]
    Auto,
    /// io_uring or nothing.
    Uring,
    /// Sockets.
    Socket,
}

/// A port that was chosen when it was opened. The choice costs one predictable branch a call.
#[derive(Debug)]
pub enum HostPort {
    /// See [`UringPort`].
    Uring(Box<UringPort>),
    /// See [`SocketPort`].
    Socket(Box<SocketPort>),
}

impl HostPort {
    /// Opens and binds every endpoint.
    ///
    /// # Errors
    ///
    /// As the port of that kind; with [`PortKind::Auto`] an unavailable io_uring is no error.
    pub fn open(kind: PortKind, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        let sockets = || SocketPort::open(endpoints).map(|port| Self::Socket(Box::new(port)));
        if kind == PortKind::Socket {
            return sockets();
        }
        match UringPort::open(endpoints) {
            Ok(port) => Ok(Self::Uring(Box::new(port))),
            Err(PortError::Unavailable { .. }) if kind == PortKind::Auto => sockets(),
            Err(error) => Err(error),
        }
    }

    /// What was opened; never `Auto`.
    #[must_use]
    pub const fn kind(&self) -> PortKind {
        match self {
            Self::Uring(_) => PortKind::Uring,
            Self::Socket(_) => PortKind::Socket,
        }
    }
}

impl Port for HostPort {
    #[inline]
    fn receive(&mut self, max: usize, sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        match self {
            Self::Uring(port) => port.receive(max, sink),
            Self::Socket(port) => port.receive(max, sink),
        }
    }

    #[inline]
    fn send(&mut self, max: usize, fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        match self {
            Self::Uring(port) => port.send(max, fill),
            Self::Socket(port) => port.send(max, fill),
        }
    }

    fn flush(&mut self) -> Result<(), PortError> {
        match self {
            Self::Uring(port) => port.flush(),
            Self::Socket(port) => port.flush(),
        }
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        match self {
            Self::Uring(port) => port.local_addr(endpoint),
            Self::Socket(port) => port.local_addr(endpoint),
        }
    }

    fn counters(&self) -> PortCounters {
        match self {
            Self::Uring(port) => port.counters(),
            Self::Socket(port) => port.counters(),
        }
    }

    fn wait(&mut self, timeout: Duration) {
        match self {
            Self::Uring(port) => port.wait(timeout),
            Self::Socket(port) => port.wait(timeout),
        }
    }
}

/// A name that is no kind of port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a kind of port (auto, uring or socket), found `{0}`")]
pub struct PortKindError(String);

impl FromStr for PortKind {
    type Err = PortKindError;

    fn from_str(text: &str) -> Result<Self, PortKindError> {
        match text {
            "auto" => Ok(Self::Auto),
            "uring" => Ok(Self::Uring),
            "socket" => Ok(Self::Socket),
            _ => Err(PortKindError(text.to_owned())),
        }
    }
}

impl fmt::Display for PortKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Auto => "auto",
            Self::Uring => "uring",
            Self::Socket => "socket",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names() {
        for kind in [PortKind::Auto, PortKind::Uring, PortKind::Socket] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("dpdk".parse::<PortKind>(), Err(PortKindError("dpdk".to_owned())));
    }
}
