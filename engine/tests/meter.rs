//! A running appliance seen through its counters: what moves, what stands still, and what is left in the end.

use std::net::SocketAddrV4;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::answering::AnsweringSockets;
use engine::appliance::{Appliance, Around, endpoints};
use engine::config::{Config, Topology};
use engine::counters::{CountersError, Reader, Snapshot, path_of, schema};
use engine::meter::Meter;
use engine::progress::Progress;
use engine::tile::{TileKind, Wait};
use engine::trace::Off;
use netio::memory::MemoryPort;
use netio::port::{EndpointIndex, Outgoing, Port, PortCounters, PortError, Received};
use wire::Nanos;

/// A port whose thread can be held up.
struct Stalling {
    inner: MemoryPort,
    stalls: Arc<AtomicBool>,
}

impl Port for Stalling {
    fn receive(&mut self, max: usize, sink: impl FnMut(Received<'_>)) -> Result<usize, PortError> {
        while self.stalls.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.inner.receive(max, sink)
    }

    fn send(&mut self, max: usize, fill: impl FnMut(&mut [u8]) -> Option<Outgoing>) -> Result<usize, PortError> {
        self.inner.send(max, fill)
    }

    fn flush(&mut self) -> Result<(), PortError> {
        self.inner.flush()
    }

    fn wait(&mut self, timeout: Duration) {
        self.inner.wait(timeout);
    }

    fn local_addr(&self, endpoint: EndpointIndex) -> SocketAddrV4 {
        self.inner.local_addr(endpoint)
    }

    fn counters(&self) -> PortCounters {
        self.inner.counters()
    }
}

fn config(dir: &Path) -> Config {
    let mut config = Config::default();
    config.topology.threads = Topology::preset(2).expect("2 is a preset");
    config.topology.wait = Wait::Park;
    config.journal.dir = dir.join("journal");
    config.stats.dir = Some(dir.to_owned());
    config.journal.segment_bytes = 1 << 20;
    config.limits.orders = 1_000;
    config.limits.levels = 1_000;
    config.limits.session_orders = 1_000;
    config.limits.session_store_messages = 131_072;
    config
}

fn start<P: Port + Send + 'static>(config: &Config, port: P) -> (Appliance, Reader) {
    let meter = Meter::create(config).expect("a file").expect("a directory is given");
    let path = path_of(config).expect("a directory is given");
    let reader = Reader::open(&path).expect("counters");
    let first = reader.snapshot(Nanos(0));
    assert_eq!(first.get("appliance", "phase"), Some(0), "it can be looked at before it recovers");
    let around = Around { sockets: AnsweringSockets::none(), meter: Some(meter), ..Around::default() };
    let appliance = Appliance::start_with(config, port, around, &Progress::default(), |_: TileKind| Off);
    (appliance.expect("an appliance"), reader)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "expected {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn tile(snapshot: &Snapshot, label: &str, field: &str) -> u64 {
    snapshot.row("tile", label).and_then(|row| row.get(field)).unwrap_or_else(|| panic!("{label} {field}"))
}

#[test]
fn a_tile_that_stands_still_shows_while_the_others_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path());
    let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
    let stalls = Arc::new(AtomicBool::new(false));
    let (appliance, reader) = start(&config, Stalling { inner: port, stalls: Arc::clone(&stalls) });
    let look = || reader.snapshot(Nanos(0));
    wait_until("both threads to count", || TileKind::ALL.iter().all(|kind| tile(&look(), kind.name(), "polls") > 0));
    assert_eq!(look().get("appliance", "phase"), Some(1));
    assert_eq!((tile(&look(), "net", "thread"), tile(&look(), "journal", "thread")), (0, 1));

    stalls.store(true, Ordering::Relaxed);
    // What was under way is through when the heartbeat has not moved while the other thread stored several times.
    let mut before = look();
    wait_until("a standing net tile beside a moving matching tile", || {
        let now = look();
        let moved = |label| tile(&now, label, "heartbeat_ns") - tile(&before, label, "heartbeat_ns");
        if moved("net") > 0 {
            before = now;
            return false;
        }
        assert_eq!(moved("feed"), 0, "it shares the thread");
        moved("matching") > 100_000_000 && moved("journal") > 100_000_000
    });
    let now = look();
    assert!(now.get("appliance", "heartbeat_ns") > before.get("appliance", "heartbeat_ns"), "the keeper goes on");
    assert_eq!(tile(&now, "net", "polls"), tile(&before, "net", "polls"));

    stalls.store(false, Ordering::Relaxed);
    wait_until("the net tile to go on", || tile(&look(), "net", "polls") > tile(&now, "net", "polls"));
    appliance.stop().expect("it ends in order");
    assert_eq!(look().get("appliance", "phase"), Some(3));
    assert!(!path_of(&config).expect("given").exists(), "an orderly end takes the file away");
}

#[test]
fn counters_of_a_start_that_fails_stay_and_say_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path());
    // A journal that is no directory.
    std::fs::write(&config.journal.dir, "in the way").expect("written");
    let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
    let meter = Meter::create(&config).expect("a file");
    let around = Around { meter, ..Around::default() };
    let started = Appliance::start_with(&config, port, around, &Progress::default(), |_: TileKind| Off);
    assert!(started.is_err());
    let reader = Reader::open(&path_of(&config).expect("given")).expect("the file stays");
    assert_eq!(reader.snapshot(Nanos(0)).get("appliance", "phase"), Some(4));
}

#[test]
fn counters_of_a_living_process_are_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = config(dir.path());
    let path = path_of(&config).expect("given");
    drop(Meter::create(&config).expect("a file"));
    // As if it were the file of another process: of this test's parent, which lives.
    let mut bytes = std::fs::read(&path).expect("the file of a start that was given up stays");
    let header = wire::counters::CountersHeader::from_bytes(&bytes).expect("a header");
    let parent = wire::counters::CountersHeader { pid: std::os::unix::process::parent_id(), pid_started: 0, ..header };
    bytes[..256].copy_from_slice(&parent.to_bytes());
    std::fs::write(&path, &bytes).expect("written");
    let refused = Meter::create(&config).expect_err("it is somebody's");
    assert!(matches!(refused, CountersError::InUse { pid, .. } if pid == parent.pid), "{refused}");
    // A process that is gone leaves it to whoever comes.
    let gone = wire::counters::CountersHeader { pid: u32::MAX >> 1, pid_started: 1, ..header };
    bytes[..256].copy_from_slice(&gone.to_bytes());
    std::fs::write(&path, &bytes).expect("written");
    assert!(Meter::create(&config).expect("taken over").is_some());
}

#[test]
fn however_many_instruments_there_are_only_a_few_are_stored_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config(dir.path());
    let first = config.instruments[0].clone();
    config.instruments = (0..3_000)
        .map(|number| {
            let symbol = wire::Symbol::new(&format!("I{number}")).expect("short");
            engine::config::Instrument { symbol, ..first.clone() }
        })
        .collect();
    let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
    let (appliance, reader) = start(&config, port);
    assert_eq!(reader.snapshot(Nanos(0)).rows("instrument").len(), 3_000);
    appliance.close_market();
    let closed = || {
        let snapshot = reader.snapshot(Nanos(0));
        snapshot.rows("instrument").iter().filter(|row| row.get("status") == Some(2)).count()
    };
    wait_until("all of them to be seen closed", || closed() == 3_000);
    appliance.stop().expect("it ends in order");
}

#[test]
fn the_gateways_fields_are_the_gateways_counters() {
    let counters = engine::gateway::GatewayCounters::default();
    let own: Vec<_> = counters.iter().map(|(name, _)| name).collect();
    let fields: Vec<_> = schema::gateway::GROUP.fields.iter().map(|field| field.name).collect();
    assert_eq!(fields, own);
}
