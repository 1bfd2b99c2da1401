//! Questions to the kernel about its network, over netlink: what an interface is, how to reach an address, whose hardware
//! address that is.
//!
//! Answers are read by length and type and nothing else is believed of them. Never on the hot path.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::ether::MacAddr;

/// A socket to the kernel, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    buffer: Box<[u8]>,
}

/// What an interface is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LinkFacts {
    pub mac: Option<MacAddr>,
    pub mtu: u32,
    pub receive_queues: u32,
    /// The interface under this one, when it is a VLAN on that, and which.
    pub vlan: Option<(u32, u16)>,
    /// The program that runs on it.
    pub program: Option<u32>,
}

/// What the kernel knows of a neighbour's hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbour {
    /// It is this; worth asking anew when `is_old`.
    Known { mac: MacAddr, is_old: bool },
    /// Nobody has asked yet, or the answer is not there.
    Unknown,
    /// Nobody answered.
    Failed,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        setsockopt(&socket, ReceiveTimeout, &TimeVal::milliseconds(ANSWER_TIMEOUT_MS))?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; ANSWER_BYTES].into_boxed_slice() })
    }

    pub(super) fn link(&mut self, interface: u32) -> io::Result<LinkFacts> {
        let mut body = vec![0; IFINFO_LEN];
        body[4..8].copy_from_slice(&interface.to_ne_bytes());
        let answer = self.ask(libc::RTM_GETLINK, 0, body)?;
        let mut facts = LinkFacts::default();
        let (mut under, mut vlan) = (None, None);
        for (kind, value) in attributes(answer.get(IFINFO_LEN..).unwrap_or_default()) {
            match kind {
                libc::IFLA_ADDRESS => facts.mac = value.try_into().ok().map(MacAddr),
                libc::IFLA_MTU => facts.mtu = number(value).unwrap_or(0),
                libc::IFLA_LINK => under = number(value),
                libc::IFLA_NUM_RX_QUEUES => facts.receive_queues = number(value).unwrap_or(0),
                libc::IFLA_LINKINFO => vlan = vlan_id(value),
                IFLA_XDP => {
                    let id = attributes(value).find(|(kind, _)| *kind == IFLA_XDP_PROG_ID);
                    facts.program = id.and_then(|(_, value)| number(value));
                }
                _ => {}
            }
        }
        facts.vlan = under.zip(vlan);
        Ok(facts)
    }

    /// The next station on the way from an interface to an address; `None` when there is no way, or it ends at ourselves.
    pub(super) fn next_hop(&mut self, interface: u32, to: Ipv4Addr) -> io::Result<Option<Ipv4Addr>> {
        let Some((next, is_direct)) = self.route(interface, to, 0)? else { return Ok(None) };
        // Told which interface to take, the kernel believes in a direct way also where no route says so.
        if is_direct && self.route(interface, to, RTM_F_FIB_MATCH)?.is_none() {
            return Ok(None);
        }
        Ok(Some(next))
    }

    /// The next station, and whether that is the receiver.
    fn route(&mut self, interface: u32, to: Ipv4Addr, flags: u32) -> io::Result<Option<(Ipv4Addr, bool)>> {
        let mut body = vec![0; RTMSG_LEN];
        (body[0], body[1]) = (FAMILY_INET, 32);
        body[RTMSG_FLAGS_AT..].copy_from_slice(&flags.to_ne_bytes());
        attribute(&mut body, libc::RTA_DST, &to.octets());
        attribute(&mut body, libc::RTA_OIF, &interface.to_ne_bytes());
        let answer = match self.ask(libc::RTM_GETROUTE, 0, body) {
            Ok(answer) => answer,
            Err(error) if is_no_way(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if answer.get(RTMSG_TYPE_AT) != Some(&libc::RTN_UNICAST) {
            return Ok(None);
        }
        let mut next = Some((to, true));
        let mut leaves_by = Some(interface);
        for (kind, value) in attributes(answer.get(RTMSG_LEN..).unwrap_or_default()) {
            match kind {
                libc::RTA_GATEWAY => next = value.try_into().ok().map(|octets: [u8; 4]| (octets.into(), false)),
                libc::RTA_OIF => leaves_by = number(value),
                // A gateway that has no IPv4 address.
                RTA_VIA => next = None,
                _ => {}
            }
        }
        Ok(next.filter(|_| leaves_by == Some(interface)))
    }

    /// What the kernel knows of a neighbour.
    pub(super) fn neighbour(&mut self, interface: u32, address: Ipv4Addr) -> io::Result<Neighbour> {
        let mut body = neighbour_head(interface, 0);
        attribute(&mut body, libc::NDA_DST, &address.octets());
        let answer = match self.ask(libc::RTM_GETNEIGH, 0, body) {
            Ok(answer) => answer,
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(Neighbour::Unknown),
            Err(error) => return Err(error),
        };
        let state = answer.get(NDMSG_STATE_AT..NDMSG_STATE_AT + 2).and_then(|bytes| bytes.try_into().ok());
        let state = state.map_or(0, u16::from_ne_bytes);
        let mac = attributes(answer.get(NDMSG_LEN..).unwrap_or_default())
            .find(|(kind, _)| *kind == libc::NDA_LLADDR)
            .and_then(|(_, value)| value.try_into().ok().map(MacAddr));
        Ok(match mac {
            Some(mac) if state & NUD_USABLE != 0 => Neighbour::Known { mac, is_old: state & NUD_SURE == 0 },
            _ if state & NUD_FAILED != 0 => Neighbour::Failed,
            _ => Neighbour::Unknown,
        })
    }

    /// Has the kernel find out, or make sure, who has an address: it asks as if it had something to send there.
    pub(super) fn resolve(&mut self, interface: u32, address: Ipv4Addr) -> io::Result<()> {
        let mut body = neighbour_head(interface, NTF_USE);
        attribute(&mut body, libc::NDA_DST, &address.octets());
        let flags = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
        self.ask(libc::RTM_NEWNEIGH, u16::try_from(flags).unwrap_or(0), body).map(drop)
    }

    /// Sends a request and returns the body of its answer, empty when it is a mere acknowledgement.
    fn ask(&mut self, request: u16, flags: u16, body: Vec<u8>) -> io::Result<&[u8]> {
        self.sequence = self.sequence.wrapping_add(1);
        let len = u32::try_from(HEADER_LEN + body.len()).unwrap_or(u32::MAX);
        let mut message = Vec::with_capacity(HEADER_LEN + body.len());
        message.extend(len.to_ne_bytes());
        message.extend(request.to_ne_bytes());
        message.extend((flags | REQUEST).to_ne_bytes());
        message.extend(self.sequence.to_ne_bytes());
        message.extend(0_u32.to_ne_bytes());
        message.extend(body);
        send(self.socket.as_raw_fd(), &message, MsgFlags::empty())?;
        loop {
            let len = recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            if let Some((kind, from, to)) = find(self.buffer.get(..len).unwrap_or_default(), self.sequence) {
                let body = self.buffer.get(from..to).unwrap_or_default();
                if i32::from(kind) != libc::NLMSG_ERROR {
                    return Ok(body);
                }
                return match number(body.get(..4).unwrap_or_default()).map(u32::cast_signed) {
                    Some(0) => Ok(&[]),
                    Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                    None => Err(io::ErrorKind::InvalidData.into()),
                };
            }
        }
    }
}

/// Whether a question about a way was answered with "there is none".
fn is_no_way(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EINVAL | libc::EACCES | libc::ESRCH)
    )
}

/// The type of the answer with this number, and where its body begins and ends.
fn find(mut bytes: &[u8], sequence: u32) -> Option<(u16, usize, usize)> {
    let mut at = 0;
    while let Some(header) = bytes.first_chunk::<HEADER_LEN>() {
        let len = usize::try_from(number(&header[..4])?).ok().filter(|len| (HEADER_LEN..=bytes.len()).contains(len))?;
        if number(&header[8..12]) == Some(sequence) {
            return Some((u16::from_ne_bytes([header[4], header[5]]), at + HEADER_LEN, at + len));
        }
        let step = len.next_multiple_of(4);
        at += step;
        bytes = bytes.get(step..)?;
    }
    None
}

/// The types and values of a list of attributes.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let [l0, l1, k0, k1, ..] = *bytes else { return None };
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([k0, k1]) & ATTRIBUTE_KIND, value))
    })
}

fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let len = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    body.extend(len.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_ne_bytes)
}

fn vlan_id(link_info: &[u8]) -> Option<u16> {
    let (_, kind) = attributes(link_info).find(|(kind, _)| *kind == libc::IFLA_INFO_KIND)?;
    let (_, data) = attributes(link_info).find(|(kind, _)| *kind == libc::IFLA_INFO_DATA)?;
    if kind != b"vlan\0" {
        return None;
    }
    let (_, id) = attributes(data).find(|(kind, _)| *kind == IFLA_VLAN_ID)?;
    id.try_into().ok().map(u16::from_ne_bytes)
}

fn neighbour_head(interface: u32, flags: u8) -> Vec<u8> {
    let mut body = vec![0; NDMSG_LEN];
    body[0] = FAMILY_INET;
    body[4..8].copy_from_slice(&interface.to_ne_bytes());
    body[NDMSG_FLAGS_AT] = flags;
    body
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1")]
const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2")]
const FAMILY_INET: u8 = libc::AF_INET as u8;
const HEADER_LEN: usize = 16;
/// `struct ifinfomsg`: family, type, index, flags, change.
const IFINFO_LEN: usize = 16;
/// `struct rtmsg`: family, bits of destination and source, tos, table, protocol, scope, type, flags.
const RTMSG_LEN: usize = 12;
const RTMSG_TYPE_AT: usize = 7;
const RTMSG_FLAGS_AT: usize = 8;
/// Answer with the route itself.
const RTM_F_FIB_MATCH: u32 = 0x2000;
/// `struct ndmsg`: family, index, state, flags, type.
const NDMSG_LEN: usize = 12;
const NDMSG_STATE_AT: usize = 8;
const NDMSG_FLAGS_AT: usize = 10;
/// Some attributes have a flag above their type.
const ATTRIBUTE_KIND: u16 = 0x3FFF;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_PROG_ID: u16 = 4;
const IFLA_VLAN_ID: u16 = 1;
const RTA_VIA: u16 = 18;
const NTF_USE: u8 = 1;
/// Reachable, stale, delayed, probed, without need of asking, permanent: there is an address.
const NUD_USABLE: u16 = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;
/// Of these: reachable, without need of asking, permanent.
const NUD_SURE: u16 = 0x02 | 0x40 | 0x80;
const NUD_FAILED: u16 = 0x20;
/// The kernel answers while it is asked; this is for a kernel that does not.
const ANSWER_TIMEOUT_MS: i64 = 1_000;
/// An interface with many queues has a long description.
const ANSWER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers_about_loopback() {
        let mut netlink = Netlink::open().unwrap();
        let index = nix::net::if_::if_nametoindex("lo").unwrap();
        let facts = netlink.link(index).unwrap();
        assert!(facts.mtu > 1500 && facts.receive_queues >= 1 && facts.vlan.is_none(), "{facts:?}");
        assert_eq!(facts.mac, Some(MacAddr([0; 6])));
        // It ends at ourselves, so there is no next station.
        assert_eq!(netlink.next_hop(index, Ipv4Addr::LOCALHOST).unwrap(), None);
        assert_eq!(netlink.link(0x7FFF_FFFF).unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }

    #[test]
    fn cut_answers_are_no_answers() {
        let mut body = Vec::new();
        attribute(&mut body, 7, b"abcde");
        attribute(&mut body, 8, &9_u32.to_ne_bytes());
        assert_eq!(body.len(), 12 + 8);
        let found: Vec<_> = attributes(&body).collect();
        assert_eq!(found, [(7, &b"abcde"[..]), (8, &9_u32.to_ne_bytes()[..])]);
        for len in 0..body.len() {
            assert!(attributes(&body[..len]).count() < 2);
        }
        // A length of nothing would go round for ever.
        assert_eq!(attributes(&[0; 8]).count(), 0);
        let mut message = 20_u32.to_ne_bytes().to_vec();
        message.resize(20, 0);
        message[8..12].copy_from_slice(&5_u32.to_ne_bytes());
        assert_eq!(find(&message, 5), Some((0, 16, 20)));
        assert_eq!(find(&message, 6), None);
        assert!((0..20).all(|len| find(&message[..len], 5).is_none()));
    }
}
