//! Rigs over DPDK: two ports joined by its rings, and on the lab's link over the kernel's AF_PACKET and AF_XDP sockets.
//!
//! DPDK's environment is started once a process, and all of these with the same settings, so they live in one process as
//! well as in one each.

use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::lab::{Lab, Side};
use netio::socket::SocketPort;
use netio::{Endpoint, Port, PortError};

use crate::rig::{Linked, Outside, Rig, lab, meet};

/// Without huge pages, so that it works everywhere; with memory for as many ports at once as there are tests; it is taken when it is used.
fn options(device: String) -> DpdkOptions {
    DpdkOptions { device, huge_pages: false, memory_mib: 1024, descriptors: 512, ..DpdkOptions::default() }
}

/// Two ends of DPDK's rings. No frames can be put on them from outside.
pub struct Rings;

impl Rig for Rings {
    type Port = DpdkPort;
    type Peer = DpdkPort;

    fn make() -> Option<Self> {
        Some(Self)
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(DpdkPort, DpdkPort), PortError> {
        DpdkPort::pair(&options(String::new()), ours, theirs, 256)
    }

    fn introduce(&self, port: &mut DpdkPort, peer: &mut DpdkPort) {
        meet(port, peer);
    }

    fn ours(&self) -> Ipv4Addr {
        Side::Far.address()
    }

    fn theirs(&self) -> Ipv4Addr {
        Side::Near.address()
    }
}

/// What lies between DPDK and the kernel's interface.
pub trait Driver {
    /// The virtual device's name without its number, and its arguments beside the interface.
    const DEVICE: (&str, &str);
    /// See [`Linked::REASSEMBLES`].
    const REASSEMBLES: bool;
    /// See [`Rig::REOPENS`].
    const REOPENS: Result<(), &'static str> = Ok(());
}

pub struct AfPacket;
impl Driver for AfPacket {
    const DEVICE: (&str, &str) = ("net_af_packet", "");
    // The driver asks the kernel for that.
    const REASSEMBLES: bool = true;
}

pub struct AfXdp;
impl Driver for AfXdp {
    const DEVICE: (&str, &str) = ("net_af_xdp", ",busy_budget=0");
    const REASSEMBLES: bool = false;
    const REOPENS: Result<(), &'static str> =
        Err("DPDK 22.11's driver counts wrongly when it closes, and its socket keeps the queue until the process ends");
}

/// On the lab's link, with a plain socket at the other end. The kernel of the far side keeps its address to itself, on `lo`,
/// so that there can be a socket beside the port: what is answered on the link is answered by the port.
pub struct Link<D> {
    lab: Lab,
    driver: PhantomData<D>,
}

impl<D: Driver> Rig for Link<D> {
    type Port = DpdkPort;
    type Peer = SocketPort;

    const REOPENS: Result<(), &'static str> = D::REOPENS;

    fn make() -> Option<Self> {
        let lab = lab()?;
        lab.hand_over_address(Side::Far).unwrap();
        Some(Self { lab, driver: PhantomData })
    }

    fn open_unused(&self, ours: &[Endpoint], theirs: &[Endpoint]) -> Result<(DpdkPort, SocketPort), PortError> {
        let port = self.where_it_stands(|| Self::open_alone(ours))?;
        let peer = self.lab.on(Side::Near, || SocketPort::open(theirs)).unwrap()?;
        Ok((port, peer))
    }

    fn introduce(&self, port: &mut DpdkPort, peer: &mut SocketPort) {
        meet(port, peer);
    }

    fn ours(&self) -> Ipv4Addr {
        Side::Far.address()
    }

    fn theirs(&self) -> Ipv4Addr {
        Side::Near.address()
    }
}

impl<D: Driver> Outside for Link<D> {
    fn open_alone(endpoints: &[Endpoint]) -> Result<DpdkPort, PortError> {
        // Several tests may have one at once in this process.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (name, arguments) = D::DEVICE;
        let device = format!("{name}{number},iface={}{arguments}", Side::Far.device());
        DpdkPort::open(&options(device), endpoints)
    }

    fn where_it_stands<T>(&self, act: impl FnOnce() -> T) -> T {
        self.lab.on(Side::Far, act).unwrap()
    }
}

impl<D: Driver> Linked for Link<D> {
    const REASSEMBLES: bool = D::REASSEMBLES;
    const COUNTS_TAGGED: bool = true;

    fn lab(&self) -> &Lab {
        &self.lab
    }

    fn dropped(&self, port: &DpdkPort) -> u64 {
        // What the device counts is looked at ten times a second.
        thread::sleep(Duration::from_millis(250));
        let c = port.counters();
        c.rx_malformed + c.rx_checksum + c.rx_fragments + c.rx_not_ours + c.rx_truncated + c.rx_missed + c.rx_errors
    }
}
