//! A rig: the port under test, and a peer that it can talk to, joined by a medium.
//!
//! | medium | rigs | has frames |
//! |---|---|---|
//! | rings in memory | memory, faultless, captured | no: datagrams are handed over whole, so there is no frame that could be harmed |
//! | loopback, as any user | uring, socket, host | no: nobody may put frames on it unasked, and it has no Ethernet |
//! | the lab's link, as root | the others | yes |

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use netio::lab::{Lab, Side, excuse};
use netio::{Endpoint, EndpointIndex, Outgoing, Port, PortError};

/// How to open a port of some kind, and its peer.
pub trait Rig: Sized {
    /// What is tested.
    type Port: Port + Send + 'static;
    /// What it talks to.
    type Peer: Port + Send + 'static;

    /// Whether a port can be opened again in the same process when it was closed, or why not.
    const REOPENS: Result<(), &'static str> = Ok(());

    /// Sets the medium up; `None` where that cannot be had here, which has been said on stderr.
    fn make() -> Option<Self>;

    /// Opens both and does nothing with them.
    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(Self::Port, Self::Peer), PortError>;

    /// Lets them learn what they must know to reach each other at once; on a link see [`meet`].
    fn introduce(&self, _port: &mut Self::Port, _peer: &mut Self::Peer) {}

    /// Opens both; they can reach each other at once.
    fn open(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(Self::Port, Self::Peer), PortError> {
        let (mut port, mut peer) = self.open_unused(ours, theirs)?;
        self.introduce(&mut port, &mut peer);
        Ok((port, peer))
    }

    /// Where the port's endpoints are.
    fn ours(&self) -> Ipv4Addr {
        Ipv4Addr::LOCALHOST
    }

    /// Where the peer's endpoints are.
    fn theirs(&self) -> Ipv4Addr {
        Ipv4Addr::LOCALHOST
    }
}

/// A rig that other programs can reach.
pub trait Outside: Rig {
    /// Opens the port alone, in the namespace of this thread.
    fn open_alone(endpoints: &[Endpoint]) -> Result<Self::Port, PortError>;

    /// Does something where the port stands.
    fn where_it_stands<T>(&self, act: impl FnOnce() -> T) -> T {
        act()
    }
}

/// A rig on the lab's link: the port on the far side, a peer of the kernel's and raw frames on the near side.
pub trait Linked: Outside {
    fn lab(&self) -> &Lab;

    /// Whether the port's IP puts fragments together. Where it does, both fragments of a datagram give the datagram; where
    /// it does not, they are dropped and counted.
    const REASSEMBLES: bool;

    /// Whether frames with a VLAN tag are counted where [`dropped`](Linked::dropped) looks. The kernel counts them on the
    /// interface, as for another host.
    const COUNTS_TAGGED: bool;

    /// What was dropped on the way to the port so far, whoever counts it.
    fn dropped(&self, port: &Self::Port) -> u64;
}

/// Whether a port of this kind can be had here.
pub fn is_here<P>(opened: Result<P, PortError>) -> bool {
    match opened {
        Ok(_) => true,
        Err(PortError::Unavailable { what, source, .. }) if std::env::var_os("CI").is_none() => {
            eprintln!("{what} is not available here ({source}): nothing tested");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// A lab with one queue, where one can be had.
pub fn lab() -> Option<Lab> {
    match Lab::make(1) {
        Ok(lab) => Some(lab),
        Err(error) => {
            excuse("network namespaces", &error);
            None
        }
    }
}

/// An address with a port number of the system's choice.
pub fn any(address: Ipv4Addr) -> Endpoint {
    Endpoint::unicast(SocketAddrV4::new(address, 0))
}

/// A port number that nobody used a moment ago.
pub fn free_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Lets both ends of a link learn each other's Ethernet address, by a datagram each way. Nothing of it is left over.
pub fn meet(port: &mut impl Port, peer: &mut impl Port) {
    let first = EndpointIndex(0);
    let (ours, theirs) = (port.local_addr(first), peer.local_addr(first));
    insist(peer, ours, port);
    insist(port, theirs, peer);
    // Those that were sent again.
    let quiet = Instant::now() + Duration::from_millis(5);
    while Instant::now() < quiet {
        port.receive(16, |_| ()).unwrap();
        peer.receive(16, |_| ()).unwrap();
    }
}

fn insist(from: &mut impl Port, to: SocketAddrV4, at: &mut impl Port) {
    let deadline = Instant::now() + Duration::from_secs(3);
    let mut next = Instant::now();
    let mut heard = 0;
    while heard == 0 {
        assert!(Instant::now() < deadline, "nothing gets through to {to}: {:?}, {:?}", from.counters(), at.counters());
        if Instant::now() >= next {
            next = Instant::now() + Duration::from_millis(50);
            from.send(1, |_| Some(Outgoing { endpoint: EndpointIndex(0), to, len: 0 })).unwrap();
            from.flush().unwrap();
        }
        heard = at.receive(16, |_| ()).unwrap();
        // Some ports answer the network's own questions when they are polled.
        from.receive(16, |_| ()).unwrap();
        thread::yield_now();
    }
}

/// What the kernel of the far side has dropped of what concerns IP and UDP.
pub fn dropped_by_kernel(lab: &Lab) -> u64 {
    let read = |name| std::fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap();
    let table = lab.on(Side::Far, || read("snmp") + &read("netstat")).unwrap();
    let counted = |protocol: &str, names: &[&str]| -> u64 {
        let mut rows = table.lines().filter(|line| line.starts_with(protocol)).map(str::split_whitespace);
        let (heads, values) = (rows.next().unwrap(), rows.next().unwrap());
        let named = heads.zip(values).filter(|(head, _)| names.contains(head));
        named.map(|(_, value)| value.parse::<u64>().unwrap()).sum()
    };
    counted("Ip:", &["InHdrErrors", "InAddrErrors", "InDiscards", "ReasmFails"])
        + counted("IpExt:", &["InTruncatedPkts"])
        + counted("Udp:", &["InErrors"])
}
