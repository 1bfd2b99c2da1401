//! Who we are on one interface.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::link::MacAddr;
use crate::port::EndpointIndex;

/// Our hardware address, our VLAN, and the addresses, groups and UDP ports at which datagrams are taken. Made when a port
/// opens; looking something up afterwards allocates nothing.
#[derive(Debug, Clone)]
pub struct Station {
    mac: MacAddr,
    vlan: Option<u16>,
    addresses: Vec<Ipv4Addr>,
    groups: Vec<Ipv4Addr>,
    /// Ascending, and the endpoint of each beside it.
    listening: Vec<u64>,
    endpoints: Vec<EndpointIndex>,
}

impl Station {
    /// One that takes nothing yet. With a VLAN it takes frames of that VLAN only, without one only untagged frames.
    #[must_use]
    pub const fn new(mac: MacAddr, vlan: Option<u16>) -> Self {
        Self { mac, vlan, addresses: Vec::new(), groups: Vec::new(), listening: Vec::new(), endpoints: Vec::new() }
    }

    /// Makes an address ours: it answers ARP and echo, whether or not anything listens there.
    pub fn own(&mut self, address: Ipv4Addr) {
        insert(&mut self.addresses, address);
    }

    /// Takes datagrams to this address of ours, or to this group, for an endpoint. Several endpoints may take the same.
    pub fn listen(&mut self, endpoint: EndpointIndex, at: SocketAddrV4) {
        insert(if at.ip().is_multicast() { &mut self.groups } else { &mut self.addresses }, *at.ip());
        let place = self.listening.partition_point(|other| *other <= key(at));
        self.listening.insert(place, key(at));
        self.endpoints.insert(place, endpoint);
    }

    /// Our hardware address.
    #[inline]
    #[must_use]
    pub const fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Our VLAN.
    #[inline]
    #[must_use]
    pub const fn vlan(&self) -> Option<u16> {
        self.vlan
    }

    /// Our addresses, ascending.
    #[must_use]
    pub fn addresses(&self) -> &[Ipv4Addr] {
        &self.addresses
    }

    /// The groups that are listened to, ascending.
    #[must_use]
    pub fn groups(&self) -> &[Ipv4Addr] {
        &self.groups
    }

    /// Where datagrams are taken: each address or group with its UDP port, ascending, without repetition.
    pub fn listening(&self) -> impl Iterator<Item = SocketAddrV4> {
        self.listening.chunk_by(PartialEq::eq).filter_map(|same| same.first().copied().map(address))
    }

    /// Whether an address is ours.
    #[inline]
    #[must_use]
    pub fn owns(&self, address: Ipv4Addr) -> bool {
        self.addresses.contains(&address)
    }

    /// Who takes datagrams that are sent there; empty when nobody does.
    #[inline]
    #[must_use]
    pub fn endpoints_at(&self, to: SocketAddrV4) -> &[EndpointIndex] {
        let key = key(to);
        let first = self.listening.partition_point(|other| *other < key);
        let count = self.listening[first..].iter().take_while(|other| **other == key).count();
        &self.endpoints[first..first + count]
    }
}

#[inline]
fn key(at: SocketAddrV4) -> u64 {
    u64::from(at.ip().to_bits()) << 16 | u64::from(at.port())
}

#[allow(clippy::cast_possible_truncation, reason = "takes apart what `key` put together")]
const fn address(key: u64) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits((key >> 16) as u32), key as u16)
}

fn insert(sorted: &mut Vec<Ipv4Addr>, address: Ipv4Addr) {
    if let Err(place) = sorted.binary_search(&address) {
        sorted.insert(place, address);
    }
}
