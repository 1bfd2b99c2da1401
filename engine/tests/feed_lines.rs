//! What leaves on the lines of market data: the same packets on both, as full as they can be, told to go on by heartbeats, and ended by the
//! close of the market, over restarts.

use engine::appliance::endpoints;
use engine::appliance::graph::Graph;
use engine::config::{Config, Line};
use engine::ground::Ground;
use engine::limits::PACKET_LEN_MAX;
use engine::recovery::recover;
use netio::memory::MemoryPort;
use netio::port::{Endpoint, Port};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use tempfile::TempDir;
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::itch::Message;
use wire::mold::{BLOCK_HEADER_LEN, Packet, PacketKind};
use wire::tick::Tick;
use wire::{InstrumentIndex, Nanos};

const START: Nanos = Nanos(1_767_323_045_000_000_000);
const HEARTBEAT_NS: u64 = 1_000_000_000;
/// Two channels, on the second of which line B leaves through another interface.
const CHANNELS: &str = "[[channel]]
name = \"near\"
tick_lines = [\"239.1.0.1:1\", \"239.1.0.2:2\"]
depth_lines = [\"239.1.0.3:3\", \"239.1.0.4:4\"]
[[channel]]
name = \"far\"
tick_lines = [\"239.1.0.5:5\", \"239.1.0.6:6@127.0.0.2\"]
depth_lines = [\"239.1.0.7:7\"]
";
const INSTRUMENTS: usize = 150;

fn config(dir: &TempDir) -> Config {
    let mut text = String::from(CHANNELS);
    for index in 0..INSTRUMENTS {
        let channel = if index % 3 == 2 { "far" } else { "near" };
        writeln!(text, "[[instrument]]\nsymbol = \"I{index}\"\nchannel = \"{channel}\"").expect("memory");
    }
    text.push_str("[limits]\norders = 1000\nlevels = 1000\nsession_orders = 1000\nsession_store_messages = 131072\n");
    text.push_str("[journal]\ndurability = \"mapped\"\nsegment_bytes = 1048576\n");
    let mut config = Config::parse(&text, "test").expect("a configuration");
    config.journal.dir = dir.path().join("journal");
    config
}

/// A datagram as a line brought it.
#[derive(Clone, PartialEq, Eq)]
struct Came {
    line: usize,
    from: Ipv4Addr,
    payload: Vec<u8>,
}

/// An appliance on one thread, and somebody who joined every line.
struct Life {
    graph: Graph<MemoryPort>,
    ear: MemoryPort,
    now: Nanos,
}

impl Life {
    fn begin(config: &Config, now: Nanos) -> Self {
        let ears: Vec<Endpoint> = lines(config)
            .iter()
            .map(|(_, line)| Endpoint::multicast(*line.group.ip(), line.group.port(), Ipv4Addr::LOCALHOST))
            .collect();
        let (port, ear) = MemoryPort::pair(&endpoints(config), &ears, 4_096).expect("two ends");
        let recovered = recover(config, &Ground::default(), now).expect("a journal");
        Self { graph: Graph::build(config, port, recovered), ear, now }
    }

    /// Some turns, half a heartbeat in all, and what came.
    fn turns(&mut self) -> Vec<Came> {
        let mut came = Vec::new();
        for _ in 0..50 {
            self.now.0 += HEARTBEAT_NS / 100;
            self.graph.poll(self.now).expect("it goes on");
            self.graph.helper().turn();
            self.ear
                .receive(4_096, |received| {
                    let (line, from) = (usize::from(received.endpoint.0), *received.from.ip());
                    came.push(Came { line, from, payload: received.payload.to_vec() });
                })
                .expect("memory");
        }
        came
    }
}

/// Every line with its stream.
fn lines(config: &Config) -> Vec<(Stream, Line)> {
    let channels = (0..).map(ChannelIndex).zip(&config.channels);
    let of = |channel, kind, lines: &[Line]| {
        lines.iter().map(|line| (Stream::new(channel, kind), *line)).collect::<Vec<_>>()
    };
    channels
        .flat_map(|(index, channel)| {
            let ticks = of(index, StreamKind::Tick, &channel.tick_lines);
            ticks.into_iter().chain(of(index, StreamKind::Depth, &channel.depth_lines))
        })
        .collect()
}

/// The packets of one line.
fn on_line(came: &[Came], line: usize) -> Vec<&[u8]> {
    came.iter().filter(|came| came.line == line).map(|came| came.payload.as_slice()).collect()
}

/// What a line said, from the message of this number on; its packets are whole, follow each other and bear the stream's session.
fn said(config: &Config, life: &Life, came: &[Came], line: usize, mut next: u64) -> (Vec<String>, u64) {
    let (stream, _) = lines(config)[line];
    let session = stream.session(life.graph.venue().exchange().feed_session());
    let mut said = Vec::new();
    for payload in on_line(came, line) {
        let packet = Packet::parse(payload).expect("a packet");
        assert_eq!((packet.session(), packet.sequence()), (session, next), "line {line}");
        match packet.kind() {
            PacketKind::Heartbeat => said.push("heartbeat".to_owned()),
            PacketKind::EndOfSession => said.push("end".to_owned()),
            PacketKind::Data => said.extend(packet.messages().map(|(_, bytes)| text(stream, bytes))),
        }
        next = packet.next_sequence();
    }
    (said, next)
}

fn text(stream: Stream, bytes: &[u8]) -> String {
    if stream.kind == StreamKind::Tick {
        let tick = Tick::decode(bytes).expect("a tick");
        return format!("h I{} {}", tick.symbol_id.0, char::from(tick.status().expect("a status")));
    }
    match Message::decode(bytes).expect("an ITCH message") {
        Message::SystemEvent(event) => format!("S {}", char::from(event.event)),
        Message::StockDirectory(entry) => format!("R {}", entry.symbol),
        Message::TradingAction(action) => format!("H {} {}", action.symbol, char::from(action.state)),
        other => format!("{other:?}"),
    }
}

fn instruments_of(channel: u8) -> Vec<InstrumentIndex> {
    let is_far = |index: &u32| index % 3 == 2;
    (0..150).filter(|index| is_far(index) == (channel == 1)).map(InstrumentIndex).collect()
}

/// What a stream says until orders come.
fn opening(stream: Stream) -> Vec<String> {
    let all = instruments_of(stream.channel.0);
    let each = |prefix: &str, suffix: &str| {
        all.iter().map(|index| format!("{prefix} I{}{suffix}", index.0)).collect::<Vec<_>>()
    };
    match stream.kind {
        StreamKind::Tick => each("h", " T"),
        StreamKind::Depth => {
            [vec!["S O".to_owned()], each("R", ""), each("H", " T"), vec!["S S".to_owned(), "S Q".to_owned()]].concat()
        }
    }
}

fn closing(stream: Stream) -> Vec<String> {
    match stream.kind {
        StreamKind::Tick => instruments_of(stream.channel.0).iter().map(|index| format!("h I{} C", index.0)).collect(),
        StreamKind::Depth => ["S M", "S E", "S C"].map(str::to_owned).to_vec(),
    }
}

#[test]
fn both_lines_carry_the_same_full_packets_and_leave_where_they_should() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir);
    assert_eq!(endpoints(&config).len(), 4, "orders, re-requests, and two interfaces of market data");
    let mut life = Life::begin(&config, START);
    let came = life.turns();
    for (a, b) in [(0, 1), (2, 3), (4, 5)] {
        assert!(on_line(&came, a) == on_line(&came, b) && !on_line(&came, a).is_empty(), "lines {a} and {b}");
    }
    for (line, (stream, _)) in lines(&config).into_iter().enumerate() {
        assert_eq!(said(&config, &life, &came, line, 1).0, opening(stream), "{stream:?}");
        let packets = on_line(&came, line);
        for pair in packets.windows(2) {
            let (_, first) = Packet::parse(pair[1]).expect("a packet").messages().next().expect("a message");
            let with_next = pair[0].len() + BLOCK_HEADER_LEN + first.len();
            assert!(pair[0].len() <= PACKET_LEN_MAX && with_next > PACKET_LEN_MAX, "a packet with room for more");
        }
        let through = if line == 5 { Ipv4Addr::new(127, 0, 0, 2) } else { Ipv4Addr::LOCALHOST };
        assert!(came.iter().filter(|came| came.line == line).all(|came| came.from == through), "line {line}");
    }
}

#[test]
fn a_silent_stream_has_heartbeats_on_every_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir);
    let mut life = Life::begin(&config, START);
    let begun = life.turns();
    let (first, second) = (life.turns(), life.turns());
    assert!(first.is_empty() || second.is_empty(), "one heartbeat in a heartbeat's time");
    let came = [first, second].concat();
    for line in 0..lines(&config).len() {
        let (_, next) = said(&config, &life, &begun, line, 1);
        assert_eq!(said(&config, &life, &came, line, next), (vec!["heartbeat".to_owned()], next), "line {line}");
    }
}

#[test]
fn the_close_of_the_market_ends_every_stream_and_a_restart_goes_on_saying_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir);
    let mut life = Life::begin(&config, START);
    let mut came = life.turns();
    life.graph.close_market();
    came.extend(life.turns());
    assert!(life.graph.venue().exchange().is_market_closed());
    let mut whole = Vec::new();
    for (line, (stream, _)) in lines(&config).into_iter().enumerate() {
        let (said, next) = said(&config, &life, &came, line, 1);
        let expected = [opening(stream), closing(stream), vec!["end".to_owned()]].concat();
        assert_eq!(said, expected, "{stream:?}");
        whole.push((expected, next));
    }
    // Again with every heartbeat, and nothing else.
    let seq = life.graph.venue().seq();
    let came = [life.turns(), life.turns()].concat();
    for (line, (_, next)) in whole.iter().enumerate() {
        assert_eq!(said(&config, &life, &came, line, *next), (vec!["end".to_owned()], *next), "line {line}");
    }
    assert_eq!(life.graph.venue().seq(), seq, "the market closes once");
    let (now, hash) = (life.now, life.graph.venue().exchange().state_hash());
    drop(life);

    let mut life = Life::begin(&config, now);
    let came = life.turns();
    assert_eq!((life.graph.venue().seq(), life.graph.venue().exchange().state_hash()), (seq, hash));
    for (line, (expected, next)) in whole.iter().enumerate() {
        assert_eq!(said(&config, &life, &came, line, 1), (expected.clone(), *next), "line {line}");
    }
    life.graph.close_market();
    life.turns();
    assert_eq!(life.graph.venue().seq(), seq, "it is closed already");
}

#[test]
fn a_restart_says_the_newest_again_under_the_same_numbers() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(&dir);
    let mut life = Life::begin(&config, START);
    let first = life.turns();
    let now = life.now;
    drop(life);
    let mut life = Life::begin(&config, now);
    let again = life.turns();
    for line in 0..lines(&config).len() {
        assert!(on_line(&first, line) == on_line(&again, line), "line {line}: other packets than before");
    }
    let addresses: Vec<SocketAddrV4> = lines(&config).iter().map(|(_, line)| line.group).collect();
    assert_eq!(addresses.len(), 7);
}
