//! The promises, one a function.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use netio::{Endpoint, EndpointIndex, Outgoing, PAYLOAD_MAX, Port, Received};

use crate::allocations;
use crate::kits::{Kit, free_port, local};

const FIRST: EndpointIndex = EndpointIndex(0);
/// Far longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    endpoint: u8,
    from: SocketAddrV4,
    payload: Vec<u8>,
}

fn keep(received: Received<'_>) -> Arrived {
    Arrived { endpoint: received.endpoint.0, from: received.from, payload: received.payload.to_vec() }
}

/// Receives until `count` datagrams have come.
fn receive(port: &mut impl Port, count: usize) -> Vec<Arrived> {
    let deadline = Instant::now() + PATIENCE;
    let mut arrived = Vec::new();
    while arrived.len() < count && Instant::now() < deadline {
        if port.receive(count - arrived.len(), |received| arrived.push(keep(received))).unwrap() == 0 {
            thread::yield_now();
        }
    }
    arrived
}

/// Nothing more comes for a while.
fn assert_silent(port: &mut impl Port) {
    for _ in 0..20 {
        port.receive(16, |received| panic!("{received:?}")).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
}

/// Sends one datagram, and insists.
fn send(port: &mut impl Port, to: SocketAddrV4, payload: &[u8]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let taken = port
            .send(1, |buffer| {
                buffer[..payload.len()].copy_from_slice(payload);
                Some(Outgoing { endpoint: FIRST, to, len: payload.len() })
            })
            .unwrap();
        if taken == 1 {
            return;
        }
        assert!(Instant::now() < deadline, "no room to send");
        thread::yield_now();
    }
}

fn payload_of(number: u32) -> Vec<u8> {
    let len = usize::try_from(number * 37 % 1400).unwrap();
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(4 + len, number.to_le_bytes()[0]);
    payload
}

pub fn bursts_arrive_whole_and_in_order<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let (from, to) = (a.local_addr(FIRST), b.local_addr(FIRST));
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
        let arrived = receive(&mut b, usize::try_from(next - expected).unwrap());
        for datagram in &arrived {
            assert_eq!(*datagram, Arrived { endpoint: 0, from, payload: payload_of(expected) });
            expected += 1;
        }
        assert_eq!(expected, next, "lost on the way");
    }
    let (sent, got) = (a.counters(), b.counters());
    assert_eq!((sent.tx_datagrams, sent.tx_errors), (1000, 0));
    assert_eq!((got.rx_datagrams, got.rx_bytes), (1000, sent.tx_bytes));
    assert_eq!((got.rx_truncated, got.rx_errors), (0, 0));
}

pub fn the_shortest_and_the_longest_payload_pass<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    let longest = vec![0xA5; PAYLOAD_MAX];
    let payloads: [&[u8]; 6] = [b"", b"x", &longest, b"", b"", b"last"];
    // First into an idle receiver, then into one that is listening already.
    for _ in 0..2 {
        for payload in payloads {
            send(&mut a, to, payload);
        }
        let arrived: Vec<Vec<u8>> = receive(&mut b, 6).into_iter().map(|datagram| datagram.payload).collect();
        assert_eq!(arrived, payloads);
    }
}

pub fn what_cannot_be_sent_is_counted_and_harms_nothing<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    // Port 0 is nowhere, on every kind of port.
    let nowhere = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
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
    let lengths: Vec<usize> = receive(&mut b, 2).iter().map(|datagram| datagram.payload.len()).collect();
    assert_eq!(lengths, [1, 2]);
    assert_silent(&mut b);
    assert_eq!(a.counters().tx_errors, 4);
}

pub fn no_more_than_asked_for_is_taken_or_handed_over<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
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

pub fn what_was_accepted_arrives_also_when_the_receiver_is_late<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
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
    let arrived: Vec<u8> = receive(&mut b, accepted).iter().map(|datagram| datagram.payload[0]).collect();
    assert_eq!(arrived, (0..number).collect::<Vec<_>>());
    // And there is room again.
    send(&mut a, to, b"more");
    assert_eq!(receive(&mut b, 1)[0].payload, b"more");
}

pub fn groups_and_endpoints_are_told_apart<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let port = free_port();
    let [high, low] = port.to_be_bytes();
    let group = |line: u8| Ipv4Addr::new(239, 255 - line, high, low);
    let groups = [1, 2].map(|line| Endpoint::multicast(group(line), port, Ipv4Addr::LOCALHOST));
    let listening = [local(), groups[0].clone(), groups[1].clone(), local()];
    let (mut a, mut b) = K::open(&[local()], &listening).unwrap();
    let from = a.local_addr(FIRST);
    let targets = [
        (b.local_addr(FIRST), Some(0)),
        (SocketAddrV4::new(group(1), port), Some(1)),
        (SocketAddrV4::new(group(2), port), Some(2)),
        (SocketAddrV4::new(group(3), port), None),
        (b.local_addr(EndpointIndex(3)), Some(3)),
        (SocketAddrV4::new(group(1), port), Some(1)),
    ];
    for (number, (to, _)) in (0_u8..).zip(&targets) {
        send(&mut a, *to, &[number]);
    }
    let mut arrived = receive(&mut b, 5);
    // Order is promised at each endpoint, not between them.
    arrived.sort_by_key(|datagram| datagram.payload.clone());
    let expected: Vec<Arrived> = (0_u8..)
        .zip(&targets)
        .filter_map(|(number, (_, endpoint))| Some(Arrived { endpoint: (*endpoint)?, from, payload: vec![number] }))
        .collect();
    assert_eq!(arrived, expected);
    assert_silent(&mut b);
}

pub fn an_address_is_free_again_when_its_port_is_gone<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let at = |port| [Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))];
    let (a_port, b_port) = (free_port(), free_port());
    for turn in 0..10_u8 {
        let (mut a, mut b) = K::open(&at(a_port), &at(b_port)).unwrap_or_else(|error| panic!("turn {turn}: {error}"));
        let to = b.local_addr(FIRST);
        assert_eq!(to.port(), b_port);
        b.receive(1, |received| panic!("{received:?}")).unwrap();
        send(&mut a, to, &[turn]);
        assert_eq!(receive(&mut b, 1)[0].payload, [turn]);
        // Something unread may be left behind.
        send(&mut a, to, b"unread");
    }
}

pub fn a_port_opened_here_works_there<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    let echo = thread::spawn(move || {
        let asked = receive(&mut b, 1);
        send(&mut b, asked[0].from, &asked[0].payload);
        b
    });
    send(&mut a, to, b"there and back");
    assert_eq!(receive(&mut a, 1)[0].payload, b"there and back");
    drop(echo.join().unwrap());
}

pub fn waiting_ends_with_a_datagram_or_the_time<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    b.wait(Duration::from_millis(5));
    b.receive(1, |received| panic!("{received:?}")).unwrap();
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        send(&mut a, to, b"now");
        a
    });
    let mut seen = 0;
    let mut waits = 0;
    while seen == 0 && waits < 1000 {
        b.wait(Duration::from_secs(2));
        waits += 1;
        b.receive(1, |received| {
            assert_eq!(received.payload, b"now");
            seen += 1;
        })
        .unwrap();
    }
    // A wait may end early, but one that never waits would be a spin.
    assert!(seen == 1 && waits < 1000, "{seen} datagrams after {waits} waits");
    drop(writer.join().unwrap());
}

pub fn the_loops_allocate_nothing<K: Kit>() {
    if !K::is_here() {
        return;
    }
    let (mut a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    // What is set up at first use is set up here.
    send(&mut a, to, b"warm");
    receive(&mut b, 1);
    let before = allocations::count();
    let mut bytes = 0;
    for _ in 0..200 {
        let mut left = 16;
        while left > 0 {
            left -= a.send(left, |_| Some(Outgoing { endpoint: FIRST, to, len: 100 })).unwrap();
            a.flush().unwrap();
            b.receive(32, |received| bytes += received.payload.len()).unwrap();
        }
    }
    for _ in 0..1000 {
        b.receive(32, |received| bytes += received.payload.len()).unwrap();
    }
    assert_eq!(allocations::count() - before, 0);
    assert!(bytes > 0);
}

pub fn oversized_datagrams_are_dropped_and_counted<K: Kit>() {
    if !K::HAS_SOCKETS || !K::is_here() {
        return;
    }
    let (_a, mut b) = K::open(&[local()], &[local()]).unwrap();
    let to = b.local_addr(FIRST);
    let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let good = vec![1; PAYLOAD_MAX];
    for payload in [&good[..], &[2; PAYLOAD_MAX + 1], &[3; 9000], b"end"] {
        outside.send_to(payload, to).unwrap();
    }
    let arrived: Vec<Vec<u8>> = receive(&mut b, 2).into_iter().map(|datagram| datagram.payload).collect();
    assert_eq!(arrived, [good, b"end".to_vec()]);
    assert_eq!(b.counters().rx_truncated, 2);
}
