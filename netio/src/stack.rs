//! What a host does for its address beside moving datagrams, for ports behind which no kernel does it: it knows who is next
//! on the way to an address ([`neighbours`]), answers who asks for it, and tells routers which groups it wants ([`groups`]).
//!
//! Sans I/O: frames that [`crate::ether::classify`] has found to be of this kind go in with the time, frames to send are
//! written into memory of the caller's, and [`Stack::due`] says what is to be sent of one's own accord.
//!
//! Non-goals: datagrams themselves, redirects, more than one gateway.

pub mod groups;
pub mod neighbours;

use std::net::Ipv4Addr;

use self::groups::{Groups, Report};
use self::neighbours::{Lookup, Neighbours};
use crate::ether::arp::{self, Arp};
use crate::ether::igmp::{self, Query};
use crate::ether::{MacAddr, Station};

/// The network that a station is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Our address there; what is asked and reported comes from it.
    pub address: Ipv4Addr,
    /// How many bits of it are the network's.
    pub prefix_bits: u8,
    /// Who forwards to everywhere else.
    pub gateway: Option<Ipv4Addr>,
}

/// See the module.
#[derive(Debug)]
pub struct Stack {
    station: Station,
    network: Network,
    neighbours: Neighbours,
    groups: Groups,
}

/// Where a datagram goes on this network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To this station, or to a group's hardware address.
    To(MacAddr),
    /// To the station of this address, which is being asked for: [`Stack::heard`] or [`Due::GaveUp`] will tell.
    Asking(Ipv4Addr),
    /// It does not answer, or there are too many questions at once.
    Unreachable,
    /// Not from here: another network without a gateway, ourselves, everyone, or no address of a host at all.
    Nowhere,
}

/// What is to be done of one's own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send the question who has this address.
    Ask(Ipv4Addr),
    /// Tell the routers.
    Report(Report),
    /// What waits for this address waits in vain.
    GaveUp(Ipv4Addr),
}

impl Network {
    /// Whether an address is on this network.
    #[must_use]
    pub const fn contains(&self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.address.to_bits()) & self.mask() == 0
    }

    const fn mask(&self) -> u32 {
        match u32::MAX.checked_shl(u32::BITS.saturating_sub(self.prefix_bits as u32)) {
            Some(mask) => mask,
            None => 0,
        }
    }

    /// The addresses that mean the network itself and everyone on it. Those of two or fewer hosts have none.
    const fn is_whole(&self, address: Ipv4Addr) -> bool {
        let host = address.to_bits() & !self.mask();
        self.prefix_bits < 31 && self.contains(address) && (host == 0 || host == !self.mask())
    }

    /// The station that a datagram to one host is handed to.
    fn next_hop(&self, to: Ipv4Addr) -> Option<Ipv4Addr> {
        if to.is_unspecified() || to.is_broadcast() || to.is_loopback() || self.is_whole(to) {
            return None;
        }
        if self.contains(to) { Some(to) } else { self.gateway }
    }
}

impl Stack {
    /// Begins at `now_ns`, with a report of the station's groups.
    #[must_use]
    pub fn new(station: Station, network: Network, now_ns: u64) -> Self {
        let [a, b, c, d, e, f] = station.mac().0;
        let seed = u64::from_be_bytes([0, 0, a, b, c, d, e, f]) ^ now_ns;
        let groups = Groups::join(station.groups().iter().copied(), seed, now_ns);
        Self { station, network, neighbours: Neighbours::default(), groups }
    }

    /// Who we are.
    #[inline]
    #[must_use]
    pub const fn station(&self) -> &Station {
        &self.station
    }

    /// The network we are on.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Where to send what is for `to`; when that is not known, the question becomes due.
    #[inline]
    pub fn route(&mut self, to: Ipv4Addr, now_ns: u64) -> Route {
        if to.is_multicast() {
            return Route::To(MacAddr::of_group(to));
        }
        if self.station.owns(to) {
            return Route::Nowhere;
        }
        let Some(next) = self.network.next_hop(to) else { return Route::Nowhere };
        match self.neighbours.lookup(next, now_ns) {
            Lookup::Known(mac) => Route::To(mac),
            Lookup::Asking => Route::Asking(next),
            Lookup::Unreachable => Route::Unreachable,
        }
    }

    /// Somebody spoke of addresses. When something waits for it, who they are; `reply` gets the answer, if one is due, and
    /// then it tells how long that is.
    pub fn heard(&mut self, arp: &Arp, now_ns: u64, reply: &mut [u8]) -> (Option<(Ipv4Addr, MacAddr)>, Option<usize>) {
        let (mac, address) = arp.sender;
        let wants_us = arp.is_request && self.station.owns(arp.target);
        let awaited = self.neighbours.heard(address, mac, wants_us, now_ns);
        (awaited.then_some((address, mac)), arp.write_reply(&self.station, reply))
    }

    /// A router asks for groups.
    pub fn asked(&mut self, query: Query, now_ns: u64) {
        self.groups.on_query(query, now_ns);
    }

    /// The next thing that is due, or none; call it until there is none.
    #[inline]
    pub fn due(&mut self, now_ns: u64) -> Option<Due> {
        match self.neighbours.due(now_ns) {
            Some(neighbours::Due::Ask(address)) => Some(Due::Ask(address)),
            Some(neighbours::Due::GaveUp(address)) => Some(Due::GaveUp(address)),
            None => self.groups.due(now_ns).map(Due::Report),
        }
    }

    /// Writes what is due and returns the frame's length; `None` when nothing is to be sent, or there is no room.
    pub fn write(&self, due: Due, frame: &mut [u8]) -> Option<usize> {
        let from = self.network.address;
        match due {
            Due::Ask(address) => arp::write_request(&self.station, from, address, frame),
            Due::Report(Report { group, membership, version }) => {
                igmp::write_report(version, membership, group, &self.station, from, frame)
            }
            Due::GaveUp(_) => None,
        }
    }

    /// Writes the announcement of our own address, so that who remembers another station there forgets it.
    pub fn write_announcement(&self, frame: &mut [u8]) -> Option<usize> {
        arp::write_request(&self.station, self.network.address, self.network.address, frame)
    }

    /// What is to be told on closing.
    pub fn last_words(&self, now_ns: u64) -> impl Iterator<Item = Due> {
        self.groups.leave(now_ns).map(Due::Report)
    }
}

#[cfg(test)]
mod tests;
