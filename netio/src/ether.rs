//! Frames as they lie on an Ethernet: what is for us in them, and how ours are built. For ports that bypass the kernel.
//!
//! ```text
//!  0        6          12     14 (18 with a tag)     34 (38)       42 (46)
//!  | to MAC | from MAC | type | IPv4, 20 bytes       | UDP, 8      | payload …
//! ```
//!
//! Bytes in, small checked structs out, and headers written in place before a payload: no I/O, no clock, no memory of its own.
//! [`classify`] looks at every received frame once and says what it is: one of our datagrams, a control frame that a host
//! has to answer (ARP, ICMP echo, IGMP), or a reason to drop it, which is counted. Whatever the bytes are, it returns.
//!
//! Non-goals: IPv6, putting fragments together, IPv4 options, reliability.
#![forbid(unsafe_code)]

pub mod arp;
mod checksum;
mod classify;
pub mod icmp;
pub mod igmp;
mod ipv4;
mod link;
mod station;
mod udp;

pub use checksum::Sum;
pub use classify::{Datagram, DropReason, Inbound, RxSums, classify};
pub use link::{Link, MacAddr};
pub use station::Station;
pub use udp::{Flow, TxSums};

use crate::port::PAYLOAD_MAX;

/// Ethernet, IPv4 and UDP headers of an untagged frame: where its payload begins.
pub const HEADERS_LEN: usize = ETHERNET_LEN + IPV4_LEN + UDP_LEN;
/// What an 802.1Q tag adds.
pub const TAG_LEN: usize = 4;
/// The longest frame that we build or take, without the checksum that the hardware appends.
pub const FRAME_MAX: usize = HEADERS_LEN + TAG_LEN + PAYLOAD_MAX;
/// The shortest frame on a wire. Shorter ones are filled up with zeros, so that nothing older leaks out.
pub const FRAME_MIN: usize = 60;

const ETHERNET_LEN: usize = 14;
const IPV4_LEN: usize = 20;
const UDP_LEN: usize = 8;
const _: () = assert!(FRAME_MAX == 1518);

/// Lengths and numbers of this module fit 16 bits: a frame is at most [`FRAME_MAX`] bytes.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "checked in debug builds; callers hold lengths of one frame")]
const fn u16_of(len: usize) -> u16 {
    debug_assert!(len <= u16::MAX as usize);
    len as u16
}

#[cfg(test)]
mod tests;
