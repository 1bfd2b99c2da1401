//! What is particular to the io_uring port: few buffers, threads, refusals. The rest is in the contract.
#![cfg(not(loom))]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netio::uring::{Facilities, SqPoll, UringOptions, UringPort};
use netio::{Endpoint, EndpointIndex, Outgoing, Port, PortError};

const FIRST: EndpointIndex = EndpointIndex(0);

fn local() -> Endpoint {
    Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
}

fn open(receive_buffers: u16, send_slots: u16) -> Option<UringPort> {
    open_with(&UringOptions { receive_buffers, send_slots, ..UringOptions::default() })
}

fn open_with(options: &UringOptions) -> Option<UringPort> {
    match UringPort::open_with(&[local()], options) {
        Ok(port) => Some(port),
        Err(PortError::Unavailable { source, .. }) if std::env::var_os("CI").is_none() => {
            eprintln!("io_uring is not available here ({source}): nothing tested");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn send_numbers(port: &mut UringPort, to: SocketAddrV4, count: u8) {
    let mut next = 0;
    let deadline = Instant::now() + Duration::from_secs(3);
    while next < count && Instant::now() < deadline {
        let left = usize::from(count - next);
        port.send(left, |buffer| {
            buffer[0] = next;
            next += 1;
            Some(Outgoing { endpoint: FIRST, to, len: 1 })
        })
        .unwrap();
    }
    assert_eq!(next, count);
}

fn receive_all(port: &mut UringPort, count: usize, at_once: usize) -> Vec<u8> {
    let mut seen = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(3);
    while seen.len() < count && Instant::now() < deadline {
        port.receive(at_once, |received| seen.push(received.payload[0])).unwrap();
    }
    seen
}

/// When the kernel runs out of buffers, the datagrams wait in the socket, and come in order.
#[test]
fn few_buffers_and_few_slots_lose_nothing() {
    let (Some(mut a), Some(mut b)) = (open(4, 2), open(4, 2)) else { return };
    let to = b.local_addr(FIRST);
    for at_once in [1, 3, 64] {
        // Armed before the burst, so that it meets the four buffers.
        assert_eq!(b.receive(1, |_| ()).unwrap(), 0);
        send_numbers(&mut a, to, 100);
        assert_eq!(receive_all(&mut b, 100, at_once), (0..100).collect::<Vec<_>>());
    }
    assert!(b.counters().rx_no_buffer > 0, "{:?}", b.counters());
}

#[test]
fn a_second_thread_is_told_that_the_port_is_taken() {
    let Some(mut port) = open(8, 8) else { return };
    port.receive(1, |_| ()).unwrap();
    let own = port.local_addr(FIRST);
    send_numbers(&mut port, own, 1);
    let (port, error) = thread::spawn(move || {
        let error = loop {
            if let Err(error) = port.receive(1, |_| ()) {
                break error;
            }
        };
        (port, error)
    })
    .join()
    .unwrap();
    assert!(error.to_string().contains("belongs to the one that used it first"), "{error}");
    drop(port);
}

/// A tile's thread ends, and the port it owned is dropped by whoever joined it: no harm, and the address is free.
#[test]
fn a_port_may_be_dropped_after_its_thread_has_ended() {
    for _ in 0..5 {
        let Some(mut port) = open(8, 8) else { return };
        let at = port.local_addr(FIRST);
        let port = thread::spawn(move || {
            send_numbers(&mut port, at, 3);
            assert_eq!(receive_all(&mut port, 2, 2), [0, 1]);
            port
        })
        .join()
        .unwrap();
        drop(port);
        let deadline = Instant::now() + Duration::from_secs(3);
        while let Err(error) = UringPort::open(&[Endpoint::unicast(at)]) {
            assert!(Instant::now() < deadline, "{error}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for (receive_buffers, send_slots) in [(0, 2), (3, 2), (2, 0), (2, 5), (2, 1 << 15)] {
        let sizes = UringOptions { receive_buffers, send_slots, ..UringOptions::default() };
        match UringPort::open_with(&[local()], &sizes) {
            Err(PortError::Limit { .. } | PortError::Unavailable { .. }) => {}
            other => panic!("{sizes:?}: {other:?}"),
        }
    }
    assert!(matches!(UringPort::open(&[]), Err(PortError::Limit { found: 0, .. })));
}

#[test]
fn a_datagram_tells_when_it_came_where_that_is_asked_for() {
    let Some(mut port) = open_with(&UringOptions { timestamps: true, ..UringOptions::default() }) else { return };
    assert!(port.how().contains("timestamps"), "{}", port.how());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let own = port.local_addr(FIRST);
    let begin = now();
    send_numbers(&mut port, own, 3);
    let mut stamps = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(3);
    while stamps.len() < 3 && Instant::now() < deadline {
        port.receive(3, |received| stamps.push(u128::from(received.timestamp.expect("a stamp")))).unwrap();
    }
    let end = now();
    assert!(stamps.is_sorted() && begin <= stamps[0] && stamps[2] <= end, "{begin}, {stamps:?}, {end}");
    let Some(mut plain) = open(8, 8) else { return };
    let own = plain.local_addr(FIRST);
    send_numbers(&mut plain, own, 1);
    let mut stamp = Some(1);
    while stamp == Some(1) && Instant::now() < deadline {
        plain.receive(1, |received| stamp = received.timestamp).unwrap();
    }
    assert_eq!(stamp, None);
}

#[test]
fn what_a_port_does_without_is_said() {
    let Some(all) = open_with(&UringOptions::default()) else { return };
    assert!(all.how().starts_with("multishot receive"), "{}", all.how());
    let facilities = Facilities { deferred_work: false, fixed_files: false };
    let few = open_with(&UringOptions { facilities, ..UringOptions::default() }).unwrap();
    assert_eq!(few.how(), "multishot receive");
    // A thread on a core that no machine has.
    let refused = open_with(&UringOptions { sqpoll: SqPoll::Core(4_000), ..UringOptions::default() });
    let mut refused = refused.expect("it goes on without");
    assert!(refused.how().contains("; without SQPOLL (Invalid argument"), "{}", refused.how());
    let own = refused.local_addr(FIRST);
    send_numbers(&mut refused, own, 5);
    assert_eq!(receive_all(&mut refused, 5, 5), [0, 1, 2, 3, 4]);
}
