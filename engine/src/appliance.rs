//! The appliance as a library: a configuration and an open port in, a running exchange out.
//!
//! ```text
//!   recover ─► links ─► tiles ─► threads by topology ─► … ─► drain ─► stop
//! ```
//! Goal: the whole graph in one place. Non-goal: signals, terminals, files other than the journal; the command line has those.

mod error;
pub mod graph;
mod threads;

pub use error::{StartError, StopError};

use self::graph::build;
use self::threads::spawn;
use crate::admin::{AdminParts, AdminThread, Observer, Seen, keys};
use crate::answering::{Answering, AnsweringSockets, Listening};
use crate::config::Config;
use crate::ground::Ground;
use crate::journal::{HelperThreads, RecoveryReport, Watch};
use crate::meter::{Keeper, Meter, Sources};
use crate::progress::Progress;
use crate::recovery::{From, recover_watched};
use crate::retention::{Retention, RetentionThread};
use crate::snapshot::{FollowerThread, Prepared, SnapshotError, SnapshotName};
use crate::tile::{Control, Duty, Phase, Remains, TileKind, thread_name};
use crate::trace::{Off, Trace};
use crate::venue::Venue;
use crate::views::{ViewsFollower, ViewsTold};
use netio::clock::Clock;
use netio::port::{Endpoint, Port, PortCounters};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::thread::{self, JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};
use wire::feed::Stream;
use wire::{Nanos, Seq};

/// What is left of an appliance that has stopped.
pub struct Stopped<T = Off> {
    /// The venue as it stood.
    pub venue: Venue,
    /// What the port counted.
    pub port: PortCounters,
    /// What would have come next on each stream of market data.
    pub next_on: Vec<(Stream, u64)>,
    /// What the tiles kept of the messages that were followed.
    pub traces: Vec<T>,
    /// How much its threads had to do.
    pub duty: Vec<Duty>,
}

/// The room on the journal's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What may still be written, bytes; 0 when no floor is configured and nobody looks.
    pub free_bytes: u64,
    /// Less than the floor: new orders are rejected.
    pub is_low: bool,
}

/// What an appliance has around it beside configuration and port.
#[derive(Default)]
pub struct Around {
    /// Where subscribers ask.
    pub sockets: AnsweringSockets,
    /// What it stands on.
    pub ground: Ground,
    /// Where it counts for others to see; made before the start, so that a recovery can be looked at.
    pub meter: Option<Meter>,
}

/// A running appliance.
pub struct Appliance<T: Trace = Off> {
    threads: Vec<JoinHandle<Vec<Remains<T>>>>,
    control: Arc<Control>,
    helper: HelperThreads,
    watch: Watch,
    report: RecoveryReport,
    began_from: (Option<SnapshotName>, Vec<SnapshotError>),
    follower: Option<FollowerThread>,
    answering: Answering,
    admin: Option<AdminThread>,
    keys_missing: Vec<String>,
    retention: Option<RetentionThread>,
    views: ViewsTold,
    keeper: Option<Keeper>,
    /// The tiles of each thread.
    placement: Vec<Vec<TileKind>>,
}

/// The endpoints that the port must be opened with, in the order that the tiles know them by.
#[must_use]
pub fn endpoints(config: &Config) -> Vec<Endpoint> {
    let network = &config.network;
    let endpoint = |bind: SocketAddrV4, interface: Ipv4Addr| Endpoint {
        bind,
        groups: Vec::new(),
        interface,
        multicast_ttl: config.feed.multicast_ttl,
        multicast_loop: true,
        recv_buffer_bytes: usize::try_from(network.receive_buffer_bytes).unwrap_or(usize::MAX),
        send_buffer_bytes: usize::try_from(network.send_buffer_bytes).unwrap_or(usize::MAX),
    };
    let mut endpoints =
        vec![endpoint(network.order_entry, network.interface), endpoint(network.rerequest, network.interface)];
    let market_data = feed_interfaces(config).into_iter();
    endpoints.extend(market_data.map(|interface| endpoint(SocketAddrV4::new(interface, 0), interface)));
    endpoints
}

/// The interfaces through which market data leaves, each once: the endpoints from [`MARKET_DATA`](crate::link::MARKET_DATA) on.
fn feed_interfaces(config: &Config) -> Vec<Ipv4Addr> {
    let mut interfaces = vec![config.network.interface];
    let lines = config.channels.iter().flat_map(|channel| channel.tick_lines.iter().chain(&channel.depth_lines));
    for interface in lines.filter_map(|line| line.interface) {
        if !interfaces.contains(&interface) {
            interfaces.push(interface);
        }
    }
    interfaces
}

impl<T: Trace> Stopped<T> {
    /// What would have come next on a stream.
    #[must_use]
    pub fn next(&self, stream: Stream) -> Option<u64> {
        self.next_on.iter().find(|(known, _)| *known == stream).map(|(_, next)| *next)
    }
}

impl Appliance {
    /// Replays the journal and starts the tiles over a port opened with [`endpoints`].
    ///
    /// # Errors
    /// The journal cannot be used, or a thread cannot be started or pinned.
    pub fn start<P: Port + Send + 'static>(config: &Config, port: P) -> Result<Self, StartError> {
        Self::start_traced(config, port, |_| Off)
    }

    /// As [`start`](Self::start), on another ground than the machine's.
    ///
    /// # Errors
    /// As there.
    pub fn start_on<P: Port + Send + 'static>(config: &Config, port: P, ground: &Ground) -> Result<Self, StartError> {
        let around = Around { ground: ground.clone(), ..Around::default() };
        Self::start_with(config, port, around, &Progress::default(), |_| Off)
    }

    /// As [`start`](Self::start); `progress` says how far the recovery is.
    ///
    /// # Errors
    /// As there.
    pub fn start_watched<P: Port + Send + 'static>(
        config: &Config,
        port: P,
        progress: &Progress,
    ) -> Result<Self, StartError> {
        Self::start_with(config, port, Around::default(), progress, |_| Off)
    }
}

impl<T: Trace> Appliance<T> {
    /// As [`start`](Appliance::start), with a trace for each tile that a message's way leads through.
    ///
    /// # Errors
    /// As there.
    pub fn start_traced<P: Port + Send + 'static>(
        config: &Config,
        port: P,
        trace: impl Fn(TileKind) -> T,
    ) -> Result<Self, StartError> {
        Self::start_with(config, port, Around::default(), &Progress::default(), trace)
    }

    /// As [`start`](Appliance::start), with what an appliance has around it; `progress` says how far the recovery is.
    ///
    /// # Errors
    /// As there.
    pub fn start_with<P: Port + Send + 'static>(
        config: &Config,
        port: P,
        around: Around,
        progress: &Progress,
        trace: impl Fn(TileKind) -> T,
    ) -> Result<Self, StartError> {
        let Around { mut sockets, ground, meter } = around;
        let ground = &ground;
        let clock = Clock::calibrate();
        let follows = config.snapshot.interval_ms > 0;
        let now = Nanos(clock.now());
        let (recovered, prepared) = thread::scope(|scope| {
            let prepared = follows.then(|| scope.spawn(|| Prepared::new(config, Arc::clone(&ground.disk))));
            let recover = || recover_watched(From::Snapshot, config, ground, now, progress);
            let recovered = match &meter {
                Some(meter) => meter.while_recovering(progress, recover),
                None => recover(),
            };
            (recovered, prepared.map(ScopedJoinHandle::join))
        });
        let mut recovered = recovered?;
        let began_from = (recovered.snapshot.take(), std::mem::take(&mut recovered.passed_over));
        let report = recovered.journal.report.clone();
        let watch = recovered.journal.watch.clone();
        let control = Arc::new(Control::new(config.topology.threads.len()));
        let keys_missing = keys::restore(config, &mut recovered.venue);
        let answered = recovered.venue.exchange().controls().answered();
        let last = answered.iter().map(|known| (known.operator, known.number)).collect();
        let (tiles, mut helper, links) = build(config, port, recovered, &control, trace);
        if let Some(meter) = &meter {
            helper.count_into(meter.journal());
        }
        let refused = |name: &str| {
            let name = name.to_owned();
            move |error: std::io::Error| StartError::Thread { name, reason: error.to_string() }
        };
        let helper = helper.spawn_on(&config.topology.helper_placement()).map_err(refused("journal helper"))?;
        let mut views = ViewsTold::default();
        let mut answering = Answering::default();
        let administered = sockets.take_admin().map(|listener| (listener, Arc::new(Seen::new(config, follows))));
        let follower = match prepared {
            None => None,
            Some(prepared) => {
                let prepared = prepared.map_err(|_| refused("snapshot")(std::io::Error::other("it panicked")))?;
                let (mut prepared, listening) = Listening::to(prepared?, &sockets, config, ground);
                if let Some((follower, told)) = ViewsFollower::of(config, Arc::clone(&ground.disk), watch.clone()) {
                    prepared = prepared.with(Box::new(follower));
                    views = told;
                }
                if let Some((_, seen)) = &administered {
                    prepared = prepared.with(Box::new(Observer::new(Arc::clone(seen), config.journal.dir.clone())));
                }
                let follower = prepared.follow(watch.clone())?;
                let answer = listening.answer(sockets, config, ground, &watch, &clock);
                answering = answer.map_err(refused("re-request or snapshot"))?;
                let interval = Duration::from_millis(u64::from(config.snapshot.interval_ms));
                Some(FollowerThread::spawn(follower, interval).map_err(refused("snapshot"))?)
            }
        };
        // After the follower, which holds what it has not read yet, and after the repair of the message store.
        let retention = Retention::new(config, Arc::clone(&ground.disk), watch.clone())?;
        let retention = match retention.is_idle() {
            true => None,
            false => Some(RetentionThread::spawn(retention).map_err(refused("journal-archive"))?),
        };
        let admin = administered.map(|(listener, seen)| {
            let (watch, control, entropy) = (watch.clone(), Arc::clone(&control), Arc::clone(&ground.entropy));
            AdminThread::spawn(config, AdminParts { listener, links, watch, last, seen, entropy, control })
        });
        let admin = admin.transpose().map_err(refused("admin"))?;
        let threads = match spawn(&config.topology, tiles, &control, &clock, meter.as_ref()) {
            Ok(threads) => threads,
            Err(error) => {
                control.advance(Phase::Stopped);
                return Err(error);
            }
        };
        let placement = config.topology.threads.clone();
        let keeper = meter.map(|meter| {
            let sources = Sources {
                control: Arc::clone(&control),
                watch: watch.clone(),
                follower: follower.as_ref().map(FollowerThread::watch),
                retention: retention.as_ref().map(RetentionThread::watch),
                answers: answering.watch(),
                disk: Arc::clone(&ground.disk),
                dir: config.journal.dir.clone(),
                segment_len: config.journal.segment_bytes,
                clock,
                replayed: report.last_seq,
            };
            Keeper::spawn(meter, sources, config.topology.helper_placement().prepare).map_err(refused("stats"))
        });
        let keeper = match keeper.transpose() {
            Ok(keeper) => keeper,
            Err(error) => {
                control.advance(Phase::Stopped);
                return Err(error);
            }
        };
        Ok(Self {
            threads,
            control,
            helper,
            watch,
            report,
            began_from,
            follower,
            answering,
            admin,
            keys_missing,
            retention,
            views,
            keeper,
            placement,
        })
    }

    /// What replay found.
    #[must_use]
    pub const fn report(&self) -> &RecoveryReport {
        &self.report
    }

    /// The snapshot that it began from, and the newer ones that could not be used, each with the reason.
    #[must_use]
    pub fn began_from(&self) -> (Option<&SnapshotName>, &[SnapshotError]) {
        (self.began_from.0.as_ref(), &self.began_from.1)
    }

    /// How many snapshots were taken since the start, and the command after which the last one was.
    #[must_use]
    pub fn snapshots(&self) -> (u64, Seq) {
        self.follower.as_ref().map_or((0, Seq(0)), FollowerThread::taken)
    }

    /// Why the last attempt to write a snapshot failed; told once. The venue goes on, and the next attempt follows.
    #[must_use]
    pub fn snapshot_warning(&self) -> Option<String> {
        self.follower.as_ref().and_then(FollowerThread::warning)
    }

    /// What the keeper of the views has to tell; told once. The venue is not concerned.
    #[must_use]
    pub fn views_told(&self) -> Vec<String> {
        self.views.take()
    }

    /// What subscribers ask for.
    #[must_use]
    pub const fn answering(&self) -> &Answering {
        &self.answering
    }

    /// Where operators log in, if anywhere.
    #[must_use]
    pub const fn admin(&self) -> Option<&AdminThread> {
        self.admin.as_ref()
    }

    /// Sessions that nobody can log in to, for the key that an operator gave them is not there: a sentence each.
    #[must_use]
    pub fn keys_missing(&self) -> &[String] {
        &self.keys_missing
    }

    /// How much room the journal's disk has.
    #[must_use]
    pub fn space(&self) -> Space {
        Space { free_bytes: self.watch.free_bytes(), is_low: self.watch.is_low_on_space() }
    }

    /// How many segments were pruned since the start.
    #[must_use]
    pub fn pruned_segments(&self) -> u64 {
        self.retention.as_ref().map_or(0, RetentionThread::pruned)
    }

    /// Why the last attempt to prune or archive a segment failed; told once. The venue goes on, and the next attempt follows.
    #[must_use]
    pub fn retention_warning(&self) -> Option<String> {
        self.retention.as_ref().and_then(RetentionThread::warning)
    }

    /// How far its journal is, for as long as one likes.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// The last command that is durable.
    #[must_use]
    pub fn durable_seq(&self) -> Seq {
        self.watch.durable_seq()
    }

    /// Whether it has stopped by itself; [`stop`](Self::stop) says why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let follower_failed = self.follower.as_ref().is_some_and(|follower| follower.failure().is_some());
        follower_failed || self.control.failure().is_some() || self.threads.iter().any(JoinHandle::is_finished)
    }

    /// How much each thread has had to do since the start, up to some milliseconds ago.
    #[must_use]
    pub fn duty(&self) -> Vec<Duty> {
        let threads = self.placement.iter().enumerate();
        threads.map(|(index, tiles)| self.control.duty(index, &thread_name(tiles), tiles)).collect()
    }

    /// Ends the market day: entry is closed for good, also after a restart, the streams of market data say so and end. What is in the books
    /// stays in them. The command is on its way when this returns.
    pub fn close_market(&self) {
        self.control.close_market();
    }

    /// Takes no more input, finishes what was taken, releases what became durable, syncs, takes a last snapshot, and ends.
    ///
    /// # Errors
    /// It had stopped by itself, or the end of the journal could not be synced, or the last snapshot not be written.
    pub fn stop(mut self) -> Result<Stopped<T>, StopError> {
        let keeper = self.keeper.take();
        if let Some(keeper) = &keeper {
            keeper.drain();
        }
        let stopped = self.finish();
        if let Some(keeper) = keeper {
            keeper.end(stopped.is_ok());
        }
        stopped
    }

    fn finish(mut self) -> Result<Stopped<T>, StopError> {
        self.control.advance(Phase::Draining);
        self.drain();
        // While there are tiles, so that what was taken is answered.
        drop(self.admin.take());
        self.control.advance(Phase::Stopped);
        let (mut venue, mut port, mut next_on, mut traces) = (None, PortCounters::default(), Vec::new(), Vec::new());
        let mut panicked = false;
        for thread in std::mem::take(&mut self.threads) {
            match thread.join() {
                Ok(remains) => {
                    for tile in remains {
                        match tile {
                            Remains::Net(counters, trace) => {
                                port = counters;
                                traces.push(trace);
                            }
                            Remains::Matching(left, trace) => {
                                venue = Some(*left);
                                traces.push(trace);
                            }
                            Remains::Journal(trace) => traces.push(trace),
                            Remains::Feed(next) => next_on = next,
                        }
                    }
                }
                Err(_) => panicked = true,
            }
        }
        let duty = self.duty();
        let journal = self.helper.stop();
        if let Some(reason) = self.control.failure() {
            return Err(StopError::Failed(reason));
        }
        if panicked {
            return Err(StopError::Panicked);
        }
        journal?;
        drop(self.answering);
        if let Some(follower) = self.follower {
            follower.stop()?;
        }
        let venue = venue.ok_or(StopError::Panicked)?;
        Ok(Stopped { venue, port, next_on, traces, duty })
    }

    /// Waits until no tile has had work for a while and everything appended is durable.
    fn drain(&self) {
        let deadline = Instant::now() + DRAIN_MAX;
        let mut work = self.control.work();
        let mut quiet_since = Instant::now();
        while Instant::now() < deadline && !self.has_failed() {
            thread::sleep(Duration::from_millis(1));
            let before = std::mem::replace(&mut work, self.control.work());
            if work != before || self.watch.durable_seq() < self.watch.appended_seq() {
                quiet_since = Instant::now();
            } else if quiet_since.elapsed() >= QUIET {
                return;
            }
        }
    }
}

/// How long no tile may have had work before the appliance counts as drained.
const QUIET: Duration = Duration::from_millis(20);
/// How long draining may take: a client that keeps asking must not keep the appliance alive.
const DRAIN_MAX: Duration = Duration::from_secs(5);
