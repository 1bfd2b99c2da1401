//! The end of the market day.

use crate::harness::{CLIENT, Harness, decode, encode, kinds, order};
use engine::command::Action;
use engine::depth::{Change, Stage};
use engine::market_event::MarketEvent;
use engine::record;
use wire::Qty;
use wire::UserRefNum;
use wire::journal::RecordKind;
use wire::ouch::{CancelOrder, Inbound, ModifyOrder, OrderSide, Outbound, RejectReason};
use wire::tick::TickKind;

fn close(harness: &mut Harness) {
    harness.venue.close_market(harness.now, &mut harness.out);
}

/// A harness with an order that rests, closed.
fn closed() -> Harness {
    let mut harness = Harness::logged_in(true);
    harness.send(1, &[order(1, OrderSide::Buy, 100, 5)]);
    harness.settle();
    harness.take_reports();
    harness.out.market_data.clear();
    close(&mut harness);
    harness
}

#[test]
fn the_close_is_a_command_and_the_last_thing_that_the_market_hears() {
    let mut harness = closed();
    let instruments = harness.config.instruments.len();
    let said: Vec<MarketEvent> = harness.out.market_data.iter().map(|(_, event)| *event).collect();
    let status = |event: &&MarketEvent| matches!(event, MarketEvent::Tick(tick) if tick.kind == TickKind::Status && tick.status() == Some(b'C'));
    assert_eq!(said.iter().filter(status).count(), instruments);
    let stages: Vec<Stage> = said
        .iter()
        .filter_map(|event| match event {
            MarketEvent::Depth(event) => match event.change {
                Change::System { stage, .. } => Some(stage),
                _ => None,
            },
            MarketEvent::Tick(_) => None,
        })
        .collect();
    assert_eq!(stages, [Stage::MarketClosed, Stage::SystemClosed, Stage::LastMessage]);
    assert_eq!(said.len(), instruments + 3);
    assert_eq!(harness.out.ends, [harness.venue.seq()], "all streams end with it");
    let (seq, time, kind, body) = harness.out.journal.last().expect("a record").clone();
    assert_eq!(kind, RecordKind::MarketClose);
    let command = record::decode(seq, time, kind, &body).expect("a command");
    assert_eq!(command.action, Action::CloseMarket);
    // Once.
    let records = harness.out.journal.len();
    close(&mut harness);
    assert_eq!(harness.out.journal.len(), records);
}

#[test]
fn nothing_is_entered_changed_or_canceled_any_more() {
    let mut harness = closed();
    harness.out.market_data.clear();
    let (book, numbers) = (harness.venue.exchange().book().state_hash(), harness.venue.exchange().numbers());
    let user_ref = UserRefNum(1);
    let cancel = encode(&Inbound::CancelOrder(CancelOrder { user_ref, qty: Qty(0) }));
    let modify = encode(&Inbound::ModifyOrder(ModifyOrder { user_ref, side: OrderSide::Buy, qty: Qty(1) }));
    harness.send(2, &[order(2, OrderSide::Sell, 100, 5), cancel, modify]);
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!(kinds(&reports), "JII");
    let Outbound::Rejected(rejected) = decode(&reports[0]) else { panic!("{reports:?}") };
    assert_eq!(rejected.reason, RejectReason::MARKET_CLOSED);
    // Nor by the session's death, which is answered all the same.
    harness.advance(u64::from(harness.config.session_rules.timeout_ms) * 1_000_000 + 1);
    harness.settle();
    harness.settle();
    assert!(!harness.venue.exchange().sessions()[0].is_alive());
    assert_eq!(harness.venue.exchange().book().state_hash(), book);
    assert_eq!(harness.venue.exchange().numbers(), numbers);
    assert!(harness.out.market_data.is_empty());
    // Somebody may still come and ask what became of orders.
    harness.take_sent();
    harness.log_in(CLIENT, true).expect("the same user");
}

#[test]
fn a_replay_comes_to_the_same_end() {
    let mut harness = closed();
    harness.send(2, &[order(2, OrderSide::Sell, 100, 5)]);
    harness.settle();
    let again = harness.replayed();
    assert!(again.exchange().is_market_closed());
    assert_eq!(again.exchange().state_hash(), harness.venue.exchange().state_hash());
    assert_eq!(again.exchange().numbers(), harness.venue.exchange().numbers());
}

#[test]
fn the_close_waits_for_room() {
    let mut harness = Harness::logged_in(false);
    harness.out.commands_left = 0;
    close(&mut harness);
    assert!(!harness.venue.exchange().is_market_closed(), "no room for the command");
    harness.out.commands_left = usize::MAX;
    close(&mut harness);
    assert!(harness.venue.exchange().is_market_closed());
}
