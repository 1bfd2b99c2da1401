//! Section `disk`: room, a day's growth, what kind of disk it is and how long it takes to make something durable.

use super::{Finding, Patient};
use engine::journal::directory;
use nix::sys::statfs::statfs;
use nix::sys::statvfs::statvfs;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Syncs that are measured, of a page each.
const SYNCS: usize = 8;
const PAGE: [u8; 4_096] = [0x5a; 4_096];
/// A disk that takes longer is felt by every order, µs.
const SLOW_US: u128 = 5_000;
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let dir = &patient.config.journal.dir;
    let Some(there) = nearest(dir) else {
        return vec![Finding::problem(
            format!("journal.dir {} leads nowhere", dir.display()),
            "name a directory on a disk",
        )];
    };
    let mut findings = Vec::new();
    findings.extend(room(patient, &there));
    findings.extend(kind(&there));
    findings.push(latency(patient, &there));
    findings
}

/// The directory, or what there is of the way to it.
fn nearest(dir: &Path) -> Option<PathBuf> {
    let dir = std::path::absolute(dir).ok()?;
    dir.ancestors().find(|dir| dir.is_dir()).map(Path::to_owned)
}

fn room(patient: &Patient, dir: &Path) -> Vec<Finding> {
    let Ok(disk) = statvfs(dir) else {
        let what = format!("the disk of {} does not say how much room it has", dir.display());
        return vec![Finding::warning(what, "see df")];
    };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let floor = patient.config.journal.disk_floor_bytes;
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let remedy = "make room, or see journal.keep_bytes and `pinion journal` in the documentation of retention";
    if free < floor {
        let what = format!(
            "{} has {} left, less than the floor of {}: new orders are rejected",
            dir.display(),
            mib(free),
            mib(floor)
        );
        return vec![Finding::problem(what, remedy)];
    }
    let segment = patient.config.journal.segment_bytes.saturating_mul(2);
    if free < floor.saturating_add(segment) {
        let what =
            format!("{} has {} left, and two segments take {} above the floor", dir.display(), mib(free), mib(segment));
        return vec![Finding::problem(what, remedy)];
    }
    let growth = growth(&patient.config.journal.dir);
    if growth > 0 && free - floor < growth {
        let what = format!(
            "{} has {} left, and the journal grew by {} in the last day",
            dir.display(),
            mib(free),
            mib(growth)
        );
        return vec![Finding::warning(what, remedy)];
    }
    vec![Finding::ok(format!(
        "{}: {} left, floor {}, grew by {} in the last day",
        dir.display(),
        mib(free),
        mib(floor),
        mib(growth)
    ))]
}

/// What the segments of the last day take.
fn growth(dir: &Path) -> u64 {
    let since = SystemTime::now().checked_sub(DAY);
    let segments = directory::segments(dir).unwrap_or_default();
    let sizes = segments.iter().filter_map(|segment| {
        let file = fs::metadata(&segment.path).ok()?;
        let is_new = file.modified().ok() >= since;
        is_new.then(|| file.blocks() * 512)
    });
    sizes.sum()
}

fn kind(dir: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = statfs(dir).map_or("unknown", |found| name_of(found.filesystem_type().0));
    findings.push(match name {
        "tmpfs" | "ramfs" => {
            let what = format!(
                "{} lies in memory ({name}): nothing of the journal survives a restart of the machine",
                dir.display()
            );
            Finding::warning(what, "name a directory on a disk in journal.dir")
        }
        "nfs" | "cifs" | "smb2" => {
            let what = format!("{} lies on another machine ({name}): each sync waits for the network", dir.display());
            Finding::warning(what, "name a directory on a disk of this machine in journal.dir")
        }
        name => Finding::ok(format!("file system {name}")),
    });
    let device = fs::metadata(dir).map(|file| file.dev()).unwrap_or(0);
    let number = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    // A partition's queue is that of its disk.
    let turns =
        [format!("/sys/dev/block/{number}/queue/rotational"), format!("/sys/dev/block/{number}/../queue/rotational")];
    if turns.iter().find_map(|path| fs::read_to_string(path).ok()).is_some_and(|text| text.trim() == "1") {
        let what = "the journal's disk says that it turns: a sync takes milliseconds".to_owned();
        findings.push(Finding::warning(
            what,
            "take a solid-state disk with power-loss protection; on a virtual machine ask for one",
        ));
    }
    findings
}

const fn name_of(magic: i64) -> &'static str {
    match magic {
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x8584_58f6 => "ramfs",
        0x794c_7630 => "overlay",
        0x6969 => "nfs",
        0xff53_4d42 => "cifs",
        0xfe53_4d42 => "smb2",
        0x6573_5546 => "fuse",
        0x2fc1_2fc1 => "zfs",
        _ => "of another kind",
    }
}

/// How long a sync takes: as the running appliance has measured it, else by a few of our own.
fn latency(patient: &Patient, dir: &Path) -> Finding {
    let measured = patient.look.as_ref().filter(|_| patient.pid().is_some()).map(|look| {
        let recent = look.recent("journal", 0, "sync").filter(|recent| recent.count() > 0);
        recent.or_else(|| look.rows("journal").first()?.histogram("sync"))
    });
    let (median_us, worst_us, by) = match measured {
        Some(None) => return Finding::ok("sync: not measured, for the appliance is not to be disturbed"),
        Some(Some(syncs)) if syncs.count() == 0 => return Finding::ok("sync: none yet"),
        Some(Some(syncs)) => {
            let us = |ns: u64| u128::from(ns / 1_000);
            (
                us(syncs.percentile_ns(500_000).unwrap_or(0)),
                us(syncs.percentile_ns(990_000).unwrap_or(0)),
                "the appliance's, median and p99",
            )
        }
        None => match own_syncs(dir) {
            Ok(mut times) => {
                times.sort_unstable();
                let at = |index: usize| times.get(index).map_or(0, Duration::as_micros);
                (at(SYNCS / 2), at(SYNCS - 1), "of 4 KiB, median and worst of eight")
            }
            Err(error) => {
                let what = format!("nothing can be written to {}: {error}", dir.display());
                return Finding::problem(what, "let the user who runs the appliance write there; see mount and chown");
            }
        },
    };
    let what = format!("sync: {median_us} and {worst_us} µs ({by})");
    if median_us > SLOW_US {
        return Finding::warning(
            what,
            "every order waits for it under \"synced\": take a disk with power-loss protection, or see journal.durability",
        );
    }
    Finding::ok(what)
}

fn own_syncs(dir: &Path) -> io::Result<Vec<Duration>> {
    let path = dir.join(format!(".pinion-doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    // It has its name for this moment only, whatever happens next.
    fs::remove_file(&path)?;
    let sync = |_| {
        let begin = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        Ok(begin.elapsed())
    };
    (0..SYNCS).map(sync).collect()
}
