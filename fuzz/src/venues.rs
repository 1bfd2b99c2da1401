//! Targets: what other venues send, and files of it.
//!
//! Each demands that nothing panics and that everything is accounted for: a frame is a datagram or has a reason, a message made
//! ticks or stands in a count, and after another session nothing stands.

use feedhandler::capture::{CaptureCounters, CaptureReader};
use feedhandler::normalize::{Date, Day, Framing, Inlet, Normalizer, Symbols, Zone};
use std::collections::BTreeMap;
use wire::iex::deep::{BuyLevel, Message, SellLevel, TradeReport, TradingStatus};
use wire::iex::transport::{PROTOCOL_DEEP, VERSION};
use wire::iex::{Segment, SegmentBuilder, SegmentHeader};
use wire::mold::{PacketBuilder, SessionId};
use wire::tick::{Tick, TickKind};
use wire::{Nanos, Price, Qty, Symbol};

/// The longest input that is tried; longer ones end at once.
const INPUT_LEN_MAX: usize = 4_096;

/// IEX-TP segments.
#[must_use]
pub fn iex_segment(data: &[u8]) -> bool {
    let Ok(segment) = Segment::parse(data) else { return false };
    assert_eq!(segment.messages().count(), usize::from(segment.header().count));
    assert!(segment.next_sequence() >= segment.header().sequence);
    let mut out = vec![0xEE; data.len()];
    let mut builder = SegmentBuilder::new(&mut out, *segment.header()).expect("as long as it was");
    assert!(segment.messages().all(|(_, message)| builder.push(message)));
    assert_eq!(
        (builder.finish(), out.as_slice()),
        (data.len(), data),
        "written bytes differ from those that were read"
    );
    true
}

/// DEEP messages; what one has grown behind its known size is passed over.
#[must_use]
pub fn iex_message(data: &[u8]) -> bool {
    let Ok(message) = Message::decode(data) else { return false };
    let mut out = [0xEE; 80];
    let len = message.encode(&mut out).expect("the longest fits");
    assert_eq!(out[..len], data[..len], "written bytes differ from those that were read");
    true
}

/// Capture files.
#[must_use]
pub fn capture(data: &[u8]) -> bool {
    if data.len() > INPUT_LEN_MAX {
        return false;
    }
    let Ok(mut reader) = CaptureReader::read("fuzz", data) else { return false };
    let mut datagrams = 0;
    while let Ok(Some(datagram)) = reader.next_datagram() {
        assert!(datagram.payload.len() <= data.len());
        datagrams += 1;
    }
    let CaptureCounters { frames, cut_short, fragments, others, malformed, foreign_links, .. } = *reader.counters();
    assert_eq!(reader.counters().datagrams, datagrams);
    assert_eq!(frames, datagrams + cut_short + fragments + others + malformed + foreign_links);
    datagrams > 0
}

/// Datagrams of a venue, one after another, as ticks: each behind its length, a byte, and the time that passes before it, a byte.
#[must_use]
pub fn normalize(data: &[u8]) -> bool {
    let Some((kind, mut rest)) = data.split_first() else { return false };
    let day = Day::new(Date::parse("2019-01-30").expect("a date"), Zone::NewYork);
    let (framing, mut normalizer) = if kind.is_multiple_of(2) {
        (Framing::Mold, Normalizer::itch(day, Symbols::default()))
    } else {
        (Framing::IexTp, Normalizer::deep(Symbols::default()))
    };
    let mut inlet = Inlet::new(Some(framing));
    let mut standing = BTreeMap::new();
    let (mut ticks, mut now) = (0, 0);
    let mut hear = |tick: &Tick| {
        ticks += 1;
        if tick.kind == TickKind::Quote {
            assert!(tick.side.side().is_some(), "{tick:?}");
            standing.insert((tick.symbol_id, tick.side, tick.price), tick.quantity);
        }
    };
    while let [len, wait, after @ ..] = rest {
        let (datagram, behind) = after.split_at(usize::from(*len).min(after.len()));
        rest = behind;
        now += u64::from(*wait) * 1_000_000;
        inlet.datagram(Nanos(now), datagram, &mut |event| normalizer.sequenced(event, &mut hear));
    }
    inlet.finish(&mut |event| normalizer.sequenced(event, &mut hear));
    normalizer.restart(&mut hear);
    let counters = normalizer.counters();
    assert_eq!(counters.ticks(), ticks);
    assert_eq!(counters.messages, inlet.sequencer_counters().messages);
    let left: Vec<_> = standing.into_iter().filter(|(_, quantity)| *quantity > 0).collect();
    assert!(left.is_empty(), "still standing: {left:?}");
    ticks > 0
}

/// Inputs to begin from.
#[must_use]
pub fn inputs() -> Vec<Vec<u8>> {
    let (segments, packets) = (segments(), packets());
    let messages = deep_messages();
    let mut inputs = vec![program(0, &packets), program(1, &segments)];
    inputs.extend([pcap(&packets), pcapng(&segments)]);
    inputs.extend(messages.iter().map(|message| [message.as_slice(), b"later"].concat()));
    inputs.extend(messages);
    inputs.extend(segments);
    inputs
}

fn deep_messages() -> Vec<Vec<u8>> {
    let (timestamp, symbol, price) = (Nanos(1_548_858_600_000_000_000), Symbol(*b"ZIEXT   "), Price(990_500));
    let size = Qty(100);
    [
        Message::TradingStatus(TradingStatus { state: b'T', timestamp, symbol, reason: *b"    " }),
        Message::BuyLevel(BuyLevel { flags: 1, timestamp, symbol, size, price }),
        Message::SellLevel(SellLevel { flags: 0, timestamp, symbol, size, price: Price(991_000) }),
        Message::TradeReport(TradeReport { flags: 0, timestamp, symbol, size, price, trade_id: 7 }),
        Message::SellLevel(SellLevel { flags: 1, timestamp, symbol, size: Qty(0), price: Price(991_000) }),
    ]
    .iter()
    .map(|message| {
        let mut bytes = vec![0; 80];
        let len = message.encode(&mut bytes).unwrap_or_default();
        bytes.truncate(len);
        bytes
    })
    .collect()
}

fn segments() -> Vec<Vec<u8>> {
    let mut header = SegmentHeader {
        version: VERSION,
        reserved: 0,
        protocol: PROTOCOL_DEEP,
        channel: 1,
        session: 7,
        payload_len: 0,
        count: 0,
        stream_offset: 0,
        sequence: 1,
        send_time: Nanos(0),
    };
    let messages = deep_messages();
    let mut segments = Vec::new();
    for messages in [&messages[..2], &messages[2..4], &messages[4..], &[]] {
        let mut bytes = vec![0; 255];
        let Some(mut builder) = SegmentBuilder::new(&mut bytes, header) else { continue };
        for message in messages {
            let _ = builder.push(message);
        }
        let len = builder.finish();
        bytes.truncate(len);
        segments.push(bytes);
        header.sequence += u64::try_from(messages.len()).unwrap_or_default();
        header.stream_offset += u64::try_from(len - 40).unwrap_or_default();
    }
    segments
}

/// Adds, an execution, a replacement and a deletion in MoldUDP64.
fn packets() -> Vec<Vec<u8>> {
    let order = |tag: u8, number: u8, rest: &[u8]| {
        [&[tag, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, number], rest].concat()
    };
    let add =
        |number, side: u8| order(b'A', number, &[&[side, 0, 0, 0, 100][..], b"ZIEXT   ", &[0, 15, 29, 36]].concat());
    let messages = [
        add(1, b'B'),
        add(2, b'S'),
        order(b'E', 1, &[0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 1]),
        order(b'U', 2, &[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 50, 0, 15, 29, 37]),
        order(b'X', 3, &[0, 0, 0, 10]),
        order(b'D', 1, &[]),
    ];
    let mut packets = Vec::new();
    for (sequence, messages) in [(1, &messages[..2]), (3, &messages[2..5]), (6, &messages[5..]), (7, &[])] {
        let mut bytes = vec![0; 255];
        let Some(mut builder) = PacketBuilder::new(&mut bytes, SessionId(*b"000010059B"), sequence) else { continue };
        for message in messages {
            let _ = builder.push(message);
        }
        let len = builder.finish();
        bytes.truncate(len);
        packets.push(bytes);
    }
    packets
}

fn program(kind: u8, datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut program = vec![kind];
    for datagram in datagrams {
        program.extend([u8::try_from(datagram.len()).unwrap_or(u8::MAX), 1]);
        program.extend(datagram);
    }
    program
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let len = |extra: usize| u16::try_from(payload.len() + extra).unwrap_or_default().to_be_bytes();
    let mut frame = vec![1, 0, 0x5E, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 141, 8, 0, 0x45, 0];
    frame.extend(len(28));
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 233, 54, 12, 111, 0, 1, 0, 2]);
    frame.extend(len(8));
    frame.extend([0, 0]);
    frame.extend(payload);
    frame
}

fn pcap(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0];
    for payload in payloads {
        let frame = frame(payload);
        let len = u32::try_from(frame.len()).unwrap_or_default().to_le_bytes();
        file.extend([[1, 0, 0, 0], [2, 0, 0, 0], len, len].concat());
        file.extend(frame);
    }
    file
}

fn pcapng(payloads: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = body.len().next_multiple_of(4);
        let len = u32::try_from(12 + padded).unwrap_or_default().to_be_bytes();
        let mut bytes = [kind.to_be_bytes(), len].concat();
        bytes.extend(body);
        bytes.resize(8 + padded, 0);
        bytes.extend(len);
        bytes
    };
    let mut file = block(0x0A0D_0D0A, &[0x1A, 0x2B, 0x3C, 0x4D, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    file.extend(block(1, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0]));
    for payload in payloads {
        let frame = frame(payload);
        let len = u32::try_from(frame.len()).unwrap_or_default().to_be_bytes();
        file.extend(block(6, &[&[0; 4][..], &[0, 0, 0, 1], &[0, 0, 0, 2], &len, &len, &frame].concat()));
    }
    file
}
