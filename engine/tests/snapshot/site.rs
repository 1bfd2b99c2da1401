//! A journal directory with a venue that writes to it, and a follower beside it.

use crate::harness::{CLIENT, Harness, Outbox, START, enter, order};
use engine::config::Config;
use engine::ground::Ground;
use engine::image;
use engine::journal::{AppendError, Journal, JournalError, LocalDisk};
use engine::recovery::{From, Recovered, recover_from};
use engine::snapshot::{Follower, Prepared, SnapshotName};
use engine::venue::Venue;
use std::path::Path;
use std::sync::Arc;
use wire::login::NO_SESSION;
use wire::ouch::{Appendage, AppendageBuffer, OptionValue, OrderSide, TimeInForce};
use wire::{Nanos, Price, Qty, Seq};

pub fn config(dir: &Path, durability: &str) -> Config {
    let dir = format!("\"{}\"", dir.join("journal").display());
    let pairs = [
        ("limits.orders", "4000"),
        ("limits.session_orders", "4000"),
        ("limits.levels", "4000"),
        ("limits.session_store_messages", "131072"),
        ("journal.dir", &dir),
        ("journal.durability", durability),
        ("journal.segment_bytes", "1048576"),
        ("journal.state_hash_interval_commands", "16"),
        ("snapshot.keep", "3"),
        ("snapshot.session_reports", "32"),
    ];
    let mut config = Config::default();
    config.sessions.truncate(1);
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).trim_matches('"').to_owned()));
    config.with_overrides(&pairs.collect::<Vec<_>>()).expect("valid overrides")
}

/// A venue that is live, with its journal.
pub struct Site {
    pub harness: Harness,
    pub journal: Journal,
    appended: usize,
    user_ref: u32,
    seed: u64,
}

impl Site {
    pub fn open(config: &Config) -> Self {
        let Recovered { venue, journal, .. } = recover(config, From::Snapshot).expect("a journal");
        let out = Outbox { commands_left: usize::MAX, datagrams_left: usize::MAX, ..Outbox::default() };
        // Later than any run before it.
        let now = Nanos(START + venue.seq().get() * 1_000_000_000);
        let user_ref = venue.exchange().sessions()[0].last_user_ref().0;
        let harness = Harness { config: config.clone(), venue, out, now, durable: Seq(0), token: NO_SESSION };
        let mut site = Self { harness, journal, appended: 0, user_ref, seed: 23 };
        // What a session of the run before is told.
        site.harness.settle();
        site.harness.take_sent();
        site.harness.log_in(CLIENT, false).expect("the session logs in");
        site.append();
        site
    }

    /// So many orders of many kinds.
    pub fn trade(&mut self, orders: usize) {
        for _ in 0..orders.div_ceil(4) {
            let messages: Vec<Vec<u8>> = (0..4).map(|_| self.message()).collect();
            let next = self.harness.venue.exchange().sessions()[0].next_inbound();
            self.harness.send(next, &messages);
            self.harness.advance(1_000_000);
            self.harness.settle();
            self.harness.take_sent();
            self.append();
        }
    }

    fn dice(&mut self, sides: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % sides
    }

    fn message(&mut self) -> Vec<u8> {
        self.user_ref += 1;
        let side = if self.dice(2) == 0 { OrderSide::Buy } else { OrderSide::Sell };
        let price = 1_000 + i64::try_from(self.dice(40)).expect("small");
        let qty = 1 + u32::try_from(self.dice(50)).expect("small");
        match self.dice(8) {
            0 => {
                let mut buffer = AppendageBuffer::new();
                let stop = if side == OrderSide::Buy { price + 25 } else { price - 25 };
                assert!(buffer.push(OptionValue::StopPrice(Price(stop))));
                enter(self.user_ref, side, price, qty, TimeInForce::Day, buffer.view())
            }
            1 => enter(self.user_ref, side, price, qty, TimeInForce::ImmediateOrCancel, Appendage::EMPTY),
            2 => {
                let mut buffer = AppendageBuffer::new();
                assert!(buffer.push(OptionValue::MaxFloor(Qty(qty.div_ceil(4)))));
                enter(self.user_ref, side, price, qty, TimeInForce::Day, buffer.view())
            }
            _ => order(self.user_ref, side, price, qty),
        }
    }

    /// What the venue has journaled goes to the journal and becomes durable.
    fn append(&mut self) {
        for (seq, time, kind, body) in &self.harness.out.journal[self.appended..] {
            loop {
                match self.journal.appender.append(*seq, *time, *kind, body) {
                    Ok(_) => break,
                    Err(AppendError::WouldBlock) => assert!(self.journal.helper.turn(), "nobody makes a segment"),
                    Err(error) => panic!("record {seq}: {error}"),
                }
            }
        }
        self.appended = self.harness.out.journal.len();
        while self.journal.helper.turn() {}
    }

    pub fn follower(&self) -> Follower {
        Prepared::new(&self.harness.config, Arc::new(LocalDisk))
            .and_then(|prepared| prepared.follow(self.journal.watch.clone()))
            .expect("a journal to follow")
    }
}

pub fn recover(config: &Config, from: From) -> Result<Recovered, JournalError> {
    recover_from(from, config, &Ground::default(), Nanos(START))
}

/// Follows to the end and takes a snapshot.
pub fn save(follower: &mut Follower) -> SnapshotName {
    while follower.follow().expect("the same state") > 0 {}
    follower.save().expect("room on the disk").expect("something has happened").name
}

/// Everything that two recoveries must agree in.
pub fn image_of(venue: &Venue, events: &[image::Caused]) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::write(venue, 32, events.iter().copied(), &mut Vec::new(), &mut bytes).expect("a vector takes all");
    bytes
}

/// Recovers both ways, and holds the one against the other. Returns how many records were replayed behind the snapshot, how many
/// snapshots were passed over, and the snapshot.
pub fn recovered_alike(config: &Config) -> (u64, usize, Option<Seq>) {
    let mut whole = recover(config, From::Genesis).expect("the whole journal");
    let expected = image_of(&whole.venue, whole.events.make_contiguous());
    let last = whole.journal.report.last_seq;
    drop(whole);
    let Recovered { venue, journal, mut events, snapshot, passed_over } =
        recover(config, From::Snapshot).expect("from a snapshot");
    assert_eq!(venue.exchange().book().audit(), Ok(()));
    assert!(image_of(&venue, events.make_contiguous()) == expected, "another state than that of the whole journal");
    assert_eq!((venue.seq(), journal.report.last_seq), (last, last));
    (journal.report.records, passed_over.len(), snapshot.map(|name| name.seq))
}
