use crate::harness::{Harness, config, decode, encode, enter, kinds, order, overridden, reason, replacement};
use wire::ouch::{
    Appendage, AppendageBuffer, CancelOrder, CancelReason, ClOrdId, Inbound, LiquidityFlag, ModifyOrder, OptionValue,
    OrderSide, OrderState, Outbound, RejectReason, ReplaceOrder, TimeInForce,
};
use wire::tick::{TickKind, TickSide};
use wire::{Price, Qty, Side, UserRefNum};

fn send(harness: &mut Harness, messages: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    harness.send(next, messages);
    harness.settle();
    harness.take_reports()
}

fn cancel(user_ref: u32, qty: u32) -> Vec<u8> {
    encode(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(qty) }))
}

fn replace(orig: u32, user_ref: u32, price: i64, qty: u32, appendage: Appendage<'_>) -> Vec<u8> {
    let cl_ord_id = ClOrdId::new("replaced").expect("short");
    encode(&Inbound::ReplaceOrder(ReplaceOrder { cl_ord_id, appendage, ..replacement(orig, user_ref, price, qty) }))
}

fn options(values: &[OptionValue]) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    assert!(values.iter().all(|value| buffer.push(*value)));
    buffer
}

#[test]
fn a_trade_is_told_to_both_sides_and_on_the_tape() {
    let mut harness = Harness::logged_in(false);
    harness.out.ticks.clear();
    let reports = send(
        &mut harness,
        &[
            order(1, OrderSide::Sell, 105, 10),
            enter(2, OrderSide::Buy, 110, 4, TimeInForce::ImmediateOrCancel, Appendage::EMPTY),
        ],
    );
    assert_eq!(kinds(&reports), "AAEE");
    let (Outbound::Executed(maker), Outbound::Executed(taker)) = (decode(&reports[2]), decode(&reports[3])) else {
        panic!("expected two executions")
    };
    assert_eq!((maker.user_ref.0, maker.liquidity), (1, LiquidityFlag::ADDED));
    assert_eq!((taker.user_ref.0, taker.liquidity), (2, LiquidityFlag::REMOVED));
    assert_eq!(maker.match_number, taker.match_number);
    assert_eq!([maker.price.0, taker.price.0, i64::from(maker.qty.0), i64::from(taker.qty.0)], [105, 105, 4, 4]);
    let ticks: Vec<_> =
        harness.out.ticks.iter().map(|(_, tick)| (tick.kind, tick.side, tick.price.0, tick.quantity)).collect();
    assert_eq!(
        ticks,
        [
            (TickKind::Quote, TickSide::Sell, 105, 10),
            (TickKind::Trade, TickSide::Buy, 105, 4),
            (TickKind::Quote, TickSide::Sell, 105, 6),
        ]
    );
    assert!(harness.out.ticks.iter().all(|(_, tick)| tick.timestamp == harness.now));
}

#[test]
fn acknowledgements_tell_back_what_was_entered() {
    let mut harness = Harness::logged_in(false);
    let min = options(&[OptionValue::MinQty(Qty(1))]);
    let reports = send(
        &mut harness,
        &[
            order(7, OrderSide::SellShort, 200, 9),
            enter(8, OrderSide::Buy, 100, 5, TimeInForce::ImmediateOrCancel, min.view()),
            replace(7, 9, 205, 9, Appendage::EMPTY),
        ],
    );
    assert_eq!(kinds(&reports), "AACU");
    let Outbound::Accepted(accepted) = decode(&reports[0]) else { panic!("expected an acceptance") };
    assert_eq!((accepted.side, accepted.qty.0, accepted.price.0), (OrderSide::SellShort, 9, 200));
    assert_eq!(accepted.timestamp, harness.now.into());
    assert_eq!(accepted.cl_ord_id, ClOrdId::new("client text").expect("short"));
    let Outbound::Accepted(second) = decode(&reports[1]) else { panic!("expected an acceptance") };
    assert_eq!(second.appendage, min.view());
    assert!(second.order_ref > accepted.order_ref);
    let Outbound::Canceled(canceled) = decode(&reports[2]) else { panic!("expected a cancel") };
    assert_eq!((canceled.user_ref.0, canceled.qty.0, canceled.reason), (8, 5, CancelReason::IMMEDIATE));
    let Outbound::Replaced(replaced) = decode(&reports[3]) else { panic!("expected a replacement") };
    assert_eq!((replaced.orig_user_ref.0, replaced.user_ref.0, replaced.qty.0), (7, 9, 9));
    assert_eq!((replaced.side, replaced.capacity), (OrderSide::SellShort, accepted.capacity));
    assert_eq!(replaced.cl_ord_id, ClOrdId::new("replaced").expect("short"));
}

#[test]
fn replace_counts_what_has_executed() {
    let mut harness = Harness::logged_in(false);
    // The example of OUCH 5.0 §2.2: 500 entered, 100 executed, replaced by 500, so 400 are open.
    let reports = send(
        &mut harness,
        &[
            order(1, OrderSide::Buy, 100, 500),
            enter(2, OrderSide::Sell, 100, 100, TimeInForce::ImmediateOrCancel, Appendage::EMPTY),
            replace(1, 3, 99, 500, Appendage::EMPTY),
        ],
    );
    assert_eq!(kinds(&reports), "AAEEU");
    let Outbound::Replaced(replaced) = decode(&reports[4]) else { panic!("expected a replacement") };
    assert_eq!(replaced.qty.0, 400);
}

#[test]
fn a_replace_that_leaves_nothing_is_dead_as_it_comes() {
    let mut harness = Harness::logged_in(false);
    let sell = enter(2, OrderSide::Sell, 100, 100, TimeInForce::ImmediateOrCancel, Appendage::EMPTY);
    let reports = send(
        &mut harness,
        &[order(1, OrderSide::Buy, 100, 500), sell, replace(1, 3, 99, 100, Appendage::EMPTY), cancel(3, 0)],
    );
    assert_eq!(kinds(&reports), "AAEEUI");
    let Outbound::Replaced(replaced) = decode(&reports[4]) else { panic!("expected a replacement") };
    assert_eq!((replaced.user_ref.0, replaced.qty.0, replaced.state), (3, 0, OrderState::Dead));
    assert_eq!(harness.venue.exchange().book().order_count(), 0);
    harness.replayed();
}

#[test]
fn re_entering_changes_side_and_counts_anew() {
    let mut harness = Harness::logged_in(false);
    let re_enter = options(&[OptionValue::ReEnter(wire::ouch::options::ReEnter::Yes), OptionValue::Side(Side::Sell)]);
    let reports = send(
        &mut harness,
        &[
            order(1, OrderSide::Buy, 100, 500),
            enter(2, OrderSide::Sell, 100, 100, TimeInForce::ImmediateOrCancel, Appendage::EMPTY),
            replace(1, 3, 102, 500, re_enter.view()),
        ],
    );
    assert_eq!(kinds(&reports), "AAEEU");
    let Outbound::Replaced(replaced) = decode(&reports[4]) else { panic!("expected a replacement") };
    assert_eq!((replaced.qty.0, replaced.side), (500, OrderSide::Sell));
    let side_alone = options(&[OptionValue::Side(Side::Buy)]);
    let reports = send(&mut harness, &[replace(3, 4, 102, 500, side_alone.view())]);
    assert_eq!(reason(&reports[0]), RejectReason::OPTION_UNSUPPORTED);
}

#[test]
fn cancels_and_reductions_follow_the_intended_size() {
    let mut harness = Harness::logged_in(false);
    let reports = send(
        &mut harness,
        &[order(1, OrderSide::Buy, 100, 50), cancel(1, 30), cancel(1, 30), cancel(1, 0), cancel(1, 0), cancel(99, 0)],
    );
    assert_eq!(kinds(&reports), "ACICII");
    let quantities: Vec<_> = [1, 3]
        .map(|at| match decode(&reports[at]) {
            Outbound::Canceled(canceled) => (canceled.qty.0, canceled.reason),
            other => panic!("expected a cancel, found {other:?}"),
        })
        .to_vec();
    assert_eq!(quantities, [(20, CancelReason::USER), (30, CancelReason::USER)]);
}

#[test]
fn modify_changes_the_marking_and_takes_quantity_off() {
    let mut harness = Harness::logged_in(false);
    let modify = |user_ref, side, qty| {
        encode(&Inbound::ModifyOrder(ModifyOrder { user_ref: UserRefNum(user_ref), side, qty: Qty(qty) }))
    };
    let reports = send(
        &mut harness,
        &[
            order(1, OrderSide::Sell, 100, 50),
            modify(1, OrderSide::SellShort, 50),
            modify(1, OrderSide::SellShort, 40),
            modify(1, OrderSide::Buy, 40),
            modify(1, OrderSide::Sell, 41),
            modify(2, OrderSide::Sell, 1),
            replace(1, 3, 101, 40, Appendage::EMPTY),
            modify(3, OrderSide::SellShort, 0),
        ],
    );
    assert_eq!(kinds(&reports), "AMMIIIUC");
    let Outbound::Replaced(replaced) = decode(&reports[6]) else { panic!("expected a replacement") };
    assert_eq!(replaced.side, OrderSide::SellShort, "the marking stays with the order");
}

#[test]
fn entry_checks_refuse_with_their_own_codes() {
    let mut harness = Harness::with(overridden(
        config(),
        &[
            ("instrument.0.tick", "0.0005"),
            ("instrument.0.lot", "10"),
            ("limits.session_orders", "2"),
            ("limits.orders", "100"),
            ("limits.levels", "100"),
        ],
    ));
    harness.log_in(crate::harness::CLIENT, false).expect("the default session logs in");
    let with = |value| options(&[value]);
    let mut unknown = order(9, OrderSide::Buy, 100, 10);
    unknown[10..18].copy_from_slice(b"NOSUCH  ");
    let day = TimeInForce::Day;
    let cases: Vec<(Vec<u8>, RejectReason)> = vec![
        (order(1, OrderSide::Buy, 100, 0), RejectReason::INVALID_QUANTITY),
        (order(2, OrderSide::Buy, 100, 2_000_000_000), RejectReason::INVALID_QUANTITY),
        (order(3, OrderSide::Buy, 100, 15), RejectReason::QUANTITY_NOT_LOT),
        (order(4, OrderSide::Buy, 101, 10), RejectReason::PRICE_NOT_TICK),
        (order(5, OrderSide::Buy, 0, 10), RejectReason::INVALID_PRICE),
        (order(6, OrderSide::Buy, i64::MAX, 10), RejectReason::INVALID_PRICE),
        (unknown, RejectReason::INVALID_SYMBOL),
        (
            enter(10, OrderSide::Buy, 100, 10, TimeInForce::AfterHours, Appendage::EMPTY),
            RejectReason::TIME_IN_FORCE_UNSUPPORTED,
        ),
        (
            enter(11, OrderSide::Buy, 100, 10, day, with(OptionValue::StopPrice(Price(101))).view()),
            RejectReason::INVALID_STOP_PRICE,
        ),
        (
            enter(12, OrderSide::Buy, 100, 10, day, with(OptionValue::PegOffset(5)).view()),
            RejectReason::OPTION_UNSUPPORTED,
        ),
        (
            enter(13, OrderSide::Buy, 100, 10, day, with(OptionValue::MinQty(Qty(20))).view()),
            RejectReason::INVALID_MIN_QUANTITY,
        ),
        (
            enter(14, OrderSide::Buy, 100, 10, day, with(OptionValue::MinQty(Qty(10))).view()),
            RejectReason::MIN_QUANTITY_NOT_MET,
        ),
        (replace(1, 15, 100, 10, Appendage::EMPTY), RejectReason::NOT_LIVE),
    ];
    for (message, expected) in cases {
        let reports = send(&mut harness, &[message]);
        assert_eq!((kinds(&reports).as_str(), reason(&reports[0])), ("J", expected));
    }
    let post_only = with(OptionValue::PostOnly(wire::ouch::options::PostOnly::Yes));
    let reports = send(
        &mut harness,
        &[
            order(20, OrderSide::Sell, 100, 10),
            enter(21, OrderSide::Buy, 100, 10, day, post_only.view()),
            order(22, OrderSide::Buy, 95, 10),
            order(23, OrderSide::Buy, 90, 10),
        ],
    );
    assert_eq!(kinds(&reports), "AJAJ");
    assert_eq!(reason(&reports[1]), RejectReason::POST_ONLY_WOULD_TRADE);
    assert_eq!(reason(&reports[3]), RejectReason::OPEN_ORDER_LIMIT);
    harness.replayed();
}

#[test]
fn a_user_ref_that_has_passed_is_a_retransmission() {
    let mut harness = Harness::logged_in(false);
    let reports = send(
        &mut harness,
        &[
            order(5, OrderSide::Buy, 100, 1),
            order(5, OrderSide::Buy, 100, 1),
            order(4, OrderSide::Buy, 100, 1),
            order(6, OrderSide::Buy, 100, 1),
            encode(&Inbound::AccountQuery(wire::ouch::AccountQuery {})),
        ],
    );
    assert_eq!(kinds(&reports), "AAQ");
    assert_eq!(harness.venue.exchange().ignored(), 2);
    let Outbound::AccountQueryResponse(answer) = decode(&reports[2]) else { panic!("expected an answer") };
    assert_eq!(answer.next_user_ref.0, 7);
}

#[test]
fn market_orders_stop_at_their_protection() {
    let mut harness = Harness::with(overridden(config(), &[("instrument.0.market_protection", "0.0005")]));
    harness.log_in(crate::harness::CLIENT, false).expect("the default session logs in");
    let reports = send(
        &mut harness,
        &[
            order(1, OrderSide::Sell, 100, 1),
            order(2, OrderSide::Sell, 105, 1),
            order(3, OrderSide::Sell, 106, 1),
            order(4, OrderSide::Buy, wire::ouch::MARKET_PRICE.0, 5),
        ],
    );
    assert_eq!(kinds(&reports), "AAAAEEEEC");
    let Outbound::Canceled(rest) = decode(&reports[8]) else { panic!("expected the rest to be canceled") };
    assert_eq!((rest.user_ref.0, rest.qty.0), (4, 3));
}
