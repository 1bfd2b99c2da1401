//! A whole appliance on loopback, with a subscriber to its ticks, and what must hold when it has stopped.

use super::marker::Marker;
use engine::appliance::{Appliance, Stopped, endpoints};
use engine::book::{Book, LevelView, OrderView};
use engine::config::Config;
use engine::ground::Ground;
use engine::recovery::{From, recover_from};
use engine::venue::Venue;
use feedhandler::handler::{FeedListener, HandlerOptions, Join};
use feedhandler::runner::{FeedAddresses, Runner};
use feedhandler::{BookListener, Depth, DepthBook};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, EndpointIndex, Port as _};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tools::client::ClientConfig;
use tools::replay::ReplayOptions;
use wire::feed::{ChannelIndex, Stream, StreamKind};
use wire::login::{Key, Username};
use wire::tick::Tick;
use wire::{InstrumentIndex, Price, Side};

/// How long anything on loopback may take before the test says that it never comes.
const PATIENCE: Duration = Duration::from_secs(10);
const TICK_GROUP: Ipv4Addr = Ipv4Addr::new(239, 26, 40, 2);

/// Whether the tick of a mark has come.
struct Mark {
    price: Price,
    heard: bool,
}

impl BookListener for Mark {}

impl FeedListener for Mark {
    fn tick(&mut self, _: u64, tick: &Tick, _: bool) {
        self.heard |= Marker::is_mark(tick, self.price);
    }
}

pub struct Running {
    config: Config,
    appliance: Appliance,
    subscriber: Runner<HostPort>,
    marker: Option<Marker>,
    /// Holds the journal.
    _dir: TempDir,
}

impl Running {
    /// An appliance with an empty journal, on ports of its own.
    pub fn start(overrides: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let group = Endpoint::multicast(TICK_GROUP, 0, Ipv4Addr::LOCALHOST);
        let port = HostPort::open(&PortKind::Auto.into(), &[group]).expect("multicast on loopback");
        let journal = dir.path().to_str().expect("a path in UTF-8").to_owned();
        let line = format!("[\"{}\"]", port.local_addr(EndpointIndex(0)));
        let own: [(&str, &str); 5] = [
            ("network.order_entry", "127.0.0.1:0"),
            ("network.rerequest", "127.0.0.1:0"),
            ("topology.wait", "park"),
            ("journal.dir", &journal),
            ("channel.0.tick_lines", &line),
        ];
        let pairs = own.iter().chain(overrides).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let mut config = Config::default().with_overrides(&pairs.collect::<Vec<_>>()).expect("valid overrides");
        let options = HandlerOptions {
            join: Join::At(1),
            // Nobody is asked: what the loopback loses is to show.
            rerequest: None,
            snapshot: None,
            line_wait_ns: u64::MAX,
            ..HandlerOptions::new(StreamKind::Tick)
        };
        let lines = vec![port.local_addr(EndpointIndex(0))];
        let subscriber = Runner::new(port, FeedAddresses { lines, ..FeedAddresses::default() }, options);
        let port = HostPort::open(&PortKind::Auto.into(), &endpoints(&config)).expect("ports on loopback");
        config.network.order_entry = port.local_addr(EndpointIndex(0));
        config.network.rerequest = port.local_addr(EndpointIndex(1));
        let appliance = Appliance::start(&config, port).expect("an appliance");
        Self { config, appliance, subscriber, marker: None, _dir: dir }
    }

    /// How the client of a configured session reaches it.
    pub fn client(&self, session: usize) -> ClientConfig {
        let login = &self.config.sessions[session];
        let username = Username::new(&login.username).expect("a short name");
        let network = &self.config.network;
        ClientConfig::new(username, Key(login.key.0), network.order_entry.into(), network.rerequest.into())
    }

    /// The first session's client, as fast as its window allows.
    pub fn replay_options(&self) -> ReplayOptions {
        ReplayOptions { client: self.client(0), rate_per_s: None, limit: None }
    }

    /// A port for a client.
    pub fn client_port() -> HostPort {
        let endpoint = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        HostPort::open(&PortKind::Auto.into(), &[endpoint]).expect("a port on loopback")
    }

    /// Hears what has arrived; call it often enough that no socket buffer overflows.
    pub fn listen(&mut self) -> usize {
        self.subscriber.turn(&mut ()).expect("the subscriber's port goes on")
    }

    /// Waits until the ticks of everything answered so far have been heard, and shows the depth that they make.
    pub fn depth_now(&mut self, instrument: InstrumentIndex) -> &Depth {
        if self.marker.is_none() {
            self.marker = Some(Marker::log_in(self.client(1), Self::client_port()));
        }
        let marker = self.marker.as_mut().expect("made above");
        let mut mark = Mark { price: marker.send(), heard: false };
        let deadline = Instant::now() + PATIENCE;
        while !mark.heard {
            marker.turn();
            if self.subscriber.turn(&mut mark).expect("the subscriber's port goes on") == 0 {
                assert!(Instant::now() < deadline, "the tick of mark {} does not come", mark.price);
                self.subscriber.wait();
            }
        }
        told(&self.subscriber).get(instrument).expect("the venue tells every instrument's status at its opening")
    }

    /// Stops it in order and demands that nothing was lost on any way out: each tick was heard, the depth that they make is the engine's
    /// book, and so is what replay of the journal comes to.
    pub fn stop(mut self) -> Venue {
        if let Some(marker) = self.marker.take() {
            marker.log_out();
        }
        let stopped = self.appliance.stop().expect("an appliance that ends in order");
        let ticks = Stream::new(ChannelIndex(0), StreamKind::Tick);
        let next_tick = stopped.next(ticks).expect("the first channel");
        let Stopped { venue, .. } = stopped;
        let deadline = Instant::now() + PATIENCE;
        while self.subscriber.handler().next_sequence() < next_tick {
            if self.subscriber.turn(&mut ()).expect("the subscriber's port goes on") == 0 {
                let feed = self.subscriber.handler();
                assert!(
                    Instant::now() < deadline,
                    "heard {} of {next_tick}: {:?}",
                    feed.next_sequence(),
                    feed.counters()
                );
                self.subscriber.wait();
            }
        }
        assert_eq!(venue.exchange().numbers().next(ticks), next_tick, "every tick was published");
        assert_eq!(self.subscriber.handler().stale(), None);
        assert_eq!(self.subscriber.handler().counters().messages, next_tick - 1, "each tick was heard once");
        venue.exchange().book().audit().expect("a consistent book");
        for instrument in instruments(&self.config) {
            let depth = told(&self.subscriber).get(instrument).expect("its opening status was told");
            for side in [Side::Buy, Side::Sell] {
                let heard: Vec<_> = depth.levels(side).map(|level| (level.price, level.quantity)).collect();
                assert_eq!(heard, displayed(venue.exchange().book(), instrument, side), "{instrument:?} {side:?}");
            }
        }
        replays_to(&self.config, &venue);
        venue
    }
}

/// The depth that its ticks make.
fn told(subscriber: &Runner<HostPort>) -> &DepthBook {
    subscriber.handler().depth().expect("a tick stream")
}

/// What replay of the journal comes to is what stood when the appliance stopped.
fn replays_to(config: &Config, venue: &Venue) {
    let replayed =
        recover_from(From::Genesis, config, &Ground::default(), venue.time()).expect("a journal that replays").venue;
    let (live, again) = (venue.exchange(), replayed.exchange());
    assert_eq!(replayed.seq(), venue.seq(), "every command is in the journal");
    assert_eq!(again.numbers(), live.numbers());
    assert_eq!(again.state_hash(), live.state_hash());
    again.book().audit().expect("a consistent book");
    for instrument in instruments(config) {
        for side in [Side::Buy, Side::Sell] {
            let orders = |book| orders(book, instrument, side);
            assert!(orders(again.book()) == orders(live.book()), "{instrument:?} {side:?}: other orders");
        }
    }
}

fn instruments(config: &Config) -> impl Iterator<Item = InstrumentIndex> {
    (0..).map(InstrumentIndex).take(config.instruments.len())
}

/// The displayed levels of the engine's book, best first.
fn displayed(book: &Book, instrument: InstrumentIndex, side: Side) -> Vec<(Price, u32)> {
    book.levels(instrument, side).map(|level| (level.price, level.qty)).collect()
}

/// Every order of a side with its level, in the order in which they trade.
fn orders(book: &Book, instrument: InstrumentIndex, side: Side) -> Vec<(LevelView, Vec<OrderView>)> {
    let levels = book.levels(instrument, side);
    levels.map(|level| (level, book.orders(instrument, side, level.price).collect())).collect()
}
