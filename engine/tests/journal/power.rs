//! The loss of power: only what was synced is sure; of the rest any part may have reached the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use engine::journal::{Disk, Durability, LocalDisk, open};

use crate::fixture::{GENESIS, append_next, assert_lines, forget_mark, open_lines, options, segment_paths};

const SECTOR: usize = 512;

/// Remembers what each file held at its last sync: what is on the platter for certain.
#[derive(Default)]
struct Platter {
    files: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Disk for Platter {
    fn sync(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut bytes = vec![0; usize::try_from(metadata.len()).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, 0)?;
        self.files.lock().map_err(|_| io::Error::other("poisoned"))?.insert(metadata.ino(), bytes);
        Ok(())
    }

    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        LocalDisk.fill(file, offset, len)?;
        self.sync(file)
    }
}

impl Platter {
    /// What a machine finds after a loss of power now: the synced bytes, and of the sectors changed since then those that `reached` picks.
    fn crash(&self, live: &Path, to: &Path, mut reached: impl FnMut() -> bool) {
        let files = self.files.lock().expect("not poisoned");
        for path in segment_paths(live) {
            let now = fs::read(&path).expect("reads");
            let inode = fs::metadata(&path).expect("metadata").ino();
            let mut image = files.get(&inode).expect("synced when it was made").clone();
            for (at, sector) in now.chunks(SECTOR).enumerate() {
                let at = at * SECTOR;
                if image[at..at + sector.len()] != *sector && reached() {
                    image[at..at + sector.len()].copy_from_slice(sector);
                }
            }
            fs::write(to.join(path.file_name().expect("a name")), image).expect("writes");
        }
        // The mark is never synced after it is made: it may be as old as that, or as new as now.
        let mark = "durable.mark";
        fs::copy(live.join(mark), to.join(mark)).expect("copies");
    }
}

#[test]
fn what_was_durable_survives_whatever_else_reached_the_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let platter = Arc::new(Platter::default());
    let options_live = options(dir.path(), Durability::Synced);
    let mut journal =
        open(&options_live, Arc::clone(&platter) as Arc<dyn Disk>, GENESIS, &mut |_| Ok(())).expect("opens");
    let mut random = 0x1234_5678_9ABC_DEF1_u64;
    let mut draw = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut with_records_behind = 0;
    for step in 0..90_u64 {
        for _ in 0..draw() % 30 {
            append_next(&mut journal);
        }
        if draw() % 3 == 0 {
            journal.helper.turn();
        }
        let durable = journal.watch.durable_seq();
        let appended = journal.watch.appended_seq();
        let crashed = tempfile::tempdir().expect("a directory");
        // Nothing, the front, or any part of what was not synced has reached the disk.
        let mut left = draw() % 12;
        match step % 3 {
            0 => platter.crash(dir.path(), crashed.path(), || false),
            1 => platter.crash(dir.path(), crashed.path(), || {
                left = left.saturating_sub(1);
                left > 0
            }),
            _ => platter.crash(dir.path(), crashed.path(), || draw() % 2 == 0),
        }
        if step % 2 == 0 {
            forget_mark(crashed.path());
        }
        let (reopened, replayed) = open_lines(&options(crashed.path(), Durability::Synced))
            .unwrap_or_else(|error| panic!("step {step}: {durable} durable, {appended} appended: {error}"));
        let last = reopened.report.last_seq;
        assert!((durable..=appended).contains(&last), "step {step}: {durable} durable, {last} found");
        assert_lines(&replayed, last.get(), &format!("step {step}"));
        let behind = reopened.report.cut.as_ref().map_or(0, |cut| cut.records);
        assert!(behind == 0 || step % 3 == 2, "step {step}: only a disk that reorders leaves holes");
        assert!(last.get() + behind <= appended.get(), "step {step}: {behind} whole records behind {last}");
        with_records_behind += u32::from(behind > 0);
    }
    assert!(with_records_behind > 5, "{with_records_behind}");
    assert!(segment_paths(dir.path()).len() > 4);
}
