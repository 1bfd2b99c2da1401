//! Operators' commands, from the request to the answer.

use crate::harness::{CLIENT, Harness, Outbox, config, decode, encode, enter, kinds, order, venue};
use engine::command::Command;
use engine::depth::Change;
use engine::exchange::Exchange;
use engine::image;
use engine::limits::{CANCELS_PER_SLICE_MAX, OPERATORS_MAX};
use engine::market_event::MarketEvent;
use engine::record;
use engine::venue::{Progress, Venue};
use wire::admin::{NewInstrument, OperatorCommand, OperatorName, Outcome, Refusal, Scope, Verb};
use wire::feed::ChannelIndex;
use wire::journal::RecordKind;
use wire::ouch::{
    Appendage, AppendageBuffer, CancelOrder, CancelReason, ClOrdId, Display, Inbound, OptionValue, OrderSide, Outbound,
    RejectReason, ReplaceOrder, TimeInForce, YesNo,
};
use wire::tick::TickKind;
use wire::{MemberId, Price, Qty, Seq, SessionIndex, Side, Symbol, UserRefNum};

const BUY: OrderSide = OrderSide::Buy;
const SELL: OrderSide = OrderSide::Sell;
const ALL: Verb = Verb::CancelOrders { scope: Scope::Venue, symbol: None, side: None };

fn name(text: &str) -> OperatorName {
    OperatorName::new(text).expect("short")
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).expect("short")
}

fn asked(number: u64, verb: Verb) -> OperatorCommand {
    OperatorCommand { operator: name("ann"), number, verb }
}

fn ask(harness: &mut Harness, number: u64, verb: Verb) -> Outcome {
    let (before, now) = (harness.out.answers.len(), harness.now);
    assert_eq!(harness.venue.on_operator(now, &asked(number, verb), &mut harness.out), Progress::Done);
    harness.settle();
    let answers = &harness.out.answers[before..];
    let [(cause, operator, answered, outcome)] = answers else { panic!("expected one answer, found {answers:?}") };
    assert_eq!((*operator, *answered), (name("ann"), number));
    assert!(*cause <= harness.venue.seq());
    *outcome
}

fn send(harness: &mut Harness, messages: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    assert_eq!(harness.send(next, messages), Progress::Done);
    harness.settle();
    harness.take_reports()
}

fn changed(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Done { changed, .. } => changed,
        Outcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

fn reason(report: &(u64, Vec<u8>)) -> RejectReason {
    match decode(report) {
        Outbound::Rejected(rejected) => rejected.reason,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

fn replace(orig: u32, user_ref: u32, price: i64, qty: u32) -> Vec<u8> {
    encode(&Inbound::ReplaceOrder(ReplaceOrder {
        orig_user_ref: UserRefNum(orig),
        user_ref: UserRefNum(user_ref),
        qty: Qty(qty),
        price: Price(price),
        time_in_force: TimeInForce::Day,
        display: Display::Visible,
        sweep: YesNo::No,
        cl_ord_id: ClOrdId::BLANK,
        appendage: Appendage::EMPTY,
    }))
}

fn cancel(user_ref: u32) -> Vec<u8> {
    encode(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(0) }))
}

fn with(option: OptionValue) -> AppendageBuffer {
    let mut buffer = AppendageBuffer::new();
    assert!(buffer.push(option));
    buffer
}

/// Displayed orders of both sides, an iceberg, a hidden order and a stop: of all six kinds something.
fn standing(harness: &mut Harness) -> usize {
    let hidden = |user_ref, side, price| {
        let mut bytes = order(user_ref, side, price, 5);
        // The display byte of Enter Order.
        bytes[27] = b'N';
        bytes
    };
    let iceberg = enter(3, BUY, 99, 50, TimeInForce::Day, with(OptionValue::MaxFloor(Qty(10))).view());
    let stop = enter(4, BUY, 130, 5, TimeInForce::Day, with(OptionValue::StopPrice(Price(125))).view());
    let messages = [
        order(1, BUY, 100, 5),
        order(2, SELL, 110, 5),
        iceberg,
        stop,
        hidden(5, BUY, 98),
        hidden(6, SELL, 111),
        order(7, SELL, 112, 5),
    ];
    let reports = send(harness, &messages);
    assert_eq!(kinds(&reports), "A".repeat(messages.len()));
    messages.len()
}

fn kinds_since(harness: &Harness, first: usize) -> Vec<RecordKind> {
    harness.out.journal[first..]
        .iter()
        .map(|(_, _, kind, _)| *kind)
        .filter(|kind| *kind != RecordKind::StateHash)
        .collect()
}

#[test]
fn a_command_is_journaled_with_its_operator_and_answered_once() {
    let mut harness = Harness::logged_in(false);
    let records = harness.out.journal.len();
    let outcome = ask(&mut harness, 7, Verb::Drain);
    let (seq, time, kind, body) = &harness.out.journal[records];
    assert_eq!((*kind, outcome), (RecordKind::Operator, Outcome::Done { seq: *seq, changed: 1 }));
    let command = record::decode(*seq, *time, *kind, body).expect("a command");
    assert!(matches!(command.action, engine::command::Action::Operator { .. }));
    let [.., (cause, ..)] = harness.out.answers[..] else { panic!("an answer") };
    assert_eq!(cause, *seq, "released when its record is durable");
    // The same number again: the same answer, no record. A lower one is refused, a higher one is another command.
    let records = harness.out.journal.len();
    assert_eq!(ask(&mut harness, 7, Verb::Reopen), outcome, "whatever else it says");
    assert_eq!(ask(&mut harness, 6, Verb::Reopen), Outcome::Refused(Refusal::NUMBER_PASSED));
    assert_eq!(harness.out.journal.len(), records);
    assert!(harness.venue.exchange().controls().is_draining());
    assert_eq!(changed(ask(&mut harness, 8, Verb::Drain)), 0, "it was so already");
    assert_eq!(changed(ask(&mut harness, 9, Verb::Reopen)), 1);
    // Another operator counts for himself; so many are remembered.
    for number in 1..OPERATORS_MAX {
        let other = OperatorCommand { operator: name(&format!("op{number}")), number: 1, verb: Verb::Drain };
        assert_eq!(harness.venue.on_operator(harness.now, &other, &mut harness.out), Progress::Done);
    }
    let one_more = OperatorCommand { operator: name("late"), number: 1, verb: Verb::Drain };
    harness.venue.on_operator(harness.now, &one_more, &mut harness.out);
    let (cause, _, _, outcome) = harness.out.answers.last().copied().expect("an answer");
    assert_eq!((cause, outcome), (Seq(0), Outcome::Refused(Refusal::TOO_MANY_OPERATORS)));
    // What was answered is answered by whoever replays the journal, too.
    let mut again = harness.replayed();
    let mut out = Outbox { commands_left: usize::MAX, ..Outbox::default() };
    assert_eq!(again.on_operator(harness.now, &asked(9, Verb::Reopen), &mut out), Progress::Done);
    assert_eq!(out.answers.len(), 1);
    assert!(out.journal.is_empty());
}

#[test]
fn what_is_not_there_is_refused_and_changes_nothing() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    let (book, numbers) = (harness.venue.exchange().book().state_hash(), harness.venue.exchange().numbers());
    let nowhere = symbol("NOWHERE");
    let (session, member) = (SessionIndex(2), MemberId(2));
    let cases = [
        (Verb::Disconnect { session }, Refusal::UNKNOWN_SESSION),
        (Verb::KeyChanged { session, fingerprint: 1 }, Refusal::UNKNOWN_SESSION),
        (Verb::Lock { scope: Scope::Session(session) }, Refusal::UNKNOWN_SESSION),
        (Verb::Unlock { scope: Scope::Member(member) }, Refusal::UNKNOWN_MEMBER),
        (Verb::CancelOrders { scope: Scope::Member(member), symbol: None, side: None }, Refusal::UNKNOWN_MEMBER),
        (Verb::CancelOrders { scope: Scope::Venue, symbol: Some(nowhere), side: None }, Refusal::UNKNOWN_SYMBOL),
        (Verb::Halt { symbol: nowhere }, Refusal::UNKNOWN_SYMBOL),
        (Verb::Resume { symbol: nowhere }, Refusal::UNKNOWN_SYMBOL),
    ];
    for (number, (verb, refusal)) in (1..).zip(cases) {
        assert_eq!(ask(&mut harness, number, verb), Outcome::Refused(refusal), "{verb:?}");
    }
    assert!(harness.take_reports().is_empty());
    let exchange = harness.venue.exchange();
    assert_eq!((exchange.book().state_hash(), exchange.numbers()), (book, numbers));
    assert_eq!((exchange.controls().locks().count(), exchange.controls().halted().count()), (0, 0));
}

#[test]
fn a_cancel_of_many_takes_what_it_names_wherever_it_stands() {
    let of = |scope, symbol, side| Verb::CancelOrders { scope, symbol, side };
    let pinion = Some(symbol("PINION"));
    let (own, other) = (Scope::Session(SessionIndex(0)), Scope::Session(SessionIndex(1)));
    let (member, stranger) = (Scope::Member(MemberId(0)), Scope::Member(MemberId(1)));
    // Which of the seven orders go.
    let cases: [(Verb, &[u32]); 10] = [
        (of(own, None, None), &[1, 2, 3, 4, 5, 6, 7]),
        (of(member, None, Some(Side::Buy)), &[1, 3, 4, 5]),
        (of(Scope::Venue, pinion, None), &[1, 3, 2, 7, 5, 6, 4]),
        (of(Scope::Venue, pinion, Some(Side::Sell)), &[2, 7, 6]),
        (of(own, pinion, Some(Side::Buy)), &[1, 3, 5, 4]),
        (of(Scope::Venue, Some(symbol("ALC")), None), &[]),
        (of(other, None, None), &[]),
        (of(stranger, pinion, None), &[]),
        (of(Scope::Venue, None, Some(Side::Sell)), &[2, 6, 7]),
        (Verb::Lock { scope: Scope::Venue }, &[1, 2, 3, 4, 5, 6, 7]),
    ];
    for (verb, expected) in cases {
        let mut harness = Harness::logged_in(false);
        let all = standing(&mut harness);
        assert_eq!(changed(ask(&mut harness, 1, verb)), expected.len() as u64, "{verb:?}");
        let gone: Vec<u32> = harness
            .take_reports()
            .iter()
            .map(|report| match decode(report) {
                Outbound::Canceled(canceled) if canceled.reason == CancelReason::SUPERVISORY => canceled.user_ref.get(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(gone, expected, "{verb:?}: in the order that is documented");
        assert_eq!(harness.venue.exchange().book().order_count(), all - gone.len());
        assert_eq!(harness.venue.exchange().book().audit(), Ok(()));
        assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
    }
}

/// A harness with more orders than two slices take.
fn many() -> (Harness, usize) {
    let mut harness = Harness::logged_in(false);
    let all = 2 * CANCELS_PER_SLICE_MAX + 7;
    let mut user_ref = 0;
    while user_ref < all {
        let messages: Vec<_> = (0..20.min(all - user_ref))
            .map(|_| {
                user_ref += 1;
                order(u32::try_from(user_ref).expect("few"), BUY, 100 + (user_ref as i64 % 50), 1)
            })
            .collect();
        send(&mut harness, &messages);
    }
    (harness, all)
}

#[test]
fn slices_are_commands_of_their_own_and_nothing_comes_between() {
    let (mut harness, all) = many();
    let first = harness.out.journal.len();
    harness.out.commands_left = 1;
    let (now, lock) = (harness.now, asked(1, Verb::Lock { scope: Scope::Member(MemberId(0)) }));
    assert_eq!(harness.venue.on_operator(now, &lock, &mut harness.out), Progress::Done);
    assert_eq!(harness.venue.exchange().book().order_count(), all - CANCELS_PER_SLICE_MAX);
    assert!(harness.out.answers.is_empty(), "there is more to do");
    // Without room, nobody comes in: no client, no other operator, not the end of the day.
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    assert_eq!(harness.send(next, &[order(60_000, SELL, 100, 9)]), Progress::Blocked);
    assert_eq!(harness.venue.on_operator(now, &asked(2, Verb::Drain), &mut harness.out), Progress::Blocked);
    harness.venue.close_market(now, &mut harness.out);
    assert!(!harness.venue.exchange().is_market_closed());
    assert_eq!(kinds_since(&harness, first), [RecordKind::Operator]);
    // With room, the rest goes first.
    harness.out.commands_left = usize::MAX;
    assert_eq!(harness.send(next, &[order(60_000, SELL, 100, 9)]), Progress::Done);
    let (slice, message) = (RecordKind::OperatorSlice, RecordKind::SessionMessage);
    assert_eq!(kinds_since(&harness, first), [RecordKind::Operator, slice, slice, message]);
    let [(cause, _, 1, Outcome::Done { seq, changed })] = harness.out.answers[..] else {
        panic!("{:?}", harness.out.answers)
    };
    assert_eq!((changed, harness.venue.exchange().book().order_count()), (all as u64, 0));
    assert!(cause > seq, "the answer stands behind the last slice");
    harness.settle();
    let reports = harness.take_reports();
    let canceled = reports.iter().filter(|report| matches!(decode(report), Outbound::Canceled(_))).count();
    assert_eq!(canceled, all);
    assert_eq!(reason(reports.last().expect("a report")), RejectReason::LOCKED);
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

#[test]
fn a_cancel_of_many_goes_on_after_a_restart_from_wherever_it_was() {
    let (mut harness, all) = many();
    let before = harness.out.journal.len();
    assert_eq!(changed(ask(&mut harness, 1, ALL)), all as u64);
    let commands = |journal: &[(Seq, wire::Nanos, RecordKind, Vec<u8>)], venue: &mut Venue| {
        for (seq, time, kind, body) in journal {
            let command: Command<'_> = record::decode(*seq, *time, *kind, body).expect("a command");
            venue.replay(&command, &mut Outbox::default()).expect("the same state");
        }
    };
    // Whether the process ended after the command or after its first slice; with the journal alone, and from an image of then.
    for end in [before + 1, before + 2] {
        let (taken, rest) = harness.out.journal.split_at(end);
        let mut replayed = venue(&harness.config);
        commands(taken, &mut replayed);
        assert!(replayed.exchange().controls().is_canceling());
        let mut bytes = Vec::new();
        image::write(&replayed, 10, std::iter::empty(), &mut Vec::new(), &mut bytes).expect("a vector");
        let mut imaged = venue(&harness.config);
        image::read(&mut imaged, &mut &bytes[..], |_| {}).expect("readable");
        imaged.stand_after(replayed.seq(), replayed.time());
        for mut restarted in [replayed, imaged] {
            let mut out = Outbox { commands_left: usize::MAX, datagrams_left: usize::MAX, ..Outbox::default() };
            restarted.resume(harness.now);
            restarted.poll(harness.now, Seq(0), &mut out);
            let kinds: Vec<_> = out.journal.iter().map(|(_, _, kind, _)| *kind).collect();
            let expected: Vec<_> = rest.iter().map(|(_, _, kind, _)| *kind).collect();
            assert_eq!(kinds, expected, "the slices that are left");
            assert_eq!(restarted.exchange().state_hash(), harness.venue.exchange().state_hash());
            assert_eq!(out.answers, harness.out.answers, "answered once, with the count of all slices");
        }
    }
}

#[test]
fn a_locked_scope_enters_nothing_until_its_own_lock_is_gone() {
    let own = [Scope::Session(SessionIndex(0)), Scope::Member(MemberId(0)), Scope::Venue];
    let others = [Scope::Session(SessionIndex(1)), Scope::Member(MemberId(1))];
    let mut harness = Harness::logged_in(true);
    let (mut number, mut user_ref) = (0, 0);
    let mut ask_next = |harness: &mut Harness, verb| {
        number += 1;
        changed(ask(harness, number, verb))
    };
    let mut enter_one = |harness: &mut Harness| {
        user_ref += 1;
        send(harness, &[order(user_ref, BUY, 100, 5)])
    };
    for scope in others {
        assert_eq!(ask_next(&mut harness, Verb::Lock { scope }), 0);
        assert_eq!(kinds(&enter_one(&mut harness)), "A", "{scope} is somebody else");
    }
    for scope in own {
        let standing = harness.venue.exchange().book().open_orders(SessionIndex(0));
        assert_eq!(ask_next(&mut harness, Verb::Lock { scope }), u64::from(standing), "{scope}");
        assert_eq!(harness.take_reports().len() as u32, standing);
        assert_eq!(reason(&enter_one(&mut harness)[0]), RejectReason::LOCKED, "{scope}");
        for unlocked in own.into_iter().filter(|other| *other != scope) {
            assert_eq!(ask_next(&mut harness, Verb::Unlock { scope: unlocked }), 0);
        }
        assert_eq!(reason(&enter_one(&mut harness)[0]), RejectReason::LOCKED, "no other unlock helps {scope}");
        // It hears, asks, and logs in as always.
        assert_eq!(kinds(&send(&mut harness, &[encode(&Inbound::AccountQuery(wire::ouch::AccountQuery {}))])), "Q");
        harness.advance(1_000_000_000);
        harness.log_in(CLIENT, true).expect("a locked session logs in");
        harness.take_sent();
        assert_eq!(ask_next(&mut harness, Verb::Unlock { scope }), 1);
        assert_eq!(kinds(&enter_one(&mut harness)), "A");
    }
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

fn said(harness: &mut Harness) -> Vec<MarketEvent> {
    std::mem::take(&mut harness.out.market_data).into_iter().map(|(_, event)| event).collect()
}

#[test]
fn nothing_of_a_halted_instrument_enters_or_trades_and_all_of_it_is_there_after() {
    let mut harness = Harness::logged_in(false);
    let standing = standing(&mut harness);
    said(&mut harness);
    let pinion = symbol("PINION");
    assert_eq!(changed(ask(&mut harness, 1, Verb::Halt { symbol: pinion })), 1);
    assert_eq!(changed(ask(&mut harness, 2, Verb::Halt { symbol: pinion })), 0);
    let told = |state: u8, said: &[MarketEvent]| match said {
        [MarketEvent::Tick(tick), MarketEvent::Depth(depth)] => {
            assert_eq!((tick.kind, tick.status()), (TickKind::Status, Some(state)));
            let Change::TradingAction { state: action, .. } = depth.change else { panic!("{depth:?}") };
            assert_eq!(action, state);
        }
        other => panic!("{other:?}"),
    };
    told(b'H', &said(&mut harness));
    // A marketable order, one that would rest, and a replace into the market; other instruments trade.
    let mut elsewhere = order(12, BUY, 100, 5);
    elsewhere[10..18].copy_from_slice(&symbol("ALC").0);
    let reports =
        send(&mut harness, &[order(10, BUY, 130, 50), order(11, BUY, 90, 5), replace(1, 13, 130, 5), elsewhere]);
    assert_eq!(kinds(&reports), "JJJ", "the fourth has a number that was passed");
    assert!(reports.iter().all(|report| reason(report) == RejectReason::HALTED));
    let mut elsewhere = order(14, BUY, 100, 5);
    elsewhere[10..18].copy_from_slice(&symbol("ALC").0);
    assert_eq!(kinds(&send(&mut harness, &[elsewhere])), "A");
    assert_eq!(kinds(&send(&mut harness, &[cancel(7)])), "C", "a cancel works");
    said(&mut harness);
    let book = harness.venue.exchange().book().state_hash();
    assert_eq!(changed(ask(&mut harness, 3, Verb::Resume { symbol: pinion })), 1);
    told(b'T', &said(&mut harness));
    assert_eq!(harness.venue.exchange().book().state_hash(), book, "every order is where it was");
    // And now it trades, and the stop order that waited is elected.
    let reports = send(&mut harness, &[order(20, BUY, 111, 5), order(21, SELL, 125, 1), order(22, BUY, 125, 6)]);
    assert!(kinds(&reports).contains('R'), "{}", kinds(&reports));
    assert_eq!(standing, 7);
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

#[test]
fn a_drain_keeps_new_orders_out_over_a_restart_and_lets_cancels_work() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::Drain)), 1);
    let reports = send(&mut harness, &[order(10, BUY, 50, 5), replace(1, 11, 100, 4), cancel(2)]);
    assert_eq!(kinds(&reports), "JJC");
    assert!(reports[..2].iter().all(|report| reason(report) == RejectReason::DRAINING));
    assert!(harness.replayed().exchange().controls().is_draining());
    assert_eq!(changed(ask(&mut harness, 2, Verb::Reopen)), 1);
    assert_eq!(kinds(&send(&mut harness, &[order(12, BUY, 50, 5)])), "A");
}

#[test]
fn whoever_is_disconnected_is_told_and_has_its_wish_on_disconnect() {
    for cancels in [false, true] {
        let mut harness = Harness::logged_in(cancels);
        let standing = standing(&mut harness);
        let session = SessionIndex(0);
        assert_eq!(changed(ask(&mut harness, 1, Verb::Disconnect { session })), 1);
        harness.settle();
        assert!(!harness.venue.exchange().sessions()[0].is_alive());
        let packets: Vec<_> = harness.take_sent().into_iter().map(|(_, _, bytes)| bytes).collect();
        let last = wire::mold::Packet::parse(packets.last().expect("a farewell")).expect("whole");
        assert_eq!(last.kind(), wire::mold::PacketKind::EndOfSession);
        let left = harness.venue.exchange().book().order_count();
        assert_eq!(left, if cancels { 0 } else { standing });
        assert_eq!(changed(ask(&mut harness, 2, Verb::Disconnect { session })), 0, "it was so already");
        assert!(harness.take_sent().is_empty());
        harness.advance(1_000_000_000);
        harness.log_in(CLIENT, cancels).expect("it may come back");
        assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
    }
}

fn listing(name: &str) -> NewInstrument {
    NewInstrument {
        symbol: symbol(name),
        tick: 5,
        lot: 2,
        price_min: Price(5),
        price_max: Price(1_000_000),
        quantity_max: Qty(1_000),
        market_protection: None,
        channel: ChannelIndex(0),
    }
}

fn of(symbol_name: &str, user_ref: u32, side: OrderSide, price: i64, qty: u32) -> Vec<u8> {
    let mut bytes = order(user_ref, side, price, qty);
    bytes[10..18].copy_from_slice(&symbol(symbol_name).0);
    bytes
}

#[test]
fn an_added_instrument_is_told_traded_and_there_after_a_restart() {
    let mut harness = Harness::logged_in(false);
    let before = harness.venue.exchange().instruments().len();
    assert_eq!(reason(&send(&mut harness, &[of("NEW", 1, BUY, 100, 2)])[0]), RejectReason::INVALID_SYMBOL);
    said(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::AddInstrument(listing("NEW")))), 1);
    let index = harness.venue.exchange().instruments().find(symbol("NEW")).expect("listed");
    assert_eq!(index.get() as usize, before);
    let told = said(&mut harness);
    let [MarketEvent::Depth(listed), MarketEvent::Tick(status), MarketEvent::Depth(trading)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(listed.change, Change::Directory { instrument: index });
    assert_eq!((status.symbol_id, status.status()), (index, Some(b'T')));
    assert_eq!(trading.change, Change::TradingAction { instrument: index, state: b'T' });
    // Its tick and lot are kept.
    let reports = send(
        &mut harness,
        &[of("NEW", 2, BUY, 101, 2), of("NEW", 3, BUY, 100, 1), of("NEW", 4, BUY, 100, 4), of("NEW", 5, SELL, 100, 2)],
    );
    assert_eq!(kinds(&reports), "JJAAEE");
    assert_eq!([&reports[0], &reports[1]].map(reason), [RejectReason::PRICE_NOT_TICK, RejectReason::QUANTITY_NOT_LOT]);
    assert_eq!(ask(&mut harness, 2, Verb::AddInstrument(listing("NEW"))), Outcome::Refused(Refusal::ALREADY_EXISTS));
    assert_eq!(ask(&mut harness, 3, Verb::AddInstrument(listing("PINION"))), Outcome::Refused(Refusal::ALREADY_EXISTS));
    assert_eq!(changed(ask(&mut harness, 4, Verb::Halt { symbol: symbol("NEW") })), 1);
    // By the journal, and by an image.
    let replayed = harness.replayed();
    let mut bytes = Vec::new();
    image::write(&harness.venue, 10, std::iter::empty(), &mut Vec::new(), &mut bytes).expect("a vector");
    let mut imaged = venue(&harness.config);
    image::read(&mut imaged, &mut &bytes[..], |_| {}).expect("readable");
    for again in [&replayed, &imaged] {
        assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
        assert_eq!(again.exchange().instruments().find(symbol("NEW")), Some(index));
        assert!(again.exchange().controls().is_halted(index));
        assert_eq!(again.exchange().book().order_count(), 1);
    }
    // Other rules have no place for it.
    let narrow = config().with_overrides(&[("limits.instruments_added".to_owned(), "0".to_owned())]).expect("valid");
    assert!(image::read(&mut venue(&narrow), &mut &bytes[..], |_| {}).is_err());
}

#[test]
fn an_instrument_that_cannot_be_is_refused() {
    let mut pairs = vec![("limits.instruments_added".to_owned(), "1".to_owned())];
    let narrow = config().with_overrides(&pairs).expect("valid");
    let mut harness = Harness::with(narrow);
    let base = listing("NEW");
    let too_high = Price(i64::from(u32::MAX) + 4);
    let wrong = [
        (NewInstrument { channel: ChannelIndex(1), ..base }, Refusal::UNKNOWN_CHANNEL),
        (NewInstrument { symbol: Symbol(*b"A B     "), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { tick: 0, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { tick: -5, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { lot: 0, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(7), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(1_000_005), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_max: too_high, ..base }, Refusal::BAD_TERMS),
        (NewInstrument { price_min: Price(-5), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { quantity_max: Qty(1), ..base }, Refusal::BAD_TERMS),
        (NewInstrument { market_protection: Some(0), ..base }, Refusal::BAD_TERMS),
    ];
    let mut number = 0;
    let mut ask_next = |harness: &mut Harness, added| {
        number += 1;
        ask(harness, number, Verb::AddInstrument(added))
    };
    for (added, refusal) in wrong {
        assert_eq!(ask_next(&mut harness, added), Outcome::Refused(refusal), "{added:?}");
    }
    assert_eq!(changed(ask_next(&mut harness, base)), 1);
    assert_eq!(ask_next(&mut harness, listing("NEXT")), Outcome::Refused(Refusal::NO_ROOM));
    // The room is a rule.
    pairs[0].1 = "2".to_owned();
    let wider = config().with_overrides(&pairs).expect("valid");
    assert_ne!(wider.fingerprint(), harness.config.fingerprint());
}

#[test]
fn after_the_close_only_what_changes_no_book_is_done() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    assert_eq!(changed(ask(&mut harness, 1, Verb::CloseMarket)), 1);
    assert_eq!(harness.out.ends.len(), 1);
    assert_eq!(changed(ask(&mut harness, 2, Verb::CloseMarket)), 0);
    said(&mut harness);
    let pinion = symbol("PINION");
    let lock = Verb::Lock { scope: Scope::Venue };
    let refused = [
        ALL,
        lock,
        Verb::Halt { symbol: pinion },
        Verb::Resume { symbol: pinion },
        Verb::AddInstrument(listing("NEW")),
    ];
    for (number, verb) in (3..).zip(refused) {
        assert_eq!(ask(&mut harness, number, verb), Outcome::Refused(Refusal::MARKET_CLOSED), "{verb:?}");
    }
    for (number, verb) in (10..).zip([Verb::Drain, Verb::Reopen, Verb::Disconnect { session: SessionIndex(0) }]) {
        assert_eq!(changed(ask(&mut harness, number, verb)), 1, "{verb:?}");
    }
    assert!(said(&mut harness).is_empty());
    assert_eq!(harness.replayed().exchange().state_hash(), harness.venue.exchange().state_hash());
}

/// A journal in which no operator spoke has the hashes that it always had.
#[test]
fn the_hash_of_a_venue_without_operators_is_what_it_was() {
    let mut harness = Harness::logged_in(false);
    standing(&mut harness);
    let wide = Exchange::new(&harness.config.rules()).state_hash();
    let pairs = [("limits.instruments_added".to_owned(), "0".to_owned())];
    let narrow = config().with_overrides(&pairs).expect("valid");
    assert_eq!(Exchange::new(&narrow.rules()).state_hash(), wide);
    let mut again = venue(&narrow);
    for (seq, time, kind, body) in &harness.out.journal {
        let command = record::decode(*seq, *time, *kind, body).expect("a command");
        again.replay(&command, &mut Outbox::default()).expect("the same state");
    }
    assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
}
