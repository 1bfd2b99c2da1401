//! What a frame carries: a UDP datagram over IPv4, or the reason why not.
//!
//! Goal: one place that looks at link, network and transport headers. Non-goal: checksums; what was captured on the sending
//! host often has none yet.

use std::net::SocketAddrV4;

use etherparse::err::packet::SliceError;
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// Why a frame is no datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    CutShort,
    Fragment,
    Other,
    Malformed,
    ForeignLink,
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Udp<'a> {
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub payload: &'a [u8],
    /// It came behind a VLAN tag.
    pub tagged: bool,
    /// Its IPv4 header has options.
    pub options: bool,
}

pub(super) fn slice(link: Linktype, frame: &[u8]) -> Result<Udp<'_>, Reason> {
    let sliced = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(frame),
        Linktype::RAW | Linktype::IPV4 => SlicedPacket::from_ip(frame),
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(frame),
        _ => return Err(Reason::ForeignLink),
    };
    let sliced = sliced.map_err(|error| match error {
        // Neither frame nor packet is of a kind that is looked into here.
        SliceError::LinuxSll(_) | SliceError::Macsec(_) => Reason::Other,
        _ => Reason::Malformed,
    })?;
    let Some(NetSlice::Ipv4(ip)) = &sliced.net else { return Err(Reason::Other) };
    if ip.is_payload_fragmented() {
        return Err(Reason::Fragment);
    }
    let Some(TransportSlice::Udp(udp)) = &sliced.transport else { return Err(Reason::Other) };
    let header = ip.header();
    Ok(Udp {
        from: SocketAddrV4::new(header.source_addr(), udp.source_port()),
        to: SocketAddrV4::new(header.destination_addr(), udp.destination_port()),
        payload: udp.payload(),
        tagged: sliced.vlan().is_some(),
        options: !header.options().is_empty(),
    })
}
