//! The echo that tells an operator that we live (RFC 792).

use std::net::Ipv4Addr;

use super::classify::{DropReason, RxSums};
use super::ipv4::{self, Head, Ipv4};
use super::link::{self, Link, MacAddr};
use super::{FRAME_MIN, IPV4_LEN, Station, Sum};

/// A request for an echo, to one of our addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Who asks.
    pub from: Ipv4Addr,
    /// The station that put it on this network: who asks, or a router.
    pub from_mac: MacAddr,
    /// Which of our addresses.
    pub to: Ipv4Addr,
    /// Identifier, number and whatever follows: what is to be sent back.
    pub content: &'a [u8],
}

impl<'a> Echo<'a> {
    pub(super) fn parse(link: &Link, packet: &Ipv4<'a>, sums: RxSums) -> Result<Self, DropReason> {
        let Some(([kind, code, _, _], content)) = packet.body.split_first_chunk::<4>() else {
            return Err(DropReason::Malformed);
        };
        if sums == RxSums::Verify && Sum::new().bytes(packet.body).checksum() != 0 {
            return Err(DropReason::Checksum);
        }
        if (*kind, *code) != (REQUEST, 0) {
            return Err(DropReason::NotOurs);
        }
        if content.len() < 4 {
            return Err(DropReason::Malformed);
        }
        Ok(Self { from: packet.from, from_mac: link.from, to: packet.to, content })
    }

    /// Writes the answer and returns its length; `None` when there is no room.
    pub fn write_reply(&self, station: &Station, frame: &mut [u8]) -> Option<usize> {
        let Self { from, from_mac, to, content } = *self;
        let vlan = station.vlan();
        let body_len = 4 + content.len();
        let len = Link::len(vlan) + IPV4_LEN + body_len;
        if len > frame.len() || len > super::FRAME_MAX {
            return None;
        }
        frame.get_mut(len..len.max(FRAME_MIN))?.fill(0);
        let rest = Link { to: from_mac, from: station.mac(), vlan }.write(frame, link::TYPE_IPV4)?;
        let (head, rest) = rest.split_first_chunk_mut::<IPV4_LEN>()?;
        *head = Head { from: to, to: from, protocol: ipv4::ICMP, ttl: 64, id: 0 }.bytes(body_len, true);
        let (icmp, rest) = rest.split_first_chunk_mut::<4>()?;
        rest.get_mut(..content.len())?.copy_from_slice(content);
        let [c0, c1] = Sum::new().bytes(content).checksum().to_be_bytes();
        *icmp = [REPLY, 0, c0, c1];
        Some(len.max(FRAME_MIN))
    }
}

const REQUEST: u8 = 8;
const REPLY: u8 = 0;
