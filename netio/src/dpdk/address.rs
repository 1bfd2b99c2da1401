//! Who a port is on the device's network, and where it listens: from its options and endpoints, and from the kernel's
//! interface where there is one under the device.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use nix::ifaddrs::getifaddrs;

use super::environment::refused;
use super::options::{Device, DpdkOptions};
use crate::ether::{MacAddr, Station};
use crate::port::{Endpoint, EndpointIndex, PortError, check_count};
use crate::stack::Network;

/// An endpoint at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    /// As a caller sees it.
    pub local: SocketAddrV4,
    /// What its datagrams come from: never a group.
    pub from: SocketAddrV4,
    /// How many routers a datagram to a group may pass.
    pub multicast_ttl: u8,
}

/// Our address and network: what is told, else the first endpoint's, else the interface's.
pub(super) fn network(
    options: &DpdkOptions,
    device: Option<&Device>,
    endpoints: &[Endpoint],
) -> Result<Network, PortError> {
    let named = |endpoint: &Endpoint| {
        let address = *endpoint.bind.ip();
        (!address.is_unspecified() && !address.is_multicast()).then_some(address)
    };
    let on_interface = device.and_then(Device::interface).map(interface_addresses).unwrap_or_default();
    let told = options.address.or_else(|| endpoints.iter().find_map(named));
    let Some(address) = told.or_else(|| on_interface.first().map(|(address, _)| *address)) else {
        let source = io::Error::new(io::ErrorKind::AddrNotAvailable, "no endpoint names one, and nobody else does");
        let remedy = "the kernel does not know it: set `address`, and `prefix_bits` and `gateway` where they are not 24 and none";
        return Err(refused("an address for the DPDK device", remedy, source));
    };
    let as_kernel = on_interface.iter().find(|(other, _)| *other == address).map(|(_, bits)| *bits);
    let prefix_bits = options.prefix_bits.or(as_kernel).unwrap_or(PREFIX_BITS);
    Ok(Network { address, prefix_bits, gateway: options.gateway })
}

/// Puts each endpoint at its place, and makes the station that takes their datagrams.
pub(super) fn bind(
    endpoints: &[Endpoint],
    network: &Network,
    mac: MacAddr,
    vlan: Option<u16>,
) -> Result<(Vec<Bound>, Station), PortError> {
    check_count(endpoints)?;
    let mut station = Station::new(mac, vlan);
    station.own(network.address);
    let mut bound: Vec<Bound> = Vec::with_capacity(endpoints.len());
    for (number, endpoint) in (0..=u8::MAX).zip(endpoints) {
        let index = EndpointIndex(number);
        let refuse = |action, address, kind: io::ErrorKind| {
            Err(PortError::Endpoint { endpoint: index, action, address, source: kind.into() })
        };
        let at = *endpoint.bind.ip();
        let is_group = at.is_multicast();
        let is_host = !at.is_loopback() && !at.is_broadcast() && network.contains(at);
        if !at.is_unspecified() && !is_group && !is_host {
            return refuse("find on the device's network", endpoint.bind, io::ErrorKind::AddrNotAvailable);
        }
        let interface = endpoint.interface;
        if !interface.is_unspecified() && !network.contains(interface) {
            let address = SocketAddrV4::new(interface, endpoint.bind.port());
            return refuse("reach groups over", address, io::ErrorKind::AddrNotAvailable);
        }
        let taken = |port: u16| bound.iter().any(|other| other.local.port() == port);
        let port = match endpoint.bind.port() {
            0 => (FIRST_FREE..=u16::MAX).find(|port| !taken(*port)).unwrap_or(FIRST_FREE),
            port => port,
        };
        let local = SocketAddrV4::new(at, port);
        if endpoint.groups.is_empty() && bound.iter().any(|other| other.local == local) {
            return refuse("bind", local, io::ErrorKind::AddrInUse);
        }
        let ours = if at.is_unspecified() || is_group { network.address } else { at };
        if !is_group {
            station.listen(index, SocketAddrV4::new(ours, port));
        }
        for group in &endpoint.groups {
            if !group.is_multicast() {
                let address = SocketAddrV4::new(*group, port);
                return refuse("join the group", address, io::ErrorKind::InvalidInput);
            }
            if at.is_unspecified() || at == *group {
                station.listen(index, SocketAddrV4::new(*group, port));
            }
        }
        let from = SocketAddrV4::new(ours, port);
        bound.push(Bound { local, from, multicast_ttl: endpoint.multicast_ttl });
    }
    Ok((bound, station))
}

/// The IPv4 addresses of an interface of this thread's network namespace, each with the bits of its network.
fn interface_addresses(interface: &str) -> Vec<(Ipv4Addr, u8)> {
    let all = getifaddrs().into_iter().flatten().filter(|entry| entry.interface_name == interface);
    all.filter_map(|entry| {
        let address = entry.address?.as_sockaddr_in()?.ip();
        let bits = entry.netmask.and_then(|mask| Some(mask.as_sockaddr_in()?.ip().to_bits().count_ones()));
        Some((address, bits.and_then(|bits| u8::try_from(bits).ok()).unwrap_or(PREFIX_BITS)))
    })
    .collect()
}

const PREFIX_BITS: u8 = 24;
/// The first of the port numbers that nobody owns.
const FIRST_FREE: u16 = 49_152;

#[cfg(test)]
mod tests {
    use super::*;

    const US: Ipv4Addr = Ipv4Addr::new(10, 1, 2, 3);
    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 4, 4, 4);
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn at(address: Ipv4Addr, port: u16) -> Endpoint {
        Endpoint { interface: Ipv4Addr::UNSPECIFIED, ..Endpoint::unicast(SocketAddrV4::new(address, port)) }
    }

    fn home() -> Network {
        Network { address: US, prefix_bits: 24, gateway: None }
    }

    #[test]
    fn the_address_is_what_is_told_or_else_the_first_endpoints() {
        let endpoints = [Endpoint::multicast(GROUP, 5, US), at(Ipv4Addr::UNSPECIFIED, 6), at(US, 7)];
        let options = DpdkOptions::default();
        assert_eq!(network(&options, None, &endpoints).unwrap(), home());
        let options = DpdkOptions { address: Some(Ipv4Addr::new(10, 9, 9, 9)), prefix_bits: Some(8), ..options };
        let told = network(&options, None, &endpoints).unwrap();
        assert_eq!((told.address, told.prefix_bits), (Ipv4Addr::new(10, 9, 9, 9), 8));
        let error = network(&DpdkOptions::default(), None, &endpoints[..2]).unwrap_err();
        assert!(error.to_string().contains("set `address`"), "{error}");
    }

    #[test]
    fn endpoints_listen_where_they_say() {
        let endpoints = [at(US, 0), at(Ipv4Addr::UNSPECIFIED, 70), Endpoint::multicast(GROUP, 80, US), at(US, 0)];
        let (bound, station) = bind(&endpoints, &home(), MAC, None).unwrap();
        let locals: Vec<String> = bound.iter().map(|bound| bound.local.to_string()).collect();
        assert_eq!(locals, ["10.1.2.3:49152", "0.0.0.0:70", "239.4.4.4:80", "10.1.2.3:49153"]);
        assert_eq!(bound[2].from, SocketAddrV4::new(US, 80), "never from a group");
        let who = |address, port| station.endpoints_at(SocketAddrV4::new(address, port)).to_vec();
        assert_eq!(who(US, 70), [EndpointIndex(1)]);
        assert_eq!(who(GROUP, 80), [EndpointIndex(2)]);
        assert_eq!((who(US, 80), who(GROUP, 70)), (vec![], vec![]));
        assert_eq!((station.addresses(), station.groups()), (&[US][..], &[GROUP][..]));
    }

    #[test]
    fn what_cannot_be_here_is_refused_with_its_endpoint() {
        let refused = |endpoint: Endpoint, action: &str| match bind(&[at(US, 1), endpoint], &home(), MAC, None) {
            Err(PortError::Endpoint { endpoint: EndpointIndex(1), action: found, .. }) => assert_eq!(found, action),
            other => panic!("{other:?}"),
        };
        refused(at(US, 1), "bind");
        refused(at(Ipv4Addr::LOCALHOST, 2), "find on the device's network");
        refused(at(Ipv4Addr::new(10, 1, 3, 1), 2), "find on the device's network");
        refused(Endpoint { groups: vec![US], ..at(Ipv4Addr::UNSPECIFIED, 2) }, "join the group");
        refused(Endpoint::multicast(GROUP, 2, Ipv4Addr::new(192, 0, 2, 1)), "reach groups over");
    }
}
