//! What every port promises of its endpoints: which of them a datagram is for, their order, their numbers, when they are free.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::Instant;

use netio::{Endpoint, EndpointIndex, Port};

use crate::exchange::{Arrived, FIRST, PATIENCE, assert_silent, payloads, receive, send, send_from};
use crate::rig::{Rig, any, free_port};

pub fn groups_and_endpoints_are_told_apart<R: Rig>() {
    let Some(rig) = R::make() else { return };
    let number = free_port();
    let [high, low] = number.to_be_bytes();
    let group = |line: u8| Ipv4Addr::new(239, 255 - line, high, low);
    let groups = [1, 2].map(|line| Endpoint::multicast(group(line), number, rig.ours()));
    let listening = [any(rig.ours()), groups[0].clone(), groups[1].clone(), any(rig.ours())];
    let (mut port, mut peer) = rig.open(&listening, &[any(rig.theirs())]).unwrap();
    let from = peer.local_addr(FIRST);
    let targets = [
        (port.local_addr(FIRST), Some(0)),
        (SocketAddrV4::new(group(1), number), Some(1)),
        (SocketAddrV4::new(group(2), number), Some(2)),
        (SocketAddrV4::new(group(3), number), None),
        (port.local_addr(EndpointIndex(3)), Some(3)),
        (SocketAddrV4::new(group(1), number), Some(1)),
    ];
    for (number, (to, _)) in (0_u8..).zip(&targets) {
        send(&mut peer, *to, &[number]);
    }
    let mut arrived = receive(&mut port, 5);
    // Order is promised at each endpoint, not between them.
    arrived.sort_by_key(|datagram| datagram.payload.clone());
    let expected: Vec<Arrived> = (0_u8..)
        .zip(&targets)
        .filter_map(|(number, (_, endpoint))| Some(Arrived { endpoint: (*endpoint)?, from, payload: vec![number] }))
        .collect();
    assert_eq!(arrived, expected);
    assert_silent(&mut port);
}

pub fn what_is_sent_to_a_group_reaches_its_members<R: Rig>() {
    let Some(rig) = R::make() else { return };
    let number = free_port();
    let [high, low] = number.to_be_bytes();
    let group = Ipv4Addr::new(239, 250, high, low);
    let member = Endpoint::multicast(group, number, rig.theirs());
    let (mut port, mut peer) = rig.open(&[any(rig.ours())], &[any(rig.theirs()), member]).unwrap();
    let from = port.local_addr(FIRST);
    for payload in [&b"one"[..], b"two"] {
        send(&mut port, SocketAddrV4::new(group, number), payload);
        assert_eq!(receive(&mut peer, 1), [Arrived { endpoint: 1, from, payload: payload.to_vec() }]);
    }
}

pub fn each_endpoint_keeps_its_order<R: Rig>() {
    let Some(rig) = R::make() else { return };
    let ours = [any(rig.ours()), any(rig.ours()), any(rig.ours())];
    let theirs = [any(rig.theirs()), any(rig.theirs()), any(rig.theirs())];
    let (mut port, mut peer) = rig.open(&ours, &theirs).unwrap();
    orders(&mut port, &mut peer);
    orders(&mut peer, &mut port);
}

fn orders(a: &mut impl Port, b: &mut impl Port) {
    let mut expected = [0_u8; 3];
    let mut sent = [0_u8; 3];
    for round in 0..60_usize {
        // Endpoints take unequal turns, and one sender's to another's.
        for step in 0..3 {
            let index = (round * step) % 3;
            let (endpoint, at) = (EndpointIndex([2, 0, 1][index]), EndpointIndex([0, 1, 2][index]));
            send_from(a, endpoint, b.local_addr(at), &[sent[index]]);
            sent[index] += 1;
        }
        for Arrived { endpoint, from, payload } in receive(b, 3) {
            let index = usize::from(endpoint);
            assert_eq!(from, a.local_addr(EndpointIndex([2, 0, 1][index])));
            assert_eq!(payload, [expected[index]], "at endpoint {endpoint}");
            expected[index] += 1;
        }
    }
    assert_eq!(expected, sent);
}

pub fn port_0_is_a_number_that_works<R: Rig>() {
    let Some(rig) = R::make() else { return };
    let (mut port, mut peer) = rig.open(&[any(rig.ours()), any(rig.ours())], &[any(rig.theirs())]).unwrap();
    let given = [0, 1].map(|index| port.local_addr(EndpointIndex(index)));
    assert!(given.iter().all(|address| address.port() != 0 && *address.ip() == rig.ours()), "{given:?}");
    assert_ne!(given[0], given[1]);
    for (index, to) in (0..).zip(given) {
        send(&mut peer, to, &[index]);
        let from = peer.local_addr(FIRST);
        assert_eq!(receive(&mut port, 1), [Arrived { endpoint: index, from, payload: vec![index] }]);
    }
}

pub fn an_address_is_free_again_when_its_port_is_gone<R: Rig>() {
    if let Err(why) = R::REOPENS {
        return eprintln!("a port of this kind is not opened twice in a process: {why}");
    }
    let Some(rig) = R::make() else { return };
    let at = |address, port| [Endpoint::unicast(SocketAddrV4::new(address, port))];
    let (ours, theirs) = (at(rig.ours(), free_port()), at(rig.theirs(), free_port()));
    // Whoever starts a process holds every socket twice until it has begun, and tests beside this one do. So it may be late,
    // but not always.
    let deadline = Instant::now() + PATIENCE;
    let mut late_turns = 0;
    for turn in 0..8_u8 {
        let mut is_late = false;
        let (mut port, mut peer) = loop {
            match rig.open(&ours, &theirs) {
                Ok(opened) => break opened,
                Err(error) => assert!(turn > 0 && Instant::now() < deadline, "turn {turn}: {error}"),
            }
            is_late = true;
        };
        late_turns += u8::from(is_late);
        let to = port.local_addr(FIRST);
        assert_eq!(to, ours[0].bind);
        port.receive(1, |received| panic!("{received:?}")).unwrap();
        send(&mut peer, to, &[turn]);
        assert_eq!(payloads(receive(&mut port, 1)), [[turn]]);
        send(&mut port, theirs[0].bind, &[turn]);
        assert_eq!(payloads(receive(&mut peer, 1)), [[turn]]);
        // Something unread may be left behind.
        send(&mut peer, to, b"unread");
    }
    assert!(late_turns < 7, "the addresses are never free at once");
}

pub fn a_port_opened_here_works_there<R: Rig>() {
    let Some(rig) = R::make() else { return };
    let (mut port, mut peer) = rig.open_unused(&[any(rig.ours())], &[any(rig.theirs())]).unwrap();
    let to = port.local_addr(FIRST);
    let echo = thread::spawn(move || {
        let asked = receive(&mut port, 1);
        send(&mut port, asked[0].from, &asked[0].payload);
        port
    });
    send(&mut peer, to, b"there and back");
    assert_eq!(receive(&mut peer, 1)[0].payload, b"there and back");
    drop(echo.join().unwrap());
}
