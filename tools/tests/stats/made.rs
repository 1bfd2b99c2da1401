//! An appliance that is not there: its counters, written by the test, and a clock that the test moves.

use engine::counters::schema::{
    GroupSchema, answers, appliance, feed, gateway, instrument, journal, link, port, reject, session, stage, thread,
    tile,
};
use engine::counters::{Plan, Reader, Region};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tools::stats::look::ProcessState;
use tools::stats::{Health, History, Look, Moment};
use wire::Nanos;
use wire::counters::FieldKind;

/// Saturday, 21 November 2026, in the afternoon.
pub const BEGIN: Nanos = Nanos(1_795_270_000_000_000_000);
/// From one look to the next.
pub const STEP_MS: u64 = 100;

/// All of it.
pub struct Made {
    dir: TempDir,
    pub region: Arc<Region>,
    reader: Reader,
    history: History,
    now_ms: u64,
    /// Groups and labels whose times stand still.
    pub held: HashSet<(&'static str, &'static str)>,
    /// How busy its threads are, of a thousand.
    pub busy_permille: u64,
    pub process: ProcessState,
}

impl Made {
    /// A busy and healthy one with so many instruments, two threads, two sessions and one channel.
    pub fn with_instruments(instruments: usize) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let stages =
            ["receive", "session", "sequence", "decode", "risk", "match", "append", "durable", "encode", "send"];
        let symbols =
            (0..instruments).map(|number| if number == 0 { "PINION".into() } else { format!("S{number:04}") });
        let plan = Plan::default()
            .with(appliance::GROUP, ["pinion"])
            .with(thread::GROUP, ["net+feed", "matching+journal"])
            .with(tile::GROUP, ["net", "matching", "journal", "feed"])
            .with(link::GROUP, ["requests", "replies", "packets", "commands", "market_data"])
            .with(port::GROUP, ["socket"])
            .with(gateway::GROUP, ["gateway"])
            .with(session::GROUP, ["trader1", "trader2", ""])
            .with(instrument::GROUP, symbols)
            .with(journal::GROUP, ["synced"])
            .with(feed::GROUP, ["main.tick", "main.depth"])
            .with(answers::GROUP, ["rerequest", "snapshot"])
            .with(reject::GROUP, ["", ""])
            .with(stage::GROUP, stages.into_iter().chain(["whole"]));
        let path = dir.path().join("pinion-test-00000000.counters");
        let region = Region::create(Some(&path), "pinion", &plan, BEGIN).expect("a file");
        let reader = Reader::open(&path).expect("a file of counters");
        let made = Self {
            dir,
            region,
            reader,
            history: History::default(),
            now_ms: 0,
            held: HashSet::new(),
            busy_permille: 300,
            process: ProcessState::Runs,
        };
        made.begin();
        made
    }

    pub fn new() -> Self {
        Self::with_instruments(3)
    }

    /// Its file.
    pub fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("pinion-test-00000000.counters")
    }

    fn begin(&self) {
        let set = |group: &GroupSchema, row, field, value| self.set(group, row, field, value);
        for (field, value) in [
            (appliance::phase, 1),
            (appliance::orders_max, 65_536),
            (appliance::levels_max, 65_536),
            (appliance::stops_max, 1_024),
            (appliance::orders, 12_345),
            (appliance::levels, 2_000),
        ] {
            set(&appliance::GROUP, 0, field, value);
        }
        for row in 0..5 {
            set(&link::GROUP, row, link::slots, 1_024);
            set(&link::GROUP, row, link::high_water, 100 + row as u64);
        }
        set(&thread::GROUP, 0, thread::core_plus_one, 3);
        for (row, thread) in [(0, 0), (1, 1), (2, 1), (3, 0)] {
            set(&tile::GROUP, row, tile::thread, thread);
        }
        for row in 0..2 {
            set(&session::GROUP, row, session::alive, 1);
            set(&session::GROUP, row, session::open_orders_max, 1_000);
            set(&feed::GROUP, row, feed::lines, 2);
            set(&feed::GROUP, row, feed::heartbeat_ms, 1_000);
        }
        for (field, value) in [(journal::free_bytes, 500 << 30), (journal::floor_bytes, 1 << 30), (journal::segment, 7)]
        {
            set(&journal::GROUP, 0, field, value);
        }
        let price = |field, value: i64| self.region.row(&instrument::GROUP, 0).set_signed(field, value);
        price(instrument::last_price, 1_000_500);
        price(instrument::bid_price, -2_500);
        price(instrument::ask_price, 1_001_000);
        set(&instrument::GROUP, 0, instrument::bid_qty, 300);
        set(&instrument::GROUP, 0, instrument::ask_qty, 400);
        for row in 0..11 {
            set(&stage::GROUP, row, stage::one_of, 16);
        }
    }

    pub fn set(&self, group: &GroupSchema, row: usize, field: usize, value: u64) {
        self.region.row(group, row).set(field, value);
    }

    /// Adds to a counter.
    pub fn add(&self, group: &GroupSchema, row: usize, field: usize, by: u64) {
        assert_eq!(group.fields[field].kind, FieldKind::Counter);
        let known = self.reader.snapshot(Nanos(0));
        let rows = known.rows(group.name);
        let old = rows.get(row).and_then(|row| row.get(group.fields[field].name)).unwrap_or(0);
        self.set(group, row, field, old + by);
    }

    pub fn wall(&self) -> Nanos {
        Nanos(BEGIN.get() + self.now_ms * 1_000_000)
    }

    /// A step in the life of a healthy appliance: 1,000 messages a second.
    fn live(&mut self) {
        self.now_ms += STEP_MS;
        let (wall, step) = (self.wall().get(), self.now_ms / STEP_MS);
        let is_held = |group, label| self.held.contains(&(group, label));
        if !is_held("appliance", "pinion") {
            self.set(&appliance::GROUP, 0, appliance::heartbeat_ns, wall);
        }
        for (row, label) in ["net+feed", "matching+journal"].into_iter().enumerate() {
            self.set(&thread::GROUP, row, thread::time_ns, step * STEP_MS * 1_000_000);
            self.add(&thread::GROUP, row, thread::working_ns, STEP_MS * 1_000 * self.busy_permille);
            if !is_held("thread", label) {
                self.set(&thread::GROUP, row, thread::heartbeat_ns, wall);
            }
        }
        for (row, label) in ["net", "matching", "journal", "feed"].into_iter().enumerate() {
            self.set(&tile::GROUP, row, tile::work, step * 100);
            self.set(&tile::GROUP, row, tile::polls, step * 1_000);
            self.set(&tile::GROUP, row, tile::working_polls, step * 80);
            if !is_held("tile", label) {
                self.set(&tile::GROUP, row, tile::heartbeat_ns, wall);
            }
        }
        for (row, label) in ["main.tick", "main.depth"].into_iter().enumerate() {
            self.set(&feed::GROUP, row, feed::messages, step * 150);
            if !is_held("feed", label) {
                self.set(&feed::GROUP, row, feed::sent_ns, wall);
            }
        }
        for (field, each) in [
            (appliance::messages, 100),
            (appliance::reports, 180),
            (appliance::trades, 20),
            (appliance::market_data, 300),
        ] {
            self.set(&appliance::GROUP, 0, field, step * each);
        }
        self.add(&session::GROUP, 0, session::messages, 70);
        self.add(&session::GROUP, 1, session::messages, 30);
        self.add(&instrument::GROUP, 0, instrument::messages, 80);
        self.add(&instrument::GROUP, 1, instrument::messages, 20);
        self.add(&port::GROUP, 0, port::rx_datagrams, 60);
        for field in [journal::appended_seq, journal::durable_seq] {
            self.set(&journal::GROUP, 0, field, step * 100);
        }
        self.region.row(&journal::GROUP, 0).add_duration(journal::sync, 800_000);
        for row in 0..11 {
            let duration = if row == 10 { 20_000 } else { 1_000 * (row as u64 + 1) };
            self.region.row(&stage::GROUP, row).add_duration(stage::duration, duration);
        }
    }

    /// Looks every tenth of a second for so long, with something that happens before each look, and returns the last look.
    pub fn run_with(&mut self, ms: u64, mut happens: impl FnMut(&Self)) -> Look {
        let mut last = None;
        for _ in 0..ms / STEP_MS {
            self.live();
            happens(self);
            last = Some(self.look());
        }
        last.expect("a step at least")
    }

    pub fn run(&mut self, ms: u64) -> Look {
        self.run_with(ms, |_| {})
    }

    /// Looks now.
    pub fn look(&mut self) -> Look {
        let at = Moment { wall: self.wall(), steady: Duration::from_millis(self.now_ms) };
        let (path, snapshot) = (self.path(), self.reader.snapshot(at.wall));
        self.history.see(at, &path, self.reader.owner(), self.process, snapshot)
    }

    /// What is said of it after so long.
    pub fn health(&mut self, ms: u64) -> Health {
        Health::of(&self.run(ms))
    }
}
