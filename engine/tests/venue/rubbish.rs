use crate::harness::{CLIENT, Harness, decode, kinds, order};
use engine::gateway::Endpoint;
use proptest::prelude::*;
use wire::address::Addr;
use wire::mold::SessionId;
use wire::ouch::{OrderSide, Outbound, RejectReason};

#[test]
fn forged_packets_are_counted_and_change_nothing() {
    let mut harness = Harness::logged_in(false);
    let hash = harness.venue.exchange().state_hash();
    let genuine = harness.packet(1, &[order(1, OrderSide::Buy, 100, 1)]);
    harness.receive(Endpoint::OrderEntry, Addr { ip: CLIENT.ip + 1, ..CLIENT }, &genuine);
    harness.receive(Endpoint::OrderEntry, Addr { port: CLIENT.port + 1, ..CLIENT }, &genuine);
    let token = harness.token;
    for position in 0..10 {
        let mut wrong = token;
        wrong.0[position] ^= 1;
        harness.token = wrong;
        harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
        harness.send_header(Endpoint::Rerequest, 1, 5);
    }
    harness.token = SessionId([0xFF; 10]);
    harness.send(1, &[order(1, OrderSide::Buy, 100, 1)]);
    harness.settle();
    assert!(harness.take_sent().is_empty());
    assert_eq!(harness.venue.gateway().counters().forged, 23);
    assert_eq!(harness.venue.exchange().state_hash(), hash);
}

#[test]
fn truncated_and_overfull_packets_are_dropped_whole() {
    let mut harness = Harness::logged_in(false);
    let packet = harness.packet(1, &[order(1, OrderSide::Buy, 100, 1), order(2, OrderSide::Buy, 100, 1)]);
    let hash = harness.venue.exchange().state_hash();
    for len in 0..packet.len() {
        harness.receive(Endpoint::OrderEntry, CLIENT, &packet[..len]);
    }
    let mut longer = packet.clone();
    longer.push(0);
    harness.receive(Endpoint::OrderEntry, CLIENT, &longer);
    assert_eq!(harness.venue.exchange().state_hash(), hash);
    assert_eq!(harness.venue.gateway().counters().malformed, packet.len() as u64 + 1);
    harness.receive(Endpoint::OrderEntry, CLIENT, &packet);
    harness.settle();
    assert_eq!(kinds(&harness.take_reports()), "AA");
}

#[test]
fn a_message_that_cannot_be_read_is_answered_and_takes_its_number() {
    let mut harness = Harness::logged_in(false);
    let mut truncated = order(1, OrderSide::Buy, 100, 1);
    truncated.pop();
    let mut wrong_side = order(2, OrderSide::Buy, 100, 1);
    wrong_side[5] = b'Z';
    let messages = [vec![], b"?".to_vec(), truncated, wrong_side, vec![b'O'; 300], order(3, OrderSide::Buy, 100, 1)];
    harness.send(1, &messages);
    harness.settle();
    let reports = harness.take_reports();
    assert_eq!(kinds(&reports), "JJJJJA");
    let refused: Vec<_> = reports[..5]
        .iter()
        .map(|report| match decode(report) {
            Outbound::Rejected(rejected) => (rejected.user_ref.0, rejected.reason),
            other => panic!("expected a refusal, found {other:?}"),
        })
        .collect();
    let malformed = RejectReason::MALFORMED;
    assert_eq!(
        refused,
        [(0, malformed), (0, malformed), (1, malformed), (2, RejectReason::INVALID_SIDE), (0, malformed)]
    );
    assert_eq!(harness.venue.exchange().book().order_count(), 1);
    harness.replayed();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever arrives: no panic, and without a genuine session nothing changes.
    #[test]
    fn no_bytes_from_outside_do_harm(
        packets in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)), 1..30),
    ) {
        let mut harness = Harness::logged_in(false);
        let hash = harness.venue.exchange().state_hash();
        for (rerequest, bytes) in &packets {
            let endpoint = if *rerequest { Endpoint::Rerequest } else { Endpoint::OrderEntry };
            harness.receive(endpoint, CLIENT, bytes);
        }
        harness.settle();
        prop_assert_eq!(harness.venue.exchange().state_hash(), hash);
    }

    /// Whatever a client that has logged in sends: no panic, every message is answered or is a retransmission, and replay of the
    /// journal gives the same state.
    #[test]
    fn no_messages_of_a_client_do_harm(
        messages in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                (1u32..20, 1i64..20, 0u32..5, any::<bool>()).prop_map(|(user_ref, price, qty, buys)| {
                    order(user_ref, if buys { OrderSide::Buy } else { OrderSide::Sell }, price, qty)
                }),
                (0usize..60, any::<u8>()).prop_map(|(at, byte)| {
                    let mut bytes = order(9, OrderSide::Sell, 5, 5);
                    if let Some(place) = bytes.get_mut(at) { *place = byte; }
                    bytes
                }),
            ],
            1..20,
        ),
    ) {
        let mut harness = Harness::logged_in(false);
        harness.send(1, &messages);
        harness.settle();
        let ignored = harness.venue.exchange().ignored();
        prop_assert!(harness.take_reports().len() as u64 + ignored >= messages.len() as u64);
        let replayed = harness.replayed();
        prop_assert_eq!(replayed.exchange().state_hash(), harness.venue.exchange().state_hash());
    }
}
