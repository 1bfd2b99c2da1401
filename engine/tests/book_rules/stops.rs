//! Orders that wait for a stop price, and the cascades that they make.

use engine::book::{
    BookLimits, BookReject, NewOrder, OrderKey, Place, QtyBasis, Replace, ReplaceKind, SelfMatch, TimeInForce,
};
use wire::{InstrumentIndex, MemberId, Price, Qty, SessionIndex, Side, UserRefNum};

use super::bench::{INSTRUMENT, LIMITS, amend, buy, key, sell};
use super::floor::{Floor, stop, stop_limit};

#[test]
fn a_stop_waits_unseen_until_a_trade_reaches_its_price() {
    for (side, reached, not_reached) in [(Side::Buy, [105, 106], 104), (Side::Sell, [95, 94], 96)] {
        for (price, elected) in [(reached[0], true), (reached[1], true), (not_reached, false)] {
            let mut floor = Floor::traded_at(100);
            let order = if side == Side::Buy { stop(buy(1, 0, 5), 105) } else { stop(sell(1, 0, 5), 95) };
            assert_eq!(floor.enter(order), [format!("accepted 1 5@{}", order.price.get())]);
            assert_eq!(floor.place(1), Some(Place::Waiting));
            floor.trade_at(price);
            let place = if elected { Place::Elected } else { Place::Waiting };
            assert_eq!(floor.place(1), Some(place), "{side:?} at {price}");
        }
    }
}

#[test]
fn an_elected_market_order_takes_what_is_there_and_its_rest_is_canceled() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop(buy(1, 0, 5), 105), sell(2, 105, 1), sell(3, 106, 1), sell(4, 110, 2)]);
    assert_eq!(
        floor.enter(buy(5, 105, 1)),
        ["accepted 5 1@105", "trade 2 with 5 1@105 leaves 0 and 0", "level Sell 105: 0"],
    );
    assert_eq!(
        floor.elect(),
        [
            &format!("elected 1 Buy 5@{}", i64::MAX),
            "trade 3 with 1 1@106 leaves 0 and 4",
            "level Sell 106: 0",
            "trade 4 with 1 2@110 leaves 0 and 2",
            "level Sell 110: 0",
            "canceled incoming 1 2 leaves 0 ImmediateRest",
        ]
    );
    assert_eq!(floor.elect(), [""; 0]);
    assert_eq!(floor.place(1), None);
}

#[test]
fn an_elected_limit_order_rests_what_does_not_trade() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 106, 5), 105), sell(2, 105, 1), sell(3, 106, 1), sell(4, 110, 2)]);
    floor.enter(buy(5, 105, 1));
    assert_eq!(
        floor.elect(),
        ["elected 1 Buy 5@106", "trade 3 with 1 1@106 leaves 0 and 4", "level Sell 106: 0", "level Buy 106: 4"]
    );
    assert_eq!(floor.place(1), Some(Place::Displayed));
    assert_eq!(floor.cancel(1), ["canceled resting 1 4 leaves 0 User", "level Buy 106: 0"]);
}

#[test]
fn a_stop_price_that_is_reached_already_elects_at_once() {
    for (last, buys, sells) in [(100, true, true), (101, true, false), (99, false, true)] {
        let mut floor = Floor::traded_at(last);
        floor.rest([stop(buy(1, 0, 5), 100), stop(sell(2, 0, 5), 100)]);
        assert_eq!(floor.place(1) == Some(Place::Elected), buys, "last trade at {last}");
        assert_eq!(floor.place(2) == Some(Place::Elected), sells, "last trade at {last}");
    }
    // Without a trade nothing is reached, whatever stands in the book.
    let mut floor = Floor::new();
    floor.rest([sell(1, 90, 1), stop(buy(2, 0, 5), 80)]);
    assert_eq!(floor.place(2), Some(Place::Waiting));
    // The trade of another instrument reaches nothing here.
    let mut floor = Floor::traded_at(100);
    floor.rest([NewOrder { instrument: InstrumentIndex(1), ..stop(buy(1, 0, 5), 90) }]);
    assert_eq!(floor.place(1), Some(Place::Waiting));
}

#[test]
fn elections_go_by_price_then_time_and_buys_before_sells() {
    let mut floor = Floor::traded_at(100);
    floor.rest([
        stop(buy(1, 0, 1), 103),
        stop(buy(2, 0, 1), 102),
        stop(buy(3, 0, 1), 103),
        stop(buy(4, 0, 1), 101),
        stop(buy(5, 0, 1), 105),
    ]);
    // One order trades up to 103: all that is processed before any stop enters.
    floor.rest([sell(6, 101, 1), sell(7, 103, 1)]);
    floor.enter(buy(8, 103, 2));
    assert_eq!(floor.election_order(), [4, 2, 1, 3]);
    assert_eq!(floor.place(5), Some(Place::Waiting));

    let mut floor = Floor::traded_at(100);
    floor.rest([stop(sell(1, 0, 1), 97), stop(sell(2, 0, 1), 99), stop(sell(3, 0, 1), 97), stop(sell(4, 0, 1), 96)]);
    floor.trade_at(97);
    assert_eq!(floor.election_order(), [2, 1, 3]);

    // One sweep from 95 to 105 reaches stops of both sides.
    let mut floor = Floor::traded_at(100);
    floor.rest([sell(1, 105, 1), stop(sell(2, 0, 1), 95), stop(sell(3, 0, 1), 97), stop(buy(4, 0, 1), 105)]);
    floor.rest([stop(buy(5, 0, 1), 102), sell(6, 95, 1)]);
    assert_eq!(floor.enter(buy(7, 105, 2)).len(), 5);
    assert_eq!(floor.election_order(), [5, 4, 3, 2]);
}

#[test]
fn a_stops_own_trade_elects_the_next_until_none_is_left() {
    let mut floor = Floor::traded_at(100);
    floor.rest([sell(1, 101, 1), sell(2, 102, 1), sell(3, 103, 1), sell(4, 104, 1)]);
    floor.rest([stop(buy(5, 0, 1), 101), stop(buy(6, 0, 1), 102), stop(buy(7, 0, 1), 103), stop(buy(8, 0, 1), 105)]);
    floor.enter(buy(9, 101, 1));
    let market = i64::MAX;
    assert_eq!(
        floor.cascade(),
        [
            &format!("elected 5 Buy 1@{market}"),
            "trade 2 with 5 1@102 leaves 0 and 0",
            "level Sell 102: 0",
            &format!("elected 6 Buy 1@{market}"),
            "trade 3 with 6 1@103 leaves 0 and 0",
            "level Sell 103: 0",
            &format!("elected 7 Buy 1@{market}"),
            "trade 4 with 7 1@104 leaves 0 and 0",
            "level Sell 104: 0",
        ]
    );
    assert_eq!(floor.place(8), Some(Place::Waiting));
}

#[test]
fn what_a_later_round_elects_enters_after_what_was_elected_before() {
    let mut floor = Floor::traded_at(100);
    floor.rest([sell(1, 101, 1), sell(2, 103, 1), buy(3, 98, 1), sell(4, 104, 1)]);
    // 5 takes the ask at 103, which elects 7; 6 was elected with 5 and is first.
    floor.rest([stop(buy(5, 0, 1), 101), stop(buy(6, 0, 1), 101), stop(buy(7, 0, 1), 103), stop(sell(8, 0, 1), 98)]);
    floor.enter(buy(9, 101, 1));
    assert_eq!(floor.election_order(), [5, 6, 7]);
    // And down again on the other side, from one buy to a sell.
    floor.enter(sell(10, 98, 1));
    assert_eq!(floor.election_order(), [8]);
}

#[test]
fn other_commands_may_come_between_elections() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop(buy(1, 0, 1), 101), stop(buy(2, 0, 1), 101), sell(3, 101, 2), sell(4, 102, 5)]);
    floor.enter(buy(5, 101, 2));
    assert_eq!(floor.cancel(1), ["canceled resting 1 1 leaves 0 User"]);
    assert_eq!(floor.election_order(), [2]);
}

#[test]
fn time_in_force_counts_from_the_election() {
    let mut floor = Floor::traded_at(100);
    let waiting = |number, qty, tif| NewOrder { tif, ..stop_limit(buy(number, 102, qty), 101) };
    floor.rest([
        waiting(1, 5, TimeInForce::Fok),
        waiting(2, 5, TimeInForce::Ioc),
        waiting(3, 1, TimeInForce::Gtc),
        sell(4, 101, 1),
        sell(5, 102, 3),
    ]);
    floor.enter(buy(6, 101, 1));
    assert_eq!(floor.elect(), ["elected 1 Buy 5@102", "canceled incoming 1 5 leaves 0 FillOrKill"]);
    assert_eq!(
        floor.elect(),
        [
            "elected 2 Buy 5@102",
            "trade 5 with 2 3@102 leaves 0 and 2",
            "level Sell 102: 0",
            "canceled incoming 2 2 leaves 0 ImmediateRest",
        ]
    );
    assert_eq!(floor.elect(), ["elected 3 Buy 1@102", "level Buy 102: 1"]);
}

#[test]
fn an_elected_order_that_may_not_enter_is_canceled_whole() {
    let mut floor = Floor::traded_at(100);
    floor.rest([
        NewOrder { post_only: true, ..stop_limit(buy(1, 102, 5), 101) },
        NewOrder { min_qty: Qty(4), ..stop_limit(buy(2, 102, 5), 101) },
        NewOrder { min_qty: Qty(4), tif: TimeInForce::Ioc, ..stop_limit(buy(3, 102, 5), 101) },
        sell(4, 101, 1),
        sell(5, 102, 3),
    ]);
    floor.enter(buy(6, 101, 1));
    let refused = |reason: BookReject| format!("Refused({reason:?})");
    assert_eq!(
        floor.elect(),
        ["elected 1 Buy 5@102", &format!("canceled resting 1 5 leaves 0 {}", refused(BookReject::PostOnlyWouldTrade))]
    );
    assert_eq!(
        floor.elect(),
        ["elected 2 Buy 5@102", &format!("canceled resting 2 5 leaves 0 {}", refused(BookReject::MinQtyNotMet))]
    );
    assert_eq!(floor.elect(), ["elected 3 Buy 5@102", "canceled incoming 3 5 leaves 0 MinQty"]);
}

#[test]
fn an_elected_order_without_a_free_level_is_canceled() {
    let mut floor = Floor::with(&BookLimits { levels: 3, ..LIMITS });
    floor.rest([buy(1, 90, 1), sell(2, 110, 1), stop_limit(buy(3, 100, 1), 105)]);
    assert_eq!(floor.enter(stop_limit(buy(4, 100, 1), 106)), ["rejected 4 LevelsFull"]);
    assert_eq!(floor.enter(sell(5, 105, 1)), ["rejected 5 LevelsFull"]);
    // The trade at 110 frees a level and elects, which frees the one that the stop stood in; then both are taken.
    floor.enter(buy(6, 110, 1));
    floor.rest([buy(7, 91, 1), buy(8, 92, 1)]);
    assert_eq!(floor.elect(), ["elected 3 Buy 1@100", "canceled resting 3 1 leaves 0 Refused(LevelsFull)"]);
}

#[test]
fn slices_and_hiding_begin_with_the_election() {
    let mut floor = Floor::traded_at(100);
    floor.rest([
        NewOrder { display: Qty(2), ..stop_limit(buy(1, 101, 9), 101) },
        NewOrder { hidden: true, ..stop_limit(buy(2, 101, 7), 101) },
        buy(3, 100, 1),
    ]);
    floor.trade_at(101);
    assert_eq!(floor.cascade(), ["elected 1 Buy 9@101", "level Buy 101: 2", "elected 2 Buy 7@101"]);
    assert_eq!((floor.place(1), floor.place(2)), (Some(Place::Displayed), Some(Place::Hidden)));
    assert_eq!(
        floor.enter(sell(4, 101, 10)),
        [
            "accepted 4 10@101",
            "trade 1 with 4 2@101 leaves 7 and 8",
            "trade 1 with 4 2@101 leaves 5 and 6",
            "trade 1 with 4 2@101 leaves 3 and 4",
            "trade 1 with 4 2@101 leaves 1 and 2",
            "trade 1 with 4 1@101 leaves 0 and 1",
            "level Buy 101: 0",
            "trade 2 with 4 1@101 leaves 6 and 0",
        ]
    );
}

#[test]
fn self_match_prevention_applies_on_election() {
    let own = |order| NewOrder { owner: MemberId(7), ..order };
    for (mode, expected) in [
        (SelfMatch::CancelNewest, vec!["canceled incoming 1 5 leaves 0 SelfMatch 2@102"]),
        (
            SelfMatch::CancelOldest,
            vec![
                "canceled resting 3 2 leaves 0 SelfMatch 2@102",
                "trade 4 with 1 3@102 leaves 0 and 2",
                "level Sell 102: 0",
                "level Buy 102: 2",
            ],
        ),
        (
            SelfMatch::Decrement,
            vec![
                "canceled resting 3 2 leaves 0 SelfMatch 2@102",
                "canceled incoming 1 2 leaves 3 SelfMatch 2@102",
                "trade 4 with 1 3@102 leaves 0 and 0",
                "level Sell 102: 0",
            ],
        ),
    ] {
        let mut floor = Floor::traded_at(100);
        floor.rest([NewOrder { self_match: mode, ..own(stop_limit(buy(1, 102, 5), 101)) }]);
        floor.rest([own(sell(3, 102, 2)), sell(4, 102, 3)]);
        floor.trade_at(101);
        assert_eq!(floor.elect()[1..], expected, "{mode:?}");
    }
}

#[test]
fn executions_count_over_the_whole_life_of_a_stop() {
    let mut floor = Floor::traded_at(100);
    floor.rest([stop_limit(buy(1, 101, 10), 101), sell(2, 101, 3)]);
    floor.enter(buy(3, 101, 1));
    floor.elect();
    let intended = ReplaceKind::Amend { basis: QtyBasis::Intended };
    // Two have executed on entry, so five of seven are open.
    let events = floor.replace(Replace { kind: intended, ..amend(1, 4, 101, 7) });
    assert_eq!(events[0], "replaced 1 by 4 Buy 5@101 keeps");
}

#[test]
fn waiting_orders_have_a_limit_of_their_own_and_count_as_orders() {
    let mut floor = Floor::with(&BookLimits { stops: 2, ..LIMITS });
    floor.trade_at(100);
    floor.rest([stop(buy(1, 0, 1), 105), stop(buy(2, 0, 1), 100)]);
    assert_eq!(floor.enter(stop(buy(3, 0, 1), 105)), ["rejected 3 StopsFull"]);
    // Replacing one takes no more room; one that has entered gives room.
    assert_eq!(floor.replace(Replace { stop: Some(Price(106)), ..amend(1, 4, 200, 1) }).len(), 1);
    floor.elect();
    floor.rest([stop(buy(5, 0, 1), 107)]);

    let mut floor = Floor::with(&BookLimits { orders: 2, ..LIMITS });
    floor.rest([stop(buy(1, 0, 1), 105), buy(2, 90, 1)]);
    assert_eq!(floor.enter(stop(buy(3, 0, 1), 105)), ["rejected 3 OrdersFull"]);
    assert_eq!(floor.enter(buy(3, 90, 1)), ["rejected 3 OrdersFull"]);
}

#[test]
fn orders_of_each_kind_stand_in_levels_of_their_own() {
    let mut floor = Floor::new();
    let hidden = |order| NewOrder { hidden: true, ..order };
    floor.rest([buy(1, 100, u32::MAX), hidden(buy(2, 100, u32::MAX)), stop_limit(buy(3, 100, u32::MAX), 100)]);
    assert_eq!(floor.twin.level_count(), 3);
    let overflow = "rejected 4 LevelQuantityOverflow";
    assert_eq!(floor.enter(buy(4, 100, 1)), [overflow]);
    assert_eq!(floor.enter(hidden(buy(4, 100, 1))), [overflow]);
    assert_eq!(floor.enter(stop_limit(buy(4, 90, 1), 100)), [overflow]);
    // Its stop price is the level, not its limit.
    floor.rest([stop_limit(buy(4, 100, 1), 101)]);
}

#[test]
fn names_are_checked_as_for_any_order() {
    let mut floor = Floor::new();
    floor.rest([stop(buy(1, 0, 1), 105)]);
    assert_eq!(floor.enter(buy(1, 90, 1)), ["rejected 1 DuplicateKey"]);
    assert_eq!(floor.enter(stop(buy(1, 0, 1), 105)), ["rejected 1 DuplicateKey"]);
    assert_eq!(floor.enter(stop(buy(2, 0, 0), 105)), ["rejected 2 ZeroQty"]);
    let elsewhere = NewOrder { instrument: InstrumentIndex(LIMITS.instruments), ..stop(buy(2, 0, 1), 105) };
    assert_eq!(floor.enter(elsewhere), ["rejected 2 UnknownInstrument"]);
    let stranger = OrderKey::new(SessionIndex(LIMITS.sessions), UserRefNum(2));
    assert_eq!(floor.enter(NewOrder { key: stranger, ..stop(buy(2, 0, 1), 105) }), ["rejected 2 UnknownSession"]);
}

#[test]
fn a_session_is_emptied_of_its_waiting_orders_in_the_order_of_entry() {
    let mut floor = Floor::traded_at(100);
    floor.rest([buy(1, 90, 1), stop(buy(2, 0, 1), 105), stop_limit(buy(3, 95, 1), 100), buy(4, 91, 1)]);
    // An elected order enters anew.
    floor.elect();
    for number in [1, 2, 4, 3] {
        assert_eq!(floor.twin.first_of_session(SessionIndex(0)), Some(key(number)));
        assert_eq!(floor.book.first_of_session(SessionIndex(0)), Some(key(number)));
        floor.cancel(number);
    }
    assert_eq!(floor.twin.first_of_session(SessionIndex(0)), None);
}

#[test]
fn a_waiting_order_can_be_looked_at_and_stands_in_no_queue() {
    let mut floor = Floor::traded_at(100);
    floor.rest([buy(1, 99, 1), NewOrder { hidden: true, ..stop_limit(buy(2, 99, 5), 105) }]);
    let book = &floor.book;
    let view = book.order(key(2)).expect("it is live");
    assert_eq!((view.price, view.stop, view.place), (Price(99), Some(Price(105)), Place::Waiting));
    assert_eq!((view.leaves, view.shown, view.hidden), (Qty(5), Qty::ZERO, true));
    assert_eq!(book.orders(INSTRUMENT, Side::Buy, Price(99)).map(|order| order.key).collect::<Vec<_>>(), [key(1)]);
    assert_eq!(book.orders(INSTRUMENT, Side::Buy, Price(105)).count(), 0);
}
