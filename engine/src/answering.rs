//! What subscribers and operators ask for: the sockets, the follower's listeners behind them, and the threads that answer.
//!
//! Goal: one place that puts message store, re-request server and snapshot server together. Non-goal: what each of them does; see
//! [`crate::messages`], [`crate::rerequest`] and [`crate::glimpse`].

use std::io;
use std::net::{SocketAddrV4, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Answers, Config};
use crate::glimpse::{Desk, GlimpseCounts, GlimpseOptions, GlimpseThread, GlimpseWatch, Imager};
use crate::ground::Ground;
use crate::journal::Watch;
use crate::messages::{Archive, Keeper, Repair, RepairThread};
use crate::rerequest::{Proofs, RerequestCounters, RerequestCounts, RerequestThread, Rerequests};
use crate::snapshot::Prepared;
use netio::clock::Clock;
use netio::port::{Endpoint, PortError};
use netio::socket::SocketPort;

/// The sockets at which subscribers ask, and operators: open before anything is replayed, so that an address that cannot be had is told at once.
#[derive(Debug, Default)]
pub struct AnsweringSockets {
    rerequest: Option<SocketPort>,
    snapshot: Option<TcpListener>,
    admin: Option<TcpListener>,
}

/// A socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum AnsweringError {
    /// For re-requests.
    #[error("feed.rerequest: {0}")]
    Rerequest(#[from] PortError),
    /// For operators.
    #[error("admin.address: cannot listen at {address}: {source}; choose another address, or \"\" for none")]
    Admin {
        /// Where.
        address: SocketAddrV4,
        /// Why not.
        source: io::Error,
    },
    /// For snapshots.
    #[error("feed.snapshot: cannot listen at {address}: {source}; choose another address, or \"\" for none")]
    Snapshot {
        /// Where.
        address: SocketAddrV4,
        /// Why not.
        source: io::Error,
    },
}

impl AnsweringSockets {
    /// Nobody is answered.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Those that a configuration asks for; only that of operators where no follower runs, which is behind all that subscribers are answered.
    ///
    /// # Errors
    /// An address cannot be had.
    pub fn open(config: &Config) -> Result<Self, AnsweringError> {
        let Answers { rerequest, snapshot, .. } = config.feed.answers;
        let administer =
            |address| TcpListener::bind(address).map_err(|source| AnsweringError::Admin { address, source });
        let admin = config.admin.address.map(administer).transpose()?;
        if config.snapshot.interval_ms == 0 {
            return Ok(Self { admin, ..Self::none() });
        }
        // The kernel's own: what is asked for is no matter of microseconds, and the fast ports belong to the tiles.
        let rerequest = rerequest.map(|address| SocketPort::open(&[Endpoint::unicast(address)])).transpose()?;
        let listen =
            |address| TcpListener::bind(address).map_err(|source| AnsweringError::Snapshot { address, source });
        let snapshot = snapshot.map(listen).transpose()?;
        Ok(Self { rerequest, snapshot, admin })
    }

    /// That of operators.
    pub(crate) const fn take_admin(&mut self) -> Option<TcpListener> {
        self.admin.take()
    }
}

/// What listens to the follower, before it follows.
#[derive(Default)]
pub(crate) struct Listening {
    archive: Option<Arc<Archive>>,
    desk: Option<Arc<Desk>>,
}

impl Listening {
    /// Has the follower told everything that the sockets will be asked for.
    pub(crate) fn to(
        mut prepared: Prepared,
        sockets: &AnsweringSockets,
        config: &Config,
        ground: &Ground,
    ) -> (Prepared, Self) {
        let answers = &config.feed.answers;
        let mut listening = Self::default();
        if sockets.rerequest.is_some() {
            let archive = Arc::<Archive>::default();
            let (disk, dir) = (Arc::clone(&ground.disk), config.journal.dir.clone());
            let keeper = Keeper::new(Arc::clone(&archive), disk, dir, file_len(answers));
            prepared = prepared.with(Box::new(keeper));
            listening.archive = Some(archive);
        }
        if sockets.snapshot.is_some() {
            let desk = Arc::new(Desk::new(Duration::from_millis(answers.snapshot_max_age_ms.into())));
            prepared = prepared.with(Box::new(Imager::new(Arc::clone(&desk))));
            listening.desk = Some(desk);
        }
        (prepared, listening)
    }

    /// Starts the threads. After the follower has begun to follow, and before anything of the journal may be pruned.
    ///
    /// # Errors
    /// The system refuses a thread, or randomness.
    pub(crate) fn answer(
        self,
        sockets: AnsweringSockets,
        config: &Config,
        ground: &Ground,
        watch: &Watch,
        clock: &Clock,
    ) -> io::Result<Answering> {
        let answers = &config.feed.answers;
        let proofs = Arc::new(Proofs::new(answers.proof_s));
        let mut answering = Answering { rerequest: None, glimpse: None, repair: None, archive: self.archive };
        if let (Some(archive), Some(port)) = (&answering.archive, sockets.rerequest) {
            let disk = Arc::clone(&ground.disk);
            let repair = Repair::new(config, disk, Arc::clone(archive), file_len(answers), watch);
            answering.repair = Some(RepairThread::spawn(repair)?);
            let mut secret = [0; 8];
            ground.entropy.draw(&mut secret)?;
            let secret = u64::from_le_bytes(secret);
            let core = Rerequests::new(answers, Arc::clone(archive), Arc::clone(&proofs), secret);
            answering.rerequest = Some(RerequestThread::spawn(port, core, clock.clone())?);
        }
        if let (Some(desk), Some(listener)) = (self.desk, sockets.snapshot) {
            let options = GlimpseOptions {
                connections_max: answers.snapshot_connections_max,
                address_connections_max: answers.snapshot_address_connections_max,
                stall: Duration::from_millis(answers.snapshot_stall_ms.into()),
            };
            answering.glimpse = Some(GlimpseThread::spawn(listener, desk, proofs, options, clock.clone())?);
        }
        Ok(answering)
    }
}

fn file_len(answers: &Answers) -> usize {
    usize::try_from(answers.store_file_bytes).expect("32 bits fit an index")
}

/// The threads that answer subscribers. They end when it is dropped.
#[derive(Debug, Default)]
pub struct Answering {
    rerequest: Option<RerequestThread>,
    glimpse: Option<GlimpseThread>,
    repair: Option<RepairThread>,
    archive: Option<Arc<Archive>>,
}

impl Answering {
    /// Where re-requests are answered, with the port number that was really given.
    #[must_use]
    pub fn rerequest_address(&self) -> Option<SocketAddrV4> {
        self.rerequest.as_ref().map(RerequestThread::address)
    }

    /// Where snapshots are given, with the port number that was really given.
    #[must_use]
    pub fn snapshot_address(&self) -> Option<SocketAddrV4> {
        self.glimpse.as_ref().map(GlimpseThread::address)
    }

    /// What was counted of re-requests.
    #[must_use]
    pub fn rerequests(&self) -> Option<RerequestCounts> {
        self.rerequest.as_ref().map(|thread| thread.counters().read())
    }

    /// What was counted of snapshots.
    #[must_use]
    pub fn glimpses(&self) -> Option<GlimpseCounts> {
        self.glimpse.as_ref().map(GlimpseThread::counts)
    }

    /// What was counted, for as long as one likes.
    #[must_use]
    pub(crate) fn watch(&self) -> AnswersWatch {
        AnswersWatch {
            rerequest: self.rerequest.as_ref().map(|thread| Arc::clone(thread.counters())),
            glimpse: self.glimpse.as_ref().map(GlimpseThread::watch),
        }
    }

    /// The next thing that the operator should hear of; each is told once.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        self.archive.as_ref().and_then(|archive| archive.told.take())
    }

    /// Whether what was lost of the message store is still being made again.
    #[must_use]
    pub fn is_repairing(&self) -> bool {
        self.repair.as_ref().is_some_and(|repair| !repair.is_finished())
    }
}

/// What the threads count, for whoever looks while they run.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswersWatch {
    rerequest: Option<Arc<RerequestCounters>>,
    glimpse: Option<GlimpseWatch>,
}

impl AnswersWatch {
    /// Of re-requests.
    pub(crate) fn rerequests(&self) -> Option<RerequestCounts> {
        self.rerequest.as_ref().map(|counters| counters.read())
    }

    /// Of snapshots, and how many connections there are now.
    pub(crate) fn glimpses(&self) -> Option<(GlimpseCounts, u64)> {
        self.glimpse.as_ref().map(|watch| watch.counts()).map(|(counts, connections)| (counts, connections as u64))
    }
}
