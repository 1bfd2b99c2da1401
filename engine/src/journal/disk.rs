//! All that changes what is stored, as a trait: so that tests can make a disk fail, and a simulation can stand under journal and snapshots.
//!
//! Goal: whatever journal and snapshots create, write, sync, move and remove goes through here, and nothing else does; only stores into a
//! mapped segment do not, which no trait could see. Non-goal: abstracting files away: reading and mapping are `std::fs` and `memmap2`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

/// Bytes of zeros written at once. The kernel keeps what one write brings as one piece of its cache where it can, and a store through a mapping
/// makes a whole piece dirty: of a file written a mebibyte at a time, each sync of one record writes a mebibyte. Smaller than this pays no more.
const ZEROS_LEN: usize = 16 << 10;

/// The storage of a journal. All threads share one. What is not overridden, the file system does.
///
/// A failure is final for what it was about: it is never asked again for the same data.
pub trait Disk: Send + Sync + 'static {
    /// Makes a directory, with those above it, and makes it durable that they are there. One that is there already is left as it is.
    ///
    /// # Errors
    /// The file system refuses.
    fn create_directory(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let above = parent(dir);
        self.create_directory(above)?;
        match fs::create_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.sync_directory(above)
    }

    /// Makes an empty file, for reading and writing. One that is there is emptied.
    ///
    /// # Errors
    /// The file system refuses.
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)
    }

    /// Opens a file for writing past the kernel's cache, where the file system can do that; offsets, lengths and memory are then to be multiples
    /// of a page.
    ///
    /// # Errors
    /// The file system refuses.
    fn open_direct(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let file = match options.clone().custom_flags(libc::O_DIRECT).open(path) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => options.open(path),
            opened => opened,
        }?;
        // What the cache holds of it would only have to be thrown out write by write. If it stays, that is what happens.
        let _ = posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
        Ok(file)
    }

    /// Writes zeros, really, from `offset` on, and returns once they are on stable storage.
    ///
    /// # Errors
    /// No space, or the device or the file system failed.
    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        // Real zeros, not fallocate: a reserved but unwritten extent would make the first sync of each page a metadata commit.
        let zeros = vec![0; usize::try_from(len).map_or(ZEROS_LEN, |len| len.min(ZEROS_LEN))];
        let (mut at, end) = (offset, offset.saturating_add(len));
        while at < end {
            let left = usize::try_from(end - at).map_or(ZEROS_LEN, |left| left.min(ZEROS_LEN));
            file.write_all_at(&zeros[..left], at)?;
            at += left as u64;
        }
        file.sync_data()
    }

    /// Writes all of `bytes` from `offset` on.
    ///
    /// # Errors
    /// No space, or the device or the file system failed.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Returns once the file's data is on stable storage, and as much of its metadata as reading it needs.
    ///
    /// # Errors
    /// The device or the file system failed.
    fn sync(&self, file: &File) -> io::Result<()> {
        // On Linux fdatasync writes what was stored through a mapping, exactly as msync(MS_SYNC) does (it is what msync calls), and needs
        // no access to the mapping, which belongs to another thread.
        file.sync_data()
    }

    /// Gives a file another name, in the place of whatever had that name.
    ///
    /// # Errors
    /// The file system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The file system refuses.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Returns once what was created, renamed and removed in a directory is so on stable storage.
    ///
    /// # Errors
    /// The device or the file system failed.
    fn sync_directory(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    /// Bytes that may still be written below a directory.
    ///
    /// # Errors
    /// The file system does not say.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = nix::sys::statvfs::statvfs(dir)?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

/// The disk under the file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {}

/// The directory that a path lies in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => Path::new("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_live_in_directories_that_are_made_for_them() {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("a/b");
        LocalDisk.create_directory(&dir).expect("made");
        LocalDisk.create_directory(&dir).expect("there already");
        let (one, two) = (dir.join("one"), dir.join("two"));
        let file = LocalDisk.create(&one).expect("a file");
        LocalDisk.fill(&file, 0, ZEROS_LEN as u64).expect("filled");
        LocalDisk.fill(&file, ZEROS_LEN as u64, 3).expect("filled further");
        LocalDisk.write_at(&file, b"x", 2).expect("written");
        LocalDisk.sync(&file).expect("synced");
        LocalDisk.rename(&one, &two).expect("moved");
        LocalDisk.sync_directory(&dir).expect("synced");
        let bytes = fs::read(&two).expect("there");
        assert_eq!((bytes.len(), bytes[2]), (ZEROS_LEN + 3, b'x'));
        assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 1);
        LocalDisk.remove(&two).expect("removed");
        assert_eq!(fs::read_dir(&dir).expect("the directory").count(), 0);
        assert!(LocalDisk.free_bytes(&dir).expect("a file system") > 0);
    }

    #[test]
    fn a_relative_path_lies_somewhere_too() {
        assert_eq!(parent(Path::new("journal")), Path::new("."));
        assert_eq!(parent(Path::new("a/journal")), Path::new("a"));
        assert_eq!(parent(Path::new("/")), Path::new("/"));
    }
}
