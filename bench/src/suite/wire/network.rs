//! The network between the two sides: a lab of two namespaces joined by a veth pair, or loopback.
//!
//! Goal: packets go through two network stacks and a link that carry nothing else, where that can be had. Non-goal: making it; see
//! [`netio::lab`].
//!
//! ```text
//!   near side: our port ── veth ── far side: the subject's process
//! ```
//!
//! Each subject has one of its own: a port that takes a whole interface could not share one.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::BenchError;
use netio::dpdk::DpdkOptions;
use netio::host::{PortKind, PortOptions};
use netio::lab::{Lab, Side};

/// A network that nobody stands in: things are done on its sides.
#[derive(Debug)]
pub struct Network {
    joined: Result<Lab, String>,
}

impl Network {
    /// Makes namespaces and link, or says why there is only loopback.
    #[must_use]
    pub fn make(loopback: bool) -> Self {
        let made = || Lab::make(1).map_err(|error| error.to_string());
        Self { joined: if loopback { Err("asked for".to_owned()) } else { made() } }
    }

    /// The near side's address.
    #[must_use]
    pub const fn near(&self) -> Ipv4Addr {
        self.address(Side::Near)
    }

    /// The far side's address.
    #[must_use]
    pub const fn far(&self) -> Ipv4Addr {
        self.address(Side::Far)
    }

    const fn address(&self, side: Side) -> Ipv4Addr {
        if self.joined.is_ok() { side.address() } else { Ipv4Addr::LOCALHOST }
    }

    /// Does something on the near side, such as opening a port.
    ///
    /// # Errors
    /// The namespace cannot be entered, or it fails.
    pub fn on_near<T>(&self, act: impl FnOnce() -> Result<T, BenchError>) -> Result<T, BenchError> {
        match &self.joined {
            Ok(lab) => lab.on(Side::Near, act).map_err(BenchError::io("enter the near side"))?,
            Err(_) => act(),
        }
    }

    /// Does something on the far side, such as starting a process there.
    ///
    /// # Errors
    /// It fails, or the namespace cannot be entered.
    pub fn on_far<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match &self.joined {
            Ok(lab) => lab.on(Side::Far, act)?,
            Err(_) => act(),
        }
    }

    /// A UDP port of the far side that nobody uses.
    ///
    /// # Errors
    /// There is none.
    pub fn free_far(&self) -> Result<SocketAddrV4, BenchError> {
        let port = self.on_far(|| Ok(UdpSocket::bind((self.far(), 0))?.local_addr()?.port()));
        Ok(SocketAddrV4::new(self.far(), port.map_err(BenchError::io("bind a UDP socket"))?))
    }
}

/// How a port of this kind is opened on this side. DPDK's goes through AF_XDP, as ours does, so that the two can be compared.
#[must_use]
pub fn port_options(kind: PortKind, side: Side) -> PortOptions {
    // The near side has a port for each subject in one process.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    if kind != PortKind::Dpdk {
        return kind.into();
    }
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let device = format!("net_af_xdp{number},iface={},busy_budget=0", side.device());
    let dpdk = DpdkOptions { device, huge_pages: false, memory_mib: 256, ..DpdkOptions::default() };
    PortOptions { dpdk, ..kind.into() }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.joined {
            Ok(_) => out.write_str("two network namespaces joined by a veth pair, made for each subject"),
            Err(why) => write!(out, "loopback, one network stack for both sides; no namespaces: {why}"),
        }
    }
}
