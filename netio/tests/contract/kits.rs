//! How to open two ports of each kind that can reach each other.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use netio::fault::{FaultPlan, FaultPort};
use netio::host::{HostPort, PortKind};
use netio::memory::MemoryPort;
use netio::socket::SocketPort;
use netio::uring::UringPort;
use netio::{Endpoint, Port, PortError};

pub trait Kit {
    type Port: Port + Send + 'static;

    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(Self::Port, Self::Port), PortError>;

    /// Whether other programs can send to the port.
    const HAS_SOCKETS: bool = true;

    fn is_here() -> bool {
        match Self::open(&[local()], &[local()]) {
            Ok(_) => true,
            Err(PortError::Unavailable { what, source, .. }) if std::env::var_os("CI").is_none() => {
                eprintln!("{what} is not available here ({source}): nothing tested");
                false
            }
            Err(error) => panic!("{error}"),
        }
    }
}

pub struct Memory;
impl Kit for Memory {
    type Port = MemoryPort;
    const HAS_SOCKETS: bool = false;
    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(MemoryPort, MemoryPort), PortError> {
        MemoryPort::pair(a, b, 64)
    }
}

pub struct Uring;
impl Kit for Uring {
    type Port = UringPort;
    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(UringPort, UringPort), PortError> {
        Ok((UringPort::open(a)?, UringPort::open(b)?))
    }
}

pub struct Socket;
impl Kit for Socket {
    type Port = SocketPort;
    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(SocketPort, SocketPort), PortError> {
        Ok((SocketPort::open(a)?, SocketPort::open(b)?))
    }
}

/// One of each kind: they must understand each other.
pub struct Host;
impl Kit for Host {
    type Port = HostPort;
    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(HostPort, HostPort), PortError> {
        Ok((HostPort::open(&PortKind::Auto.into(), a)?, HostPort::open(&PortKind::Socket.into(), b)?))
    }
}

/// A fault port that was told to do nothing.
pub struct Faultless;
impl Kit for Faultless {
    type Port = FaultPort<MemoryPort>;
    const HAS_SOCKETS: bool = false;
    fn open(a: &[Endpoint], b: &[Endpoint]) -> Result<(Self::Port, Self::Port), PortError> {
        let (a, b) = MemoryPort::pair(a, b, 64)?;
        let plan = FaultPlan::default();
        Ok((FaultPort::new(a, &plan), FaultPort::new(b, &plan)))
    }
}

/// A loopback address with a port number of the system's choice.
pub fn local() -> Endpoint {
    Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
}

/// A port number that nobody used a moment ago.
pub fn free_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
