//! Frames by hand, frames from chance, and frames that are wrong.

mod control;
mod refused;

use std::net::{Ipv4Addr, SocketAddrV4};

use proptest::prelude::*;

use super::*;
use crate::port::EndpointIndex;

pub(super) const OUR_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
pub(super) const PEER_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub(super) const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
pub(super) const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(super) const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);
pub(super) const PORT: u16 = 0x5678;

/// Endpoint 0 at our address, 1 and 2 at the group.
pub(super) fn station(vlan: Option<u16>) -> Station {
    let mut station = Station::new(OUR_MAC, vlan);
    station.listen(EndpointIndex(1), SocketAddrV4::new(GROUP, PORT));
    station.listen(EndpointIndex(0), SocketAddrV4::new(OURS, PORT));
    station.listen(EndpointIndex(2), SocketAddrV4::new(GROUP, PORT));
    station
}

pub(super) fn flow() -> Flow {
    Flow {
        from: SocketAddrV4::new(PEER, 0x1234),
        from_mac: PEER_MAC,
        to: SocketAddrV4::new(OURS, PORT),
        to_mac: OUR_MAC,
        vlan: None,
        ttl: 64,
    }
}

/// A frame of the flow with this payload.
pub(super) fn built(flow: &Flow, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xEE; FRAME_MAX];
    let at = Flow::headers_len(flow.vlan);
    frame[at..at + payload.len()].copy_from_slice(payload);
    let len = flow.write_headers(&mut frame, payload.len(), 0x0102, TxSums::Ours).expect("it fits");
    frame.truncate(len);
    frame
}

pub(super) fn drop_reason(frame: &[u8]) -> Option<DropReason> {
    classify(frame, &station(None), RxSums::Verify).err()
}

/// Worked out on paper.
#[rustfmt::skip]
const GOLDEN: [u8; 60] = [
    2, 0, 0, 0, 0, 2,  2, 0, 0, 0, 0, 1,  0x08, 0x00,
    0x45, 0x00, 0x00, 0x22,  0x01, 0x02, 0x40, 0x00,  0x40, 0x11, 0x25, 0xC7,  10, 0, 0, 1,  10, 0, 0, 2,
    0x12, 0x34, 0x56, 0x78,  0x00, 0x0E, 0x34, 0xE2,
    b'p', b'i', b'n', b'i', b'o', b'n',
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

#[test]
fn a_frame_is_what_paper_says() {
    assert_eq!(built(&flow(), b"pinion"), GOLDEN);
    let station = station(None);
    let heard = classify(&GOLDEN, &station, RxSums::Verify);
    let expected = Datagram {
        from: flow().from,
        from_mac: PEER_MAC,
        to: flow().to,
        endpoints: &[EndpointIndex(0)],
        payload: b"pinion",
    };
    assert_eq!(heard, Ok(Inbound::Datagram(expected)));
}

#[test]
fn hardware_gets_the_sum_that_it_completes() {
    let mut frame = GOLDEN;
    assert_eq!(flow().write_headers(&mut frame, 6, 0x0102, TxSums::Hardware), Some(60));
    assert_eq!((&frame[24..26], &frame[40..42]), (&[0, 0][..], &[0x14, 0x22][..]));
    // What it does with it: the sum from the UDP header on, complemented.
    assert_eq!(Sum::new().bytes(&frame[34..48]).checksum(), 0x34E2);
    assert_eq!(drop_reason(&frame), Some(DropReason::Checksum));
    assert!(classify(&frame, &station(None), RxSums::Verified).is_ok());
}

#[test]
fn groups_go_to_their_hardware_address_and_to_all_who_listen() {
    assert_eq!(MacAddr::of_group(Ipv4Addr::new(239, 129, 2, 3)).to_string(), "01:00:5e:01:02:03");
    let to = SocketAddrV4::new(GROUP, PORT);
    let frame = built(&Flow { to, to_mac: MacAddr::of_group(GROUP), ..flow() }, b"tick");
    let station = station(None);
    let Ok(Inbound::Datagram(datagram)) = classify(&frame, &station, RxSums::Verify) else { panic!("a datagram") };
    assert_eq!((datagram.to, datagram.endpoints), (to, &[EndpointIndex(1), EndpointIndex(2)][..]));
    assert_eq!((station.addresses(), station.groups()), (&[OURS][..], &[GROUP][..]));
    assert_eq!(station.listening().collect::<Vec<_>>(), [SocketAddrV4::new(OURS, PORT), to]);
}

/// The one payload whose checksum is 0, which would mean that there is none.
#[test]
fn a_checksum_of_zero_is_written_as_its_other_form() {
    let mut payload = *b"pinion__";
    payload[6..].copy_from_slice(&[0, 0]);
    let sum = u16::from_be_bytes(built(&flow(), &payload)[40..42].try_into().unwrap());
    payload[6..].copy_from_slice(&sum.to_be_bytes());
    let frame = built(&flow(), &payload);
    assert_eq!(frame[40..42], [0xFF, 0xFF]);
    assert_eq!(drop_reason(&frame), None);
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut frame = [0; FRAME_MAX];
    assert_eq!(flow().write_headers(&mut frame, FRAME_MAX - HEADERS_LEN, 0, TxSums::Ours), Some(FRAME_MAX));
    assert_eq!(flow().write_headers(&mut frame, FRAME_MAX - HEADERS_LEN + 1, 0, TxSums::Ours), None);
    assert_eq!(flow().write_headers(&mut frame[..59], 0, 0, TxSums::Ours), None);
    assert_eq!(flow().write_headers(&mut [], 0, 0, TxSums::Ours), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_heard(
        payload in proptest::collection::vec(any::<u8>(), 0..=PAYLOAD_MAX),
        from in 0x0100_0000_u32..0x7F00_0000,
        port: u16,
        vlan in proptest::option::of(1_u16..4095),
        ttl: u8,
    ) {
        prop_assume!(Ipv4Addr::from_bits(from) != OURS);
        let flow = Flow { from: SocketAddrV4::new(Ipv4Addr::from_bits(from), port), vlan, ttl, ..flow() };
        let frame = built(&flow, &payload);
        let station = station(vlan);
        let Ok(Inbound::Datagram(datagram)) = classify(&frame, &station, RxSums::Verify) else { panic!("{flow:?}") };
        prop_assert_eq!((datagram.from, datagram.to, datagram.payload), (flow.from, flow.to, &payload[..]));
        prop_assert_eq!(datagram.from_mac, PEER_MAC);
    }

    /// Whatever begins like one of our frames and goes on anyhow: it returns.
    #[test]
    fn rubbish_harms_nothing(
        keep in 0_usize..60,
        rest in proptest::collection::vec(any::<u8>(), 0..200),
        ether_type in prop::sample::select(vec![0x0800_u16, 0x0806, 0x8100, 0x86DD]),
        protocol in prop::sample::select(vec![1_u8, 2, 17, 6]),
    ) {
        let mut frame = GOLDEN[..keep].to_vec();
        frame.extend(rest);
        if let Some(field) = frame.get_mut(12..14) {
            field.copy_from_slice(&ether_type.to_be_bytes());
        }
        if let Some(field) = frame.get_mut(23) {
            *field = protocol;
        }
        for sums in [RxSums::Verify, RxSums::Verified] {
            let _ = classify(&frame, &station(None), sums);
        }
    }
}

/// Past the headers of a frame with this much padding, bytes mean nothing.
#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    let station = station(None);
    let padded = built(&flow(), b"pinion");
    let whole = built(&flow(), b"a payload which is long enough to need no padding at all");
    for (frame, meant) in [(&padded, 48), (&whole, whole.len())] {
        let original = classify(frame, &station, RxSums::Verify);
        for len in 0..frame.len() {
            let cut = classify(&frame[..len], &station, RxSums::Verify);
            assert_eq!(cut.is_ok(), len >= meant, "cut at {len}");
            assert!(len < meant || cut == original);
        }
        for bit in 0..meant * 8 {
            let mut frame = frame.clone();
            frame[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(classify(&frame, &station, RxSums::Verify), original, "bit {bit}");
        }
    }
}
