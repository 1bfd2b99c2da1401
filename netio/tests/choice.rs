//! Which port is taken where several could be, and what is said of the others.
#![cfg(not(loom))]

use std::net::SocketAddrV4;

use netio::host::{HostPort, PortKind};
use netio::lab::{Lab, Side, excuse};
use netio::{Endpoint, PortError};

fn endpoint(side: Side) -> [Endpoint; 1] {
    [Endpoint::unicast(SocketAddrV4::new(side.address(), 0))]
}

#[test]
fn on_an_interface_the_best_is_taken_and_the_next_when_somebody_has_it() {
    let lab = match Lab::make(1) {
        Ok(lab) => lab,
        Err(error) => return excuse("network namespaces", &error),
    };
    let open = |kind: PortKind| lab.on(Side::Far, || HostPort::open(&kind.into(), &endpoint(Side::Far))).unwrap();
    let first = open(PortKind::Auto).unwrap();
    if first.kind() != PortKind::Xdp {
        return excuse("AF_XDP", first.choice());
    }
    assert!(first.choice().to_string().starts_with("xdp, far0, 1 queue"), "{}", first.choice());
    let second = open(PortKind::Auto).unwrap();
    let said = second.choice().to_string();
    assert!(matches!(second.kind(), PortKind::Uring | PortKind::Socket), "{said}");
    assert!(said.contains("not xdp: ") && said.contains("far0"), "{said}");
    // Who asked for it by name gets nothing else.
    let refused = open(PortKind::Xdp).unwrap_err().to_string();
    let why = |text: &str| text.split_once("XDP program").map(|(_, why)| why.to_owned());
    assert!(why(&refused).is_some() && why(&refused) == why(&said), "{refused}");
    drop((first, second));
    assert_eq!(open(PortKind::Auto).unwrap().kind(), PortKind::Xdp, "it is free again");
}

#[test]
fn an_address_that_nobody_here_has_is_told_as_such() {
    let elsewhere = [Endpoint::unicast(SocketAddrV4::new([192, 0, 2, 1].into(), 0))];
    for kind in [PortKind::Auto, PortKind::Socket] {
        let error = HostPort::open(&kind.into(), &elsewhere).unwrap_err();
        assert!(matches!(error, PortError::Endpoint { .. }), "{kind}: {error}");
        assert!(error.to_string().contains("192.0.2.1"), "{kind}: {error}");
    }
}
