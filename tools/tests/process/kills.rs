//! Hundreds of SIGKILLs at random moments: what was acknowledged stands, each time, and nothing is left behind.

use crate::noise::Noise;
use crate::process::wait_until;
use crate::site::Site;
use crate::trader::Trader;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A small appliance that starts at once, whose journal goes from segment to segment, with a snapshot always under way.
fn small(durability: &str) -> Site {
    Site::new()
        .with(format!("journal.durability={durability}"))
        .with("journal.segment_bytes=1048576")
        .with("snapshot.interval_ms=1")
        .with("journal.keep_bytes=2097152")
        .with("limits.orders=4096")
        .with("limits.levels=256")
        .with("limits.session_orders=4096")
}

/// What a start may find of its predecessor: segments, snapshots, the mark and the lock, and nothing half made.
fn assert_tidy(journal: &Path) {
    let mut snapshots = 0;
    for entry in fs::read_dir(journal).expect("a journal").flatten() {
        let name = entry.file_name().into_string().expect("text");
        snapshots += u32::from(name.ends_with(".snap"));
        let known = [".seg", ".snap"].iter().any(|end| name.ends_with(end));
        let known =
            known || ["LOCK", "durable.mark", "archive", "feed", "views", "keys", "operators.log"].contains(&&*name);
        // What the running appliance is just making is not there for long.
        let making = [".preparing", ".writing"].iter().any(|end| name.ends_with(end));
        assert!(known || making, "a start left {name}");
    }
    assert!(snapshots <= 5, "{snapshots} snapshots are kept");
}

/// Kills at a moment between "not even started" and some tens of milliseconds of work, `kills` times.
fn kill_again_and_again(durability: &str, kills: u32) {
    let site = small(durability);
    let trader = Trader::begin(&site, 20_000);
    let (mut noise, seed) = Noise::fresh();
    eprintln!("seed {seed}");
    let (mut early, mut replayed, mut from_snapshots) = (0, 0, 0);
    for kill in 0..kills {
        // One in eight dies while it starts; of those some have just cut a tail, or are making the first segment.
        if noise.below(8) == 0 {
            let begin = Instant::now();
            let process = site.spawn(site.run_command(&[]), "run");
            while begin.elapsed() < Duration::from_micros(noise.below(60_000)) {
                std::thread::sleep(Duration::from_micros(100));
            }
            process.kill();
            early += 1;
            continue;
        }
        let before = trader.answered();
        let appliance = site.start();
        assert!(appliance.replayed() >= replayed, "kill {kill}: seq {replayed} was there before");
        replayed = appliance.replayed();
        from_snapshots += u32::from(appliance.snapshot_seq().is_some());
        assert_tidy(&site.journal());
        // Half of them as soon as anything is acknowledged: the moments before the first sync, the first snapshot, the first rotation.
        trader.wait_answered(before + 1);
        if noise.below(2) == 0 {
            std::thread::sleep(Duration::from_micros(noise.below(40_000)));
        }
        appliance.kill();
    }
    let appliance = site.start();
    trader.wait_answered(trader.answered() + 100);
    let count = |dir: &Path, end: &str| {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.filter(|entry| entry.path().to_string_lossy().ends_with(end)).count()
    };
    // Pruning takes longer than such a short life; now there is time for it.
    wait_until("the old segments to go", || count(&site.journal(), ".seg") < 10);
    let messages = trader.end(&site, || drop(appliance.stop()));
    assert!(kills < 100 || (early > 0 && from_snapshots > kills / 4), "{early} {from_snapshots}");
    let (live, archived) = (count(&site.journal(), ".seg"), count(&site.journal().join("archive"), ".seg.zst"));
    assert!(
        kills < 100 || (live + archived > 5 && archived > 0),
        "{messages} messages, {live} segments, {archived} packed"
    );
}

#[test]
fn a_few_dozen_synced() {
    kill_again_and_again("synced", 12);
}

#[test]
fn a_few_dozen_mapped() {
    kill_again_and_again("mapped", 12);
}

#[test]
#[ignore = "hundreds of starts take a while"]
fn hundreds_synced() {
    kill_again_and_again("synced", 200);
}

#[test]
#[ignore = "hundreds of starts take a while"]
fn hundreds_mapped() {
    kill_again_and_again("mapped", 200);
}
