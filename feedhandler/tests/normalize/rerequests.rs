//! What both lines lost is asked for: it comes in its place, or is given up in a bounded time; and nothing that a server says is believed
//! but what was missing.

use std::collections::VecDeque;

use feedhandler::handler::RerequestOptions;
use feedhandler::normalize::sequencer::{HELD_MAX, HOLD_NS};
use feedhandler::normalize::{AskingCounters, Framing, Inlet, Sequenced};
use proptest::prelude::*;
use wire::Nanos;
use wire::iex::transport::{PROTOCOL_DEEP, VERSION};
use wire::iex::{SegmentBuilder, SegmentHeader};
use wire::mold::{PacketBuilder, Request, SessionId, end_of_session, heartbeat};

const SESSION: SessionId = SessionId(*b"000010059B");
const MS: u64 = 1_000_000;
const OPTIONS: RerequestOptions = RerequestOptions { gap_max: 1 << 20, ..RerequestOptions::DEFAULT };

/// A packet of messages that are their own numbers.
fn packet(session: SessionId, sequences: std::ops::Range<u64>) -> Vec<u8> {
    let mut bytes = vec![0; 1_472];
    let mut builder = PacketBuilder::new(&mut bytes, session, sequences.start).expect("room");
    assert!(sequences.clone().all(|sequence| builder.push(sequence.to_string().as_bytes())), "{sequences:?} fit");
    let len = builder.finish();
    bytes.truncate(len);
    bytes
}

fn beat(sequence: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    assert!(heartbeat(&mut bytes, SESSION, sequence).is_some());
    bytes
}

/// A normaliser's entrance, and what came in.
struct Desk {
    inlet: Inlet,
    now: u64,
    /// The numbers of messages, in order.
    heard: Vec<u64>,
    lost: Vec<(u64, u64)>,
    sessions: u32,
}

impl Desk {
    fn new() -> Self {
        let inlet = Inlet::asking(Some(Framing::Mold), OPTIONS);
        Self { inlet, now: 0, heard: Vec::new(), lost: Vec::new(), sessions: 0 }
    }

    fn with(&mut self, hear: impl FnOnce(&mut Inlet, Nanos, &mut dyn FnMut(Sequenced<'_>))) -> &mut Self {
        let Self { inlet, now, heard, lost, sessions } = self;
        hear(inlet, Nanos(*now), &mut |event| match event {
            Sequenced::Message(bytes) => heard.push(std::str::from_utf8(bytes).unwrap().parse().unwrap()),
            Sequenced::Lost { from, to } => lost.push((from, to)),
            Sequenced::Session => *sessions += 1,
        });
        self
    }

    fn line(&mut self, bytes: &[u8]) -> &mut Self {
        self.with(|inlet, now, mut sink| inlet.datagram(now, bytes, &mut sink))
    }

    fn answer(&mut self, bytes: &[u8]) -> &mut Self {
        self.with(|inlet, now, mut sink| inlet.answer(now, bytes, &mut sink))
    }

    /// Lets time pass, a millisecond at a time, and takes the requests.
    fn pass(&mut self, ms: u64) -> Vec<Request> {
        let mut requests = Vec::new();
        for _ in 0..ms {
            self.now += MS;
            self.with(|inlet, now, mut sink| inlet.look(now, &mut sink));
            requests.extend(std::iter::from_fn(|| self.inlet.next_request()));
        }
        requests
    }

    fn asking(&self) -> AskingCounters {
        self.inlet.asking_counters().expect("somebody is asked")
    }
}

#[test]
fn what_both_lines_lost_is_asked_for_and_comes_in_its_place() {
    let mut desk = Desk::new();
    desk.line(&packet(SESSION, 1..4)).line(&packet(SESSION, 6..9)).line(&packet(SESSION, 10..11));
    assert_eq!(desk.inlet.next_request(), None, "the other line may bring it");
    let requests = desk.pass(2);
    let request = |sequence, count| Request { session: SESSION, sequence, count };
    assert_eq!(requests, [request(4, 2), request(9, 1)]);
    assert_eq!(desk.heard, [1, 2, 3]);
    desk.answer(&packet(SESSION, 9..10)).answer(&packet(SESSION, 4..5)).answer(&packet(SESSION, 5..7));
    assert_eq!((desk.heard.as_slice(), desk.lost.len()), ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].as_slice(), 0));
    assert!(!desk.inlet.is_waiting());
    assert_eq!(desk.pass(5_000), []);
    let AskingCounters { requests, requested, answers, repaired, unanswered, .. } = desk.asking();
    assert_eq!((requests, requested, answers, repaired, unanswered), (2, 3, 3, 3, 0));
}

/// It is waited for at the first hole, asked five times; at the next ones about as long as for another line, asked once; and when it
/// answers, it is trusted as before.
#[test]
fn a_silent_server_is_given_up_and_believed_again() {
    let mut desk = Desk::new();
    desk.line(&packet(SESSION, 1..2)).line(&packet(SESSION, 3..4));
    let first = desk.pass(1_540);
    assert_eq!((first.len(), desk.heard.as_slice()), (5, [1].as_slice()));
    assert_eq!((desk.pass(20).len(), desk.lost.as_slice()), (0, [(2, 3)].as_slice()));

    desk.line(&packet(SESSION, 5..6));
    assert_eq!((desk.pass(HOLD_NS / MS).len(), desk.lost.len()), (1, 1));
    assert_eq!((desk.pass(5).len(), desk.lost.as_slice()), (0, [(2, 3), (4, 5)].as_slice()));

    desk.line(&packet(SESSION, 7..8));
    assert_eq!(desk.pass(5).len(), 1);
    desk.answer(&packet(SESSION, 6..7)).line(&packet(SESSION, 9..10));
    assert_eq!((desk.pass(1_540).len(), desk.lost.len()), (5, 2));
    assert_eq!((desk.pass(20).len(), desk.lost.len()), (0, 3));
    assert_eq!(desk.heard, [1, 3, 5, 6, 7, 9]);
    let AskingCounters { requests, unanswered, silences, .. } = desk.asking();
    assert_eq!((requests, unanswered, silences), (12, 3, 2));
    assert_eq!(desk.inlet.sequencer_counters().lost, 3);
}

#[test]
fn what_is_no_answer_changes_nothing() {
    let mut desk = Desk::new();
    let other = SessionId(*b"ANOTHER   ");
    desk.answer(&packet(SESSION, 1..3));
    assert_eq!((desk.sessions, desk.heard.len()), (0, 0), "an answer begins no session");
    desk.line(&packet(SESSION, 1..2)).line(&packet(SESSION, 3..4));
    assert_eq!(desk.pass(2).len(), 1);
    let mut end = vec![0; 20];
    assert!(end_of_session(&mut end, SESSION, 2).is_some());
    desk.answer(&[]).answer(b"rubbish").answer(&packet(SESSION, 2..3)[..21]);
    desk.answer(&packet(other, 2..3)).answer(&beat(1_000_000)).answer(&end);
    // Nor does it tell of messages that no line has told of.
    desk.answer(&packet(SESSION, 4..9)).answer(&packet(SESSION, u64::MAX - 1..u64::MAX)).answer(&packet(SESSION, 1..2));
    assert_eq!((desk.heard.as_slice(), desk.lost.len(), desk.sessions), ([1].as_slice(), 0, 1));
    assert!(!desk.inlet.has_ended() && desk.inlet.is_waiting());
    // Of a packet that has both, what was missing is taken.
    desk.answer(&packet(SESSION, 2..6));
    assert_eq!(desk.heard, [1, 2, 3]);
    let AskingCounters { malformed, wrong_session, repaired, .. } = desk.asking();
    assert_eq!((malformed, wrong_session, repaired), (3, 2, 1));
    assert_eq!(desk.inlet.sequencer_counters().sessions, 1);
}

/// Neither a long hole nor a long stream behind it fills the memory, and both come.
#[test]
fn a_hole_longer_than_what_may_be_held_is_filled_piece_by_piece() {
    let mut desk = Desk::new();
    let held = u64::try_from(HELD_MAX).expect("small");
    let (gone, end) = (1 + 2 * held, 1 + 4 * held);
    desk.line(&packet(SESSION, 1..2));
    let mut live = gone;
    let mut asked: VecDeque<Request> = VecDeque::new();
    for _ in 0..20_000 {
        if live < end {
            let to = (live + 50).min(end);
            desk.line(&packet(SESSION, live..to));
            live = to;
        }
        asked.extend(desk.pass(1));
        // A server that gives 200 messages for a request, and takes one request at a time.
        if let Some(Request { session, sequence, count }) = asked.pop_front() {
            assert!(session == SESSION && (1..=1_024).contains(&count), "{count}");
            let to = (sequence + u64::from(count.min(200))).min(live);
            for from in (sequence..to).step_by(50) {
                desk.answer(&packet(SESSION, from..(from + 50).min(to)));
            }
        }
        if live == end && !desk.inlet.is_waiting() {
            break;
        }
    }
    assert!(desk.lost.is_empty(), "{:?}, {:?}", desk.lost, desk.asking());
    assert!(desk.heard.iter().copied().eq(1..end), "{} of {end}", desk.heard.len());
    assert!(desk.asking().beyond > 0, "{:?}", desk.asking());
}

/// What was asked for in the session before is nobody's any more.
#[test]
fn another_session_ends_all_requests() {
    let mut desk = Desk::new();
    let other = SessionId(*b"ANOTHER   ");
    desk.line(&packet(SESSION, 1..2)).line(&packet(SESSION, 3..4));
    assert_eq!(desk.pass(2).len(), 1);
    desk.line(&packet(other, 1..3));
    assert_eq!((desk.sessions, desk.lost.as_slice()), (2, [(2, 3)].as_slice()));
    assert_eq!(desk.pass(2_000), []);
    desk.answer(&packet(SESSION, 2..3));
    assert_eq!(desk.heard, [1, 3, 1, 2]);
    desk.line(&packet(other, 4..5));
    assert_eq!(desk.pass(2), [Request { session: other, sequence: 3, count: 1 }]);
}

#[test]
fn nobody_is_asked_over_iex_tp() {
    let mut inlet = Inlet::asking(None, OPTIONS);
    let mut bytes = [0; 128];
    for (now, sequence) in [(0, 1), (0, 3), (HOLD_NS + 1, 4)] {
        let header = SegmentHeader {
            version: VERSION,
            reserved: 0,
            protocol: PROTOCOL_DEEP,
            channel: 1,
            session: 7,
            payload_len: 0,
            count: 0,
            stream_offset: 0,
            sequence,
            send_time: Nanos(0),
        };
        let mut segment = SegmentBuilder::new(&mut bytes, header).expect("room");
        assert!(segment.push(b"message"));
        let len = segment.finish();
        inlet.datagram(Nanos(now), &bytes[..len], &mut |_| {});
    }
    assert_eq!((inlet.framing(), inlet.asking_counters(), inlet.next_request()), (Some(Framing::IexTp), None, None));
    assert_eq!(inlet.sequencer_counters().lost, 1, "the hole was not open for longer than it is without a server");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever both lines lose and reorder, and whatever the way from the server loses, all of it comes in order.
    #[test]
    fn whatever_is_lost_comes(
        sizes in prop::collection::vec(1_u64..40, 1..8),
        fates in prop::collection::vec(0_usize..6, 5..60),
        answers in prop::collection::vec(prop::bool::weighted(0.7), 3..30),
        gives in 1_u64..100,
    ) {
        let (mut desk, mut at, mut turn, mut answer) = (Desk::new(), 1, 0, 0);
        let mut late: VecDeque<(usize, Vec<u8>)> = VecDeque::new();
        let mut serve = |desk: &mut Desk, requests: Vec<Request>, live: u64| {
            for Request { sequence, count, .. } in requests {
                answer += 1;
                let to = (sequence + u64::from(count).min(gives)).min(live);
                if answers[answer % answers.len()] && to > sequence {
                    desk.answer(&packet(SESSION, sequence..to));
                }
            }
        };
        while at < 2_000 {
            let to = at + sizes[turn % sizes.len()];
            match fates[turn % fates.len()] {
                // Neither line brings it.
                0 if at > 1 => {}
                // It comes after those behind it.
                1 if at > 1 => late.push_back((turn + 3, packet(SESSION, at..to))),
                _ => { desk.line(&packet(SESSION, at..to)); }
            }
            while late.front().is_some_and(|(due, _)| *due <= turn) {
                let (_, bytes) = late.pop_front().expect("it is there");
                desk.line(&bytes);
            }
            (at, turn) = (to, turn + 1);
            let requests = desk.pass(1);
            serve(&mut desk, requests, at);
        }
        desk.line(&beat(at));
        for _ in 0..20_000 {
            if !desk.inlet.is_waiting() {
                break;
            }
            let requests = desk.pass(1);
            serve(&mut desk, requests, at);
        }
        // Five answers to one request may be lost in a row, seldom; then that is known.
        let lost: u64 = desk.lost.iter().map(|(from, to)| to - from).sum();
        prop_assert_eq!(lost, desk.inlet.sequencer_counters().lost);
        prop_assert_eq!(u64::try_from(desk.lost.len()).unwrap(), desk.asking().unanswered);
        let gone = |number: &u64| desk.lost.iter().any(|(from, to)| (from..to).contains(&number));
        let expected: Vec<u64> = (1..at).filter(|number| !gone(number)).collect();
        prop_assert!(desk.heard == expected);
        if answers.iter().all(|comes| *comes) {
            prop_assert_eq!(lost, 0);
        }
    }
}
