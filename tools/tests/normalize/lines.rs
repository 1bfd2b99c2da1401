//! Onto lines and from lines, over loopback multicast.

use std::net::{Ipv4Addr, SocketAddrV4};

use feedhandler::{FeedEvent, FeedLine, Join};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Outgoing, Port};
use nix::sys::signal::Signal;
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

/// A subscriber of both lines.
pub struct Subscriber {
    port: HostPort,
    line: FeedLine,
    pub ticks: Vec<Tick>,
    said: Vec<String>,
    pub ended: bool,
    by_line: [u64; 2],
}

impl Subscriber {
    pub fn join(lines: &[SocketAddrV4]) -> Self {
        let endpoints: Vec<_> =
            lines.iter().map(|line| Endpoint::multicast(*line.ip(), line.port(), Ipv4Addr::LOCALHOST)).collect();
        let port = HostPort::open(&PortKind::Socket.into(), &endpoints).expect("multicast on loopback");
        let line = FeedLine::new(Join::At(1));
        Self { port, line, ticks: Vec::new(), said: Vec::new(), ended: false, by_line: [0; 2] }
    }

    pub fn turn(&mut self) -> usize {
        let Self { port, line, ticks, said, ended, by_line } = self;
        port.receive(256, |received| {
            by_line[usize::from(received.endpoint.0)] += 1;
            let parsed = line.packet(received.payload, &mut |event| match event {
                FeedEvent::Message { bytes, .. } => ticks.push(Tick::decode(bytes).expect("a tick")),
                FeedEvent::EndOfSession { .. } => *ended = true,
                other => said.push(format!("{other:?}")),
            });
            parsed.expect("well formed");
        })
        .expect("the port works")
    }
}

/// The whole sample, flat out, through a port, a network and a subscriber: nothing is missing on either line.
#[test]
fn a_recording_is_published_whole_on_both_lines() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::claim());
    let groups = lines(&ports);
    let mut subscriber = Subscriber::join(&groups);
    let [a, b] = groups.map(|group| group.to_string());
    let args = [
        "normalize",
        "--from",
        SAMPLE,
        "--to",
        &a,
        "--to",
        &b,
        "--pace",
        "flat",
        "--port",
        "socket",
        "--lead-ms",
        "100",
        "--json",
    ];
    let process = Process::spawn(pinion(&args), dir.path(), "publish");
    wait_until("the end of the session", || {
        subscriber.turn();
        subscriber.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    assert!(subscriber.ticks == expected(), "{} ticks", subscriber.ticks.len());
    assert_eq!(subscriber.said.len(), 1, "a session, and no gap: {:?}", subscriber.said);
    let packets = number(&finished.out, "output", "packets") + number(&finished.out, "output", "heartbeats");
    // Both lines carried everything, and the end of the session; one of them may have been heard to its end before the other.
    wait_until("every packet on both lines", || {
        subscriber.turn();
        subscriber.by_line.iter().all(|&count| count > packets)
    });
}

/// The same by `pinion listen`, which knows nothing of where its ticks come from.
#[test]
fn pinion_listen_hears_all_of_it() {
    let (dir, ports) = (tempfile::tempdir().expect("a folder"), Ports::claim());
    let [a, b] = lines(&ports).map(|group| group.to_string());
    let expected = expected();
    let count = expected.len().to_string();
    let args = ["listen", "--group", &a, "--group", &b, "--summary", "--json", "--count", &count, "--port", "socket"];
    let listen = Process::spawn(pinion(&args), dir.path(), "listen");
    wait_until("the listener's port", || listen.err().contains("port: "));
    let args = [
        "normalize",
        "--from",
        SAMPLE,
        "--to",
        &a,
        "--to",
        &b,
        "--pace",
        "flat",
        "--port",
        "socket",
        "--lead-ms",
        "200",
    ];
    let publish = Process::spawn(pinion(&args), dir.path(), "publish").wait();
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
        subscriber.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    assert!(subscriber.ticks == expected(), "{} ticks", subscriber.ticks.len());
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
        !subscriber.ticks.is_empty()
    });
    process.signal(Signal::SIGTERM);
    wait_until("the end of the session", || {
        subscriber.turn();
        subscriber.ended
    });
    let finished = process.wait();
    assert!(finished.status.success(), "{finished:?}");
    let expected = expected();
    assert!(subscriber.ticks.len() < expected.len() && expected.starts_with(&subscriber.ticks));
    assert_eq!(subscriber.said.len(), 1, "{:?}", subscriber.said);
}
