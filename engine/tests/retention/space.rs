//! A disk that runs out of room: new orders wait outside, cancels do not.

use crate::harness::{CLIENT, Harness, decode, encode, kinds, order};
use engine::appliance::{Appliance, endpoints};
use engine::config::{Config, Topology};
use engine::entropy::SystemEntropy;
use engine::ground::Ground;
use engine::image;
use engine::journal::{Disk, LocalDisk, Reader};
use engine::recovery::recover;
use engine::tile::Wait;
use netio::memory::MemoryPort;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wire::journal::RecordKind;
use wire::ouch::{
    Appendage, AppendageBuffer, CancelOrder, ClOrdId, Display, Inbound, OptionValue, OrderSide, Outbound, RejectReason,
    ReplaceOrder, TimeInForce, YesNo,
};
use wire::{Price, Qty, UserRefNum};

const FLOOR: u64 = 1_000_000;

fn send(harness: &mut Harness, message: Vec<u8>) -> Vec<(u64, Vec<u8>)> {
    let next = harness.venue.exchange().sessions()[0].next_inbound();
    harness.send(next, &[message]);
    harness.settle();
    harness.take_reports()
}

fn hold(harness: &mut Harness, closed: bool) {
    harness.venue.hold_entry(harness.now, closed, &mut harness.out);
    harness.settle();
}

fn reason(reports: &[(u64, Vec<u8>)]) -> Option<RejectReason> {
    match reports {
        [one] => match decode(one) {
            Outbound::Rejected(rejected) => Some(rejected.reason),
            _ => None,
        },
        _ => None,
    }
}

fn gates(harness: &Harness) -> usize {
    harness.out.journal.iter().filter(|(_, _, kind, _)| *kind == RecordKind::EntryGate).count()
}

#[test]
fn behind_a_closed_gate_only_what_takes_away_works() {
    let mut harness = Harness::logged_in(false);
    for (user_ref, price) in [(1, 1_000), (2, 1_001)] {
        assert_eq!(kinds(&send(&mut harness, order(user_ref, OrderSide::Buy, price, 10))), "A");
    }
    // One that waits for a price: it has been taken in.
    let mut waits = AppendageBuffer::new();
    assert!(waits.push(OptionValue::StopPrice(Price(1_001))));
    let stop = crate::harness::enter(3, OrderSide::Sell, 900, 3, TimeInForce::Day, waits.view());
    assert_eq!(kinds(&send(&mut harness, stop)), "A");
    hold(&mut harness, true);
    hold(&mut harness, true);
    assert_eq!(gates(&harness), 1, "it is told once");
    assert!(harness.venue.exchange().is_entry_closed());

    let closed = Some(RejectReason::ENTRY_CLOSED);
    assert_eq!(reason(&send(&mut harness, order(4, OrderSide::Buy, 1_000, 10))), closed);
    let replace = |orig: u32, user_ref: u32, qty: u32| {
        encode(&Inbound::ReplaceOrder(ReplaceOrder {
            orig_user_ref: UserRefNum(orig),
            user_ref: UserRefNum(user_ref),
            qty: Qty(qty),
            price: Price(1_000),
            time_in_force: TimeInForce::Day,
            display: Display::Visible,
            sweep: YesNo::No,
            cl_ord_id: ClOrdId::BLANK,
            appendage: Appendage::EMPTY,
        }))
    };
    assert_eq!(reason(&send(&mut harness, replace(1, 5, 5))), closed, "also one that makes it smaller");
    let cancel = |user_ref: u32, qty: u32| {
        encode(&Inbound::CancelOrder(CancelOrder { user_ref: UserRefNum(user_ref), qty: Qty(qty) }))
    };
    assert_eq!(kinds(&send(&mut harness, cancel(1, 4))), "C", "less of it");
    assert_eq!(kinds(&send(&mut harness, cancel(1, 0))), "C", "none of it");
    harness.log_in(CLIENT, true).expect("a session may begin");

    // What the journal and a snapshot hold is the closed gate.
    let hash = harness.venue.exchange().state_hash();
    let replayed = harness.replayed();
    assert!(replayed.exchange().is_entry_closed());
    assert_eq!(replayed.exchange().state_hash(), hash);
    let mut bytes = Vec::new();
    image::write(&harness.venue, 8, [].into_iter(), &mut Vec::new(), &mut bytes).expect("room");
    let mut again = crate::harness::venue(&harness.config);
    image::read(&mut again, &mut bytes.as_slice(), |_| {}).expect("a state");
    assert!(again.exchange().is_entry_closed());
    assert_eq!(again.exchange().state_hash(), hash);

    hold(&mut harness, false);
    assert_eq!(gates(&harness), 2);
    assert_ne!(harness.venue.exchange().state_hash(), hash, "the gate is part of the state");
    assert_eq!(kinds(&send(&mut harness, order(6, OrderSide::Buy, 1_000, 10))), "A");
}

/// A disk with as much room as a test says.
struct Room(AtomicU64);

impl Disk for Room {
    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.0.load(Ordering::Relaxed))
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < patience, "{what} did not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn gates_in(config: &Config) -> Vec<u8> {
    let mut reader = Reader::open(&config.journal.dir).expect("reads");
    let mut gates = Vec::new();
    while let Some(record) = reader.next().expect("whole") {
        if record.kind == RecordKind::EntryGate {
            gates.push(record.body[0]);
        }
    }
    gates
}

#[test]
fn the_appliance_closes_at_the_floor_opens_above_it_and_looks_again_when_it_starts() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = Config::default();
    config.topology.threads = Topology::preset(1).expect("1 is a preset");
    config.topology.wait = Wait::Park;
    config.journal.dir = dir.path().join("journal");
    config.journal.segment_bytes = 1 << 20;
    config.journal.disk_floor_bytes = FLOOR;
    config.limits.orders = 1_000;
    config.limits.levels = 1_000;
    config.limits.session_orders = 1_000;
    config.limits.session_store_messages = 131_072;
    let room = Arc::new(Room(AtomicU64::new(FLOOR)));
    let start = || {
        let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
        let disk: Arc<dyn Disk> = Arc::clone(&room) as _;
        Appliance::start_on(&config, port, &Ground { disk, entropy: Arc::new(SystemEntropy) }).expect("an appliance")
    };
    let set = |bytes| room.0.store(bytes, Ordering::Relaxed);

    let appliance = start();
    assert!(!appliance.space().is_low);
    set(FLOOR - 1);
    wait_until("the closed gate", || appliance.space().is_low);
    assert_eq!(appliance.space().free_bytes, FLOOR - 1);
    wait_until("its record", || gates_in(&config) == [1]);
    set(FLOOR + FLOOR / 4 - 1);
    wait_until("a look", || appliance.space().free_bytes == FLOOR + FLOOR / 4 - 1);
    assert!(appliance.space().is_low, "not for every byte");
    assert!(appliance.stop().expect("an orderly end").venue.exchange().is_entry_closed());

    // There is as little room as before.
    set(FLOOR - 1);
    let disk: Arc<dyn Disk> = Arc::clone(&room) as _;
    let ground = Ground { disk, entropy: Arc::new(SystemEntropy) };
    let recovered = recover(&config, &ground, wire::Nanos(1)).expect("a journal");
    assert!(recovered.journal.watch.is_low_on_space(), "known before the first turn");
    drop(recovered);
    let appliance = start();
    assert!(appliance.stop().expect("an orderly end").venue.exchange().is_entry_closed());
    assert_eq!(gates_in(&config), [1], "it was closed, and stays so without a word");

    // Somebody has made room.
    set(2 * FLOOR);
    let appliance = start();
    wait_until("the open gate", || gates_in(&config) == [1, 0]);
    assert!(!appliance.stop().expect("an orderly end").venue.exchange().is_entry_closed());
}

#[test]
fn the_disk_says_how_much_room_it_has() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = LocalDisk.free_bytes(dir.path()).expect("a file system");
    assert!(before > 0);
    assert!(LocalDisk.free_bytes(&dir.path().join("absent")).is_err());
}
