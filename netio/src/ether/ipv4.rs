//! The IPv4 header: parsed and checked, or written.

use std::net::Ipv4Addr;

use super::classify::{DropReason, RxSums};
use super::{IPV4_LEN, Sum, u16_of};

#[derive(Debug, Clone, Copy)]
pub(super) struct Ipv4<'a> {
    pub from: Ipv4Addr,
    pub to: Ipv4Addr,
    pub protocol: u8,
    pub has_options: bool,
    /// Whether it is only a part of a datagram.
    pub is_fragment: bool,
    /// What the header says belongs to it, without padding.
    pub body: &'a [u8],
}

pub(super) const ICMP: u8 = 1;
pub(super) const IGMP: u8 = 2;
pub(super) const UDP: u8 = 17;

impl<'a> Ipv4<'a> {
    #[inline]
    pub(super) fn parse(bytes: &'a [u8], sums: RxSums) -> Result<Self, DropReason> {
        let (head, after) = bytes.split_first_chunk::<IPV4_LEN>().ok_or(DropReason::Malformed)?;
        let header_len = usize::from(head[0] & 0x0F) * 4;
        let total_len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some(options_len) = header_len.checked_sub(IPV4_LEN) else { return Err(DropReason::Malformed) };
        let Some(after_len) = total_len.checked_sub(IPV4_LEN) else { return Err(DropReason::Malformed) };
        let after = after.get(..after_len).ok_or(DropReason::Malformed)?;
        let (options, body) = after.split_at_checked(options_len).ok_or(DropReason::Malformed)?;
        if head[0] >> 4 != 4 {
            return Err(DropReason::Malformed);
        }
        if sums == RxSums::Verify && Sum::new().bytes(head).bytes(options).checksum() != 0 {
            return Err(DropReason::Checksum);
        }
        Ok(Self {
            from: Ipv4Addr::new(head[12], head[13], head[14], head[15]),
            to: Ipv4Addr::new(head[16], head[17], head[18], head[19]),
            protocol: head[9],
            has_options: options_len > 0,
            // More of them to come, or not the first.
            is_fragment: u16::from_be_bytes([head[6], head[7]]) & 0x3FFF != 0,
            body,
        })
    }
}

/// What a header to write says beside its lengths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub from: Ipv4Addr,
    pub to: Ipv4Addr,
    pub protocol: u8,
    pub ttl: u8,
    pub id: u16,
}

impl Head {
    /// A header without options before `body_len` bytes; never to be fragmented.
    #[inline]
    pub(super) fn bytes(&self, body_len: usize, sum_it: bool) -> [u8; IPV4_LEN] {
        let [l0, l1] = u16_of(IPV4_LEN + body_len).to_be_bytes();
        let [i0, i1] = self.id.to_be_bytes();
        let [a, b, c, d] = self.from.octets();
        let [e, f, g, h] = self.to.octets();
        let mut head = [0x45, 0, l0, l1, i0, i1, 0x40, 0, self.ttl, self.protocol, 0, 0, a, b, c, d, e, f, g, h];
        if sum_it {
            [head[10], head[11]] = Sum::new().bytes(&head).checksum().to_be_bytes();
        }
        head
    }

    /// As `bytes`, with the option that asks routers to look (RFC 2113) and the precedence of control traffic.
    pub(super) fn bytes_alert(&self, body_len: usize) -> [u8; ALERT_LEN] {
        let mut head = [0; ALERT_LEN];
        head[..IPV4_LEN].copy_from_slice(&self.bytes(body_len + 4, false));
        head[IPV4_LEN..].copy_from_slice(&[0x94, 4, 0, 0]);
        (head[0], head[1]) = (0x46, 0xC0);
        [head[10], head[11]] = Sum::new().bytes(&head).checksum().to_be_bytes();
        head
    }
}

pub(super) const ALERT_LEN: usize = IPV4_LEN + 4;
