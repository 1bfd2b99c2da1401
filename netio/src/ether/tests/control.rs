//! What a host answers, and how.

use super::*;

fn hear<'a>(frame: &'a [u8], station: &'a Station) -> Result<Inbound<'a>, DropReason> {
    classify(frame, station, RxSums::Verify)
}

/// An IPv4 packet from the peer in a frame, with right sums.
fn packet(to_mac: MacAddr, to: Ipv4Addr, protocol: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 34];
    let _ = Link { to: to_mac, from: PEER_MAC, vlan: None }.write(&mut frame, link::TYPE_IPV4);
    let head = ipv4::Head { from: PEER, to, protocol, ttl: 64, id: 1 };
    frame[14..34].copy_from_slice(&head.bytes(body.len(), true));
    frame.extend(body);
    frame
}

#[test]
fn who_asks_for_us_is_told() {
    let station = station(None);
    #[rustfmt::skip]
    let request = [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,  2, 0, 0, 0, 0, 1,  0x08, 0x06,
        0, 1, 8, 0, 6, 4, 0, 1,  2, 0, 0, 0, 0, 1, 10, 0, 0, 1,  0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    ];
    let Ok(Inbound::Arp(arp)) = hear(&request, &station) else { panic!("a question") };
    assert_eq!(arp, arp::Arp { is_request: true, sender: (PEER_MAC, PEER), target: OURS });
    let mut frame = [0xEE; FRAME_MAX];
    assert_eq!(arp.write_reply(&station, &mut frame), Some(60));
    #[rustfmt::skip]
    assert_eq!(frame[..60], [
        2, 0, 0, 0, 0, 1,  2, 0, 0, 0, 0, 2,  0x08, 0x06,
        0, 1, 8, 0, 6, 4, 0, 2,  2, 0, 0, 0, 0, 2, 10, 0, 0, 2,  2, 0, 0, 0, 0, 1, 10, 0, 0, 1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    // The peer understands it, and needs no answer to an answer.
    let mut peer = Station::new(PEER_MAC, None);
    peer.own(PEER);
    let Ok(Inbound::Arp(reply)) = hear(&frame[..60], &peer) else { panic!("an answer") };
    assert_eq!(reply, arp::Arp { is_request: false, sender: (OUR_MAC, OURS), target: PEER });
    assert_eq!(reply.write_reply(&peer, &mut [0; 60]), None);
    assert_eq!(arp.write_reply(&station, &mut frame[..59]), None);
}

#[test]
fn whom_we_ask_for_answers() {
    let ours = station(Some(9));
    let mut peer = Station::new(PEER_MAC, Some(9));
    peer.own(PEER);
    let mut frame = [0; 60];
    assert_eq!(arp::write_request(&ours, OURS, PEER, &mut frame), Some(60));
    let Ok(Inbound::Arp(asked)) = hear(&frame, &peer) else { panic!("a question") };
    assert_eq!(asked.write_reply(&peer, &mut frame), Some(60));
    let Ok(Inbound::Arp(told)) = hear(&frame, &ours) else { panic!("an answer") };
    assert_eq!(told.sender, (PEER_MAC, PEER));
}

#[test]
fn what_is_said_of_others_is_not_ours_and_lies_are_malformed() {
    let station = station(None);
    let mut frame = [0; 60];
    let other = Ipv4Addr::new(10, 0, 0, 9);
    let mut peer = Station::new(PEER_MAC, None);
    let ask = |peer: &Station, from, target, frame: &mut [u8]| arp::write_request(peer, from, target, frame);
    ask(&peer, PEER, other, &mut frame);
    assert_eq!(hear(&frame, &station), Err(DropReason::NotOurs));
    // An announcement tells that an address has moved.
    ask(&peer, PEER, PEER, &mut frame);
    assert!(matches!(hear(&frame, &station), Ok(Inbound::Arp(_))));
    // Our own address in somebody else's mouth.
    ask(&peer, OURS, OURS, &mut frame);
    assert_eq!(hear(&frame, &station), Err(DropReason::Malformed));
    // A hardware address that is not the speaker's.
    peer.own(PEER);
    ask(&peer, PEER, OURS, &mut frame);
    frame[22] ^= 2;
    assert_eq!(hear(&frame, &station), Err(DropReason::Malformed));
    frame[22] ^= 2;
    frame[21] = 3; // Neither question nor answer.
    assert_eq!(hear(&frame, &station), Err(DropReason::Malformed));
    assert_eq!(hear(&frame[..41], &station), Err(DropReason::Malformed));
}

#[test]
fn an_echo_gives_back_what_came() {
    let station = station(None);
    let request = packet(OUR_MAC, OURS, ipv4::ICMP, &[8, 0, 0x96, 0x9A, 0, 1, 0, 2, b'a', b'b']);
    let Ok(Inbound::Echo(echo)) = hear(&request, &station) else { panic!("a request") };
    assert_eq!((echo.from, echo.to, echo.content), (PEER, OURS, &[0, 1, 0, 2, b'a', b'b'][..]));
    let mut frame = [0xEE; FRAME_MAX];
    assert_eq!(echo.write_reply(&station, &mut frame), Some(60));
    assert_eq!(frame[..14], [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
    assert_eq!(Sum::new().bytes(&frame[14..34]).checksum(), 0);
    assert_eq!(frame[26..44], [10, 0, 0, 2, 10, 0, 0, 1, 0, 0, 0x9E, 0x9A, 0, 1, 0, 2, b'a', b'b']);
    assert_eq!(frame[44..60], [0; 16]);
    assert_eq!(echo.write_reply(&station, &mut [0; 59]), None);

    let refused = |frame: &[u8]| hear(frame, &station).err();
    let mut wrong = request.clone();
    wrong[43] ^= 1;
    assert_eq!(refused(&wrong), Some(DropReason::Checksum));
    assert_eq!(refused(&packet(MacAddr::BROADCAST, OURS, ipv4::ICMP, &request[34..])), Some(DropReason::NotOurs));
    assert_eq!(refused(&packet(OUR_MAC, PEER, ipv4::ICMP, &request[34..])), Some(DropReason::NotOurs));
    // An answer that nobody asked for.
    assert_eq!(refused(&packet(OUR_MAC, OURS, ipv4::ICMP, &[0, 0, 0xFF, 0xFF])), Some(DropReason::NotOurs));
    assert_eq!(refused(&packet(OUR_MAC, OURS, ipv4::ICMP, &[8, 0, 0xF7])), Some(DropReason::Malformed));
}

#[test]
fn routers_are_understood() {
    let station = station(None);
    let to = |group, body: &[u8]| packet(MacAddr::of_group(group), group, ipv4::IGMP, body);
    let query = |code: u8, group: Ipv4Addr, rest: &[u8]| {
        let mut body = vec![0x11, code, 0, 0];
        body.extend(group.octets());
        body.extend(rest);
        let sum = Sum::new().bytes(&body).checksum();
        body[2..4].copy_from_slice(&sum.to_be_bytes());
        body
    };
    let heard = |frame: &[u8]| match hear(frame, &station) {
        Ok(Inbound::GroupQuery(igmp::Query { version, group, within })) => (version, group, within.as_millis()),
        other => panic!("{other:?}"),
    };
    let all = Ipv4Addr::UNSPECIFIED;
    assert_eq!(heard(&to(igmp::ALL_HOSTS, &query(50, all, &[]))), (igmp::Version::V2, None, 5_000));
    assert_eq!(heard(&to(igmp::ALL_HOSTS, &query(0, all, &[]))), (igmp::Version::V2, None, 10_000));
    assert_eq!(heard(&to(GROUP, &query(10, GROUP, &[2, 20, 0, 0]))), (igmp::Version::V3, Some(GROUP), 1_000));
    assert_eq!(heard(&to(GROUP, &query(0x8F, GROUP, &[2, 20, 0, 0]))), (igmp::Version::V3, Some(GROUP), 24_800));
    let stranger = Ipv4Addr::new(239, 9, 9, 9);
    assert_eq!(hear(&to(stranger, &query(10, stranger, &[])), &station), Err(DropReason::NotOurs));
    let mut wrong = to(igmp::ALL_HOSTS, &query(50, all, &[]));
    wrong[35] ^= 1;
    assert_eq!(hear(&wrong, &station), Err(DropReason::Checksum));
}

#[test]
fn reports_are_what_paper_says() {
    use igmp::{Membership, Version, write_report};
    let station = station(None);
    let mut frame = [0xEE; FRAME_MAX];
    assert_eq!(write_report(Version::V2, Membership::Current, GROUP, &station, OURS, &mut frame), Some(60));
    #[rustfmt::skip]
    assert_eq!(frame[..46], [
        0x01, 0, 0x5E, 1, 2, 3,  2, 0, 0, 0, 0, 2,  8, 0,
        0x46, 0xC0, 0, 0x20,  0, 0, 0x40, 0,  1, 2, 0xE9, 0x11,  10, 0, 0, 2,  239, 1, 2, 3,  0x94, 4, 0, 0,
        0x16, 0, 0xF8, 0xFA,  239, 1, 2, 3,
    ]);
    assert_eq!(frame[46..60], [0; 14]);
    let cases = [
        (Version::V2, Membership::Leave, [224, 0, 0, 2], vec![0x17, 0, 0xF7, 0xFA, 239, 1, 2, 3]),
        (
            Version::V3,
            Membership::Join,
            [224, 0, 0, 22],
            vec![0x22, 0, 0xE8, 0xF9, 0, 0, 0, 1, 4, 0, 0, 0, 239, 1, 2, 3],
        ),
        (
            Version::V3,
            Membership::Leave,
            [224, 0, 0, 22],
            vec![0x22, 0, 0xE9, 0xF9, 0, 0, 0, 1, 3, 0, 0, 0, 239, 1, 2, 3],
        ),
    ];
    for (version, membership, to, body) in cases {
        assert_eq!(write_report(version, membership, GROUP, &station, OURS, &mut frame), Some(60));
        assert_eq!((&frame[30..34], &frame[38..38 + body.len()]), (&to[..], &body[..]), "{version:?} {membership:?}");
        assert_eq!(frame[..6], MacAddr::of_group(to.into()).0);
        assert_eq!(Sum::new().bytes(&frame[14..38]).checksum(), 0);
    }
    assert_eq!(write_report(Version::V2, Membership::Join, GROUP, &station, OURS, &mut frame[..59]), None);
}
