//! The names of snapshots.

use std::path::{Path, PathBuf};

use super::SnapshotError;
use crate::journal::directory;
use wire::Seq;

/// A snapshot file, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotName {
    /// The journal that it belongs to.
    pub epoch: u64,
    /// The command after which it was the state.
    pub seq: Seq,
    /// Where it is.
    pub path: PathBuf,
}

impl SnapshotName {
    /// The snapshot of this journal after this command.
    #[must_use]
    pub fn new(dir: &Path, epoch: u64, seq: Seq) -> Self {
        Self { epoch, seq, path: dir.join(format!("snapshot-{epoch:016x}-{:020}.snap", seq.get())) }
    }

    /// The snapshots in a directory, by epoch and command.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub fn list(dir: &Path) -> Result<Vec<Self>, SnapshotError> {
        if !dir.exists() {
            return Ok(Vec::new());
        }
        let paths = directory::entries(dir)?;
        let mut found: Vec<Self> = paths.iter().filter_map(|path| Self::parse(dir, path)).collect();
        found.sort();
        Ok(found)
    }

    fn parse(dir: &Path, path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix("snapshot-")?.strip_suffix(".snap")?;
        let (epoch, seq) = name.split_once('-')?;
        let (epoch, seq) = (u64::from_str_radix(epoch, 16).ok()?, seq.parse().ok()?);
        // Only names that this module would write.
        let name = Self::new(dir, epoch, Seq(seq));
        (name.path.file_name() == path.file_name()).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_round_trip_and_strangers_are_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let name = |seq| SnapshotName::new(dir.path(), 0xABC, Seq(seq));
        for seq in [7, 1_000_000, 8] {
            fs::write(name(seq).path, b"").expect("written");
        }
        for stranger in ["snapshot-1-2.snap", "snapshot-0000000000000ABC-00000000000000000007.snap", "notes"] {
            fs::write(dir.path().join(stranger), b"").expect("written");
        }
        assert_eq!(SnapshotName::list(dir.path()).expect("listed"), [name(7), name(8), name(1_000_000)]);
        assert_eq!(SnapshotName::list(&dir.path().join("absent")).expect("nothing"), []);
    }
}
