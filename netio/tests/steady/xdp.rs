//! AF_XDP over the lab's link: no call while nothing is sent, and one wakeup of the driver for each burst that is.

use std::net::SocketAddrV4;

use netio::lab::{Lab, Side, excuse};
use netio::xdp::XdpPort;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

use crate::look_at;

const FIRST: EndpointIndex = EndpointIndex(0);

fn ends() -> Option<(XdpPort, XdpPort)> {
    let lab = match Lab::make(1) {
        Ok(lab) => lab,
        Err(error) => {
            excuse("network namespaces", &error);
            return None;
        }
    };
    let open = |side: Side| {
        let endpoints = [Endpoint::unicast(SocketAddrV4::new(side.address(), 0))];
        lab.on(side, || XdpPort::open(&endpoints)).unwrap().unwrap()
    };
    Some((open(Side::Near), open(Side::Far)))
}

#[test]
fn idle() {
    let Some((mut port, _other)) = ends() else { return };
    let (observed, _) = look_at(|| port.receive(32, |_| ()).unwrap());
    if let Some(observed) = observed {
        assert_eq!((observed.calls.len(), observed.faults), (0, 0), "{observed:?}");
    }
}

/// Datagrams go round between two ports that are polled by one thread. Frames are copied here, so a burst takes one wakeup.
#[test]
fn with_traffic() {
    let Some((mut a, mut b)) = ends() else { return };
    let (at_a, at_b) = (a.local_addr(FIRST), b.local_addr(FIRST));
    let mut number = 0_u64;
    let (observed, done) = look_at(|| {
        let mut send = |port: &mut XdpPort, to| {
            let mut left = 8;
            let sent = port.send(8, |buffer| {
                number += 1;
                left -= 1;
                buffer[..8].copy_from_slice(&number.to_be_bytes());
                (left >= 0).then_some(Outgoing { endpoint: FIRST, to, len: 100 })
            });
            sent.unwrap();
        };
        send(&mut a, at_b);
        let there = b.receive(32, |_| ()).unwrap();
        send(&mut b, at_a);
        there + a.receive(32, |_| ()).unwrap()
    });
    assert!(done > 1000, "it stood still: {done}");
    if let Some(observed) = observed {
        assert!(observed.calls.keys().eq(["sendto"]), "{observed:?}");
        assert_eq!(observed.faults, 0, "{observed:?}");
    }
}
