//! Canceling, reducing and replacing orders that wait for a stop price.

use engine::book::{BookCommand, Place, ReduceTo, Replace, ReplaceKind, TimeInForce};
use wire::{Price, Qty, Side};

use super::bench::{amend, buy, key, sell};
use super::floor::{Floor, stop, stop_limit};

#[test]
fn waiting_orders_are_canceled_and_reduced_like_any() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 106, 5), 105), stop(sell(2, 0, 5), 95)]);
    let by = |number, qty| BookCommand::Reduce { key: key(number), to: ReduceTo::By(Qty(qty)) };
    assert_eq!(floor.apply(by(1, 2)), ["canceled resting 1 2 leaves 3 Reduced"]);
    assert_eq!(floor.cancel(1), ["canceled resting 1 3 leaves 0 User"]);
    assert_eq!(floor.cancel(1), ["rejected 1 NotLive"]);
    assert_eq!(floor.twin.level_count(), 1);
    // The same of one that is elected and has not entered.
    floor.trade_at(95);
    assert_eq!(floor.apply(by(2, 1)), ["canceled resting 2 1 leaves 4 Reduced"]);
    assert_eq!(floor.apply(by(2, 4)), ["canceled resting 2 4 leaves 0 Reduced"]);
    assert!(!floor.twin.has_elected());
}

#[test]
fn a_replaced_stop_waits_on_and_keeps_its_place_by_the_published_rule() {
    let base = || {
        let mut floor = Floor::traded_at(100);
        floor.rest([stop_limit(buy(1, 106, 5), 105), stop_limit(buy(2, 106, 5), 105)]);
        floor
    };
    let stops_at = |price| Some(Price(price));
    let replacement = amend(1, 3, 106, 5);
    for (replace, kept) in [
        (Replace { qty: Qty(4), ..replacement }, true),
        (Replace { stop: stops_at(105), ..replacement }, true),
        // Whether it rests once it has entered does not matter to its place among those that wait.
        (Replace { tif: TimeInForce::Fok, ..replacement }, true),
        (Replace { qty: Qty(6), ..replacement }, false),
        (Replace { price: Price(107), ..replacement }, false),
        (Replace { stop: stops_at(104), ..replacement }, false),
        (Replace { display: Qty(1), ..replacement }, false),
        (Replace { hidden: true, ..replacement }, false),
        (Replace { kind: ReplaceKind::ReEnter { side: None }, ..replacement }, false),
    ] {
        let mut floor = base();
        let place = if kept { "keeps" } else { "moves" };
        let expected = format!("replaced 1 by 3 Buy {}@{} {place}", replace.qty, replace.price.get());
        assert_eq!(floor.replace(replace), [expected], "{replace:?}");
        assert_eq!(floor.place(3), Some(Place::Waiting));
        floor.trade_at(110);
        let first = if kept || replace.stop == stops_at(104) { 3 } else { 2 };
        assert_eq!(floor.election_order()[0], first, "{replace:?}");
    }
}

#[test]
fn a_replaced_stop_enters_on_its_new_terms() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 106, 5), 105)]);
    floor.replace(Replace { tif: TimeInForce::Ioc, min_qty: Qty(1), ..amend(1, 1, 106, 3) });
    floor.trade_at(105);
    assert_eq!(floor.elect(), ["elected 1 Buy 3@106", "canceled incoming 1 3 leaves 0 MinQty"]);
}

#[test]
fn a_replaced_stop_that_is_reached_is_elected() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 106, 5), 105), stop_limit(buy(2, 106, 5), 99)]);
    assert_eq!((floor.place(1), floor.place(2)), (Some(Place::Waiting), Some(Place::Elected)));
    floor.replace(Replace { stop: Some(Price(100)), ..amend(1, 3, 106, 5) });
    assert_eq!(floor.place(3), Some(Place::Elected));
    // An elected one keeps its turn when it would keep its place, and goes to the back, or waits again, when not.
    floor.replace(amend(2, 4, 106, 4));
    assert_eq!(floor.place(4), Some(Place::Elected));
    floor.replace(amend(3, 5, 106, 6));
    floor.replace(Replace { stop: Some(Price(101)), ..amend(5, 6, 106, 6) });
    assert_eq!(floor.place(6), Some(Place::Waiting));
    assert_eq!(floor.election_order(), [4]);
}

#[test]
fn a_side_change_turns_a_stop_round() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 106, 5), 105)]);
    let kind = ReplaceKind::ReEnter { side: Some(Side::Sell) };
    // A sell at 105 is reached by a last trade at 100.
    assert_eq!(floor.replace(Replace { kind, ..amend(1, 2, 99, 5) }), ["replaced 1 by 2 Sell 5@99 moves"]);
    assert_eq!(floor.elect(), ["elected 2 Sell 5@99", "level Sell 99: 5"]);
}

#[test]
fn only_an_order_that_waits_has_a_stop_price_to_change() {
    let mut floor = Floor::traded_at(100);
    floor.rest([buy(1, 90, 5), stop_limit(buy(2, 100, 5), 100)]);
    let stop = Some(Price(105));
    assert_eq!(floor.replace(Replace { stop, ..amend(1, 3, 90, 5) }), ["rejected 3 NotAStop"]);
    // Once it has entered it is an order like any other.
    floor.elect();
    assert_eq!(floor.replace(Replace { stop, ..amend(2, 3, 100, 5) }), ["rejected 3 NotAStop"]);
}
