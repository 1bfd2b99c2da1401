//! What is not taken, and why.

use super::*;

/// The golden flow's frame with a change, after which the IPv4 checksum is right again.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = built(&flow(), b"a payload which is long enough to need no padding at all");
    change(&mut frame);
    frame[24..26].fill(0);
    let header_len = usize::from(frame[14] & 15) * 4;
    let header_end = (14 + header_len.max(20)).min(frame.len());
    let sum = Sum::new().bytes(&frame[14..header_end]).checksum();
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    frame
}

#[test]
fn headers_that_contradict_themselves_are_malformed() {
    let broken: [fn(&mut Vec<u8>); 8] = [
        |frame| frame[14] = 0x55,                        // Version 5.
        |frame| frame[14] = 0x44,                        // A header shorter than the shortest.
        |frame| frame[16..18].fill(0),                   // A length of nothing.
        |frame| frame[16..18].fill(0xFF),                // A length beyond the frame.
        |frame| frame[16..18].copy_from_slice(&[0, 27]), // No room for UDP.
        |frame| frame[38..40].copy_from_slice(&[0, 7]),  // UDP shorter than its header.
        |frame| frame[38..40].copy_from_slice(&[0, 99]), // UDP longer than the packet.
        |frame| frame.truncate(20),
    ];
    assert_eq!(drop_reason(&changed(|_| ())), None);
    for (index, change) in broken.into_iter().enumerate() {
        let mut frame = built(&flow(), b"a payload which is long enough to need no padding at all");
        change(&mut frame);
        let repaired = if frame.len() > 34 { changed(change) } else { frame };
        assert_eq!(drop_reason(&repaired), Some(DropReason::Malformed), "change {index}");
    }
}

#[test]
fn options_are_refused_and_padding_is_not_payload() {
    let with_options = changed(|frame| {
        frame[14] = 0x46;
        let total = u16::from_be_bytes([frame[16], frame[17]]) + 4;
        frame[16..18].copy_from_slice(&total.to_be_bytes());
        for (at, byte) in [1, 1, 1, 0].into_iter().enumerate() {
            frame.insert(34 + at, byte);
        }
    });
    assert_eq!(drop_reason(&with_options), Some(DropReason::Malformed));
    let mut padded = built(&flow(), b"pinion");
    padded.extend([7; 40]);
    let station = station(None);
    let Ok(Inbound::Datagram(datagram)) = classify(&padded, &station, RxSums::Verify) else { panic!("a datagram") };
    assert_eq!(datagram.payload, b"pinion");
}

#[test]
fn wrong_sums_are_told_from_missing_ones() {
    let mut frame = built(&flow(), b"pinion");
    frame[40] ^= 1;
    assert_eq!(drop_reason(&frame), Some(DropReason::Checksum));
    frame[40..42].fill(0);
    assert_eq!(drop_reason(&frame), None);
    frame[24] ^= 1;
    assert_eq!(drop_reason(&frame), Some(DropReason::Checksum));
    assert!(classify(&frame, &station(None), RxSums::Verified).is_ok());
}

#[test]
fn parts_of_datagrams_are_refused_the_first_and_the_others() {
    for (flags, reason) in [(0x2000_u16, DropReason::Fragment), (0x00B9, DropReason::Fragment)] {
        let part = changed(|frame| frame[20..22].copy_from_slice(&flags.to_be_bytes()));
        assert_eq!(drop_reason(&part), Some(reason));
        let of_others = changed(|frame| {
            frame[20..22].copy_from_slice(&flags.to_be_bytes());
            frame[33] = 9;
        });
        assert_eq!(drop_reason(&of_others), Some(DropReason::NotOurs));
    }
    // A reserved bit and "do not fragment" make no fragment.
    assert_eq!(drop_reason(&changed(|frame| frame[20] = 0xC0)), None);
}

#[test]
fn only_our_addresses_ports_and_hardware_addresses_are_ours() {
    let ours = flow();
    let at = |ip, port| SocketAddrV4::new(ip, port);
    let strangers = [
        Flow { to: at(OURS, PORT + 1), ..ours },
        Flow { to: at(PEER, PORT), ..ours },
        Flow { to_mac: PEER_MAC, ..ours },
        // Our address, shouted to everyone; a group, whispered to us; a group nobody listens to.
        Flow { to_mac: MacAddr::BROADCAST, ..ours },
        Flow { to: at(GROUP, PORT), ..ours },
        Flow { to: at(Ipv4Addr::new(239, 1, 2, 4), PORT), to_mac: MacAddr::of_group(GROUP), ..ours },
        Flow { to: at(Ipv4Addr::BROADCAST, PORT), to_mac: MacAddr::BROADCAST, ..ours },
    ];
    for flow in strangers {
        assert_eq!(drop_reason(&built(&flow, b"x")), Some(DropReason::NotOurs), "{flow:?}");
    }
    let ipv6 = changed(|frame| frame[12..14].copy_from_slice(&[0x86, 0xDD]));
    assert_eq!(drop_reason(&ipv6), Some(DropReason::NotOurs));
    let tcp = changed(|frame| frame[23] = 6);
    assert_eq!(drop_reason(&tcp), Some(DropReason::NotOurs));
}

/// An answer to such a sender would go to many, or round in circles.
#[test]
fn senders_that_cannot_be_are_malformed() {
    for from in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 1], [239, 1, 2, 3], [255, 255, 255, 255], OURS.octets()] {
        let flow = Flow { from: SocketAddrV4::new(from.into(), 9), ..flow() };
        assert_eq!(drop_reason(&built(&flow, b"x")), Some(DropReason::Malformed), "{from:?}");
    }
}

#[test]
fn the_vlan_must_fit() {
    let heard = |vlan, ours| classify(&built(&Flow { vlan, ..flow() }, b"x"), &station(ours), RxSums::Verify).err();
    for (vlan, ours) in [(None, Some(7)), (Some(7), None), (Some(8), Some(7))] {
        assert_eq!(heard(vlan, ours), Some(DropReason::NotOurs), "{vlan:?} {ours:?}");
    }
    assert_eq!((heard(Some(7), Some(7)), heard(None, None)), (None, None));
    // A tag of VLAN 0 gives a priority, no VLAN.
    assert_eq!(heard(Some(0), None), None);
}

#[test]
fn a_payload_above_the_longest_is_oversized() {
    let mut frame = built(&flow(), &[1; PAYLOAD_MAX]);
    assert_eq!(drop_reason(&frame), None);
    frame.extend([0; 1]);
    for at in [16, 38] {
        let len = u16::from_be_bytes([frame[at], frame[at + 1]]) + 1;
        frame[at..at + 2].copy_from_slice(&len.to_be_bytes());
    }
    frame[24..26].fill(0);
    let sum = Sum::new().bytes(&frame[14..34]).checksum();
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    frame[40..42].fill(0);
    assert_eq!(drop_reason(&frame), Some(DropReason::Oversized));
}

#[test]
fn reasons_are_counted_apart() {
    use crate::port::PortCounters;
    let mut counters = PortCounters::default();
    let reasons = [
        (DropReason::Malformed, 1),
        (DropReason::Checksum, 2),
        (DropReason::Fragment, 3),
        (DropReason::NotOurs, 4),
        (DropReason::Oversized, 5),
    ];
    for (reason, times) in reasons {
        (0..times).for_each(|_| reason.count(&mut counters));
    }
    let PortCounters { rx_malformed, rx_checksum, rx_fragments, rx_not_ours, rx_truncated, .. } = counters;
    assert_eq!([rx_malformed, rx_checksum, rx_fragments, rx_not_ours, rx_truncated], [1, 2, 3, 4, 5]);
}
