//! Disks that fail under the running appliance: it stops and says why, releases nothing that is not durable, tries nothing again, and goes
//! on after the disk is mended as if nothing had happened.

use crate::loop_disk::{LoopDisk, verify};
use crate::mounts::own_mounts;
use crate::noise::Noise;
use crate::power_disk::{Platter, PowerDisk};
use crate::process::Finished;
use crate::site::Site;
use crate::trader::Trader;
use std::fs::{self, OpenOptions};

fn site(durability: &str) -> Site {
    Site::new()
        .with(format!("journal.durability={durability}"))
        .with("journal.segment_bytes=1048576")
        .with("journal.disk_floor_bytes=0")
        .with("snapshot.interval_ms=50")
        .with("limits.orders=4096")
        .with("limits.levels=256")
        .with("limits.session_orders=4096")
}

/// It ended by itself and said all that an operator needs: what failed, on which file, what is durable, what to do.
#[track_caller]
fn assert_explained(finished: &Finished, site: &Site, reasons: &[&str]) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    let err = &finished.err;
    assert!(reasons.iter().any(|reason| err.contains(reason)), "expected one of {reasons:?} in: {err}");
    let dir = site.journal();
    let dir = dir.to_str().expect("text");
    assert!(err.contains(dir), "expected a path below {dir} in: {err}");
    assert!(err.contains("durable up to seq ") || err.contains("released up to seq "), "{err}");
    assert!(err.contains("start again") && err.contains("pinion journal verify"), "{err}");
}

/// What a process may say of a device that has failed: at the sync, at the next segment, or at a page.
const FAILED: [&str; 4] = ["Input/output error", "Read-only file system", "No space left on device", "SIGBUS"];

#[test]
fn one_failed_sync_stops_it_and_is_not_tried_again() {
    if own_mounts("a failed sync").is_none() {
        return;
    }
    let site = site("synced");
    fs::create_dir(site.journal()).expect("a directory");
    let disk = PowerDisk::mount(&site.journal(), Platter::new()).expect("a FUSE file system");
    let trader = Trader::begin(&site, 20_000);
    let appliance = site.start();
    trader.wait_answered(1_000);
    // The next ones would succeed. But the kernel takes the pages of the failed one for written, and they are not.
    disk.refuse_one_sync(libc::EIO);
    let finished = appliance.ended();
    assert_explained(&finished, &site, &["could not sync the segment"]);
    assert!(finished.err.contains("Input/output error"), "{}", finished.err);
    assert_eq!((disk.work().refused, disk.work().tried_again), (1, 0), "{:?}", disk.work());
    let platter = disk.synced();
    drop(disk);
    let disk = PowerDisk::mount(&site.journal(), platter).expect("a FUSE file system");
    let appliance = site.start();
    trader.wait_answered(trader.answered() + 1_000);
    trader.end(&site, || drop(appliance.stop()));
    drop(disk);
}

/// The disk fails by `fault`, is mended, and the work goes on.
fn fails_and_is_mended(
    durability: &str,
    (device_mib, room_mib): (u32, u32),
    reasons: &[&str],
    rounds: u32,
    fault: impl Fn(&LoopDisk),
    mend: impl Fn(&LoopDisk),
) {
    let site = site(durability);
    let Some(disk) = LoopDisk::mount(&site, "a failing disk", device_mib, room_mib) else { return };
    let trader = Trader::begin(&site, 20_000);
    let mut noise = Noise::fresh().0;
    for _ in 0..rounds {
        let appliance = site.start();
        trader.wait_answered(trader.answered() + 200 + noise.below(2_000));
        fault(&disk);
        assert_explained(&appliance.ended(), &site, reasons);
        mend(&disk);
    }
    let appliance = site.start();
    trader.wait_answered(trader.answered() + 1_000);
    trader.end(&site, || drop(appliance.stop()));
}

#[test]
fn a_full_disk_stops_it_until_there_is_room() {
    is_full("synced");
}

#[test]
fn a_full_disk_stops_mapped_until_there_is_room() {
    is_full("mapped");
}

fn is_full(durability: &str) {
    let filler = std::cell::RefCell::new(None);
    fails_and_is_mended(
        durability,
        (24, 48),
        &["No space left on device"],
        1,
        |disk| drop(filler.borrow_mut().replace(disk.fill())),
        |_| fs::remove_file(filler.borrow_mut().take().expect("filled")).expect("the test's own file"),
    );
}

/// Writes that the device does not take after all: the sync fails, and what the kernel holds for written is not.
#[test]
fn a_device_that_is_shorter_than_it_says_stops_it() {
    fails_and_is_mended(
        "synced",
        (64, 13),
        &FAILED,
        1,
        |_| {},
        |disk| {
            disk.make_room(100);
            disk.mend();
        },
    );
}

#[test]
fn a_file_system_that_became_read_only_stops_it() {
    fails_and_is_mended("synced", (64, 100), &FAILED, 1, LoopDisk::become_read_only, LoopDisk::mend);
}

/// On a real file system: what it had not written to its journal and its device is gone.
#[test]
fn the_loss_of_power_under_ext4_loses_nothing_acknowledged() {
    fails_and_is_mended("synced", (64, 100), &FAILED, 4, LoopDisk::cut_power, LoopDisk::mend);
}

#[test]
fn mapped_stops_too_when_the_device_is_gone() {
    for fault in [LoopDisk::cut_power, LoopDisk::become_read_only] {
        let site = site("mapped");
        let Some(disk) = LoopDisk::mount(&site, "a failing disk", 64, 100) else { return };
        let trader = Trader::begin(&site, 20_000);
        let appliance = site.start();
        trader.wait_answered(1_000);
        fault(&disk);
        assert_explained(&appliance.ended(), &site, &FAILED);
    }
}

/// A store into a mapped page that is not there has no return value, and a write behind the end of a file succeeds.
#[test]
fn a_segment_cut_short_ends_it_with_an_explanation() {
    for durability in ["mapped", "synced"] {
        let site = site(durability).with("snapshot.interval_ms=0");
        let trader = Trader::begin(&site, 20_000);
        let appliance = site.start();
        trader.wait_answered(100);
        let segments = fs::read_dir(site.journal()).expect("a journal").flatten().map(|entry| entry.path());
        for path in segments.filter(|path| path.extension().is_some_and(|end| end == "seg")) {
            OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(4_096)).expect("cut short");
        }
        let finished = appliance.ended();
        // What is stored into memory first is missed by the next write.
        let said = if durability == "mapped" { "SIGBUS" } else { "find whole the segment" };
        assert_explained(&finished, &site, &[said]);
        assert!(finished.err.contains("a file was cut short"), "{}", finished.err);
        site.start_refused(&[]).expect_refusal(&["found 4096", &site.journal().display().to_string()]);
        assert!(verify(&site).contains("found 4096"), "{}", verify(&site));
    }
}
