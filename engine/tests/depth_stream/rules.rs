//! The messages of each happening, one by one, as docs/protocol.md has them.

use super::floor::Floor;
use engine::book::{
    BookCommand, BookLimits, CancelReason, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind, SelfMatch,
    TimeInForce,
};
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

const LIMITS: BookLimits =
    BookLimits { instruments: 1, sessions: 5, orders: 20, levels: 20, stops: 4, fills_per_command: 1 };

/// Sessions 0 to 2 are of one member, 3 and 4 of another one.
fn order(session: u16, side: Side, price: i64, qty: u32) -> NewOrder {
    NewOrder {
        instrument: InstrumentIndex(0),
        key: OrderKey::new(SessionIndex(session), UserRefNum(0)),
        order_ref: OrderRef(0),
        owner: MemberId(0),
        side,
        price: Price(price),
        qty: Qty(qty),
        ..NewOrder::PLAIN
    }
}

fn buy(price: i64, qty: u32) -> NewOrder {
    order(0, Side::Buy, price, qty)
}

/// Of the other member.
fn sell(price: i64, qty: u32) -> NewOrder {
    order(3, Side::Sell, price, qty)
}

fn amend(key: OrderKey, price: i64, qty: u32) -> Replace {
    Replace {
        key,
        new_key: key,
        order_ref: OrderRef(0),
        price: Price(price),
        qty: Qty(qty),
        kind: ReplaceKind::Amend { basis: QtyBasis::Intended },
        ..Replace::PLAIN
    }
}

struct Talk(Floor);

impl Talk {
    fn new() -> Self {
        Self(Floor::new(&LIMITS, 0))
    }

    fn enter(&mut self, order: NewOrder) -> (OrderKey, Vec<String>) {
        let key = self.0.send(&BookCommand::New(order)).expect("accepted");
        self.0.compare("an order");
        (key, self.0.said())
    }

    fn replace(&mut self, replace: Replace) -> (OrderKey, Vec<String>) {
        let key = self.0.send(&BookCommand::Replace(replace)).expect("replaced");
        self.0.compare("a replacement");
        (key, self.0.said())
    }

    fn other(&mut self, command: BookCommand) -> Vec<String> {
        self.0.send(&command);
        self.0.compare("a cancel");
        self.0.said()
    }
}

#[test]
fn a_displayed_order_is_added_executed_reduced_and_deleted() {
    let mut talk = Talk::new();
    let (key, said) = talk.enter(buy(100, 10));
    assert_eq!(said, ["A 1 Buy 10@1100"]);
    assert_eq!(talk.enter(sell(100, 3)).1, ["E 1 3 match 1"]);
    assert_eq!(talk.other(BookCommand::Reduce { key, to: ReduceTo::Intended(Qty(8)) }), ["X 1 2"]);
    assert_eq!(talk.other(BookCommand::Cancel { key, reason: CancelReason::User }), ["D 1"]);
    let (_, said) = talk.enter(buy(100, 10));
    assert_eq!(said, ["A 3 Buy 10@1100"]);
    // All of it, and the rest of the other order stands in its stead.
    assert_eq!(talk.enter(sell(100, 12)).1, ["E 3 10 match 2", "A 4 Sell 2@1100"]);
}

#[test]
fn what_is_not_displayed_is_not_told_of_but_for_its_trades() {
    let mut talk = Talk::new();
    let (hidden, said) = talk.enter(NewOrder { hidden: true, ..buy(100, 10) });
    assert!(said.is_empty());
    assert_eq!(talk.enter(sell(100, 4)).1, ["P 4@1100 match 1"]);
    assert!(talk.other(BookCommand::Reduce { key: hidden, to: ReduceTo::Intended(Qty(8)) }).is_empty());
    assert!(talk.other(BookCommand::Cancel { key: hidden, reason: CancelReason::User }).is_empty());
    // A stop waits unseen; once elected it is an order as any other, under its old number.
    let (_, said) = talk.enter(NewOrder { stop: Some(Price(105)), ..buy(105, 5) });
    assert!(said.is_empty());
    assert_eq!(talk.enter(sell(105, 1)).1, ["A 4 Sell 1@1105"]);
    assert_eq!(talk.enter(NewOrder { tif: TimeInForce::Ioc, ..buy(105, 1) }).1, ["E 4 1 match 2", "A 3 Buy 5@1105"]);
}

#[test]
fn an_iceberg_shows_each_slice_under_a_number_of_its_own() {
    let mut talk = Talk::new();
    let (key, said) = talk.enter(NewOrder { display: Qty(4), ..buy(100, 10) });
    assert_eq!(said, ["A 1 Buy 4@1100"]);
    let (_, said) = talk.enter(order(1, Side::Buy, 100, 5));
    assert_eq!(said, ["A 2 Buy 5@1100"]);
    // Its slice, and the next one stands behind the other order; the taker has number 3.
    assert_eq!(talk.enter(sell(100, 5)).1, ["E 1 4 match 1", "A 4 Buy 4@1100", "E 2 1 match 2"]);
    assert_eq!(talk.0.slices(), [OrderRef(4)], "its owner is told");
    // What is not displayed goes first.
    assert!(talk.other(BookCommand::Reduce { key, to: ReduceTo::Intended(Qty(9)) }).is_empty());
    assert_eq!(talk.other(BookCommand::Reduce { key, to: ReduceTo::Intended(Qty(7)) }), ["X 4 1"]);
    // Two slices in one sweep: the last one is no slice any more.
    let (_, said) = talk.enter(NewOrder { display: Qty(2), ..order(1, Side::Buy, 99, 5) });
    assert_eq!(said, ["A 5 Buy 2@1099"]);
    let (_, said) = talk.enter(sell(99, 12));
    let trades = ["E 2 4 match 3", "E 4 3 match 4"];
    let slices = ["E 5 2 match 5", "A 7 Buy 2@1099", "E 7 2 match 6", "A 8 Buy 1@1099", "E 8 1 match 7"];
    assert_eq!(said, [&trades[..], &slices[..]].concat());
    assert_eq!(talk.enter(buy(90, 1)).1, ["A 9 Buy 1@1090"], "numbers go on behind the slices");
}

#[test]
fn a_slice_used_up_without_a_trade_is_deleted() {
    let mut talk = Talk::new();
    let (_, said) = talk.enter(NewOrder { display: Qty(4), ..buy(100, 10) });
    assert_eq!(said, ["A 1 Buy 4@1100"]);
    let own = NewOrder { self_match: SelfMatch::Decrement, ..order(1, Side::Sell, 100, 6) };
    assert_eq!(talk.enter(own).1, ["D 1", "A 3 Buy 4@1100", "X 3 2"]);
    let own = NewOrder { self_match: SelfMatch::CancelOldest, ..order(1, Side::Sell, 100, 1) };
    assert_eq!(talk.enter(own).1, ["D 3", "A 4 Sell 1@1100"]);
}

#[test]
fn a_replacement_that_keeps_its_place_keeps_its_number() {
    let mut talk = Talk::new();
    let (key, _) = talk.enter(buy(100, 10));
    let (key, said) = talk.replace(amend(key, 100, 7));
    assert_eq!(said, ["X 1 3"]);
    assert_eq!(talk.enter(sell(100, 2)).1, ["E 1 2 match 1"]);
    // Nothing of an iceberg's slice goes while there is undisplayed quantity.
    let (iceberg, said) = talk.enter(NewOrder { display: Qty(4), ..buy(99, 10) });
    assert_eq!(said, ["A 3 Buy 4@1099"]);
    let (_, said) = talk.replace(Replace { display: Qty(4), ..amend(iceberg, 99, 5) });
    assert!(said.is_empty());
    assert_eq!(talk.other(BookCommand::Cancel { key, reason: CancelReason::User }), ["D 1"]);
}

#[test]
fn a_replacement_that_loses_its_place_takes_another_number() {
    let mut talk = Talk::new();
    let (key, _) = talk.enter(buy(100, 10));
    let (key, said) = talk.replace(amend(key, 101, 10));
    assert_eq!(said, ["U 1 2 10@1101"]);
    let (key, said) = talk.replace(amend(key, 101, 12));
    assert_eq!(said, ["U 2 3 12@1101"], "also at its price, when it grows");
    // Out of sight, and back.
    let (key, said) = talk.replace(Replace { hidden: true, ..amend(key, 101, 12) });
    assert_eq!(said, ["D 3"]);
    let (key, said) = talk.replace(amend(key, 101, 12));
    assert_eq!(said, ["A 5 Buy 12@1101"]);
    // To the other side.
    let (key, said) =
        talk.replace(Replace { kind: ReplaceKind::ReEnter { side: Some(Side::Sell) }, ..amend(key, 105, 12) });
    assert_eq!(said, ["D 5", "A 6 Sell 12@1105"]);
    // Into a trade.
    assert_eq!(talk.enter(order(4, Side::Buy, 103, 5)).1, ["A 7 Buy 5@1103"]);
    let (key, said) = talk.replace(amend(key, 103, 12));
    assert_eq!(said, ["D 6", "E 7 5 match 1", "A 8 Sell 7@1103"]);
    // To be gone at once.
    let (_, said) = talk.replace(Replace { tif: TimeInForce::Ioc, ..amend(key, 103, 12) });
    assert_eq!(said, ["D 8"]);
}
