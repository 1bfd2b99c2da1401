//! [`Handler`](feedhandler::handler::Handler) by example: each thing that can come over the lines, and what becomes of it.

use feedhandler::handler::{
    Action, Delivery, HandlerOptions, LineState, RerequestOptions, SnapshotOptions, Source, StaleReason,
};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::Request;

use crate::bench::{A, B, Bench, MS, START, plain};
use crate::packets::{OTHER, SESSION, beat, data, end};
use crate::venue_model::Venue;

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
