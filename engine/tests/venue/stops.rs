use crate::harness::{CLIENT, Harness, config, decode, encode, enter, kinds, order, overridden, reason, replacement};
use engine::book::Place;
use engine::gateway::Endpoint;
use engine::venue::Progress;
use wire::journal::RecordKind;
use wire::mold::END_OF_SESSION;
use wire::ouch::{
    Appendage, AppendageBuffer, CancelOrder, CancelReason, Inbound, MARKET_PRICE, OptionValue, OrderSide, Outbound,
    RejectReason, ReplaceOrder, RestateReason, TimeInForce,
};
use wire::tick::TickKind;
use wire::{Price, Qty, SessionIndex, UserRefNum};

const BUY: OrderSide = OrderSide::Buy;
const SELL: OrderSide = OrderSide::Sell;

fn send(harness: &mut Harness, messages: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    assert_eq!(harness.send(next, messages), Progress::Done);
    harness.settle();
    harness.take_reports()
}

fn with_stop(stop: i64, others: &[OptionValue]) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    assert!(buffer.push(OptionValue::StopPrice(Price(stop))) && others.iter().all(|option| buffer.push(*option)));
    buffer
}

/// A limit order that waits, or with the market price a market order.
fn stop(user_ref: u32, side: OrderSide, stop: i64, price: i64, qty: u32) -> Vec<u8> {
    enter(user_ref, side, price, qty, TimeInForce::Day, with_stop(stop, &[]).view())
}

fn replace(orig: u32, user_ref: u32, price: i64, qty: u32, appendage: Appendage<'_>) -> Vec<u8> {
    encode(&Inbound::ReplaceOrder(ReplaceOrder { appendage, ..replacement(orig, user_ref, price, qty) }))
}

fn place(harness: &Harness, user_ref: u32) -> Option<Place> {
    let key = engine::book::OrderKey::new(SessionIndex(0), UserRefNum(user_ref));
    harness.venue.exchange().book().order(key).map(|order| order.place)
}

/// How many elections are in the journal.
fn elections(harness: &Harness) -> usize {
    harness.out.journal.iter().filter(|(_, _, kind, _)| *kind == RecordKind::Elect).count()
}

#[test]
fn a_stop_is_accepted_unseen_and_told_when_it_enters() {
    let mut harness = Harness::logged_in(false);
    harness.out.ticks.clear();
    let reports = send(&mut harness, &[stop(1, BUY, 105, MARKET_PRICE.0, 5)]);
    let Outbound::Accepted(accepted) = decode(&reports[0]) else { panic!("expected an acceptance") };
    assert_eq!((accepted.price, accepted.qty), (MARKET_PRICE, Qty(5)));
    assert_eq!(accepted.appendage.options().stop_price, Some(Price(105)));
    assert!(harness.out.ticks.is_empty(), "nobody sees an order that waits");

    let reports = send(&mut harness, &[order(2, SELL, 105, 1), order(3, SELL, 106, 3), order(4, BUY, 105, 1)]);
    // Entered and traded: 2 with 4. Then 1 enters, trades with 3, and its rest is canceled.
    assert_eq!(kinds(&reports), "AAAEEREEC");
    let Outbound::Restated(restated) = decode(&reports[5]) else { panic!("expected a restatement") };
    assert_eq!((restated.user_ref.0, restated.reason), (1, RestateReason::StopReached));
    let Outbound::Executed(taker) = decode(&reports[7]) else { panic!("expected an execution") };
    assert_eq!((taker.user_ref.0, taker.price, taker.qty), (1, Price(106), Qty(3)));
    let Outbound::Canceled(rest) = decode(&reports[8]) else { panic!("expected the rest to be canceled") };
    assert_eq!((rest.user_ref.0, rest.qty, rest.reason), (1, Qty(2), CancelReason::IMMEDIATE));
    assert_eq!(elections(&harness), 1);
    let trades = harness.out.ticks.iter().filter(|(_, tick)| tick.kind == TickKind::Trade).count();
    assert_eq!(trades, 2);
    let (traded, entered) = (harness.out.ticks[2].0, harness.out.ticks.last().expect("ticks").0);
    assert_ne!(traded, entered, "an election is a cause of its own");
    harness.replayed();
}

#[test]
fn a_stop_limit_rests_as_it_was_entered() {
    let mut harness = Harness::logged_in(false);
    let iceberg = with_stop(105, &[OptionValue::MaxFloor(Qty(2))]);
    let gtc = TimeInForce::GoodTillCancel;
    let reports = send(
        &mut harness,
        &[enter(1, BUY, 105, 9, gtc, iceberg.view()), order(2, SELL, 105, 1), order(3, BUY, 105, 1)],
    );
    assert_eq!(kinds(&reports), "AAAEER");
    let (_, tick) = harness.out.ticks.last().expect("a quote");
    assert_eq!((tick.kind, tick.price, tick.quantity), (TickKind::Quote, Price(105), 2));
    assert_eq!(place(&harness, 1), Some(Place::Displayed));
}

#[test]
fn no_message_comes_between_a_trade_and_what_it_elects() {
    let mut harness = Harness::logged_in(false);
    // All in one packet: the stops enter before the message behind the trade.
    let reports = send(
        &mut harness,
        &[
            stop(1, BUY, 101, MARKET_PRICE.0, 1),
            stop(2, BUY, 102, MARKET_PRICE.0, 1),
            stop(3, BUY, 103, MARKET_PRICE.0, 1),
            order(4, SELL, 101, 1),
            order(5, SELL, 102, 1),
            order(6, SELL, 103, 1),
            order(7, SELL, 104, 1),
            order(8, BUY, 101, 1),
            order(9, BUY, 104, 1),
        ],
    );
    let user_refs: Vec<u32> = reports
        .iter()
        .filter_map(|report| match decode(report) {
            Outbound::Restated(restated) => Some(restated.user_ref.0),
            Outbound::Accepted(accepted) if accepted.user_ref.0 == 9 => Some(9),
            _ => None,
        })
        .collect();
    assert_eq!(user_refs, [1, 2, 3, 9], "the whole cascade, then the next message");
    assert_eq!(place(&harness, 9), Some(Place::Displayed), "nothing was left for it to meet");
    let elected: Vec<_> = harness.out.journal.iter().map(|(_, _, kind, _)| *kind).collect();
    let first = elected.iter().position(|kind| *kind == RecordKind::Elect).expect("elections");
    let between = &elected[first..];
    let last = between.iter().rposition(|kind| *kind == RecordKind::Elect).expect("elections");
    assert!(between[..last].iter().all(|kind| matches!(kind, RecordKind::Elect | RecordKind::StateHash)));
    harness.replayed();
}

#[test]
fn a_cascade_waits_for_room_and_everything_else_waits_for_the_cascade() {
    let mut harness = Harness::logged_in(false);
    let stops: Vec<_> = (1..=5).map(|number| stop(number, BUY, 100 + i64::from(number), MARKET_PRICE.0, 1)).collect();
    send(&mut harness, &stops);
    let asks: Vec<_> = (1..=6).map(|number| order(10 + number, SELL, 100 + i64::from(number), 1)).collect();
    send(&mut harness, &asks);
    // Room for the trade, its state hash at most, and no election.
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    harness.out.commands_left = 1;
    let packet = harness.packet(next, &[order(20, BUY, 101, 1), order(21, BUY, 90, 1)]);
    assert_eq!(harness.receive(Endpoint::OrderEntry, CLIENT, &packet), Progress::Blocked);
    assert!(harness.venue.exchange().has_elected());
    assert_eq!(elections(&harness), 0);
    // A little at a time; the second message is in only after the last election.
    for _ in 0..20 {
        harness.out.commands_left = 1;
        harness.settle();
        let entered = place(&harness, 21).is_some();
        assert!(!entered || !harness.venue.exchange().has_elected());
        let _ = harness.receive(Endpoint::OrderEntry, CLIENT, &packet);
    }
    assert_eq!(elections(&harness), 5);
    assert_eq!(place(&harness, 21), Some(Place::Displayed));
    harness.replayed();
}

#[test]
fn a_cascade_that_a_crash_cut_goes_on_where_it_was() {
    let build = || {
        let mut harness = Harness::logged_in(true);
        let stops: Vec<_> =
            (1..=5).map(|number| stop(number, BUY, 100 + i64::from(number), MARKET_PRICE.0, 1)).collect();
        send(&mut harness, &stops);
        let asks: Vec<_> = (1..=6).map(|number| order(10 + number, SELL, 100 + i64::from(number), 1)).collect();
        send(&mut harness, &asks);
        harness
    };
    let mut whole = build();
    send(&mut whole, &[order(20, BUY, 101, 1)]);
    for commands in 1..=4 {
        let mut harness = build();
        let next = harness.venue.exchange().sessions()[0].next_inbound();
        harness.out.commands_left = commands;
        harness.send(next, &[order(20, BUY, 101, 1)]);
        harness.venue.poll(harness.now, harness.durable, &mut harness.out);
        assert!(harness.venue.exchange().has_elected(), "cut after {commands} commands");
        // The box dies here; what is in the journal is replayed, and the venue goes on by itself.
        harness.venue = harness.replayed();
        harness.venue.resume(harness.now);
        harness.out.commands_left = usize::MAX;
        harness.settle();
        assert!(!harness.venue.exchange().has_elected());
        assert_eq!(elections(&harness), 5);
        let (ours, theirs) = (harness.venue.exchange(), whole.venue.exchange());
        assert_eq!(ours.book().state_hash(), theirs.book().state_hash(), "cut after {commands} commands");
        assert_eq!(ours.numbers(), theirs.numbers());
        assert_eq!(harness.out.ticks.len(), whole.out.ticks.len());
        harness.replayed();
    }
}

#[test]
fn a_dead_sessions_waiting_orders_are_canceled_with_the_others() {
    let mut harness = Harness::logged_in(true);
    let reports =
        send(&mut harness, &[stop(1, BUY, 105, 110, 5), order(2, BUY, 90, 1), stop(3, SELL, 80, MARKET_PRICE.0, 2)]);
    assert_eq!(kinds(&reports), "AAA");
    assert_eq!(harness.venue.exchange().book().open_orders(SessionIndex(0)), 3);
    harness.send_header(Endpoint::OrderEntry, 4, END_OF_SESSION);
    harness.settle();
    let book = harness.venue.exchange().book();
    assert_eq!((book.order_count(), book.level_count()), (0, 0));
    harness.replayed();
}

#[test]
fn a_stop_price_has_checks_and_codes_of_its_own() {
    let mut harness = Harness::with(overridden(
        config(),
        &[
            ("instrument.0.tick", "0.0005"),
            ("instrument.0.price_max", "0.1"),
            ("limits.orders", "100"),
            ("limits.session_orders", "100"),
            ("limits.levels", "100"),
            ("limits.stops", "2"),
        ],
    ));
    harness.log_in(CLIENT, false).expect("the default session logs in");
    let cases = [
        (stop(1, BUY, 101, 105, 1), RejectReason::INVALID_STOP_PRICE),
        (stop(2, BUY, 0, 105, 1), RejectReason::INVALID_STOP_PRICE),
        (stop(3, BUY, -5, 105, 1), RejectReason::INVALID_STOP_PRICE),
        (stop(4, BUY, 1_005, 105, 1), RejectReason::INVALID_STOP_PRICE),
        // The market price is none.
        (stop(5, BUY, MARKET_PRICE.0, 105, 1), RejectReason::INVALID_STOP_PRICE),
        (stop(6, BUY, 105, 101, 1), RejectReason::PRICE_NOT_TICK),
    ];
    for (message, expected) in cases {
        let reports = send(&mut harness, &[message]);
        assert_eq!((kinds(&reports).as_str(), reason(&reports[0])), ("J", expected));
    }
    let reports = send(
        &mut harness,
        &[stop(11, BUY, 105, 110, 1), stop(12, BUY, 1_000, 110, 1), stop(13, BUY, 105, 110, 1), order(14, BUY, 90, 1)],
    );
    assert_eq!(kinds(&reports), "AAJA");
    assert_eq!(reason(&reports[2]), RejectReason::STOPS_FULL);
    // A new stop price for an order that never waited; a bad one for an order that does.
    let reports = send(
        &mut harness,
        &[
            replace(14, 15, 90, 1, with_stop(105, &[]).view()),
            replace(11, 16, 110, 1, with_stop(106, &[]).view()),
            replace(11, 17, 110, 1, with_stop(120, &[]).view()),
        ],
    );
    assert_eq!(kinds(&reports), "JJU");
    assert_eq!(
        (reason(&reports[0]), reason(&reports[1])),
        (RejectReason::NOT_A_STOP, RejectReason::INVALID_STOP_PRICE)
    );
    assert_eq!(place(&harness, 17), Some(Place::Waiting));
    harness.replayed();
}

#[test]
fn a_waiting_order_is_canceled_reduced_and_replaced_like_any() {
    let mut harness = Harness::logged_in(false);
    let cancel =
        |user_ref, qty| encode(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(qty) }));
    let reports = send(
        &mut harness,
        &[
            stop(1, BUY, 105, 110, 10),
            cancel(1, 8),
            replace(1, 2, 111, 8, Appendage::EMPTY),
            replace(2, 3, 111, 8, with_stop(104, &[]).view()),
            cancel(3, 0),
            cancel(3, 0),
        ],
    );
    assert_eq!(kinds(&reports), "ACUUCI");
    let Outbound::Canceled(reduced) = decode(&reports[1]) else { panic!("expected a reduction") };
    assert_eq!((reduced.qty, reduced.reason), (Qty(2), CancelReason::USER));
    // The option is told back where it was given.
    let Outbound::Replaced(moved) = decode(&reports[3]) else { panic!("expected a replacement") };
    assert_eq!((moved.qty, moved.price), (Qty(8), Price(111)));
    assert_eq!(moved.appendage.options().stop_price, Some(Price(104)));
    let Outbound::Canceled(gone) = decode(&reports[4]) else { panic!("expected a cancel") };
    assert_eq!(gone.qty, Qty(8));
    harness.replayed();
}

#[test]
fn an_elected_order_that_may_not_enter_is_told_why() {
    let mut harness = Harness::logged_in(false);
    let day = TimeInForce::Day;
    let post_only = with_stop(105, &[OptionValue::PostOnly(wire::ouch::options::PostOnly::Yes)]);
    let min_qty = with_stop(105, &[OptionValue::MinQty(Qty(5))]);
    let reports = send(
        &mut harness,
        &[
            order(1, SELL, 105, 1),
            order(2, SELL, 106, 1),
            enter(3, BUY, 106, 5, day, post_only.view()),
            enter(4, BUY, 106, 5, day, min_qty.view()),
            order(5, BUY, 105, 1),
        ],
    );
    assert_eq!(kinds(&reports), "AAAAAEERCRC");
    for (at, user_ref, expected) in [(8, 3, CancelReason::STOP_POST_ONLY), (10, 4, CancelReason::STOP_MIN_QUANTITY)] {
        let Outbound::Canceled(canceled) = decode(&reports[at]) else { panic!("expected a cancel") };
        assert_eq!((canceled.user_ref.0, canceled.qty, canceled.reason), (user_ref, Qty(5), expected));
    }
    harness.replayed();
}

#[test]
fn a_market_stop_is_protected_from_its_stop_price_on() {
    let mut harness = Harness::with(overridden(config(), &[("instrument.0.market_protection", "0.0005")]));
    harness.log_in(CLIENT, false).expect("the default session logs in");
    let reports = send(
        &mut harness,
        &[
            stop(1, BUY, 105, MARKET_PRICE.0, 5),
            order(2, SELL, 105, 1),
            order(3, SELL, 110, 1),
            order(4, SELL, 111, 1),
            order(5, BUY, 105, 1),
        ],
    );
    assert_eq!(kinds(&reports), "AAAAAEEREEC");
    let Outbound::Canceled(rest) = decode(&reports[10]) else { panic!("expected the rest to be canceled") };
    assert_eq!((rest.user_ref.0, rest.qty), (1, Qty(4)));
    // A replacement moves the protection along with the stop price, which the last trade at 110 has reached.
    let reports = send(
        &mut harness,
        &[stop(6, BUY, 120, MARKET_PRICE.0, 5), replace(6, 7, MARKET_PRICE.0, 5, with_stop(106, &[]).view())],
    );
    assert_eq!(kinds(&reports), "AUREEC");
    let Outbound::Executed(taker) = decode(&reports[4]) else { panic!("expected an execution") };
    assert_eq!((taker.user_ref.0, taker.price), (7, Price(111)));
}
