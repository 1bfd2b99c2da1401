//! A venue behind a bad network: two lines that lose, double, delay and fail, a re-request server that loses and refuses, a snapshot
//! server that is slow and cuts off. For every seed, at every moment: the books are those of the venue after the message that the
//! handler names, or the handler says stale; and in the end they are equal.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use feedhandler::BookListener;
use feedhandler::handler::{
    Action, Delivery, FeedListener, Handler, HandlerOptions, Join, RerequestOptions, SnapshotOptions, Source, Stale,
};
use wire::Nanos;
use wire::feed::StreamKind;
use wire::mold::Request;

use crate::network::{DELAY_MAX, MS, Network, US, Weather, What};
use crate::packets::{SESSION, beat, end, packet};
use crate::venue_model::{Random, Truth, Venue, queues};

const HEARTBEAT: u64 = 2 * MS;
const SILENCE: u64 = 3 * HEARTBEAT;

/// Counts what it hears, and that each message comes once.
#[derive(Default)]
struct Ear {
    told: Vec<bool>,
    in_order: bool,
    last: u64,
    stale: u64,
    snapshots: u64,
    ended: u64,
}

impl BookListener for Ear {}

impl FeedListener for Ear {
    fn message(&mut self, sequence: u64, _: &[u8], late: bool) {
        let place = usize::try_from(sequence).unwrap();
        if self.told.len() <= place {
            self.told.resize(place + 1, false);
        }
        assert!(!self.told[place], "message {sequence} comes twice");
        self.told[place] = true;
        assert!(!self.in_order || !late && sequence > self.last, "{sequence} after {}", self.last);
        assert_eq!(late, sequence < self.last);
        self.last = self.last.max(sequence);
    }

    fn stale(&mut self, stale: Option<Stale>) {
        self.stale += u64::from(stale.is_some());
    }

    fn snapshot(&mut self, _: u64) {
        self.snapshots += 1;
    }

    fn ended(&mut self, _: u64) {
        self.ended += 1;
    }
}

struct World {
    venue: Venue,
    network: Network,
    handler: Handler,
    ear: Ear,
    /// The venue's books as the handler should have them, and after which message.
    truth: (Truth, u64),
    /// Times and the next number then.
    history: Vec<(u64, u64)>,
    fresh_looks: u64,
    stale_looks: u64,
}

/// What is to be seen of a run.
#[derive(Debug, Default)]
struct Seen {
    gaps: u64,
    repaired: u64,
    snapshots: u64,
    failed: u64,
    stale: u64,
    fresh: u64,
}

fn options(kind: StreamKind, delivery: Delivery, random: &mut Random) -> HandlerOptions {
    let join = if random.chance(50) { Join::Snapshot } else { Join::Start };
    let rerequest = RerequestOptions {
        chunk_max: 64,
        requests_max: 4,
        timeout_ns: MS,
        rest_ns: 200 * US,
        attempts_max: 3,
        gap_max: 400,
        open_max_ns: 20 * MS,
    };
    let snapshot = SnapshotOptions { timeout_ns: 3 * MS, retry_ns: MS };
    // Whoever has only one of the two must do with it.
    let which = random.below(4);
    let snapshot = (which != 1 || join == Join::Snapshot).then_some(snapshot);
    // Live delivery does not wait: with neither room nor snapshots it gives up.
    let small = random.chance(30) && (delivery == Delivery::InOrder || snapshot.is_some());
    HandlerOptions {
        session: random.chance(50).then_some(SESSION),
        delivery,
        join,
        line_wait_ns: 200 * US,
        rerequest: (which != 0 || join == Join::Start).then_some(rerequest),
        snapshot,
        window: if small { 64 } else { 4_096 },
        silence_ns: SILENCE,
        regress_ns: 1_000 * MS,
        ..HandlerOptions::new(kind)
    }
}

impl World {
    fn new(seed: u64, kind: StreamKind, delivery: Delivery) -> Self {
        let mut random = Random::new(seed ^ 0x5EED);
        let handler = Handler::new(options(kind, delivery, &mut random));
        let calm = Weather {
            until: 0,
            loss: [0, 0],
            doubled: 0,
            request_loss: 0,
            refused: 0,
            snapshot_cut: 0,
            snapshot_pace: 20 * US,
        };
        Self {
            venue: Venue::new(kind, seed),
            network: Network { random, queue: BinaryHeap::new(), whats: Vec::new(), weather: calm, connection: 0 },
            handler,
            ear: Ear { in_order: delivery == Delivery::InOrder, ..Ear::default() },
            truth: (Truth::new(kind), 1),
            history: vec![(0, 1)],
            fresh_looks: 0,
            stale_looks: 0,
        }
    }

    fn run(&mut self, length: u64) -> Seen {
        let (mut now, mut publish_at, mut last_packet) = (1, 1, 0);
        let mut poll_at = None;
        // When the session ends, the weather is fine, until everything must have come.
        let last_word = length + 400 * MS;
        while now < last_word {
            if now >= self.network.weather.until {
                self.network.change_weather(now, now >= length);
            }
            if now >= publish_at {
                let quiet = self.publish(now, length, last_packet);
                if !quiet {
                    last_packet = now;
                }
                publish_at = now + 50 * US + self.network.random.below(100 * US);
            }
            while let Some(Reverse((at, index))) = self.network.queue.peek().copied()
                && at <= now
            {
                self.network.queue.pop();
                let what = self.network.whats[usize::try_from(index).unwrap()].take().unwrap();
                self.arrive(what, now);
                self.check(now);
            }
            if poll_at.is_none_or(|at| at <= now) {
                poll_at = self.handler.poll(Nanos(now), &mut self.ear).map(|at| at.0.max(now + 1));
                self.check(now);
            }
            while let Some(action) = self.handler.next_action() {
                self.act(action, now);
            }
            let queued = self.network.queue.peek().map(|Reverse((at, _))| *at);
            let next = [queued, poll_at, Some(publish_at)].into_iter().flatten().min().unwrap();
            now = next.max(now + 1);
            // Whatever came may have changed when the handler wants to be asked.
            poll_at = Some(poll_at.unwrap_or(u64::MAX).min(now + 100 * US));
        }
        let counters = self.handler.counters();
        assert_eq!(self.handler.stale(), None, "{counters:?}");
        assert_eq!(self.handler.next_sequence(), self.venue.next());
        assert!(self.handler.has_ended());
        assert!(self.ear.ended >= 1);
        assert_eq!(counters.lost, 0);
        if self.ear.snapshots == 0 {
            assert!(self.ear.told[1..].iter().all(|told| *told), "without a snapshot every message comes");
        }
        Seen {
            gaps: counters.gaps,
            repaired: counters.repaired,
            snapshots: counters.snapshots,
            failed: counters.snapshots_failed,
            stale: self.stale_looks,
            fresh: self.fresh_looks,
        }
    }

    /// The venue acts and sends; says whether it sent nothing.
    fn publish(&mut self, now: u64, length: u64, last_packet: u64) -> bool {
        let first = self.venue.next();
        let busy = now < length && self.venue.random.chance(70);
        if busy {
            for _ in 0..=self.venue.random.below(6) {
                self.venue.act();
            }
            // Bursts, now and then.
            if self.venue.random.chance(1) {
                for _ in 0..200 {
                    self.venue.act();
                }
            }
        }
        let next = self.venue.next();
        if next > first {
            self.history.push((now, next));
            let mut sequence = first;
            while sequence < next {
                let count = (next - sequence).min(20);
                let bytes = self.messages(sequence, count);
                self.network.multicast(now, &bytes);
                sequence += count;
            }
            return false;
        }
        if now < last_packet + HEARTBEAT {
            return true;
        }
        let bytes = if now < length { beat(SESSION, next) } else { end(SESSION, next) };
        self.network.multicast(now, &bytes);
        false
    }

    fn messages(&self, sequence: u64, count: u64) -> Vec<u8> {
        let begin = usize::try_from(sequence - 1).unwrap();
        let messages = &self.venue.log[begin..begin + usize::try_from(count).unwrap()];
        packet(SESSION, sequence, messages.iter().map(Vec::as_slice))
    }

    fn arrive(&mut self, what: What, now: u64) {
        match what {
            What::Packet(source, bytes) => self.handler.on_packet(source, &bytes, Nanos(now), &mut self.ear),
            What::Snapshot(connection, _) if connection != self.network.connection => {}
            What::Snapshot(_, bytes) if bytes.is_empty() => self.handler.on_snapshot_closed(Nanos(now)),
            What::Snapshot(_, bytes) => self.handler.on_snapshot(&bytes, Nanos(now), &mut self.ear),
            What::Connect(connection) => {
                let bytes = self.venue.snapshot(SESSION);
                let cut = self.network.random.chance(self.network.weather.snapshot_cut);
                let len = if cut { self.network.random.below(bytes.len() as u64) } else { bytes.len() as u64 };
                let mut rest = &bytes[..usize::try_from(len).unwrap()];
                let mut at = now;
                while !rest.is_empty() {
                    let piece = usize::try_from(1 + self.network.random.below(300)).unwrap().min(rest.len());
                    at += self.network.random.below(self.network.weather.snapshot_pace);
                    self.network.at(at, What::Snapshot(connection, rest[..piece].to_vec()));
                    rest = &rest[piece..];
                }
                self.network.at(at + 1, What::Snapshot(connection, Vec::new()));
            }
            What::Ask(Request { sequence, count, .. }) => self.answer(sequence, u64::from(count), now),
        }
    }

    fn answer(&mut self, sequence: u64, count: u64, now: u64) {
        if self.network.random.chance(self.network.weather.refused) {
            return;
        }
        let next = self.venue.next();
        if sequence >= next {
            let bytes = beat(SESSION, next);
            self.network.at(now + 30 * US, What::Packet(Source::Rerequest, bytes));
            return;
        }
        let packets = 1 + self.network.random.below(4);
        let mut from = sequence;
        for _ in 0..packets {
            let some = (sequence + count).min(next).saturating_sub(from).min(20);
            if some == 0 {
                break;
            }
            let bytes = self.messages(from, some);
            from += some;
            if !self.network.random.chance(self.network.weather.request_loss) {
                let delay = self.network.delay();
                self.network.at(now + delay, What::Packet(Source::Rerequest, bytes));
            }
        }
    }

    fn act(&mut self, action: Action, now: u64) {
        match action {
            Action::Request(request) => {
                assert_eq!(request.session, SESSION);
                if !self.network.random.chance(self.network.weather.request_loss) {
                    let delay = self.network.delay();
                    self.network.at(now + delay, What::Ask(request));
                }
            }
            Action::OpenSnapshot(session) => {
                assert_eq!(session, SESSION);
                self.network.connection += 1;
                let connection = self.network.connection;
                self.network.at(now + 50 * US, What::Connect(connection));
            }
            Action::CloseSnapshot => self.network.connection += 1,
        }
    }

    fn check(&mut self, now: u64) {
        if self.handler.stale().is_some() {
            self.stale_looks += 1;
            return;
        }
        self.fresh_looks += 1;
        // What the venue said longer ago than silence lasts, a handler that calls itself fresh has.
        let known = now.saturating_sub(SILENCE + DELAY_MAX);
        let then = self.history.partition_point(|(time, _)| *time <= known);
        let (_, at_least) = self.history[then.saturating_sub(1)];
        let next = self.handler.next_sequence();
        assert!(next >= at_least, "fresh at {next}, though {at_least} was told long ago");
        let (truth, after) = &mut self.truth;
        assert!(next >= *after, "a fresh handler does not go back");
        while *after < next {
            truth.apply(*after, &self.venue.log[usize::try_from(*after - 1).unwrap()]);
            *after += 1;
        }
        match truth {
            Truth::Depth(books) => assert_eq!(queues(self.handler.books().unwrap()), queues(books), "after {after}"),
            Truth::Ticks(book) => assert!(self.handler.depth().unwrap() == book, "after {after}"),
        }
    }
}

fn simulate(seeds: impl Iterator<Item = u64>, length: u64) {
    let mut all = Seen::default();
    for seed in seeds {
        for kind in StreamKind::ALL {
            for delivery in [Delivery::InOrder, Delivery::Live] {
                let run = || World::new(seed, kind, delivery).run(length);
                let seen = std::panic::catch_unwind(run)
                    .unwrap_or_else(|_| panic!("seed {seed}, {kind:?}, {delivery:?}, length {length}"));
                all.gaps += seen.gaps;
                all.repaired += seen.repaired;
                all.snapshots += seen.snapshots;
                all.failed += seen.failed;
                all.stale += seen.stale;
                all.fresh += seen.fresh;
            }
        }
    }
    println!("{all:?}");
    // The network was bad enough to need every means, and good enough to look at whole books.
    assert!(all.gaps > 100 && all.repaired > 1_000 && all.snapshots > 20 && all.failed > 10, "{all:?}");
    assert!(all.fresh > 10_000 && all.stale > 10_000, "{all:?}");
}

#[test]
fn books_are_equal_or_called_stale() {
    simulate(1..=24, 60 * MS);
}

#[test]
#[ignore = "half a minute"]
fn books_are_equal_or_called_stale_for_many_seeds() {
    simulate(1_000..=1_120, 100 * MS);
}
