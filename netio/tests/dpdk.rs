//! What is particular to the DPDK port; the rest is in the contract.
//!
//! | on | in |
//! |---|---|
//! | every kind of virtual device: opened and polled, with traffic where there can be any | `dpdk/devices.rs` |
//! | what a host owes its network: ARP, echo, next hops | `dpdk/manners.rs` |
//! | what is refused, and how that is said | `dpdk/refusals.rs` |
//! | reserved huge pages, also after a crash | `dpdk/huge_pages.rs` |
#![cfg(all(feature = "dpdk", not(loom)))]

#[path = "dpdk/devices.rs"]
mod devices;
#[path = "dpdk/huge_pages.rs"]
mod huge_pages;
#[path = "dpdk/manners.rs"]
mod manners;
#[path = "dpdk/refusals.rs"]
mod refusals;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::lab::{Lab, Side, excuse};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

const FIRST: EndpointIndex = EndpointIndex(0);
/// Only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// One of the tests may have one whatever others of this process have. DPDK's settings are the same for all.
fn options(driver: &str, arguments: &str) -> DpdkOptions {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let device = format!("{driver}{}{arguments}", NUMBER.fetch_add(1, Ordering::Relaxed));
    DpdkOptions { device, huge_pages: false, memory_mib: 1024, descriptors: 512, ..DpdkOptions::default() }
}

/// A lab whose far address is the port's.
fn lab() -> Option<Lab> {
    match Lab::make(1) {
        Ok(lab) => {
            lab.hand_over_address(Side::Far).unwrap();
            Some(lab)
        }
        Err(error) => {
            excuse("network namespaces", &error);
            None
        }
    }
}

/// An address with a number of the port's choice.
fn any(address: Ipv4Addr) -> Endpoint {
    Endpoint::unicast(SocketAddrV4::new(address, 0))
}

/// A port over AF_PACKET at the far end of a lab.
fn far_port(lab: &Lab) -> DpdkPort {
    let options = options("net_af_packet", &format!(",iface={}", Side::Far.device()));
    lab.on(Side::Far, || DpdkPort::open(&options, &[any(Side::Far.address())])).unwrap().unwrap()
}

/// Tries until it is so. Whoever says so polls the port, too.
fn poll_until(port: &mut DpdkPort, mut is_so: impl FnMut(&mut DpdkPort) -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE * 2;
    while Instant::now() < deadline {
        if is_so(port) {
            return true;
        }
        thread::sleep(Duration::from_micros(100));
    }
    false
}

fn send(port: &mut DpdkPort, to: SocketAddrV4, payload: &[u8]) {
    let taken = port.send(1, |buffer| {
        buffer[..payload.len()].copy_from_slice(payload);
        Some(Outgoing { endpoint: FIRST, to, len: payload.len() })
    });
    assert_eq!(taken.unwrap(), 1);
}
