//! The outermost header: hardware addresses, tag, type.

use std::fmt;
use std::net::Ipv4Addr;

use super::classify::DropReason;

/// A hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// Everyone.
    pub const BROADCAST: Self = Self([0xFF; 6]);

    /// Where a multicast group is sent: the last 23 bits of its address (RFC 1112).
    #[inline]
    #[must_use]
    pub const fn of_group(group: Ipv4Addr) -> Self {
        let [_, b, c, d] = group.octets();
        Self([0x01, 0x00, 0x5E, b & 0x7F, c, d])
    }

    /// Whether it names more than one station; everyone included.
    #[inline]
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// From whom to whom a frame goes, and in which VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// To whom.
    pub to: MacAddr,
    /// From whom.
    pub from: MacAddr,
    /// The VLAN that its 802.1Q tag names; `None` without a tag, or with one that gives a priority only.
    pub vlan: Option<u16>,
}

impl Link {
    /// How long the header is.
    #[inline]
    #[must_use]
    pub const fn len(vlan: Option<u16>) -> usize {
        if vlan.is_some() { super::ETHERNET_LEN + super::TAG_LEN } else { super::ETHERNET_LEN }
    }

    /// The header, the type of what follows, and what follows.
    #[inline]
    pub(super) fn parse(frame: &[u8]) -> Result<(Self, u16, &[u8]), DropReason> {
        let (head, rest) = frame.split_first_chunk::<14>().ok_or(DropReason::Malformed)?;
        let [t0, t1, t2, t3, t4, t5, f0, f1, f2, f3, f4, f5, high, low] = *head;
        let (to, from) = (MacAddr([t0, t1, t2, t3, t4, t5]), MacAddr([f0, f1, f2, f3, f4, f5]));
        let ether_type = u16::from_be_bytes([high, low]);
        if ether_type != TYPE_TAG {
            return Ok((Self { to, from, vlan: None }, ether_type, rest));
        }
        let (tag, rest) = rest.split_first_chunk::<4>().ok_or(DropReason::Malformed)?;
        let vlan = u16::from_be_bytes([tag[0], tag[1]]) & VLAN_MASK;
        let ether_type = u16::from_be_bytes([tag[2], tag[3]]);
        Ok((Self { to, from, vlan: (vlan != 0).then_some(vlan) }, ether_type, rest))
    }

    /// Writes the header and returns what comes after it; `None` when it does not fit.
    #[inline]
    pub(super) fn write<'a>(&self, frame: &'a mut [u8], ether_type: u16) -> Option<&'a mut [u8]> {
        let (addresses, rest) = frame.split_first_chunk_mut::<12>()?;
        addresses[..6].copy_from_slice(&self.to.0);
        addresses[6..].copy_from_slice(&self.from.0);
        let rest = match self.vlan {
            None => rest,
            Some(vlan) => {
                let (tag, rest) = rest.split_first_chunk_mut::<4>()?;
                let [t0, t1] = TYPE_TAG.to_be_bytes();
                let [v0, v1] = (vlan & VLAN_MASK).to_be_bytes();
                *tag = [t0, t1, v0, v1];
                rest
            }
        };
        let (of_type, rest) = rest.split_first_chunk_mut::<2>()?;
        *of_type = ether_type.to_be_bytes();
        Some(rest)
    }
}

pub(super) const TYPE_IPV4: u16 = 0x0800;
pub(super) const TYPE_ARP: u16 = 0x0806;
pub(super) const TYPE_TAG: u16 = 0x8100;
const VLAN_MASK: u16 = 0x0FFF;
