//! [`FeedLine`] by example and by random streams.

use std::collections::BTreeSet;

use feedhandler::line::{GAPS_MAX, LATE_MESSAGES_MAX, LineCounters};
use feedhandler::{FeedEvent, FeedLine, Join};
use proptest::prelude::*;
use wire::mold::SessionId;

use crate::packets::{OTHER, SESSION, beat, data, end};

/// The events of one packet as short text.
fn events(line: &mut FeedLine, bytes: &[u8]) -> Vec<String> {
    let mut events = Vec::new();
    let result = line.packet(bytes, &mut |event| {
        events.push(match event {
            FeedEvent::Message { sequence, bytes, late } => {
                assert_eq!(bytes, sequence.to_be_bytes());
                format!("{}{sequence}", if late { "late " } else { "" })
            }
            FeedEvent::Gap { from, to } => format!("gap {from}..{to}"),
            FeedEvent::Lost { from, to } => format!("lost {from}..{to}"),
            FeedEvent::Session { session } => format!("session {session}"),
            FeedEvent::EndOfSession { next } => format!("end {next}"),
        });
    });
    result.unwrap();
    events
}

/// A line that has seen messages 1 to 3.
fn started() -> FeedLine {
    let mut line = FeedLine::new(Join::At(1));
    assert_eq!(events(&mut line, &data(SESSION, 1, 3)), ["session FEEDTEST01", "1", "2", "3"]);
    line
}

#[test]
fn whichever_line_is_first_wins() {
    let mut line = started();
    assert_eq!(events(&mut line, &data(SESSION, 1, 3)), [""; 0]);
    assert_eq!(events(&mut line, &data(SESSION, 4, 2)), ["4", "5"]);
    // The lines may cut the stream into packets differently.
    assert_eq!(events(&mut line, &data(SESSION, 3, 4)), ["6"]);
    let LineCounters { packets, messages, duplicates, gaps, .. } = line.counters();
    assert_eq!((packets, messages, duplicates, gaps), (4, 6, 6, 0));
}

#[test]
fn a_gap_is_declared_at_once_and_filled_late() {
    let mut line = started();
    assert_eq!(events(&mut line, &data(SESSION, 7, 1)), ["gap 4..7", "7"]);
    assert_eq!(line.gaps().collect::<Vec<_>>(), [(4, 7)]);
    assert_eq!(line.counters().missing, 3);
    assert_eq!(events(&mut line, &data(SESSION, 5, 1)), ["late 5"]);
    assert_eq!(line.gaps().collect::<Vec<_>>(), [(4, 5), (6, 7)]);
    assert_eq!(events(&mut line, &data(SESSION, 4, 4)), ["late 4", "late 6"]);
    assert!(!line.has_gaps());
    assert_eq!(events(&mut line, &data(SESSION, 8, 1)), ["8"]);
    let LineCounters { messages, late, duplicates, gaps, missing, lost, .. } = line.counters();
    assert_eq!((messages, late, duplicates, gaps, missing, lost), (5, 3, 2, 1, 0, 0));
}

#[test]
fn a_heartbeat_shows_what_the_tail_lost() {
    let mut line = started();
    assert_eq!(events(&mut line, &beat(SESSION, 4)), [""; 0]);
    assert_eq!(events(&mut line, &beat(SESSION, 6)), ["gap 4..6"]);
    assert_eq!(events(&mut line, &data(SESSION, 4, 2)), ["late 4", "late 5"]);
    // The slower line's old heartbeat means nothing.
    assert_eq!(events(&mut line, &beat(SESSION, 4)), [""; 0]);
    assert_eq!(line.counters().heartbeats, 3);
}

#[test]
fn the_end_is_told_once_and_its_tail_can_still_come() {
    let mut line = started();
    assert_eq!(events(&mut line, &end(SESSION, 5)), ["gap 4..5", "end 5"]);
    assert_eq!(events(&mut line, &end(SESSION, 5)), [""; 0]);
    assert_eq!(events(&mut line, &data(SESSION, 4, 1)), ["late 4"]);
}

#[test]
fn a_session_begins_anew_and_the_former_one_does_not_come_back() {
    let mut line = started();
    assert_eq!(events(&mut line, &data(SESSION, 5, 1)), ["gap 4..5", "5"]);
    assert_eq!(events(&mut line, &data(OTHER, 1, 1)), ["session FEEDTEST02", "1"]);
    assert_eq!(events(&mut line, &data(SESSION, 6, 1)), [""; 0]);
    assert_eq!(events(&mut line, &data(OTHER, 2, 1)), ["2"]);
    let LineCounters { sessions, stale, lost, missing, .. } = line.counters();
    assert_eq!((sessions, stale, lost, missing), (2, 1, 1, 0));
    assert_eq!(line.session(), Some(OTHER));
}

#[test]
fn joining_late_is_the_callers_choice() {
    let mut line = FeedLine::new(Join::AtFirstPacket);
    assert_eq!(events(&mut line, &data(SESSION, 9, 1)), ["session FEEDTEST01", "9"]);
    assert_eq!(events(&mut line, &data(SESSION, 8, 1)), [""; 0]);
    let mut line = FeedLine::new(Join::At(7));
    assert_eq!(events(&mut line, &beat(SESSION, 9)), ["session FEEDTEST01", "gap 7..9"]);
    assert_eq!(line.next_sequence(), 9);
}

#[test]
fn a_malformed_packet_changes_nothing() {
    let mut line = started();
    let mut bytes = data(SESSION, 4, 2);
    bytes.pop();
    assert!(line.packet(&bytes, &mut |event| panic!("{event:?}")).is_err());
    assert_eq!(line.counters().malformed, 1);
    assert_eq!(events(&mut line, &data(SESSION, 4, 1)), ["4"]);
}

#[test]
fn the_oldest_gap_is_given_up_when_there_are_too_many() {
    let mut line = started();
    let gaps = u64::try_from(GAPS_MAX).unwrap();
    // Odd numbers from 5 on: 4, 6, 8, … are missing.
    for index in 0..gaps {
        assert_eq!(events(&mut line, &data(SESSION, 5 + 2 * index, 1)).len(), 2);
    }
    let next = 5 + 2 * gaps;
    assert_eq!(events(&mut line, &data(SESSION, next, 1))[0], "lost 4..5");
    assert_eq!(line.gaps().count(), GAPS_MAX);
    assert_eq!(events(&mut line, &data(SESSION, 4, 1)), [""; 0]);
    assert_eq!(events(&mut line, &data(SESSION, 6, 1)), ["late 6"]);
    assert_eq!(line.counters().missing, gaps - 1);
    assert_eq!(line.counters().lost, 1);
}

#[test]
fn splitting_a_gap_when_there_are_too_many_gives_up_the_oldest_part() {
    for first_is_split in [true, false] {
        let mut line = FeedLine::new(Join::At(1));
        let gaps = u64::try_from(GAPS_MAX).unwrap();
        // Three missing before every fourth: 1..4, 5..8, …
        for index in 1..=gaps {
            events(&mut line, &data(SESSION, 4 * index, 1));
        }
        assert_eq!(line.gaps().count(), GAPS_MAX);
        let (split, lost) = if first_is_split { (2, "lost 1..2") } else { (6, "lost 1..4") };
        assert_eq!(events(&mut line, &data(SESSION, split, 1)), [lost.to_owned(), format!("late {split}")]);
        assert_eq!(line.gaps().count(), GAPS_MAX);
        let missing: u64 = line.gaps().map(|(from, to)| to - from).sum();
        assert_eq!(line.counters().missing, missing);
        assert!(line.gaps().zip(line.gaps().skip(1)).all(|(one, other)| one.1 < other.0));
    }
}

#[test]
fn a_gap_far_behind_is_given_up() {
    let mut line = started();
    assert_eq!(events(&mut line, &data(SESSION, 5, 1)), ["gap 4..5", "5"]);
    let mut sequence = 6;
    let mut told = Vec::new();
    while sequence <= 5 + LATE_MESSAGES_MAX {
        told.extend(
            events(&mut line, &data(SESSION, sequence, 100)).into_iter().filter(|text| text.starts_with("lost")),
        );
        sequence += 100;
    }
    assert_eq!(told, ["lost 4..5"]);
    assert!(!line.has_gaps());
}

/// A stream cut into packets and sent over two lines that lose and delay packets independently.
#[derive(Clone, Debug)]
struct Transmission {
    packets: Vec<Vec<u8>>,
    sent: BTreeSet<u64>,
    arrived: BTreeSet<u64>,
}

fn transmission() -> impl Strategy<Value = Transmission> {
    // Per packet: messages, and for each line whether it arrives and how much later than its turn.
    let line = || (prop::bool::weighted(0.8), 0_usize..6);
    prop::collection::vec((0_u64..5, line(), line()), 1..60).prop_map(|cut| {
        let (mut sent, mut arrived) = (BTreeSet::new(), BTreeSet::new());
        let mut due: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut sequence = 1;
        for (turn, (count, a, b)) in cut.into_iter().enumerate() {
            let bytes = if count == 0 { beat(SESSION, sequence) } else { data(SESSION, sequence, count) };
            sent.extend(sequence..sequence + count);
            for (arrives, delay) in [a, b] {
                if arrives {
                    arrived.extend(sequence..sequence + count);
                    due.push((turn + delay, bytes.clone()));
                }
            }
            sequence += count;
        }
        due.sort_by_key(|(turn, _)| *turn);
        Transmission { packets: due.into_iter().map(|(_, bytes)| bytes).collect(), sent, arrived }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_arrived_is_delivered_once_and_what_did_not_is_a_gap(transmission in transmission()) {
        let mut line = FeedLine::new(Join::At(1));
        let mut delivered = BTreeSet::new();
        // One more than the highest number known of.
        let mut known = 1;
        for packet in &transmission.packets {
            line.packet(packet, &mut |event| {
                match event {
                    FeedEvent::Message { sequence, late, .. } => {
                        assert!(delivered.insert(sequence), "{sequence} came twice");
                        assert_eq!(late, sequence < known);
                        known = known.max(sequence + 1);
                    }
                    FeedEvent::Gap { from, to } => {
                        assert_eq!(from, known);
                        known = to;
                    }
                    other => assert!(matches!(other, FeedEvent::Session { session: SESSION })),
                }
            }).unwrap();
        }
        prop_assert_eq!(&delivered, &transmission.arrived);
        let missing: BTreeSet<u64> = line.gaps().flat_map(|(from, to)| from..to).collect();
        let expected: BTreeSet<u64> =
            transmission.sent.iter().copied().filter(|n| *n < line.next_sequence() && !delivered.contains(n)).collect();
        prop_assert_eq!(line.counters().missing, missing.len() as u64);
        prop_assert_eq!(missing, expected);
    }

    #[test]
    fn random_bytes_are_survived(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut line = FeedLine::new(Join::At(1));
        for packet in &packets {
            let _ = line.packet(packet, &mut |_| {});
        }
    }

    #[test]
    fn random_headers_are_survived(
        headers in prop::collection::vec((0_u8..3, any::<u64>(), prop_oneof![Just(0_u16), Just(0xFFFF), 0_u16..9]), 0..200),
    ) {
        let mut line = FeedLine::new(Join::AtFirstPacket);
        for (session, sequence, count) in headers {
            let session = SessionId([b'0' + session; 10]);
            let mut bytes = [session.0.as_slice(), &sequence.to_be_bytes(), &count.to_be_bytes()].concat();
            // Empty messages, as many as announced.
            bytes.extend(std::iter::repeat_n(0, if count == 0xFFFF { 0 } else { 2 * usize::from(count) }));
            let _ = line.packet(&bytes, &mut |_| {});
            prop_assert!(line.gaps().count() <= GAPS_MAX);
        }
    }
}
