//! What every port promises of datagrams, one promise a function, in both directions where that makes a difference.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use netio::{EndpointIndex, Outgoing, PAYLOAD_MAX, Port};

use crate::allocations;
use crate::exchange::{Arrived, FIRST, PATIENCE, assert_silent, payload_of, payloads, receive, send};
use crate::rig::{Outside, Rig, any};

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
