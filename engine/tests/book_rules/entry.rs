//! Entering orders: priority, times in force, post-only, minimum quantity.

use engine::book::{NewOrder, TimeInForce};
use wire::{InstrumentIndex, Price, Qty, Side};

use super::bench::{Bench, LIMITS, buy, sell};

#[test]
fn better_prices_trade_first_and_earlier_orders_trade_first_within_a_price() {
    let mut bench = Bench::resting([sell(1, 101, 5), sell(2, 100, 5), sell(3, 100, 5)]);
    assert_eq!(
        bench.new_order(buy(4, 101, 12)),
        [
            "accepted 4 12@101",
            "trade 2 with 4 5@100 leaves 0 and 7",
            "trade 3 with 4 5@100 leaves 0 and 2",
            "level Sell 100: 0",
            "trade 1 with 4 2@101 leaves 3 and 0",
            "level Sell 101: 3",
        ]
    );
}

#[test]
fn the_rest_of_a_day_order_rests_at_its_limit() {
    let mut bench = Bench::resting([buy(1, 100, 5)]);
    assert_eq!(
        bench.new_order(sell(2, 99, 8)),
        ["accepted 2 8@99", "trade 1 with 2 5@100 leaves 0 and 3", "level Buy 100: 0", "level Sell 99: 3"]
    );
    assert_eq!(bench.levels(Side::Sell), [(99, 3, 1)]);
    assert_eq!(bench.0.best(super::bench::INSTRUMENT, Side::Sell), Some((Price(99), 3)));
}

#[test]
fn prices_at_the_ends_of_the_range_are_prices_like_others() {
    let (low, high) = (i64::MIN, i64::MAX);
    let mut bench = Bench::resting([buy(1, low, 1), sell(2, high, 1), buy(3, 0, 1), sell(4, 1, 1)]);
    assert_eq!(bench.levels(Side::Buy), [(0, 1, 1), (low, 1, 1)]);
    assert_eq!(bench.levels(Side::Sell), [(1, 1, 1), (high, 1, 1)]);
    assert_eq!(
        bench.new_order(buy(5, high, 2)),
        [
            format!("accepted 5 2@{high}"),
            "trade 4 with 5 1@1 leaves 0 and 1".into(),
            "level Sell 1: 0".into(),
            format!("trade 2 with 5 1@{high} leaves 0 and 0"),
            format!("level Sell {high}: 0"),
        ]
    );
}

#[test]
fn a_market_order_takes_any_price_and_its_rest_is_canceled() {
    let mut bench = Bench::resting([sell(1, 100, 5), sell(2, 5_000_000, 5)]);
    let market = NewOrder { tif: TimeInForce::Ioc, ..buy(3, i64::MAX, 12) };
    let events = bench.new_order(market);
    assert_eq!(events.last().unwrap(), "canceled incoming 3 2 leaves 0 ImmediateRest");
    assert_eq!(bench.0.order_count(), 0);
}

#[test]
fn an_immediate_order_that_meets_nothing_is_accepted_and_canceled() {
    let mut bench = Bench::resting([sell(1, 101, 5)]);
    let order = NewOrder { tif: TimeInForce::Ioc, ..buy(2, 100, 5) };
    assert_eq!(bench.new_order(order), ["accepted 2 5@100", "canceled incoming 2 5 leaves 0 ImmediateRest"]);
}

#[test]
fn fill_or_kill_looks_at_every_level_it_reaches() {
    let fok = |number, price, qty| NewOrder { tif: TimeInForce::Fok, ..buy(number, price, qty) };
    let mut bench = Bench::resting([sell(1, 100, 5), sell(2, 101, 5), sell(3, 102, 5)]);
    assert_eq!(bench.new_order(fok(4, 101, 11)), ["accepted 4 11@101", "canceled incoming 4 11 leaves 0 FillOrKill"]);
    assert_eq!(bench.new_order(fok(5, 101, 10)).last().unwrap(), "level Sell 101: 0");
    assert_eq!(bench.levels(Side::Sell), [(102, 5, 1)]);
}

#[test]
fn post_only_is_refused_when_it_would_trade_and_rests_otherwise() {
    let mut bench = Bench::resting([sell(1, 100, 5)]);
    let post_only = |number, price| NewOrder { post_only: true, ..buy(number, price, 5) };
    assert_eq!(bench.new_order(post_only(2, 100)), ["rejected 2 PostOnlyWouldTrade"]);
    assert_eq!(bench.new_order(post_only(2, 99)), ["accepted 2 5@99", "level Buy 99: 5"]);
}

#[test]
fn an_unmet_minimum_refuses_what_could_rest_and_cancels_what_could_not() {
    let mut bench = Bench::resting([sell(1, 100, 5)]);
    let order = |number, tif, min| NewOrder { tif, min_qty: Qty(min), ..buy(number, 100, 8) };
    assert_eq!(bench.new_order(order(2, TimeInForce::Day, 6)), ["rejected 2 MinQtyNotMet"]);
    assert_eq!(
        bench.new_order(order(2, TimeInForce::Ioc, 6)),
        ["accepted 2 8@100", "canceled incoming 2 8 leaves 0 MinQty"]
    );
    assert_eq!(
        bench.new_order(order(3, TimeInForce::Gtc, 5)),
        ["accepted 3 8@100", "trade 1 with 3 5@100 leaves 0 and 3", "level Sell 100: 0", "level Buy 100: 3"]
    );
    assert!(bench.0.order(super::bench::key(3)).unwrap().gtc);
}

#[test]
fn a_minimum_above_the_quantity_is_never_met() {
    let mut bench = Bench::resting([sell(1, 100, 50)]);
    let order = NewOrder { min_qty: Qty(6), ..buy(2, 100, 5) };
    assert_eq!(bench.new_order(order), ["rejected 2 MinQtyNotMet"]);
}

#[test]
fn a_key_is_refused_while_it_lives_and_free_when_its_order_is_gone() {
    let mut bench = Bench::resting([buy(1, 100, 5)]);
    assert_eq!(bench.new_order(buy(1, 99, 5)), ["rejected 1 DuplicateKey"]);
    bench.cancel(1);
    bench.rest([buy(1, 99, 5)]);
}

#[test]
fn what_lies_beyond_the_limits_is_refused() {
    let mut bench = Bench::new();
    let elsewhere = NewOrder { instrument: InstrumentIndex(LIMITS.instruments), ..buy(1, 100, 5) };
    assert_eq!(bench.new_order(elsewhere), ["rejected 1 UnknownInstrument"]);
    let stranger = engine::book::OrderKey::new(wire::SessionIndex(LIMITS.sessions), wire::UserRefNum(1));
    assert_eq!(bench.new_order(NewOrder { key: stranger, ..buy(1, 100, 5) }), ["rejected 1 UnknownSession"]);
    assert_eq!(bench.new_order(buy(1, 100, 0)), ["rejected 1 ZeroQty"]);
}

#[test]
fn instruments_do_not_meet() {
    let mut bench = Bench::resting([sell(1, 100, 5)]);
    let elsewhere = NewOrder { instrument: InstrumentIndex(1), ..buy(2, 100, 5) };
    assert_eq!(bench.new_order(elsewhere), ["accepted 2 5@100", "level Buy 100: 5"]);
}
