//! A made-up day of IEX DEEP: what each message becomes, events that stand together, two bad lines, another session.

use feedhandler::normalize::{Framing, Inlet, Normalizer, Symbols};
use wire::iex::deep::{
    BuyLevel, EVENT_COMPLETE, Message, OfficialPrice, OperationalHalt, SecurityDirectory, SellLevel, SystemEvent,
    TradeBreak, TradeReport, TradingStatus,
};
use wire::iex::transport::{PROTOCOL_DEEP, VERSION};
use wire::iex::{SegmentBuilder, SegmentHeader};
use wire::{Nanos, Price, Qty, Symbol};

const HOLD_NS: u64 = feedhandler::normalize::sequencer::HOLD_NS;

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("short")
}

/// The sending side: cuts its stream into segments.
struct Venue {
    header: SegmentHeader,
}

impl Venue {
    fn new(session: u32) -> Self {
        let header = SegmentHeader {
            version: VERSION,
            reserved: 0,
            protocol: PROTOCOL_DEEP,
            channel: 1,
            session,
            payload_len: 0,
            count: 0,
            stream_offset: 0,
            sequence: 1,
            send_time: Nanos(0),
        };
        Self { header }
    }

    /// A segment with these messages; a heartbeat with none.
    fn segment(&mut self, messages: &[Message]) -> Vec<u8> {
        let mut bytes = vec![0; 1_400];
        let mut builder = SegmentBuilder::new(&mut bytes, self.header).expect("room");
        for message in messages {
            let mut out = [0; 80];
            let len = message.encode(&mut out).expect("room");
            assert!(builder.push(&out[..len]));
        }
        let len = builder.finish();
        bytes.truncate(len);
        self.header.sequence += u64::try_from(messages.len()).expect("few");
        self.header.stream_offset += u64::try_from(len - 40).expect("short");
        bytes
    }
}

/// The receiving side: ticks in words.
struct Desk {
    inlet: Inlet,
    normalizer: Normalizer,
    said: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        Self { inlet: Inlet::new(None), normalizer: Normalizer::deep(Symbols::default()), said: Vec::new() }
    }

    fn take(&mut self, now: u64, segment: &[u8]) -> &mut Self {
        let Self { inlet, normalizer, said } = self;
        inlet.datagram(Nanos(now), segment, &mut |event| {
            normalizer.sequenced(event, &mut |tick| {
                let (side, kind) = (char::from(tick.side.byte()), char::from(tick.kind.byte()));
                let quantity = tick.status().map_or(tick.quantity.to_string(), |state| char::from(state).to_string());
                said.push(format!("{} {kind}{side} {quantity}@{}", tick.symbol_id, tick.price));
            });
        });
        self
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

fn buy(name: &str, size: u32, price: i64, complete: bool) -> Message {
    let flags = if complete { EVENT_COMPLETE } else { 0 };
    Message::BuyLevel(BuyLevel {
        flags,
        timestamp: Nanos(5),
        symbol: symbol(name),
        size: Qty(size),
        price: Price(price),
    })
}

fn sell(name: &str, size: u32, price: i64, complete: bool) -> Message {
    let flags = if complete { EVENT_COMPLETE } else { 0 };
    Message::SellLevel(SellLevel {
        flags,
        timestamp: Nanos(6),
        symbol: symbol(name),
        size: Qty(size),
        price: Price(price),
    })
}

fn trade(name: &str, size: u32, price: i64) -> Message {
    let (symbol, size, price) = (symbol(name), Qty(size), Price(price));
    Message::TradeReport(TradeReport { flags: 0, timestamp: Nanos(6), symbol, size, price, trade_id: 1 })
}

fn status(name: &str, state: u8) -> Message {
    Message::TradingStatus(TradingStatus { state, timestamp: Nanos(4), symbol: symbol(name), reason: *b"    " })
}

fn operational(name: &str, state: u8) -> Message {
    Message::OperationalHalt(OperationalHalt { state, timestamp: Nanos(4), symbol: symbol(name) })
}

#[test]
fn each_message_becomes_its_tick_or_is_counted() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    let directory = SecurityDirectory {
        flags: 0,
        timestamp: Nanos(1),
        symbol: symbol("ZIEXT"),
        round_lot: 100,
        adjusted_close: Price(990_500),
        price_band_tier: 1,
    };
    let broken = TradeBreak {
        flags: 0,
        timestamp: Nanos(9),
        symbol: symbol("ZIEXT"),
        size: Qty(1),
        price: Price(1),
        trade_id: 1,
    };
    let official = OfficialPrice { price_type: b'Q', timestamp: Nanos(9), symbol: symbol("ZIEXT"), price: Price(1) };
    let segment = venue.segment(&[
        Message::SystemEvent(SystemEvent { event: b'O', timestamp: Nanos(1) }),
        Message::SecurityDirectory(directory),
        status("ZIEXT", b'T'),
        buy("ZIEXT", 9_700, 990_500, true),
        sell("OTHER", 100, 7_500_000_000, true),
        trade("ZIEXT", 100, 990_500),
        Message::TradeBreak(broken),
        Message::OfficialPrice(official),
        buy("ZIEXT", 0, 990_500, true),
    ]);
    desk.take(0, &segment);
    assert_eq!(desk.inlet.framing(), Some(Framing::IexTp));
    let expected = ["0 H  T@0", "0 QB 9700@99.05", "1 QS 100@750000", "0 T  100@99.05", "0 QB 0@99.05"];
    assert_eq!(desk.said(), expected);
    let counters = desk.normalizer.counters();
    assert_eq!((counters.messages, counters.ticks(), counters.unmapped, counters.broken), (9, 5, 3, 1));
    let names: Vec<_> = desk.normalizer.symbols().iter().map(|(_, name)| name.to_string()).collect();
    assert_eq!(names, ["ZIEXT", "OTHER"]);
}

#[test]
fn a_message_may_be_longer_than_known_and_of_an_unknown_type() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    let mut bytes = vec![0; 200];
    let mut builder = SegmentBuilder::new(&mut bytes, venue.header).expect("room");
    let mut grown = [0xEE; 35];
    assert_eq!(buy("A", 1, 10_000, true).encode(&mut grown), Some(30));
    assert!(builder.push(&grown) && builder.push(b"~new") && builder.push(&grown[..29]) && builder.push(b""));
    let len = builder.finish();
    desk.take(0, &bytes[..len]);
    assert_eq!(desk.said(), ["0 QB 1@1"]);
    let counters = desk.normalizer.counters();
    assert_eq!((counters.messages, counters.unknown_types, counters.malformed), (4, 1, 2));
    // Another protocol of the same venue is left alone.
    venue.header.protocol = 0x8003;
    let (mut foreign, mut desk) = (venue.segment(&[buy("A", 1, 10_000, true)]), Desk::new());
    desk.inlet = Inlet::new(Some(Framing::IexTp));
    desk.take(0, &foreign);
    foreign[0] = 2;
    desk.take(0, &foreign);
    assert_eq!((desk.inlet.counters().foreign, desk.inlet.counters().malformed), (1, 1));
    assert!(desk.said().is_empty());
}

#[test]
fn the_ticks_of_an_event_stand_together() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    // A takes two levels; B's update comes between.
    desk.take(0, &venue.segment(&[trade("A", 100, 251_000), sell("A", 0, 251_000, false), trade("A", 100, 252_000)]));
    assert_eq!(desk.said(), ["0 T  100@25.1"], "the book of A is between two states");
    desk.take(0, &venue.segment(&[buy("B", 5, 10_000, true)]));
    assert_eq!(desk.said(), ["1 QB 5@1"]);
    desk.take(0, &venue.segment(&[sell("A", 0, 252_000, true), buy("A", 7, 250_000, true)]));
    assert_eq!(desk.said(), ["0 QS 0@25.1", "0 T  100@25.2", "0 QS 0@25.2", "0 QB 7@25"]);
}

#[test]
fn an_event_whose_end_is_lost_does_not_wait_for_ever() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    desk.take(0, &venue.segment(&[sell("A", 0, 251_000, false)]));
    let _lost = venue.segment(&[sell("A", 0, 252_000, true)]);
    let next = venue.segment(&[buy("B", 5, 10_000, true)]);
    desk.take(1, &next).take(2 + HOLD_NS, &venue.segment(&[]));
    assert_eq!(desk.said(), ["0 QS 0@25.1", "1 QB 5@1"]);
    assert_eq!(desk.normalizer.counters().lost, 1);
    // One that never ends is let out in parts.
    let endless: Vec<_> = (1..=20).map(|price| sell("C", 1, price, false)).collect();
    for _ in 0..60 {
        desk.take(3 + HOLD_NS, &venue.segment(&endless));
    }
    assert_eq!(desk.said().len(), feedhandler::normalize::deep::EVENT_TICKS_MAX);
}

#[test]
fn an_operational_halt_hides_the_status_that_holds() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    let statuses = [
        operational("A", b'N'),
        status("A", b'T'),
        operational("A", b'O'),
        status("A", b'P'),
        operational("A", b'O'),
        operational("A", b'N'),
        status("A", b'O'),
        status("A", b'T'),
    ];
    desk.take(0, &venue.segment(&statuses));
    // Orders are taken after a halt: quoting only.
    assert_eq!(desk.said(), ["0 H  T@0", "0 H  H@0", "0 H  P@0", "0 H  Q@0", "0 H  T@0"]);
    assert_eq!(desk.normalizer.counters().unmapped, 3);
}

#[test]
fn gaps_duplicates_and_heartbeats_over_two_lines() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    let levels: Vec<_> = (1..=6).map(|price| buy("A", 1, price * 10_000, true)).collect();
    let [one, two, three] = [0, 2, 4].map(|at| venue.segment(&levels[at..at + 2]));
    let heartbeat = venue.segment(&[]);
    // Line B cuts the stream otherwise.
    let mut other = Venue::new(7);
    let [other_one, other_two] = [0..3, 3..6].map(|range| other.segment(&levels[range]));
    // A loses its second segment; B is late.
    desk.take(0, &one).take(1, &three).take(2, &heartbeat).take(3, &other_one).take(4, &other_two).take(5, &heartbeat);
    let expected: Vec<_> = (1..=6).map(|price| format!("0 QB 1@{price}")).collect();
    assert_eq!(desk.said(), expected);
    let counters = *desk.inlet.sequencer_counters();
    assert_eq!((counters.messages, counters.gaps, counters.lost, counters.heartbeats), (6, 1, 0, 2));
    assert_eq!((counters.early, counters.duplicates), (2, 4));
    assert_eq!(desk.inlet.counters().offsets, 0);
    drop(two);

    // An offset that contradicts the numbers is counted.
    venue.header.stream_offset += 1;
    let odd = venue.segment(&[buy("A", 2, 10_000, true)]);
    desk.take(6, &odd).take(7, &odd);
    assert_eq!(desk.inlet.counters().offsets, 1);
    assert_eq!(desk.said(), ["0 QB 2@1"]);
}

#[test]
fn another_session_clears_what_stood() {
    let (mut first, mut second, mut desk) = (Venue::new(7), Venue::new(8), Desk::new());
    desk.take(0, &first.segment(&[buy("B", 1, 20_000, true), sell("A", 2, 30_000, true), buy("B", 3, 10_000, true)]));
    desk.said();
    desk.take(1, &second.segment(&[buy("A", 4, 10_000, true)]));
    assert_eq!(desk.said(), ["0 QB 0@1", "0 QB 0@2", "1 QS 0@3", "1 QB 4@1"]);
    assert_eq!(desk.normalizer.counters().cleared, 3);
    // What the slower line still brings of the former session is stale.
    desk.take(2, &first.segment(&[buy("B", 9, 20_000, true)]));
    assert!(desk.said().is_empty());
    assert_eq!(desk.inlet.sequencer_counters().stale, 1);
}

#[test]
fn the_last_message_ends_the_day_until_another_begins() {
    let (mut venue, mut desk) = (Venue::new(7), Desk::new());
    let system = |event| Message::SystemEvent(SystemEvent { event, timestamp: Nanos(9) });
    desk.take(0, &venue.segment(&[system(b'O'), system(b'E')]));
    assert!(!desk.normalizer.has_ended());
    desk.take(0, &venue.segment(&[system(b'C')]));
    assert!(desk.normalizer.has_ended());
    desk.take(0, &Venue::new(8).segment(&[]));
    assert!(!desk.normalizer.has_ended());
}
