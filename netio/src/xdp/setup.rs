//! Opening a port: which interfaces its endpoints need, and what to tell who cannot have them.

use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use super::device::{Device, PARKED_MAX, is_forbidden, is_taken, patiently};
use super::interface::{Interface, occupant};
use super::netlink::Netlink;
use super::queue::Refused;
use super::resolver::Resolver;
use super::{Bound, XdpOptions, XdpPort};
use crate::ether::Station;
use crate::port::{Endpoint, EndpointIndex, PortCounters, PortError};
use crate::socket::endpoint;

pub(super) fn open(endpoints: &[Endpoint], options: &XdpOptions) -> Result<XdpPort, PortError> {
    check(options)?;
    // They hold the numbers and the groups, and hear nothing.
    let small = |endpoint: &Endpoint| Endpoint { recv_buffer_bytes: 1, send_buffer_bytes: 0, ..endpoint.clone() };
    let small: Vec<Endpoint> = endpoints.iter().map(small).collect();
    let sockets = patiently(is_bound_already, || endpoint::open_all(&small))?;
    let mut netlink = Netlink::open().map_err(|source| unavailable(source, None))?;
    let mut plan = Plan { stations: Vec::new() };
    let mut bound = Vec::with_capacity(endpoints.len());
    for ((index, endpoint), (socket, local)) in (0..=u8::MAX).zip(endpoints).zip(&sockets) {
        let index = EndpointIndex(index);
        bound.push(plan.bind(index, endpoint, *local, options, &mut netlink)?);
        endpoint::deafen(socket).map_err(|source| at(index, "close the kernel's ears at", *local, source))?;
    }
    let mut devices = Vec::with_capacity(plan.stations.len());
    for (place, (first, interface, station)) in (0..=u8::MAX).zip(plan.stations) {
        let local = bound[usize::from(first.0)].local;
        let (name, device) = (interface.name.clone(), interface.device);
        let opened = Device::open(interface, station, place, options);
        devices.push(opened.map_err(|refused| explain(refused, first, local, &name, device, &mut netlink))?);
    }
    let handles: io::Result<Vec<Vec<OwnedFd>>> = devices.iter().map(Device::handles).collect();
    let resolver = handles.and_then(|handles| Resolver::start(netlink, handles.into_iter().flatten().collect()));
    let resolver = resolver.map_err(|source| unavailable(source, None))?;
    let counters = PortCounters::default();
    Ok(XdpPort { resolver, devices, endpoints: bound, _sockets: sockets, sender: 0, counters })
}

/// The interfaces that are needed, each with the first endpoint that needs it.
struct Plan {
    stations: Vec<(EndpointIndex, Interface, Station)>,
}

impl Plan {
    fn bind(
        &mut self,
        index: EndpointIndex,
        endpoint: &Endpoint,
        local: SocketAddrV4,
        options: &XdpOptions,
        netlink: &mut Netlink,
    ) -> Result<Bound, PortError> {
        let is_address = |ip: Ipv4Addr| !ip.is_unspecified() && !ip.is_multicast();
        let own = Some(*local.ip()).filter(|ip| is_address(*ip));
        let other = Some(endpoint.interface).filter(|ip| is_address(*ip));
        let Some(address) = own.or(other) else {
            let why = "AF_XDP is for one interface: name it by one of its addresses";
            return Err(at(index, "find an interface for", local, io::Error::new(io::ErrorKind::InvalidInput, why)));
        };
        let unicast_by = self.place(index, address, local, options, netlink)?;
        let multicast_by = self.place(index, other.unwrap_or(address), local, options, netlink)?;
        let (_, interface, station) = &mut self.stations[unicast_by];
        if own.is_some() {
            station.listen(index, local);
        } else if local.ip().is_unspecified() {
            for address in interface.addresses.clone() {
                station.listen(index, SocketAddrV4::new(address, local.port()));
            }
        }
        let (_, _, station) = &mut self.stations[multicast_by];
        for group in &endpoint.groups {
            if local.ip().is_unspecified() || local.ip() == group {
                station.listen(index, SocketAddrV4::new(*group, local.port()));
            }
        }
        let source = SocketAddrV4::new(address, local.port());
        Ok(Bound { local, source, unicast_by, multicast_by, multicast_ttl: endpoint.multicast_ttl })
    }

    /// The number of the device with an address.
    fn place(
        &mut self,
        index: EndpointIndex,
        address: Ipv4Addr,
        local: SocketAddrV4,
        options: &XdpOptions,
        netlink: &mut Netlink,
    ) -> Result<usize, PortError> {
        let found = Interface::with_address(address, netlink);
        let interface = found.map_err(|source| at(index, "find the interface of", local, source))?;
        if interface.is_loopback {
            return Err(unavailable(
                io::Error::other(format!("{address} is on the loopback interface")),
                Some(LOOPBACK),
            ));
        }
        if !interface.is_up {
            let why = format!("{0} is down: ip link set dev {0} up", interface.name);
            return Err(at(index, "use the interface of", local, io::Error::new(io::ErrorKind::NetworkDown, why)));
        }
        let known = self.stations.iter().position(|(_, other, _)| other.device == interface.device);
        if let Some(place) = known {
            if self.stations[place].1.index == interface.index {
                return Ok(place);
            }
            let why = format!("{} and {} share a device", self.stations[place].1.name, interface.name);
            return Err(at(index, "use a second VLAN for", local, io::Error::new(io::ErrorKind::Unsupported, why)));
        }
        let mut station = Station::new(interface.mac, options.vlan.or(interface.vlan));
        interface.addresses.iter().for_each(|address| station.own(*address));
        self.stations.push((index, interface, station));
        Ok(self.stations.len() - 1)
    }
}

fn is_bound_already(error: &PortError) -> bool {
    matches!(error, PortError::Endpoint { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
}

fn check(options: &XdpOptions) -> Result<(), PortError> {
    let limit = |what, expected, found: u32| Err(PortError::Limit { what, expected, found: found as usize });
    let XdpOptions { receive_slots, transmit_slots, frame_bytes, vlan, .. } = *options;
    if !(receive_slots.is_power_of_two() && (64..=32_768).contains(&receive_slots)) {
        return limit("AF_XDP receive slots", "a power of two from 64 to 32768", receive_slots);
    }
    if !(transmit_slots.is_power_of_two() && (512..=32_768).contains(&transmit_slots)) {
        return limit("AF_XDP transmit slots", "a power of two from 512 to 32768", transmit_slots);
    }
    const { assert!(PARKED_MAX < 512, "what is parked must leave frames for the others") };
    if !matches!(frame_bytes, 2048 | 4096) {
        return limit("bytes of an AF_XDP frame", "2048 or 4096", frame_bytes);
    }
    match vlan {
        Some(vlan @ (0 | 4095..)) => limit("VLAN of an AF_XDP port", "1 to 4094", u32::from(vlan)),
        _ => Ok(()),
    }
}

/// Who is in the way, or what is missing.
fn explain(
    (action, source): Refused,
    index: EndpointIndex,
    local: SocketAddrV4,
    name: &str,
    device: u32,
    netlink: &mut Netlink,
) -> PortError {
    if is_taken(&source) {
        let who = occupant(device, name, netlink);
        let who =
            who.unwrap_or_else(|| format!("a receive queue of {name} is held by another AF_XDP socket: {source}"));
        return at(index, "steer frames to", local, io::Error::new(io::ErrorKind::AddrInUse, who));
    }
    let remedy: Cow<'static, str> = match source.raw_os_error() {
        _ if is_forbidden(&source) => PRIVILEGES.into(),
        Some(libc::EAFNOSUPPORT | libc::ENOSYS | libc::EPROTONOSUPPORT) => KERNEL.into(),
        Some(libc::ENOBUFS | libc::ENOMEM) => MEMLOCK.into(),
        Some(libc::ENETDOWN) => format!("bring the interface up: ip link set dev {name} up").into(),
        Some(libc::EOPNOTSUPP | libc::EINVAL | libc::ERANGE) => format!(
            "the driver of {name} may need a smaller MTU for XDP (ip link set dev {name} mtu 1500) or no LRO (ethtool -K {name} lro \
             off); otherwise set the mode to generic, or take the uring port"
        )
        .into(),
        _ => "take the uring port".into(),
    };
    PortError::Unavailable {
        what: "AF_XDP",
        remedy,
        source: io::Error::new(source.kind(), format!("cannot {action} on {name}: {source}")),
    }
}

fn unavailable(source: io::Error, remedy: Option<&'static str>) -> PortError {
    PortError::Unavailable { what: "AF_XDP", remedy: remedy.unwrap_or("take the uring port").into(), source }
}

fn at(endpoint: EndpointIndex, action: &'static str, address: SocketAddrV4, source: io::Error) -> PortError {
    PortError::Endpoint { endpoint, action, address, source }
}

const LOOPBACK: &str = "bind to an address of a network interface, or take the uring port";
const PRIVILEGES: &str =
    "run as root, or give the program what it needs: setcap cap_net_admin,cap_net_raw,cap_bpf,cap_ipc_lock+ep FILE";
const KERNEL: &str = "a kernel from 5.9 on, built with CONFIG_XDP_SOCKETS, is needed; the uring port works without";
const MEMLOCK: &str = "let the process lock memory (ulimit -l unlimited, or LimitMEMLOCK=infinity in its systemd unit), or ask for fewer slots";
