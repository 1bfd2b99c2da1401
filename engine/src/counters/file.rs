//! Which file is whose.

use std::fs;
use std::path::{Path, PathBuf};

use super::{CountersError, Reader};
use crate::config::Config;

/// What stands at the end of the file's name.
const EXTENSION: &str = "counters";

/// Where an appliance of this configuration keeps its counters; `None` where it keeps none. Appliances of one name and two journals are two.
#[must_use]
pub fn path_of(config: &Config) -> Option<PathBuf> {
    let dir = config.stats.dir.as_ref()?;
    let journal = settled(&config.journal.dir);
    let place = crc32c::crc32c(journal.as_os_str().as_encoded_bytes());
    // A name may have any printable character.
    let clean = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = config.appliance.name.chars().map(clean).collect();
    Some(dir.join(format!("pinion-{name}-{place:08x}.{EXTENSION}")))
}

/// The one name of a directory, before it is made and after: symbolic links on the way to it are followed as far as the way is there.
fn settled(dir: &Path) -> PathBuf {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let there = dir.ancestors().find_map(|part| Some((fs::canonicalize(part).ok()?, dir.strip_prefix(part).ok()?)));
    there.map_or_else(|| dir.clone(), |(real, rest)| real.components().chain(rest.components()).collect())
}

/// A file of counters in a directory.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// Its reader, or why there is none.
    pub reader: Result<Reader, CountersError>,
}

/// All files of counters in a directory, by name.
#[must_use]
pub fn find(dir: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("pinion-") && path.extension().is_some_and(|extension| extension == EXTENSION)
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_ours).collect();
    paths.sort();
    paths.into_iter().map(|path| Found { reader: Reader::open(&path), path }).collect()
}

/// When a process began, in the kernel's ticks since its boot; `None` when there is no such process.
pub(super) fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets that may have anything in it, brackets too; field 22 is the twentieth after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}
