//! [`Handler`] under random packets: what two lines bring is told once, and no bytes break it.

use std::collections::BTreeSet;

use feedhandler::BookListener;
use feedhandler::handler::{Delivery, FeedListener, Handler, HandlerOptions, Join, Source};
use proptest::prelude::*;
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::SessionId;

use crate::packets::{SESSION, beat, data};

/// Nobody is asked for anything.
fn alone(kind: StreamKind, delivery: Delivery, join: Join) -> Handler {
    let options = HandlerOptions::new(kind);
    Handler::new(HandlerOptions {
        delivery,
        join,
        rerequest: None,
        snapshot: None,
        window: 1_024,
        strict: false,
        ..options
    })
}

const DELIVERIES: [Delivery; 2] = [Delivery::InOrder, Delivery::Live];

/// Checks that each message is told once, and marked where one with a higher number was told before.
#[derive(Default)]
struct Once {
    told: BTreeSet<u64>,
}

impl BookListener for Once {}

impl FeedListener for Once {
    fn message(&mut self, sequence: u64, bytes: &[u8], late: bool) {
        assert_eq!(bytes, sequence.to_be_bytes());
        assert_eq!(late, self.told.last().is_some_and(|last| *last > sequence), "{sequence}");
        assert!(self.told.insert(sequence), "{sequence} came twice");
    }
}

/// A stream cut into packets and sent over two lines that lose and delay packets independently.
#[derive(Clone, Debug)]
struct Transmission {
    /// Each with the line over which it comes.
    packets: Vec<(usize, Vec<u8>)>,
    arrived: BTreeSet<u64>,
}

fn transmission() -> impl Strategy<Value = Transmission> {
    // Per packet: messages, and for each line whether it arrives and how much later than its turn.
    let line = || (prop::bool::weighted(0.8), 0_usize..6);
    prop::collection::vec((0_u64..5, line(), line()), 1..60).prop_map(|cut| {
        let mut arrived = BTreeSet::new();
        let mut due: Vec<(usize, (usize, Vec<u8>))> = Vec::new();
        let mut sequence = 1;
        for (turn, (count, a, b)) in cut.into_iter().enumerate() {
            let bytes = if count == 0 { beat(SESSION, sequence) } else { data(SESSION, sequence, count) };
            for (line, (arrives, delay)) in [a, b].into_iter().enumerate() {
                if arrives {
                    arrived.extend(sequence..sequence + count);
                    due.push((turn + delay, (line, bytes.clone())));
                }
            }
            sequence += count;
        }
        due.sort_by_key(|(turn, _)| *turn);
        Transmission { packets: due.into_iter().map(|(_, packet)| packet).collect(), arrived }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_arrived_is_told_once_and_the_first_that_did_not_is_next(transmission in transmission()) {
        let first_missing = (1..).find(|sequence| !transmission.arrived.contains(sequence)).unwrap();
        for delivery in DELIVERIES {
            let (mut handler, mut once) = (alone(StreamKind::Tick, delivery, Join::At(1)), Once::default());
            for (line, packet) in &transmission.packets {
                handler.on_packet(Source::Line(*line), packet, Nanos(1), &mut once);
            }
            let told: BTreeSet<u64> = match delivery {
                Delivery::Live => transmission.arrived.clone(),
                Delivery::InOrder => (1..first_missing).collect(),
            };
            prop_assert_eq!(&once.told, &told);
            prop_assert_eq!(handler.next_sequence().max(1), first_missing);
            let is_whole = handler.session().is_some() && handler.next_sequence() == handler.highest_sequence();
            prop_assert_eq!(handler.stale().is_none(), is_whole);
        }
    }

    #[test]
    fn random_bytes_are_survived(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
        for delivery in DELIVERIES {
            let mut handler = alone(StreamKind::Depth, delivery, Join::At(1));
            for (now, packet) in (1..).zip(&packets) {
                handler.on_packet(Source::Line(0), packet, Nanos(now), &mut ());
                handler.poll(Nanos(now), &mut ());
            }
        }
    }

    #[test]
    fn random_headers_are_survived(
        headers in prop::collection::vec(
            (0_u8..3, prop_oneof![any::<u64>(), 0_u64..3_000, u64::MAX - 3_000..=u64::MAX], prop_oneof![Just(0_u16), Just(0xFFFF), 0_u16..9]),
            0..200,
        ),
        step_ns in 1_u64..2_000_000_000,
    ) {
        for (delivery, join) in DELIVERIES.into_iter().zip([Join::FirstPacket, Join::Start]) {
            let mut handler = alone(StreamKind::Depth, delivery, join);
            for (turn, (session, sequence, count)) in (1..).zip(&headers) {
                let (session, now) = (SessionId([b'0' + session; 10]), Nanos(turn * step_ns));
                let mut bytes = [session.0.as_slice(), &sequence.to_be_bytes(), &count.to_be_bytes()].concat();
                // Empty messages, as many as announced.
                bytes.extend(std::iter::repeat_n(0, if *count == 0xFFFF { 0 } else { 2 * usize::from(*count) }));
                handler.on_packet(Source::Line(0), &bytes, now, &mut ());
                handler.poll(now, &mut ());
            }
        }
    }
}
