//! [`Handler`](feedhandler::handler::Handler) by example: what is asked for again, what a snapshot mends, and what neither does.

use feedhandler::handler::{Action, HandlerOptions, Join, RerequestOptions, SnapshotOptions, Source, StaleReason};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::Request;

use crate::bench::{A, Bench, MS, plain};
use crate::packets::{OTHER, SESSION, beat, data, packet};
use crate::venue_model::{Venue, queues};

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
