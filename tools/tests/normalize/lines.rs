//! Onto lines and from lines, over loopback multicast.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use feedhandler::BookListener;
use feedhandler::handler::{FeedListener, HandlerOptions, Join};
use feedhandler::runner::{FeedAddresses, Runner};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use nix::sys::signal::Signal;
use wire::feed::StreamKind;
use wire::mold::{PacketBuilder, SessionId, end_of_session, heartbeat};
use wire::tick::Tick;

use crate::ports::Ports;
use crate::process::{Process, wait_until};
use crate::{SAMPLE, expected, number, pinion, sample};

/// Line A and line B of a claim.
pub fn lines(ports: &Ports) -> [SocketAddrV4; 2] {
    let a = ports.tick_line();
    [a, SocketAddrV4::new(*a.ip(), a.port() + 1)]
}

/// A subscriber of both lines, who asks nobody for anything again.
pub struct Subscriber {
    runner: Runner<HostPort>,
    pub heard: Heard,
}

#[derive(Default)]
pub struct Heard {
    pub ticks: Vec<Tick>,
    said: Vec<String>,
    pub ended: bool,
}

impl BookListener for Heard {}

impl FeedListener for Heard {
    fn tick(&mut self, _: u64, tick: &Tick, _: bool) {
        self.ticks.push(*tick);
    }
    fn gap(&mut self, from: u64, to: u64) {
        self.said.push(format!("gap {from}..{to}"));
    }
    fn session(&mut self, session: SessionId) {
        self.said.push(format!("session {session}"));
    }
    fn ended(&mut self, _: u64) {
        self.ended = true;
    }
}

impl Subscriber {
    pub fn join(lines: &[SocketAddrV4]) -> Self {
        let addresses = FeedAddresses { lines: lines.to_vec(), ..FeedAddresses::default() };
        let options = HandlerOptions {
            join: Join::At(1),
            rerequest: None,
            snapshot: None,
            line_wait_ns: u64::MAX,
            ..HandlerOptions::new(StreamKind::Tick)
        };
        let runner = Runner::open(&PortKind::Socket.into(), addresses, options).expect("multicast on loopback");
        Self { runner, heard: Heard::default() }
    }

    pub fn turn(&mut self) -> usize {
        self.runner.turn(&mut self.heard).expect("the port works")
    }
}

/// Publishes the whole sample, flat out.
fn publishing(dir: &Path, groups: &[SocketAddrV4], more: &[&str]) -> Process {
    let mut command = pinion(&["normalize", "--from", SAMPLE, "--pace", "flat", "--port", "socket"]);
    for group in groups {
        command.args(["--to", &group.to_string()]);
    }
    command.args(more);
    Process::spawn(command, dir, "publish")
}

/// The whole sample, flat out, through a port, a network and a subscriber: nothing is missing on either line.
#[test]
fn a_recording_is_published_whole_on_both_lines() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::claim());
    let groups = lines(&ports);
    let mut subscriber = Subscriber::join(&groups);
    let process = publishing(dir.path(), &groups, &["--lead-ms", "100", "--json"]);
    wait_until("the end of the session", || {
        subscriber.turn();
        subscriber.heard.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    assert!(subscriber.heard.ticks == expected(), "{} ticks", subscriber.heard.ticks.len());
    assert_eq!(subscriber.heard.said.len(), 1, "a session, and no gap: {:?}", subscriber.heard.said);
    let packets = number(&finished.out, "output", "packets") + number(&finished.out, "output", "heartbeats");
    // Both lines carried everything, and the end of the session; one of them may have been heard to its end before the other.
    wait_until("every packet on both lines", || {
        subscriber.turn();
        subscriber.runner.handler().lines().iter().all(|line| line.packets > packets)
    });
}

/// The same by `pinion listen`, which knows nothing of where its ticks come from.
#[test]
fn pinion_listen_hears_all_of_it() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::claim());
    let groups = lines(&ports);
    let [a, b] = groups.map(|group| group.to_string());
    let expected = expected();
    let count = expected.len().to_string();
    let args = ["listen", "--group", &a, "--group", &b, "--summary", "--json", "--count", &count, "--port", "socket"];
    let listen = Process::spawn(pinion(&args), dir.path(), "listen");
    wait_until("the listener's port", || listen.err().contains("port: "));
    let publish = publishing(dir.path(), &groups, &["--lead-ms", "200"]).wait();
    assert!(publish.status.success(), "{publish:?}");
    let heard = listen.wait();
    assert!(heard.status.success(), "{heard:?}");
    for (name, value) in [("messages", expected.len()), ("gaps", 0), ("missing", 0), ("lost", 0), ("malformed", 0)] {
        assert!(heard.out.contains(&format!("\"{name}\":{value},")), "{name}: {}", heard.out);
    }
}

/// A venue's live lines, of which each loses what the other brings; in the end the venue ends its session.
#[test]
fn live_lines_come_to_one_stream() {
    let (dir, ports, out) = (tempfile::tempdir().expect("a folder"), Ports::claim(), Ports::claim());
    let groups = lines(&ports);
    let [a, b] = groups.map(|group| format!("{group}@127.0.0.1"));
    let to = out.tick_line().to_string();
    let mut subscriber = Subscriber::join(&[out.tick_line()]);
    let args =
        ["normalize", "--from", &a, "--from", &b, "--to", &to, "--date", "2010-12-24", "--port", "socket", "--json"];
    let process = Process::spawn(pinion(&args), dir.path(), "live");
    wait_until("the normaliser's port", || process.err().contains("port: "));

    let local = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    let mut venue = HostPort::open(&PortKind::Socket.into(), &[local]).expect("loopback");
    let mut send = |group: SocketAddrV4, packet: &[u8]| {
        let sent = venue.send(1, |buffer| {
            buffer[..packet.len()].copy_from_slice(packet);
            Some(Outgoing { endpoint: EndpointIndex(0), to: group, len: packet.len() })
        });
        assert_eq!(sent.expect("the port works"), 1);
        venue.flush().expect("the port works");
    };
    const SESSION: SessionId = SessionId(*b"000010059B");
    let mut bytes = [0; 1_400];
    let (mut sequence, messages) = (1, sample());
    // Rubbish and a heartbeat first: whoever begins in the middle begins with what comes.
    send(groups[0], b"rubbish");
    let len = heartbeat(&mut bytes, SESSION, sequence).expect("room");
    send(groups[0], &bytes[..len]);
    for (turn, messages) in messages.chunks(25).enumerate() {
        let mut packet = PacketBuilder::new(&mut bytes, SESSION, sequence).expect("room");
        assert!(messages.iter().all(|message| packet.push(message)));
        let len = packet.finish();
        sequence += u64::try_from(messages.len()).expect("few");
        // Every third packet comes over one line alone.
        for (line, group) in groups.iter().enumerate() {
            if turn % 3 != line {
                send(*group, &bytes[..len]);
            }
        }
        subscriber.turn();
    }
    let len = end_of_session(&mut bytes, SESSION, sequence).expect("room");
    groups.iter().for_each(|group| send(*group, &bytes[..len]));

    wait_until("the end of the session", || {
        subscriber.turn();
        subscriber.heard.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    assert!(subscriber.heard.ticks == expected(), "{} ticks", subscriber.heard.ticks.len());
    let count = |name| number(&finished.out, "input", name);
    assert_eq!((count("malformed"), count("lost"), count("sessions")), (1, 0, 1));
    assert!(count("duplicates") > 3_000, "{}", finished.out);
}

/// A paced recording is ended by a signal: what was made until then is whole, and the session is ended.
#[test]
fn a_signal_ends_the_session() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::claim());
    let group = ports.tick_line();
    let mut subscriber = Subscriber::join(&[group]);
    // Even so the day lasts for most of a minute.
    let to = group.to_string();
    let args = ["normalize", "--from", SAMPLE, "--to", &to, "--port", "socket", "--lead-ms", "0", "--pace", "1000"];
    let process = Process::spawn(pinion(&args), dir.path(), "paced");
    wait_until("the first tick", || {
        subscriber.turn();
        !subscriber.heard.ticks.is_empty()
    });
    process.signal(Signal::SIGTERM);
    wait_until("the end of the session", || {
        subscriber.turn();
        subscriber.heard.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    let expected = expected();
    assert!(subscriber.heard.ticks.len() < expected.len() && expected.starts_with(&subscriber.heard.ticks));
    assert_eq!(subscriber.heard.said.len(), 1, "{:?}", subscriber.heard.said);
}
