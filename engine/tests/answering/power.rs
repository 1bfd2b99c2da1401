//! The store after a loss of power: what was not synced is there in part, or not at all.

use crate::site::{Site, save};
use crate::storing::{Storing, published, small, stored};
use engine::journal::Disk;
use engine::messages::feed_dir;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const SECTOR: usize = 512;

/// What has reached the platter of each file, by its number, and which names have.
#[derive(Default)]
struct Platter {
    contents: HashMap<u64, Vec<u8>>,
    names: HashMap<PathBuf, u64>,
}

/// A disk that remembers what was synced.
#[derive(Default)]
struct PowerDisk(Mutex<Platter>);

impl PowerDisk {
    fn keep(&self, file: &File) -> io::Result<()> {
        let metadata = file.metadata()?;
        let mut bytes = vec![0; usize::try_from(metadata.len()).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, 0)?;
        self.0.lock().expect("no panic").contents.insert(metadata.ino(), bytes);
        Ok(())
    }

    /// The power is gone: of what was not synced, each sector is there or not.
    fn cut(&self, dir: &Path, seed: &mut u64) {
        let mut dice = |sides: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 33) % sides
        };
        let platter = self.0.lock().expect("no panic");
        for path in fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.path()) {
            let file = OpenOptions::new().read(true).write(true).open(&path).expect("a file");
            let number = file.metadata().expect("a file").ino();
            let live = fs::read(&path).expect("read");
            let synced = platter.contents.get(&number).cloned().unwrap_or_default();
            if platter.names.get(&path) != Some(&number) && dice(2) == 0 {
                fs::remove_file(&path).expect("removed");
                continue;
            }
            let len = if dice(2) == 0 { live.len() } else { synced.len() };
            let mut bytes = vec![0; len];
            for (at, sector) in (0..).step_by(SECTOR).zip(bytes.chunks_mut(SECTOR)) {
                let from = if dice(2) == 0 { &live } else { &synced };
                let there = from.get(at..).unwrap_or_default();
                let there = &there[..there.len().min(sector.len())];
                sector[..there.len()].copy_from_slice(there);
            }
            fs::write(&path, bytes).expect("written");
        }
    }
}

impl Disk for PowerDisk {
    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        file.write_all_at(&vec![0; usize::try_from(len).map_err(io::Error::other)?], offset)?;
        self.keep(file)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.keep(file)
    }

    fn sync_directory(&self, dir: &Path) -> io::Result<()> {
        let mut platter = self.0.lock().expect("no panic");
        platter.names.retain(|path, _| path.parent() != Some(dir));
        for entry in fs::read_dir(dir)?.flatten() {
            platter.names.insert(entry.path(), entry.metadata()?.ino());
        }
        Ok(())
    }
}

/// Whatever was not on the disk: what the newest snapshot stands on is, so that nothing has to be made again; and what came later comes
/// again by replay.
#[test]
fn what_a_snapshot_relies_on_survives_a_loss_of_power() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    let disk = Arc::new(PowerDisk::default());
    let mut seed = 41;
    for life in 0..14 {
        let mut site = Site::open(&config);
        let mut storing = Storing::on(&site, Arc::clone(&disk) as _);
        storing.follow();
        assert!(stored(&storing.archive) == published(&config), "life {life}");
        for _ in 0..life % 3 + 1 {
            site.trade(40 * (life % 4 + 1));
            save(&mut storing.follower);
        }
        site.trade(30 * life);
        storing.follow();
        assert!(stored(&storing.archive) == published(&config), "life {life}");
        let (follower, archive) = storing.repaired();
        assert_eq!(archive.told.take(), None, "life {life}: nothing was missing");
        drop((follower, site));
        disk.cut(&feed_dir(&config.journal.dir), &mut seed);
    }
}

/// The whole folder is as it was some snapshots ago, as after the return of an old copy.
#[test]
fn an_old_copy_of_the_store_is_completed() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    let feed = feed_dir(&config.journal.dir);
    let copy = dir.path().join("copy");
    for life in 0..3 {
        let mut site = Site::open(&config);
        let mut storing = Storing::begin(&site);
        site.trade(500);
        save(&mut storing.follower);
        drop((site, storing));
        if life == 0 {
            fs::create_dir(&copy).expect("a folder");
            for path in fs::read_dir(&feed).expect("a folder").flatten().map(|entry| entry.path()) {
                fs::copy(&path, copy.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    fs::remove_dir_all(&feed).expect("removed");
    fs::rename(&copy, &feed).expect("moved");
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    site.trade(60);
    storing.follow();
    let (_follower, archive) = storing.repaired();
    assert!(stored(&archive) == published(&config));
    assert!(archive.told.take().is_some(), "somebody is told");
}

/// Under `mapped` a loss of power may take the end of the journal, and leave a store that knows of a future that never was.
#[test]
fn a_future_that_was_lost_is_not_in_the_store() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = small(dir.path());
    let (journal, copy) = (&config.journal.dir, dir.path().join("copy"));
    let files = |dir: &Path| fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.path());
    let mut site = Site::open(&config);
    let mut storing = Storing::begin(&site);
    site.trade(300);
    save(&mut storing.follower);
    site.trade(40);
    fs::create_dir(&copy).expect("a folder");
    for path in files(journal).filter(|path| path.is_file()) {
        fs::copy(&path, copy.join(path.file_name().expect("a name"))).expect("copied");
    }
    // What nobody will remember: over several files of the store, with snapshots that are lost too.
    site.trade(900);
    save(&mut storing.follower);
    let lost = published(&config);
    drop((site, storing));
    for path in files(journal).filter(|path| path.is_file()) {
        fs::remove_file(path).expect("removed");
    }
    for path in files(&copy) {
        fs::copy(&path, journal.join(path.file_name().expect("a name"))).expect("copied");
    }
    for life in 0..2 {
        let mut site = Site::open(&config);
        let mut storing = Storing::begin(&site);
        storing.follow();
        site.trade(90);
        save(&mut storing.follower);
        let expected = published(&config);
        assert!(stored(&storing.archive) == expected, "life {life}");
        let same = |stream, messages: &Vec<_>| lost.get(stream).is_some_and(|lost: &Vec<_>| lost.starts_with(messages));
        assert!(!expected.iter().all(|(stream, messages)| same(stream, messages)), "it came otherwise");
        let (follower, archive) = storing.repaired();
        assert_eq!(archive.told.take(), None, "life {life}: nothing is missing");
        drop((follower, site));
    }
}
