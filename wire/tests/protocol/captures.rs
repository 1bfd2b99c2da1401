//! Packets that others captured: every message decodes, and is written again byte by byte.

use std::path::{Path, PathBuf};
use wire::itch::{self, Message};
use wire::mold::{Packet, PacketBuilder, PacketKind};
use wire::ouch::options::OptionValue;
use wire::ouch::{Firm, Inbound, OrderSide, Outbound, TimeInForce};
use wire::{Price, Qty, Side, UserRefNum};

/// The folder of captures, unless this checkout has none.
fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/captures").join(name);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is absent; CI needs it", path.display());
    eprintln!("{} is absent: the captures are not checked", path.display());
    None
}

fn pcaps(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    files.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), std::fs::read(path).expect("readable"))).collect()
}

/// The frames of a pcap file: either byte order, microseconds or nanoseconds.
fn frames(file: &[u8]) -> Vec<&[u8]> {
    let (magic, _) = file.split_first_chunk::<4>().expect("a pcap header");
    let number: fn([u8; 4]) -> u32 = match u32::from_le_bytes(*magic) {
        0xA1B2_C3D4 | 0xA1B2_3C4D => u32::from_le_bytes,
        0xD4C3_B2A1 | 0x4D3C_B2A1 => u32::from_be_bytes,
        other => panic!("no pcap magic: {other:#x}"),
    };
    let field = |bytes: &[u8], at: usize| number(bytes[at..at + 4].try_into().expect("4 bytes"));
    assert_eq!(field(file, 20), 1, "Ethernet");
    let (mut rest, mut frames) = (&file[24..], Vec::new());
    while !rest.is_empty() {
        let len = usize::try_from(field(rest, 8)).expect("a length");
        frames.push(&rest[16..16 + len]);
        rest = &rest[16 + len..];
    }
    frames
}

/// What an Ethernet frame carries over IPv4: protocol and transport segment. VLAN tags are passed over; what stands
/// behind the IP packet (padding, a switch's timestamp) is left off.
fn segment(frame: &[u8]) -> (u8, &[u8]) {
    let mut at = 12;
    while frame[at..at + 2] == [0x81, 0x00] {
        at += 4;
    }
    assert_eq!(frame[at..at + 2], [0x08, 0x00], "IPv4");
    let packet = &frame[at + 2..];
    let header_len = usize::from(packet[0] & 0x0F) * 4;
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    (packet[9], &packet[header_len..total])
}

fn udp_payload(frame: &[u8]) -> &[u8] {
    let (protocol, segment) = segment(frame);
    assert_eq!(protocol, 17, "UDP");
    &segment[8..]
}

fn tcp_payload(frame: &[u8]) -> &[u8] {
    let (protocol, segment) = segment(frame);
    assert_eq!(protocol, 6, "TCP");
    &segment[usize::from(segment[12] >> 4) * 4..]
}

#[test]
fn itch_in_moldudp64() {
    let Some(folder) = folder("itch50") else { return };
    let mut seen = std::collections::BTreeMap::<u8, usize>::new();
    let mut out = [0; 2_048];
    for (name, file) in pcaps(&folder) {
        for frame in frames(&file) {
            let payload = udp_payload(frame);
            let packet = Packet::parse(payload).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(packet.kind(), PacketKind::Data, "{name}");
            let mut builder = PacketBuilder::new(&mut out, packet.session(), packet.sequence()).expect("room");
            for (sequence, bytes) in packet.messages() {
                let message = Message::decode(bytes).unwrap_or_else(|error| panic!("{name} {sequence}: {error}"));
                assert!(builder.push_with(|room| message.encode(room)), "{name}");
                *seen.entry(bytes[0]).or_default() += 1;
            }
            let len = builder.finish();
            assert_eq!(&out[..len], payload, "{name}");
        }
    }
    let types: Vec<u8> = seen.keys().copied().collect();
    for tag in b"AFECXDUPQILHYJS" {
        assert!(types.contains(tag), "type {} is in the captures; found {seen:?}", char::from(*tag));
    }
}

/// Values read off the hex dump with the specification at hand.
#[test]
fn a_captured_add_order_says_what_its_bytes_say() {
    let Some(folder) = folder("itch50") else { return };
    let file = std::fs::read(folder.join("AddOrderNoMpidAttributionMessage.pcap")).expect("in the folder");
    let packet = Packet::parse(udp_payload(frames(&file)[0])).expect("well formed");
    assert_eq!((packet.session().as_str(), packet.sequence(), packet.count()), ("000010059B", 0xE1_2F59, 1));
    let (_, bytes) = packet.messages().next().expect("one");
    let Ok(Message::AddOrder(add)) = Message::decode(bytes) else { panic!("an Add Order") };
    assert_eq!((add.stock_locate, add.tracking, add.timestamp.get().0), (0x1598, 0, 0x1F1A_CED8_5306));
    assert_eq!((add.order_ref.0, add.side, add.qty, add.symbol.name()), (0x0166_B53E, Side::Buy, Qty(0x640), "IVOO"));
    assert_eq!((add.price, Price::from(add.price).to_string().as_str()), (itch::Price4(873_900), "87.39"));
}

#[test]
fn ouch_in_soupbintcp() {
    let Some(folder) = folder("ouch50") else { return };
    let mut seen = Vec::new();
    for (name, file) in pcaps(&folder) {
        for frame in frames(&file) {
            let mut rest = tcp_payload(frame);
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (packet, next) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                rest = next;
                let (kind, message) = packet.split_first().expect("a packet type");
                let mut out = [0; 128];
                let len = match kind {
                    b'U' => Inbound::decode(message).unwrap_or_else(|error| panic!("{name}: {error}")).encode(&mut out),
                    b'S' => {
                        Outbound::decode(message).unwrap_or_else(|error| panic!("{name}: {error}")).encode(&mut out)
                    }
                    b'R' | b'H' => continue,
                    other => panic!("{name}: packet type {other}"),
                };
                assert_eq!(len.map(|len| &out[..len]), Some(message), "{name}");
                seen.push((*kind, message[0]));
                check_values(message);
            }
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [(b'S', b'A'), (b'S', b'C'), (b'U', b'O'), (b'U', b'X')]);
}

/// Values read off the hex dump with the specification at hand.
fn check_values(message: &[u8]) {
    match message[0] {
        b'O' => {
            let Ok(Inbound::EnterOrder(order)) = Inbound::decode(message) else { panic!("an Enter Order") };
            assert_eq!((order.user_ref, order.side, order.qty), (UserRefNum(0x71), OrderSide::SellShort, Qty(0xE1)));
            assert_eq!((order.symbol.name(), order.price), ("CVLT", Price(0x9_9DB8)));
            assert_eq!(order.time_in_force, TimeInForce::Day);
            let options: Vec<_> = order.appendage.iter().collect();
            assert_eq!(options, [OptionValue::Firm(Firm(*b"LIME"))]);
        }
        b'A' => {
            let Ok(Outbound::Accepted(accepted)) = Outbound::decode(message) else { panic!("an Accepted") };
            assert_eq!(accepted.appendage.iter().count(), 2);
            assert_eq!(accepted.appendage.options().firm, Some(Firm(*b"MLRO")));
        }
        b'X' => {
            let Ok(Inbound::CancelOrder(cancel)) = Inbound::decode(message) else { panic!("a Cancel Order") };
            assert_eq!((cancel.user_ref, cancel.qty), (UserRefNum(0x0075_2E71), Qty(0)));
        }
        b'C' => {
            let Ok(Outbound::Canceled(canceled)) = Outbound::decode(message) else { panic!("a Canceled") };
            assert_eq!((canceled.user_ref, canceled.qty), (UserRefNum(0x0075_3A8D), Qty(0x28)));
            assert_eq!(canceled.reason, wire::ouch::CancelReason::USER);
        }
        other => panic!("type {other}"),
    }
}
