//! A port with a venue behind it: what is sent is received by the venue at once, what the venue sends is received here.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::command::Command;
use engine::config::Config;
use engine::depth::DepthEvent;
use engine::gateway::{Endpoint, Replies};
use engine::limits::COMMAND_BODY_MAX;
use engine::record;
use engine::recovery;
use engine::venue::{Outputs, Progress, Venue};
use feedhandler::DepthBook;
use netio::port::PAYLOAD_MAX;
use netio::{EndpointIndex, Outgoing, Port, PortCounters, PortError, Received};
use wire::address::Addr;
use wire::journal::RecordKind;
use wire::login::Key;
use wire::tick::Tick;
use wire::{Nanos, Seq};

const CLIENT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 40_000);
/// Polls between two moments at which what was journaled becomes durable.
const POLLS_PER_SYNC: u64 = 3;
/// 2026-01-02T03:04:05Z.
const START_NS: u64 = 1_767_323_045_000_000_000;

type JournalRecord = (Seq, Nanos, RecordKind, Vec<u8>);

/// What a test may look at while the replay has the port.
#[derive(Default)]
pub struct Seen {
    /// The depth that the venue's ticks show.
    pub depth: DepthBook,
    ticks: u64,
    /// How often the venue crashed.
    pub crashes: u64,
    /// Commands that the crashes made it forget.
    pub forgotten: u64,
}

/// What the venue sent, and what it journaled.
#[derive(Default)]
struct Outbox {
    sent: VecDeque<(Endpoint, Vec<u8>)>,
    journal: Vec<JournalRecord>,
    seen: Arc<Mutex<Seen>>,
}

impl Replies for Outbox {
    fn room(&mut self) -> usize {
        usize::MAX
    }

    fn send(&mut self, endpoint: Endpoint, _to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut buffer = vec![0; PAYLOAD_MAX];
        if let Some(len) = fill(&mut buffer) {
            buffer.truncate(len);
            self.sent.push_back((endpoint, buffer));
        }
    }
}

impl Outputs for Outbox {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, command: &Command<'_>) {
        let mut body = [0; COMMAND_BODY_MAX];
        let (kind, len) = record::encode(command.time, &command.action, &mut body);
        self.journal.push((command.seq, command.time, kind, body[..len].to_vec()));
    }

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.ticks += 1;
        let sequence = seen.ticks;
        seen.depth.apply(sequence, tick);
        seen.depth.settle();
    }
}

/// The venue as a client sees it.
pub struct VenuePort {
    config: Config,
    venue: Venue,
    out: Outbox,
    durable: Seq,
    origin: Instant,
    polls: u64,
    /// Datagrams received since the last crash.
    datagrams: u64,
    /// Lose all that is not durable and come back after so many datagrams.
    crash_every: Option<u64>,
}

impl VenuePort {
    pub fn new(crash_every: Option<u64>) -> Self {
        let pairs = [
            ("limits.orders", "100000"),
            ("limits.session_orders", "100000"),
            ("limits.levels", "20000"),
            ("limits.session_store_messages", "131072"),
            ("journal.state_hash_interval_commands", "1000"),
        ];
        let overrides: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let config = Config::default().with_overrides(&overrides).expect("valid overrides");
        let mut venue = recovery::venue(&config, Key([0x5E; 32]));
        venue.resume(Nanos(START_NS));
        Self {
            config,
            venue,
            out: Outbox::default(),
            durable: Seq(0),
            origin: Instant::now(),
            polls: 0,
            datagrams: 0,
            crash_every,
        }
    }

    /// What may be looked at later.
    pub fn seen(&self) -> Arc<Mutex<Seen>> {
        Arc::clone(&self.out.seen)
    }

    fn now(&self) -> Nanos {
        Nanos(START_NS + u64::try_from(self.origin.elapsed().as_nanos()).expect("a short test"))
    }

    fn poll(&mut self) {
        self.polls += 1;
        let now = self.now();
        if self.crash_every.is_some_and(|every| self.datagrams >= every) {
            self.datagrams = 0;
            self.crash();
        }
        if self.polls.is_multiple_of(POLLS_PER_SYNC) {
            self.durable = self.venue.seq();
        }
        self.venue.poll(now, self.durable, &mut self.out);
    }

    /// kill -9 and a power cut in one: only what was durable is replayed, packets in flight are gone.
    fn crash(&mut self) {
        let records = std::mem::take(&mut self.out.journal);
        let durable = self.durable;
        {
            let mut seen = self.out.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.crashes += 1;
            seen.forgotten += records.iter().map(|(seq, ..)| u64::from(*seq > durable)).sum::<u64>();
        }
        let mut outputs = Outbox::default();
        let mut venue = recovery::venue(&self.config, Key([0x5F; 32]));
        for (seq, time, kind, body) in records.iter().take_while(|(seq, ..)| *seq <= durable) {
            let command = record::decode(*seq, *time, *kind, body).expect("a journaled command");
            venue.replay(&command, &mut outputs).expect("the same state");
        }
        venue.resume(self.now());
        self.out.sent.clear();
        self.out.journal = records.into_iter().take_while(|(seq, ..)| *seq <= durable).collect();
        self.venue = venue;
    }
}

impl Port for VenuePort {
    fn receive(&mut self, max: usize, mut sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        self.poll();
        let count = max.min(self.out.sent.len());
        for (endpoint, payload) in self.out.sent.drain(..count) {
            let from = match endpoint {
                Endpoint::OrderEntry => self.config.network.order_entry,
                Endpoint::Rerequest => self.config.network.rerequest,
            };
            sink(Received { endpoint: EndpointIndex(0), from, payload: &payload, timestamp: None });
        }
        Ok(count)
    }

    fn send(&mut self, max: usize, mut fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        let mut buffer = [0; PAYLOAD_MAX];
        let mut count = 0;
        while count < max
            && let Some(outgoing) = fill(&mut buffer)
        {
            count += 1;
            self.datagrams += 1;
            let endpoint = if outgoing.to == self.config.network.order_entry {
                Endpoint::OrderEntry
            } else {
                assert_eq!(outgoing.to, self.config.network.rerequest, "sent to somebody else");
                Endpoint::Rerequest
            };
            let now = self.now();
            let progress = self.venue.on_datagram(now, endpoint, CLIENT.into(), &buffer[..outgoing.len], &mut self.out);
            assert_eq!(progress, Progress::Done);
        }
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        Ok(())
    }

    fn local_addr(&self, _endpoint: EndpointIndex) -> SocketAddrV4 {
        CLIENT
    }

    fn counters(&self) -> PortCounters {
        PortCounters::default()
    }

    fn wait(&mut self, _timeout: Duration) {
        std::thread::yield_now();
    }
}
