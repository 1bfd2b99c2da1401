//! The names of the files that views are kept in.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::ViewsError;
use wire::Nanos;

/// Nanoseconds in an hour.
pub(super) const HOUR_NS: u64 = 3_600 * Nanos::PER_SECOND;

/// Where the views of a journal lie.
#[must_use]
pub fn directory(journal: &Path) -> PathBuf {
    journal.join("views")
}

/// A file of views, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewsName {
    /// The journal that they follow.
    pub epoch: u64,
    /// Hours since the Unix epoch.
    pub hour: u64,
    /// Which of that hour's files, counted from 0.
    pub part: u32,
    /// Where it is.
    pub path: PathBuf,
}

impl ViewsName {
    /// The file of this journal, hour and part.
    #[must_use]
    pub fn new(dir: &Path, epoch: u64, hour: u64, part: u32) -> Self {
        Self { epoch, hour, part, path: dir.join(format!("views-{epoch:016x}-{hour:07}-{part:04}.pv")) }
    }

    /// The files in a directory of views, by journal, hour and part. None where there is no directory.
    ///
    /// # Errors
    /// It cannot be listed.
    pub fn list(dir: &Path) -> Result<Vec<Self>, ViewsError> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(ViewsError::io("list", dir))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(ViewsError::io("list", dir))?.path();
            found.extend(Self::parse(dir, &path));
        }
        found.sort();
        Ok(found)
    }

    /// When its hour begins.
    #[must_use]
    pub const fn begin(&self) -> Nanos {
        Nanos(self.hour.saturating_mul(HOUR_NS))
    }

    /// When its hour has ended.
    #[must_use]
    pub const fn end(&self) -> Nanos {
        Nanos(self.hour.saturating_add(1).saturating_mul(HOUR_NS))
    }

    fn parse(dir: &Path, path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix("views-")?.strip_suffix(".pv")?;
        let mut parts = name.splitn(3, '-');
        let epoch = u64::from_str_radix(parts.next()?, 16).ok()?;
        let (hour, part) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        // Only names that this module would write.
        let name = Self::new(dir, epoch, hour, part);
        (name.path.file_name() == path.file_name()).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_strangers_are_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let name = |hour, part| ViewsName::new(dir.path(), 0xABC, hour, part);
        for (hour, part) in [(491_001, 0), (491_000, 1), (491_000, 0)] {
            fs::write(name(hour, part).path, b"").expect("written");
        }
        for stranger in ["views-1-2-3.pv", "views-0000000000000abc-0491000-0000.pv.tmp", "notes"] {
            fs::write(dir.path().join(stranger), b"").expect("written");
        }
        let listed = ViewsName::list(dir.path()).expect("listed");
        assert_eq!(listed, [name(491_000, 0), name(491_000, 1), name(491_001, 0)]);
        assert_eq!(listed[0].end(), listed[2].begin());
        assert_eq!(ViewsName::list(&dir.path().join("absent")).expect("nothing"), []);
    }
}
