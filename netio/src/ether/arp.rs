//! Which hardware address has an IPv4 address: asked and answered (RFC 826).

use std::net::Ipv4Addr;

use super::classify::DropReason;
use super::link::{self, Link, MacAddr};
use super::{FRAME_MIN, Station};

/// A question, an answer, or an announcement (which is either, about the sender itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// Whether an answer is expected.
    pub is_request: bool,
    /// Who speaks, and which address they say is theirs.
    pub sender: (MacAddr, Ipv4Addr),
    /// Whom they ask for, or answer.
    pub target: Ipv4Addr,
}

impl Arp {
    /// Takes what concerns us.
    pub(super) fn parse(link: &Link, bytes: &[u8], station: &Station) -> Result<Self, DropReason> {
        let (packet, _) = bytes.split_first_chunk::<ARP_LEN>().ok_or(DropReason::Malformed)?;
        let (head, packet) = packet.split_first_chunk::<8>().ok_or(DropReason::Malformed)?;
        let [s0, s1, s2, s3, s4, s5, a, b, c, d, _, _, _, _, _, _, e, f, g, h] = *packet else {
            return Err(DropReason::Malformed);
        };
        let [fixed @ .., operation] = *head;
        let sender = (MacAddr([s0, s1, s2, s3, s4, s5]), Ipv4Addr::new(a, b, c, d));
        let target = Ipv4Addr::new(e, f, g, h);
        // Who speaks for another station, or for many, lies.
        if fixed != ETHERNET_IPV4 || !matches!(operation, REQUEST | REPLY) || sender.0 != link.from {
            return Err(DropReason::Malformed);
        }
        if sender.0.is_group() || station.owns(sender.1) {
            return Err(DropReason::Malformed);
        }
        if !station.owns(target) && sender.1 != target {
            return Err(DropReason::NotOurs);
        }
        Ok(Self { is_request: operation == REQUEST, sender, target })
    }

    /// Writes the answer to a question about an address of ours and returns its length; `None` when this is no such
    /// question, or there is no room.
    pub fn write_reply(&self, station: &Station, frame: &mut [u8]) -> Option<usize> {
        if !self.is_request || !station.owns(self.target) {
            return None;
        }
        write(REPLY, self.sender.0, station, self.target, self.sender, frame)
    }
}

/// Writes a question to everyone: who has `target`? `from` is the address of ours that wants to know. `None` when there is no room.
pub fn write_request(station: &Station, from: Ipv4Addr, target: Ipv4Addr, frame: &mut [u8]) -> Option<usize> {
    write(REQUEST, MacAddr::BROADCAST, station, from, (MacAddr([0; 6]), target), frame)
}

fn write(
    operation: u8,
    to: MacAddr,
    station: &Station,
    from: Ipv4Addr,
    target: (MacAddr, Ipv4Addr),
    frame: &mut [u8],
) -> Option<usize> {
    let frame = frame.get_mut(..FRAME_MIN)?;
    frame.fill(0);
    let body = Link { to, from: station.mac(), vlan: station.vlan() }.write(frame, link::TYPE_ARP)?;
    let packet = body.first_chunk_mut::<ARP_LEN>()?;
    packet[..7].copy_from_slice(&ETHERNET_IPV4);
    packet[7] = operation;
    packet[8..14].copy_from_slice(&station.mac().0);
    packet[14..18].copy_from_slice(&from.octets());
    packet[18..24].copy_from_slice(&target.0.0);
    packet[24..28].copy_from_slice(&target.1.octets());
    Some(FRAME_MIN)
}

const ARP_LEN: usize = 28;
/// Hardware type, protocol type, the lengths of their addresses, and the upper byte of the operation.
const ETHERNET_IPV4: [u8; 7] = [0, 1, 8, 0, 6, 4, 0];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;
