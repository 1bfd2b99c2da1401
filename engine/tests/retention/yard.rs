//! A venue with small segments that are pruned hard.

use engine::config::{Archive, Config};
use engine::journal::{Disk, Journal, LocalDisk, Reader, directory};
use engine::retention::{Retention, Step};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use wire::Seq;

use crate::site;

pub const SEGMENT_LEN: u64 = 16 << 10;

/// Nothing stays that need not.
pub fn config(dir: &Path, durability: &str, archive: Archive) -> Config {
    let mut config = site::config(dir, durability);
    config.journal.segment_bytes = SEGMENT_LEN;
    config.journal.keep_bytes = 1;
    config.journal.archive = archive;
    config.snapshot.keep = 2;
    config
}

pub fn retention(config: &Config, disk: Arc<dyn Disk>, journal: &Journal) -> Retention {
    Retention::new(config, disk, journal.watch.clone()).expect("a journal")
}

/// Takes every step that is due.
pub fn prune(config: &Config, journal: &Journal) -> Vec<Step> {
    let mut retention = retention(config, Arc::new(LocalDisk), journal);
    let mut steps = Vec::new();
    while let Some(step) = retention.turn().expect("a whole journal") {
        steps.push(step);
    }
    steps
}

/// The live segments, by index.
pub fn live(config: &Config) -> Vec<u64> {
    directory::segments(&config.journal.dir).expect("listed").iter().map(|segment| segment.index).collect()
}

/// The packed ones.
pub fn packed(config: &Config) -> Vec<u64> {
    directory::archived(&config.journal.dir).expect("listed").iter().map(|segment| segment.index).collect()
}

/// Walks from the oldest record that there is. Returns the first and the last seq.
pub fn walked(config: &Config) -> (Seq, Seq) {
    let mut reader = Reader::open_oldest(&config.journal.dir).expect("reads");
    let (mut first, mut last) = (Seq(0), Seq(0));
    while let Some(record) = reader.next().expect("whole") {
        if first == Seq(0) {
            first = record.seq;
        }
        last = record.seq;
    }
    (first, last)
}

/// A copy of a journal in another place, with its archive.
pub fn copied(config: &Config, to: &Path) -> Config {
    let config_there = Config {
        journal: engine::config::Journal { dir: to.join("journal"), ..config.journal.clone() },
        ..config.clone()
    };
    copy_dir(&config.journal.dir, &config_there.journal.dir);
    config_there
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let there = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_dir(&path, &there);
        } else {
            fs::copy(&path, there).expect("a copy");
        }
    }
}
