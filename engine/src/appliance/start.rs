//! The start of an appliance: recovered, built, its threads begun one after the other.

use super::graph::build;
use super::threads::spawn;
use super::{Appliance, StartError};
use crate::admin::{AdminParts, AdminThread, Observer, Seen, keys};
use crate::answering::{Answering, AnsweringSockets, Listening};
use crate::config::Config;
use crate::ground::Ground;
use crate::meter::{Keeper, Meter, Sources};
use crate::progress::Progress;
use crate::recovery::{From, recover_watched};
use crate::retention::{Retention, RetentionThread};
use crate::snapshot::{FollowerThread, Prepared};
use crate::tile::{Control, Phase, TileKind};
use crate::trace::{Off, Trace};
use crate::views::{ViewsFollower, ViewsTold};
use netio::clock::Clock;
use netio::port::Port;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;
use wire::Nanos;

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

impl Appliance {
    /// Replays the journal and starts the tiles over a port opened with [`endpoints`](super::endpoints).
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
            let meter = meter.as_ref().map(Meter::operators);
            AdminThread::spawn(config, AdminParts { listener, links, watch, last, seen, entropy, control, meter })
        });
        let admin = admin.transpose().map_err(refused("admin"))?;
        let (threads, logs) = match spawn(&config.topology, tiles, &control, &clock, meter.as_ref()) {
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
            logs,
        })
    }
}
