//! A running appliance says how busy its threads are.

use engine::appliance::{Appliance, endpoints};
use engine::config::{Config, Topology};
use engine::tile::{Duty, TileKind, Wait};
use netio::memory::MemoryPort;
use std::time::{Duration, Instant};

#[test]
fn duty_is_read_while_the_threads_run_and_when_they_have_stopped() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = Config::default();
    config.topology.threads = Topology::preset(2).expect("2 is a preset");
    config.topology.wait = Wait::Park;
    config.journal.dir = dir.path().join("journal");
    config.journal.segment_bytes = 1 << 20;
    config.limits.orders = 1_000;
    config.limits.levels = 1_000;
    config.limits.session_orders = 1_000;
    config.limits.session_store_messages = 131_072;
    let (port, _peer) = MemoryPort::pair(&endpoints(&config), &endpoints(&config), 64).expect("a port");
    let appliance = Appliance::start(&config, port).expect("an appliance");

    let both_turn = |than: &[Duty]| {
        let begin = Instant::now();
        loop {
            let duty = appliance.duty();
            if duty.iter().zip(than).all(|(now, then)| now.turns > then.turns) {
                return duty;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "expected more turns than {than:?}, found {duty:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let none = appliance.duty().into_iter().map(|duty| Duty { turns: 0, ..duty }).collect::<Vec<_>>();
    let first = both_turn(&none);
    let names: Vec<&str> = first.iter().map(|duty| duty.name.as_str()).collect();
    assert_eq!(names, ["net+feed", "match+jrnl"]);
    let later = both_turn(&first);
    assert!(later.iter().zip(&first).all(|(later, first)| later.time_ns > first.time_ns));

    let stopped = appliance.stop().expect("it ends in order").duty;
    for (duty, before) in stopped.iter().zip(&later) {
        assert!(duty.turns >= before.turns && duty.working_turns <= duty.turns && duty.working_ns <= duty.time_ns);
    }
    // The opening: a tick for each instrument, which the feed packs and the port sends.
    let working =
        |tile| stopped.iter().flat_map(|duty| &duty.tiles).find(|(kind, _)| *kind == tile).map(|(_, polls)| *polls);
    assert!(working(TileKind::Feed) >= Some(1) && working(TileKind::Net) >= Some(1), "{stopped:?}");
}
