//! The loss of power: only what was synced is sure; of the rest any part may have reached the disk.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use engine::journal::{Disk, Durability, LocalDisk, open};

use crate::fixture::{GENESIS, append_next, assert_lines, forget_mark, open_lines, options, segment_paths};

const SECTOR: usize = 512;
const MARK: &str = "durable.mark";

/// Remembers what each file held at its last sync: what is on the platter for certain.
#[derive(Default)]
struct Platter {
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    synced: BTreeMap<u64, Vec<u8>>,
    /// As the latest sync began: everything was written, and nothing of it certain.
    in_sync: Option<Moment>,
}

/// What was where at one time.
#[derive(Clone)]
struct Moment {
    synced: BTreeMap<u64, Vec<u8>>,
    /// Each segment's name, number and bytes.
    segments: Vec<(OsString, u64, Vec<u8>)>,
    mark: Option<Vec<u8>>,
}

impl Disk for Platter {
    fn open_direct(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut bytes = vec![0; usize::try_from(metadata.len()).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, 0)?;
        let mut state = self.state.lock().map_err(|_| io::Error::other("poisoned"))?;
        state.in_sync = Some(self.moment(&state.synced));
        state.synced.insert(metadata.ino(), bytes);
        Ok(())
    }

    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        LocalDisk.fill(file, offset, len)?;
        self.sync(file)
    }
}

impl Platter {
    fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), state: Mutex::default() }
    }

    fn moment(&self, synced: &BTreeMap<u64, Vec<u8>>) -> Moment {
        let read = |path: &PathBuf| {
            let inode = fs::metadata(path).expect("metadata").ino();
            (path.file_name().expect("a name").to_owned(), inode, fs::read(path).expect("reads"))
        };
        let segments = segment_paths(&self.dir).iter().map(read).collect();
        Moment { synced: synced.clone(), segments, mark: fs::read(self.dir.join(MARK)).ok() }
    }

    /// As it is now.
    fn now(&self) -> Moment {
        let state = self.state.lock().expect("not poisoned");
        self.moment(&state.synced)
    }

    /// As it was when the latest sync began.
    fn in_sync(&self) -> Moment {
        self.state.lock().expect("not poisoned").in_sync.clone().expect("there was one")
    }
}

impl Moment {
    /// What a machine finds after a loss of power then: the synced bytes, and of the sectors changed since then those that `reached` picks.
    fn crash(&self, to: &Path, mut reached: impl FnMut() -> bool) {
        for (name, inode, now) in &self.segments {
            let mut image = self.synced.get(inode).expect("synced when it was made").clone();
            for (at, sector) in now.chunks(SECTOR).enumerate() {
                let at = at * SECTOR;
                if image[at..at + sector.len()] != *sector && reached() {
                    image[at..at + sector.len()].copy_from_slice(sector);
                }
            }
            fs::write(to.join(name), image).expect("writes");
        }
        // The mark is never synced after it is made: it may be as old as that, or as new as then.
        fs::write(to.join(MARK), self.mark.as_ref().expect("there from the start")).expect("writes");
    }
}

#[test]
fn what_was_durable_survives_whatever_else_reached_the_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let platter = Arc::new(Platter::new(dir.path()));
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
    for step in 0..120_u64 {
        for _ in 0..draw() % 30 {
            append_next(&mut journal);
        }
        let mut durable = journal.watch.durable_seq();
        let mut moment = platter.now();
        if draw() % 3 > 0 {
            let appended = journal.watch.appended_seq();
            journal.helper.turn();
            // In the middle of it, or behind it.
            if appended > durable && draw() % 4 > 0 {
                moment = platter.in_sync();
            } else {
                (durable, moment) = (journal.watch.durable_seq(), platter.now());
            }
        }
        let appended = journal.watch.appended_seq();
        let crashed = tempfile::tempdir().expect("a directory");
        // Nothing, the front, or any part of what was not synced has reached the disk.
        let mut left = draw() % 12;
        match step % 3 {
            0 => moment.crash(crashed.path(), || false),
            1 => moment.crash(crashed.path(), || {
                left = left.saturating_sub(1);
                left > 0
            }),
            _ => moment.crash(crashed.path(), || draw() % 2 == 0),
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
