//! The client against a model venue over a network that drops, doubles, delays and reorders.

mod network;
mod venue;

use network::{Faults, Network};
use venue::Venue;

use super::*;
use wire::Qty;
use wire::address::Addr;
use wire::login::{Key, Username};
use wire::ouch::CancelOrder;

pub(super) const KEY: Key = Key([3; 32]);
pub(super) const CLIENT: Addr = Addr::new(0x7F00_0001, 5_000);
pub(super) const ORDER_ENTRY: Addr = Addr::new(0x7F00_0001, 26_400);
pub(super) const REREQUEST: Addr = Addr::new(0x7F00_0001, 26_401);
const TICK_NS: u64 = 100_000;

fn config(window: usize) -> ClientConfig {
    ClientConfig {
        window_messages: window,
        reorder_reports: 64,
        ..ClientConfig::new(Username::new("tester").expect("short"), KEY, ORDER_ENTRY, REREQUEST)
    }
}

fn client(window: usize) -> Client {
    let mut nonce = 0u128;
    Client::new(
        0,
        config(window),
        Box::new(move || {
            nonce += 1;
            nonce.to_be_bytes()
        }),
    )
}

/// A cancel with a number nobody has: answered by one Cancel Reject that names the number.
fn message(number: u32) -> impl FnOnce(&mut [u8]) -> Option<usize> {
    move |out| CancelOrder { user_ref: UserRefNum(number), qty: Qty(0) }.encode(out)
}

struct World {
    now_ns: u64,
    client: Client,
    venue: Venue,
    network: Network,
    /// Sequence number and answered message of every report delivered.
    delivered: Vec<(u64, Option<u64>)>,
    /// The venue is to crash after it has applied and before it has released anything of the next step.
    crash: bool,
    /// Messages that a crash made it forget.
    forgotten: u64,
}

impl World {
    fn new(window: usize, faults: Faults, seed: u64) -> Self {
        let (client, venue, network) = (client(window), Venue::new(), Network::new(faults, seed));
        Self { now_ns: 0, client, venue, network, delivered: Vec::new(), crash: false, forgotten: 0 }
    }

    /// A world whose client is in session.
    fn up(window: usize) -> Self {
        let mut world = Self::new(window, Faults::NONE, 3);
        while world.client.state() != State::Up {
            world.step();
        }
        world
    }

    fn step(&mut self) {
        self.now_ns += TICK_NS;
        let now_ns = self.now_ns;
        while let Some(datagram) = self.network.arrived(now_ns) {
            if datagram.to == CLIENT {
                let delivered = &mut self.delivered;
                self.client.on_datagram(now_ns, datagram.from, &datagram.bytes, &mut |report| {
                    delivered.push((report.sequence, report.answers));
                });
            } else {
                self.venue.on_datagram(datagram.to, &datagram.bytes);
            }
        }
        if core::mem::take(&mut self.crash) {
            self.forgotten += self.venue.crash(&mut self.network);
        }
        self.client.poll(now_ns);
        let mut bytes = [0; DATAGRAM_LEN_MAX];
        while let Some((to, len)) = self.client.next_datagram(now_ns, &mut bytes) {
            self.network.send(now_ns, CLIENT, to, &bytes[..len]);
        }
        for (from, bytes) in self.venue.take_output(now_ns) {
            self.network.send(now_ns, from, CLIENT, &bytes);
        }
    }

    fn run(&mut self, messages: u64) {
        let mut submitted = 0;
        let deadline_ns = self.now_ns + 600 * 1_000_000_000;
        while self.client.state() != State::Closed {
            assert!(
                self.now_ns < deadline_ns,
                "no end in sight: {:?} {:?}",
                self.client.state(),
                self.client.counters()
            );
            assert_eq!(self.client.failure(), None);
            while submitted < messages && self.client.submit(message(u32::try_from(submitted).expect("few"))).is_ok() {
                submitted += 1;
            }
            if submitted == messages {
                self.client.logout();
            }
            self.step();
        }
        // One report more for the fence before the logout.
        assert_eq!(self.venue.applied(), messages + 1, "each message once");
        let answered: Vec<u64> = self.delivered.iter().filter_map(|(_, answers)| *answers).collect();
        assert_eq!(answered, (1..=messages + 1).collect::<Vec<_>>(), "each answered once, in order");
        let sequences: Vec<u64> = self.delivered.iter().map(|(sequence, _)| *sequence).collect();
        assert_eq!(sequences, (1..=self.venue.reports()).collect::<Vec<_>>(), "each report once, in order");
    }
}

#[test]
fn a_quiet_network_needs_no_repetition() {
    let mut world = World::new(100, Faults::NONE, 1);
    world.run(1_000);
    let counters = world.client.counters();
    assert_eq!((counters.messages_sent, counters.messages_resent), (1_001, 0));
    assert_eq!((counters.duplicates, counters.gaps, counters.requests_received), (0, 0, 0));
}

#[test]
fn nothing_is_lost_or_doubled_on_a_bad_network() {
    let mut total = ClientCounters::default();
    for seed in 0..60 {
        let faults = Faults { drop: 5 + 3 * seed, duplicate: 80, delay: 100 };
        let mut world = World::new(64, faults, seed);
        world.run(1_000);
        total.messages_resent += world.client.counters().messages_resent;
        total.requests_sent += world.client.counters().requests_sent;
        total.early += world.client.counters().early;
        total.duplicates += world.client.counters().duplicates;
    }
    let happened = [total.messages_resent, total.requests_sent, total.early, total.duplicates];
    assert!(happened.iter().all(|count| *count > 100), "the network was not bad enough: {happened:?}");
}

#[test]
fn a_window_of_one_works_through_heavy_loss() {
    let mut world = World::new(1, Faults { drop: 400, duplicate: 100, delay: 200 }, 5);
    world.run(60);
}

#[test]
fn a_venue_that_crashes_and_comes_back_is_waited_for() {
    let mut forgotten = 0;
    for seed in 0..20 {
        let mut world = World::new(32, Faults { drop: 30, duplicate: 30, delay: 30 }, seed);
        let mut submitted = 0;
        for round in 0..600u32 {
            while submitted < 4_000 && world.client.submit(message(submitted)).is_ok() {
                submitted += 1;
            }
            // What was neither durable nor answered is forgotten; the login stays.
            world.crash = round % 50 == 49;
            world.step();
        }
        forgotten += world.forgotten;
        world.run_rest(u64::from(submitted));
    }
    assert!(forgotten > 0, "no crash came at a bad moment");
}

impl World {
    fn run_rest(&mut self, messages: u64) {
        assert_eq!(self.client.failure(), None);
        self.client.logout();
        while self.client.state() != State::Closed {
            assert_eq!(self.client.failure(), None);
            self.step();
        }
        assert_eq!(self.venue.applied(), messages + 1);
        let answered: Vec<u64> = self.delivered.iter().filter_map(|(_, answers)| *answers).collect();
        assert_eq!(answered, (1..=messages + 1).collect::<Vec<_>>());
    }
}

#[test]
fn silence_leads_to_a_new_login_that_continues_both_numberings() {
    let mut world = World::up(16);
    for number in 0..10 {
        world.client.submit(message(number)).expect("room");
    }
    while world.client.unanswered() > 0 {
        world.step();
    }
    world.network.cut(true);
    for number in 10..20 {
        world.client.submit(message(number)).expect("room");
    }
    while world.client.state() != State::LoggingIn {
        world.step();
    }
    world.network.cut(false);
    world.run_rest(20);
    assert_eq!(world.client.counters().logins, 2);
}

#[test]
fn a_venue_that_forgot_is_not_believed() {
    type Change = fn(&mut Venue);
    type Expected = fn(&ClientError) -> bool;
    let forget: [(Change, Expected); 3] = [
        (Venue::forget_messages, |error| matches!(error, ClientError::MessagesForgotten { .. })),
        (Venue::forget_reports, |error| matches!(error, ClientError::ReportsForgotten { .. })),
        (Venue::invent_messages, |error| matches!(error, ClientError::LoginShared { .. })),
    ];
    for (change, expected) in forget {
        let mut world = World::up(16);
        for number in 0..10 {
            world.client.submit(message(number)).expect("room");
        }
        while world.client.unanswered() > 0 {
            world.step();
        }
        change(&mut world.venue);
        world.venue.end_session();
        for _ in 0..10_000 {
            world.step();
        }
        assert!(world.client.failure().is_some_and(expected), "{:?}", world.client.failure());
    }
}

#[test]
fn reports_that_the_venue_no_longer_holds_are_an_error_not_a_wait() {
    let mut world = World::up(16);
    world.venue.lose_next_report_for_good();
    world.client.submit(message(1)).expect("room");
    world.client.submit(message(2)).expect("room");
    for _ in 0..50_000 {
        world.step();
    }
    assert!(matches!(world.client.failure(), Some(ClientError::ReportsGone { .. })), "{:?}", world.client.failure());
}

#[test]
fn nobody_there_is_said_after_the_patience_is_over() {
    let mut world = World::new(16, Faults::NONE, 3);
    world.network.cut(true);
    for _ in 0..110_000 {
        world.step();
    }
    assert!(matches!(world.client.failure(), Some(ClientError::Unreachable { .. })));
    assert_eq!(world.client.submit(message(1)), Err(SubmitError::Ending));
}

#[test]
fn a_wrong_key_is_refused() {
    let mut world = World::new(16, Faults::NONE, 3);
    world.venue.set_key(Key([4; 32]));
    for _ in 0..1_000 {
        world.step();
    }
    assert!(matches!(world.client.failure(), Some(ClientError::LoginRefused(_))));
}

#[test]
fn strangers_and_noise_change_nothing() {
    let mut world = World::up(16);
    let before = world.client.counters().reports;
    let mut random = network::Random(9);
    let mut ignore = |_: Report<'_>| panic!("nothing to deliver");
    for round in 0..2_000u64 {
        let bytes: Vec<u8> = (0..round % 60).map(|_| random.next().to_le_bytes()[0]).collect();
        for from in [ORDER_ENTRY, REREQUEST, Addr::new(1, 1)] {
            world.client.on_datagram(world.now_ns, from, &bytes, &mut ignore);
        }
    }
    assert_eq!(world.client.state(), State::Up);
    assert_eq!(world.client.counters().reports, before);
    world.run(20);
}
