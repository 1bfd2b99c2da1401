//! What does not fit.

use engine::book::{BookLimits, NewOrder, TimeInForce};
use wire::{Qty, Side};

use super::bench::{Bench, LIMITS, amend, buy, key, sell};

#[test]
fn a_full_book_refuses_what_would_rest_and_still_matches() {
    let mut bench = Bench::with(&BookLimits { orders: 2, ..LIMITS });
    bench.rest([sell(1, 100, 5), sell(2, 100, 5)]);
    assert_eq!(bench.new_order(buy(3, 99, 5)), ["rejected 3 OrdersFull"]);
    // It trades one away, so that there is room for its own rest.
    assert_eq!(
        bench.new_order(buy(4, 100, 12)),
        [
            "accepted 4 12@100",
            "trade 1 with 4 5@100 leaves 0 and 7",
            "trade 2 with 4 5@100 leaves 0 and 2",
            "level Sell 100: 0",
            "level Buy 100: 2",
        ]
    );
    bench.rest([sell(5, 200, 1)]);
    assert_eq!(bench.replace(amend(5, 6, 150, 1))[0], "replaced 5 by 6 Sell 1@150 moves");
}

#[test]
fn a_book_without_a_free_level_takes_orders_at_the_levels_that_stand() {
    let mut bench = Bench::with(&BookLimits { levels: 2, ..LIMITS });
    bench.rest([buy(1, 100, 5), buy(2, 99, 5), buy(3, 99, 5)]);
    assert_eq!(bench.new_order(sell(4, 101, 5)), ["rejected 4 LevelsFull"]);
    assert_eq!(bench.replace(amend(2, 4, 98, 5)), ["rejected 4 LevelsFull"]);
    // The last order of a level takes its room along.
    assert_eq!(bench.replace(amend(1, 4, 98, 5))[0], "replaced 1 by 4 Buy 5@98 moves");
    bench.rest([buy(5, 98, 5)]);
}

#[test]
fn a_level_never_holds_more_than_a_tick_can_say() {
    let mut bench = Bench::resting([buy(1, 100, u32::MAX - 5)]);
    assert_eq!(bench.new_order(buy(2, 100, 6)), ["rejected 2 LevelQuantityOverflow"]);
    assert_eq!(
        bench.new_order(buy(2, 100, 5)),
        ["accepted 2 5@100".to_owned(), format!("level Buy 100: {}", u32::MAX)]
    );
    // Its own old quantity does not stand in an order's way.
    assert_eq!(bench.replace(amend(2, 3, 100, 6)), ["rejected 3 LevelQuantityOverflow"]);
    bench.apply(engine::book::BookCommand::Reduce { key: key(1), to: engine::book::ReduceTo::By(Qty(1)) });
    assert_eq!(bench.replace(amend(2, 3, 100, 6))[0], "replaced 2 by 3 Buy 6@100 moves");
}

#[test]
fn an_icebergs_refreshed_slices_fit_too() {
    let mut bench = Bench::resting([NewOrder { display: Qty(1), ..buy(1, 100, u32::MAX) }]);
    assert_eq!(bench.levels(Side::Buy), [(100, 1, 1)]);
    assert_eq!(bench.new_order(buy(2, 100, 1)), ["rejected 2 LevelQuantityOverflow"]);
}

#[test]
fn a_sweep_ends_at_the_limit_of_fills_and_its_rest_is_canceled() {
    let mut bench = Bench::with(&BookLimits { fills_per_command: 2, ..LIMITS });
    bench.rest([sell(1, 100, 1), sell(2, 100, 1), sell(3, 100, 1)]);
    assert_eq!(
        bench.new_order(buy(4, 100, 5)),
        [
            "accepted 4 5@100",
            "trade 1 with 4 1@100 leaves 0 and 4",
            "trade 2 with 4 1@100 leaves 0 and 3",
            "level Sell 100: 1",
            "canceled incoming 4 3 leaves 0 SweepLimit",
        ]
    );
    // With nothing more to meet, the limit is not in the way.
    bench.rest([sell(5, 101, 1)]);
    assert_eq!(bench.new_order(buy(6, 101, 5)).last().unwrap(), "level Buy 101: 3");
}

#[test]
fn fill_or_kill_is_killed_rather_than_cut_at_the_limit() {
    let mut bench = Bench::with(&BookLimits { fills_per_command: 2, ..LIMITS });
    bench.rest([sell(1, 100, 1), sell(2, 100, 1), sell(3, 100, 1)]);
    let fok = |qty| NewOrder { tif: TimeInForce::Fok, ..buy(4, 100, qty) };
    assert_eq!(bench.new_order(fok(3)), ["accepted 4 3@100", "canceled incoming 4 3 leaves 0 FillOrKill"]);
    assert_eq!(bench.new_order(fok(2)).last().unwrap(), "level Sell 100: 1");
}
