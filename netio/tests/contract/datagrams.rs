//! What every port promises of datagrams, one promise a function, in both directions where that makes a difference.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use netio::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port};

use crate::allocations;
use crate::exchange::{Arrived, FIRST, PATIENCE, assert_silent, payload_of, payloads, receive, send, send_from};
use crate::rig::{Outside, Rig, any, free_port};

/// The rig, with one endpoint each.
fn pair<R: Rig>() -> Option<(R, R::Port, R::Peer)> {
    let rig = R::make()?;
    let (port, peer) = rig.open(&[any(rig.ours())], &[any(rig.theirs())]).unwrap();
    Some((rig, port, peer))
}

pub fn bursts_arrive_whole_and_in_order<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    bursts(&mut port, &mut peer);
    bursts(&mut peer, &mut port);
}

fn bursts(a: &mut impl Port, b: &mut impl Port) {
    let (from, to) = (a.local_addr(FIRST), b.local_addr(FIRST));
    let (sent_before, got_before) = (a.counters(), b.counters());
    let mut next = 0;
    let mut expected = 0;
    while expected < 1000 {
        a.send(48, |buffer| {
            if next == 1000 {
                return None;
            }
            let payload = payload_of(next);
            buffer[..payload.len()].copy_from_slice(&payload);
            next += 1;
            Some(Outgoing { endpoint: FIRST, to, len: payload.len() })
        })
        .unwrap();
        let arrived = receive(b, usize::try_from(next - expected).unwrap());
        for datagram in &arrived {
            assert_eq!(*datagram, Arrived { endpoint: 0, from, payload: payload_of(expected) });
            expected += 1;
        }
        assert_eq!(expected, next, "lost on the way: {:?}, {:?}", a.counters(), b.counters());
    }
    let (sent, got) = (a.counters(), b.counters());
    assert_eq!((sent.tx_datagrams - sent_before.tx_datagrams, sent.tx_errors - sent_before.tx_errors), (1000, 0));
    assert_eq!(got.rx_datagrams - got_before.rx_datagrams, 1000);
    assert_eq!(got.rx_bytes - got_before.rx_bytes, sent.tx_bytes - sent_before.tx_bytes);
    assert_eq!((got.rx_truncated, got.rx_errors), (got_before.rx_truncated, got_before.rx_errors));
}

pub fn every_length_passes<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    lengths(&mut port, &mut peer);
    lengths(&mut peer, &mut port);
}

fn lengths(a: &mut impl Port, b: &mut impl Port) {
    let to = b.local_addr(FIRST);
    for len in 0..=PAYLOAD_MAX {
        // Bytes that differ from their neighbours and from those of the last one.
        let byte = |at: usize| u8::try_from((at * 7 + len) % 251).unwrap();
        let payload: Vec<u8> = (0..len).map(byte).collect();
        send(a, to, &payload);
        assert_eq!(payloads(receive(b, 1)), [payload], "{len} bytes");
    }
}

pub fn empty_datagrams_are_datagrams<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    empty(&mut port, &mut peer);
    empty(&mut peer, &mut port);
}

fn empty(a: &mut impl Port, b: &mut impl Port) {
    let to = b.local_addr(FIRST);
    let longest = vec![0xA5; PAYLOAD_MAX];
    let sent: [&[u8]; 6] = [b"", b"x", &longest, b"", b"", b"last"];
    // First into an idle receiver, then into one that is listening already.
    for _ in 0..2 {
        for payload in sent {
            send(a, to, payload);
        }
        assert_eq!(payloads(receive(b, 6)), sent);
    }
}

pub fn what_cannot_be_sent_is_counted_and_harms_nothing<R: Rig>() {
    let Some((rig, mut a, mut b)) = pair::<R>() else { return };
    let to = b.local_addr(FIRST);
    let before = a.counters().tx_errors;
    // Port 0 is nowhere, on every kind of port.
    let nowhere = SocketAddrV4::new(rig.theirs(), 0);
    let attempts = [
        Outgoing { endpoint: FIRST, to, len: PAYLOAD_MAX + 1 },
        Outgoing { endpoint: FIRST, to, len: 1 },
        Outgoing { endpoint: EndpointIndex(1), to, len: 1 },
        Outgoing { endpoint: EndpointIndex(255), to, len: 1 },
        Outgoing { endpoint: FIRST, to: nowhere, len: 1 },
        Outgoing { endpoint: FIRST, to, len: 2 },
    ];
    let mut rest = attempts.into_iter();
    assert_eq!(a.send(10, |_| rest.next()).unwrap(), 6);
    a.flush().unwrap();
    let lengths: Vec<usize> = payloads(receive(&mut b, 2)).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 2]);
    assert_silent(&mut b);
    // A refusal may be heard of some time later.
    let deadline = Instant::now() + PATIENCE;
    while a.counters().tx_errors - before < 4 && Instant::now() < deadline {
        a.flush().unwrap();
    }
    assert_eq!(a.counters().tx_errors - before, 4);
}

pub fn no_more_than_asked_for_is_taken_or_handed_over<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    no_more(&mut port, &mut peer);
    no_more(&mut peer, &mut port);
}

fn no_more(a: &mut impl Port, b: &mut impl Port) {
    let to = b.local_addr(FIRST);
    let mut asked = 0;
    let taken = a.send(5, |_| {
        asked += 1;
        Some(Outgoing { endpoint: FIRST, to, len: asked })
    });
    assert_eq!((taken.unwrap(), asked), (5, 5));
    assert_eq!(a.send(0, |_| panic!("asked for nothing")).unwrap(), 0);
    let mut refused = 0;
    let taken = a.send(5, |_| {
        refused += 1;
        None
    });
    assert_eq!((taken.unwrap(), refused), (0, 1));
    let mut seen = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while seen.len() < 5 && Instant::now() < deadline {
        let before = seen.len();
        let handed = b.receive(2, |received| seen.push(received.payload.len())).unwrap();
        assert!(handed <= 2 && handed == seen.len() - before);
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!(b.receive(0, |received| panic!("{received:?}")).unwrap(), 0);
}

pub fn what_was_accepted_arrives_also_when_the_receiver_is_late<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    late(&mut port, &mut peer);
    late(&mut peer, &mut port);
}

fn late(a: &mut impl Port, b: &mut impl Port) {
    let to = b.local_addr(FIRST);
    let mut number = 0_u8;
    let mut accepted = 0;
    // More than fits into a ring of 64, fewer than the smallest usual socket buffer holds.
    for _ in 0..4 {
        let taken = a.send(32, |buffer| {
            buffer[0] = number;
            number += 1;
            Some(Outgoing { endpoint: FIRST, to, len: 1 })
        });
        accepted += taken.unwrap();
    }
    assert_eq!(usize::from(number), accepted, "asked for what it had no room for");
    assert!(accepted == 128 || a.counters().tx_no_room > 0);
    let arrived: Vec<u8> = receive(b, accepted).iter().map(|datagram| datagram.payload[0]).collect();
    assert_eq!(arrived, (0..number).collect::<Vec<_>>());
    // And there is room again.
    send(a, to, b"more");
    assert_eq!(receive(b, 1)[0].payload, b"more");
}

/// Nobody receives for a long while: loss is allowed, and counted or in the system's own queue; what does arrive is whole and
/// in order, and afterwards everything is as before.
pub fn a_flood_ends_in_loss_or_back_pressure_and_in_nothing_else<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    flood(&mut peer, &mut port);
    flood(&mut port, &mut peer);
}

fn flood(a: &mut impl Port, b: &mut impl Port) {
    const OFFERED: u32 = 40_000;
    let to = b.local_addr(FIRST);
    let mut next = 0_u32;
    for _ in 0..OFFERED / 32 {
        a.send(32, |buffer| {
            buffer[..4].copy_from_slice(&next.to_be_bytes());
            next += 1;
            Some(Outgoing { endpoint: FIRST, to, len: 1000 })
        })
        .unwrap();
    }
    assert!(next <= OFFERED);
    let mut last = None;
    let mut quiet = 0;
    // What waits in the sender goes on when there is room.
    while quiet < 20 {
        a.flush().unwrap();
        let got = b
            .receive(64, |received| {
                let number = u32::from_be_bytes(received.payload[..4].try_into().unwrap());
                assert!(received.payload.len() == 1000 && last.is_none_or(|last| last < number), "{last:?}, {number}");
                last = Some(number);
            })
            .unwrap();
        quiet = if got == 0 { quiet + 1 } else { 0 };
        if got == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(last.is_some(), "nothing arrived: {:?}, {:?}", a.counters(), b.counters());
    send(a, to, b"after");
    assert_eq!(payloads(receive(b, 1)), [b"after"]);
}

/// As fast as the receiver takes them, no more on their way than a small ring holds.
pub fn below_capacity_nothing_is_lost<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    below_capacity(&mut peer, &mut port);
    below_capacity(&mut port, &mut peer);
}

fn below_capacity(a: &mut impl Port, b: &mut impl Port) {
    const COUNT: u32 = 20_000;
    const ON_THEIR_WAY: u32 = 48;
    let to = b.local_addr(FIRST);
    let (mut next, mut expected) = (0_u32, 0_u32);
    let deadline = Instant::now() + PATIENCE * 10;
    while expected < COUNT {
        assert!(Instant::now() < deadline, "{expected} of {next}: {:?}, {:?}", a.counters(), b.counters());
        let room = usize::try_from((expected + ON_THEIR_WAY).min(COUNT) - next).unwrap();
        a.send(room.min(16), |buffer| {
            buffer[..4].copy_from_slice(&next.to_be_bytes());
            next += 1;
            Some(Outgoing { endpoint: FIRST, to, len: 64 })
        })
        .unwrap();
        a.flush().unwrap();
        b.receive(16, |received| {
            assert_eq!(received.payload[..4], expected.to_be_bytes());
            expected += 1;
        })
        .unwrap();
    }
}

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

pub fn waiting_ends_with_a_datagram_or_the_time<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    let to = port.local_addr(FIRST);
    port.wait(Duration::from_millis(5));
    port.receive(1, |received| panic!("{received:?}")).unwrap();
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        send(&mut peer, to, b"now");
        peer
    });
    let mut seen = 0;
    let mut waits = 0;
    while seen == 0 && waits < 1000 {
        port.wait(Duration::from_secs(2));
        waits += 1;
        port.receive(1, |received| {
            assert_eq!(received.payload, b"now");
            seen += 1;
        })
        .unwrap();
    }
    // A wait may end early, but one that never waits would be a spin.
    assert!(seen == 1 && waits < 1000, "{seen} datagrams after {waits} waits");
    drop(writer.join().unwrap());
}

pub fn the_loops_allocate_nothing<R: Rig>() {
    let Some((_rig, mut port, mut peer)) = pair::<R>() else { return };
    // What is set up at first use is set up here.
    for payload in [&b"warm"[..], b"warmer"] {
        let (to, back) = (port.local_addr(FIRST), peer.local_addr(FIRST));
        send(&mut peer, to, payload);
        receive(&mut port, 1);
        send(&mut port, back, payload);
        receive(&mut peer, 1);
    }
    allocate_nothing(&mut port, &mut peer);
    allocate_nothing(&mut peer, &mut port);
}

fn allocate_nothing(a: &mut impl Port, b: &mut impl Port) {
    let to = b.local_addr(FIRST);
    let before = allocations::calls();
    let mut bytes = 0;
    for _ in 0..200 {
        let mut left = 16;
        while left > 0 {
            left -= a.send(left, |_| Some(Outgoing { endpoint: FIRST, to, len: 100 })).unwrap();
            a.flush().unwrap();
            b.receive(32, |received| bytes += received.payload.len()).unwrap();
        }
    }
    let deadline = Instant::now() + PATIENCE;
    let mut idle = 0;
    while idle < 1000 && Instant::now() < deadline {
        a.flush().unwrap();
        b.receive(32, |received| bytes += received.payload.len()).unwrap();
        // Another thread may have to run before the first of them comes.
        idle += u32::from(bytes > 0);
    }
    assert_eq!(allocations::calls() - before, 0);
    assert!(bytes > 0);
}

/// From a socket beside it. In memory nothing longer than a payload can be handed over; over a link it comes as a long frame,
/// or in fragments.
pub fn oversized_datagrams_are_dropped_and_counted<R: Outside>() {
    let Some((_rig, mut port, _peer)) = pair::<R>() else { return };
    let to = port.local_addr(FIRST);
    let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let good = vec![1; PAYLOAD_MAX];
    for payload in [&good[..], &[2; PAYLOAD_MAX + 1], &[3; 9000], b"end"] {
        outside.send_to(payload, to).unwrap();
    }
    assert_eq!(payloads(receive(&mut port, 2)), [good, b"end".to_vec()]);
    assert_eq!(port.counters().rx_truncated, 2);
}
