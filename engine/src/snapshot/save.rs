//! Writes a snapshot.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::SnapshotError;
use super::file::ChunkWriter;
use super::name::SnapshotName;
use crate::image::{self, Caused};
use crate::journal::{Anchor, Disk, directory};
use crate::venue::Venue;
use std::sync::Arc;
use wire::Reserved;
use wire::snapshot::{SNAPSHOT_HEADER_LEN, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, SnapshotHeader};

/// What a snapshot is of, and where it goes.
#[derive(Clone)]
pub struct SaveOptions {
    /// Where it goes to.
    pub disk: Arc<dyn Disk>,
    /// The journal's directory.
    pub dir: PathBuf,
    /// The journal's name.
    pub epoch: u64,
    /// Of the configuration that influences outcomes.
    pub fingerprint: u64,
    /// How many of a session's newest reports are taken along.
    pub reports_max: u64,
}

/// A snapshot that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The file.
    pub name: SnapshotName,
    /// Its length, bytes.
    pub file_len: u64,
    /// What it unpacks to, bytes.
    pub plain_len: u64,
}

/// Bytes between two syncs while a snapshot is written, so that what the disk has to do at once stays bounded: the journal syncs too.
const SYNC_EVERY_BYTES: u64 = 8 << 20;

/// Writes the state of a venue, of which `anchor` is the last record, aside; syncs it, and moves it into place. For `ranks` see
/// [`image::write`].
///
/// # Errors
/// The file system refuses. Nothing but the half-written file is left, and the next start removes it.
pub fn save(
    options: &SaveOptions,
    venue: &Venue,
    anchor: &Anchor,
    events: impl ExactSizeIterator<Item = Caused>,
    ranks: &mut Vec<u32>,
) -> Result<Saved, SnapshotError> {
    let name = SnapshotName::new(&options.dir, options.epoch, anchor.seq);
    let aside = directory::temporary_path(&name.path);
    let (file_len, plain_len) = write(options, venue, anchor, events, ranks, &aside)?;
    let disk = &*options.disk;
    disk.rename(&aside, &name.path).map_err(SnapshotError::io("rename into place the snapshot", &aside))?;
    directory::sync(&options.dir, disk)?;
    Ok(Saved { name, file_len, plain_len })
}

fn write(
    options: &SaveOptions,
    venue: &Venue,
    anchor: &Anchor,
    events: impl ExactSizeIterator<Item = Caused>,
    ranks: &mut Vec<u32>,
    aside: &Path,
) -> Result<(u64, u64), SnapshotError> {
    let mut header = SnapshotHeader {
        magic: SNAPSHOT_MAGIC,
        version: SNAPSHOT_VERSION,
        header_len: 0,
        epoch: options.epoch,
        fingerprint: options.fingerprint,
        seq: venue.seq(),
        time: venue.time(),
        segment: anchor.position.segment,
        offset: anchor.position.offset,
        chain: anchor.chain,
        zero: 0,
        state_hash: venue.exchange().state_hash(),
        orders: venue.exchange().book().order_count() as u64,
        plain_len: 0,
        reserved: Reserved,
        crc: 0,
    };
    debug_assert_eq!(anchor.seq, venue.seq(), "the record that the state stands behind");
    let disk = &*options.disk;
    let written = disk.create(aside).and_then(|file| {
        let mut out = Paced { disk, file, at: 0, since_sync: 0 };
        // In its place the true header comes when its lengths are known.
        out.write_all(&[0; SNAPSHOT_HEADER_LEN])?;
        let mut chunks = ChunkWriter::new(BufWriter::with_capacity(1 << 16, out), header.seed());
        image::write(venue, options.reports_max, events, ranks, &mut chunks)?;
        let (plain_len, out) = chunks.finish()?;
        let Paced { file, at: file_len, .. } = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        header.plain_len = plain_len;
        disk.write_at(&file, &header.to_bytes(), 0)?;
        disk.sync(&file)?;
        Ok((file_len, plain_len))
    });
    written.map_err(|source| {
        // What is half written is of no use; that it cannot be removed either is no news.
        let _ = disk.remove(aside);
        SnapshotError::io("write the snapshot", aside)(source)
    })
}

/// A file that is written from its beginning on and synced now and then.
struct Paced<'a> {
    disk: &'a dyn Disk,
    file: File,
    at: u64,
    since_sync: u64,
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write_at(&self.file, bytes, self.at)?;
        self.at += bytes.len() as u64;
        self.since_sync += bytes.len() as u64;
        if self.since_sync >= SYNC_EVERY_BYTES {
            self.since_sync = 0;
            self.disk.sync(&self.file)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
