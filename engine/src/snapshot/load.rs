//! Finds and reads the newest snapshot that is whole.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::SnapshotError;
use super::file::ChunkReader;
use super::name::SnapshotName;
use super::tail::Tail;
use crate::image::{self, Caused};
use crate::journal::{Anchor, Position};
use crate::venue::Venue;
use wire::snapshot::{SNAPSHOT_HEADER_LEN, SnapshotHeader};
use wire::{Nanos, Seq};

/// A state that was read.
pub struct Loaded {
    /// The venue, as it stood.
    pub venue: Venue,
    /// The newest market data, oldest first.
    pub events: Vec<Caused>,
    /// The record behind which it stands.
    pub anchor: Anchor,
    /// The file.
    pub name: SnapshotName,
}

/// Reads the newest snapshot of the journal `epoch` in `dir` that is whole, of this configuration, and whose record the journal holds.
/// `empty` makes a venue to read into. Beside it come those that were passed over, newest first, and why.
///
/// # Errors
/// The directory cannot be listed. A snapshot that cannot be used is no error.
pub fn load_newest(
    dir: &Path,
    epoch: u64,
    fingerprint: u64,
    empty: impl FnMut() -> Venue,
) -> Result<(Option<Loaded>, Vec<SnapshotError>), SnapshotError> {
    load_newest_where(dir, epoch, fingerprint, |_, _| true, empty)
}

/// As [`load_newest`], of those whose last command and its time are as asked for.
///
/// # Errors
/// As there.
pub fn load_newest_where(
    dir: &Path,
    epoch: u64,
    fingerprint: u64,
    fits: impl Fn(Seq, Nanos) -> bool,
    mut empty: impl FnMut() -> Venue,
) -> Result<(Option<Loaded>, Vec<SnapshotError>), SnapshotError> {
    let mut passed_over = Vec::new();
    for name in SnapshotName::list(dir)?.into_iter().rev().filter(|name| name.epoch == epoch) {
        match load(dir, &name, fingerprint, &fits, &mut empty) {
            Ok(Some(loaded)) => return Ok((Some(loaded), passed_over)),
            Ok(None) => {}
            Err(reason) => passed_over.push(reason),
        }
    }
    Ok((None, passed_over))
}

/// Whether a start could use this snapshot: it is of this journal and these rules, the journal holds its record, and every byte of it is as
/// it was written. Reads the whole file; makes nothing of it.
///
/// # Errors
/// It could not be used, and why.
pub(crate) fn prove(dir: &Path, name: &SnapshotName, fingerprint: u64) -> Result<(), SnapshotError> {
    let path = name.path.as_path();
    let (header, input) = open(path)?;
    check(dir, name, &header, fingerprint)?;
    let mut chunks = ChunkReader::new(input, header.seed());
    let len = std::io::copy(&mut chunks, &mut std::io::sink()).map_err(SnapshotError::io("read the snapshot", path))?;
    if len != header.plain_len || !chunks.is_at_end().map_err(SnapshotError::io("read the snapshot", path))? {
        return Err(SnapshotError::Damaged { path: path.to_owned(), found: format!("{len} bytes, and not its end") });
    }
    Ok(())
}

/// The segment that holds the record behind which a snapshot stands, as the snapshot says.
///
/// # Errors
/// It cannot be read, or its header is damaged.
pub(crate) fn segment_of(name: &SnapshotName) -> Result<u64, SnapshotError> {
    Ok(open(&name.path)?.0.segment)
}

fn open(path: &Path) -> Result<(SnapshotHeader, BufReader<File>), SnapshotError> {
    let file = File::open(path).map_err(SnapshotError::io("open the snapshot", path))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut bytes = [0; SNAPSHOT_HEADER_LEN];
    input.read_exact(&mut bytes).map_err(SnapshotError::io("read the snapshot", path))?;
    Ok((SnapshotHeader::from_bytes(&bytes).map_err(SnapshotError::header(path))?, input))
}

/// That it is what its name says, of these rules, and that the journal holds its record.
fn check(dir: &Path, name: &SnapshotName, header: &SnapshotHeader, fingerprint: u64) -> Result<Anchor, SnapshotError> {
    let path = name.path.as_path();
    let foreign = |what, expected, found| SnapshotError::Foreign { path: path.to_owned(), what, expected, found };
    if header.fingerprint != fingerprint {
        return Err(foreign("rules", fingerprint, header.fingerprint));
    }
    if header.epoch != name.epoch {
        return Err(foreign("journal", name.epoch, header.epoch));
    }
    if header.seq != name.seq {
        return Err(foreign("command", name.seq.get(), header.seq.get()));
    }
    let position = Position { segment: header.segment, offset: header.offset };
    let anchor = Anchor { position, seq: header.seq, chain: header.chain };
    drop(Tail::behind(dir, name.epoch, anchor)?);
    Ok(anchor)
}

/// Reads one snapshot; `None` when it is not of a time that is asked for.
fn load(
    dir: &Path,
    name: &SnapshotName,
    fingerprint: u64,
    fits: &impl Fn(Seq, Nanos) -> bool,
    empty: &mut impl FnMut() -> Venue,
) -> Result<Option<Loaded>, SnapshotError> {
    let path = name.path.as_path();
    let (header, input) = open(path)?;
    if !fits(header.seq, header.time) {
        return Ok(None);
    }
    // Before anything large is made.
    let anchor = check(dir, name, &header, fingerprint)?;

    let (mut venue, mut events) = (empty(), Vec::new());
    let mut chunks = ChunkReader::new(input, header.seed());
    image::read(&mut venue, &mut chunks, |event| events.push(event)).map_err(SnapshotError::image(path))?;
    if !chunks.is_at_end().map_err(SnapshotError::io("read the snapshot", path))? {
        return Err(SnapshotError::Damaged { path: path.to_owned(), found: "something behind its end".to_owned() });
    }
    venue.stand_after(header.seq, header.time);
    let found = venue.exchange().state_hash();
    if found != header.state_hash {
        let found = format!("its state has hash {found:016x}, its header says {:016x}", header.state_hash);
        return Err(SnapshotError::Damaged { path: path.to_owned(), found });
    }
    Ok(Some(Loaded { venue, events, anchor, name: name.clone() }))
}
