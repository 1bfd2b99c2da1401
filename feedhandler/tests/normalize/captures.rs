//! Packets of a real venue, captured by others: read, decoded field by field, and turned into ticks.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use feedhandler::capture::CaptureReader;
use feedhandler::normalize::{Date, Day, Framing, Inlet, Normalizer, Symbols, Zone};
use wire::itch::Message;
use wire::mold::Packet;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price};

use crate::shared_data::shared_data;

/// Frames in each file, as tshark counts them.
const FILES: &[(&str, u64)] = &[
    ("AddOrderNoMPID", 5),
    ("AddOrderNoMpidAttributionMessage", 1),
    ("AddOrderWithMPID", 5),
    ("CrossTrade", 5),
    ("LULDAuctionCollar", 5),
    ("MarketParticipantPosition", 5),
    ("MarketParticipantPositionMessage", 1),
    ("Multiple.Packets", 2),
    ("NetOrderImbalanceIndicator", 5),
    ("NetOrderImbalanceIndicatorMessage", 1),
    ("NonCrossTrade", 5),
    ("OrderCancel", 5),
    ("OrderDelete", 5),
    ("OrderDeleteMessage", 1),
    ("OrderExecuted", 5),
    ("OrderExecutedMessage", 1),
    ("OrderExecutedWithPrice", 5),
    ("OrderReplace", 5),
    ("OrderReplaceMessage", 1),
    ("RegSHORestriction", 5),
    ("StockTradingAction", 5),
    ("StockTradingActionMessage", 1),
    ("SystemEvent", 1),
];

/// A file's ticks, names and messages by type.
struct Normalized {
    ticks: Vec<Tick>,
    normalizer: Normalizer,
    types: BTreeMap<u8, u64>,
    datagrams: u64,
}

fn normalize(name: &str) -> Option<Normalized> {
    let path = shared_data(&format!("captures/itch50/{name}.pcap"))?;
    let mut reader = CaptureReader::open(&path).expect("a capture");
    let day = Day::new(Date::parse("2023-08-22").expect("a date"), Zone::NewYork);
    let mut normalizer = Normalizer::itch(day, Symbols::default());
    let (mut ticks, mut types) = (Vec::new(), BTreeMap::new());
    let mut datagrams = 0;
    while let Some(datagram) = reader.next_datagram().expect("a whole file") {
        datagrams += 1;
        let packet = Packet::parse(datagram.payload).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (_, bytes) in packet.messages() {
            let message = Message::decode(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut out = [0; 64];
            let len = message.encode(&mut out).expect("room");
            assert_eq!(&out[..len], bytes, "{name}");
            *types.entry(bytes[0]).or_default() += 1;
            normalizer.message(bytes, &mut |tick| ticks.push(*tick));
        }
    }
    let counters = reader.counters();
    assert_eq!((counters.frames, counters.tagged), (datagrams, datagrams), "{name}: every frame has its tag");
    Some(Normalized { ticks, normalizer, types, datagrams })
}

#[test]
fn every_message_decodes_and_is_written_again_as_it_came() {
    let mut types = BTreeMap::<u8, u64>::new();
    for (name, frames) in FILES {
        let Some(Normalized { normalizer, types: of_file, datagrams, .. }) = normalize(name) else { return };
        assert_eq!(datagrams, *frames, "{name}");
        let counters = normalizer.counters();
        assert_eq!((counters.malformed, counters.unknown_types), (0, 0), "{name}");
        let messages: u64 = of_file.values().sum();
        assert_eq!(counters.messages, messages, "{name}");
        of_file.iter().for_each(|(tag, count)| *types.entry(*tag).or_default() += count);
    }
    for tag in b"AFECXDUPQILHYJS" {
        assert!(types.contains_key(tag), "type {} is in the captures; found {types:?}", char::from(*tag));
    }
}

#[test]
fn frames_have_the_times_and_addresses_that_tshark_shows() {
    let to = |name: &str| -> Option<(Option<Nanos>, SocketAddrV4, usize)> {
        let mut reader =
            CaptureReader::open(&shared_data(&format!("captures/itch50/{name}.pcap"))?).expect("a capture");
        let datagram = reader.next_datagram().expect("a whole file").expect("one");
        Some((datagram.time, datagram.to, datagram.payload.len()))
    };
    let group = SocketAddrV4::new(Ipv4Addr::new(233, 54, 12, 111), 26_477);
    let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    for (name, time_ns, to_expected, udp_len) in [
        ("AddOrderNoMpidAttributionMessage", 1_692_711_000_000_059_094, group, 66),
        ("OrderReplaceMessage", 1_692_711_000_000_001_318, group, 65),
        ("StockTradingActionMessage", 1_692_711_563_322_630_726, group, 55),
        ("SystemEvent", 1_692_711_000_000_239_038, nowhere, 42),
        ("LULDAuctionCollar", 1_692_711_015_592_597_169, nowhere, 65),
    ] {
        let Some(found) = to(name) else { return };
        // tshark's udp.length counts the header of 8 bytes too.
        assert_eq!(found, (Some(Nanos(time_ns)), to_expected, udp_len - 8), "{name}");
    }
}

/// Values read off the hex dumps with the specification at hand; the moment is that of the message, on the day of the capture.
#[test]
fn captured_messages_become_the_ticks_that_their_bytes_say() {
    // Midnight in New York.
    const MIDNIGHT_NS: u64 = 1_692_676_800 * Nanos::PER_SECOND;
    let Some(Normalized { ticks, normalizer, .. }) = normalize("AddOrderNoMpidAttributionMessage") else { return };
    let expected = Tick {
        timestamp: Nanos(MIDNIGHT_NS + 0x1F1A_CED8_5306),
        symbol_id: InstrumentIndex(0),
        price: Price(873_900),
        quantity: 1_600,
        side: TickSide::Buy,
        kind: TickKind::Quote,
    };
    assert_eq!(ticks, [expected]);
    assert_eq!(normalizer.symbols().name(InstrumentIndex(0)).map(|name| name.to_string()), Some("IVOO".to_owned()));

    // A trade of a hidden order and an auction have no side, and their prices are printed.
    let Some(Normalized { ticks, .. }) = normalize("NonCrossTrade") else { return };
    assert!(ticks.iter().any(|tick| tick.kind == TickKind::Trade && tick.side == TickSide::None));

    // Executions of orders from before the capture are counted.
    let Some(Normalized { ticks, normalizer, .. }) = normalize("OrderExecutedMessage") else { return };
    assert_eq!((ticks.len(), normalizer.counters().unknown_orders), (0, 1));

    let Some(Normalized { ticks, normalizer, types, .. }) = normalize("StockTradingActionMessage") else { return };
    assert_eq!(types, BTreeMap::from([(b'H', 1)]));
    let [tick] = ticks[..] else { panic!("{ticks:?}") };
    assert_eq!((tick.kind, tick.side, tick.price), (TickKind::Status, TickSide::None, Price(0)));
    assert!(b"HPQT".map(u32::from).contains(&tick.quantity) && normalizer.symbols().len() == 1, "{tick:?}");
}

#[test]
fn the_capture_tells_its_own_date() {
    let Some(path) = shared_data("captures/itch50/SystemEvent.pcap") else { return };
    let mut reader = CaptureReader::open(&path).expect("a capture");
    let time = reader.next_datagram().expect("a whole file").and_then(|datagram| datagram.time).expect("a time");
    assert_eq!(Date::parse("2023-08-22"), Some(Date::at(time, Zone::NewYork)));
}

/// Most of the files were made anonymous: session and sequence are zero in every packet. The others tell both.
#[test]
fn captured_framing_is_recognised_and_its_numbers_are_kept() {
    let Some(path) = shared_data("captures/itch50/Multiple.Packets.pcap") else { return };
    let mut reader = CaptureReader::open(&path).expect("a capture");
    let (mut inlet, mut events) = (Inlet::new(None), Vec::new());
    while let Some(datagram) = reader.next_datagram().expect("a whole file") {
        inlet
            .datagram(datagram.time.expect("a time"), datagram.payload, &mut |event| events.push(format!("{event:?}")));
    }
    inlet.finish(&mut |event| events.push(format!("{event:?}")));
    assert_eq!((inlet.framing(), inlet.counters().malformed), (Some(Framing::Mold), 0));
    let counters = inlet.sequencer_counters();
    // 38 s lie between the two packets, and all that was sent in them.
    assert_eq!((counters.packets, counters.sessions, counters.gaps), (2, 1, 1));
    assert!(counters.lost > 1_000_000, "{counters:?}");
    assert_eq!((events[0].as_str(), counters.duplicates), ("Session", 0));
}
