//! The loss of power under the real program, over and over: a disk that forgets what was not synced, and a client that does not.

use crate::mounts::own_mounts;
use crate::noise::Noise;
use crate::power_disk::{Platter, PowerDisk};
use crate::site::Site;
use crate::trader::{Trader, assert_beginning};
use engine::journal::Reader;
use std::fs;
use std::path::Path;
use std::time::Duration;
use wire::journal::RecordKind;

/// What was found on the disks.
#[derive(Debug, Default)]
struct Found {
    cut: u32,
    with_records_behind: u32,
    from_snapshots: u32,
    snapshots_passed_over: u32,
}

/// Client messages in a journal as it stands, cut nowhere.
fn messages(journal: &Path) -> u64 {
    let mut reader = Reader::open(journal).expect("a journal");
    let mut messages = 0;
    while let Some(record) = reader.next().unwrap_or_else(|error| panic!("{error}")) {
        messages += u64::from(record.kind == RecordKind::SessionMessage);
    }
    messages
}

fn small(durability: &str) -> Site {
    Site::new()
        .with(format!("journal.durability={durability}"))
        .with("journal.segment_bytes=1048576")
        .with("snapshot.interval_ms=40")
        .with("limits.orders=4096")
        .with("limits.levels=256")
        .with("limits.session_orders=4096")
}

fn lose_power(rounds: u32) -> Option<Found> {
    own_mounts("the loss of power")?;
    let site = small("synced");
    fs::create_dir(site.journal()).expect("a directory");
    let (mut noise, seed) = Noise::fresh();
    eprintln!("seed {seed}");
    let trader = Trader::begin(&site, 30_000);
    let mut platter = Platter::new();
    let mut found = Found::default();
    for round in 0..rounds {
        let disk = PowerDisk::mount(&site.journal(), std::mem::take(&mut platter)).expect("a FUSE file system");
        disk.slow_syncs(Duration::from_micros(noise.below(5_000)));
        let before = trader.answered();
        let appliance = site.start();
        let err = appliance.err();
        found.cut += u32::from(err.contains("journal: cut"));
        found.with_records_behind += u32::from(err.contains("behind it, whose predecessor is lost"));
        found.from_snapshots += u32::from(appliance.snapshot_seq().is_some());
        found.snapshots_passed_over += u32::from(err.contains("snapshot: passed over"));
        trader.wait_answered(before + 1);
        std::thread::sleep(Duration::from_micros(noise.below(150_000)));
        disk.cut_power();
        // What is still released had been synced before; what is still appended is in nobody's hands yet.
        std::thread::sleep(Duration::from_micros(noise.below(3_000)));
        // It may have stopped by itself: a sync failed.
        appliance.end_by_force();
        platter = disk.survivors(&mut noise);
        if noise.below(2) == 0 {
            // The page with the mark never reached the disk.
            platter.remove(std::ffi::OsStr::new("durable.mark"));
        }
        drop(disk);
        assert!(fs::read_dir(site.journal()).expect("unmounted").next().is_none(), "round {round}: still mounted");
    }
    let disk = PowerDisk::mount(&site.journal(), platter).expect("a FUSE file system");
    let answered = trader.answered();
    assert!(messages(&site.journal()) >= answered, "{answered} messages were answered");
    let appliance = site.start();
    trader.wait_answered(answered + 100);
    trader.end(&site, || drop(appliance.stop()));
    assert!(disk.work().refused == 0 && disk.work().syncs > 0, "{:?}", disk.work());
    drop(disk);
    Some(found)
}

/// What `mapped` does not promise: after a loss of power there is a beginning of what was, or a refusal that says what is left to do.
#[test]
fn mapped_comes_back_to_a_moment_that_was_or_refuses() {
    if own_mounts("the loss of power").is_none() {
        return;
    }
    let (mut noise, seed) = Noise::fresh();
    eprintln!("seed {seed}");
    for round in 0..6 {
        let site = small("mapped").with("snapshot.interval_ms=0");
        fs::create_dir(site.journal()).expect("a directory");
        let disk = PowerDisk::mount(&site.journal(), Platter::new()).expect("a FUSE file system");
        let trader = Trader::begin(&site, 30_000);
        let appliance = site.start();
        trader.wait_answered(1 + noise.below(3_000));
        disk.cut_power();
        appliance.end_by_force();
        drop(trader);
        let platter = disk.survivors(&mut noise);
        drop(disk);
        let disk = PowerDisk::mount(&site.journal(), platter).expect("a FUSE file system");
        let verified = site.journal_command("verify");
        if verified.status.success() {
            let dump = site.journal_command("dump").expect_success().out;
            let applied = dump.lines().filter_map(|line| line.split_once(" SessionMessage "));
            assert_beginning(&applied.map(|(_, body)| body.to_owned()).collect::<Vec<_>>());
            site.start().stop();
        } else {
            for words in ["had been released", "pinion journal cut"] {
                assert!(verified.err.contains(words), "round {round}: expected '{words}' in: {}", verified.err);
            }
            site.start_refused(&[]).expect_refusal(&["had been released", "pinion journal cut", ".seg"]);
        }
        drop(disk);
    }
}

#[test]
fn synced_survives_a_disk_that_forgets_what_was_not_synced() {
    let Some(found) = lose_power(12) else { return };
    assert!(found.cut > 0, "{found:?}");
}

#[test]
#[ignore = "dozens of starts take a while"]
fn synced_survives_it_dozens_of_times() {
    let Some(found) = lose_power(100) else { return };
    assert!(found.cut > 20 && found.with_records_behind > 5 && found.from_snapshots > 50, "{found:?}");
    eprintln!("{found:?}");
}
