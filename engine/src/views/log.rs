//! Appends blocks of views to the file of their hour.
//!
//! Goal: a block is one write, so a reader sees whole blocks, and a process that dies leaves at most one torn block at the end; the files
//! take a bounded room. Non-goal: what the rows say.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;

use super::name::HOUR_NS;
use super::{ViewsError, ViewsName};
use crate::journal::{Disk, directory as journal_directory};
use lz4_flex::block::{compress_into, get_maximum_output_size};
use wire::views::{ViewsBlock, ViewsHeader};
use wire::{Nanos, Seq};

/// The budget is kept in files of this part of it, so that removing one frees little.
const PARTS_OF_BUDGET: u64 = 16;
/// No file is begun anew before it has this many bytes.
const FILE_BYTES_MIN: u64 = 1 << 20;

/// Where views go, and for how long.
#[derive(Clone)]
pub(super) struct LogOptions {
    pub disk: Arc<dyn Disk>,
    /// The directory of the views.
    pub dir: PathBuf,
    pub epoch: u64,
    pub fingerprint: u64,
    /// Whole hours that are kept beside the one that runs.
    pub hours: u64,
    /// The oldest files go when all have more bytes than this; 0: never.
    pub keep_bytes: u64,
    pub interval_ms: u32,
}

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub bytes: Vec<u8>,
    pub count: u32,
}

impl Rows {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }
}

/// What a block covers, and the numbers after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    pub after: Seq,
    pub last: Seq,
    pub time: Nanos,
    pub match_number: u64,
    pub order_ref: u64,
}

/// The file that is appended to.
struct Open {
    name: ViewsName,
    file: File,
    at: u64,
    chain: u32,
}

pub(super) struct Log {
    options: LogOptions,
    open: Option<Open>,
    packed: Vec<u8>,
    is_unsynced: bool,
}

impl Log {
    /// Goes on at the end of a file, which is there and whole up to `end`; or begins.
    pub fn new(options: LogOptions, last: Option<(ViewsName, (u64, u32))>) -> Result<Self, ViewsError> {
        options.disk.create_directory(&options.dir).map_err(ViewsError::io("create", &options.dir))?;
        let open = match last {
            None => None,
            Some((name, (at, chain))) => {
                let file = OpenOptions::new().read(true).write(true).open(&name.path);
                let file = file.map_err(ViewsError::io("open", &name.path))?;
                Some(Open { name, file, at, chain })
            }
        };
        Ok(Self { options, open, packed: Vec::new(), is_unsynced: false })
    }

    pub const fn options(&self) -> &LogOptions {
        &self.options
    }

    /// Appends a block: trades, bars, depth.
    pub fn append(&mut self, cover: &Cover, parts: [&Rows; 3]) -> Result<(), ViewsError> {
        self.turn_to(cover.time.get() / HOUR_NS, cover.after)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        self.packed.clear();
        self.packed.resize(ViewsBlock::SIZE, 0);
        let mut lens = [0; 3];
        let mut crcs = [0; 3];
        for (at, part) in parts.iter().enumerate() {
            let begin = self.packed.len();
            if !part.bytes.is_empty() {
                self.packed.resize(begin + get_maximum_output_size(part.bytes.len()), 0);
                let packed = compress_into(&part.bytes, &mut self.packed[begin..]);
                let packed = packed.map_err(std::io::Error::other).map_err(ViewsError::io("pack", &open.name.path))?;
                self.packed.truncate(begin + packed);
                lens[at] = small(packed);
            }
            crcs[at] = crc32c::crc32c(&self.packed[begin..]);
        }
        let [trades, bars, depth] = parts;
        let header = ViewsBlock {
            magic: [0; 4],
            interval_ms: self.options.interval_ms,
            after: cover.after,
            last: cover.last,
            time: cover.time,
            match_number: cover.match_number,
            order_ref: cover.order_ref,
            trade_rows: trades.count,
            bar_rows: bars.count,
            depth_rows: depth.count,
            trade_packed: lens[0],
            bar_packed: lens[1],
            depth_packed: lens[2],
            trade_plain: small(trades.bytes.len()),
            bar_plain: small(bars.bytes.len()),
            depth_plain: small(depth.bytes.len()),
            trade_crc: crcs[0],
            bar_crc: crcs[1],
            depth_crc: crcs[2],
            zero: 0,
            crc: 0,
        };
        let (bytes, chain) = header.to_bytes(open.chain);
        self.packed[..ViewsBlock::SIZE].copy_from_slice(&bytes);
        let written = self.options.disk.write_at(&open.file, &self.packed, open.at);
        written.map_err(ViewsError::io("append to", &open.name.path))?;
        open.at += self.packed.len() as u64;
        open.chain = chain;
        self.is_unsynced = true;
        Ok(())
    }

    /// Returns once all that was appended is on stable storage.
    pub fn sync(&mut self) -> Result<(), ViewsError> {
        if let Some(open) = self.open.as_ref().filter(|_| self.is_unsynced) {
            self.options.disk.sync(&open.file).map_err(ViewsError::io("sync", &open.name.path))?;
            self.is_unsynced = false;
        }
        Ok(())
    }

    /// Sees to it that the file of this hour is open, and not too long.
    fn turn_to(&mut self, hour: u64, after: Seq) -> Result<(), ViewsError> {
        let LogOptions { disk, dir, epoch, fingerprint, keep_bytes, .. } = &self.options;
        let file_bytes_max = match keep_bytes {
            0 => u64::MAX,
            bytes => (bytes / PARTS_OF_BUDGET).max(FILE_BYTES_MIN),
        };
        let part = match &self.open {
            Some(open) if open.name.hour == hour && open.at < file_bytes_max => return Ok(()),
            Some(open) if open.name.hour == hour => open.name.part + 1,
            _ => 0,
        };
        let name = ViewsName::new(dir, *epoch, hour, part);
        // A file appears with its header: a reader never finds less.
        let aside = journal_directory::temporary_path(&name.path);
        let file = disk.create(&aside).map_err(ViewsError::io("create", &aside))?;
        let bytes = ViewsHeader::new(*epoch, *fingerprint, hour, part, after).to_bytes();
        disk.write_at(&file, &bytes, 0).map_err(ViewsError::io("write", &aside))?;
        disk.sync(&file).map_err(ViewsError::io("sync", &aside))?;
        disk.rename(&aside, &name.path).map_err(ViewsError::io("rename", &aside))?;
        disk.sync_directory(dir).map_err(ViewsError::io("sync", dir))?;
        self.sync()?;
        let chain = crc32c::crc32c(&bytes[..bytes.len() - 4]);
        self.open = Some(Open { name, file, at: bytes.len() as u64, chain });
        self.prune(hour)
    }

    /// Removes what is too old, and the oldest of what is too much.
    fn prune(&self, hour: u64) -> Result<(), ViewsError> {
        let LogOptions { disk, dir, hours, keep_bytes, epoch, .. } = &self.options;
        let names = ViewsName::list(dir)?;
        let lens: Vec<u64> = names.iter().map(|name| name.path.metadata().map_or(0, |found| found.len())).collect();
        let mut total: u64 = lens.iter().sum();
        for (name, len) in names.iter().zip(lens) {
            let is_newest = name.epoch == *epoch && name.hour == hour && Some(name) == names.last();
            let too_old = name.hour.saturating_add(*hours) < hour;
            let too_much = *keep_bytes > 0 && total > *keep_bytes;
            // Those of a journal that was here before count, and go like any other.
            if (too_old || too_much) && !is_newest {
                disk.remove(&name.path).map_err(ViewsError::io("remove", &name.path))?;
                total -= len;
            }
        }
        Ok(())
    }
}

/// Parts are bounded far below this.
fn small(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
