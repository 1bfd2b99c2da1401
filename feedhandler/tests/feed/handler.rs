//! [`Handler`] by example: each thing that can come, and what becomes of it.

use feedhandler::BookListener;
use feedhandler::handler::{
    Action, Delivery, FeedListener, Handler, HandlerOptions, Join, LineState, RerequestOptions, SnapshotOptions,
    Source, Stale, StaleReason,
};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::{Request, SessionId};

use crate::packets::{OTHER, SESSION, beat, data, end, packet};
use crate::venue_model::{Venue, queues};

const A: Source = Source::Line(0);
const B: Source = Source::Line(1);
const MS: u64 = 1_000_000;
const START: u64 = 1_000 * MS;

/// What was heard, in words.
#[derive(Default)]
struct Ear(Vec<String>);

impl BookListener for Ear {}

impl FeedListener for Ear {
    fn message(&mut self, sequence: u64, _: &[u8], late: bool) {
        self.0.push(format!("{}{sequence}", if late { "late " } else { "" }));
    }
    fn gap(&mut self, from: u64, to: u64) {
        self.0.push(format!("gap {from}..{to}"));
    }
    fn lost(&mut self, from: u64, to: u64) {
        self.0.push(format!("lost {from}..{to}"));
    }
    fn stale(&mut self, stale: Option<Stale>) {
        self.0.push(stale.map_or("fresh".into(), |stale| format!("{:?}", stale.reason)));
    }
    fn snapshot(&mut self, next: u64) {
        self.0.push(format!("snapshot {next}"));
    }
    fn session(&mut self, session: SessionId) {
        self.0.push(format!("session {session}"));
    }
    fn ended(&mut self, next: u64) {
        self.0.push(format!("ended {next}"));
    }
    fn line(&mut self, line: usize, state: LineState) {
        self.0.push(format!("line {line} {state:?}"));
    }
}

impl Ear {
    fn take(&mut self) -> String {
        std::mem::take(&mut self.0).join(", ")
    }
}

/// A handler, its clock, and what it says.
struct Bench {
    handler: Handler,
    ear: Ear,
    now: u64,
}

fn plain() -> HandlerOptions {
    HandlerOptions {
        join: Join::Start,
        rerequest: None,
        snapshot: None,
        window: 64,
        strict: false,
        ..HandlerOptions::new(StreamKind::Depth)
    }
}

impl Bench {
    fn new(options: HandlerOptions) -> Self {
        Self { handler: Handler::new(options), ear: Ear::default(), now: START }
    }

    fn packet(&mut self, source: Source, bytes: &[u8]) -> String {
        self.handler.on_packet(source, bytes, Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    fn wait(&mut self, ns: u64) -> String {
        self.now += ns;
        self.handler.poll(Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    fn snapshot(&mut self, bytes: &[u8]) -> String {
        self.handler.on_snapshot(bytes, Nanos(self.now), &mut self.ear);
        self.ear.take()
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.handler.next_action()).collect()
    }

    fn stale(&self) -> Option<StaleReason> {
        self.handler.stale().map(|stale| stale.reason)
    }
}

#[test]
fn two_lines_make_one_stream() {
    let mut bench = Bench::new(plain());
    assert_eq!(bench.stale(), Some(StaleReason::Waiting));
    assert_eq!(bench.packet(A, &data(SESSION, 1, 2)), "session FEEDTEST01, 1, 2, fresh");
    assert_eq!(bench.packet(B, &data(SESSION, 1, 2)), "");
    assert_eq!(bench.packet(B, &data(SESSION, 2, 3)), "3, 4", "what overlaps is taken in part");
    assert_eq!(bench.packet(A, &data(SESSION, 3, 2)), "");
    let counters = bench.handler.counters();
    assert_eq!((counters.messages, counters.duplicates), (4, 5));
    let lines: Vec<_> = bench.handler.lines().iter().map(|line| (line.packets, line.first, line.lost)).collect();
    assert_eq!(lines, [(2, 2, 0), (2, 2, 0)]);
}

#[test]
fn a_gap_is_known_at_once_and_closed_by_the_other_line() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 1));
    assert_eq!(bench.packet(A, &data(SESSION, 4, 1)), "gap 2..4, Gap");
    assert_eq!(bench.packet(A, &data(SESSION, 5, 1)), "");
    assert_eq!(bench.packet(B, &data(SESSION, 2, 1)), "2");
    assert_eq!(bench.packet(B, &data(SESSION, 3, 1)), "3, 4, 5, fresh");
    assert_eq!(bench.packet(B, &beat(SESSION, 7)), "gap 6..7, Gap", "a heartbeat tells, too");
    assert_eq!(bench.packet(A, &data(SESSION, 6, 1)), "6, fresh");
    assert_eq!(bench.handler.lines()[0].lost, 2);
}

#[test]
fn live_delivery_tells_at_once_and_marks_what_is_late() {
    let mut bench = Bench::new(HandlerOptions { delivery: Delivery::Live, ..plain() });
    bench.packet(A, &data(SESSION, 1, 1));
    assert_eq!(bench.packet(A, &data(SESSION, 4, 1)), "4, gap 2..4, Gap");
    assert_eq!(bench.packet(B, &data(SESSION, 2, 3)), "late 2, late 3, fresh");
    assert_eq!(bench.packet(B, &data(SESSION, 5, 1)), "5");
}

#[test]
fn what_nobody_brings_is_given_up_and_books_stay_stale() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 1));
    bench.packet(A, &data(SESSION, 4, 1));
    assert_eq!(bench.wait(0), "line 0 Up");
    assert_eq!(bench.wait(2 * MS), "lost 2..4, 4, Lost");
    assert_eq!(bench.packet(B, &data(SESSION, 2, 2)), "", "too late");
    assert_eq!(bench.packet(A, &data(SESSION, 5, 1)), "5");
    assert_eq!(bench.stale(), Some(StaleReason::Lost));
    assert_eq!(bench.handler.stale().unwrap().since, Nanos(START));
    assert_eq!(bench.handler.counters().lost, 2);
}

#[test]
fn garbage_changes_nothing() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    let good = data(SESSION, 3, 2);
    for len in 0..good.len() {
        assert_eq!(bench.packet(A, &good[..len]), "", "cut to {len}");
    }
    assert_eq!(bench.packet(Source::Line(9), b"x"), "");
    assert_eq!(bench.packet(Source::Rerequest, b"x"), "");
    assert_eq!(bench.handler.counters().malformed, good.len() as u64 + 2);
    assert_eq!(bench.handler.lines()[0].malformed, good.len() as u64);
    assert_eq!(bench.packet(A, &good), "3, 4");
}

#[test]
fn a_session_that_is_demanded_is_the_only_one() {
    let mut bench = Bench::new(HandlerOptions { session: Some(SESSION), ..plain() });
    for _ in 0..9 {
        assert_eq!(bench.packet(A, &data(OTHER, 1, 1)), "");
    }
    assert_eq!(bench.packet(A, &data(SESSION, 1, 1)), "session FEEDTEST01, 1, fresh");
    assert_eq!(bench.packet(A, &data(OTHER, 2, 1)), "");
    assert_eq!(bench.handler.counters().wrong_session, 10);
}

#[test]
fn another_session_is_believed_when_three_packets_agree() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    assert_eq!(bench.packet(A, &data(OTHER, 1, 1)), "");
    assert_eq!(bench.packet(B, &data(SESSION, 3, 1)), "3", "the session goes on: the other was a mistake");
    for _ in 0..2 {
        assert_eq!(bench.packet(A, &data(OTHER, 1, 1)), "");
    }
    let heard = bench.packet(A, &data(OTHER, 1, 1));
    assert_eq!(heard, "session FEEDTEST02, snapshot 1, 1");
    assert_eq!(bench.packet(B, &data(SESSION, 4, 1)), "", "last packets of the former session, on the slower line");
    assert_eq!((bench.handler.session(), bench.stale()), (Some(OTHER), None));
}

#[test]
fn another_session_is_believed_at_once_after_the_end() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    assert_eq!(bench.packet(A, &end(SESSION, 3)), "ended 3");
    assert_eq!(bench.packet(B, &end(SESSION, 3)), "", "told once");
    assert_eq!(bench.wait(60_000 * MS), "", "an ended session may be silent");
    assert_eq!(bench.packet(A, &data(OTHER, 1, 1)), "session FEEDTEST02, snapshot 1, 1");
}

#[test]
fn the_end_is_told_when_everything_has_come() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    assert_eq!(bench.packet(A, &end(SESSION, 4)), "gap 3..4, Gap");
    assert!(!bench.handler.has_ended());
    assert_eq!(bench.packet(B, &data(SESSION, 3, 1)), "3, ended 4, fresh");
    assert!(bench.handler.has_ended());
}

#[test]
fn silence_is_stale_since_the_last_word() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    bench.packet(B, &data(SESSION, 1, 2));
    assert_eq!(bench.wait(MS), "line 0 Up, line 1 Up");
    bench.now += 2_000 * MS;
    bench.packet(B, &beat(SESSION, 3));
    assert_eq!(bench.wait(1_500 * MS), "line 0 Silent");
    let deadline = bench.handler.poll(Nanos(bench.now), &mut ()).unwrap();
    bench.now = deadline.0 - 1;
    assert_eq!(bench.wait(0), "");
    assert_eq!(bench.wait(1), "line 1 Silent, Silent");
    assert_eq!(bench.handler.stale().unwrap().since, Nanos(START + 2_001 * MS));
    assert_eq!(bench.packet(A, &beat(SESSION, 3)), "fresh");
}

#[test]
fn a_line_behind_the_other_lags() {
    let mut bench = Bench::new(plain());
    for sequence in 1..200 {
        bench.packet(A, &data(SESSION, sequence, 1));
        if sequence > 10 {
            bench.packet(B, &data(SESSION, sequence - 10, 1));
        }
        bench.now += MS;
    }
    bench.wait(0);
    let states: Vec<_> = bench.handler.lines().iter().map(|line| line.state).collect();
    assert_eq!(states, [LineState::Up, LineState::Lagging]);
}

#[test]
fn one_packet_far_ahead_is_not_believed_and_two_are() {
    let mut bench = Bench::new(plain());
    bench.packet(A, &data(SESSION, 1, 2));
    assert_eq!(bench.packet(A, &data(SESSION, 1 << 60, 1)), "");
    assert_eq!(bench.packet(A, &data(SESSION, u64::MAX - 5, 1)), "", "another place altogether");
    assert_eq!(bench.packet(B, &data(SESSION, 3, 1)), "3");
    assert_eq!((bench.handler.counters().jumps, bench.stale()), (2, None));
    assert_eq!(bench.packet(A, &data(SESSION, 1 << 50, 1)), "");
    assert_eq!(bench.packet(A, &data(SESSION, (1 << 50) + 1, 1)), format!("gap 4..{}, Gap", (1_u64 << 50) + 2));
}

#[test]
fn a_publisher_that_goes_back_for_good_is_a_new_one() {
    let snapshot = Some(SnapshotOptions::default());
    let mut bench = Bench::new(HandlerOptions { snapshot, ..plain() });
    bench.packet(A, &data(SESSION, 1, 50));
    assert_eq!(bench.packet(B, &data(SESSION, 1, 50)), "", "a slower line is no regress");
    // It lost power, and goes on from 40.
    let mut heard = String::new();
    for beat_number in 0..8 {
        bench.now += 1_000 * MS;
        heard = bench.packet(A, &beat(SESSION, 40 + beat_number / 4));
        heard += &bench.wait(0);
        if bench.handler.counters().regressions == 0 {
            assert!(bench.stale().is_none() || bench.stale() == Some(StaleReason::Silent));
        } else {
            break;
        }
    }
    assert!(heard.contains("Regressed"), "{heard}");
    assert_eq!(bench.actions(), [Action::OpenSnapshot(SESSION)]);
    let mut venue = Venue::new(StreamKind::Depth, 3);
    while venue.log.len() < 41 {
        venue.act();
    }
    let next = venue.next();
    assert_eq!(bench.snapshot(&venue.snapshot(SESSION)), format!("snapshot {next}, fresh"));
    assert_eq!(bench.packet(A, &data(SESSION, next, 1)), format!("{next}"));
    assert_eq!(bench.handler.counters().regressions, 1);
}

#[test]
fn a_publisher_that_goes_back_is_read_from_the_start_where_there_is_no_snapshot() {
    let rerequest = Some(RerequestOptions::default());
    let mut bench = Bench::new(HandlerOptions { rerequest, regress_ns: 10 * MS, ..plain() });
    bench.packet(A, &data(SESSION, 1, 50));
    for _ in 0..3 {
        bench.now += 6 * MS;
        bench.packet(A, &beat(SESSION, 40));
    }
    bench.wait(2 * MS);
    bench.wait(2 * MS);
    assert_eq!(bench.actions(), [Action::Request(Request { session: SESSION, sequence: 1, count: 39 })]);
    assert_eq!(bench.packet(Source::Rerequest, &data(SESSION, 1, 39)).split(", ").last(), Some("fresh"));
}

#[test]
fn requests_are_made_repeated_and_adapted_to_what_the_server_gives() {
    let rerequest = Some(RerequestOptions { requests_max: 2, ..RerequestOptions::default() });
    let mut bench = Bench::new(HandlerOptions { rerequest, window: 1024, ..plain() });
    bench.packet(A, &data(SESSION, 1, 1));
    bench.packet(A, &data(SESSION, 1_000, 1));
    bench.wait(0);
    assert_eq!(bench.actions(), [], "the other line may bring it");
    bench.wait(2 * MS);
    let request = |sequence, count| Action::Request(Request { session: SESSION, sequence, count });
    assert_eq!(bench.actions(), [request(2, 64), request(66, 64)]);
    bench.wait(60 * MS);
    assert_eq!(bench.actions(), [request(2, 64), request(66, 64)], "again after the timeout");
    bench.packet(Source::Rerequest, &data(SESSION, 2, 10));
    bench.wait(0);
    bench.wait(3 * MS);
    assert_eq!(bench.actions(), [request(12, 54)], "the rest of an answer");
    bench.packet(Source::Rerequest, &data(SESSION, 12, 54));
    bench.wait(0);
    assert_eq!(bench.actions(), [request(130, 20)], "an answer that came whole lets the next be larger");
    assert_eq!(bench.handler.counters().repaired, 64);
}

#[test]
fn a_silent_server_leads_to_a_snapshot() {
    let rerequest = Some(RerequestOptions::default());
    let snapshot = Some(SnapshotOptions::default());
    let mut bench = Bench::new(HandlerOptions { rerequest, snapshot, ..plain() });
    let mut venue = Venue::new(StreamKind::Depth, 4);
    while venue.log.len() < 30 {
        venue.act();
    }
    let tell = |from: u64, count: usize| {
        let from = usize::try_from(from).unwrap();
        packet(SESSION, from as u64, venue.log[from - 1..from - 1 + count].iter().map(Vec::as_slice))
    };
    bench.packet(A, &tell(1, 5));
    bench.packet(A, &tell(8, 3));
    let mut requests = 0;
    let mut open = false;
    for _ in 0..400 {
        bench.wait(10 * MS);
        for action in bench.actions() {
            requests += usize::from(matches!(action, Action::Request(_)));
            open |= action == Action::OpenSnapshot(SESSION);
        }
        if open {
            break;
        }
    }
    assert!(open && requests >= 5, "{requests} requests");
    // The connection is cut in the middle; another is wanted a little later.
    let bytes = venue.snapshot(SESSION);
    bench.snapshot(&bytes[..bytes.len() / 2]);
    bench.handler.on_snapshot_closed(Nanos(bench.now));
    assert_eq!(bench.actions(), [Action::CloseSnapshot]);
    bench.wait(200 * MS);
    assert_eq!(bench.actions(), [Action::OpenSnapshot(SESSION)]);
    let heard = bench.snapshot(&bytes);
    assert!(heard.starts_with(&format!("snapshot {}", venue.next())), "{heard}");
    assert_eq!(bench.stale(), None);
    let mut whole = feedhandler::Books::default();
    whole.apply_all(venue.log.iter().map(Vec::as_slice), &mut ());
    assert_eq!(queues(bench.handler.books().unwrap()), queues(&whole));
}

#[test]
fn a_snapshot_of_another_session_or_of_nothing_is_refused() {
    let snapshot = Some(SnapshotOptions::default());
    let mut bench = Bench::new(HandlerOptions { join: Join::Snapshot, snapshot, ..plain() });
    assert_eq!(bench.packet(A, &data(SESSION, 7, 2)), "session FEEDTEST01, Joining");
    for bytes in
        [&Venue::new(StreamKind::Depth, 1).snapshot(OTHER)[..], b"\0\x02JS", b"\0\x01Z", b"\xff\xff", b"GET / HTTP"]
    {
        bench.wait(5_000 * MS);
        bench.packet(A, &beat(SESSION, 9));
        assert!(bench.actions().contains(&Action::OpenSnapshot(SESSION)));
        assert_eq!(bench.snapshot(bytes), "");
        assert_eq!(bench.stale(), Some(StaleReason::Joining));
    }
    assert_eq!(bench.handler.counters().snapshots_failed, 5);
    // One that says nothing is not waited for for ever.
    bench.wait(5_000 * MS);
    bench.actions();
    bench.wait(5_000 * MS);
    assert_eq!(bench.actions()[0], Action::CloseSnapshot);
}

#[test]
fn a_message_that_does_not_fit_makes_books_stale() {
    let snapshot = Some(SnapshotOptions::default());
    for snapshot in [None, snapshot] {
        let mut bench = Bench::new(HandlerOptions { snapshot, strict: true, ..plain() });
        let mut venue = Venue::new(StreamKind::Depth, 5);
        venue.act();
        venue.act();
        bench.packet(A, &packet(SESSION, 1, venue.log.iter().map(Vec::as_slice)));
        let next = venue.next();
        assert_eq!(bench.stale(), None);
        // An order that was never told is deleted.
        let mut delete = [0; 19];
        (delete[0], delete[18]) = (b'D', 99);
        bench.packet(A, &packet(SESSION, next, [&delete[..]].into_iter()));
        assert_eq!(bench.stale(), Some(StaleReason::Damaged));
        bench.wait(0);
        assert_eq!(bench.actions().is_empty(), snapshot.is_none());
    }
}

/// A million messages are missing in a row while the stream goes on; what it takes is what the servers give.
fn a_million_are_lost(rerequest: Option<RerequestOptions>, snapshot: Option<SnapshotOptions>) -> (u64, String) {
    const LOST: u64 = 1_000_000;
    let mut bench =
        Bench::new(HandlerOptions { rerequest, snapshot, window: 1 << 14, silence_ns: u64::MAX, ..plain() });
    bench.packet(A, &data(SESSION, 1, 10));
    let mut live = LOST + 11;
    let mut rounds = 0;
    while live == LOST + 11 || bench.stale().is_some() {
        rounds += 1;
        assert!(rounds < 20_000, "{:?}", bench.handler.counters());
        bench.packet(A, &data(SESSION, live, 20));
        live += 20;
        bench.wait(MS);
        for action in bench.actions() {
            match action {
                Action::Request(Request { sequence, count, .. }) => {
                    let mut from = sequence;
                    while from < sequence + u64::from(count) {
                        let some = (sequence + u64::from(count) - from).min(50);
                        bench.packet(Source::Rerequest, &data(SESSION, from, some));
                        from += some;
                    }
                }
                Action::OpenSnapshot(_) => {
                    // What a snapshot of the model's venue would say, were it at this message.
                    let bytes = Venue::new(StreamKind::Depth, 1).snapshot(SESSION);
                    let at = bytes.len() - 3 - 20;
                    let mut bytes = bytes;
                    bytes[at..at + 20].copy_from_slice(format!("{live:>20}").as_bytes());
                    bench.snapshot(&bytes);
                }
                Action::CloseSnapshot => {}
            }
        }
        bench.ear.0.clear();
    }
    assert_eq!(bench.handler.next_sequence(), live);
    (rounds, format!("{:?}", bench.handler.counters()))
}

#[test]
fn a_million_lost_in_a_row_are_asked_for_again() {
    let rerequest = RerequestOptions { gap_max: u64::MAX, ..RerequestOptions::default() };
    let (rounds, counters) = a_million_are_lost(Some(rerequest), None);
    println!("{rounds} rounds: {counters}");
    assert!(counters.contains("lost: 0,"), "{counters}");
    assert!(rounds < 1_000, "{rounds}");
}

#[test]
fn a_million_lost_in_a_row_are_replaced_by_a_snapshot() {
    let (rounds, counters) = a_million_are_lost(Some(RerequestOptions::default()), Some(SnapshotOptions::default()));
    assert!(rounds < 10 && counters.contains("snapshots: 1,"), "{rounds}: {counters}");
}
