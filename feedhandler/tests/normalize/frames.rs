//! Capture files made by hand: every byte order and resolution, and every reason for which a frame is no datagram.

use std::net::{Ipv4Addr, SocketAddrV4};

use feedhandler::FlowError;
use feedhandler::capture::{CaptureCounters, CaptureReader, begins_like_capture};
use wire::Nanos;

const FROM: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 1, 2, 3), 40_000);
const TO: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(233, 54, 12, 111), 26_477);
/// 2023-08-22 13:30:00.000059094 UTC.
const STAMP: u64 = 1_692_711_000_000_059_094;

/// An IPv4 packet around a payload; `options` are words of the header, `fragment` its flags and offset.
fn ipv4(protocol: u8, options: usize, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let header_len = 20 + 4 * options;
    let mut packet = vec![0x40 | u8::try_from(header_len / 4).expect("few"), 0];
    packet.extend(u16::try_from(header_len + payload.len()).expect("short").to_be_bytes());
    packet.extend([0, 7]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(FROM.ip().octets());
    packet.extend(TO.ip().octets());
    // No-operation options.
    packet.extend(vec![1; 4 * options]);
    packet.extend(payload);
    packet
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut datagram = [FROM.port().to_be_bytes(), TO.port().to_be_bytes()].concat();
    datagram.extend(u16::try_from(8 + payload.len()).expect("short").to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An Ethernet frame; each tag is an EtherType and a VLAN.
fn ethernet(tags: &[u16], kind: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![1, 0, 0x5E, 0, 0, 1, 2, 0, 0, 0, 0, 1];
    for tag in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend([0, 141]);
    }
    frame.extend(kind.to_be_bytes());
    frame.extend(packet);
    frame
}

fn plain(payload: &[u8]) -> Vec<u8> {
    ethernet(&[], 0x0800, &ipv4(17, 0, 0, &udp(payload)))
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn u32(self, number: usize) -> [u8; 4] {
        let number = u32::try_from(number).expect("32 bits");
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    fn u64(self, number: u64) -> [u8; 8] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

fn pcap(order: Order, magic: usize, link: usize, records: &[(usize, usize, &[u8])]) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend([0; 8]);
    file.extend([order.u32(65_535), order.u32(link)].concat());
    for (seconds, fraction, frame) in records {
        let fields = [order.u32(*seconds), order.u32(*fraction), order.u32(frame.len()), order.u32(frame.len())];
        file.extend(fields.concat());
        file.extend(*frame);
    }
    file
}

/// A pcapng block of this type.
fn block(order: Order, kind: usize, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let mut bytes = [order.u32(kind), order.u32(12 + padded)].concat();
    bytes.extend(body);
    bytes.resize(8 + padded, 0);
    bytes.extend(order.u32(12 + padded));
    bytes
}

fn section(order: Order) -> Vec<u8> {
    let mut body = order.u32(0x1A2B_3C4D).to_vec();
    body.extend([order.u16(1), order.u16(0)].concat());
    body.extend([0xFF; 8]);
    block(order, 0x0A0D_0D0A, &body)
}

fn interface(order: Order, link: u16, resolution: u8, offset_s: u64) -> Vec<u8> {
    let mut body = [order.u16(link), order.u16(0)].concat();
    body.extend(order.u32(0));
    body.extend([order.u16(9), order.u16(1)].concat());
    body.extend([resolution, 0, 0, 0]);
    body.extend([order.u16(14), order.u16(8)].concat());
    body.extend(order.u64(offset_s));
    body.extend([0; 4]);
    block(order, 1, &body)
}

fn packet(order: Order, interface: usize, stamp: u64, frame: &[u8]) -> Vec<u8> {
    let halves = [stamp >> 32, stamp & 0xFFFF_FFFF].map(|half| usize::try_from(half).expect("32 bits"));
    let fields = [interface, halves[0], halves[1], frame.len(), frame.len()];
    let mut body: Vec<u8> = fields.iter().flat_map(|field| order.u32(*field)).collect();
    body.extend(frame);
    block(order, 6, &body)
}

type Read = (Vec<(Option<u64>, Vec<u8>)>, CaptureCounters, Option<FlowError>);

fn read(file: &[u8]) -> Read {
    assert!(begins_like_capture(file));
    let mut reader = CaptureReader::read("made by hand", file).expect("a capture");
    let mut datagrams = Vec::new();
    let error = loop {
        match reader.next_datagram() {
            Ok(Some(datagram)) => {
                assert_eq!((datagram.from, datagram.to), (FROM, TO));
                datagrams.push((datagram.time.map(Nanos::get), datagram.payload.to_vec()));
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(matches!(reader.next_datagram(), Ok(None)), "a reader that has ended stays so");
    (datagrams, *reader.counters(), error)
}

#[test]
fn both_formats_read_the_same_in_every_byte_order_and_resolution() {
    let (seconds, nanoseconds) = (1_692_711_000, 59_094);
    let (one, two) = (plain(b"one"), plain(b"two!"));
    let mut files = Vec::new();
    for order in [Order::Little, Order::Big] {
        files.push((1, pcap(order, 0xA1B2_3C4D, 1, &[(seconds, nanoseconds, &one), (seconds, nanoseconds, &two)])));
        let micros = nanoseconds / 1_000;
        files.push((1_000, pcap(order, 0xA1B2_C3D4, 1, &[(seconds, micros, &one), (seconds, micros, &two)])));
        // Nanoseconds; ten days back or ahead, with the days in the offset; two sections in two orders, the second of two interfaces.
        let of = |resolution, offset_s, stamp| {
            let blocks = [
                interface(order, 1, resolution, offset_s),
                packet(order, 0, stamp, &one),
                packet(order, 0, stamp, &two),
            ];
            [section(order), blocks.concat()].concat()
        };
        files.push((1, of(9, 0, STAMP)));
        files.push((1, of(9, 864_000, STAMP - 864_000_000_000_000)));
        files.push((1, of(9, 864_000_u64.wrapping_neg(), STAMP + 864_000_000_000_000)));
        files.push((1_000, of(6, 0, STAMP / 1_000)));
        let other = if matches!(order, Order::Little) { Order::Big } else { Order::Little };
        let first = [section(order), interface(order, 1, 9, 0), packet(order, 0, STAMP, &one)].concat();
        let blocks = [interface(other, 1, 6, 0), interface(other, 1, 9, 0), packet(other, 1, STAMP, &two)].concat();
        files.push((1, [first, section(other), blocks].concat()));
    }
    for (number, (unit_ns, file)) in files.iter().enumerate() {
        let (datagrams, counters, error) = read(file);
        let time = Some(STAMP / unit_ns * unit_ns);
        assert!(error.is_none(), "file {number}: {error:?}");
        assert_eq!(datagrams, [(time, b"one".to_vec()), (time, b"two!".to_vec())], "file {number}");
        assert_eq!(
            counters,
            CaptureCounters { frames: 2, datagrams: 2, ..CaptureCounters::default() },
            "file {number}"
        );
    }
}

#[test]
fn stamps_may_count_powers_of_two() {
    for order in [Order::Little, Order::Big] {
        let frame = plain(b"half past");
        let stamp = 1_692_711_000 << 30 | 1 << 29;
        let (datagrams, ..) =
            read(&[section(order), interface(order, 1, 0x80 | 30, 0), packet(order, 0, stamp, &frame)].concat());
        assert_eq!(datagrams, [(Some(1_692_711_000_500_000_000), b"half past".to_vec())]);
    }
}

#[test]
fn a_simple_packet_has_no_time() {
    let order = Order::Little;
    let frame = plain(b"timeless");
    let body = [&order.u32(frame.len())[..], &frame].concat();
    let (datagrams, ..) = read(&[section(order), interface(order, 1, 6, 0), block(order, 3, &body)].concat());
    assert_eq!(datagrams, [(None, b"timeless".to_vec())]);
}

#[test]
fn every_frame_is_a_datagram_or_has_a_reason() {
    let whole = udp(b"x");
    let frames = [
        plain(b"plain"),
        ethernet(&[0x8100], 0x0800, &ipv4(17, 0, 0, &udp(b"tagged"))),
        ethernet(&[0x88A8, 0x8100], 0x0800, &ipv4(17, 0, 0, &udp(b"twice"))),
        ethernet(&[], 0x0800, &ipv4(17, 3, 0x4000, &udp(b"options"))),
        // A switch puts its own time behind the packet.
        [plain(b"trailer"), vec![0xEE; 18]].concat(),
        ethernet(&[], 0x0800, &ipv4(17, 0, 0x2000, &whole)),
        ethernet(&[], 0x0800, &ipv4(17, 0, 0x0001, &whole)),
        ethernet(&[], 0x0800, &ipv4(6, 0, 0, &[0x50; 20])),
        ethernet(&[], 0x0806, &[0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 10, 1, 2, 4]),
        ethernet(&[], 0x0800, &[0x45, 0, 0]),
        ethernet(&[], 0x0800, &ipv4(17, 0, 0, &whole[..7])),
        vec![1, 2, 3],
    ];
    let records: Vec<(usize, usize, &[u8])> = frames.iter().map(|frame| (0, 0, frame.as_slice())).collect();
    let mut file = pcap(Order::Little, 0xA1B2_3C4D, 1, &records);
    // One of which the capture kept ten bytes less than there were.
    let cut = plain(b"cut short");
    let mut record = pcap(Order::Little, 0xA1B2_3C4D, 1, &[(0, 0, &cut)]).split_off(24);
    record[12..16].copy_from_slice(&Order::Little.u32(cut.len() + 10));
    file.extend(record);

    let (datagrams, counters, error) = read(&file);
    assert!(error.is_none(), "{error:?}");
    let payloads: Vec<_> = datagrams.iter().map(|(_, payload)| String::from_utf8_lossy(payload)).collect();
    assert_eq!(payloads, ["plain", "tagged", "twice", "options", "trailer"]);
    let expected = CaptureCounters {
        frames: 13,
        datagrams: 5,
        tagged: 2,
        options: 1,
        cut_short: 1,
        fragments: 2,
        others: 2,
        malformed: 3,
        foreign_links: 0,
    };
    assert_eq!(counters, expected);
}

#[test]
fn other_links_are_read_or_counted() {
    let packet = ipv4(17, 0, 0, &udp(b"raw"));
    let cooked = [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0][..], &packet].concat();
    for (link, frame, read_here) in
        [(101, &packet, true), (228, &packet, true), (113, &cooked, true), (105, &packet, false)]
    {
        let (datagrams, counters, _) = read(&pcap(Order::Big, 0xA1B2_C3D4, link, &[(0, 0, frame)]));
        assert_eq!(
            (datagrams.len(), counters.foreign_links),
            (usize::from(read_here), u64::from(!read_here)),
            "{link}"
        );
    }
    // A packet of an interface that the section does not have.
    let order = Order::Little;
    let frame = plain(b"whose");
    let (datagrams, counters, _) =
        read(&[section(order), interface(order, 1, 9, 0), self::packet(order, 1, 0, &frame)].concat());
    assert_eq!((datagrams.len(), counters.foreign_links), (0, 1));
}

#[test]
fn long_blocks_are_read_and_endless_ones_refused() {
    let order = Order::Little;
    let frame = plain(b"behind");
    let unknown = block(order, 0x0BAD, &vec![0xAA; 1 << 20]);
    let file = [section(order), interface(order, 1, 9, 0), unknown, packet(order, 0, STAMP, &frame)].concat();
    let (datagrams, _, error) = read(&file);
    assert!(error.is_none() && datagrams.len() == 1, "{error:?}");
    let mut file = [section(order), interface(order, 1, 9, 0)].concat();
    file.extend([order.u32(6), order.u32(1 << 30)].concat());
    file.extend(vec![0; 64]);
    let (_, _, error) = read(&file);
    assert!(matches!(error, Some(FlowError::Message { .. })), "{error:?}");
}

#[test]
fn damage_is_named_with_its_place_and_what_came_before_is_read() {
    let frame = plain(b"whole");
    let file = pcap(Order::Little, 0xA1B2_3C4D, 1, &[(0, 0, &frame), (0, 0, &frame)]);
    let (datagrams, _, error) = read(&file[..file.len() - 1]);
    let Some(FlowError::Message { index, offset, .. }) = error else { panic!("{error:?}") };
    assert_eq!((datagrams.len(), index, offset), (1, 1, u64::try_from(24 + 16 + frame.len()).expect("small")));

    let order = Order::Big;
    let mut file = [section(order), interface(order, 1, 9, 0), packet(order, 0, STAMP, &frame)].concat();
    let at = file.len() - 1;
    file[at] ^= 4;
    let (datagrams, _, error) = read(&file);
    assert!(datagrams.is_empty() && matches!(error, Some(FlowError::Message { .. })), "{error:?}");

    for other in [&b"N 527 B 33355 98\n"[..], b"", b"\xD4\xC3"] {
        let error = CaptureReader::read("other", other).expect_err("no capture");
        assert!(matches!(error, FlowError::NoCapture { .. }), "{error}");
    }
}
