//! Where the demo takes place: on loopback, or between two network namespaces of its own.
//!
//! Goal: the appliance's port is of the kind that was asked for, the client and the subscriber are ordinary programs at the other end.
//! Non-goal: the machine's own interfaces; nothing of the demo is seen there.

use netio::Endpoint;
use netio::PortError;
use netio::dpdk::DpdkOptions;
use netio::host::{HostPort, PortKind, PortOptions};
use netio::lab::{Lab, LabError, Side};
use std::io;
use std::net::Ipv4Addr;

/// Where the two sides stand.
pub enum Place {
    /// Both on the loopback interface.
    Loopback(PortKind),
    /// The appliance on the far side, the others on the near side.
    Lab(PortKind, Lab),
}

/// Why there is no such place.
#[derive(Debug, thiserror::Error)]
#[error(
    "the demo with this port makes two network namespaces joined by a link, and cannot: {0}; run it as root, or take --port uring"
)]
pub struct PlaceError(#[from] LabError);

impl Place {
    /// The place that this kind of port needs, or the lab when it is asked for.
    ///
    /// # Errors
    /// There can be no namespaces.
    pub fn make(kind: PortKind, lab: bool) -> Result<Self, PlaceError> {
        if lab || matches!(kind, PortKind::Xdp | PortKind::Dpdk) {
            let lab = Lab::make(1)?;
            if kind == PortKind::Dpdk {
                lab.hand_over_address(Side::Far)?;
            }
            return Ok(Self::Lab(kind, lab));
        }
        Ok(Self::Loopback(kind))
    }

    /// What to call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Loopback(_) => "on loopback, in one process",
            Self::Lab(..) => "between two network namespaces joined by a veth pair, in one process",
        }
    }

    /// The appliance's address.
    pub const fn appliance(&self) -> Ipv4Addr {
        match self {
            Self::Loopback(_) => Ipv4Addr::LOCALHOST,
            Self::Lab(..) => Side::Far.address(),
        }
    }

    /// The others' address.
    pub const fn client(&self) -> Ipv4Addr {
        match self {
            Self::Loopback(_) => Ipv4Addr::LOCALHOST,
            Self::Lab(..) => Side::Near.address(),
        }
    }

    /// How the appliance's port is opened.
    pub fn options(&self) -> PortOptions {
        match self {
            // A device that every DPDK has, and that opens again after it was closed; no huge pages, so that nothing need
            // be prepared.
            Self::Lab(PortKind::Dpdk, _) => {
                let device = format!("net_af_packet0,iface={}", Side::Far.device());
                let dpdk = DpdkOptions { device, huge_pages: false, ..DpdkOptions::default() };
                PortOptions { dpdk, ..PortKind::Dpdk.into() }
            }
            Self::Loopback(kind) | Self::Lab(kind, _) => (*kind).into(),
        }
    }

    /// Does something where the appliance stands; threads that it starts stay there.
    ///
    /// # Errors
    /// That namespace cannot be entered.
    pub fn with_appliance<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        match self {
            Self::Loopback(_) => Ok(act()),
            Self::Lab(_, lab) => lab.on(Side::Far, act),
        }
    }

    /// Opens a port for the client or the subscriber: in the lab, one of the kernel's.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn open_client(&self, endpoints: &[Endpoint]) -> Result<HostPort, Box<dyn std::error::Error>> {
        let open = |kind: PortKind| HostPort::open(&kind.into(), endpoints);
        Ok(match self {
            Self::Loopback(kind) => open(*kind)?,
            Self::Lab(_, lab) => lab.on(Side::Near, || match open(PortKind::Uring) {
                Err(PortError::Unavailable { .. }) => open(PortKind::Socket),
                opened => opened,
            })??,
        })
    }
}
