//! A start of the venue with many orders.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::equal;
use super::large::End;
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::subject::login::START;
use engine::config::Config;
use engine::ground::Ground;
use engine::journal::directory;
use engine::recovery::recover;
use engine::snapshot::load_newest;
use netio::clock::Clock;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use wire::login::Key;

/// A start from cold files, beside reading the snapshot's file cold, and making a venue of it from memory.
///
/// # Errors
/// It does not come to where the venue stood, or the disk refuses.
pub fn run(config: &Config, end: &End, clock: &Clock) -> Result<Row, BenchError> {
    let dir = config.journal.dir.as_path();
    forget(dir)?;
    let newest = fs::read_dir(dir).map_err(BenchError::io("list the journal"))?;
    let newest: Option<PathBuf> = newest
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "snap"))
        .max();
    let newest = newest.ok_or(BenchError::Login { expected: "a snapshot" })?;
    let before = clock.now();
    let mut bytes = Vec::new();
    File::open(&newest)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(BenchError::io("read the snapshot"))?;
    let read_ns = clock.now() - before;
    drop(bytes);

    let epoch = directory::epoch(dir)?.unwrap_or_default();
    let before = clock.now();
    let (loaded, _) = load_newest(dir, epoch, config.fingerprint(), || engine::recovery::venue(config, Key([0; 32])))?;
    let load_ns = clock.now() - before;
    drop(loaded);

    forget(dir)?;
    let before = clock.now();
    let recovered = recover(config, &Ground::default(), START)?;
    let taken_ns = clock.now() - before;
    let state_hash = recovered.venue.exchange().state_hash();
    equal(&[recovered.venue.seq().0, state_hash], &[end.seq, end.state_hash])?;
    let figures = vec![
        Figure::ratio("floor_ratio", taken_ns, read_ns + load_ns),
        Figure::ns("time_ns", taken_ns),
        Figure::ns("read_ns", read_ns),
        Figure::ns("load_ns", load_ns),
    ];
    let excludes = "opening ports, starting threads; the follower, which reads the same snapshot beside it";
    Ok(Row { name: "start, files cold".into(), figures, excludes })
}

/// Has the kernel forget what it holds of the files: they are read from the disk again.
fn forget(dir: &Path) -> Result<(), BenchError> {
    for entry in fs::read_dir(dir).map_err(BenchError::io("list the journal"))?.flatten() {
        let file = File::open(entry.path()).map_err(BenchError::io("open a file of the journal"))?;
        if entry.path().is_file() {
            file.sync_all().map_err(BenchError::io("sync a file of the journal"))?;
            posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
                .map_err(|error| BenchError::io("drop a file from memory")(error.into()))?;
        }
    }
    Ok(())
}
