//! Lines that both lost the same, and a re-request server that answers, is silent, or talks nonsense.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use tempfile::TempDir;
use wire::mold::{PacketBuilder, Request, SessionId, end_of_session};

use crate::lines::{Subscriber, lines};
use crate::ports::Ports;
use crate::process::{Finished, Process, wait_until};
use crate::{expected, number, pinion, sample};

const SESSION: SessionId = SessionId(*b"000010059B");

/// A venue with two lines and a re-request server, and `pinion normalize` that listens to it.
struct Venue {
    port: HostPort,
    groups: [SocketAddrV4; 2],
    server: UdpSocket,
    messages: Vec<Vec<u8>>,
    process: Process,
    subscriber: Subscriber,
    requests: u64,
    _places: (TempDir, Ports, Ports),
}

impl Venue {
    fn new(messages: Vec<Vec<u8>>) -> Self {
        let (dir, ports, out) = (tempfile::tempdir().expect("a folder"), Ports::claim(), Ports::claim());
        let groups = lines(&ports);
        let server = UdpSocket::bind(ports.subscribers()).expect("a claimed port");
        server.set_nonblocking(true).expect("a socket of ours");
        let [a, b] = groups.map(|group| group.to_string());
        let (asked, to) = (ports.subscribers().to_string(), out.tick_line().to_string());
        let subscriber = Subscriber::join(&[out.tick_line()]);
        let mut args = vec!["normalize", "--from", &a, "--from", &b, "--rerequest", &asked, "--to", &to];
        args.extend(["--date", "2010-12-24", "--port", "socket", "--json"]);
        let process = Process::spawn(pinion(&args), dir.path(), "live");
        wait_until("the normaliser's port", || process.err().contains("port: "));
        let local = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let port = HostPort::open(&PortKind::Socket.into(), &[local]).expect("loopback");
        Self { port, groups, server, messages, process, subscriber, requests: 0, _places: (dir, ports, out) }
    }

    fn send(&mut self, packet: &[u8]) {
        for to in self.groups {
            let sent = self.port.send(1, |buffer| {
                buffer[..packet.len()].copy_from_slice(packet);
                Some(Outgoing { endpoint: EndpointIndex(0), to, len: packet.len() })
            });
            assert_eq!(sent.expect("the port works"), 1);
            self.port.flush().expect("the port works");
        }
    }

    /// At most 25 of these messages in a packet.
    fn packet(&self, session: SessionId, sequence: u64, count: u64) -> Vec<u8> {
        let first = usize::try_from(sequence - 1).expect("small");
        let count = usize::try_from(count.min(25)).expect("small");
        let mut bytes = vec![0; 1_472];
        let mut packet = PacketBuilder::new(&mut bytes, session, sequence).expect("room");
        assert!(self.messages[first..].iter().take(count).all(|message| packet.push(message)));
        let len = packet.finish();
        bytes.truncate(len);
        bytes
    }

    /// Publishes everything but what is to be lost, while `serve` sees to requests.
    fn publish(&mut self, is_lost: impl Fn(u64) -> bool, mut serve: impl FnMut(&mut Self, SocketAddr, Request)) {
        let end = u64::try_from(self.messages.len()).expect("small") + 1;
        for (turn, sequence) in (0..).zip((1..end).step_by(25)) {
            if turn == 0 || !is_lost(turn) {
                let packet = self.packet(SESSION, sequence, 25);
                self.send(&packet);
            }
            self.turn(&mut serve);
        }
        let mut bytes = [0; 20];
        assert!(end_of_session(&mut bytes, SESSION, end).is_some());
        self.send(&bytes);
        wait_until("the end of the session", || {
            self.turn(&mut serve);
            self.subscriber.heard.ended
        });
    }

    fn turn(&mut self, serve: &mut impl FnMut(&mut Self, SocketAddr, Request)) {
        let mut bytes = [0; 64];
        while let Ok((len, from)) = self.server.recv_from(&mut bytes) {
            let request =
                bytes[..len].first_chunk().and_then(|bytes: &[u8; Request::SIZE]| Request::decode(bytes).ok());
            let request = request.filter(|_| len == Request::SIZE).expect("a request");
            assert!(request.session == SESSION && (1..=1_024).contains(&request.count), "{request:?}");
            self.requests += 1;
            serve(self, from, request);
        }
        self.subscriber.turn();
    }

    fn finish(self) -> (Finished, Subscriber, u64) {
        (self.process.wait(), self.subscriber, self.requests)
    }
}

fn answer(venue: &mut Venue, from: SocketAddr, request: Request) {
    let packet = venue.packet(request.session, request.sequence, request.count.into());
    venue.server.send_to(&packet, from).expect("loopback");
}

#[test]
fn what_both_lines_lost_comes_from_the_server() {
    let mut venue = Venue::new(sample());
    venue.publish(|turn| turn % 7 == 3 || turn % 50 > 45, answer);
    let (finished, subscriber, _) = venue.finish();
    assert!(finished.status.success(), "{finished:?}");
    assert!(subscriber.heard.ticks == expected(), "{} ticks", subscriber.heard.ticks.len());
    let count = |name| number(&finished.out, "rerequest", name);
    assert!(count("repaired") > 1_000 && count("requests") > 10, "{}", finished.out);
    assert_eq!((count("unanswered"), number(&finished.out, "input", "lost")), (0, 0), "{}", finished.out);
}

/// Of each request the first attempt is answered with anything but what was asked for.
#[test]
fn nonsense_and_strangers_are_ignored() {
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let mut venue = Venue::new(sample().into_iter().take(2_000).collect());
    let mut seen = Vec::new();
    venue.publish(
        |turn| turn % 11 == 5,
        |venue, from, request| {
            if seen.contains(&request.sequence) {
                return answer(venue, from, request);
            }
            seen.push(request.sequence);
            let other = venue.packet(SessionId(*b"ANOTHER   "), request.sequence, request.count.into());
            for bytes in [b"rubbish".as_slice(), &other] {
                venue.server.send_to(bytes, from).expect("loopback");
            }
            // Right numbers, other contents, another sender.
            let forged = venue.packet(SESSION, 1, 25);
            let forged = [&forged[..10], &request.sequence.to_be_bytes(), &forged[18..]].concat();
            stranger.send_to(&forged, from).expect("loopback");
        },
    );
    let (finished, subscriber, _) = venue.finish();
    assert!(finished.status.success(), "{finished:?}");
    let expected = expected();
    assert!(
        expected.starts_with(&subscriber.heard.ticks) && subscriber.heard.ticks.len() > 1_000,
        "{}",
        subscriber.heard.ticks.len()
    );
    let count = |name| number(&finished.out, "rerequest", name);
    let nonsense = ["malformed", "wrong_session", "strangers"].map(count);
    assert!(nonsense.iter().all(|count| *count >= 7), "{}", finished.out);
    assert_eq!((number(&finished.out, "input", "sessions"), number(&finished.out, "input", "lost")), (1, 0));
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut venue = Venue::new(sample().into_iter().take(1_000).collect());
    venue.publish(|turn| turn == 7, |_, _, _| {});
    let (finished, _, requests) = venue.finish();
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.err.contains("lost 25 messages that nobody brought"), "{}", finished.err);
    assert!(finished.err.contains("missed 25 in 1 gaps"), "{}", finished.err);
    let count = |name| number(&finished.out, "rerequest", name);
    assert_eq!((count("requested"), count("repaired"), count("unanswered"), count("silences")), (25, 0, 1, 1));
    assert_eq!((count("requests"), requests), (5, 5));
}

#[test]
fn a_recording_and_iex_tp_have_nobody_to_ask() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| crate::run(dir.path(), "refused", args);
    let recording = run(&["normalize", "--from", crate::SAMPLE, "--rerequest", "127.0.0.1:1", "--to", "-"]);
    assert!(!recording.status.success() && recording.err.contains("--rerequest: expected lines"), "{recording:?}");
    let line = "239.26.1.1:1";
    let iex = ["normalize", "--from", line, "--format", "iex-deep", "--rerequest", "127.0.0.1:1", "--to", "-"];
    let iex = run(&iex);
    assert!(!iex.status.success() && iex.err.contains("IEX-TP"), "{iex:?}");
    let multicast = run(&["normalize", "--from", line, "--rerequest", "239.26.1.1:2", "--to", "-"]);
    assert!(multicast.status.code() == Some(2) && multicast.err.contains("unicast"), "{multicast:?}");
}
