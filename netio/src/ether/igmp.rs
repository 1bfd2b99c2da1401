//! How routers and switches learn which groups we listen to: IGMP, versions 2 (RFC 2236) and 3 (RFC 3376).
//!
//! Queries are parsed and reports are written here; when to send which, and how often, is the port's affair.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::classify::{DropReason, RxSums};
use super::ipv4::{self, ALERT_LEN, Head};
use super::link::{self, Link, MacAddr};
use super::{FRAME_MIN, Station, Sum};

/// Every host on this network.
pub const ALL_HOSTS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// Where version 3 reports go.
const REPORT_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// The dialect of a network: that of its querier. Without one, version 3.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// Reports go to the group itself.
    V2,
    /// Reports go to all routers.
    #[default]
    V3,
}

/// A router asks who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The version that the router speaks; version 1 is answered as version 2.
    pub version: Version,
    /// The group it asks for; `None`: all.
    pub group: Option<Ipv4Addr>,
    /// An answer is due within this time, at a moment of chance, so that not all hosts answer at once.
    pub within: Duration,
}

/// What a report says of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// We begin to listen.
    Join,
    /// We listen: the answer to a query.
    Current,
    /// We listen no more.
    Leave,
}

impl Query {
    pub(super) fn parse(body: &[u8], sums: RxSums) -> Result<Self, DropReason> {
        let (head, more) = body.split_first_chunk::<8>().ok_or(DropReason::Malformed)?;
        if sums == RxSums::Verify && Sum::new().bytes(body).checksum() != 0 {
            return Err(DropReason::Checksum);
        }
        let [kind, code, _, _, a, b, c, d] = *head;
        if kind != QUERY {
            return Err(DropReason::NotOurs);
        }
        let version = if more.is_empty() { Version::V2 } else { Version::V3 };
        let tenths = match (version, u64::from(code)) {
            // Version 1 has no such field, and waits this long.
            (_, 0) => 100,
            // Above 127 it is a floating-point number: three bits of exponent, four of mantissa.
            (Version::V3, code @ 128..) => ((code & 0x0F) | 0x10) << (((code >> 4) & 7) + 3),
            (_, code) => code,
        };
        let group = Ipv4Addr::new(a, b, c, d);
        let group = (!group.is_unspecified()).then_some(group);
        Ok(Self { version, group, within: Duration::from_millis(tenths * 100) })
    }
}

/// Writes what there is to say of a group, from this address of ours, and returns the frame's length. `None` when there is no room.
pub fn write_report(
    version: Version,
    membership: Membership,
    group: Ipv4Addr,
    station: &Station,
    from: Ipv4Addr,
    frame: &mut [u8],
) -> Option<usize> {
    let [a, b, c, d] = group.octets();
    let record = match membership {
        Membership::Join => CHANGE_TO_EXCLUDE,
        Membership::Current => MODE_IS_EXCLUDE,
        Membership::Leave => CHANGE_TO_INCLUDE,
    };
    // Version 3: one record of the group, without sources: all of them, or none.
    let mut body = [REPORT_V3, 0, 0, 0, 0, 0, 0, 1, record, 0, 0, 0, a, b, c, d];
    let (to, len) = match (version, membership) {
        (Version::V3, _) => (REPORT_ROUTERS, 16),
        (Version::V2, Membership::Leave) => (ALL_ROUTERS, 8),
        (Version::V2, _) => (group, 8),
    };
    if version == Version::V2 {
        let kind = if membership == Membership::Leave { LEAVE_V2 } else { REPORT_V2 };
        body[..8].copy_from_slice(&[kind, 0, 0, 0, a, b, c, d]);
    }
    let body = &mut body[..len];
    let [c0, c1] = Sum::new().bytes(body).checksum().to_be_bytes();
    body[2..4].copy_from_slice(&[c0, c1]);

    let vlan = station.vlan();
    let frame_len = (Link::len(vlan) + ALERT_LEN + len).max(FRAME_MIN);
    let frame = frame.get_mut(..frame_len)?;
    frame.fill(0);
    let rest = Link { to: MacAddr::of_group(to), from: station.mac(), vlan }.write(frame, link::TYPE_IPV4)?;
    let (head, rest) = rest.split_first_chunk_mut::<ALERT_LEN>()?;
    *head = Head { from, to, protocol: ipv4::IGMP, ttl: 1, id: 0 }.bytes_alert(len);
    rest.get_mut(..len)?.copy_from_slice(body);
    Some(frame_len)
}

const QUERY: u8 = 0x11;
const REPORT_V2: u8 = 0x16;
const LEAVE_V2: u8 = 0x17;
const REPORT_V3: u8 = 0x22;
const MODE_IS_EXCLUDE: u8 = 2;
const CHANGE_TO_INCLUDE: u8 = 3;
const CHANGE_TO_EXCLUDE: u8 = 4;
