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
use fuser::{
    BackgroundSession, FileAttr, FileType, Filesystem, MountOption, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The smallest piece that reaches a disk whole or not at all.
const SECTOR: usize = 512;
/// Nobody else changes these files, so the kernel may believe what it knows of them.
const TTL: Duration = Duration::from_secs(3_600);
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

#[derive(Default)]
struct State {
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<OsString, u64>,
    durable_names: BTreeMap<OsString, u64>,
    /// What was done to names since the directory was synced.
    changes: Vec<Change>,
    next_inode: u64,
    /// How long a sync takes.
    pause: Duration,
    /// No sync succeeds; the error that it gets.
    refusing: Option<i32>,
    /// The same for the next sync of a file only.
    refusing_one: Option<i32>,
    work: Work,
}

#[derive(Default)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Where the two may differ.
    dirty: Vec<Range<usize>>,
    /// A sync of it failed.
    failed: bool,
}

#[derive(Clone)]
enum Change {
    Name(OsString, u64),
    Rename(OsString, OsString),
    Remove(OsString),
}

/// The calls of the kernel, one after the other.
struct Server(Arc<Mutex<State>>);

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

    /// The next sync of a file fails with this error.
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

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no call panics")
}

impl Contents {
    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        if self.now.len() < end {
            self.resize(end);
        }
        self.now[offset..end].copy_from_slice(data);
        self.dirty.push(offset..end);
    }

    fn resize(&mut self, len: usize) {
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
    fn add(&mut self, name: OsString) -> u64 {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.files.insert(inode, Contents::default());
        self.change(Change::Name(name, inode));
        inode
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn attributes(&self, inode: u64) -> Option<FileAttr> {
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

    fn refuse(&mut self) -> Option<i32> {
        self.work.refused += u64::from(self.refusing.is_some());
        self.refusing
    }
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).expect("the kernel asks for places in files")
}

impl Filesystem for Server {
    fn lookup(&mut self, _: &Request<'_>, _parent: u64, name: &OsStr, reply: ReplyEntry) {
        let state = lock(&self.0);
        match state.names.get(name).and_then(|inode| state.attributes(*inode)) {
            Some(found) => reply.entry(&TTL, &found, 0),
            None => reply.error(libc::ENOENT),
        }
    }

    fn getattr(&mut self, _: &Request<'_>, ino: u64, _: Option<u64>, reply: ReplyAttr) {
        match lock(&self.0).attributes(ino) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(libc::ENOENT),
        }
    }

    #[allow(clippy::too_many_arguments)] // The trait's.
    fn setattr(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<u64>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<u32>,
        reply: ReplyAttr,
    ) {
        let mut state = lock(&self.0);
        if let (Some(size), Some(file)) = (size, state.files.get_mut(&ino)) {
            file.resize(usize::try_from(size).expect("small files"));
        }
        match state.attributes(ino) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(libc::ENOENT),
        }
    }

    fn create(&mut self, _: &Request<'_>, _: u64, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        let mut state = lock(&self.0);
        let inode = state.add(name.to_owned());
        match state.attributes(inode) {
            Some(made) => reply.created(&TTL, &made, 0, 0, 0),
            None => reply.error(libc::EIO),
        }
    }

    fn open(&mut self, _: &Request<'_>, _: u64, _: i32, reply: ReplyOpen) {
        reply.opened(0, 0);
    }

    fn unlink(&mut self, _: &Request<'_>, _: u64, name: &OsStr, reply: ReplyEmpty) {
        lock(&self.0).change(Change::Remove(name.to_owned()));
        reply.ok();
    }

    fn rename(&mut self, _: &Request<'_>, _: u64, from: &OsStr, _: u64, to: &OsStr, _: u32, reply: ReplyEmpty) {
        lock(&self.0).change(Change::Rename(from.to_owned(), to.to_owned()));
        reply.ok();
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        size: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyData,
    ) {
        let state = lock(&self.0);
        let Some(file) = state.files.get(&ino) else { return reply.error(libc::ENOENT) };
        let begin = place(offset).min(file.now.len());
        let end = (begin + size as usize).min(file.now.len());
        reply.data(&file.now[begin..end]);
    }

    fn write(
        &mut self,
        _: &Request<'_>,
        ino: u64,
        _: u64,
        offset: i64,
        data: &[u8],
        _: u32,
        _: i32,
        _: Option<u64>,
        reply: ReplyWrite,
    ) {
        let mut state = lock(&self.0);
        state.work.writes += 1;
        let Some(file) = state.files.get_mut(&ino) else { return reply.error(libc::ENOENT) };
        file.write(place(offset), data);
        reply.written(u32::try_from(data.len()).expect("what was asked for"));
    }

    fn flush(&mut self, _: &Request<'_>, _: u64, _: u64, _: u64, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&mut self, _: &Request<'_>, ino: u64, _: u64, _: bool, reply: ReplyEmpty) {
        let pause = lock(&self.0).pause;
        std::thread::sleep(pause);
        let mut state = lock(&self.0);
        if let Some(errno) = state.refuse() {
            return reply.error(errno);
        }
        let refused = state.refusing_one.take();
        state.work.syncs += u64::from(refused.is_none());
        state.work.refused += u64::from(refused.is_some());
        let mut again = false;
        if let Some(file) = state.files.get_mut(&ino) {
            again = file.failed;
            match refused {
                None => file.sync(),
                // As disks and kernels do it: what was not written is forgotten, and the next sync knows of nothing to write.
                Some(_) => {
                    file.failed = true;
                    file.dirty.clear();
                }
            }
        }
        state.work.tried_again += u64::from(again);
        match refused {
            None => reply.ok(),
            Some(errno) => reply.error(errno),
        }
    }

    fn fsyncdir(&mut self, _: &Request<'_>, _: u64, _: u64, _: bool, reply: ReplyEmpty) {
        let mut state = lock(&self.0);
        if let Some(errno) = state.refuse() {
            return reply.error(errno);
        }
        state.work.directory_syncs += 1;
        state.changes.clear();
        state.durable_names = state.names.clone();
        reply.ok();
    }

    fn readdir(&mut self, _: &Request<'_>, _: u64, _: u64, offset: i64, mut reply: ReplyDirectory) {
        let state = lock(&self.0);
        for (at, (name, inode)) in state.names.iter().enumerate().skip(place(offset)) {
            let next = i64::try_from(at + 1).expect("few files");
            if reply.add(*inode, next, FileType::RegularFile, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&mut self, _: &Request<'_>, _: u64, reply: ReplyStatfs) {
        const BLOCKS: u64 = 1 << 20;
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 1 << 16, 1 << 16, 4_096, 255, 4_096);
    }
}

/// A mount namespace for this thread and the processes that it starts: what is mounted vanishes with them. `None`, and told, where this
/// user may not have one.
pub fn own_mounts(what: &str) -> Option<()> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    let own = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>));
    let missing = match own {
        Ok(()) => return Some(()),
        Err(errno) => format!("mounts of one's own are refused: {errno}"),
    };
    let root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    assert!(std::env::var_os("CI").is_none() || !root, "expected to be able to test {what}: {missing}");
    eprintln!("skipped: {what}: {missing}");
    None
}
