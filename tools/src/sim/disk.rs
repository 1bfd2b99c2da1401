//! The disk under the appliance: real small files, and beside them what of each has reached the platter.
//!
//! ```text
//!   file (page cache, mapped by the appliance) ──writeback, sync──► platter
//!   names in the directory                     ──directory sync──► names that last
//!   power is lost: files become what the platter has, and some of what was on its way
//! ```
//! Goal: whatever a disk may do by its promises, and the ways in which it fails; stores through a mapping are seen too, because a file is
//! compared with its platter. Non-goal: a process that lives on after a failed sync, in whose page cache the kernel takes for written what
//! never was; engine/tests/journal has that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::canary::Canary;
use super::plan::{Plan, Switch};
use super::random::Random;
use engine::journal::Disk;

mod damage;

/// What a disk writes at once, and what a page of the kernel is.
pub const SECTOR: usize = 512;
/// A page of the kernel.
pub const PAGE: usize = 4096;

/// One file, whatever its names.
#[derive(Debug)]
struct Inode {
    file: File,
    platter: Vec<u8>,
}

/// A change of names that may not last yet.
#[derive(Clone, Debug)]
enum Naming {
    Created(PathBuf, u64),
    Renamed(PathBuf, PathBuf, u64),
    Removed(PathBuf),
}

impl Naming {
    fn dir(&self) -> Option<&Path> {
        match self {
            Self::Created(path, _) | Self::Renamed(_, path, _) | Self::Removed(path) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Created(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Renamed(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Self::Removed(path) => {
                names.remove(path);
            }
        }
    }
}

/// Whether there is power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    On,
    /// Until somebody next waits for a sync.
    UntilSync,
    /// Nothing that anybody asks for is done any more.
    Off,
}

#[derive(Debug)]
struct Platter {
    random: Random,
    /// By a number of ours: what the kernel gives differs from run to run.
    inodes: BTreeMap<u64, Inode>,
    next: u64,
    numbers: BTreeMap<u64, u64>,
    names: BTreeMap<PathBuf, u64>,
    lasting: BTreeMap<PathBuf, u64>,
    pending: Vec<Naming>,
    full: bool,
    power: Power,
    low: bool,
    quiet: bool,
    sync_error: u32,
    /// So many syncs are true, all later ones are not.
    true_syncs: u64,
    hides_errors: bool,
    /// Files whose sync failed in this life of the appliance.
    failed: BTreeSet<u64>,
    tally: Tally,
}

/// What the disk has done to the appliance in its present life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Errors that it gave, of any kind.
    pub errors: u64,
    /// Failed syncs.
    pub sync_errors: u64,
    /// Syncs of a file whose sync had failed: somebody tried again.
    pub retried: u64,
    /// Syncs that were done.
    pub syncs: u64,
}

/// A disk that fails as the plan says.
#[derive(Debug)]
pub struct SimDisk {
    platter: Mutex<Platter>,
    torn: u32,
    any_order: u32,
    misdirected: u32,
    flipped: u32,
    any_names: u32,
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let platter = Platter {
            random: Random::new(plan.seed, "disk"),
            inodes: BTreeMap::new(),
            next: 0,
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            lasting: BTreeMap::new(),
            pending: Vec::new(),
            full: false,
            power: Power::On,
            low: false,
            quiet: false,
            sync_error: plan.strength(Switch::SyncError),
            true_syncs: if plan.canary == Some(Canary::LyingSync) { 40 } else { u64::MAX },
            hides_errors: plan.canary == Some(Canary::HiddenError),
            failed: BTreeSet::new(),
            tally: Tally::default(),
        };
        Self {
            platter: Mutex::new(platter),
            torn: plan.strength(Switch::TornPage),
            any_order: plan.strength(Switch::AnyOrder),
            misdirected: plan.strength(Switch::Misdirected),
            flipped: plan.strength(Switch::Flipped),
            any_names: plan.strength(Switch::AnyNames),
        }
    }

    /// The appliance begins another life.
    pub fn begin_life(&self) {
        let mut platter = self.lock();
        platter.failed.clear();
        platter.tally = Tally::default();
    }

    /// What it has done to the appliance in its present life.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.lock().tally
    }

    /// There is no more room, or there is again.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    /// There is little room, or enough again.
    pub fn set_low(&self, low: bool) {
        self.lock().low = low;
    }

    /// Power ends in the middle of the next sync, when all of it is written and none of it certain.
    pub fn end_power_in_sync(&self) {
        self.lock().power = Power::UntilSync;
    }

    /// Whether power has ended, and [`Self::lose_power`] is to say what is left.
    #[must_use]
    pub fn has_no_power(&self) -> bool {
        self.lock().power == Power::Off
    }

    /// It gives no errors any more.
    pub fn heal(&self) {
        let mut platter = self.lock();
        (platter.full, platter.low, platter.quiet) = (false, false, true);
    }

    /// The files there are, by name.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().names.keys().cloned().collect()
    }

    /// Takes all files away.
    ///
    /// # Errors
    /// The directory below cannot be written.
    pub fn wipe(&self) -> io::Result<()> {
        let mut platter = self.lock();
        for path in platter.names.keys() {
            fs::remove_file(path)?;
        }
        platter.names.clear();
        platter.lasting.clear();
        platter.pending.clear();
        platter.inodes.clear();
        platter.numbers.clear();
        Ok(())
    }

    /// Overwrites a part of a file and of its platter: damage from outside, or its repair.
    ///
    /// # Errors
    /// The directory below cannot be written.
    pub fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.lock();
        let Some(inode) = platter.names.get(path).copied().and_then(|inode| platter.inodes.get_mut(&inode)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        inode.file.write_all_at(bytes, offset)?;
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        if let Some(place) = inode.platter.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inode {
    fn cached(&self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?;
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.platter = self.cached()?;
        Ok(())
    }
}

impl Platter {
    fn fail(&mut self, errno: i32) -> io::Error {
        self.tally.errors += 1;
        io::Error::from_raw_os_error(errno)
    }

    fn powered(&mut self) -> io::Result<()> {
        if self.power == Power::Off { Err(self.fail(libc::EIO)) } else { Ok(()) }
    }

    fn room(&mut self) -> io::Result<()> {
        self.powered()?;
        if self.full { Err(self.fail(libc::ENOSPC)) } else { Ok(()) }
    }

    /// Somebody waits for a sync.
    fn waited_for(&mut self) -> io::Result<()> {
        if self.power == Power::UntilSync {
            self.power = Power::Off;
        }
        self.powered()
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        self.waited_for()?;
        let strange = || io::Error::other("a file that this disk has not made: something goes around it");
        let number = *self.numbers.get(&file.metadata()?.ino()).ok_or_else(strange)?;
        if self.failed.contains(&number) {
            self.tally.retried += 1;
        }
        if !self.quiet && self.random.chance(self.sync_error) {
            self.failed.insert(number);
            self.tally.sync_errors += 1;
            let error = self.fail(libc::EIO);
            return if self.hides_errors { Ok(()) } else { Err(error) };
        }
        self.tally.syncs += 1;
        if self.true_syncs == 0 {
            return Ok(());
        }
        self.true_syncs -= 1;
        match self.inodes.get_mut(&number) {
            Some(inode) => inode.sync(),
            None => Err(strange()),
        }
    }

    /// A file that was not there before.
    fn adopt(&mut self, path: PathBuf, file: File, bytes: Vec<u8>) -> io::Result<u64> {
        self.next += 1;
        self.numbers.insert(file.metadata()?.ino(), self.next);
        self.inodes.insert(self.next, Inode { file, platter: bytes });
        self.names.insert(path, self.next);
        Ok(self.next)
    }

    /// Files without a name are gone.
    fn forget(&mut self) {
        let used: BTreeSet<u64> = self.names.values().chain(self.lasting.values()).copied().collect();
        self.inodes.retain(|number, _| used.contains(number));
        self.numbers.retain(|_, number| used.contains(number));
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        let mut platter = self.lock();
        platter.room()?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        if let Some(number) = platter.names.get(path).copied() {
            // What failed was about what is not there any more.
            platter.failed.remove(&number);
        } else {
            let number = platter.adopt(path.to_owned(), file.try_clone()?, Vec::new())?;
            platter.pending.push(Naming::Created(path.to_owned(), number));
        }
        Ok(file)
    }

    fn fill(&self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        let mut platter = self.lock();
        platter.room()?;
        let zeros = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        file.write_all_at(&zeros, offset)?;
        platter.sync(file)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.lock();
        // What has its place already needs no room.
        if offset + bytes.len() as u64 > file.metadata()?.len() {
            platter.room()?;
        }
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.lock().sync(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut platter = self.lock();
        platter.powered()?;
        fs::rename(from, to)?;
        if let Some(number) = platter.names.remove(from) {
            platter.names.insert(to.to_owned(), number);
            platter.pending.push(Naming::Renamed(from.to_owned(), to.to_owned(), number));
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut platter = self.lock();
        platter.powered()?;
        fs::remove_file(path)?;
        platter.names.remove(path);
        platter.pending.push(Naming::Removed(path.to_owned()));
        Ok(())
    }

    fn sync_directory(&self, dir: &Path) -> io::Result<()> {
        let mut platter = self.lock();
        platter.waited_for()?;
        let strength = platter.sync_error;
        if !platter.quiet && platter.random.chance(strength) {
            platter.tally.sync_errors += 1;
            return Err(platter.fail(libc::EIO));
        }
        let pending = std::mem::take(&mut platter.pending);
        let (here, elsewhere) = pending.into_iter().partition::<Vec<_>, _>(|naming| naming.dir() == Some(dir));
        here.iter().for_each(|naming| naming.apply(&mut platter.lasting));
        platter.pending = elsewhere;
        platter.forget();
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        let platter = self.lock();
        Ok(if platter.full || platter.low { 0 } else { 1 << 30 })
    }
}
