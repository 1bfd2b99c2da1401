//! Frames as the standards have them, written and read apart from the code under test.
//!
//! ```text
//!   Ethernet 14 (18 with a tag) | IPv4 20 and options | UDP 8 | payload
//! ```

use std::net::{Ipv4Addr, SocketAddrV4};

use netio::lab::Side;

const IPV4: [u8; 2] = [0x08, 0x00];
const TAG: [u8; 2] = [0x81, 0x00];
const UDP: u8 = 17;
const IGMP: u8 = 2;
/// Where IPv4 begins in a frame without a tag.
pub const IP_AT: usize = 14;

/// A datagram in a frame from the near side to the far side, to be harmed.
#[derive(Clone)]
pub struct Draft {
    pub to_mac: [u8; 6],
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub vlan: Option<u16>,
    pub options: Vec<u8>,
    /// Flags and offset, as in the header.
    pub fragment: u16,
    pub payload: Vec<u8>,
}

impl Draft {
    pub fn new(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Self {
        let to_mac = if to.ip().is_multicast() { group_mac(*to.ip()) } else { Side::Far.mac() };
        Self { to_mac, from, to, vlan: None, options: Vec::new(), fragment: 0, payload: payload.to_vec() }
    }

    /// The frame, with both checksums right.
    pub fn frame(&self) -> Vec<u8> {
        let udp_len = u16::try_from(8 + self.payload.len()).unwrap();
        let mut udp = Vec::new();
        udp.extend(self.from.port().to_be_bytes());
        udp.extend(self.to.port().to_be_bytes());
        udp.extend(udp_len.to_be_bytes());
        udp.extend([0, 0]);
        udp.extend(&self.payload);
        let sum = checksum(&[&pseudo_header(*self.from.ip(), *self.to.ip(), udp_len), &udp]);
        udp[6..8].copy_from_slice(&(if sum == 0 { 0xFFFF } else { sum }).to_be_bytes());
        self.around(&udp)
    }

    /// Ethernet and IPv4 around these bytes.
    pub fn around(&self, inside: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        frame.extend(self.to_mac);
        frame.extend(Side::Near.mac());
        if let Some(vlan) = self.vlan {
            frame.extend(TAG);
            frame.extend(vlan.to_be_bytes());
        }
        frame.extend(IPV4);
        let ip_at = frame.len();
        let header_len = 20 + self.options.len();
        frame.extend([0x40 | u8::try_from(header_len / 4).unwrap(), 0]);
        frame.extend(u16::try_from(header_len + inside.len()).unwrap().to_be_bytes());
        frame.extend([0x12, 0x34]);
        frame.extend(self.fragment.to_be_bytes());
        frame.extend([64, UDP, 0, 0]);
        frame.extend(self.from.ip().octets());
        frame.extend(self.to.ip().octets());
        frame.extend(&self.options);
        let sum = checksum(&[&frame[ip_at..]]);
        frame[ip_at + 10..ip_at + 12].copy_from_slice(&sum.to_be_bytes());
        frame.extend(inside);
        frame
    }
}

/// Changes bytes of the IPv4 header of a frame without a tag, and makes its checksum right again.
pub fn with_ip(mut frame: Vec<u8>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    change(&mut frame[IP_AT..]);
    let end = IP_AT + 20;
    frame[IP_AT + 10..IP_AT + 12].fill(0);
    let sum = checksum(&[&frame[IP_AT..end]]);
    frame[IP_AT + 10..IP_AT + 12].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// A datagram as seen on the link, its form checked.
#[derive(Debug)]
pub struct Seen {
    pub to_mac: [u8; 6],
    pub from_mac: [u8; 6],
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub ttl: u8,
    pub payload: Vec<u8>,
}

impl Seen {
    /// Reads a frame that carries UDP over IPv4; `None` for any other.
    ///
    /// Panics when one that does is not well-formed.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (ip, inside) = ipv4(frame, UDP)?;
        let addresses = [12, 16].map(|at| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]));
        let word = |at: usize| u16::from_be_bytes([inside[at], inside[at + 1]]);
        let udp_len = word(4);
        assert_eq!(usize::from(udp_len), inside.len(), "UDP tells a length that IPv4 does not: {frame:02x?}");
        let sum = checksum(&[&pseudo_header(addresses[0], addresses[1], udp_len), inside]);
        assert_eq!(sum, 0, "the UDP checksum is wrong, or is none: {frame:02x?}");
        assert_ne!(word(6), 0, "there is no UDP checksum: {frame:02x?}");
        let mac = |at: usize| <[u8; 6]>::try_from(&frame[at..at + 6]).unwrap();
        Some(Self {
            to_mac: mac(0),
            from_mac: mac(6),
            from: SocketAddrV4::new(addresses[0], word(0)),
            to: SocketAddrV4::new(addresses[1], word(2)),
            ttl: ip[8],
            payload: inside[8..].to_vec(),
        })
    }
}

/// A change of membership, as IGMP versions 2 and 3 tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    Joined,
    Left,
}

/// Reads an IGMP message that concerns this group.
pub fn membership(frame: &[u8], group: Ipv4Addr) -> Option<Membership> {
    let (_, inside) = ipv4(frame, IGMP)?;
    assert_eq!(checksum(&[inside]), 0, "the IGMP checksum is wrong: {frame:02x?}");
    let about = |at: usize| inside.get(at..at + 4) == Some(&group.octets()[..]);
    match inside[0] {
        0x16 if about(4) => Some(Membership::Joined),
        0x17 if about(4) => Some(Membership::Left),
        0x22 => {
            let mut at = 8;
            for _ in 0..u16::from_be_bytes([inside[6], inside[7]]) {
                let sources = usize::from(u16::from_be_bytes([inside[at + 2], inside[at + 3]]));
                if about(at + 4) {
                    // Excluding nobody is joining, including nobody is leaving.
                    return match inside[at] {
                        2 | 4 => Some(Membership::Joined),
                        3 | 1 if sources == 0 => Some(Membership::Left),
                        _ => None,
                    };
                }
                at += 8 + 4 * sources + 4 * usize::from(inside[at + 1]);
            }
            None
        }
        _ => None,
    }
}

/// The IPv4 header of a frame and what it carries, when it carries this protocol.
fn ipv4(frame: &[u8], protocol: u8) -> Option<(&[u8], &[u8])> {
    let ip = frame.get(IP_AT..)?;
    if frame[12..14] != IPV4 || ip.get(9) != Some(&protocol) {
        return None;
    }
    assert_eq!(ip[0] >> 4, 4, "not version 4: {frame:02x?}");
    let header_len = usize::from(ip[0] & 15) * 4;
    assert_eq!(checksum(&[&ip[..header_len]]), 0, "the IPv4 checksum is wrong: {frame:02x?}");
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    assert!(total <= ip.len(), "IPv4 tells more than there is: {frame:02x?}");
    Some((&ip[..header_len], &ip[header_len..total]))
}

pub fn group_mac(group: Ipv4Addr) -> [u8; 6] {
    let [_, b, c, d] = group.octets();
    [0x01, 0x00, 0x5E, b & 0x7F, c, d]
}

fn pseudo_header(from: Ipv4Addr, to: Ipv4Addr, udp_len: u16) -> [u8; 12] {
    let ([a, b, c, d], [e, f, g, h], [high, low]) = (from.octets(), to.octets(), udp_len.to_be_bytes());
    [a, b, c, d, e, f, g, h, 0, UDP, high, low]
}

/// The complement of the ones' complement sum of 16-bit words; each part but the last is of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
