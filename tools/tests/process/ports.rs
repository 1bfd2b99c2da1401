//! Four UDP ports, some TCP ports and a multicast group that no other test of this machine uses.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what systems hand out by themselves (32768 and up), so that no client's port is ever in the way of a restart.
const FIRST: u16 = 20_000;
/// Addresses of one claim.
const STRIDE: u16 = 4;
/// How many claims there can be.
const CLAIMS: u16 = 3_000;

/// The claim stands for as long as the value lives, in this process and among all others.
pub struct Ports {
    base: u16,
    /// A TCP listener on the first number: nobody else gets it, and the UDP ports stay free for the appliance.
    _claim: TcpListener,
}

impl Ports {
    /// Claims some.
    pub fn claim() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Processes that run at the same time begin their search apart from each other.
        let spread = u16::try_from(std::process::id() % u32::from(CLAIMS)).unwrap_or(0);
        for attempt in 0..CLAIMS {
            let index = (spread + NEXT.fetch_add(1, Ordering::Relaxed) * 7 + attempt) % CLAIMS;
            let base = FIRST + index * STRIDE;
            let Ok(claim) = TcpListener::bind((Ipv4Addr::LOCALHOST, base)) else { continue };
            if (base..base + STRIDE).all(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
                return Self { base, _claim: claim };
            }
        }
        panic!("expected four free ports in a row from {FIRST} on, found none");
    }

    /// Where orders go.
    pub fn order_entry(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.base)
    }

    /// Where requests go.
    pub fn rerequest(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.base + 1)
    }

    /// Where subscribers ask, for messages by UDP and for snapshots by TCP.
    pub fn subscribers(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.base + 3)
    }

    /// Where operators log in, by TCP.
    pub fn admin(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.base + 1)
    }

    /// Where ticks go.
    pub fn tick_line(&self) -> SocketAddrV4 {
        let [high, low] = self.base.to_be_bytes();
        SocketAddrV4::new(Ipv4Addr::new(239, 26, high, low), self.base + 2)
    }

    /// Where the depth stream goes.
    pub fn depth_line(&self) -> SocketAddrV4 {
        let [high, low] = self.base.to_be_bytes();
        SocketAddrV4::new(Ipv4Addr::new(239, 27, high, low), self.base + 2)
    }
}
