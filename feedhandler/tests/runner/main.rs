//! The runner over ports: lines that lose, a re-request server, a snapshot server over TCP.

#[path = "../feed/packets.rs"]
#[allow(dead_code)]
mod packets;
#[path = "../feed/venue_model.rs"]
#[allow(dead_code)]
mod venue_model;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::time::{Duration, Instant};

use feedhandler::Books;
use feedhandler::handler::{HandlerOptions, Join, RerequestOptions};
use feedhandler::runner::{FeedAddresses, Runner};
use netio::memory::MemoryPort;
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use wire::feed::StreamKind;
use wire::mold::Request;
use wire::soup::{LoginRequest, Packet};

use packets::{SESSION, end, packet};
use venue_model::{Venue, queues};

const LINES: [SocketAddrV4; 2] =
    [SocketAddrV4::new(Ipv4Addr::new(239, 26, 41, 1), 26450), SocketAddrV4::new(Ipv4Addr::new(239, 26, 41, 2), 26451)];
const RATHER_LONG: Duration = Duration::from_secs(20);

/// The venue's end of the wire.
struct Publisher {
    port: MemoryPort,
    venue: Venue,
    told: usize,
    requests: u64,
}

impl Publisher {
    fn send(&mut self, endpoint: u8, to: SocketAddrV4, bytes: &[u8]) {
        let mut once = Some(());
        let sent = self.port.send(1, |out| {
            once.take()?;
            out[..bytes.len()].copy_from_slice(bytes);
            Some(Outgoing { endpoint: EndpointIndex(endpoint), to, len: bytes.len() })
        });
        assert_eq!(sent.unwrap(), 1);
    }

    fn packet(&self, from: usize, count: usize) -> Vec<u8> {
        let messages = &self.venue.log[from..from + count];
        packet(SESSION, from as u64 + 1, messages.iter().map(Vec::as_slice))
    }

    /// Tells something over both lines; each loses some of it, and both the same now and then.
    fn publish(&mut self) {
        let number = self.told;
        for _ in 0..3 {
            self.venue.act();
        }
        let bytes = self.packet(self.told, self.venue.log.len() - self.told);
        self.told = self.venue.log.len();
        for (line, to) in LINES.into_iter().enumerate() {
            if !number.is_multiple_of(5 + 2 * line) {
                self.send(0, to, &bytes);
            }
        }
    }

    fn end(&mut self) {
        for to in LINES {
            let bytes = end(SESSION, self.venue.next());
            self.send(0, to, &bytes);
        }
    }

    fn answer(&mut self) {
        let mut asked = Vec::new();
        self.port
            .receive(64, |received| asked.push((received.from, Request::decode(received.payload).unwrap())))
            .unwrap();
        for (from, request) in asked {
            self.requests += 1;
            let begin = usize::try_from(request.sequence).unwrap() - 1;
            let bytes = self.packet(begin, usize::from(request.count).min(20).min(self.venue.log.len() - begin));
            self.send(1, from, &bytes);
        }
    }
}

fn network(addresses: &FeedAddresses) -> (MemoryPort, MemoryPort) {
    let server = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26460);
    let theirs = [Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 26400)), Endpoint::unicast(server)];
    MemoryPort::pair(&theirs, &addresses.endpoints(), 1024).unwrap()
}

#[test]
fn a_runner_that_joins_late_has_the_books_of_the_venue() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addresses = FeedAddresses {
        lines: LINES.to_vec(),
        rerequest: Some("127.0.0.1:26460".parse().unwrap()),
        snapshot: Some(listener.local_addr().unwrap()),
        ..FeedAddresses::default()
    };
    let (port, ours) = network(&addresses);
    let mut publisher = Publisher { port, venue: Venue::new(StreamKind::Depth, 11), told: 0, requests: 0 };
    for _ in 0..100 {
        publisher.venue.act();
    }
    publisher.told = publisher.venue.log.len();
    let options = HandlerOptions { line_wait_ns: 100_000, ..HandlerOptions::new(StreamKind::Depth) };
    let mut runner = Runner::new(ours, addresses, options);
    let begin = Instant::now();
    let (mut after, mut connections) = (0, 0);
    while !runner.handler().has_ended() {
        assert!(begin.elapsed() < RATHER_LONG, "{:?}", runner.handler());
        // The stream goes on until long after the snapshot.
        after += u32::from(runner.handler().counters().snapshots > 0);
        if after < 300 {
            publisher.publish();
        } else {
            publisher.end();
        }
        publisher.answer();
        if let Ok((mut stream, _)) = listener.accept() {
            connections += 1;
            stream.set_nonblocking(false).unwrap();
            let mut login = [0; 49];
            stream.read_exact(&mut login).unwrap();
            let (packet, _) = Packet::take(&login, 64).unwrap().unwrap();
            assert!(matches!(packet, Packet::LoginRequest(LoginRequest { session: SESSION, .. })));
            let bytes = publisher.venue.snapshot(SESSION);
            // The first is cut off.
            let len = if connections == 1 { bytes.len() / 2 } else { bytes.len() };
            stream.write_all(&bytes[..len]).unwrap();
        }
        runner.turn(&mut ()).unwrap();
        std::thread::sleep(Duration::from_micros(50));
    }
    let counters = runner.handler().counters();
    assert_eq!((runner.handler().stale(), counters.lost, counters.snapshots), (None, 0, 1), "{counters:?}");
    assert!(connections >= 2 && counters.snapshots_failed >= 1);
    assert!(publisher.requests > 0 && counters.repaired > 0, "{counters:?}");
    let mut whole = Books::default();
    whole.apply_all(publisher.venue.log.iter().map(Vec::as_slice), &mut ());
    assert_eq!(queues(runner.handler().books().unwrap()), queues(&whole));
}

#[test]
fn answers_of_strangers_are_not_heard() {
    let addresses = FeedAddresses {
        lines: LINES.to_vec(),
        rerequest: Some("127.0.0.1:26460".parse().unwrap()),
        local: "127.0.0.1:26470".parse().unwrap(),
        ..FeedAddresses::default()
    };
    let (port, ours) = network(&addresses);
    let mut publisher = Publisher { port, venue: Venue::new(StreamKind::Depth, 12), told: 0, requests: 0 };
    let local = addresses.local;
    let rerequest = Some(RerequestOptions::default());
    let options = HandlerOptions { join: Join::Start, rerequest, ..HandlerOptions::new(StreamKind::Depth) };
    let mut runner = Runner::new(ours, addresses, options);
    for _ in 0..5 {
        publisher.venue.act();
    }
    let bytes = publisher.packet(0, 5);
    publisher.send(0, LINES[0], &publisher.packet(4, 1));
    runner.turn(&mut ()).unwrap();
    publisher.send(0, local, &bytes);
    runner.turn(&mut ()).unwrap();
    assert_eq!((runner.strangers(), runner.handler().next_sequence()), (1, 1));
    publisher.send(1, local, &bytes);
    runner.turn(&mut ()).unwrap();
    assert_eq!((runner.strangers(), runner.handler().next_sequence()), (1, 6));
}
