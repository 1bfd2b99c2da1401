//! Operators' commands, from the request to the answer.

use crate::harness::{Harness, Outbox, decode, order, reason, venue};
use engine::command::Command;
use engine::image;
use engine::limits::{CANCELS_PER_SLICE_MAX, LOOKS_PER_SLICE_MAX, OPERATORS_MAX};
use engine::record;
use engine::venue::{Progress, Venue};
use wire::admin::{OperatorCommand, Outcome, Refusal, Scope, Verb};
use wire::journal::RecordKind;
use wire::ouch::{CancelReason, Outbound, RejectReason};
use wire::{MemberId, Seq, SessionIndex, Side};

use crate::asking::*;

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
                let number = u32::try_from(user_ref).expect("few");
                order(number, BUY, 100 + i64::from(number % 50), 1)
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
fn a_member_is_not_kept_waiting_by_the_orders_of_others() {
    let mut harness = Harness::logged_in(false);
    let all = LOOKS_PER_SLICE_MAX + 9;
    for from in (0..all).step_by(20) {
        let number = |user_ref: usize| u32::try_from(user_ref + 1).expect("few");
        let numbers = (from..all.min(from + 20)).map(number);
        send(&mut harness, &numbers.map(|number| order(number, BUY, 100, 1)).collect::<Vec<_>>());
    }
    let before = harness.out.journal.len();
    let other = Verb::CancelOrders { scope: Scope::Member(MemberId(1)), symbol: None, side: None };
    assert_eq!(changed(ask(&mut harness, 1, other)), 0);
    assert_eq!(kinds_since(&harness, before), [RecordKind::Operator], "one look at each session of others");
    assert_eq!(harness.venue.exchange().book().order_count(), all);
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
