//! A disk with a power switch, under the real program: a FUSE file system of one directory that knows what was synced.
//!
//! The kernel does what it does over any file system: pages that were stored into through a mapping come here as writes, at a sync or
//! whenever it likes. After the power is cut no sync succeeds any more; what was synced before is on the platter, and of what was
//! written later, each sector for itself may be. That includes what the kernel writes when the process dies: so whatever was in its
//! memory at that moment may be there or not, in any order.
//!
//! Names are made durable by a sync of the directory; of later changes to them the first few survive, in order, as on every file
//! system that keeps a journal of its metadata.

use crate::noise::Noise;
use crate::power_server::Server;
use fuser::{BackgroundSession, FileAttr, FileType, MountOption};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

/// The smallest piece that reaches a disk whole or not at all.
const SECTOR: usize = 512;
const ROOT: u64 = fuser::FUSE_ROOT_ID;

/// What lies on a disk without power: names and contents.
pub type Platter = BTreeMap<OsString, Vec<u8>>;

/// A mounted disk; unmounted when dropped.
pub struct PowerDisk {
    state: Arc<Mutex<State>>,
    _session: BackgroundSession,
}

/// What a disk was asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Syncs of files.
    pub syncs: u64,
    /// Syncs of the directory.
    pub directory_syncs: u64,
    /// Writes.
    pub writes: u64,
    /// Syncs that were refused.
    pub refused: u64,
    /// Syncs of a file of which one had been refused before.
    pub tried_again: u64,
}

/// The disk, behind a lock: the kernel's calls and the test's.
#[derive(Default)]
pub struct State {
    pub files: BTreeMap<u64, Contents>,
    pub names: BTreeMap<OsString, u64>,
    durable_names: BTreeMap<OsString, u64>,
    /// What was done to names since the directory was synced.
    changes: Vec<Change>,
    next_inode: u64,
    /// How long a sync takes.
    pub pause: Duration,
    /// No sync succeeds; the error that it gets.
    refusing: Option<i32>,
    /// The same for the next sync of a file only.
    refusing_one: Option<i32>,
    pub work: Work,
}

/// A file.
#[derive(Default)]
pub struct Contents {
    /// What whoever reads it sees.
    pub now: Vec<u8>,
    durable: Vec<u8>,
    /// Where the two may differ.
    dirty: Vec<Range<usize>>,
    /// A sync of it failed.
    failed: bool,
}

/// Something done to names.
#[derive(Clone)]
pub enum Change {
    /// A file has got one.
    Name(OsString, u64),
    /// The first has become the second.
    Rename(OsString, OsString),
    /// It is gone.
    Remove(OsString),
}

impl PowerDisk {
    /// Mounts a disk with these contents, all of them durable.
    pub fn mount(at: &Path, platter: Platter) -> io::Result<Self> {
        let mut state = State { next_inode: ROOT + 1, ..State::default() };
        for (name, bytes) in platter {
            let inode = state.add(name.clone());
            state.files.insert(inode, Contents { now: bytes.clone(), durable: bytes, ..Contents::default() });
        }
        state.durable_names = state.names.clone();
        state.changes.clear();
        let state = Arc::new(Mutex::new(state));
        let options = [MountOption::FSName("power".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount2(Server(Arc::clone(&state)), at, &options)?;
        Ok(Self { state, _session: session })
    }

    /// From now on each sync of a file takes so long, so that more waits for it.
    pub fn slow_syncs(&self, pause: Duration) {
        lock(&self.state).pause = pause;
    }

    /// From now on nothing becomes durable: syncs fail.
    pub fn cut_power(&self) {
        self.refuse_syncs(libc::EIO);
    }

    /// The next sync of a segment fails with this error.
    pub fn refuse_one_sync(&self, errno: i32) {
        lock(&self.state).refusing_one = Some(errno);
    }

    /// From now on syncs fail with this error.
    pub fn refuse_syncs(&self, errno: i32) {
        lock(&self.state).refusing = Some(errno);
    }

    /// What it was asked to do so far.
    pub fn work(&self) -> Work {
        lock(&self.state).work
    }

    /// What is there for certain: what was synced.
    pub fn synced(&self) -> Platter {
        let state = lock(&self.state);
        let contents = |inode: &u64| state.files[inode].durable.clone();
        state.durable_names.iter().map(|(name, inode)| (name.clone(), contents(inode))).collect()
    }

    /// What is there when the power comes back: what was synced, and anything of the rest.
    pub fn survivors(&self, noise: &mut Noise) -> Platter {
        let state = lock(&self.state);
        let mut names = state.durable_names.clone();
        let kept = usize::try_from(noise.below(state.changes.len() as u64 + 1)).expect("small");
        state.changes[..kept].iter().for_each(|change| change.apply(&mut names));
        // Of a thousand sectors so many arrive: none, all, or a share that is drawn for each crash.
        let arrive = [0, 1_000, 500, noise.below(1_000), noise.below(1_000)][index(noise, 5)];
        let survive = |inode: &u64, noise: &mut Noise| state.files[inode].survivors(arrive, noise);
        names.iter().map(|(name, inode)| (name.clone(), survive(inode, noise))).collect()
    }
}

fn index(noise: &mut Noise, bound: u64) -> usize {
    usize::try_from(noise.below(bound)).expect("small")
}

/// Whoever holds it does not panic.
pub fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no call panics")
}

impl Contents {
    /// Writes, and makes it as long as that takes.
    pub fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if self.now.len() < end {
            self.resize(end);
        }
        self.now[offset..end].copy_from_slice(data);
        self.dirty.push(offset..end);
    }

    /// Cuts it, or fills it up with zeros.
    pub fn resize(&mut self, len: usize) {
        let before = self.now.len();
        self.now.resize(len, 0);
        self.dirty.push(before.min(len)..before.max(len));
    }

    fn sync(&mut self) {
        self.durable.resize(self.now.len(), 0);
        for range in self.dirty.drain(..) {
            let range = range.start.min(self.now.len())..range.end.min(self.now.len());
            self.durable[range.clone()].copy_from_slice(&self.now[range]);
        }
    }

    /// What of it is on the platter, when of a thousand sectors that were not synced so many have arrived.
    fn survivors(&self, arrive: u64, noise: &mut Noise) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        if bytes.len() != self.now.len() && noise.below(1_000) < arrive {
            bytes.resize(self.now.len(), 0);
        }
        let sectors = self.dirty.iter().flat_map(|range| range.start / SECTOR..range.end.div_ceil(SECTOR));
        let mut sectors: Vec<usize> = sectors.collect();
        sectors.sort_unstable();
        sectors.dedup();
        for sector in sectors {
            let end = ((sector + 1) * SECTOR).min(bytes.len()).min(self.now.len());
            let range = (sector * SECTOR).min(end)..end;
            if noise.below(1_000) < arrive {
                bytes[range.clone()].copy_from_slice(&self.now[range]);
            }
        }
        bytes
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<OsString, u64>) {
        match self {
            Self::Name(name, inode) => drop(names.insert(name.clone(), *inode)),
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Remove(name) => drop(names.remove(name)),
        }
    }
}

impl State {
    /// A new file.
    pub fn add(&mut self, name: OsString) -> u64 {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.files.insert(inode, Contents::default());
        self.change(Change::Name(name, inode));
        inode
    }

    /// Does it, and remembers it until the directory is synced.
    pub fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    /// What the kernel asks of a file, or of the directory.
    pub fn attributes(&self, inode: u64) -> Option<FileAttr> {
        let (kind, perm, size) = match inode {
            ROOT => (FileType::Directory, 0o755, 0),
            _ => (FileType::RegularFile, 0o644, self.files.get(&inode)?.now.len() as u64),
        };
        let (time, blocks) = (UNIX_EPOCH, size.div_ceil(512));
        let (ino, atime, mtime, ctime, crtime) = (inode, time, time, time, time);
        let (nlink, uid, gid, rdev, blksize, flags) = (1, 0, 0, 0, 4_096, 0);
        Some(FileAttr {
            ino,
            size,
            blocks,
            atime,
            mtime,
            ctime,
            crtime,
            kind,
            perm,
            nlink,
            uid,
            gid,
            rdev,
            blksize,
            flags,
        })
    }

    /// Makes a file durable, or fails as it was told to.
    pub fn sync(&mut self, inode: u64) -> Result<(), i32> {
        self.refuse()?;
        let refused = if self.is_segment(inode) { self.refusing_one.take() } else { None };
        self.work.syncs += u64::from(refused.is_none());
        self.work.refused += u64::from(refused.is_some());
        let Some(file) = self.files.get_mut(&inode) else { return Ok(()) };
        self.work.tried_again += u64::from(file.failed);
        match refused {
            None => {
                file.sync();
                Ok(())
            }
            // As disks and kernels do it: what was not written is forgotten, and the next sync knows of nothing to write.
            Some(errno) => {
                file.failed = true;
                file.dirty.clear();
                Err(errno)
            }
        }
    }

    /// Makes the names durable.
    pub fn sync_directory(&mut self) -> Result<(), i32> {
        self.refuse()?;
        self.work.directory_syncs += 1;
        self.changes.clear();
        self.durable_names = self.names.clone();
        Ok(())
    }

    /// Whether a segment in use has this number: not one in preparation, nor a snapshot.
    fn is_segment(&self, inode: u64) -> bool {
        let ends = |name: &str| name.ends_with(".seg");
        self.names.iter().any(|(name, known)| *known == inode && ends(&name.to_string_lossy()))
    }

    fn refuse(&mut self) -> Result<(), i32> {
        self.work.refused += u64::from(self.refusing.is_some());
        self.refusing.map_or(Ok(()), Err)
    }
}
