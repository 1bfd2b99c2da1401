//! The whole appliance on this thread: four tiles in their turn, a port in memory, and clients at its other end.
//!
//! Goal: what one core of the collapsed topology does, without threads that the scheduler moves about. Non-goal: latency between tiles on
//! cores of their own (`pipeline`).

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use crate::error::BenchError;
use engine::appliance::endpoints;
use engine::appliance::graph::Graph;
use engine::config::Config;
use engine::ground::Ground;
use engine::meter::Meter;
use engine::recovery::recover;
use engine::tile::TileKind;
use engine::trace::Trace;
use netio::memory::MemoryPort;
use netio::port::{Endpoint, EndpointIndex, Outgoing, Port};
use tempfile::TempDir;
use tools::client::{Client, ClientConfig, DATAGRAM_LEN_MAX, Report, State, SubmitError};
use wire::Nanos;
use wire::login::{Key, Username};

/// Datagrams that wait in the port, each way.
const PORT_SLOTS: usize = 4_096;
/// Datagrams that a client receives before it sends.
const BURST: usize = 256;
/// Turns in which a login is done.
const LOGIN_TURNS_MAX: u32 = 100_000;

/// An appliance and its clients, one a session of the configuration.
pub struct Collapsed<T: Trace> {
    graph: Graph<MemoryPort, T>,
    port: MemoryPort,
    clients: Vec<Client>,
    now_ns: u64,
    /// Holds the journal.
    _dir: TempDir,
}

impl<T: Trace> Collapsed<T> {
    /// Opens one with a journal in a new directory below `dir`, and logs all sessions in.
    ///
    /// # Errors
    /// The disk refuses, or a login is refused.
    pub fn open(
        config: &Config,
        dir: &Path,
        now_ns: u64,
        meter: Option<&Meter>,
        trace: impl Fn(TileKind) -> T,
    ) -> Result<Self, BenchError> {
        let dir = tempfile::tempdir_in(dir).map_err(BenchError::io("make a directory for the journal"))?;
        let mut config = config.clone();
        config.journal.dir = dir.path().join("journal");
        let ours = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let ours = vec![ours; config.sessions.len()];
        let (port, far) = MemoryPort::pair(&endpoints(&config), &ours, PORT_SLOTS)?;
        let recovered = recover(&config, &Ground::default(), Nanos(now_ns))?;
        let graph = Graph::build_counted(&config, port, recovered, meter, trace);
        let (order_entry, rerequest) = (config.network.order_entry.into(), config.network.rerequest.into());
        let clients = config.sessions.iter().map(|session| {
            let username = Username::new(&session.username).ok_or(BenchError::Login { expected: "a username" })?;
            let patience_ns = 1_000_000_000_000;
            let config = ClientConfig {
                login_patience_ns: patience_ns,
                outage_patience_ns: patience_ns,
                ..ClientConfig::new(username, Key(session.key.0), order_entry, rerequest)
            };
            Ok::<_, BenchError>(Client::new(now_ns, config, Box::new(|| [7; 16])))
        });
        let clients = clients.collect::<Result<_, _>>()?;
        let mut collapsed = Self { graph, port: far, clients, now_ns, _dir: dir };
        let mut turns = 0;
        while collapsed.clients.iter().any(|client| client.state() == State::LoggingIn) {
            turns += 1;
            if turns > LOGIN_TURNS_MAX {
                return Err(BenchError::Login { expected: "an acceptance" });
            }
            collapsed.pass(1_000);
            collapsed.talk(|_, _| {})?;
            collapsed.poll()?;
        }
        Ok(collapsed)
    }

    /// Lets time pass.
    pub const fn pass(&mut self, ns: u64) {
        self.now_ns += ns;
    }

    /// A client has something to say; `false` when too much of what it said is unanswered.
    ///
    /// # Errors
    /// Its session has ended.
    pub fn submit(&mut self, client: usize, message: &[u8]) -> Result<bool, BenchError> {
        let submitted = self.clients[client].submit(|out| {
            out.get_mut(..message.len())?.copy_from_slice(message);
            Some(message.len())
        });
        match submitted {
            Ok(_) => Ok(true),
            Err(SubmitError::Full(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The clients take what has come and send what they have. Returns how many datagrams moved.
    ///
    /// # Errors
    /// A session has ended.
    pub fn talk(&mut self, mut sink: impl FnMut(usize, &Report<'_>)) -> Result<usize, BenchError> {
        let Self { port, clients, now_ns, .. } = self;
        let mut moved = port.receive(BURST, |received| {
            let index = usize::from(received.endpoint.0);
            let report = &mut |report: Report<'_>| sink(index, &report);
            clients[index].on_datagram(*now_ns, received.from.into(), received.payload, report);
        })?;
        for (client, endpoint) in clients.iter_mut().zip((0..=u8::MAX).map(EndpointIndex)) {
            client.poll(*now_ns);
            moved += port.send(BURST, |buffer| {
                let (to, len) = client.next_datagram(*now_ns, &mut buffer[..DATAGRAM_LEN_MAX])?;
                Some(Outgoing { endpoint, to: SocketAddrV4::from(to), len })
            })?;
            if let Some(failure) = client.failure() {
                return Err(failure.clone().into());
            }
        }
        port.flush()?;
        Ok(moved)
    }

    /// One turn of the thread that has all tiles.
    ///
    /// # Errors
    /// A tile cannot go on.
    pub fn poll(&mut self) -> Result<usize, BenchError> {
        self.graph.poll(Nanos(self.now_ns)).map_err(|error| BenchError::Tile(error.to_string()))
    }

    /// The same `turns` times, for callgrind.
    ///
    /// # Errors
    /// A tile cannot go on.
    #[inline(never)]
    pub fn counted_turns(&mut self, turns: u32) -> Result<usize, BenchError> {
        let mut work = 0;
        for _ in 0..turns {
            work += self.poll()?;
        }
        Ok(work)
    }

    /// What a thread does every 10 ms for those who read its counters, for callgrind.
    #[inline(never)]
    pub fn counted_house(&mut self) {
        self.graph.keep_house(Nanos(self.now_ns));
    }

    /// The graph, for what only it knows.
    pub const fn graph(&mut self) -> &mut Graph<MemoryPort, T> {
        &mut self.graph
    }
}
