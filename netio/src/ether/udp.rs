//! The headers before a payload of ours.

use std::net::SocketAddrV4;

use super::classify::pseudo_header;
use super::ipv4::{self, Head};
use super::link::{self, Link, MacAddr};
use super::{FRAME_MIN, IPV4_LEN, UDP_LEN, u16_of};

/// Where datagrams of ours go from and to, on every layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Our address and port.
    pub from: SocketAddrV4,
    /// Our hardware address.
    pub from_mac: MacAddr,
    /// The receiver's address and port, or a group's.
    pub to: SocketAddrV4,
    /// The receiver's hardware address, a router's, or [`MacAddr::of_group`].
    pub to_mac: MacAddr,
    /// The VLAN to name in a tag.
    pub vlan: Option<u16>,
    /// How many routers it may pass.
    pub ttl: u8,
}

/// Who fills in the checksums of frames to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxSums {
    /// We do.
    Ours,
    /// The hardware does: the IPv4 field is 0, the UDP field holds the sum of the pseudo header.
    Hardware,
}

impl Flow {
    /// Where the payload begins in a frame.
    #[inline]
    #[must_use]
    pub const fn headers_len(vlan: Option<u16>) -> usize {
        Link::len(vlan) + IPV4_LEN + UDP_LEN
    }

    /// Writes the headers before a payload that lies in `frame` already, at [`Flow::headers_len`], and returns how long the
    /// frame is: at least [`FRAME_MIN`], filled up with zeros. `None` when it does not fit, and the frame is rubbish.
    ///
    /// `id` tells datagrams apart in captures; they are never fragmented.
    #[inline]
    pub fn write_headers(&self, frame: &mut [u8], payload_len: usize, id: u16, sums: TxSums) -> Option<usize> {
        let Self { from, from_mac, to, to_mac, vlan, ttl } = *self;
        let udp_len = UDP_LEN + payload_len;
        let len = Self::headers_len(vlan) + payload_len;
        if len > frame.len() || len > super::FRAME_MAX {
            return None;
        }
        if len < FRAME_MIN {
            frame.get_mut(len..FRAME_MIN)?.fill(0);
        }
        let body = Link { to: to_mac, from: from_mac, vlan }.write(frame, link::TYPE_IPV4)?;
        let (head, body) = body.split_first_chunk_mut::<IPV4_LEN>()?;
        let (udp, payload) = body.split_first_chunk_mut::<UDP_LEN>()?;
        let ip = Head { from: *from.ip(), to: *to.ip(), protocol: ipv4::UDP, ttl, id };
        *head = ip.bytes(udp_len, sums == TxSums::Ours);
        let [s0, s1] = from.port().to_be_bytes();
        let [d0, d1] = to.port().to_be_bytes();
        let [l0, l1] = u16_of(udp_len).to_be_bytes();
        *udp = [s0, s1, d0, d1, l0, l1, 0, 0];
        let pseudo = pseudo_header(*from.ip(), *to.ip(), udp_len);
        let checksum = match sums {
            TxSums::Hardware => pseudo.folded(),
            TxSums::Ours => match pseudo.bytes(udp).bytes(payload.get(..payload_len)?).checksum() {
                // 0 would say that there is none; both stand for the same sum.
                0 => u16::MAX,
                checksum => checksum,
            },
        };
        [udp[6], udp[7]] = checksum.to_be_bytes();
        Some(len.max(FRAME_MIN))
    }
}
