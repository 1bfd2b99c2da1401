//! OUCH 5.0 messages, written out field by field, against the bytes in docs/protocol.md.

use crate::vectors::{bytes_of, get};
use wire::ouch::options::{PostOnly, ReEnter};
use wire::ouch::*;
use wire::{MatchNumber, OrderRef, Price, Qty, Side, Symbol, TimeOfDay, UserRefNum};

const TIME: TimeOfDay = TimeOfDay(34_200_123_456_789);

fn symbol() -> Symbol {
    Symbol::new("PINION").expect("fits")
}

fn text(text: &str) -> ClOrdId {
    ClOrdId::new(text).expect("fits")
}

fn check_in(name: &str, message: Inbound<'_>) {
    let golden = get(name);
    assert_eq!(bytes_of(|out| message.encode(out)), golden, "{name}");
    assert_eq!(Inbound::decode(&golden), Ok(message), "{name}");
}

fn check_out(name: &str, message: Outbound<'_>) {
    let golden = get(name);
    assert_eq!(bytes_of(|out| message.encode(out)), golden, "{name}");
    assert_eq!(Outbound::decode(&golden), Ok(message), "{name}");
    assert_eq!(message.timestamp(), TIME, "{name}");
}

fn enter() -> EnterOrder<'static> {
    EnterOrder {
        user_ref: UserRefNum(1),
        side: OrderSide::Buy,
        qty: Qty(500),
        symbol: symbol(),
        price: Price(12_500_000),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        capacity: Capacity::Principal,
        sweep: YesNo::No,
        cross_type: CrossType::Continuous,
        cl_ord_id: text("first"),
        appendage: Appendage::EMPTY,
    }
}

#[test]
fn enter_order() {
    check_in("enter-order", Inbound::EnterOrder(enter()));

    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::MinQty(Qty(100))));
    assert!(options.push(OptionValue::PostOnly(PostOnly::Yes)));
    assert!(options.push(OptionValue::SelfMatch(SelfMatchCode::CancelNewest)));
    let with_options = EnterOrder {
        user_ref: UserRefNum(2),
        side: OrderSide::Sell,
        price: Price(12_510_000),
        time_in_force: TimeInForce::GoodTillCancel,
        capacity: Capacity::Agency,
        cl_ord_id: text("second"),
        appendage: options.view(),
        ..enter()
    };
    check_in("enter-order-with-options", Inbound::EnterOrder(with_options));
    let read = with_options.appendage.options();
    assert_eq!((read.min_qty, read.post_only), (Some(Qty(100)), true));
    assert_eq!((read.self_match, read.others), (Some(SelfMatchCode::CancelNewest), false));

    let market = EnterOrder {
        user_ref: UserRefNum(3),
        side: OrderSide::SellShort,
        qty: Qty(1),
        price: MARKET_PRICE,
        time_in_force: TimeInForce::ImmediateOrCancel,
        display: Display::Hidden,
        capacity: Capacity::Riskless,
        sweep: YesNo::Yes,
        cl_ord_id: ClOrdId::BLANK,
        ..enter()
    };
    assert!(market.is_market() && !enter().is_market());
    assert_eq!(market.side.side(), Side::Sell);
    check_in("enter-order-market", Inbound::EnterOrder(market));

    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::StopPrice(Price(12_510_000))));
    let stop = EnterOrder {
        user_ref: UserRefNum(8),
        qty: Qty(5),
        price: MARKET_PRICE,
        cl_ord_id: text("stop"),
        appendage: options.view(),
        ..enter()
    };
    check_in("enter-order-stop", Inbound::EnterOrder(stop));
    assert_eq!(stop.appendage.options().stop_price, Some(Price(12_510_000)));
}

#[test]
fn the_other_inbound_messages() {
    let replace = ReplaceOrder {
        orig_user_ref: UserRefNum(1),
        user_ref: UserRefNum(4),
        qty: Qty(600),
        price: Price(12_505_000),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        sweep: YesNo::No,
        cl_ord_id: text("third"),
        appendage: Appendage::EMPTY,
    };
    check_in("replace-order", Inbound::ReplaceOrder(replace));

    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::ReEnter(ReEnter::Yes)) && options.push(OptionValue::Side(Side::Sell)));
    let re_enter = ReplaceOrder {
        orig_user_ref: UserRefNum(4),
        user_ref: UserRefNum(5),
        qty: Qty(200),
        cl_ord_id: text("fourth"),
        appendage: options.view(),
        ..replace
    };
    check_in("replace-order-re-enter", Inbound::ReplaceOrder(re_enter));
    let read = re_enter.appendage.options();
    assert_eq!((read.re_enter, read.side), (true, Some(Side::Sell)));

    check_in("cancel-order", Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(5), qty: Qty(0) }));
    let modify = ModifyOrder { user_ref: UserRefNum(5), side: OrderSide::SellShortExempt, qty: Qty(100) };
    check_in("modify-order", Inbound::ModifyOrder(modify));
    check_in("account-query", Inbound::AccountQuery(AccountQuery {}));
}

#[test]
fn acknowledgements() {
    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::MinQty(Qty(100))));
    check_out(
        "accepted",
        Outbound::Accepted(Accepted {
            timestamp: TIME,
            user_ref: UserRefNum(2),
            side: OrderSide::Sell,
            qty: Qty(500),
            symbol: symbol(),
            price: Price(12_510_000),
            time_in_force: TimeInForce::GoodTillCancel,
            display: Display::Visible,
            order_ref: OrderRef(17),
            capacity: Capacity::Agency,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            state: OrderState::Live,
            cl_ord_id: text("second"),
            appendage: options.view(),
        }),
    );
    check_out(
        "replaced",
        Outbound::Replaced(Replaced {
            timestamp: TIME,
            orig_user_ref: UserRefNum(1),
            user_ref: UserRefNum(4),
            side: OrderSide::Buy,
            qty: Qty(500),
            symbol: symbol(),
            price: Price(12_505_000),
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            order_ref: OrderRef(18),
            capacity: Capacity::Principal,
            sweep: YesNo::No,
            cross_type: CrossType::Continuous,
            state: OrderState::Live,
            cl_ord_id: text("third"),
            appendage: Appendage::EMPTY,
        }),
    );
    let modified =
        Modified { timestamp: TIME, user_ref: UserRefNum(5), side: OrderSide::SellShortExempt, qty: Qty(100) };
    check_out("modified", Outbound::Modified(modified));
    let response = AccountQueryResponse { timestamp: TIME, next_user_ref: UserRefNum(8) };
    check_out("account-query-response", Outbound::AccountQueryResponse(response));
}

#[test]
fn refusals() {
    let user_ref = UserRefNum(7);
    check_out(
        "rejected",
        Outbound::Rejected(Rejected {
            timestamp: TIME,
            user_ref: UserRefNum(6),
            reason: RejectReason::PRICE_NOT_TICK,
            cl_ord_id: text("fifth"),
        }),
    );
    check_out("cancel-reject", Outbound::CancelReject(CancelReject { timestamp: TIME, user_ref }));
    check_out("cancel-pending", Outbound::CancelPending(CancelPending { timestamp: TIME, user_ref }));
}

#[test]
fn executions_and_cancels() {
    check_out(
        "executed",
        Outbound::Executed(Executed {
            timestamp: TIME,
            user_ref: UserRefNum(4),
            qty: Qty(25),
            price: Price(12_500_000),
            liquidity: LiquidityFlag::REMOVED,
            match_number: MatchNumber(9),
            appendage: Appendage::EMPTY,
        }),
    );
    check_out(
        "canceled",
        Outbound::Canceled(Canceled {
            timestamp: TIME,
            user_ref: UserRefNum(5),
            qty: Qty(200),
            reason: CancelReason::USER,
        }),
    );
    check_out(
        "aiq-canceled",
        Outbound::AiqCanceled(AiqCanceled {
            timestamp: TIME,
            user_ref: UserRefNum(5),
            decremented_qty: Qty(100),
            reason: CancelReason::SELF_MATCH,
            prevented_qty: Qty(80),
            price: Price(12_505_000),
            liquidity: LiquidityFlag::ADDED,
            strategy: SelfMatchCode::CancelOldest,
        }),
    );
    check_out(
        "broken-trade",
        Outbound::BrokenTrade(BrokenTrade {
            timestamp: TIME,
            user_ref: UserRefNum(4),
            match_number: MatchNumber(9),
            reason: BrokenTradeReason::Consent,
            cl_ord_id: text("third"),
        }),
    );
}

#[test]
fn what_the_venue_does_by_itself() {
    check_out(
        "system-event",
        Outbound::SystemEvent(SystemEvent { timestamp: TIME, event: SystemEventCode::StartOfDay }),
    );
    check_out(
        "priority-update",
        Outbound::PriorityUpdate(PriorityUpdate {
            timestamp: TIME,
            user_ref: UserRefNum(7),
            price: Price(12_500_000),
            display: Display::Visible,
            order_ref: OrderRef(19),
        }),
    );
    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::DisplayQuantity(Qty(100))));
    check_out(
        "restated",
        Outbound::Restated(Restated {
            timestamp: TIME,
            user_ref: UserRefNum(5),
            reason: RestateReason::Refresh,
            appendage: options.view(),
        }),
    );
    let (reason, appendage) = (RestateReason::StopReached, Appendage::EMPTY);
    check_out(
        "restated-stop-reached",
        Outbound::Restated(Restated { timestamp: TIME, user_ref: UserRefNum(8), reason, appendage }),
    );
}

#[test]
fn a_message_that_cannot_be_decoded_still_names_its_order() {
    let golden = get("enter-order");
    let mut unknown_tif = golden.clone();
    unknown_tif[26] = b'z';
    let error = Inbound::decode(&unknown_tif).expect_err("no such time in force");
    assert_eq!(RejectReason::from_decode_error(&error), RejectReason::TIME_IN_FORCE_UNSUPPORTED);
    let identity = Identity { user_ref: UserRefNum(1), cl_ord_id: text("first") };
    assert_eq!(Identity::of(&unknown_tif), identity);
    assert_eq!(Identity::of(&golden[..20]).user_ref, UserRefNum(1), "cut before the text");
    assert_eq!(Identity::of(&golden[..4]), Identity::NONE);
    assert_eq!(Identity::of(&get("replace-order")).user_ref, UserRefNum(4), "the replacement's number");
    assert_eq!(Identity::of(&get("cancel-order")).user_ref, UserRefNum(5));
    assert_eq!(Identity::of(b""), Identity::NONE);

    for (at, reason) in
        [(5, RejectReason::INVALID_SIDE), (27, RejectReason::INVALID_DISPLAY), (30, RejectReason::INVALID_CROSS_ORDER)]
    {
        let mut bytes = golden.clone();
        bytes[at] = b'z';
        let error = Inbound::decode(&bytes).expect_err("outside the set");
        assert_eq!(RejectReason::from_decode_error(&error), reason);
    }
    let error = Inbound::decode(&golden[..46]).expect_err("cut");
    assert_eq!(RejectReason::from_decode_error(&error), RejectReason::MALFORMED);
}

#[test]
fn appendages_are_checked_whole() {
    use wire::DecodeError;
    let parse = |bytes: &[u8]| Appendage::parse(bytes).map(|appendage| appendage.iter().count());
    assert_eq!(parse(&[]), Ok(0));
    assert_eq!(parse(&[5, 3, 0, 0, 0, 1, 2, 12, b'P']), Ok(2));
    assert_eq!(parse(&[5, 8, 0, 0, 0, 1]), Err(DecodeError::UnknownOption { tag: 8 }));
    assert_eq!(parse(&[2, 12, b'P', 2, 12, b'P']), Err(DecodeError::DuplicateOption { tag: 12 }));
    assert_eq!(parse(&[4, 3, 0, 0, 0]), Err(DecodeError::OptionLength { tag: 3, expected: 4, found: 3 }));
    assert_eq!(parse(&[0, 3]), Err(DecodeError::OptionLength { tag: 3, expected: 1, found: 0 }));
    assert!(parse(&[5]).is_err() && parse(&[5, 3, 0, 0]).is_err(), "cut");
    assert!(parse(&[2, 12, b'x']).is_err(), "outside the set");
    for tag in OptionValue::TAGS {
        assert!(
            (1..=9).any(|len| {
                let mut bytes = vec![len, *tag];
                bytes.resize(1 + usize::from(len), b'Y');
                let candidates = [b'Y', b'P', b'N', b'B'];
                candidates.iter().any(|fill| {
                    bytes[2..].fill(*fill);
                    parse(&bytes) == Ok(1)
                })
            }),
            "tag {tag} can be read"
        );
    }
    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::MinQty(Qty(1))));
    assert!(!options.push(OptionValue::MinQty(Qty(2))), "once");
    assert_eq!(options.view().as_bytes(), [5, 3, 0, 0, 0, 1]);
}

#[test]
fn an_appendage_that_an_answer_cannot_carry_is_not_written() {
    let mut options = AppendageBuffer::new();
    assert!(options.push(OptionValue::SecondaryOrderRef(OrderRef(1))) && options.push(OptionValue::MinQty(Qty(1))));
    assert!(options.push(OptionValue::DiscretionPrice(Price(1))) && options.push(OptionValue::StopPrice(Price(1))));
    assert!(options.push(OptionValue::DisplayPrice(Price(1))) && options.push(OptionValue::MaxFloor(Qty(1))));
    assert!(options.view().as_bytes().len() > Replaced::APPENDAGE_LEN_MAX);
    let golden = get("replaced");
    let Ok(Outbound::Replaced(replaced)) = Outbound::decode(&golden) else { panic!("a Replaced") };
    let replaced = Replaced { appendage: options.view(), ..replaced };
    assert_eq!(replaced.encode(&mut [0; 256]), None);
}

#[test]
fn every_reason_has_its_own_code_and_text() {
    let codes: std::collections::BTreeSet<_> = RejectReason::ALL.iter().map(|reason| reason.0).collect();
    assert_eq!(codes.len(), RejectReason::ALL.len());
    assert!(RejectReason::ALL.iter().all(|reason| reason.describe() != "unknown reason"));
    assert_eq!(RejectReason(0xFFFF).describe(), "unknown reason");
    assert_eq!(CancelReason::USER.to_string(), "asked for by the client (U)");
}
