//! Rigs over the kernel's own stack: each of its ports on loopback, and on the lab's link.

use std::marker::PhantomData;
use std::net::Ipv4Addr;

use netio::host::{HostPort, PortKind};
use netio::lab::{Lab, Side};
use netio::socket::SocketPort;
use netio::uring::{Facilities, SqPoll, UringOptions, UringPort};
use netio::{Endpoint, Port, PortError};

use crate::rig::{Linked, Outside, Rig, any, dropped_by_kernel, is_here, lab, meet};

/// How to open one of the ports.
pub trait Kind {
    type Port: Port + Send + 'static;
    fn open(endpoints: &[Endpoint]) -> Result<Self::Port, PortError>;
}

pub struct Uring;
impl Kind for Uring {
    type Port = UringPort;
    fn open(endpoints: &[Endpoint]) -> Result<UringPort, PortError> {
        UringPort::open(endpoints)
    }
}

/// As on a kernel that has as little as may be.
pub struct OldUring;
impl Kind for OldUring {
    type Port = UringPort;
    fn open(endpoints: &[Endpoint]) -> Result<UringPort, PortError> {
        let facilities = Facilities { deferred_work: false, fixed_files: false };
        UringPort::open_with(endpoints, &UringOptions { facilities, ..UringOptions::default() })
    }
}

/// With everything that may be switched on, apart from what excludes another.
pub struct FullUring;
impl Kind for FullUring {
    type Port = UringPort;
    fn open(endpoints: &[Endpoint]) -> Result<UringPort, PortError> {
        let options = UringOptions { napi_busy_poll_us: 20, timestamps: true, ..UringOptions::default() };
        UringPort::open_with(endpoints, &options)
    }
}

/// With a thread of the kernel that sends.
pub struct PolledUring;
impl Kind for PolledUring {
    type Port = UringPort;
    fn open(endpoints: &[Endpoint]) -> Result<UringPort, PortError> {
        let options = UringOptions { sqpoll: SqPoll::Anywhere, sqpoll_idle_ms: 1, ..UringOptions::default() };
        UringPort::open_with(endpoints, &options)
    }
}

pub struct Socket;
impl Kind for Socket {
    type Port = SocketPort;
    fn open(endpoints: &[Endpoint]) -> Result<SocketPort, PortError> {
        SocketPort::open(endpoints)
    }
}

/// Whatever is the best for this host.
pub struct Host;
impl Kind for Host {
    type Port = HostPort;
    fn open(endpoints: &[Endpoint]) -> Result<HostPort, PortError> {
        HostPort::open(&PortKind::Auto.into(), endpoints)
    }
}

/// On loopback, beside a plain socket.
pub struct Loopback<K>(PhantomData<K>);

impl<K: Kind> Rig for Loopback<K> {
    type Port = K::Port;
    type Peer = SocketPort;

    fn make() -> Option<Self> {
        is_here(K::open(&[any(Ipv4Addr::LOCALHOST)])).then_some(Self(PhantomData))
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(K::Port, SocketPort), PortError> {
        Ok((K::open(ours)?, SocketPort::open(theirs)?))
    }
}

impl<K: Kind> Outside for Loopback<K> {
    fn open_alone(endpoints: &[Endpoint]) -> Result<K::Port, PortError> {
        K::open(endpoints)
    }
}

/// On the lab's link, with a plain socket at the other end.
pub struct Link<K> {
    lab: Lab,
    kind: PhantomData<K>,
}

impl<K: Kind> Rig for Link<K> {
    type Port = K::Port;
    type Peer = SocketPort;

    fn make() -> Option<Self> {
        let lab = lab()?;
        is_here(K::open(&[any(Ipv4Addr::LOCALHOST)])).then_some(Self { lab, kind: PhantomData })
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(K::Port, SocketPort), PortError> {
        let port = self.where_it_stands(|| K::open(ours))?;
        let peer = self.lab.on(Side::Near, || SocketPort::open(theirs)).unwrap()?;
        Ok((port, peer))
    }

    fn introduce(&self, port: &mut K::Port, peer: &mut SocketPort) {
        meet(port, peer);
    }

    fn ours(&self) -> Ipv4Addr {
        Side::Far.address()
    }

    fn theirs(&self) -> Ipv4Addr {
        Side::Near.address()
    }
}

impl<K: Kind> Outside for Link<K> {
    fn open_alone(endpoints: &[Endpoint]) -> Result<K::Port, PortError> {
        K::open(endpoints)
    }

    fn where_it_stands<T>(&self, act: impl FnOnce() -> T) -> T {
        self.lab.on(Side::Far, act).unwrap()
    }
}

impl<K: Kind> Linked for Link<K> {
    const REASSEMBLES: bool = true;
    const COUNTS_TAGGED: bool = false;

    fn lab(&self) -> &Lab {
        &self.lab
    }

    fn dropped(&self, port: &K::Port) -> u64 {
        let counters = port.counters();
        dropped_by_kernel(&self.lab) + counters.rx_truncated + counters.rx_errors
    }
}
