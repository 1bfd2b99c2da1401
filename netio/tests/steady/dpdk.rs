//! DPDK over devices that need no kernel: no call, no fault.

use std::net::{Ipv4Addr, SocketAddrV4};

use netio::dpdk::{DpdkOptions, DpdkPort};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

use crate::look_at;
use crate::thread::Observed;

const FIRST: EndpointIndex = EndpointIndex(0);
const A: Ipv4Addr = Ipv4Addr::new(10, 99, 4, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 99, 4, 2);

fn options(device: &str) -> DpdkOptions {
    let device = device.to_owned();
    DpdkOptions { device, huge_pages: false, memory_mib: 256, descriptors: 512, ..DpdkOptions::default() }
}

fn at(address: Ipv4Addr) -> [Endpoint; 1] {
    [Endpoint::unicast(SocketAddrV4::new(address, 7000))]
}

/// Datagrams go round: from one port to the other and back, in bursts, with a payload that changes.
#[test]
fn rings_with_traffic() {
    let (mut a, mut b) = DpdkPort::pair(&options(""), &at(A), &at(B), 256).unwrap();
    let (at_a, at_b) = (a.local_addr(FIRST), b.local_addr(FIRST));
    let mut number = 0_u64;
    let (observed, done) = look_at(|| {
        let mut send = |port: &mut DpdkPort, to| {
            let sent = port.send(8, |buffer| {
                number += 1;
                buffer[..8].copy_from_slice(&number.to_be_bytes());
                Some(Outgoing { endpoint: FIRST, to, len: 100 })
            });
            sent.unwrap();
        };
        send(&mut a, at_b);
        let there = b.receive(32, |_| ()).unwrap();
        send(&mut b, at_a);
        there + a.receive(32, |_| ()).unwrap()
    });
    assert!(done > 10_000, "it stood still: {done}");
    if let Some(observed) = observed {
        assert_eq!(observed, Observed::default());
    }
}

/// Nothing comes, and then only what is to be dropped.
#[test]
fn idle_and_flooded() {
    for device in ["net_null0,no-rx=1", "net_null1"] {
        let mut port = DpdkPort::open(&options(device), &at(A)).unwrap();
        let (observed, _) = look_at(|| port.receive(32, |_| ()).unwrap());
        if let Some(observed) = observed {
            assert_eq!(observed, Observed::default(), "{device}");
        }
    }
}
