//! Single messages of ITCH 5.0, made up: what each becomes.

use feedhandler::normalize::{Date, Day, Normalizer, Symbols, Zone};
use wire::itch::{
    AddOrder, BrokenTrade, CrossTrade, Message, OrderExecuted, OrderExecutedWithPrice, OrderReplace, Price4, Timestamp,
    Trade, TradingAction,
};
use wire::{MatchNumber, OrderRef, Qty, Side, Symbol, TimeOfDay};

struct Desk {
    normalizer: Normalizer,
}

impl Desk {
    fn new() -> Self {
        let day = Day::new(Date::parse("2019-01-30").expect("a date"), Zone::Offset(0));
        Self { normalizer: Normalizer::itch(day, Symbols::default()) }
    }

    /// The ticks of a message in words.
    fn take(&mut self, message: Message) -> Vec<String> {
        let (mut bytes, mut said) = ([0; 64], Vec::new());
        let len = message.encode(&mut bytes).expect("room");
        self.normalizer.message(&bytes[..len], &mut |tick| {
            let (side, kind) = (char::from(tick.side.byte()), char::from(tick.kind.byte()));
            said.push(format!("{} {kind}{side} {}@{}", tick.symbol_id, tick.quantity, tick.price));
        });
        said
    }
}

fn stamp() -> Timestamp {
    Timestamp::new(TimeOfDay(1)).expect("in the day")
}

fn symbol() -> Symbol {
    Symbol::new("ALC").expect("short")
}

fn add(number: u64, side: Side, qty: u32, price: u32) -> Message {
    Message::AddOrder(AddOrder {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(number),
        side,
        qty: Qty(qty),
        symbol: symbol(),
        price: Price4(price),
    })
}

fn replace(old: u64, new: u64, qty: u32, price: u32) -> Message {
    Message::OrderReplace(OrderReplace {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        orig_order_ref: OrderRef(old),
        order_ref: OrderRef(new),
        qty: Qty(qty),
        price: Price4(price),
    })
}

fn cross(shares: u64) -> Message {
    Message::CrossTrade(CrossTrade {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        shares,
        symbol: symbol(),
        price: Price4(20_000),
        match_number: MatchNumber(9),
        cross_type: b'O',
    })
}

fn executed_elsewhere(number: u64, printable: u8) -> Message {
    Message::OrderExecutedWithPrice(OrderExecutedWithPrice {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(number),
        qty: Qty(10),
        match_number: MatchNumber(9),
        printable,
        price: Price4(15_000),
    })
}

#[test]
fn a_move_within_a_level_is_one_tick() {
    let mut desk = Desk::new();
    assert_eq!(desk.take(add(1, Side::Buy, 100, 10_000)), ["0 QB 100@1"]);
    assert_eq!(desk.take(add(2, Side::Buy, 50, 10_000)), ["0 QB 150@1"]);
    assert_eq!(desk.take(replace(1, 3, 70, 10_000)), ["0 QB 120@1"]);
    assert_eq!(desk.take(replace(3, 4, 70, 11_000)), ["0 QB 50@1", "0 QB 70@1.1"]);
    // The level goes and comes back in one message.
    assert_eq!(desk.take(replace(4, 5, 60, 11_000)), ["0 QB 60@1.1"]);
}

#[test]
fn trades_have_the_side_that_is_known_and_are_printed_once() {
    let mut desk = Desk::new();
    desk.take(add(1, Side::Sell, 100, 10_000));
    let executed = OrderExecuted {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(1),
        qty: Qty(30),
        match_number: MatchNumber(9),
    };
    // A sell order traded, so the taker bought.
    assert_eq!(desk.take(Message::OrderExecuted(executed)), ["0 TB 30@1", "0 QS 70@1"]);
    assert_eq!(desk.take(executed_elsewhere(1, b'Y')), ["0 TB 10@1.5", "0 QS 60@1"]);
    // What is not printable is part of a bulk print.
    assert_eq!(desk.take(executed_elsewhere(1, b'N')), ["0 QS 50@1"]);
    assert_eq!(desk.take(cross(40)), ["0 T  40@2"]);
    assert!(desk.take(cross(0)).is_empty(), "nothing traded");
    assert_eq!(desk.take(cross(1 << 40)), ["0 T  4294967295@2"]);
    let hidden = Trade {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(0),
        side: Side::Buy,
        qty: Qty(5),
        symbol: symbol(),
        price: Price4(10_000),
        match_number: MatchNumber(9),
    };
    assert_eq!(desk.take(Message::Trade(hidden)), ["0 T  5@1"]);
    let broken = BrokenTrade { stock_locate: 3, tracking: 0, timestamp: stamp(), match_number: MatchNumber(9) };
    assert!(desk.take(Message::BrokenTrade(broken)).is_empty());
    let counters = desk.normalizer.counters();
    assert_eq!((counters.trades, counters.saturated, counters.broken), (5, 1, 1));
}

#[test]
fn whoever_joins_late_learns_names_from_orders() {
    let mut desk = Desk::new();
    let executed = OrderExecuted {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(77),
        qty: Qty(30),
        match_number: MatchNumber(9),
    };
    assert!(desk.take(Message::OrderExecuted(executed)).is_empty());
    assert_eq!(desk.take(add(1, Side::Sell, 100, 10_000)), ["0 QS 100@1"]);
    let halted = TradingAction {
        stock_locate: 3,
        tracking: 0,
        timestamp: stamp(),
        symbol: symbol(),
        state: b'H',
        reserved: b' ',
        reason: *b"T1  ",
    };
    assert_eq!(desk.take(Message::TradingAction(halted)), ["0 H  72@0"]);
    let nameless = Message::AddOrder(AddOrder {
        stock_locate: 4,
        tracking: 0,
        timestamp: stamp(),
        order_ref: OrderRef(2),
        side: Side::Buy,
        qty: Qty(1),
        symbol: Symbol([0; 8]),
        price: Price4(1),
    });
    assert!(desk.take(nameless).is_empty());
    let counters = desk.normalizer.counters();
    assert_eq!((counters.unknown_orders, counters.nameless), (1, 1));
}

#[test]
fn what_is_no_message_is_counted() {
    let mut desk = Desk::new();
    let mut bytes = [0; 64];
    let len = add(1, Side::Buy, 1, 1).encode(&mut bytes).expect("room");
    for message in [&b""[..], b"A", &bytes[..len - 1], &bytes[..len + 1], b"~"] {
        desk.normalizer.message(message, &mut |tick| panic!("{tick:?}"));
    }
    let counters = desk.normalizer.counters();
    assert_eq!((counters.messages, counters.malformed, counters.unknown_types), (5, 4, 1));
}
