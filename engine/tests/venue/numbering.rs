use crate::harness::{CLIENT, Harness, decode, kinds, order};
use engine::gateway::Endpoint;
use engine::venue::Progress;
use wire::mold::{self, Packet};
use wire::ouch::{OrderSide, Outbound};

fn buy(user_ref: u32) -> Vec<u8> {
    order(user_ref, OrderSide::Buy, 100 + i64::from(user_ref), 1)
}

fn next_inbound(harness: &Harness) -> u64 {
    harness.venue.exchange().sessions()[0].next_inbound()
}

#[test]
fn messages_are_applied_once_and_in_order() {
    let mut harness = Harness::logged_in(false);
    let packet = [buy(1), buy(2), buy(3)];
    harness.send(1, &packet);
    harness.settle();
    assert_eq!(kinds(&harness.take_reports()), "AAA");
    let hash = harness.venue.exchange().state_hash();
    // The whole packet again, its middle again, its end with something new behind.
    harness.send(1, &packet);
    harness.send(2, &packet[1..2]);
    assert_eq!(harness.venue.exchange().state_hash(), hash);
    harness.send(3, &[buy(3), buy(4)]);
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!(kinds(&reports), "A");
    assert_eq!(reports[0].0, 4);
    assert_eq!(next_inbound(&harness), 5);
    assert_eq!(harness.venue.gateway().counters().duplicates, 5);
}

#[test]
fn a_repetition_is_answered_by_where_the_reports_stand() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[buy(1)]);
    harness.settle();
    harness.take_sent();
    harness.send(1, &[buy(1)]);
    harness.settle();
    let sent = harness.take_sent();
    let [(Endpoint::OrderEntry, CLIENT, bytes)] = &sent[..] else { panic!("expected a heartbeat, found {sent:?}") };
    let packet = Packet::parse(bytes).expect("a heartbeat");
    assert_eq!((packet.sequence(), packet.count()), (2, 0));
}

#[test]
fn a_gap_is_asked_for_and_nothing_behind_it_is_applied() {
    let mut harness = Harness::logged_in(false);
    harness.advance(10_000_000);
    harness.send(3, &[buy(3), buy(4)]);
    assert_eq!(next_inbound(&harness), 1);
    let sent = harness.take_sent();
    let [(Endpoint::Rerequest, CLIENT, bytes)] = &sent[..] else { panic!("expected a request, found {sent:?}") };
    let request = mold::Request::decode(bytes).expect("a request");
    assert_eq!((request.session, request.sequence, request.count), (harness.token, 1, 4));

    // Asked for again only after a while, by the timer or by the next packet.
    harness.send(5, &[buy(5)]);
    assert!(harness.take_sent().is_empty());
    harness.advance(10_000_000);
    harness.settle();
    let sent = harness.take_sent();
    let request = mold::Request::decode(&sent[0].2).expect("a request");
    assert_eq!((request.sequence, request.count), (1, 5));

    harness.send(1, &[buy(1), buy(2), buy(3), buy(4), buy(5)]);
    harness.settle();
    assert_eq!(kinds(&harness.take_reports()), "AAAAA");
    harness.advance(10_000_000);
    harness.settle();
    assert!(harness.take_sent().is_empty(), "the gap is closed");
}

#[test]
fn a_heartbeat_reveals_a_lost_tail() {
    let mut harness = Harness::logged_in(false);
    harness.advance(10_000_000);
    harness.send_header(Endpoint::OrderEntry, 4, mold::HEARTBEAT);
    let sent = harness.take_sent();
    let request = mold::Request::decode(&sent[0].2).expect("a request");
    assert_eq!((sent[0].0, request.sequence, request.count), (Endpoint::Rerequest, 1, 3));
}

#[test]
fn a_client_may_skip_what_it_no_longer_wants_sent() {
    let mut harness = Harness::logged_in(false);
    harness.advance(10_000_000);
    harness.send(3, &[buy(3)]);
    harness.take_sent();
    harness.send_header(Endpoint::Rerequest, 3, 0);
    assert_eq!(next_inbound(&harness), 3);
    harness.send(3, &[buy(3)]);
    harness.settle();
    assert_eq!(kinds(&harness.take_reports()), "A");
    // Skipping back is nothing.
    harness.send_header(Endpoint::Rerequest, 2, 0);
    assert_eq!(next_inbound(&harness), 4);
    harness.replayed();
}

#[test]
fn missed_reports_are_sent_again_as_they_were() {
    let mut harness = Harness::logged_in(false);
    let messages: Vec<_> = (1..=20).map(buy).collect();
    harness.send(1, &messages);
    harness.settle();
    let first_time = harness.take_reports();
    assert_eq!(first_time.len(), 20);
    harness.send_header(Endpoint::Rerequest, 5, 7);
    assert_eq!(harness.take_reports(), first_time[4..11]);
    // What does not exist yet cannot be asked for.
    harness.send_header(Endpoint::Rerequest, 21, 10);
    assert!(harness.take_sent().is_empty());
    harness.send_header(Endpoint::Rerequest, 0, 3);
    assert_eq!(harness.take_reports(), first_time[..2]);
}

#[test]
fn a_request_is_not_answered_with_what_is_not_durable() {
    let mut harness = Harness::logged_in(false);
    harness.send(1, &[buy(1)]);
    harness.send_header(Endpoint::Rerequest, 1, 1);
    assert!(harness.take_sent().is_empty());
}

#[test]
fn without_room_nothing_is_lost_or_done_twice() {
    let mut harness = Harness::logged_in(false);
    let messages: Vec<_> = (1..=10).map(buy).collect();
    let packet = harness.packet(1, &messages);
    let mut turns = 0;
    loop {
        harness.out.commands_left = 3;
        turns += 1;
        if harness.receive(Endpoint::OrderEntry, CLIENT, &packet) == Progress::Done {
            break;
        }
        assert!(turns < 10, "each turn makes progress");
    }
    assert!(turns > 2);
    harness.out.datagrams_left = 0;
    harness.settle();
    assert!(harness.out.sent.is_empty());
    harness.out.datagrams_left = 100;
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!(kinds(&reports), "AAAAAAAAAA");
    for (report, user_ref) in reports.iter().zip(1..) {
        let Outbound::Accepted(accepted) = decode(report) else { panic!("expected an acceptance") };
        assert_eq!(accepted.user_ref.0, user_ref);
    }
    harness.replayed();
}

#[test]
fn a_number_absurdly_far_ahead_is_refused() {
    let mut harness = Harness::logged_in(false);
    harness.advance(10_000_000);
    for sequence in [u64::MAX, u64::MAX - 1, 1 << 40] {
        harness.send_header(Endpoint::OrderEntry, sequence, mold::HEARTBEAT);
        harness.send_header(Endpoint::Rerequest, sequence, 0);
    }
    assert!(harness.take_sent().is_empty());
    assert_eq!(next_inbound(&harness), 1);
    assert_eq!(harness.venue.gateway().counters().malformed, 6);
}
