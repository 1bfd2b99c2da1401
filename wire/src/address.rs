//! An IPv4 endpoint as plain numbers.
//!
//! Goal: an address that the pure part of the engine can hold, compare and journal. Non-goal: sockets, names, IPv6.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};

use crate::layout::Disk;

/// IPv4 address and UDP port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr {
    /// The address as one number: 127.0.0.1 is `0x7F00_0001`.
    pub ip: u32,
    /// The UDP port.
    pub port: u16,
}

impl Addr {
    /// An endpoint from the address as a number and the port.
    #[must_use]
    pub const fn new(ip: u32, port: u16) -> Self {
        Self { ip, port }
    }

    /// Six bytes, big-endian: what a login cookie is bound to.
    #[must_use]
    pub(crate) const fn to_bytes(self) -> [u8; 6] {
        let ([a, b, c, d], [high, low]) = (self.ip.to_be_bytes(), self.port.to_be_bytes());
        [a, b, c, d, high, low]
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddrV4::from(*self).fmt(f)
    }
}

impl From<SocketAddrV4> for Addr {
    fn from(address: SocketAddrV4) -> Self {
        Self { ip: address.ip().to_bits(), port: address.port() }
    }
}

impl From<Addr> for SocketAddrV4 {
    fn from(address: Addr) -> Self {
        Self::new(Ipv4Addr::from_bits(address.ip), address.port)
    }
}

impl Disk for Addr {
    const LEN: usize = 6;
    const EXPECTED: &'static str = "an address";
    fn read(bytes: &[u8]) -> Option<Self> {
        let (ip, port) = bytes.split_first_chunk::<4>()?;
        Some(Self { ip: u32::from_le_bytes(*ip), port: u16::from_le_bytes(port.try_into().ok()?) })
    }
    fn write(self, out: &mut [u8]) {
        let ([a, b, c, d], [low, high]) = (self.ip.to_le_bytes(), self.port.to_le_bytes());
        out.copy_from_slice(&[a, b, c, d, low, high]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_on_both_sides() {
        let outside = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 26_400);
        let inside = Addr::from(outside);
        assert_eq!(inside, Addr::new(0xC000_0207, 26_400));
        assert_eq!(SocketAddrV4::from(inside), outside);
        assert_eq!(inside.to_string(), "192.0.2.7:26400");
        assert_eq!(inside.to_bytes(), [192, 0, 2, 7, 0x67, 0x20]);
    }
}
