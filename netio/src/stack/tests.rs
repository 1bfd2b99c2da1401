//! Two stations and a gateway on one wire, frames passed by hand.

use std::net::SocketAddrV4;
use std::time::Duration;

use super::*;
use crate::ether::igmp::{Membership, Version};
use crate::ether::{Inbound, RxSums, classify};
use crate::port::EndpointIndex;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 9, 9, 9);
const SECOND_NS: u64 = 1_000_000_000;

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 2, host)
}

fn stack(host: u8, groups: &[Ipv4Addr]) -> Stack {
    let mut station = Station::new(MacAddr([2, 0, 0, 0, 0, host]), None);
    station.own(address(host));
    for group in groups {
        station.listen(EndpointIndex(0), SocketAddrV4::new(*group, 7000));
    }
    let network = Network { address: address(host), prefix_bits: 24, gateway: Some(address(254)) };
    Stack::new(station, network, 0)
}

/// Hands a frame to a station: what it answers, and who it has learned of that somebody waited for.
fn hand(to: &mut Stack, frame: &[u8], now_ns: u64) -> (Option<(Ipv4Addr, MacAddr)>, Option<Vec<u8>>) {
    let mut reply = [0; 128];
    let station = to.station().clone();
    match classify(frame, &station, RxSums::Verify) {
        Ok(Inbound::Arp(arp)) => {
            let (learned, len) = to.heard(&arp, now_ns, &mut reply);
            (learned, len.map(|len| reply[..len].to_vec()))
        }
        Ok(Inbound::GroupQuery(query)) => {
            to.asked(query, now_ns);
            (None, None)
        }
        other => panic!("{other:?}"),
    }
}

fn written(stack: &Stack, due: Due) -> Vec<u8> {
    let mut frame = [0; 128];
    let len = stack.write(due, &mut frame).unwrap();
    frame[..len].to_vec()
}

#[test]
fn two_stations_find_each_other() {
    let (mut a, mut b) = (stack(1, &[]), stack(2, &[]));
    assert_eq!(a.route(address(2), 0), Route::Asking(address(2)));
    let due = a.due(0).unwrap();
    assert_eq!((due, a.due(0)), (Due::Ask(address(2)), None));
    let (learned, answer) = hand(&mut b, &written(&a, due), 0);
    assert_eq!(learned, None, "nobody waited for who asks");
    assert_eq!(b.route(address(1), 0), Route::To(a.station().mac()), "but they are remembered");
    let (learned, more) = hand(&mut a, &answer.unwrap(), 1);
    assert_eq!((learned, more), (Some((address(2), b.station().mac())), None));
    assert_eq!(a.route(address(2), 2), Route::To(b.station().mac()));
}

#[test]
fn what_is_elsewhere_goes_to_the_gateway() {
    let (mut a, mut gateway) = (stack(1, &[]), stack(254, &[]));
    assert_eq!(a.route(Ipv4Addr::new(192, 0, 2, 1), 0), Route::Asking(address(254)));
    let question = a.due(0).unwrap();
    let answer = hand(&mut gateway, &written(&a, question), 0).1.unwrap();
    hand(&mut a, &answer, 0);
    for far in [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(10, 1, 3, 2)] {
        assert_eq!(a.route(far, 0), Route::To(gateway.station().mac()));
    }
    let mut alone = a.station().clone();
    alone.own(address(77));
    let mut alone = Stack::new(alone, Network { gateway: None, ..*a.network() }, 0);
    assert_eq!(alone.route(Ipv4Addr::new(192, 0, 2, 1), 0), Route::Nowhere);
}

#[test]
fn groups_need_no_question_and_some_addresses_are_nowhere() {
    let mut a = stack(1, &[]);
    assert_eq!(a.route(GROUP, 0), Route::To(MacAddr([1, 0, 0x5E, 9, 9, 9])));
    for nowhere in
        [address(1), address(0), address(255), Ipv4Addr::BROADCAST, Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST]
    {
        assert_eq!(a.route(nowhere, 0), Route::Nowhere, "{nowhere}");
    }
    assert_eq!(a.due(0), None);
}

#[test]
fn networks_of_every_size() {
    let network = |prefix_bits| Network { address: address(1), prefix_bits, gateway: None };
    assert!(network(0).contains(Ipv4Addr::new(200, 0, 0, 1)));
    assert!(network(16).contains(Ipv4Addr::new(10, 1, 99, 1)) && !network(16).contains(Ipv4Addr::new(10, 2, 2, 1)));
    assert!(network(32).contains(address(1)) && !network(32).contains(address(2)));
    assert_eq!(network(31).next_hop(address(0)), Some(address(0)), "a link of two hosts has no broadcast");
    assert_eq!(network(30).next_hop(address(3)), None);
    assert_eq!(network(30).next_hop(address(2)), Some(address(2)));
}

#[test]
fn groups_are_reported_on_joining_on_a_query_and_on_leaving() {
    let mut a = stack(1, &[GROUP]);
    let report = |membership, version| Due::Report(Report { group: GROUP, membership, version });
    assert_eq!(a.due(0), Some(report(Membership::Join, Version::V3)));
    assert_eq!(a.due(SECOND_NS), Some(report(Membership::Join, Version::V3)));
    assert_eq!(a.due(5 * SECOND_NS), None);
    a.asked(Query { version: Version::V2, group: None, within: Duration::from_secs(1) }, 5 * SECOND_NS);
    assert_eq!(a.due(6 * SECOND_NS + 1), Some(report(Membership::Current, Version::V2)));
    let leaving: Vec<Due> = a.last_words(7 * SECOND_NS).collect();
    assert_eq!(leaving, [report(Membership::Leave, Version::V2)]);
    // As the other side of the wire sees it: IGMP to the routers.
    let frame = written(&a, leaving[0]);
    assert_eq!((&frame[..6], frame[23]), (&MacAddr::of_group(Ipv4Addr::new(224, 0, 0, 2)).0[..], 2));
}

#[test]
fn an_announcement_changes_what_others_know() {
    let (mut a, mut b) = (stack(1, &[]), stack(2, &[]));
    a.route(address(2), 0);
    let question = a.due(0).unwrap();
    let answer = hand(&mut b, &written(&a, question), 0).1.unwrap();
    hand(&mut a, &answer, 0);
    let mut station = Station::new(MacAddr([2, 0, 0, 0, 0, 99]), None);
    station.own(address(2));
    let spare = Stack::new(station, *b.network(), 0);
    let mut frame = [0; 64];
    let len = spare.write_announcement(&mut frame).unwrap();
    hand(&mut a, &frame[..len], 1);
    assert_eq!(a.route(address(2), 2), Route::To(MacAddr([2, 0, 0, 0, 0, 99])));
}
