//! The way to who has not been heard of, and from several queues, addresses and VLANs.

use std::collections::HashSet;
use std::net::{Ipv4Addr, UdpSocket};

use netio::socket::SocketPort;

use super::*;

#[test]
fn first_datagrams_wait_for_the_way_and_keep_their_order() {
    let Some(lab) = lab(1) else { return };
    let mut port = open(&lab);
    let mut peer = lab.on(Side::Near, || SocketPort::open(&[any(Side::Near)])).unwrap().unwrap();
    let to = peer.local_addr(FIRST);
    (0..100).for_each(|number| send(&mut port, to, &[number]));
    assert_eq!(port.counters().tx_errors, 0);
    let arrived = receive(&mut peer, 100, || port.flush_and_listen());
    let numbers: Vec<u8> = arrived.iter().map(|(_, payload)| payload[0]).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[test]
fn where_there_is_no_way_it_is_counted() {
    let Some(lab) = lab(1) else { return };
    let mut port = open(&lab);
    // No route leads there; and this is ourselves, whom the link does not reach.
    let lost = [SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9), port.local_addr(FIRST)];
    lost.iter().for_each(|to| send(&mut port, *to, b"lost"));
    let deadline = Instant::now() + PATIENCE;
    while port.counters().tx_unresolved < 2 && Instant::now() < deadline {
        port.flush_and_listen();
        std::thread::sleep(Duration::from_millis(1));
    }
    let counters = port.counters();
    assert_eq!((counters.tx_datagrams, counters.tx_errors, counters.tx_unresolved), (2, 2, 2));
}

/// What a stranger writes under another's name neither stops nor redirects what goes to that one.
#[test]
fn who_is_known_cannot_be_talked_over() {
    let Some(lab) = lab(1) else { return };
    let mut port = open(&lab);
    let mut peer = lab.on(Side::Near, || SocketPort::open(&[any(Side::Near)])).unwrap().unwrap();
    let (ours, theirs) = (port.local_addr(FIRST), peer.local_addr(FIRST));
    send(&mut port, theirs, b"known");
    receive(&mut peer, 1, || port.flush_and_listen());
    // The near side's name with another hardware address, which nobody has.
    let liar = outside::Raw::on(&lab, "near0");
    liar.send(&outside::frame_from([2, 9, 9, 9, 9, 9], theirs, ours, b"a lie"));
    assert_eq!(receive(&mut port, 1, || ())[0].1, b"a lie");
    send(&mut port, theirs, b"still the way");
    assert_eq!(receive(&mut peer, 1, || port.flush_and_listen())[0].1, b"still the way");
}

#[test]
fn every_queue_is_served() {
    let Some(lab) = lab(2) else { return };
    let mut port = open(&lab);
    assert!(port.how().starts_with("far0, 2 queues, native"), "{}", port.how());
    let to = port.local_addr(FIRST);
    // Many senders are spread over the queues.
    let senders: Vec<UdpSocket> =
        (0..64).map(|_| lab.on(Side::Near, || UdpSocket::bind((Side::Near.address(), 0)).unwrap()).unwrap()).collect();
    for sender in &senders {
        sender.send_to(b"from somewhere", to).unwrap();
    }
    let from: HashSet<SocketAddrV4> = receive(&mut port, 64, || ()).into_iter().map(|(from, _)| from).collect();
    assert_eq!(from.len(), 64);
    // Answers to all leave by one.
    for (sender, to) in from.iter().zip(&from) {
        send(&mut port, *to, &sender.port().to_be_bytes());
    }
    for sender in &senders {
        sender.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(sender.recv(&mut buffer).unwrap(), 2);
        assert_eq!(buffer[..2], sender.local_addr().unwrap().port().to_be_bytes());
    }
}

/// Both ends put their frames into VLAN 7. (The kernel's questions go without a tag: it knows nothing of it here.)
#[test]
fn a_port_in_a_vlan_takes_and_makes_its_tags() {
    let Some(lab) = lab(1) else { return };
    let options = XdpOptions { vlan: Some(7), ..XdpOptions::default() };
    let open = |side| lab.on(side, || XdpPort::open_with(&[any(side)], &options)).unwrap().unwrap();
    let (mut near, mut far) = (open(Side::Near), open(Side::Far));
    assert!(far.how().starts_with("far0, VLAN 7, 1 queue"), "{}", far.how());
    let (to, back) = (far.local_addr(FIRST), near.local_addr(FIRST));
    send(&mut near, to, b"tagged");
    assert_eq!(receive(&mut far, 1, || near.flush_and_listen()), [(back, b"tagged".to_vec())]);
    send(&mut far, back, b"as well");
    assert_eq!(receive(&mut near, 1, || far.flush_and_listen()), [(to, b"as well".to_vec())]);
    // Without the tag it is somebody else's.
    outside::Raw::on(&lab, "near0").send(&outside::frame_from(Side::Near.mac(), back, to, b"untagged"));
    let deadline = Instant::now() + PATIENCE;
    while far.counters().rx_not_ours == 0 && Instant::now() < deadline {
        far.receive(16, |received| panic!("{received:?}")).unwrap();
    }
    assert_eq!(far.counters().rx_not_ours, 1);
}

/// Two interfaces in one port, each with its own addresses; datagrams leave by the one they are from.
#[test]
fn one_port_spans_interfaces() {
    let Some(lab) = lab(1) else { return };
    run(&lab, Side::Far, &["ip", "link", "add", "side0", "type", "veth", "peer", "name", "side1"]);
    for (device, address) in [("side0", "10.26.42.1/24"), ("side1", "10.26.42.2/24")] {
        run(&lab, Side::Far, &["ip", "address", "add", address, "dev", device]);
        run(&lab, Side::Far, &["ip", "link", "set", device, "up"]);
    }
    let other = Endpoint::unicast("10.26.42.1:0".parse().unwrap());
    let mut port = open_at(&lab, Side::Far, &[any(Side::Far), other]).unwrap();
    assert!(port.how().contains("far0,") && port.how().contains("; side0,"), "{}", port.how());
    let mut peer = lab.on(Side::Near, || SocketPort::open(&[any(Side::Near)])).unwrap().unwrap();
    // Nobody is known on the other one, so what is sent there by turns waits; this way all arrives.
    let (near, nobody) = (peer.local_addr(FIRST), "10.26.42.9:9".parse().unwrap());
    let mut number = 0;
    let taken = port.send(20, |buffer| {
        buffer[0] = number;
        number += 1;
        let (endpoint, to) = if number % 2 == 1 { (FIRST, near) } else { (EndpointIndex(1), nobody) };
        Some(Outgoing { endpoint, to, len: 1 })
    });
    assert_eq!(taken.unwrap(), 20);
    let arrived = receive(&mut peer, 10, || port.flush_and_listen());
    let numbers: Vec<u8> = arrived.iter().map(|(_, payload)| payload[0]).collect();
    assert_eq!(numbers, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    assert_eq!(arrived[0].0, port.local_addr(FIRST));
}

/// Turns in which nothing is expected.
trait Idle {
    fn flush_and_listen(&mut self);
}

impl Idle for XdpPort {
    fn flush_and_listen(&mut self) {
        self.receive(16, |received| panic!("{received:?}")).unwrap();
    }
}
