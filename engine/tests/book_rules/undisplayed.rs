//! Icebergs and hidden orders.

use engine::book::{BookCommand, NewOrder, ReduceTo, Replace, ReplaceKind, SelfMatch, TimeInForce};
use wire::{MemberId, Qty, Side};

use super::bench::{Bench, amend, buy, key, sell};

fn iceberg(number: u32, price: i64, qty: u32, display: u32) -> NewOrder {
    NewOrder { display: Qty(display), ..sell(number, price, qty) }
}

fn hidden(number: u32, price: i64, qty: u32) -> NewOrder {
    NewOrder { hidden: true, ..sell(number, price, qty) }
}

fn fok(number: u32, price: i64, qty: u32) -> NewOrder {
    NewOrder { tif: TimeInForce::Fok, ..buy(number, price, qty) }
}

#[test]
fn an_iceberg_shows_a_slice_and_its_next_slice_joins_the_back() {
    let mut bench = Bench::resting([iceberg(1, 100, 10, 4), sell(2, 100, 5)]);
    assert_eq!(bench.levels(Side::Sell), [(100, 9, 2)]);
    assert_eq!(
        bench.new_order(buy(3, 100, 6)),
        [
            "accepted 3 6@100",
            "trade 1 with 3 4@100 leaves 6 and 2",
            "trade 2 with 3 2@100 leaves 3 and 0",
            "level Sell 100: 7",
        ]
    );
    assert_eq!(bench.queue(Side::Sell, 100), [2, 1]);
}

#[test]
fn a_level_that_shows_the_same_again_is_not_announced() {
    let mut bench = Bench::resting([iceberg(1, 100, 12, 4)]);
    assert_eq!(bench.new_order(buy(2, 100, 4)), ["accepted 2 4@100", "trade 1 with 2 4@100 leaves 8 and 0"]);
}

#[test]
fn the_last_slice_is_what_is_left() {
    let mut bench = Bench::resting([iceberg(1, 100, 5, 4)]);
    assert_eq!(
        bench.new_order(buy(2, 100, 4)),
        ["accepted 2 4@100", "trade 1 with 2 4@100 leaves 1 and 0", "level Sell 100: 1"]
    );
}

#[test]
fn a_reduction_takes_the_undisplayed_part_first() {
    let mut bench = Bench::resting([iceberg(1, 100, 10, 4)]);
    let by = |qty| BookCommand::Reduce { key: key(1), to: ReduceTo::By(Qty(qty)) };
    assert_eq!(bench.apply(by(6)), ["canceled resting 1 6 leaves 4 Reduced"]);
    assert_eq!(bench.apply(by(1)), ["canceled resting 1 1 leaves 3 Reduced", "level Sell 100: 3"]);
}

#[test]
fn a_hidden_order_is_not_shown_and_trades_after_the_displayed_ones_of_its_price() {
    let mut bench = Bench::resting([hidden(1, 100, 5), sell(2, 100, 5), hidden(3, 99, 2)]);
    assert_eq!(bench.levels(Side::Sell), [(100, 5, 1)]);
    assert_eq!(bench.queue(Side::Sell, 100), [2, 1]);
    assert_eq!(
        bench.new_order(buy(4, 100, 9)),
        [
            "accepted 4 9@100",
            "trade 3 with 4 2@99 leaves 0 and 7",
            "trade 2 with 4 5@100 leaves 0 and 2",
            "level Sell 100: 0",
            "trade 1 with 4 2@100 leaves 3 and 0",
        ]
    );
    assert_eq!(bench.levels(Side::Sell), []);
}

#[test]
fn post_only_does_not_trade_with_hidden_orders_either() {
    let mut bench = Bench::resting([hidden(1, 100, 5)]);
    let order = NewOrder { post_only: true, ..buy(2, 100, 5) };
    assert_eq!(bench.new_order(order), ["rejected 2 PostOnlyWouldTrade"]);
}

#[test]
fn fill_or_kill_counts_what_is_not_displayed() {
    let orders = [iceberg(1, 100, 10, 3), hidden(2, 100, 5)];
    assert_eq!(
        Bench::resting(orders).new_order(fok(3, 100, 16)),
        ["accepted 3 16@100", "canceled incoming 3 16 leaves 0 FillOrKill"]
    );
    let mut bench = Bench::resting(orders);
    assert_eq!(bench.new_order(fok(3, 100, 15)).last().unwrap(), "trade 2 with 3 5@100 leaves 0 and 0");
    assert_eq!(bench.0.order_count(), 0);
}

#[test]
fn fill_or_kill_does_not_count_slices_that_come_after_an_own_order() {
    // The own order stands between the first slice and all others.
    let mut bench = Bench::resting([iceberg(1, 100, 10, 3), sell(2, 100, 5)]);
    let order = |qty| NewOrder { owner: MemberId(2), self_match: SelfMatch::CancelNewest, ..fok(3, 100, qty) };
    assert_eq!(bench.new_order(order(4))[1], "canceled incoming 3 4 leaves 0 FillOrKill");
    assert_eq!(bench.new_order(order(3))[1], "trade 1 with 3 3@100 leaves 7 and 0");
}

#[test]
fn fill_or_kill_counts_the_fills_of_an_iceberg_exactly() {
    // Four fills a command. 1 shows 2 of 6, 2 shows 1 of 3: the fills are 2, 1, 2, 1, 2, 1.
    let limits = engine::book::BookLimits { fills_per_command: 4, ..super::bench::LIMITS };
    for (qty, fits) in [(5, true), (6, true), (7, false)] {
        let mut bench = Bench::with(&limits);
        bench.rest([iceberg(1, 100, 6, 2), iceberg(2, 100, 3, 1)]);
        let events = bench.new_order(fok(3, 100, qty));
        assert_eq!(events[1].starts_with("trade"), fits, "{qty}: {events:?}");
    }
}

#[test]
fn a_replacement_does_not_count_the_order_that_it_replaces() {
    // Five fills bring all of order 2, however many slices order 1 would have put between them.
    for (fills_per_command, fits) in [(4, false), (5, true)] {
        let mut bench = Bench::with(&engine::book::BookLimits { fills_per_command, ..super::bench::LIMITS });
        bench.rest([iceberg(1, 100, 10, 3), iceberg(2, 100, 10, 2)]);
        let events = bench.replace(Replace {
            kind: ReplaceKind::ReEnter { side: Some(Side::Buy) },
            tif: TimeInForce::Fok,
            ..amend(1, 3, 100, 10)
        });
        assert_eq!(events[1].starts_with("trade 2 with 3"), fits, "{events:?}");
        assert_eq!(bench.0.order_count(), usize::from(!fits));
    }
}
