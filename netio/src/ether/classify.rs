//! What a received frame is to us.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::ipv4::{self, Ipv4};
use super::link::{self, Link, MacAddr};
use super::{Station, Sum, UDP_LEN, arp, icmp, igmp};
use crate::port::{EndpointIndex, PAYLOAD_MAX, PortCounters};

/// Looks at a frame. What it returns borrows from the frame.
///
/// A header is believed only when its checksum is right. Frames to other stations are nothing to us, also when hardware
/// that was told to hand over everything hands them over.
///
/// # Errors
///
/// The reason to drop it.
#[inline]
pub fn classify<'a>(frame: &'a [u8], station: &'a Station, sums: RxSums) -> Result<Inbound<'a>, DropReason> {
    let (link, ether_type, body) = Link::parse(frame)?;
    if link.vlan != station.vlan() || !(link.to == station.mac() || link.to.is_group()) {
        return Err(DropReason::NotOurs);
    }
    match ether_type {
        link::TYPE_IPV4 => {
            let packet = Ipv4::parse(body, sums)?;
            if packet.protocol == ipv4::UDP {
                return datagram(&link, &packet, station, sums).map(Inbound::Datagram);
            }
            control(&link, &packet, station, sums)
        }
        link::TYPE_ARP => arp::Arp::parse(&link, body, station).map(Inbound::Arp),
        _ => Err(DropReason::NotOurs),
    }
}

/// What is worth looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// A datagram to one of our endpoints.
    Datagram(Datagram<'a>),
    /// A question about one of our addresses, an answer to us, or an announcement.
    Arp(arp::Arp),
    /// Somebody wants to know whether we live.
    Echo(icmp::Echo<'a>),
    /// A router asks who listens to groups.
    GroupQuery(igmp::Query),
}

/// A datagram to one of our endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it, as far as the network says.
    pub from: SocketAddrV4,
    /// The station that put it on this network: the sender, or a router.
    pub from_mac: MacAddr,
    /// To which address or group.
    pub to: SocketAddrV4,
    /// Who takes it; never empty.
    pub endpoints: &'a [EndpointIndex],
    /// What it carries, at most [`PAYLOAD_MAX`] bytes.
    pub payload: &'a [u8],
}

/// Why a frame is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// Cut short, or its parts contradict one another, or it carries IPv4 options, or it claims a sender that cannot be.
    Malformed,
    /// A checksum is wrong.
    Checksum,
    /// A part of a datagram. Nobody who talks to us has a reason to send more than fits into a frame.
    Fragment,
    /// To another station, VLAN, address or port, or of a protocol that is not ours.
    NotOurs,
    /// A datagram to us with a payload above [`PAYLOAD_MAX`].
    Oversized,
}

impl DropReason {
    /// Counts it where it belongs.
    #[inline]
    pub const fn count(self, counters: &mut PortCounters) {
        match self {
            Self::Malformed => counters.rx_malformed += 1,
            Self::Checksum => counters.rx_checksum += 1,
            Self::Fragment => counters.rx_fragments += 1,
            Self::NotOurs => counters.rx_not_ours += 1,
            Self::Oversized => counters.rx_truncated += 1,
        }
    }
}

/// Who checks the checksums of received frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RxSums {
    /// We do.
    Verify,
    /// The hardware has, and found this frame right.
    Verified,
}

#[inline]
fn datagram<'a>(
    link: &Link,
    packet: &Ipv4<'a>,
    station: &'a Station,
    sums: RxSums,
) -> Result<Datagram<'a>, DropReason> {
    // A group comes to a group's hardware address, and one station to its own: a datagram to us that everyone got is a
    // mistake or a trick.
    if packet.to.is_multicast() != link.to.is_group() {
        return Err(DropReason::NotOurs);
    }
    if packet.is_fragment {
        let ours = station.owns(packet.to) || station.groups().contains(&packet.to);
        return Err(if ours { DropReason::Fragment } else { DropReason::NotOurs });
    }
    let (head, rest) = packet.body.split_first_chunk::<UDP_LEN>().ok_or(DropReason::Malformed)?;
    let to = SocketAddrV4::new(packet.to, u16::from_be_bytes([head[2], head[3]]));
    let endpoints = station.endpoints_at(to);
    if endpoints.is_empty() {
        return Err(DropReason::NotOurs);
    }
    if packet.has_options || !can_be_sender(packet.from, station) {
        return Err(DropReason::Malformed);
    }
    let len = usize::from(u16::from_be_bytes([head[4], head[5]]));
    let payload_len = len.checked_sub(UDP_LEN).ok_or(DropReason::Malformed)?;
    let payload = rest.get(..payload_len).ok_or(DropReason::Malformed)?;
    // No checksum at all is allowed, and says so by 0.
    if sums == RxSums::Verify && head[6..8] != [0, 0] {
        let sum = pseudo_header(packet.from, packet.to, len).bytes(head).bytes(payload);
        if sum.checksum() != 0 {
            return Err(DropReason::Checksum);
        }
    }
    if payload_len > PAYLOAD_MAX {
        return Err(DropReason::Oversized);
    }
    let from = SocketAddrV4::new(packet.from, u16::from_be_bytes([head[0], head[1]]));
    Ok(Datagram { from, from_mac: link.from, to, endpoints, payload })
}

/// What else of IPv4 a host answers.
#[cold]
fn control<'a>(link: &Link, packet: &Ipv4<'a>, station: &Station, sums: RxSums) -> Result<Inbound<'a>, DropReason> {
    match packet.protocol {
        ipv4::ICMP if station.owns(packet.to) && link.to == station.mac() => {
            let usable = !packet.has_options && can_be_sender(packet.from, station);
            match usable {
                _ if packet.is_fragment => Err(DropReason::Fragment),
                false => Err(DropReason::Malformed),
                true => icmp::Echo::parse(link, packet, sums).map(Inbound::Echo),
            }
        }
        // Asked of all hosts, or of those that listen to one group.
        ipv4::IGMP if packet.to == igmp::ALL_HOSTS || station.groups().contains(&packet.to) => {
            if packet.is_fragment {
                return Err(DropReason::Fragment);
            }
            igmp::Query::parse(packet.body, sums).map(Inbound::GroupQuery)
        }
        _ => Err(DropReason::NotOurs),
    }
}

/// What an answer may be sent to: one station, which is not ourselves. Else a stranger could make us talk to a group.
#[inline]
fn can_be_sender(from: Ipv4Addr, station: &Station) -> bool {
    let [first, ..] = from.octets();
    first != 0 && first != 127 && first < 224 && !station.owns(from)
}

/// The sum of what UDP's checksum covers beside the datagram itself.
#[inline]
pub(super) fn pseudo_header(from: Ipv4Addr, to: Ipv4Addr, udp_len: usize) -> Sum {
    Sum::new().bytes(&from.octets()).bytes(&to.octets()).word(u16::from(ipv4::UDP)).word(super::u16_of(udp_len))
}
