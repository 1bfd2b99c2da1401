//! Amending and re-entering.

use engine::book::{NewOrder, QtyBasis, Replace, ReplaceKind, TimeInForce};
use wire::{Qty, Side};

use super::bench::{Bench, amend, buy, key, sell};

#[test]
fn an_amendment_keeps_its_place_only_at_the_same_price_for_no_more() {
    for (price, qty, kept) in [(100, 10, true), (100, 4, true), (100, 11, false), (99, 10, false), (101, 4, false)] {
        let mut bench = Bench::resting([buy(1, 100, 10), buy(2, 100, 10), buy(3, 99, 1), buy(4, 101, 1)]);
        let place = if kept { "keeps" } else { "moves" };
        let events = bench.replace(amend(1, 5, price, qty));
        assert_eq!(events[0], format!("replaced 1 by 5 Buy {qty}@{price} {place}"));
        let queue = bench.queue(Side::Buy, price);
        assert_eq!(if kept { queue.first() } else { queue.last() }, Some(&5), "{price} {qty}");
        assert_eq!(bench.0.order(key(1)), None);
    }
}

#[test]
fn a_replacement_may_keep_its_name() {
    let mut bench = Bench::resting([buy(1, 100, 10), buy(2, 100, 10)]);
    assert_eq!(bench.replace(amend(1, 1, 100, 4)), ["replaced 1 by 1 Buy 4@100 keeps", "level Buy 100: 14"]);
    assert_eq!(bench.replace(amend(1, 1, 100, 5)), ["replaced 1 by 1 Buy 5@100 moves", "level Buy 100: 15"]);
    assert_eq!(bench.queue(Side::Buy, 100), [2, 1]);
}

#[test]
fn a_change_at_one_price_is_one_level_event() {
    let mut bench = Bench::resting([buy(1, 100, 10)]);
    assert_eq!(bench.replace(amend(1, 2, 100, 15)), ["replaced 1 by 2 Buy 15@100 moves", "level Buy 100: 15"]);
    // Same total as before: nothing to say.
    let re_enter = Replace { kind: ReplaceKind::ReEnter { side: None }, ..amend(2, 3, 100, 15) };
    assert_eq!(bench.replace(re_enter), ["replaced 2 by 3 Buy 15@100 moves"]);
}

#[test]
fn a_move_to_another_price_tells_the_old_level_first() {
    let mut bench = Bench::resting([buy(1, 100, 10), buy(2, 100, 1)]);
    assert_eq!(
        bench.replace(amend(1, 3, 99, 10)),
        ["replaced 1 by 3 Buy 10@99 moves", "level Buy 100: 1", "level Buy 99: 10"]
    );
}

#[test]
fn an_amendment_into_the_other_side_trades_at_the_resting_price() {
    let mut bench = Bench::resting([buy(1, 100, 10), sell(2, 102, 4)]);
    assert_eq!(
        bench.replace(amend(1, 3, 103, 10)),
        [
            "replaced 1 by 3 Buy 10@103 moves",
            "trade 2 with 3 4@102 leaves 0 and 6",
            "level Sell 102: 0",
            "level Buy 100: 0",
            "level Buy 103: 6",
        ]
    );
}

#[test]
fn an_intended_quantity_counts_the_executions_of_the_whole_chain() {
    let intended = |old, new, price, qty| Replace {
        kind: ReplaceKind::Amend { basis: QtyBasis::Intended },
        ..amend(old, new, price, qty)
    };
    let mut bench = Bench::resting([sell(1, 100, 500)]);
    bench.new_order(buy(2, 100, 100));
    assert_eq!(bench.replace(intended(1, 3, 101, 600))[0], "replaced 1 by 3 Sell 500@101 moves");
    bench.new_order(buy(4, 101, 100));
    assert_eq!(bench.replace(intended(3, 5, 101, 500))[0], "replaced 3 by 5 Sell 300@101 keeps");
    // No more than has executed: nothing is left to replace with.
    assert_eq!(bench.replace(intended(5, 6, 101, 200)), ["canceled resting 5 300 leaves 0 User", "level Sell 101: 0"]);
}

#[test]
fn an_amendment_by_open_quantity_adds_to_what_is_intended() {
    let mut bench = Bench::resting([sell(1, 100, 500)]);
    bench.new_order(buy(2, 100, 100));
    bench.replace(amend(1, 3, 100, 450));
    assert_eq!(bench.0.order(key(3)).unwrap().liable, Qty(550));
    assert_eq!(bench.replace(amend(3, 4, 100, u32::MAX)), ["rejected 4 LiableOverflow"]);
}

#[test]
fn re_entering_always_joins_the_back_and_may_change_side() {
    let re_enter =
        |old, new, price, qty, side| Replace { kind: ReplaceKind::ReEnter { side }, ..amend(old, new, price, qty) };
    let mut bench = Bench::resting([buy(1, 100, 10), buy(2, 100, 10)]);
    bench.replace(re_enter(1, 3, 100, 5, None));
    assert_eq!(bench.queue(Side::Buy, 100), [2, 3]);
    // The seller meets the bids that it was among, and never itself.
    assert_eq!(
        bench.replace(re_enter(2, 4, 100, 6, Some(Side::Sell))),
        [
            "replaced 2 by 4 Sell 6@100 moves",
            "trade 3 with 4 5@100 leaves 0 and 1",
            "level Buy 100: 0",
            "level Sell 100: 1",
        ]
    );
    assert_eq!(
        bench.replace(re_enter(4, 5, 100, 6, Some(Side::Buy))),
        ["replaced 4 by 5 Buy 6@100 moves", "level Sell 100: 0", "level Buy 100: 6"]
    );
}

#[test]
fn a_refused_replacement_leaves_the_order_as_it_was() {
    let mut bench = Bench::resting([buy(1, 100, 10), buy(2, 100, 10), sell(3, 102, 4)]);
    assert_eq!(bench.replace(amend(9, 10, 100, 5)), ["rejected 10 NotLive"]);
    assert_eq!(bench.replace(amend(1, 2, 100, 5)), ["rejected 2 DuplicateKey"]);
    assert_eq!(bench.replace(amend(1, 4, 100, 0)), ["rejected 4 ZeroQty"]);
    let post_only = Replace { post_only: true, ..amend(1, 4, 102, 5) };
    assert_eq!(bench.replace(post_only), ["rejected 4 PostOnlyWouldTrade"]);
    let min_qty = Replace { min_qty: Qty(5), ..amend(1, 4, 102, 10) };
    assert_eq!(bench.replace(min_qty), ["rejected 4 MinQtyNotMet"]);
    assert_eq!(bench.queue(Side::Buy, 100), [1, 2]);
}

#[test]
fn a_replacement_that_may_not_rest_is_canceled_when_it_does_not_trade() {
    let mut bench = Bench::resting([buy(1, 100, 10), sell(2, 102, 4)]);
    let immediate = Replace { tif: TimeInForce::Ioc, ..amend(1, 3, 100, 10) };
    assert_eq!(
        bench.replace(immediate),
        ["replaced 1 by 3 Buy 10@100 moves", "canceled incoming 3 10 leaves 0 ImmediateRest", "level Buy 100: 0"]
    );
    bench.rest([buy(4, 100, 10)]);
    let all_or_nothing = Replace { tif: TimeInForce::Fok, ..amend(4, 5, 102, 10) };
    assert_eq!(
        bench.replace(all_or_nothing),
        ["replaced 4 by 5 Buy 10@102 moves", "canceled incoming 5 10 leaves 0 FillOrKill", "level Buy 100: 0"]
    );
}

#[test]
fn another_slice_or_hiding_costs_the_place() {
    let mut bench = Bench::resting([NewOrder { display: Qty(3), ..buy(1, 100, 10) }, buy(2, 100, 10)]);
    let same_slice = Replace { display: Qty(3), ..amend(1, 3, 100, 8) };
    assert_eq!(bench.replace(same_slice), ["replaced 1 by 3 Buy 8@100 keeps"]);
    let all_shown = amend(3, 4, 100, 8);
    assert_eq!(bench.replace(all_shown), ["replaced 3 by 4 Buy 8@100 moves", "level Buy 100: 18"]);
    let hidden = Replace { hidden: true, ..amend(4, 5, 100, 8) };
    assert_eq!(bench.replace(hidden), ["replaced 4 by 5 Buy 8@100 moves", "level Buy 100: 10"]);
}
