//! A crash at each step of pruning and archiving.

use crate::site::{Site, recover, recovered_alike, save};
use crate::yard::{SEGMENT_LEN, config, copied, live, packed, prune, retention, walked};
use engine::config::{Archive, Config};
use engine::journal::{Disk, LocalDisk};
use engine::recovery::From;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use wire::Seq;

/// A disk on which only so many changes still happen; of the one that would come next, half.
struct DyingDisk {
    left: AtomicU64,
}

impl DyingDisk {
    fn new(changes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(changes) })
    }

    fn spend(&self) -> io::Result<()> {
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        spent.map(|_| ()).map_err(|_| io::Error::other("the disk is gone"))
    }
}

impl Disk for DyingDisk {
    fn create_directory(&self, dir: &Path) -> io::Result<()> {
        self.spend()?;
        LocalDisk.create_directory(dir)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        self.spend()?;
        LocalDisk.create(path)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.spend() {
            Ok(()) => LocalDisk.write_at(file, bytes, offset),
            Err(error) => LocalDisk.write_at(file, &bytes[..bytes.len() / 2], offset).and(Err(error)),
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.spend()?;
        LocalDisk.sync(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.spend()?;
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.spend()?;
        LocalDisk.remove(path)
    }

    fn sync_directory(&self, dir: &Path) -> io::Result<()> {
        self.spend()?;
        LocalDisk.sync_directory(dir)
    }
}

/// A journal of which some segments may go, none of them gone.
fn ripe(dir: &Path) -> (Config, Seq) {
    let config = config(dir, "synced", Archive::Zstd);
    let mut site = Site::open(&config);
    let mut follower = site.follower();
    for _ in 0..3 {
        site.trade(480);
        save(&mut follower);
    }
    site.trade(8);
    (config, site.harness.venue.seq())
}

#[test]
fn a_crash_at_any_step_loses_nothing_and_doubles_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut whole, last) = ripe(dir.path());
    // Three segments go; three are not full.
    whole.journal.keep_bytes = (live(&whole).len() as u64 - 6) * SEGMENT_LEN;
    let mut steps = 0;
    loop {
        let crashed = tempfile::tempdir().expect("a directory");
        let config = copied(&whole, crashed.path());
        let journal = recover(&config, From::Snapshot).expect("whole").journal;
        let mut retention = retention(&config, DyingDisk::new(steps), &journal);
        let failed = loop {
            match retention.turn() {
                Ok(Some(_)) => {}
                Ok(None) => break false,
                Err(error) => {
                    assert!(error.to_string().contains("the disk is gone"), "{error}");
                    break true;
                }
            }
        };
        drop((journal, retention));
        // Every record is there once: live, packed, or in both files, of which one is read.
        let (lived, archived) = (live(&config), packed(&config));
        assert_eq!(walked(&config), (Seq(1), last), "after {steps} changes: {lived:?} {archived:?}");
        let (records, passed_over, _) = recovered_alike(&config);
        assert!(records < 100 && passed_over == 0, "after {steps} changes");
        // The next run finishes it, and nothing half-made is left.
        let journal = recover(&config, From::Snapshot).expect("whole").journal;
        prune(&config, &journal);
        let both = live(&config).into_iter().filter(|index| packed(&config).contains(index)).count();
        assert_eq!(both, 0, "after {steps} changes");
        assert_eq!(walked(&config), (Seq(1), last));
        let archive = fs::read_dir(config.journal.dir.join("archive")).expect("an archive");
        assert!(archive.flatten().all(|entry| entry.path().extension().is_some_and(|extension| extension == "zst")));
        if !failed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 20, "the test is about many steps, and saw {steps}");
}

/// A disk that remembers what was asked of it.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, verb: &str, path: &Path) {
        let name = path.file_name().expect("a name").to_string_lossy();
        let kind = name.rsplit('.').next().expect("a last part");
        self.0.lock().expect("nobody panicked").push(format!("{verb} {kind}"));
    }
}

impl Disk for Diary {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.note("create", path);
        LocalDisk.create(path)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.note("sync", Path::new("it"));
        LocalDisk.sync(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note("rename to", to);
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note("remove", path);
        LocalDisk.remove(path)
    }

    fn sync_directory(&self, dir: &Path) -> io::Result<()> {
        self.note("sync directory", dir);
        LocalDisk.sync_directory(dir)
    }
}

/// What a loss of power leaves follows from the order: nothing is relied on before it is on stable storage.
#[test]
fn a_segment_goes_when_its_copy_and_the_name_of_it_are_on_stable_storage() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, _) = ripe(dir.path());
    let journal = recover(&config, From::Snapshot).expect("whole").journal;
    let diary = Arc::new(Diary::default());
    let mut retention = retention(&config, Arc::clone(&diary) as Arc<dyn Disk>, &journal);
    for _ in 0..2 {
        retention.turn().expect("whole").expect("a segment that may go");
    }
    let one = [
        "create preparing",
        "sync it",
        "rename to zst",
        "sync directory archive",
        "remove seg",
        "sync directory journal",
    ];
    // The archive's own directory is made first.
    let expected: Vec<&str> = ["sync directory journal"].into_iter().chain(one).chain(one).collect();
    assert_eq!(*diary.0.lock().expect("nobody panicked"), expected);
}

/// A disk that writes something else than it was given.
struct LyingDisk;

impl Disk for LyingDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        LocalDisk.write_at(file, &bytes, offset)
    }
}

#[test]
fn a_packed_copy_that_does_not_read_back_is_not_taken_for_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, last) = ripe(dir.path());
    let journal = recover(&config, From::Snapshot).expect("whole").journal;
    let before = live(&config);
    let error = retention(&config, Arc::new(LyingDisk), &journal).turn().expect_err("another copy");
    assert!(error.to_string().contains("the segment stays"), "{error}");
    assert_eq!((live(&config), packed(&config)), (before, vec![]));
    // A copy that rots in the archive before its segment has gone is written again.
    let steps = prune(&config, &journal).len();
    assert!(steps > 2);
    assert_eq!(walked(&config), (Seq(1), last));
}

#[test]
fn a_damaged_segment_is_not_pruned() {
    let dir = tempfile::tempdir().expect("a directory");
    let (config, _) = ripe(dir.path());
    let journal = recover(&config, From::Snapshot).expect("whole").journal;
    let path = engine::journal::directory::segments(&config.journal.dir).expect("listed")[0].path.clone();
    let mut bytes = fs::read(&path).expect("a segment");
    bytes[9_000] ^= 4;
    fs::write(&path, &bytes).expect("written");
    let error = retention(&config, Arc::new(LocalDisk), &journal).turn().expect_err("damaged");
    assert!(error.to_string().contains("pinion journal verify"), "{error}");
    assert!(path.exists());
}
