//! `[journal]`: where commands are kept and what must have happened before their consequences leave.

use super::error::ConfigError;
use super::reader::{Reader, bad_value, text};
use crate::journal::Durability;
use std::path::PathBuf;

/// The write-ahead journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The directory of the segments; relative to the working directory.
    pub dir: PathBuf,
    /// When consequences are released.
    pub durability: Durability,
    /// Size of a segment file, bytes; a multiple of 4,096.
    pub segment_bytes: u64,
    /// A record with the state hash follows every so many commands; 0: never.
    pub state_hash_interval_commands: u64,
    /// Full segments of more bytes than this are pruned, the oldest first, as far as no start may need them; 0: none is.
    pub keep_bytes: u64,
    /// What becomes of a segment before it is pruned.
    pub archive: Archive,
    /// Packed segments of more bytes than this are removed, the oldest first; 0: none is.
    pub archive_keep_bytes: u64,
    /// With less room on the disk than this, bytes, no new orders are taken; 0: they always are.
    pub disk_floor_bytes: u64,
}

/// What becomes of a segment before it is pruned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Archive {
    /// Nothing: its records are gone.
    None,
    /// A packed copy of it goes into the archive.
    #[default]
    Zstd,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("journal"),
            durability: Durability::Synced,
            segment_bytes: 64 << 20,
            state_hash_interval_commands: 65_536,
            keep_bytes: 0,
            archive: Archive::Zstd,
            archive_keep_bytes: 0,
            disk_floor_bytes: 256 << 20,
        }
    }
}

/// Segments are mapped and zeroed by whole pages.
const PAGE_BYTES: u64 = 4_096;
/// More than any disk has.
const KEEP_BYTES_MAX: u64 = 1 << 50;

impl Journal {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        let dir = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        reader.checked("dir", "the path of a directory", dir, &mut self.dir)?;
        if let Some(node) = reader.get("durability")
            && let Some(found @ "replicated") = text(node)
        {
            return Err(ConfigError::Unavailable {
                place: node.place.clone(),
                key: reader.path_of("durability"),
                found: found.to_owned(),
                instead: "there is no standby yet; use \"synced\" or \"mapped\"".to_owned(),
            });
        }
        let durabilities = [("synced", Durability::Synced), ("mapped", Durability::Mapped)];
        reader.choice("durability", &durabilities, &mut self.durability)?;
        reader.integer("segment_bytes", 1 << 20..=1 << 32, &mut self.segment_bytes)?;
        if let Some(node) = reader.get("segment_bytes")
            && !self.segment_bytes.is_multiple_of(PAGE_BYTES)
        {
            let path = reader.path_of("segment_bytes");
            return Err(bad_value(node, &path, format!("a multiple of {PAGE_BYTES}, the size of a page")));
        }
        let commands = &mut self.state_hash_interval_commands;
        reader.integer("state_hash_interval_commands", 0..=1_000_000_000, commands)?;
        reader.integer("keep_bytes", 0..=KEEP_BYTES_MAX, &mut self.keep_bytes)?;
        reader.choice("archive", &[("none", Archive::None), ("zstd", Archive::Zstd)], &mut self.archive)?;
        reader.integer("archive_keep_bytes", 0..=KEEP_BYTES_MAX, &mut self.archive_keep_bytes)?;
        reader.integer("disk_floor_bytes", 0..=KEEP_BYTES_MAX, &mut self.disk_floor_bytes)?;
        reader.finish()
    }
}
