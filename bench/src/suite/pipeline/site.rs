//! The whole appliance in this process: its tiles, links and journal, and a port in memory in place of the network.
//!
//! Goal: an appliance that is as a user starts it, and the end state that it must come to. Non-goal: feeding it; see [`super::feeder`].

use std::fmt;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BenchError;
use crate::flow::Flow;
use crate::proof::{Proof, Prover};
use crate::stream::numbering::SESSION;
use crate::subject::exchange::ExchangeSubject;
use crate::subject::{Counter, Subject};
use engine::appliance::{Appliance, Around, Stopped, endpoints};
use engine::config::{Config, Topology};
use engine::exchange::Exchange;
use engine::journal::Durability;
use engine::meter::Meter;
use engine::progress::Progress;
use engine::tile::{TileKind, Wait};
use engine::trace::Trace;
use netio::cpu::CoreList;
use netio::memory::MemoryPort;
use netio::port::Endpoint;
use std::net::{Ipv4Addr, SocketAddrV4};
use tempfile::TempDir;
use tools::client::ClientConfig;
use wire::login::{Key, Username};
use wire::{MatchNumber, OrderRef};

/// Datagrams that wait in the port, each way.
const PORT_SLOTS: usize = 1_024;
/// Messages that may be unanswered.
pub const WINDOW: usize = 4_096;
/// How long a silent appliance is borne: then it is a bug.
const PATIENCE_NS: u64 = 20_000_000_000;
/// How long the journal may take to prepare its segments.
const SETTLE_MAX: Duration = Duration::from_secs(10);

/// How the appliance is placed and what it promises.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many threads its tiles have; a preset.
    pub threads: usize,
    /// What idle tiles do.
    pub wait: Wait,
    /// What they do where the journal's helper must come in between.
    pub wait_synced: Wait,
    /// Cores: the feeder's, then one a thread. Empty: the scheduler's choice.
    pub cores: Vec<usize>,
}

impl Setup {
    /// How many threads poll at once.
    #[must_use]
    pub fn polling(&self) -> String {
        format!("{}: the feeder, and {} of the tiles", self.threads + 1, self.threads)
    }

    /// The configuration: the built-in one with one session, and books of the size that the flows need.
    ///
    /// # Errors
    /// The sizes contradict each other.
    pub fn config(&self, durability: Durability, sizes: &[(&str, &str)]) -> Result<Config, BenchError> {
        let sizes = sizes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let mut config = Config::default().with_overrides(&sizes.collect::<Vec<_>>())?;
        config.sessions.truncate(1);
        config.journal.durability = durability;
        // The follower would take turns on the measured cores.
        config.snapshot.interval_ms = 0;
        config.topology = Topology {
            threads: Topology::preset(self.threads).unwrap_or_else(|| Topology::default().threads),
            pin: self.cores.get(1..).unwrap_or_default().to_vec(),
            helpers: Vec::new(),
            wait: match durability {
                Durability::Mapped => self.wait,
                Durability::Synced => self.wait_synced,
            },
        };
        Ok(config)
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = Topology::preset(self.threads).unwrap_or_default();
        let placed = threads.iter().map(|tiles| {
            let names = tiles.iter().map(|tile| format!("{tile:?}").to_lowercase());
            names.collect::<Vec<_>>().join("+")
        });
        write!(f, "{}", placed.collect::<Vec<_>>().join(" | "))?;
        match self.cores.split_first() {
            Some((feeder, cores)) => write!(f, " on cores {}, the feeder on {feeder}", CoreList(cores.to_vec()))?,
            None => f.write_str(", the feeder beside, none pinned: fewer cores than threads")?,
        }
        write!(f, ", the journal's helpers anywhere; idle tiles {}", verb(self.wait))?;
        if self.wait_synced != self.wait {
            write!(f, ", with synced they {}: there is no core for the helper that syncs", verb(self.wait_synced))?;
        }
        Ok(())
    }
}

const fn verb(wait: Wait) -> &'static str {
    match wait {
        Wait::Spin => "spin",
        Wait::Yield => "yield",
        Wait::Park => "park",
    }
}

/// A running appliance with an empty book.
pub struct Site<T: Trace> {
    appliance: Appliance<T>,
    /// Holds the journal.
    _dir: TempDir,
}

impl<T: Trace> Site<T> {
    /// Starts one with a journal in a new directory below `dir`, which counts if it is given where, and returns the other end of its port.
    ///
    /// # Errors
    /// The disk or the system refuses something.
    pub fn open(
        config: &Config,
        dir: &Path,
        meter: Option<Meter>,
        trace: impl Fn(TileKind) -> T,
    ) -> Result<(Self, MemoryPort, ClientConfig), BenchError> {
        let dir = tempfile::tempdir_in(dir).map_err(BenchError::io("make a directory for the journal"))?;
        let mut config = config.clone();
        config.journal.dir = dir.path().join("journal");
        let ours = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let (port, feeders) = MemoryPort::pair(&endpoints(&config), &[ours], PORT_SLOTS)?;
        let session = &config.sessions[0];
        let username = Username::new(&session.username).ok_or(BenchError::Login { expected: "a username" })?;
        let (order_entry, rerequest) = (config.network.order_entry.into(), config.network.rerequest.into());
        let client = ClientConfig {
            window_messages: WINDOW,
            login_patience_ns: PATIENCE_NS,
            outage_patience_ns: PATIENCE_NS,
            ..ClientConfig::new(username, Key(session.key.0), order_entry, rerequest)
        };
        let around = Around { meter, ..Around::default() };
        let appliance = Appliance::start_with(&config, port, around, &Progress::default(), trace)?;
        settle(&config.journal.dir);
        Ok((Self { appliance, _dir: dir }, feeders, client))
    }

    /// Ends it, and holds it to the state that it must have come to, where that is known.
    ///
    /// # Errors
    /// It failed, or stands elsewhere.
    pub fn close(self, expected: Option<End>) -> Result<Vec<T>, BenchError> {
        let Stopped { venue, traces, .. } = self.appliance.stop()?;
        let found = End::of(venue.exchange());
        let Some(expected) = expected.filter(|expected| *expected != found) else { return Ok(traces) };
        let counters = venue.gateway().counters();
        let (expected, found) = (format!("{expected:?}"), format!("{found:?} after {counters:?}"));
        Err(BenchError::Unequal { subject: "pipeline", expected, found })
    }
}

/// Waits until the next segment lies ready and none grows: the disk is not to be busy with zeros while something is measured. One that is
/// begun and not due yet does not grow.
fn settle(dir: &Path) {
    let files = || {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let len = |entry: &fs::DirEntry| entry.metadata().map_or(0, |metadata| metadata.len());
        let mut files: Vec<_> = entries.map(|entry| (entry.file_name(), len(&entry))).collect();
        files.sort();
        files
    };
    let deadline = Instant::now() + SETTLE_MAX;
    let mut seen = files();
    loop {
        thread::sleep(Duration::from_millis(10));
        let now = files();
        let ready = now.iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "seg")).count();
        if (ready > 1 && now == seen) || Instant::now() > deadline {
            return;
        }
        seen = now;
    }
}

/// What an exchange came to: equal for equal flows, whoever was logged in and whenever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    book: u64,
    order_ref: OrderRef,
    match_number: MatchNumber,
    next_report: u64,
}

impl End {
    fn of(exchange: &Exchange) -> Self {
        let numbers = exchange.numbers();
        Self {
            book: exchange.book().state_hash(),
            order_ref: numbers.order_ref,
            match_number: numbers.match_number,
            next_report: exchange.sessions()[usize::from(SESSION.0)].next_outbound(),
        }
    }

    /// What the first `messages` of a flow lead to.
    #[must_use]
    pub fn after(flow: &Flow, messages: usize, config: &Config) -> Self {
        let mut subject = ExchangeSubject::new(flow, config, Counter::default());
        (0..messages.min(flow.len())).for_each(|line| subject.step(line));
        Self::of(subject.exchange())
    }

    /// What a whole flow leads to, and its reports hashed.
    #[must_use]
    pub fn proved(flow: &Flow, config: &Config) -> (Self, Proof) {
        let mut subject = ExchangeSubject::new(flow, config, Prover::new(flow.numbered()));
        (0..flow.len()).for_each(|line| subject.step(line));
        let end = Self::of(subject.exchange());
        (end, subject.into_ear().finish())
    }
}
