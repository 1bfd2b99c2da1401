use crate::harness::{CLIENT, Harness, decode, kinds, order};
use engine::gateway::Endpoint;
use wire::login::{Login, LoginMessage};
use wire::mold::{self, Packet};
use wire::ouch::{CancelReason, OrderSide, Outbound};
use wire::{Nanos, Seq};

#[test]
fn a_report_leaves_only_when_its_cause_is_durable() {
    let mut harness = Harness::logged_in(false);
    let before = harness.venue.seq();
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1), order(2, OrderSide::Buy, 101, 1)]);
    harness.venue.poll(harness.now, before, &mut harness.out);
    assert!(harness.out.sent.is_empty());
    harness.venue.poll(harness.now, Seq(before.0 + 1), &mut harness.out);
    let reports = harness.take_reports();
    assert_eq!((kinds(&reports).as_str(), reports[0].0), ("A", 1));
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!((kinds(&reports).as_str(), reports[0].0), ("A", 2));
}

#[test]
fn a_report_asked_for_leaves_only_when_its_cause_is_durable() {
    let mut harness = Harness::logged_in(false);
    let durable = harness.venue.seq();
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    // A second login, not confirmed yet, takes what waits out of the send queue: it is sent only on request.
    harness.advance(1);
    let cookie = harness.challenge(CLIENT, [9; 16]);
    let login = Login::sign(&harness.key(), Harness::user(), [9; 16], cookie, false);
    harness.send_login(CLIENT, LoginMessage::Login(login));
    harness.token = harness.venue.exchange().sessions()[0].login().expect("sequenced").token;
    harness.venue.poll(harness.now, durable, &mut harness.out);
    harness.send_header(Endpoint::Rerequest, 1, 1);
    assert!(harness.take_sent().is_empty());
    harness.settle();
    harness.take_answer();
    harness.send_header(Endpoint::Rerequest, 1, 1);
    assert_eq!(kinds(&harness.take_reports()), "A");
}

#[test]
fn silence_brings_heartbeats_then_death() {
    let mut harness = Harness::logged_in(false);
    let rules = harness.config.session_rules;
    harness.advance(u64::from(rules.heartbeat_ms) * 1_000_000);
    harness.settle();
    let sent = harness.take_sent();
    let packet = Packet::parse(&sent[0].2).expect("a heartbeat");
    assert_eq!((sent.len(), sent[0].0, packet.sequence(), packet.count()), (1, Endpoint::OrderEntry, 1, 0));
    // A heartbeat of the client keeps it alive.
    harness.send_header(Endpoint::OrderEntry, 1, mold::HEARTBEAT);
    harness.advance(u64::from(rules.timeout_ms) * 1_000_000 - 1);
    harness.settle();
    assert!(harness.venue.exchange().sessions()[0].is_alive());
    harness.advance(1_000_000);
    harness.settle();
    assert!(!harness.venue.exchange().sessions()[0].is_alive());
    assert_eq!(harness.venue.gateway().counters().deaths, 1);
    let sent = harness.take_sent();
    let last = Packet::parse(&sent.last().expect("a farewell").2).expect("a packet");
    assert_eq!(last.header().count, mold::END_OF_SESSION);
    // The dead session's packets are worth nothing.
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    assert_eq!(harness.venue.exchange().sessions()[0].next_inbound(), 1);
    harness.replayed();
}

#[test]
fn cancel_on_disconnect_takes_every_order_in_slices() {
    let mut harness = Harness::logged_in(true);
    let count = 3_000;
    for user_ref in 1..=count {
        let price = 1 + i64::from(user_ref % 50);
        harness.send(u64::from(user_ref), &[order(user_ref, OrderSide::Buy, price, 7)]);
    }
    harness.settle();
    assert_eq!(harness.take_reports().len(), 3_000);
    harness.send_header(Endpoint::OrderEntry, u64::from(count) + 1, mold::END_OF_SESSION);
    // One slice at a time, as there is room.
    harness.out.commands_left = 1;
    harness.settle();
    let left = harness.venue.exchange().book().order_count();
    assert!(left > 0 && left < 3_000, "{left}");
    harness.out.commands_left = usize::MAX;
    harness.settle();
    assert_eq!(harness.venue.exchange().book().order_count(), 0);
    // Told to the client as long as its goodbye is not confirmed.
    let sent = harness.take_sent();
    let mut canceled = 0;
    for (_, _, bytes) in &sent {
        for message in Packet::parse(bytes).expect("a packet").messages() {
            let Outbound::Canceled(report) = decode(&(message.0, message.1.to_vec())) else { panic!("{message:?}") };
            assert_eq!((report.reason, report.qty.0), (CancelReason::DISCONNECT, 7));
            canceled += 1;
        }
    }
    assert_eq!(canceled, 3_000);
    let last = Packet::parse(&sent.last().expect("a farewell").2).expect("a packet");
    assert_eq!(last.header().count, mold::END_OF_SESSION);
    let replayed = harness.replayed();
    assert_eq!(replayed.exchange().state_hash(), harness.venue.exchange().state_hash());
}

#[test]
fn without_cancel_on_disconnect_orders_stay() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    harness.send_header(Endpoint::OrderEntry, 2, mold::END_OF_SESSION);
    harness.settle();
    assert!(!harness.venue.exchange().sessions()[0].is_alive());
    assert_eq!(harness.venue.exchange().book().order_count(), 1);
}

#[test]
fn a_restart_goes_on_where_the_journal_ends() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[order(1, OrderSide::Buy, 100, 5), order(2, OrderSide::Sell, 100, 2)]);
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!(kinds(&reports), "AAEE");

    let mut venue = harness.replayed();
    venue.resume(Nanos(harness.now.0 + 1_000_000_000));
    harness.venue = venue;
    harness.advance(1_000_000_000);
    harness.settle();
    let sent = harness.take_sent();
    let packet = Packet::parse(&sent[0].2).expect("a heartbeat");
    assert_eq!((packet.session(), packet.sequence(), packet.count()), (harness.token, 5, 0), "the old token stands");
    // Old reports are there for the asking, byte for byte.
    harness.send_header(Endpoint::Rerequest, 1, 10);
    assert_eq!(harness.take_reports(), reports);
    // What was applied is not applied again; what is new is.
    harness.send(2, &[order(2, OrderSide::Sell, 100, 2), order(3, OrderSide::Sell, 100, 3)]);
    harness.settle();
    assert_eq!(kinds(&harness.take_reports()), "AEE");
    assert_eq!(harness.venue.exchange().book().order_count(), 0);
    assert_eq!(harness.take_sent(), [], "and nobody else hears of it");
}

#[test]
fn a_journal_longer_than_a_store_replays_and_keeps_the_newest_reports() {
    let mut harness = Harness::logged_in(false);
    let cancel = |user_ref: u32| {
        let mut bytes = vec![b'X'];
        bytes.extend(user_ref.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let messages = 140_000;
    for pair in 1..=messages / 2 {
        let (sequence, user_ref) = (u64::from(pair) * 2 - 1, pair);
        harness.send(sequence, &[order(user_ref, OrderSide::Buy, 100, 1), cancel(user_ref)]);
        if pair % 10_000 == 0 {
            harness.settle();
            harness.out.sent.clear();
        }
    }
    let mut venue = harness.replayed();
    venue.resume(harness.now);
    assert_eq!(venue.exchange().state_hash(), harness.venue.exchange().state_hash());
    harness.venue = venue;
    harness.settle();
    harness.out.sent.clear();
    harness.send_header(Endpoint::Rerequest, u64::from(messages) - 1, 2);
    assert_eq!(kinds(&harness.take_reports()), "AC");
    // What is no longer held is told by where the answer begins.
    harness.send_header(Endpoint::Rerequest, 1, 10);
    let reports = harness.take_reports();
    assert_eq!(reports.iter().map(|report| report.0).collect::<Vec<_>>(), [u64::from(messages) + 1 - 131_072]);
}
