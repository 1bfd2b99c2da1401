//! The fault port does what its plan says, the same each time, and loses nothing it did not count.
#![cfg(not(loom))]

use std::net::{Ipv4Addr, SocketAddrV4};

use netio::fault::{FaultCounts, FaultPlan, FaultPort};
use netio::memory::MemoryPort;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};

type Pair = (FaultPort<MemoryPort>, MemoryPort);

fn pair(plan: &str) -> Pair {
    let local = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let (a, b) = MemoryPort::pair(std::slice::from_ref(&local), std::slice::from_ref(&local), 256).unwrap();
    (FaultPort::new(a, &plan.parse::<FaultPlan>().unwrap()), b)
}

fn send(port: &mut impl Port, to: SocketAddrV4, numbers: impl IntoIterator<Item = u32>) -> usize {
    let mut numbers = numbers.into_iter();
    port.send(usize::MAX, |buffer| {
        buffer[..4].copy_from_slice(&numbers.next()?.to_be_bytes());
        Some(Outgoing { endpoint: EndpointIndex(0), to, len: 4 })
    })
    .unwrap()
}

fn receive(port: &mut impl Port, max: usize) -> Vec<u32> {
    let mut seen = Vec::new();
    let handed = port.receive(max, |received| seen.push(u32::from_be_bytes(received.payload.try_into().unwrap())));
    assert_eq!(handed.unwrap(), seen.len());
    assert!(seen.len() <= max);
    seen
}

/// Through the faults on the way out; polls until nothing is held back.
fn outward(plan: &str, count: u32) -> (Vec<u32>, FaultCounts) {
    let (mut a, mut b) = pair(plan);
    let to = b.local_addr(EndpointIndex(0));
    let mut seen = Vec::new();
    for from in (0..count).step_by(20) {
        assert_eq!(send(&mut a, to, from..from + 20), 20);
        seen.extend(receive(&mut b, 256));
    }
    for _ in 0..8 {
        a.flush().unwrap();
    }
    seen.extend(receive(&mut b, 256));
    (seen, a.faults().send)
}

/// Through the faults on the way in.
fn inward(plan: &str, count: u32) -> (Vec<u32>, FaultCounts) {
    let (mut a, mut b) = pair(plan);
    let to = a.local_addr(EndpointIndex(0));
    let mut seen = Vec::new();
    for from in (0..count).step_by(20) {
        assert_eq!(send(&mut b, to, from..from + 20), 20);
        seen.extend(receive(&mut a, 13));
        seen.extend(receive(&mut a, 13));
    }
    for _ in 0..count {
        seen.extend(receive(&mut a, 13));
    }
    (seen, a.faults().receive)
}

#[test]
fn what_comes_out_is_what_went_in_less_drops_plus_duplicates() {
    for run in [outward, inward] {
        let (seen, counts) = run("drop=10%,duplicate=10%,reorder=10%,seed=3", 2000);
        let expected = 2000 - counts.dropped + counts.duplicated;
        assert_eq!(u64::try_from(seen.len()).unwrap(), expected);
        let mut distinct = seen.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(u64::try_from(distinct.len()).unwrap(), 2000 - counts.dropped);
        // 2000 draws at 10%: eight standard deviations around 200.
        for count in [counts.dropped, counts.duplicated, counts.reordered] {
            assert!((93..=307).contains(&count), "{counts:?}");
        }
        assert!(!seen.is_sorted());
    }
}

#[test]
fn the_same_seed_does_the_same_and_another_does_not() {
    for run in [outward, inward] {
        let plan = "drop=5%,duplicate=5%,reorder=20%,seed=";
        assert_eq!(run(&format!("{plan}1"), 400), run(&format!("{plan}1"), 400));
        assert_ne!(run(&format!("{plan}1"), 400).0, run(&format!("{plan}2"), 400).0);
    }
}

#[test]
fn one_direction_can_be_left_alone() {
    assert_eq!(outward("rx.drop=100%", 100).0, (0..100).collect::<Vec<_>>());
    assert_eq!(inward("tx.drop=100%", 100).0, (0..100).collect::<Vec<_>>());
    assert_eq!(outward("tx.drop=100%", 100).0, Vec::<u32>::new());
    assert_eq!(inward("rx.drop=100%", 100).0, Vec::<u32>::new());
}

#[test]
fn all_duplicated_means_each_twice_in_order() {
    let twice: Vec<u32> = (0..100).flat_map(|number| [number, number]).collect();
    assert_eq!(outward("duplicate=100%", 100).0, twice);
    assert_eq!(inward("duplicate=100%", 100).0, twice);
}

/// The last datagrams of a conversation have no others to let pass.
#[test]
fn what_is_held_back_comes_out_of_an_idle_port() {
    let (mut a, mut b) = pair("reorder=100%");
    let (to_a, to_b) = (a.local_addr(EndpointIndex(0)), b.local_addr(EndpointIndex(0)));

    send(&mut a, to_b, [7]);
    assert_eq!(receive(&mut b, 16), []);
    let mut seen = Vec::new();
    for _ in 0..5 {
        // Only receiving, as a waiting client does.
        assert_eq!(receive(&mut a, 16), []);
        seen.extend(receive(&mut b, 16));
    }
    assert_eq!(seen, [7]);

    send(&mut a, to_b, [8]);
    for _ in 0..5 {
        // Only asking for something to send, as a publisher does.
        send(&mut a, to_b, []);
        seen.extend(receive(&mut b, 16));
    }
    assert_eq!(seen, [7, 8]);

    send(&mut b, to_a, [9]);
    let seen: Vec<u32> = (0..6).flat_map(|_| receive(&mut a, 16)).collect();
    assert_eq!(seen, [9]);
}

/// With more held back than there are frames, the rest passes in order; nothing is lost.
#[test]
fn holding_back_has_a_bound() {
    let (mut a, mut b) = pair("reorder=100%");
    let to = b.local_addr(EndpointIndex(0));
    assert_eq!(send(&mut a, to, 0..200), 200);
    let mut seen = receive(&mut b, 256);
    assert!(seen.len() >= 136, "{}", seen.len());
    for _ in 0..8 {
        a.flush().unwrap();
    }
    seen.extend(receive(&mut b, 256));
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}
