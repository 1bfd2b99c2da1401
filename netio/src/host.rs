//! The port of this host, chosen by name: the best that opens, and one line that says which it is and why not another.
//!
//! Non-goal: choosing again later; a port stays what it was opened as.

mod choice;
mod kind;

use std::net::SocketAddrV4;
use std::time::Duration;

pub use self::choice::{Choice, Refused};
pub use self::kind::{PortKind, PortKindError};
use crate::dpdk::DpdkOptions;
#[cfg(feature = "dpdk")]
use crate::dpdk::DpdkPort;
use crate::port::{Endpoint, EndpointIndex, Outgoing, Port, PortCounters, PortError, Received};
use crate::socket::SocketPort;
use crate::uring::{UringOptions, UringPort};
use crate::xdp::{XdpOptions, XdpPort};

/// Which kind of port to open, and how each kind is to be set up when it is the one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortOptions {
    /// Which kind.
    pub kind: PortKind,
    /// For DPDK.
    pub dpdk: DpdkOptions,
    /// For AF_XDP.
    pub xdp: XdpOptions,
    /// For io_uring.
    pub uring: UringOptions,
}

impl From<PortKind> for PortOptions {
    /// This kind, set up as it comes.
    fn from(kind: PortKind) -> Self {
        Self { kind, ..Self::default() }
    }
}

/// A port that was chosen when it was opened. The choice costs one predictable branch a call.
#[derive(Debug)]
pub struct HostPort {
    opened: Opened,
    choice: Choice,
}

#[derive(Debug)]
enum Opened {
    #[cfg(feature = "dpdk")]
    Dpdk(Box<DpdkPort>),
    Xdp(Box<XdpPort>),
    Uring(Box<UringPort>),
    Socket(Box<SocketPort>),
}

/// Does the same with whichever it is.
macro_rules! with {
    ($opened:expr, $port:ident => $call:expr) => {
        match $opened {
            #[cfg(feature = "dpdk")]
            Opened::Dpdk($port) => $call,
            Opened::Xdp($port) => $call,
            Opened::Uring($port) => $call,
            Opened::Socket($port) => $call,
        }
    };
}

/// From the best down; the last one is there on every Linux.
const BEST_FIRST: [PortKind; 4] = [PortKind::Dpdk, PortKind::Xdp, PortKind::Uring, PortKind::Socket];

impl HostPort {
    /// Opens and binds every endpoint.
    ///
    /// # Errors
    ///
    /// As the port of that kind. With [`PortKind::Auto`] a port that is not to be had here is no error: the next one is
    /// taken.
    pub fn open(options: &PortOptions, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        let mut refused = Vec::new();
        let kinds = if options.kind == PortKind::Auto { &BEST_FIRST[..] } else { &[options.kind] };
        for (place, &kind) in (1..).zip(kinds) {
            if place < kinds.len()
                && let Some(why) = unfit(kind, options, endpoints)
            {
                refused.push(Refused { kind, why });
                continue;
            }
            match Opened::open(kind, options, endpoints) {
                Ok(opened) => {
                    let choice = Choice { kind, how: opened.how(), refused };
                    return Ok(Self { opened, choice });
                }
                Err(error) if place < kinds.len() && lets_others(kind, &error) => {
                    refused.push(Refused::by(kind, &error))
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last kind has opened or said why not")
    }

    /// What was opened; never `Auto`.
    #[must_use]
    pub const fn kind(&self) -> PortKind {
        self.choice.kind
    }

    /// Which it is, how it works here, and why not another: one line for people.
    #[must_use]
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }
}

/// What is seen without trying: why this kind is not for these endpoints.
fn unfit(kind: PortKind, options: &PortOptions, endpoints: &[Endpoint]) -> Option<String> {
    if kind == PortKind::Dpdk && options.dpdk.device.is_empty() {
        return Some("no device of DPDK's is configured".to_owned());
    }
    if kind != PortKind::Xdp {
        return None;
    }
    let local = |endpoint: &&Endpoint| endpoint.bind.ip().is_loopback() || endpoint.interface.is_loopback();
    let on_loopback = endpoints.iter().find(local)?;
    Some(format!("{} is on the loopback interface", on_loopback.bind))
}

/// Whether the next kind may be tried after this error. What is wrong with an endpoint the kernel's own ports say best.
const fn lets_others(kind: PortKind, error: &PortError) -> bool {
    matches!(kind, PortKind::Dpdk | PortKind::Xdp) || matches!(error, PortError::Unavailable { .. })
}

impl Opened {
    fn open(kind: PortKind, options: &PortOptions, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        match kind {
            PortKind::Dpdk => Self::open_dpdk(options, endpoints),
            PortKind::Xdp => XdpPort::open_with(endpoints, &options.xdp).map(|port| Self::Xdp(Box::new(port))),
            PortKind::Auto | PortKind::Uring => {
                UringPort::open_with(endpoints, &options.uring).map(|port| Self::Uring(Box::new(port)))
            }
            PortKind::Socket => SocketPort::open(endpoints).map(|port| Self::Socket(Box::new(port))),
        }
    }

    #[cfg(feature = "dpdk")]
    fn open_dpdk(options: &PortOptions, endpoints: &[Endpoint]) -> Result<Self, PortError> {
        DpdkPort::open(&options.dpdk, endpoints).map(|port| Self::Dpdk(Box::new(port)))
    }

    #[cfg(not(feature = "dpdk"))]
    fn open_dpdk(_: &PortOptions, _: &[Endpoint]) -> Result<Self, PortError> {
        let remedy = "install DPDK (on Debian `apt-get install libdpdk-dev libclang-dev pkg-config`) and build with \
                      `cargo build --release --features dpdk`, or use another kind of port";
        let source = std::io::Error::new(std::io::ErrorKind::Unsupported, "it is not in this build");
        Err(PortError::Unavailable { what: "DPDK", remedy: remedy.into(), source })
    }

    fn how(&self) -> String {
        match self {
            #[cfg(feature = "dpdk")]
            Self::Dpdk(port) => port.how(),
            Self::Xdp(port) => port.how(),
            Self::Uring(port) => port.how(),
            Self::Socket(_) => "recvmmsg and sendmmsg".to_owned(),
        }
    }
}

impl Port for HostPort {
    #[inline]
    fn receive(&mut self, max: usize, sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        with!(&mut self.opened, port => port.receive(max, sink))
    }

    #[inline]
    fn send(&mut self, max: usize, fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        with!(&mut self.opened, port => port.send(max, fill))
    }

    fn flush(&mut self) -> Result<(), PortError> {
        with!(&mut self.opened, port => port.flush())
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        with!(&self.opened, port => port.local_addr(endpoint))
    }

    fn counters(&self) -> PortCounters {
        with!(&self.opened, port => port.counters())
    }

    fn wait(&mut self, timeout: Duration) {
        with!(&mut self.opened, port => port.wait(timeout));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn local() -> [Endpoint; 1] {
        [Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))]
    }

    #[test]
    fn the_best_that_opens_is_taken_and_the_others_have_a_reason() {
        let port = HostPort::open(&PortOptions::default(), &local()).unwrap();
        let choice = port.choice();
        let refused: Vec<PortKind> = choice.refused.iter().map(|refused| refused.kind).collect();
        assert_eq!(refused, BEST_FIRST[..refused.len()]);
        assert_eq!(choice.kind, BEST_FIRST[refused.len()]);
        assert!(refused.len() >= 2, "neither DPDK nor AF_XDP is for loopback: {choice}");
        assert!(choice.to_string().contains("not xdp: 127.0.0.1:0 is on the loopback interface"), "{choice}");
        assert!(!choice.to_string().contains('\n'), "{choice}");
    }

    #[test]
    fn a_kind_that_is_asked_for_is_taken_or_nothing() {
        let port = HostPort::open(&PortKind::Socket.into(), &local()).unwrap();
        assert_eq!((port.kind(), port.choice().refused.len()), (PortKind::Socket, 0));
        let error = HostPort::open(&PortKind::Dpdk.into(), &local()).unwrap_err();
        assert!(matches!(error, PortError::Unavailable { .. }), "{error}");
    }

    #[test]
    fn an_address_that_is_taken_is_told_whatever_the_kind() {
        let taken = HostPort::open(&PortKind::Socket.into(), &local()).unwrap();
        let again = [Endpoint::unicast(taken.local_addr(EndpointIndex(0)))];
        for kind in [PortKind::Auto, PortKind::Socket] {
            let error = HostPort::open(&kind.into(), &again).unwrap_err();
            assert!(matches!(error, PortError::Endpoint { .. }), "{kind}: {error}");
        }
    }
}
