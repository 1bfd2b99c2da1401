//! The directory of a journal: its lock and its file names.
//!
//! Goal: one user at a time, and one place that knows names. Non-goal: what the files hold.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::{Disk, JournalError};

const LOCK_NAME: &str = "LOCK";
const MARK_NAME: &str = "durable.mark";
const ARCHIVE_NAME: &str = "archive";
const TEMPORARY_SUFFIX: &str = ".preparing";

/// The exclusive right to a journal directory; given back when dropped, or by the kernel when the process ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: Flock<File>,
    /// The directory itself, where the file system can lock one: the file may be removed by somebody, and made anew by the next user.
    _directory: Option<Flock<File>>,
}

impl DirectoryLock {
    /// Creates the directory if need be and takes its lock.
    ///
    /// # Errors
    /// [`JournalError::Locked`] when another process has it; otherwise the file system's refusal.
    pub fn take(dir: &Path, disk: &dyn Disk) -> Result<Self, JournalError> {
        disk.create_directory(dir).map_err(JournalError::io("create the journal directory", dir))?;
        let path = dir.join(LOCK_NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::io("open the lock file", &path))?;
        let mut holder = String::new();
        // What the file says is only for the error text, so a failure to read it is not one to report.
        let _ = file.read_to_string(&mut holder);
        let holder = match holder.trim() {
            "" => "another process".to_owned(),
            text => text.to_owned(),
        };
        let held = || JournalError::Locked { dir: dir.to_owned(), holder: holder.clone() };
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((_, Errno::EWOULDBLOCK)) => return Err(held()),
            Err((_, errno)) => return Err(JournalError::io("lock", &path)(errno.into())),
        };
        let directory = File::open(dir).map_err(JournalError::io("open the journal directory", dir))?;
        let directory = match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
            Ok(directory) => Some(directory),
            Err((_, Errno::EWOULDBLOCK)) => return Err(held()),
            Err(_) => None,
        };
        let text = format!("process {}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(JournalError::io("write the lock file", &path))?;
        Ok(Self { _file: file, _directory: directory })
    }
}

/// A segment file, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    /// The journal that it belongs to.
    pub epoch: u64,
    /// Its position in it.
    pub index: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl SegmentName {
    /// Whether it lies packed in the archive.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "zst")
    }
}

/// Where the segment `index` of journal `epoch` lies.
#[must_use]
pub fn segment_path(dir: &Path, epoch: u64, index: u64) -> PathBuf {
    dir.join(format!("journal-{epoch:016x}-{index:08}.seg"))
}

/// Where packed segments lie: below the journal's directory, so that whoever knows the one finds the other. May be a mount or a symbolic
/// link.
#[must_use]
pub fn archive_dir(dir: &Path) -> PathBuf {
    dir.join(ARCHIVE_NAME)
}

/// Where the packed segment `index` of journal `epoch` lies.
#[must_use]
pub fn archived_path(dir: &Path, epoch: u64, index: u64) -> PathBuf {
    archive_dir(dir).join(format!("journal-{epoch:016x}-{index:08}.seg.zst"))
}

/// The name of a file while it is being prepared: never taken for a segment.
#[must_use]
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY_SUFFIX);
    PathBuf::from(name)
}

/// Where the mark of durability lies.
#[must_use]
pub fn mark_path(dir: &Path) -> PathBuf {
    dir.join(MARK_NAME)
}

/// The segments in a directory, by epoch and index.
///
/// # Errors
/// The directory cannot be listed.
pub fn segments(dir: &Path) -> Result<Vec<SegmentName>, JournalError> {
    named(dir, segment_path)
}

/// The packed segments of a journal's directory, by epoch and index; none when it has no archive.
///
/// # Errors
/// The archive cannot be listed.
pub fn archived(dir: &Path) -> Result<Vec<SegmentName>, JournalError> {
    let archive = archive_dir(dir);
    if !archive.exists() {
        return Ok(Vec::new());
    }
    named(&archive, archived_path)
}

/// The name of the journal in a directory; `None` when there is none, or no directory.
///
/// # Errors
/// The directory cannot be listed.
pub fn epoch(dir: &Path) -> Result<Option<u64>, JournalError> {
    if !dir.exists() {
        return Ok(None);
    }
    Ok(segments(dir)?.first().map(|segment| segment.epoch))
}

/// Removes what a crash left half prepared, in the archive too.
///
/// # Errors
/// A directory cannot be listed or a file not removed.
pub fn remove_temporaries(dir: &Path, disk: &dyn Disk) -> Result<(), JournalError> {
    let archive = Some(archive_dir(dir)).filter(|archive| archive.exists());
    for dir in [Some(dir.to_owned()), archive].into_iter().flatten() {
        for path in entries(&dir)? {
            if path.to_str().is_some_and(|name| name.ends_with(TEMPORARY_SUFFIX)) {
                disk.remove(&path).map_err(JournalError::io("remove the half-prepared file", &path))?;
            }
        }
    }
    Ok(())
}

/// Makes creations, renames and removals in a directory durable.
///
/// # Errors
/// The file system's refusal.
pub fn sync(dir: &Path, disk: &dyn Disk) -> Result<(), JournalError> {
    disk.sync_directory(dir).map_err(JournalError::io("sync the directory", dir))
}

/// Every path in the directory.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, JournalError> {
    fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(JournalError::io("list the journal directory", dir))
}

/// The segments among the files of a directory, whose names `path_of` makes.
fn named(dir: &Path, path_of: fn(&Path, u64, u64) -> PathBuf) -> Result<Vec<SegmentName>, JournalError> {
    let mut found = Vec::new();
    for path in entries(dir)? {
        if let Some((epoch, index)) = parse_name(&path, path_of) {
            found.push(SegmentName { epoch, index, path });
        }
    }
    found.sort();
    Ok(found)
}

fn parse_name(path: &Path, path_of: fn(&Path, u64, u64) -> PathBuf) -> Option<(u64, u64)> {
    let name = path.file_name()?.to_str()?.strip_prefix("journal-")?;
    let (epoch, index) = name.split_once('.')?.0.split_once('-')?;
    let (epoch, index) = (u64::from_str_radix(epoch, 16).ok()?, index.parse().ok()?);
    // Only names that this module would write: no signs, no short forms, no second spelling of the same segment.
    (path_of(Path::new(""), epoch, index).file_name() == path.file_name()).then_some((epoch, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_strangers_are_left_alone() {
        let dir = Path::new("d");
        let (live, packed) = (segment_path(dir, 0xABC, 123_456_789), archived_path(dir, 0xABC, 123_456_789));
        assert_eq!(parse_name(&live, segment_path), Some((0xABC, 123_456_789)));
        assert_eq!(parse_name(&packed, archived_path), Some((0xABC, 123_456_789)));
        assert_eq!((parse_name(&packed, segment_path), parse_name(&live, archived_path)), (None, None));
        for name in [
            "journal-1-00000000.seg",
            "journal-0000000000000abc-1.seg",
            "notes.txt",
            "journal-0000000000000ABC-00000001.seg",
            "journal-0000000000000abc-+0000001.seg",
            "journal-0000000000000abc-00000001.seg.",
        ] {
            assert_eq!(parse_name(Path::new(name), segment_path), None, "{name}");
        }
        assert_eq!(parse_name(&temporary_path(&live), segment_path), None);
        assert_eq!(parse_name(&temporary_path(&packed), archived_path), None);
    }
}
