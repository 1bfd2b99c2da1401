//! Canceling and reducing.

use engine::book::{BookCommand, NewOrder, ReduceTo};
use wire::{Qty, SessionIndex, Side};

use super::bench::{Bench, buy, key, sell};

fn reduce(number: u32, to: ReduceTo) -> BookCommand {
    BookCommand::Reduce { key: key(number), to }
}

#[test]
fn a_cancel_takes_what_is_left_and_a_second_one_is_refused() {
    let mut bench = Bench::resting([buy(1, 100, 5), buy(2, 100, 7)]);
    assert_eq!(bench.cancel(1), ["canceled resting 1 5 leaves 0 User", "level Buy 100: 7"]);
    assert_eq!(bench.cancel(1), ["rejected 1 NotLive"]);
    assert_eq!(bench.cancel(2), ["canceled resting 2 7 leaves 0 User", "level Buy 100: 0"]);
}

#[test]
fn a_reduction_keeps_the_place_in_the_queue() {
    let mut bench = Bench::resting([sell(1, 100, 10), sell(2, 100, 10)]);
    assert_eq!(
        bench.apply(reduce(1, ReduceTo::By(Qty(4)))),
        ["canceled resting 1 4 leaves 6 Reduced", "level Sell 100: 16"]
    );
    assert_eq!(
        bench.apply(reduce(1, ReduceTo::Open(Qty(5)))),
        ["canceled resting 1 1 leaves 5 Reduced", "level Sell 100: 15"]
    );
    assert_eq!(bench.queue(Side::Sell, 100), [1, 2]);
}

#[test]
fn an_intended_quantity_counts_what_has_executed() {
    let mut bench = Bench::resting([sell(1, 100, 10)]);
    bench.new_order(buy(2, 100, 4));
    assert_eq!(
        bench.apply(reduce(1, ReduceTo::Intended(Qty(7)))),
        ["canceled resting 1 3 leaves 3 Reduced", "level Sell 100: 3"]
    );
    // Superfluous: 7 is what is intended already.
    assert_eq!(bench.apply(reduce(1, ReduceTo::Intended(Qty(7)))), ["rejected 1 NotReduced"]);
    assert_eq!(
        bench.apply(reduce(1, ReduceTo::Intended(Qty(4)))),
        ["canceled resting 1 3 leaves 0 Reduced", "level Sell 100: 0"]
    );
}

#[test]
fn a_reduction_by_more_than_is_left_removes_the_order_and_one_by_nothing_is_refused() {
    let mut bench = Bench::resting([sell(1, 100, 10)]);
    for to in [ReduceTo::By(Qty(0)), ReduceTo::Open(Qty(10)), ReduceTo::Open(Qty(11)), ReduceTo::Intended(Qty(10))] {
        assert_eq!(bench.apply(reduce(1, to)), ["rejected 1 NotReduced"]);
    }
    assert_eq!(
        bench.apply(reduce(1, ReduceTo::By(Qty(u32::MAX)))),
        ["canceled resting 1 10 leaves 0 Reduced", "level Sell 100: 0"]
    );
    assert_eq!(bench.apply(reduce(1, ReduceTo::By(Qty(1)))), ["rejected 1 NotLive"]);
}

#[test]
fn a_session_is_emptied_from_its_oldest_order() {
    let mut bench = Bench::resting([buy(3, 100, 5), sell(1, 200, 5), buy(2, 101, 5)]);
    let other = engine::book::OrderKey::new(SessionIndex(1), wire::UserRefNum(9));
    bench.rest([NewOrder { key: other, ..buy(9, 100, 5) }]);
    let session = SessionIndex(0);
    let mut order = Vec::new();
    while let Some(first) = bench.0.first_of_session(session) {
        assert_eq!(bench.0.open_orders(session) as usize, 3 - order.len());
        order.push(first.user_ref().get());
        bench.cancel(first.user_ref().get());
    }
    assert_eq!(order, [3, 1, 2]);
    assert_eq!((bench.0.open_orders(session), bench.0.open_orders(SessionIndex(1))), (0, 1));
}

#[test]
fn the_mark_is_kept_and_can_be_changed() {
    let mut bench = Bench::resting([NewOrder { mark: 7, ..buy(1, 100, 5) }]);
    let hash = bench.0.state_hash();
    assert!(bench.0.set_mark(key(1), |mark| mark + 1));
    assert_eq!(bench.0.order(key(1)).unwrap().mark, 8);
    assert_ne!(bench.0.state_hash(), hash);
    assert!(!bench.0.set_mark(key(2), |mark| mark));
    bench.replace(super::bench::amend(1, 2, 101, 9));
    assert_eq!(bench.0.order(key(2)).unwrap().mark, 8);
    bench.0.audit().unwrap();
}

#[test]
fn two_books_with_the_same_orders_have_the_same_hash_and_an_empty_one_has_none() {
    let mut bench = Bench::resting([buy(1, 100, 5), sell(2, 101, 5)]);
    assert_eq!(bench.0.state_hash(), Bench::resting([buy(1, 100, 5), sell(2, 101, 5)]).0.state_hash());
    // Who came first matters.
    assert_ne!(bench.0.state_hash(), Bench::resting([sell(2, 101, 5), buy(1, 100, 5)]).0.state_hash());
    bench.cancel(1);
    bench.cancel(2);
    assert_eq!(bench.0.state_hash(), Bench::new().0.state_hash());
}
