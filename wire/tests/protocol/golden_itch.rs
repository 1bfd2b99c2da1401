//! ITCH 5.0 messages, written out field by field, against the bytes in docs/protocol.md.

use crate::vectors::{bytes_of, get};
use wire::itch::*;
use wire::{MatchNumber, OrderRef, Price, Qty, Side, Symbol, TimeOfDay};

fn check(name: &str, message: Message) {
    let golden = get(name);
    assert_eq!(bytes_of(|out| message.encode(out)), golden, "{name}");
    assert_eq!(Message::decode(&golden), Ok(message), "{name}");
    assert_eq!((message.stock_locate(), message.timestamp()), (5, TimeOfDay(34_200_123_456_789)), "{name}");
    assert_eq!(Message::size_of_type(golden[0]), Some(golden.len()), "{name}");
}

/// The fields that all messages have, and those given.
macro_rules! message {
    ($name:ident { $($fields:tt)* }) => {
        Message::$name($name {
            stock_locate: 5,
            tracking: 6,
            timestamp: Timestamp::new(TimeOfDay(34_200_123_456_789)).expect("48 bits"),
            $($fields)*
        })
    };
}

const ORDER: OrderRef = OrderRef(17);
const MATCH: MatchNumber = MatchNumber(9);
const PRICE: Price4 = Price4(12_500_000);

fn symbol() -> Symbol {
    Symbol::new("PINION").expect("fits")
}

fn mpid() -> Mpid {
    Mpid::new("ABCD").expect("fits")
}

#[test]
fn orders() {
    let (symbol, qty) = (symbol(), Qty(500));
    check("itch-add-order", message!(AddOrder { order_ref: ORDER, side: Side::Buy, qty, symbol, price: PRICE }));
    check(
        "itch-add-order-attributed",
        message!(AddOrderAttributed { order_ref: ORDER, side: Side::Sell, qty, symbol, price: PRICE, mpid: mpid() }),
    );
    let qty = Qty(25);
    check("itch-order-executed", message!(OrderExecuted { order_ref: ORDER, qty, match_number: MATCH }));
    check(
        "itch-order-executed-with-price",
        message!(OrderExecutedWithPrice { order_ref: ORDER, qty, match_number: MATCH, printable: b'Y', price: PRICE }),
    );
    check("itch-order-cancel", message!(OrderCancel { order_ref: ORDER, qty }));
    check("itch-order-delete", message!(OrderDelete { order_ref: ORDER }));
    check(
        "itch-order-replace",
        message!(OrderReplace { orig_order_ref: ORDER, order_ref: OrderRef(18), qty, price: PRICE }),
    );
}

#[test]
fn trades() {
    let symbol = symbol();
    check(
        "itch-trade",
        message!(Trade {
            order_ref: OrderRef(0),
            side: Side::Buy,
            qty: Qty(25),
            symbol,
            price: PRICE,
            match_number: MATCH,
        }),
    );
    check(
        "itch-cross-trade",
        message!(CrossTrade { shares: 25, symbol, price: PRICE, match_number: MATCH, cross_type: b'O' }),
    );
    check("itch-broken-trade", message!(BrokenTrade { match_number: MATCH }));
}

#[test]
fn auctions() {
    let symbol = symbol();
    check(
        "itch-imbalance",
        message!(Imbalance {
            paired_shares: 1,
            imbalance_shares: 2,
            direction: b'B',
            symbol,
            far_price: Price4(3),
            near_price: Price4(4),
            reference_price: Price4(5),
            cross_type: b'C',
            variation: b'L',
        }),
    );
    check("itch-retail-interest", message!(RetailInterest { symbol, interest: b'A' }));
    check(
        "itch-capital-raise-price",
        message!(CapitalRaisePrice {
            symbol,
            open_eligible: b'Y',
            price_min: Price4(1),
            price_max: Price4(2),
            near_price: Price4(3),
            near_time: 4,
            lower_price: Price4(5),
            upper_price: Price4(6),
        }),
    );
}

#[test]
fn instruments() {
    let symbol = symbol();
    check(
        "itch-stock-directory",
        message!(StockDirectory {
            symbol,
            market_category: b'Q',
            financial_status: b'N',
            round_lot: 100,
            round_lots_only: b'N',
            classification: b'C',
            sub_type: *b"Z ",
            authenticity: b'P',
            short_sale_threshold: b'N',
            ipo: b'N',
            price_band_tier: b'1',
            etp: b'N',
            etp_leverage: 0,
            inverse: b'N',
        }),
    );
    check("itch-trading-action", message!(TradingAction { symbol, state: b'T', reserved: b' ', reason: *b"    " }));
    check("itch-short-sale-restriction", message!(ShortSaleRestriction { symbol, action: b'0' }));
    check(
        "itch-participant-position",
        message!(ParticipantPosition {
            mpid: mpid(),
            symbol,
            primary_market_maker: b'Y',
            market_maker_mode: b'N',
            state: b'A',
        }),
    );
    check(
        "itch-quoting-period",
        message!(QuotingPeriod { symbol, release_time_s: 34_200, qualifier: b'A', price: Price4(125_000) }),
    );
    check(
        "itch-auction-collar",
        message!(AuctionCollar {
            symbol,
            reference_price: Price4(1),
            upper_price: Price4(2),
            lower_price: Price4(3),
            extensions: 4,
        }),
    );
    check("itch-operational-halt", message!(OperationalHalt { symbol, market: b'Q', action: b'H' }));
}

#[test]
fn the_market() {
    check("itch-system-event", message!(SystemEvent { event: b'O' }));
    check("itch-circuit-breaker-levels", message!(CircuitBreakerLevels { level_1: 1, level_2: 2, level_3: 3 }));
    check("itch-circuit-breaker-status", message!(CircuitBreakerStatus { level: b'1' }));
}

#[test]
fn prices_and_times_that_itch_cannot_say_are_refused() {
    assert_eq!(Price::from(PRICE), Price(12_500_000));
    assert_eq!(Price4::try_from(Price(12_500_000)), Ok(PRICE));
    assert!(Price4::try_from(Price(-1)).is_err() && Price4::try_from(Price(1 << 32)).is_err());
    assert_eq!(Timestamp::new(TimeOfDay(1 << 48)), None);
    let last = TimeOfDay(wire::Nanos::PER_DAY - 1);
    assert_eq!(Timestamp::new(last).map(Timestamp::get), Some(last));
}
