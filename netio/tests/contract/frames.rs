//! What every port over a link promises of frames: those it sends are well-formed, and of those that come only what is whole
//! and meant for it gets through.

use std::net::{Ipv4Addr, SocketAddrV4};

use netio::lab::Side;
use netio::{Endpoint, PAYLOAD_MAX, Port};

use crate::exchange::{FIRST, PATIENCE, assert_silent, payloads, receive, send};
use crate::frame::{Draft, IP_AT, Membership, Seen, group_mac, membership, with_ip};
use crate::rig::{Linked, any, free_port};
use crate::wire::Wire;

/// A rig with one endpoint each, and its link.
struct Bench<R: Linked> {
    rig: R,
    wire: Wire,
    port: R::Port,
    _peer: R::Peer,
    from: SocketAddrV4,
    to: SocketAddrV4,
}

impl<R: Linked> Bench<R> {
    fn make() -> Option<Self> {
        Self::with(&[any(Side::Far.address())])
    }

    fn with(ours: &[Endpoint]) -> Option<Self> {
        let rig = R::make()?;
        let wire = Wire::tap(rig.lab());
        let (port, peer) = rig.open(ours, &[any(rig.theirs())]).unwrap();
        let (from, to) = (peer.local_addr(FIRST), port.local_addr(FIRST));
        wire.forget();
        Some(Self { rig, wire, port, _peer: peer, from, to })
    }

    fn draft(&self, payload: &[u8]) -> Draft {
        Draft::new(self.from, self.to, payload)
    }

    fn dropped(&self) -> u64 {
        self.rig.dropped(&self.port)
    }

    /// Puts frames on the link of which nothing may arrive, and one that must: they keep their order.
    fn refuses(&mut self, frames: &[Vec<u8>]) {
        frames.iter().for_each(|frame| self.wire.send(frame));
        self.wire.send(&self.draft(b"after").frame());
        assert_eq!(payloads(receive(&mut self.port, 1)), [b"after"]);
        assert_silent(&mut self.port);
    }

    /// The same, and each is counted somewhere.
    fn refuses_and_counts(&mut self, frames: &[Vec<u8>]) {
        let before = self.dropped();
        self.refuses(frames);
        let counted = self.dropped() - before;
        assert_eq!(
            counted,
            frames.len() as u64,
            "dropped and not counted, or counted twice: {:?}",
            self.port.counters()
        );
    }
}

pub fn frames_that_leave_are_well_formed<R: Linked>() {
    let number = free_port();
    let group = SocketAddrV4::new(Ipv4Addr::new(239, 137, 40, 1), number);
    let endpoint = Endpoint { multicast_ttl: 7, ..any(Side::Far.address()) };
    let Some(Bench { wire, mut port, from: peer, to: own, .. }) = Bench::<R>::with(&[endpoint]) else { return };
    for (to, to_mac) in [(peer, Side::Near.mac()), (group, group_mac(*group.ip()))] {
        // Lengths of either parity, shorter than the least of Ethernet, and the longest.
        for len in [0, 1, 17, 18, 19, 100, 101, PAYLOAD_MAX] {
            let payload: Vec<u8> = (0..len).map(|at| u8::try_from(at % 249).unwrap()).collect();
            send(&mut port, to, &payload);
            port.flush().unwrap();
            let seen = wire.see(|frame| Seen::read(frame).filter(|seen| seen.to == to), || ()).expect("the frame");
            assert_eq!((seen.to_mac, seen.from_mac), (to_mac, Side::Far.mac()));
            assert_eq!((seen.from, seen.to), (own, to));
            assert_eq!(seen.payload, payload);
            assert!(if to == group { seen.ttl == 7 } else { seen.ttl >= 32 }, "{seen:?}");
        }
    }
}

pub fn the_padding_of_short_frames_is_not_payload<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    for len in [0, 1, 5, 17, 18, 19] {
        let payload = vec![0xEE; len];
        let mut frame = bench.draft(&payload).frame();
        frame.resize(frame.len().max(60), 0x55);
        bench.wire.send(&frame);
        assert_eq!(payloads(receive(&mut bench.port, 1)), [payload]);
    }
}

pub fn what_is_meant_for_others_does_not_arrive<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let other_port = SocketAddrV4::new(*bench.to.ip(), bench.to.port() ^ 1);
    let other_host = SocketAddrV4::new(Ipv4Addr::new(10, 26, 40, 77), bench.to.port());
    let group = SocketAddrV4::new(Ipv4Addr::new(239, 137, 40, 2), bench.to.port());
    let to = |to| Draft { to, ..bench.draft(b"not for you") };
    let mut frames: Vec<Vec<u8>> = vec![
        to(other_port).frame(),
        to(other_host).frame(),
        Draft { to_mac: group_mac(*group.ip()), ..to(group) }.frame(),
        // To our address, and to the Ethernet address of somebody else.
        Draft { to_mac: [0x02, 0x26, 0x40, 0, 0, 9], ..bench.draft(b"not for you") }.frame(),
    ];
    // TCP to the same numbers, and an Ethernet type that nobody knows.
    frames.push(with_ip(bench.draft(b"not for you").frame(), |ip| ip[9] = 6));
    let mut unknown = bench.draft(b"not for you").frame();
    unknown[12..14].copy_from_slice(&[0x88, 0xB5]);
    frames.push(unknown);
    bench.refuses(&frames);
}

pub fn broken_headers_are_dropped_and_counted<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let good = bench.draft(b"twelve bytes").frame();
    let cut = |len: usize| good[..len].to_vec();
    let ip = |change: fn(&mut [u8])| with_ip(good.clone(), change);
    bench.refuses_and_counts(&[
        // Runts: within IPv4, and within UDP.
        cut(IP_AT + 12),
        cut(IP_AT + 23),
        // Shorter than IPv4 tells.
        cut(good.len() - 1),
        ip(|ip| ip[2..4].copy_from_slice(&1400_u16.to_be_bytes())),
        ip(|ip| ip[2..4].copy_from_slice(&19_u16.to_be_bytes())),
        // Another version, and a header shorter than there is.
        ip(|ip| ip[0] = 0x65),
        ip(|ip| ip[0] = 0x44),
    ]);
}

pub fn lengths_of_udp_that_cannot_be_are_dropped_and_counted<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let good = bench.draft(b"twelve bytes").frame();
    let udp_len = |len: u16| {
        let mut frame = good.clone();
        // Without a checksum, so that nothing but the length is wrong.
        frame[IP_AT + 24..IP_AT + 28].fill(0);
        frame[IP_AT + 24..IP_AT + 26].copy_from_slice(&len.to_be_bytes());
        frame
    };
    bench.refuses_and_counts(&[udp_len(7), udp_len(21), udp_len(0xFFFF)]);
}

pub fn wrong_checksums_are_dropped_and_counted<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let good = bench.draft(b"summed up").frame();
    let flipped = |at: usize| {
        let mut frame = good.clone();
        frame[at] ^= 0x10;
        frame
    };
    let last = good.len() - 1;
    // That of IPv4, that of UDP, and what they cover: the lifetime, the payload.
    bench.refuses_and_counts(&[flipped(IP_AT + 10), flipped(IP_AT + 26), flipped(IP_AT + 8), flipped(last)]);
}

pub fn a_udp_checksum_of_zero_is_none<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let mut frame = bench.draft(b"not summed up").frame();
    frame[IP_AT + 26..IP_AT + 28].fill(0);
    bench.wire.send(&frame);
    assert_eq!(payloads(receive(&mut bench.port, 1)), [b"not summed up"]);
}

/// A router may have put options in. Whether such datagrams are taken is the port's choice; what it takes it reads right.
pub fn options_of_ip_are_not_payload<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    bench.wire.send(&Draft { options: vec![1, 1, 1, 0], ..bench.draft(b"behind options") }.frame());
    bench.wire.send(&bench.draft(b"after").frame());
    let first = payloads(receive(&mut bench.port, 1));
    if first == [b"behind options"] {
        assert_eq!(payloads(receive(&mut bench.port, 1)), [b"after"]);
    } else {
        assert_eq!(first, [b"after"]);
    }
    assert_silent(&mut bench.port);
}

pub fn fragments_are_put_together_or_dropped_and_counted<R: Linked>() {
    const MORE: u16 = 0x2000;
    let Some(mut bench) = Bench::<R>::make() else { return };
    let whole = bench.draft(&[0x77; 64]);
    let inside = whole.frame()[IP_AT + 20..].to_vec();
    let first = Draft { fragment: MORE, ..whole.clone() }.around(&inside[..40]);
    let second = Draft { fragment: 5, ..whole.clone() }.around(&inside[40..]);
    if R::REASSEMBLES {
        bench.wire.send(&second);
        bench.wire.send(&first);
        assert_eq!(payloads(receive(&mut bench.port, 1)), [whole.payload]);
        // Half of one is nothing.
        bench.refuses(&[first]);
        return;
    }
    // A first fragment that looks whole but for its flag, too.
    let lookalike = Draft { fragment: MORE, ..whole }.frame();
    bench.refuses_and_counts(&[first, second, lookalike]);
}

pub fn frames_of_a_vlan_do_not_arrive_untagged<R: Linked>() {
    let Some(mut bench) = Bench::<R>::make() else { return };
    let frames = [5, 4094].map(|vlan| Draft { vlan: Some(vlan), ..bench.draft(b"of a VLAN") }.frame());
    if R::COUNTS_TAGGED {
        bench.refuses_and_counts(&frames);
    } else {
        bench.refuses(&frames);
    }
}

pub fn jumbo_frames_are_dropped_and_counted<R: Linked>() {
    let Some(rig) = R::make() else { return };
    rig.lab().mtu(3000).unwrap();
    let wire = Wire::tap(rig.lab());
    let (port, peer) = rig.open(&[any(rig.ours())], &[any(rig.theirs())]).unwrap();
    let (from, to) = (peer.local_addr(FIRST), port.local_addr(FIRST));
    let mut bench = Bench { rig, wire, port, _peer: peer, from, to };
    let longest = vec![1; PAYLOAD_MAX];
    bench.wire.send(&bench.draft(&longest).frame());
    assert_eq!(payloads(receive(&mut bench.port, 1)), [longest]);
    let jumbo = [PAYLOAD_MAX + 1, 1900].map(|len| bench.draft(&vec![2; len]).frame());
    bench.refuses_and_counts(&jumbo);
}

pub fn groups_are_joined_and_left_on_the_link<R: Linked>() {
    let Some(rig) = R::make() else { return };
    let wire = Wire::tap(rig.lab());
    let number = free_port();
    let [high, low] = number.to_be_bytes();
    let group = Ipv4Addr::new(239, 201, high, low);
    let listening = [any(rig.ours()), Endpoint::multicast(group, number, rig.ours())];
    let (mut port, peer) = rig.open(&listening, &[any(rig.theirs())]).unwrap();
    let asked = wire.see(|frame| membership(frame, group), || drop(port.receive(0, |_| ())));
    assert_eq!(asked, Some(Membership::Joined), "within {PATIENCE:?}");
    let from = peer.local_addr(FIRST);
    wire.send(&Draft::new(from, SocketAddrV4::new(group, number), b"to the group").frame());
    let arrived = receive(&mut port, 1);
    assert_eq!((arrived[0].endpoint, &arrived[0].payload[..], arrived[0].from), (1, &b"to the group"[..], from));
    drop(port);
    let left = wire.see(|frame| membership(frame, group).filter(|change| *change == Membership::Left), || ());
    assert_eq!(left, Some(Membership::Left), "within {PATIENCE:?}");
}
