//! Rigs of the AF_XDP port, on the lab's link: hooked into the driver and after it, with a plain socket at the other end; and
//! with AF_XDP at both ends.

use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use netio::lab::{Lab, Side};
use netio::socket::SocketPort;
use netio::xdp::{XdpMode, XdpOptions, XdpPort};
use netio::{Endpoint, Port, PortError};

use crate::rig::{Linked, Outside, Rig, dropped_by_kernel, lab, meet};

/// Where the program is.
pub trait Hook {
    const MODE: XdpMode;
}

pub struct InTheDriver;
impl Hook for InTheDriver {
    const MODE: XdpMode = XdpMode::Native;
}

pub struct AfterTheDriver;
impl Hook for AfterTheDriver {
    const MODE: XdpMode = XdpMode::Generic;
}

/// A plain socket at the other end.
pub struct Xdp<H> {
    lab: Lab,
    hook: PhantomData<H>,
}

fn open(mode: XdpMode, endpoints: &[Endpoint]) -> Result<XdpPort, PortError> {
    XdpPort::open_with(endpoints, &XdpOptions { mode, ..XdpOptions::default() })
}

impl<H: Hook> Rig for Xdp<H> {
    type Port = XdpPort;
    type Peer = SocketPort;

    fn make() -> Option<Self> {
        Some(Self { lab: lab()?, hook: PhantomData })
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(XdpPort, SocketPort), PortError> {
        let port = self.where_it_stands(|| open(H::MODE, ours))?;
        let peer = self.lab.on(Side::Near, || SocketPort::open(theirs)).unwrap()?;
        Ok((port, peer))
    }

    fn introduce(&self, port: &mut XdpPort, peer: &mut SocketPort) {
        meet(port, peer);
    }

    fn ours(&self) -> Ipv4Addr {
        Side::Far.address()
    }

    fn theirs(&self) -> Ipv4Addr {
        Side::Near.address()
    }
}

impl<H: Hook> Outside for Xdp<H> {
    fn open_alone(endpoints: &[Endpoint]) -> Result<XdpPort, PortError> {
        open(H::MODE, endpoints)
    }

    fn where_it_stands<T>(&self, act: impl FnOnce() -> T) -> T {
        self.lab.on(Side::Far, act).unwrap()
    }
}

impl<H: Hook> Linked for Xdp<H> {
    const REASSEMBLES: bool = false;
    const COUNTS_TAGGED: bool = true;

    fn lab(&self) -> &Lab {
        &self.lab
    }

    /// What the program knows for ours comes to the port; what is not even a packet goes on to the kernel, as do later
    /// fragments, which it keeps and misses the first of.
    fn dropped(&self, port: &XdpPort) -> u64 {
        // What the driver drops is read every ten milliseconds.
        thread::sleep(Duration::from_millis(100));
        let counted = port.counters();
        let by_port = counted.rx_truncated
            + counted.rx_errors
            + counted.rx_malformed
            + counted.rx_checksum
            + counted.rx_fragments
            + counted.rx_not_ours
            + counted.rx_missed;
        by_port + dropped_by_kernel(&self.lab) + fragments_kept_by_kernel(&self.lab)
    }
}

fn fragments_kept_by_kernel(lab: &Lab) -> u64 {
    let table = lab.on(Side::Far, || std::fs::read_to_string("/proc/thread-self/net/snmp").unwrap()).unwrap();
    let mut rows = table.lines().filter(|line| line.starts_with("Ip:")).map(str::split_whitespace);
    let (heads, values) = (rows.next().unwrap(), rows.next().unwrap());
    let found = heads.zip(values).find(|(head, _)| *head == "ReasmReqds");
    found.unwrap().1.parse().unwrap()
}

/// AF_XDP at both ends.
pub struct BothEnds(Lab);

impl Rig for BothEnds {
    type Port = XdpPort;
    type Peer = XdpPort;

    fn make() -> Option<Self> {
        Some(Self(lab()?))
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(XdpPort, XdpPort), PortError> {
        let port = self.0.on(Side::Far, || open(XdpMode::Auto, ours)).unwrap()?;
        let peer = self.0.on(Side::Near, || open(XdpMode::Auto, theirs)).unwrap()?;
        Ok((port, peer))
    }

    fn introduce(&self, port: &mut XdpPort, peer: &mut XdpPort) {
        meet(port, peer);
    }

    fn ours(&self) -> Ipv4Addr {
        Side::Far.address()
    }

    fn theirs(&self) -> Ipv4Addr {
        Side::Near.address()
    }
}
