//! How fast the feed tile and the port say what happened.
//!
//! Goal: the rate of the feed tile alone, and with the port behind it on the same thread, each stream by itself on two lines. Non-goal: a
//! receiver; nobody joins the groups.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use super::recorded::Recorded;
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::sample::median;
use crate::subject::login::START;
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::Watch;
use engine::limits::{DATAGRAM_LINK_SLOTS, MARKET_DATA_LINK_SLOTS, PACKET_LINK_SLOTS};
use engine::link::{Datagram, FeedEvent, News};
use engine::market_event::MarketEvent;
use engine::recovery::recover;
use engine::tile::{Control, FeedLine, FeedStage, FeedStream, NetStage, Stage};
use netio::clock::Clock;
use netio::host::{HostPort, PortKind};
use netio::port::{Endpoint, EndpointIndex};
use netio::ring::{Consumer, Producer, channel};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::mold::SessionId;

const VENUE: SessionId = SessionId(*b"BENCHFEED0");
const GROUPS: [SocketAddrV4; 2] = [
    SocketAddrV4::new(Ipv4Addr::new(239, 26, 44, 1), 26_491),
    SocketAddrV4::new(Ipv4Addr::new(239, 26, 44, 2), 26_492),
];
const SECOND_NS: u64 = 1_000_000_000;

const TILE_WITHOUT: &str = "the link before it, which is filled; the port";
const PORT_WITHOUT: &str = "the link before the feed tile, which is filled; a receiver";

/// The packets of one line of a stream.
pub fn packets(recorded: &Recorded, kind: StreamKind) -> Result<Vec<Vec<u8>>, BenchError> {
    let (given, taken) = channel(PACKET_LINK_SLOTS, Datagram::empty);
    let mut kept = Kept { taken, packets: Vec::new() };
    Tile::new(recorded, kind, given)?.say(recorded, kind, &mut kept)?;
    Ok(kept.packets)
}

/// Both streams, by the tile alone and through the port.
///
/// # Errors
/// The port cannot be opened, or breaks.
pub fn rows(
    recorded: &Recorded,
    passes: u32,
    kind: PortKind,
    clock: &Clock,
    facts: &mut Vec<(&'static str, String)>,
) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    for (stream, name) in [(StreamKind::Tick, "ticks"), (StreamKind::Depth, "depth")] {
        let count = recorded.events.iter().filter(|event| is_of(event, stream)).count() as u64;
        let (mut tile_ns, mut port_ns, mut sent) = (Vec::new(), Vec::new(), 0);
        for _ in 0..passes {
            let (given, taken) = channel(PACKET_LINK_SLOTS, Datagram::empty);
            let mut dropped = Dropped { taken, packets: 0 };
            tile_ns.push(timed(recorded, stream, given, &mut dropped, clock)?);
            let (given, taken) = channel(PACKET_LINK_SLOTS, Datagram::empty);
            let mut through = Through::open(kind, taken)?;
            if sent == 0 && stream == StreamKind::Tick {
                facts.push(("port", through.choice.clone()));
            }
            port_ns.push(timed(recorded, stream, given, &mut through, clock)?);
            sent = dropped.packets;
        }
        let mut row = |what: &str, ns: &[u64], excludes| {
            rows.push(Row {
                name: format!("{name} {what}").into(),
                figures: vec![
                    Figure::rate("messages_per_s", count, median(ns)),
                    Figure::tenths("message_ns", median(ns), count),
                    Figure::count("packets", sent),
                ],
                excludes,
            });
        };
        row("published, the tile alone", &tile_ns, TILE_WITHOUT);
        row("published through the port", &port_ns, PORT_WITHOUT);
    }
    Ok(rows)
}

fn is_of(event: &MarketEvent, kind: StreamKind) -> bool {
    matches!(event, MarketEvent::Tick(_)) == (kind == StreamKind::Tick)
}

fn timed(
    recorded: &Recorded,
    kind: StreamKind,
    given: Producer<Datagram>,
    far: &mut impl Far,
    clock: &Clock,
) -> Result<u64, BenchError> {
    let tile = Tile::new(recorded, kind, given)?;
    let before = clock.now();
    tile.say(recorded, kind, far)?;
    Ok(clock.now() - before)
}

/// The feed tile with the link before it.
struct Tile {
    feed: FeedStage,
    events: Producer<FeedEvent>,
}

impl Tile {
    fn new(recorded: &Recorded, kind: StreamKind, given: Producer<Datagram>) -> Result<Self, BenchError> {
        let (events, taken) = channel(MARKET_DATA_LINK_SLOTS, FeedEvent::empty);
        let stream = Stream::new(ChannelIndex(0), kind);
        let line = |group: SocketAddrV4| FeedLine { endpoint: EndpointIndex(0), address: group.into() };
        let lines = GROUPS.map(line).to_vec();
        let streams = vec![FeedStream { stream, session: stream.session(VENUE), next: 1, lines }];
        let instruments = recorded.exchange.instruments();
        let feed = FeedStage::new(streams, instruments, SECOND_NS, taken, given, watch()?);
        Ok(Self { feed, events })
    }

    /// Says all of a stream.
    fn say(mut self, recorded: &Recorded, kind: StreamKind, far: &mut impl Far) -> Result<(), BenchError> {
        let mut events = recorded.events.iter().filter(|event| is_of(event, kind)).peekable();
        loop {
            let room = self.events.acquire(FILL).min(FILL);
            let mut filled = 0;
            while filled < room
                && let Some(event) = events.next()
            {
                *self.events.slot_mut(filled) = FeedEvent { news: News::Market(*event), ..FeedEvent::empty() };
                filled += 1;
            }
            self.events.release(filled);
            let work = self.feed.poll(START).expect("the feed tile cannot fail");
            let moved = far.take()?;
            if work == 0 && moved == 0 && filled == 0 && events.peek().is_none() {
                return Ok(());
            }
        }
    }
}

/// Events put into the link between two turns of the tile.
const FILL: usize = 512;

/// What everything counts as durable for. The journal behind it is gone with its folder.
fn watch() -> Result<Watch, BenchError> {
    let scratch = tempfile::tempdir().map_err(BenchError::io("make a directory for the journal"))?;
    let settings = [("journal.dir", scratch.path().display().to_string()), ("journal.segment_bytes", "1048576".into())];
    let config = Config::default().with_overrides(&settings.map(|(key, value)| (key.to_owned(), value)))?;
    Ok(recover(&config, &Ground::default(), START)?.journal.watch)
}

/// Who takes the packets.
trait Far {
    fn take(&mut self) -> Result<usize, BenchError>;
}

/// Takes them away, and counts those of one line.
struct Dropped {
    taken: Consumer<Datagram>,
    packets: u64,
}

impl Far for Dropped {
    fn take(&mut self) -> Result<usize, BenchError> {
        let count = self.taken.acquire(PACKET_LINK_SLOTS);
        self.taken.release(count);
        self.packets += (count / GROUPS.len()) as u64;
        Ok(count)
    }
}

/// Keeps those of the first line.
struct Kept {
    taken: Consumer<Datagram>,
    packets: Vec<Vec<u8>>,
}

impl Far for Kept {
    fn take(&mut self) -> Result<usize, BenchError> {
        let count = self.taken.acquire(PACKET_LINK_SLOTS);
        for place in 0..count {
            let packet = self.taken.slot(place);
            if packet.address == GROUPS[0].into() {
                self.packets.push(packet.bytes().to_vec());
            }
        }
        self.taken.release(count);
        Ok(count)
    }
}

/// Sends them: the net tile.
struct Through {
    net: NetStage<HostPort>,
    choice: String,
    /// The other ends of links that carry nothing here.
    _links: (Consumer<Datagram>, Producer<Datagram>),
}

impl Through {
    fn open(kind: PortKind, taken: Consumer<Datagram>) -> Result<Self, BenchError> {
        let endpoint = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let port = HostPort::open(&kind.into(), &[endpoint])?;
        let choice = port.choice().to_string();
        let (requests, requests_out) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let (replies_in, replies) = channel(DATAGRAM_LINK_SLOTS, Datagram::empty);
        let net = NetStage::new(port, requests, replies, taken, Arc::new(Control::new(1)));
        Ok(Self { net, choice, _links: (requests_out, replies_in) })
    }
}

impl Far for Through {
    fn take(&mut self) -> Result<usize, BenchError> {
        self.net.poll(START).map_err(|error| BenchError::Tile(error.to_string()))
    }
}
