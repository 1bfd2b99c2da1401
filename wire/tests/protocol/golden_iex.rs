//! IEX-TP and DEEP against bytes: each field of a vector stands apart, as in the tables of the venue's specifications, whose
//! worked examples give the numbers.

use crate::vectors::bytes_of;
use wire::iex::deep::{
    AuctionInformation, BuyLevel, EVENT_COMPLETE, LevelUpdate, Message, OfficialPrice, OperationalHalt,
    RetailLiquidity, SecurityDirectory, SecurityEvent, SellLevel, ShortSaleTest, SystemEvent, TradeBreak, TradeReport,
    TradingStatus,
};
use wire::iex::transport::{PROTOCOL_DEEP, VERSION};
use wire::iex::{Segment, SegmentBuilder, SegmentHeader};
use wire::{DecodeError, Nanos, Price, Qty, Side, Symbol};

/// 2016-08-23 15:30:32.572715948 in New York.
const STAMP: Nanos = Nanos(1_471_980_632_572_715_948);
const ZIEXT: Symbol = Symbol(*b"ZIEXT   ");
/// 99.05.
const PRICE: Price = Price(990_500);
const STAMP_HEX: &str = "ac63c02096866d14";
const ZIEXT_HEX: &str = "5a49455854202020";
const PRICE_HEX: &str = "241d0f0000000000";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).expect("a byte")).collect()
}

fn vectors() -> Vec<(Message, String)> {
    let (stamp, symbol, price) = (STAMP_HEX, ZIEXT_HEX, PRICE_HEX);
    let timestamp = STAMP;
    // 2017-04-17 UTC: 17:00:00, 07:40:00, 09:30:00, 15:50:12.462929885.
    let (close, spin, open) =
        (Nanos(1_492_448_400_000_000_000), Nanos(1_492_414_800_000_000_000), Nanos(1_492_421_400_000_000_000));
    let auction = Nanos(1_492_444_212_462_929_885);
    vec![
        (Message::SystemEvent(SystemEvent { event: b'E', timestamp: close }), "53 45 00a09997e93db614".into()),
        (
            Message::SecurityDirectory(SecurityDirectory {
                flags: 0x80,
                timestamp: spin,
                symbol: ZIEXT,
                round_lot: 100,
                adjusted_close: PRICE,
                price_band_tier: 1,
            }),
            format!("44 80 0020897b5a1fb614 {symbol} 64000000 {price} 01"),
        ),
        (
            Message::TradingStatus(TradingStatus { state: b'H', timestamp, symbol: ZIEXT, reason: *b"T1  " }),
            format!("48 48 {stamp} {symbol} 54312020"),
        ),
        (
            Message::RetailLiquidity(RetailLiquidity { interest: b'A', timestamp, symbol: ZIEXT }),
            format!("49 41 {stamp} {symbol}"),
        ),
        (
            Message::OperationalHalt(OperationalHalt { state: b'O', timestamp, symbol: ZIEXT }),
            format!("4f 4f {stamp} {symbol}"),
        ),
        (
            Message::ShortSaleTest(ShortSaleTest { in_effect: 1, timestamp, symbol: ZIEXT, detail: b'A' }),
            format!("50 01 {stamp} {symbol} 41"),
        ),
        (
            Message::SecurityEvent(SecurityEvent { event: b'O', timestamp: open, symbol: ZIEXT }),
            format!("45 4f 00f0302a5b25b614 {symbol}"),
        ),
        (
            Message::BuyLevel(BuyLevel {
                flags: EVENT_COMPLETE,
                timestamp,
                symbol: ZIEXT,
                size: Qty(9_700),
                price: PRICE,
            }),
            format!("38 01 {stamp} {symbol} e4250000 {price}"),
        ),
        (
            Message::SellLevel(SellLevel { flags: 0, timestamp, symbol: ZIEXT, size: Qty(0), price: PRICE }),
            format!("35 00 {stamp} {symbol} 00000000 {price}"),
        ),
        (
            Message::TradeReport(TradeReport {
                flags: 0,
                timestamp,
                symbol: ZIEXT,
                size: Qty(100),
                price: PRICE,
                trade_id: 429_974,
            }),
            format!("54 00 {stamp} {symbol} 64000000 {price} 968f060000000000"),
        ),
        (
            Message::OfficialPrice(OfficialPrice { price_type: b'Q', timestamp: open, symbol: ZIEXT, price: PRICE }),
            format!("58 51 00f0302a5b25b614 {symbol} {price}"),
        ),
        (
            Message::TradeBreak(TradeBreak {
                flags: 0,
                timestamp: Nanos(1_471_980_724_912_754_610),
                symbol: ZIEXT,
                size: Qty(100),
                price: PRICE,
                trade_id: 429_974,
            }),
            format!("42 00 b28fa5a0ab866d14 {symbol} 64000000 {price} 968f060000000000"),
        ),
        (
            Message::AuctionInformation(AuctionInformation {
                auction_type: b'C',
                timestamp: auction,
                symbol: ZIEXT,
                paired_shares: 100_000,
                reference_price: PRICE,
                indicative_price: Price(991_000),
                imbalance_shares: 10_000,
                imbalance_side: b'B',
                extensions: 0,
                scheduled_time_s: 1_492_444_800,
                auction_price: Price(991_500),
                collar_reference_price: Price(990_400),
                collar_lower_price: Price(891_300),
                collar_upper_price: Price(1_089_500),
            }),
            format!(
                "41 43 ddc7f09a1a3ab614 {symbol} a0860100 {price} 181f0f0000000000 10270000 42 00 80e6f458 \
                 0c210f0000000000 c01c0f0000000000 a4990d0000000000 dc9f100000000000"
            ),
        ),
    ]
}

#[test]
fn every_message_has_its_bytes() {
    let mut types = Vec::new();
    for (message, text) in vectors() {
        let golden = hex(&text);
        assert_eq!(bytes_of(|out| message.encode(out)), golden, "{message:?}");
        assert_eq!(Message::decode(&golden), Ok(message));
        types.push((golden[0], golden.len()));
    }
    assert_eq!(types, Message::SIZES, "every type has its vector");
}

#[test]
fn a_message_may_grow_and_may_not_shrink() {
    for (message, text) in vectors() {
        let golden = hex(&text);
        let grown = [golden.as_slice(), b"later"].concat();
        assert_eq!(Message::decode(&grown), Ok(message));
        let cut = Message::decode(&golden[..golden.len() - 1]);
        assert!(matches!(cut, Err(DecodeError::TooShort { .. })), "{cut:?}");
    }
    assert!(matches!(Message::decode(b"~later"), Err(DecodeError::UnknownType { found: b'~', .. })));
    assert!(Message::decode(b"").is_err());
}

#[test]
fn a_level_update_tells_its_side_and_whether_the_event_is_complete() {
    let sides: Vec<_> = vectors()
        .into_iter()
        .filter_map(|(message, _)| match message {
            Message::BuyLevel(level) => Some(LevelUpdate::from(level)),
            Message::SellLevel(level) => Some(LevelUpdate::from(level)),
            _ => None,
        })
        .map(|update| (update.side, update.complete, update.size))
        .collect();
    assert_eq!(sides, [(Side::Buy, true, Qty(9_700)), (Side::Sell, false, Qty(0))]);
}

const HEADER: &str = "01 00 0480 01000000 00008742 4800 0200 8ca6210000000000 cac3000000000000 ec45c22096866d14";

fn header() -> SegmentHeader {
    SegmentHeader {
        version: VERSION,
        reserved: 0,
        protocol: PROTOCOL_DEEP,
        channel: 1,
        session: 0x4287_0000,
        payload_len: 72,
        count: 2,
        stream_offset: 2_205_324,
        sequence: 50_122,
        send_time: Nanos(1_471_980_632_572_839_404),
    }
}

/// A trade and the level that it left.
fn segment() -> Vec<u8> {
    let (stamp, symbol, price) = (STAMP_HEX, ZIEXT_HEX, PRICE_HEX);
    hex(&format!(
        "{HEADER} 2600 54 00 {stamp} {symbol} 64000000 {price} 968f060000000000 \
         1e00 38 01 {stamp} {symbol} e4250000 {price}"
    ))
}

#[test]
fn a_segment_has_its_bytes() {
    let golden = segment();
    let parsed = Segment::parse(&golden).expect("well formed");
    assert_eq!(*parsed.header(), header());
    assert_eq!((parsed.next_sequence(), parsed.next_offset()), (50_124, 2_205_396));
    let messages: Vec<_> =
        parsed.messages().map(|(sequence, bytes)| (sequence, Message::decode(bytes).expect("known"))).collect();
    let [(50_122, Message::TradeReport(trade)), (50_123, Message::BuyLevel(level))] = messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((trade.trade_id, level.size), (429_974, Qty(9_700)));

    let mut bytes = [0xEE; 256];
    let mut builder = SegmentBuilder::new(&mut bytes, header()).expect("room");
    for (_, message) in parsed.messages() {
        assert!(builder.push(message));
    }
    let len = builder.finish();
    assert_eq!(bytes[..len], golden);
}

#[test]
fn a_heartbeat_is_a_bare_header() {
    let mut bytes = [0; 64];
    let len = SegmentBuilder::new(&mut bytes, header()).expect("room").finish();
    let parsed = Segment::parse(&bytes[..len]).expect("well formed");
    assert!(parsed.is_heartbeat());
    assert_eq!((len, parsed.next_sequence(), parsed.messages().count()), (40, 50_122, 0));
}

#[test]
fn what_is_no_segment_is_refused() {
    let golden = segment();
    for len in 0..golden.len() {
        assert!(Segment::parse(&golden[..len]).is_err(), "{len}");
    }
    for (at, byte, what) in [
        (0, 2, "version"),
        (14, 3, "one message more"),
        (14, 1, "one less"),
        (40, 0x27, "a longer block"),
        (31, 0x80, "a sequence below zero"),
    ] {
        let mut bytes = golden.clone();
        bytes[at] = byte;
        assert!(Segment::parse(&bytes).is_err(), "{what}");
    }
    let mut small = [0; 50];
    let mut builder = SegmentBuilder::new(&mut small, header()).expect("room for a header");
    assert!(!builder.push(&[0; 9]), "one byte too many");
    assert!(builder.push(&[0; 8]));
    assert_eq!(builder.finish(), 50);
    assert!(SegmentBuilder::new(&mut [0; 39], header()).is_none());
}
