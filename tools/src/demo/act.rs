//! One run of the demo: an appliance with one durability, two flows, one subscriber, and the checks.

use super::DemoArgs;
use super::place::Place;
use crate::client::ClientConfig;
use crate::replay::{self, ReplayOptions, ReplayOutcome, hex};
use crate::run::open_port;
use engine::appliance::{Appliance, Stopped};
use engine::book::Book;
use engine::config::{Config, Line};
use engine::ground::Ground;
use engine::journal::Durability;
use engine::recovery::{From, recover_from};
use engine::tile::Wait;
use feedhandler::DepthBook;
use feedhandler::flow::recording::RecordingOptions;
use feedhandler::flow::{Format, Recording};
use feedhandler::handler::{HandlerOptions, Join};
use feedhandler::runner::{FeedAddresses, Runner};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Port as _};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::login::Username;
use wire::{InstrumentIndex, Nanos, Side, Symbol};

/// The recorded flow with a published answer.
const CONSENSUS: &[u8] = include_bytes!("../../data/normal_s23_n20000.txt.xz");
/// The SHA-256 that was published for its report stream.
const CONSENSUS_SHA256: &str = include_str!("../../data/normal_s23_n20000.reports.sha256");
/// A day's sample in NASDAQ ITCH 5.0.
const ITCH: &[u8] = include_bytes!("../../data/ex20101224.TEST_ITCH_50.gz");

/// Unanswered messages at a time. So few that what is on its way to the subscriber fits the receive buffer that an ordinary user gets.
const WINDOW_MESSAGES: usize = 256;
/// How long the subscriber may wait for the last ticks.
const LAST_TICKS: Duration = Duration::from_secs(5);

/// What one run came to.
pub struct Act {
    /// The durability it ran with.
    pub durability: Durability,
    /// Which port moved the packets.
    pub port: PortKind,
    /// The flow that was sent as fast as the window allows.
    pub flood: ReplayOutcome,
    /// The flow that was sent by the clock.
    pub paced: ReplayOutcome,
    /// Ticks that the appliance published.
    pub ticks_published: u64,
    /// Ticks that the subscriber received, each once.
    pub ticks_received: u64,
    /// Ticks that the subscriber missed.
    pub ticks_missing: u64,
    /// Gaps that the subscriber saw.
    pub gaps: u64,
    /// Price levels compared between subscriber and engine, and those that differed.
    pub levels: (usize, usize),
    /// The state hash when the appliance stopped.
    pub hash_live: u64,
    /// The state hash after replaying its journal.
    pub hash_replayed: u64,
    /// Records replayed.
    pub records: u64,
    /// Whether the replayed books equal the live ones.
    pub books_equal: bool,
}

impl Act {
    /// Whether the report stream is the published one.
    pub fn reports_published(&self) -> bool {
        let published = CONSENSUS_SHA256.split_whitespace().next();
        published == Some(hex(&self.flood.sha256).as_str())
    }

    /// Whether nothing was missed on the tick channel.
    pub const fn ticks_whole(&self) -> bool {
        self.gaps == 0 && self.ticks_missing == 0 && self.ticks_received == self.ticks_published
    }

    /// Whether the depth rebuilt from ticks is the engine's.
    pub const fn depth_equal(&self) -> bool {
        self.levels.0 > 0 && self.levels.1 == 0
    }

    /// Whether replaying the journal came to the same state.
    pub const fn replay_equal(&self) -> bool {
        self.hash_live == self.hash_replayed && self.books_equal && self.records > 0
    }

    /// Whether everything held.
    pub fn held(&self) -> bool {
        self.reports_published() && self.ticks_whole() && self.depth_equal() && self.replay_equal()
    }

    /// Runs it.
    ///
    /// # Errors
    /// The appliance or the client could not be run.
    pub fn play(durability: Durability, args: &DemoArgs, place: &Place) -> Result<Self, Box<dyn Error>> {
        let directory = tempfile::Builder::new().prefix("pinion-demo-").tempdir()?;
        let mut config = configuration(durability, place);
        config.journal.dir = directory.path().join("journal");
        let line = SocketAddrV4::new(Ipv4Addr::new(239, 26, 40, 1), free_udp_port()?);
        config.channels[0].tick_lines = vec![Line::new(line)];
        let depth = SocketAddrV4::new(Ipv4Addr::new(239, 26, 41, 1), free_udp_port()?);
        config.channels[0].depth_lines = vec![Line::new(depth)];

        // The subscriber is there before the first tick.
        let addresses =
            FeedAddresses { lines: vec![line], interfaces: vec![place.client()], ..FeedAddresses::default() };
        let mut subscriber = Runner::new(place.open_client(&addresses.endpoints())?, addresses, listening());
        let port = place.with_appliance(|| open_port(&config).map_err(|error| error.to_string()))??;
        eprintln!("port: {}", port.choice());
        let kind = port.kind();
        let [order_entry, rerequest] = [0, 1].map(|endpoint| port.local_addr(EndpointIndex(endpoint)));
        let appliance = place.with_appliance(|| Appliance::start(&config, port))??;

        let client = |session: usize| -> Result<ReplayOptions, Box<dyn Error>> {
            let session = &config.sessions[session];
            let username = Username::new(&session.username).ok_or("the built-in configuration has a bad username")?;
            let client = ClientConfig::new(username, session.key, order_entry.into(), rerequest.into());
            let client = ClientConfig { window_messages: WINDOW_MESSAGES, ..client };
            Ok(ReplayOptions { client, rate_per_s: None, limit: None })
        };
        let instrument = config.instruments[0].symbol;
        let flood = send(CONSENSUS, Format::Consensus, instrument, &client(0)?, place, &mut subscriber)?;
        let by_the_clock = ReplayOptions { rate_per_s: Some(args.rate), ..client(1)? };
        let paced = send(ITCH, Format::Itch50, instrument, &by_the_clock, place, &mut subscriber)?;

        let stopped = appliance.stop()?;
        let next_tick = stopped.next(Stream::new(ChannelIndex(0), StreamKind::Tick)).unwrap_or(1);
        hear_the_rest(&mut subscriber, next_tick)?;
        let (feed, heard) = (subscriber.handler(), subscriber.handler().counters());
        let depth = feed.depth().ok_or("a tick stream has levels")?;
        let levels = compare_depth(stopped.venue.exchange().book(), depth, config.instruments.len());
        let hash_live = stopped.venue.exchange().state_hash();
        // From the first record: the journal alone must lead there.
        let replayed = recover_from(From::Genesis, &config, &Ground::default(), Nanos(0))?;
        Ok(Self {
            durability,
            port: kind,
            flood,
            paced,
            ticks_published: next_tick - 1,
            ticks_received: heard.messages,
            ticks_missing: feed.highest_sequence() - feed.next_sequence() + heard.lost,
            gaps: heard.gaps,
            levels,
            hash_live,
            hash_replayed: replayed.venue.exchange().state_hash(),
            records: replayed.journal.report.records,
            books_equal: books_equal(&stopped, replayed.venue.exchange().book(), config.instruments.len()),
        })
    }
}

/// The built-in configuration, in one thread that lets others run, on ports that the system chooses.
fn configuration(durability: Durability, place: &Place) -> Config {
    let mut config = Config::default();
    config.topology.threads = engine::config::Topology::preset(1).expect("1 is a preset");
    config.topology.wait = Wait::Yield;
    config.journal.durability = durability;
    config.network.port = place.options();
    config.network.order_entry = SocketAddrV4::new(place.appliance(), 0);
    config.network.rerequest = SocketAddrV4::new(place.appliance(), 0);
    config.network.interface = place.appliance();
    config
}

/// The subscriber asks for nothing again: what the line loses is to show.
fn listening() -> HandlerOptions {
    HandlerOptions {
        join: Join::At(1),
        rerequest: None,
        snapshot: None,
        line_wait_ns: u64::try_from(LAST_TICKS.as_nanos()).unwrap_or(u64::MAX),
        ..HandlerOptions::new(StreamKind::Tick)
    }
}

/// Sends a flow and lets the subscriber listen in between, so that neither starves the other.
fn send(
    bytes: &[u8],
    format: Format,
    instrument: Symbol,
    options: &ReplayOptions,
    place: &Place,
    subscriber: &mut Runner<HostPort>,
) -> Result<ReplayOutcome, Box<dyn Error>> {
    let reading = RecordingOptions { format: Some(format), instrument: Some(instrument), book: None };
    let flow = Recording::read("the bundled flow", bytes, &reading)?;
    let port = place.open_client(&[Endpoint::unicast(SocketAddrV4::new(place.client(), 0))])?;
    let mut broken = None;
    let outcome = replay::run(flow, port, options, io::sink(), |_| {
        if let Err(error) = subscriber.turn(&mut ()) {
            broken = Some(error);
        }
    })?;
    broken.map_or(Ok(outcome), |error| Err(error.into()))
}

/// Listens until tick `next - 1` has come, or nothing comes any more.
fn hear_the_rest(subscriber: &mut Runner<HostPort>, next: u64) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + LAST_TICKS;
    while subscriber.handler().next_sequence() < next && Instant::now() < deadline {
        if subscriber.turn(&mut ())? == 0 {
            subscriber.wait();
        }
    }
    Ok(())
}

/// Compares every level of every instrument. Returns how many were compared and how many differed.
fn compare_depth(book: &Book, depth: &DepthBook, instruments: usize) -> (usize, usize) {
    let mut compared = 0;
    let mut different = 0;
    for index in (0u32..).map(InstrumentIndex).take(instruments) {
        for side in [Side::Buy, Side::Sell] {
            let engine = book.levels(index, side).map(|level| (level.price, level.qty));
            let heard = depth.get(index).into_iter().flat_map(|depth| depth.levels(side));
            let heard = heard.map(|level| (level.price, level.quantity));
            let (engine, heard): (Vec<_>, Vec<_>) = (engine.collect(), heard.collect());
            let longer = engine.len().max(heard.len());
            compared += longer;
            different += (0..longer).filter(|&at| engine.get(at) != heard.get(at)).count();
        }
    }
    (compared, different)
}

/// Whether all orders stand in both books at the same places.
fn books_equal(stopped: &Stopped, replayed: &Book, instruments: usize) -> bool {
    let live = stopped.venue.exchange().book();
    (0u32..).map(InstrumentIndex).take(instruments).all(|index| {
        [Side::Buy, Side::Sell].into_iter().all(|side| {
            live.levels(index, side).eq(replayed.levels(index, side))
                && live
                    .levels(index, side)
                    .all(|level| live.orders(index, side, level.price).eq(replayed.orders(index, side, level.price)))
        })
    })
}

/// A UDP port that nobody uses, for a group that is joined by number.
fn free_udp_port() -> io::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
