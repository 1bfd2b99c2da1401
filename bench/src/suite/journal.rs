//! The journal: what appending costs, what a group sync costs, and what the disk itself costs.
//!
//! Goal: three figures that belong side by side, from the same disk in the same run. Non-goal: recovery, see [`super::recovery`]; several writers.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section, Series};
use crate::host::file_system;
use crate::load::distribution::Distribution;
use crate::sample::{durations, percentiles};
use clap::Args;
use engine::journal::segment::SEGMENT_LEN_ALIGN;
use engine::journal::{
    Appender, Disk, Durability, Genesis, Helper, HelperPlacement, Journal, LocalDisk, Options, Status, Watch, open,
};
use hdrhistogram::Histogram;
use netio::clock::Clock;
use netio::cpu::allowed_cores;
use tempfile::TempDir;
use wire::Nanos;
use wire::journal::{RecordKind, SEGMENT_HEADER_LEN, record_span};

/// Measure the journal and the disk under it.
#[derive(Debug, Default, Args)]
pub struct JournalArgs {
    /// Measure on the file system of this directory; that of temporary files when not given
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl JournalArgs {
    /// An empty directory there, which goes when it is dropped.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn scratch(&self) -> Result<TempDir, BenchError> {
        let base = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let scratch = tempfile::Builder::new().prefix("pinion-bench-").tempdir_in(base);
        scratch.map_err(BenchError::io("make a directory for the journal"))
    }
}

/// The body of a record: about an order with its two options, as the venue journals it.
const BODY: [u8; 72] = [0x5A; 72];
const PAGE: [u8; 4096] = [0xA5; 4096];
/// Records in flight while the throughput of group syncs is measured: the length of the command link.
const IN_FLIGHT_MAX: u64 = engine::limits::COMMAND_LINK_SLOTS as u64;

/// How much of everything.
struct Sizes {
    records: u64,
    commits: u64,
    /// No part takes longer, however slow the disk.
    part_ns: u64,
}

const FULL: Sizes = Sizes { records: 150_000, commits: 1_000, part_ns: 5_000_000_000 };
const SMOKE: Sizes = Sizes { records: 2_000, commits: 5, part_ns: 500_000_000 };

/// Measures.
///
/// # Errors
/// The disk refuses, or the journal fails.
pub fn run(args: &JournalArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let sizes = if smoke { &SMOKE } else { &FULL };
    let scratch = args.scratch()?;
    let ([disk, commits], series) = commits(scratch.path(), sizes, clock)?;
    let mapped = mapped(&scratch.path().join("mapped"), sizes, clock)?;
    let stream = stream(&scratch.path().join("stream"), sizes, clock)?;
    let rows = vec![disk, commits, stream, mapped];
    let facts = vec![
        ("file system", file_system(scratch.path())),
        ("record", format!("{} bytes with header, {} of body", record_span(BODY.len()), BODY.len())),
    ];
    Ok(Section { name: "journal", facts, rows, series })
}

/// One record at a time, each waiting for its sync; and in turns with it the floor: one page over an old one, and a sync, in a file of
/// its own. In turns, so that both meet the same disk.
fn commits(dir: &Path, sizes: &Sizes, clock: &Clock) -> Result<([Row; 2], Vec<Series>), BenchError> {
    let (floor, page_count) = floor_file(dir)?;
    let journal_dir = dir.join("commits");
    let Journal { mut appender, helper, watch, .. } =
        prepared(&journal_dir, Durability::Synced, sizes.commits, Arc::new(LocalDisk))?;
    let threads = helper.spawn_on(&placement()).map_err(BenchError::Thread)?;
    let (mut overwrites, mut commits) = (durations(), durations());
    let deadline = clock.now() + sizes.part_ns;
    for number in 0..sizes.commits {
        let before = clock.now();
        if before > deadline {
            break;
        }
        let offset = number % page_count * PAGE.len() as u64;
        floor.write_all_at(&PAGE, offset).map_err(BenchError::io("write to the disk"))?;
        floor.sync_data().map_err(BenchError::io("sync the disk"))?;
        overwrites.saturating_record((clock.now() - before).max(1));

        let before = clock.now();
        let seq = append(&mut appender, number)?;
        while watch.durable_seq() < seq {
            check(&watch)?;
            thread::yield_now();
        }
        commits.saturating_record((clock.now() - before).max(1));
    }
    threads.stop()?;
    let ratio = Figure::ratio("disk_ratio", commits.value_at_quantile(0.5), overwrites.value_at_quantile(0.5));
    let mut disk = vec![Figure::count("samples", overwrites.len())];
    disk.extend(percentiles(["overwrite_p50_ns", "overwrite_p99_ns", "overwrite_p999_ns"], &overwrites));
    let mut alone = vec![Figure::count("samples", commits.len()), ratio];
    alone.extend(percentiles(["commit_p50_ns", "commit_p99_ns", "commit_p999_ns"], &commits));
    let line = |name: &str, histogram| Distribution::from(histogram).series(name);
    let series = vec![line("disk alone", overwrites), line("synced, alone", commits)];
    let rows = [
        Row {
            name: "disk alone".into(),
            figures: disk,
            excludes: "the journal; this is a 4 KiB overwrite and fdatasync",
        },
        Row {
            name: "synced, alone".into(),
            figures: alone,
            excludes: "other records; waking the helper from its sleep between two records is in",
        },
    ];
    Ok((rows, series))
}

/// A file of written zeros, and how many pages it has.
fn floor_file(dir: &Path) -> Result<(File, u64), BenchError> {
    const PAGES: u64 = 1_024;
    let file = OpenOptions::new().create_new(true).write(true).open(dir.join("floor"));
    let file = file.map_err(BenchError::io("create a file on the disk to be measured"))?;
    let filled = LocalDisk.fill(&file, 0, PAGES * PAGE.len() as u64);
    filled.map_err(BenchError::io("write zeros to the disk to be measured"))?;
    Ok((file, PAGES))
}

/// Records all the time, a sync for as many as have come.
fn stream(dir: &Path, sizes: &Sizes, clock: &Clock) -> Result<Row, BenchError> {
    let disk = Arc::new(TimedDisk { clock: Mutex::new(clock.clone()), syncs: Mutex::new(durations()) });
    let shared: Arc<dyn Disk> = Arc::clone(&disk) as _;
    let Journal { mut appender, helper, watch, .. } = prepared(dir, Durability::Synced, sizes.records, shared)?;
    // What opening synced does not count.
    disk.syncs.lock().unwrap_or_else(PoisonError::into_inner).reset();
    let threads = helper.spawn_on(&placement()).map_err(BenchError::Thread)?;
    let first = watch.durable_seq();
    let before = clock.now();
    let deadline = before + sizes.part_ns;
    let mut last = first;
    for number in 0..sizes.records {
        while last.0 - watch.durable_seq().0 >= IN_FLIGHT_MAX {
            check(&watch)?;
            thread::yield_now();
        }
        if number % 256 == 0 && clock.now() > deadline {
            break;
        }
        last = append(&mut appender, number)?;
    }
    while watch.durable_seq() < last {
        check(&watch)?;
        thread::yield_now();
    }
    let taken_ns = clock.now() - before;
    threads.stop()?;
    let syncs = disk.syncs.lock().unwrap_or_else(PoisonError::into_inner);
    let records = last.0 - first.0;
    let mut figures = vec![
        Figure::rate("records_per_s", records, taken_ns),
        Figure::count("records_per_sync", records / syncs.len().max(1)),
    ];
    figures.extend(percentiles(["sync_p50_ns", "sync_p99_ns", "sync_p999_ns"], &syncs).take(2));
    let excludes = "preparing and changing segments; 8,192 records in flight at most";
    Ok(Row { name: "synced, stream".into(), figures, excludes })
}

/// Appending when nobody waits for the disk.
fn mapped(dir: &Path, sizes: &Sizes, clock: &Clock) -> Result<Row, BenchError> {
    let Journal { mut appender, helper, .. } =
        prepared(dir, Durability::Mapped, 2 * sizes.records, Arc::new(LocalDisk))?;
    let before = clock.now();
    for number in 0..sizes.records {
        append(&mut appender, number)?;
    }
    let taken_ns = clock.now() - before;
    let mut times = durations();
    for number in 0..sizes.records {
        let before = clock.now();
        append(&mut appender, number)?;
        times.saturating_record((clock.now() - before).max(1));
    }
    drop(helper);
    let mut figures = vec![Figure::rate("records_per_s", sizes.records, taken_ns)];
    figures.extend(percentiles(["append_p50_ns", "append_p99_ns", "append_p999_ns"], &times));
    let excludes = "the helper threads, preparing segments, changing segments; first touches of pages are in";
    Ok(Row { name: "mapped".into(), figures, excludes })
}

/// A new journal whose segment holds `records`, with everything ready that its helpers prepare.
fn prepared(dir: &Path, durability: Durability, records: u64, disk: Arc<dyn Disk>) -> Result<Journal, BenchError> {
    let span = |body: usize| record_span(body) as u64;
    let needed = SEGMENT_HEADER_LEN as u64 + span(0) + records * span(BODY.len());
    let segment_len = (needed + SEGMENT_LEN_ALIGN).next_multiple_of(SEGMENT_LEN_ALIGN).max(1 << 20);
    let options = Options { dir: dir.to_owned(), fingerprint: 1, segment_len, durability };
    let mut journal = open(&options, disk, Genesis { time: Nanos(1), body: &[], draw: 7 }, &mut |_| Ok(()))?;
    settle(&mut journal.helper);
    check(&journal.watch)?;
    Ok(journal)
}

/// As the appliance places them when one thread has all tiles.
fn placement() -> HelperPlacement {
    HelperPlacement { spare_core: allowed_cores().len() > 1, ..HelperPlacement::default() }
}

fn settle(helper: &mut Helper) {
    while helper.turn() {}
}

fn append(appender: &mut Appender, number: u64) -> Result<wire::Seq, BenchError> {
    let seq = appender.next_seq();
    appender.append(seq, Nanos(number), RecordKind::SessionMessage, &BODY)?;
    Ok(seq)
}

fn check(watch: &Watch) -> Result<(), BenchError> {
    match watch.status() {
        Status::Failed(reason) => Err(engine::journal::JournalError::Failed(reason.to_owned()).into()),
        Status::Running | Status::Stopped => Ok(()),
    }
}

/// The local disk, with a look at the clock before and after each sync.
struct TimedDisk {
    /// To clone from: a clock belongs to one thread.
    clock: Mutex<Clock>,
    syncs: Mutex<Histogram<u64>>,
}

impl Disk for TimedDisk {
    fn sync(&self, file: &File) -> io::Result<()> {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let before = clock.now();
        LocalDisk.sync(file)?;
        let taken_ns = clock.now() - before;
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(taken_ns.max(1));
        Ok(())
    }
}
