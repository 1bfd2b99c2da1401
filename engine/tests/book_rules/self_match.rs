//! Self-match prevention.

use engine::book::{NewOrder, SelfMatch, TimeInForce};
use wire::{MemberId, Qty, Side};

use super::bench::{Bench, buy, sell};

/// Owned by the member that the tests keep from itself.
fn own(order: NewOrder) -> NewOrder {
    NewOrder { owner: MemberId(1), ..order }
}

fn incoming(mode: SelfMatch, order: NewOrder) -> NewOrder {
    NewOrder { self_match: mode, ..own(order) }
}

/// Someone's 5, our 5, someone's 5, all at 100.
fn sandwich() -> Bench {
    Bench::resting([sell(10, 100, 5), own(sell(11, 100, 5)), sell(12, 100, 5)])
}

#[test]
fn allow_lets_them_trade() {
    let events = sandwich().new_order(incoming(SelfMatch::Allow, buy(1, 100, 10)));
    assert_eq!(events[2], "trade 11 with 1 5@100 leaves 0 and 0");
}

#[test]
fn cancel_newest_stops_the_incoming_order() {
    let mut bench = sandwich();
    assert_eq!(
        bench.new_order(incoming(SelfMatch::CancelNewest, buy(1, 100, 12))),
        [
            "accepted 1 12@100",
            "trade 10 with 1 5@100 leaves 0 and 7",
            "canceled incoming 1 7 leaves 0 SelfMatch 5@100",
            "level Sell 100: 10",
        ]
    );
    assert_eq!(bench.queue(Side::Sell, 100), [11, 12]);
}

#[test]
fn cancel_oldest_clears_the_way() {
    assert_eq!(
        sandwich().new_order(incoming(SelfMatch::CancelOldest, buy(1, 100, 7))),
        [
            "accepted 1 7@100",
            "trade 10 with 1 5@100 leaves 0 and 2",
            "canceled resting 11 5 leaves 0 SelfMatch 2@100",
            "trade 12 with 1 2@100 leaves 3 and 0",
            "level Sell 100: 3",
        ]
    );
}

#[test]
fn cancel_both_ends_both() {
    let mut bench = sandwich();
    assert_eq!(
        bench.new_order(incoming(SelfMatch::CancelBoth, buy(1, 100, 12))),
        [
            "accepted 1 12@100",
            "trade 10 with 1 5@100 leaves 0 and 7",
            "canceled resting 11 5 leaves 0 SelfMatch 5@100",
            "canceled incoming 1 7 leaves 0 SelfMatch 5@100",
            "level Sell 100: 5",
        ]
    );
    assert_eq!(bench.queue(Side::Sell, 100), [12]);
}

#[test]
fn decrement_takes_the_smaller_quantity_off_both_and_goes_on() {
    assert_eq!(
        sandwich().new_order(incoming(SelfMatch::Decrement, buy(1, 100, 12))),
        [
            "accepted 1 12@100",
            "trade 10 with 1 5@100 leaves 0 and 7",
            "canceled resting 11 5 leaves 0 SelfMatch 5@100",
            "canceled incoming 1 5 leaves 2 SelfMatch 5@100",
            "trade 12 with 1 2@100 leaves 3 and 0",
            "level Sell 100: 3",
        ]
    );
}

#[test]
fn decrement_leaves_the_larger_resting_order_in_its_place() {
    let mut bench = Bench::resting([own(sell(11, 100, 9)), sell(12, 100, 5)]);
    assert_eq!(
        bench.new_order(incoming(SelfMatch::Decrement, buy(1, 100, 4))),
        [
            "accepted 1 4@100",
            "canceled resting 11 4 leaves 5 SelfMatch 4@100",
            "canceled incoming 1 4 leaves 0 SelfMatch 4@100",
            "level Sell 100: 10",
        ]
    );
    assert_eq!(bench.queue(Side::Sell, 100), [11, 12]);
}

#[test]
fn fill_or_kill_does_not_count_what_it_could_not_trade_with() {
    use SelfMatch::{CancelBoth, CancelNewest, CancelOldest, Decrement};
    let killed = "canceled incoming 1 10 leaves 0 FillOrKill";
    for mode in [CancelNewest, CancelBoth, Decrement] {
        let order = NewOrder { tif: TimeInForce::Fok, ..incoming(mode, buy(1, 100, 10)) };
        assert_eq!(sandwich().new_order(order), ["accepted 1 10@100", killed], "{mode:?} ends at the own order");
    }
    let order = |qty| NewOrder { tif: TimeInForce::Fok, ..incoming(CancelOldest, buy(1, 100, qty)) };
    assert_eq!(sandwich().new_order(order(11))[1], "canceled incoming 1 11 leaves 0 FillOrKill");
    let events = sandwich().new_order(order(10));
    assert_eq!(events[2], "canceled resting 11 5 leaves 0 SelfMatch 5@100");
    assert_eq!(events[3], "trade 12 with 1 5@100 leaves 0 and 0");
}

#[test]
fn a_minimum_counts_up_to_the_own_order() {
    let order = |min| NewOrder { min_qty: Qty(min), ..incoming(SelfMatch::CancelNewest, buy(1, 100, 10)) };
    assert_eq!(sandwich().new_order(order(6)), ["rejected 1 MinQtyNotMet"]);
    assert_eq!(sandwich().new_order(order(5))[1], "trade 10 with 1 5@100 leaves 0 and 5");
}
