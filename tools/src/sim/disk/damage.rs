//! What a loss of power leaves of the files.
//!
//! Goal: only what was not synced suffers, and it suffers in every way that disks are known for. Non-goal: damage to what was synced.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::super::random::Random;
use super::{Inode, PAGE, SECTOR, SimDisk};

/// What became of the files, for the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Pages that were on their way.
    pub pages: usize,
    /// Those that arrived whole.
    pub arrived: usize,
    /// Those that arrived in part, in a wrong place or damaged.
    pub mangled: usize,
    /// Changes of names that were on their way, and those that did not last.
    pub names: [usize; 2],
}

impl std::fmt::Display for Toll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pages, arrived, mangled, names: [names, lost] } = self;
        write!(f, "{pages} pages under way, {arrived} arrived, {mangled} mangled; {names} names, {lost} lost")
    }
}

impl SimDisk {
    /// The kernel writes some of the pages that nobody has asked it to write.
    ///
    /// # Errors
    /// The directory below cannot be read.
    pub fn write_back(&self) -> io::Result<usize> {
        let mut platter = self.lock();
        let mut random = platter.random.clone();
        let mut written = 0;
        for inode in platter.inodes.values_mut() {
            let cached = inode.cached()?;
            for at in under_way(&cached, &inode.platter) {
                if random.below(2) == 0 {
                    let page = at * PAGE..((at + 1) * PAGE).min(cached.len());
                    let end = page.end.max(inode.platter.len());
                    inode.platter.resize(end, 0);
                    inode.platter[page.clone()].copy_from_slice(&cached[page]);
                    written += 1;
                }
            }
        }
        platter.random = random;
        Ok(written)
    }

    /// Power is lost: nobody has a file open any more, and the files become what is left of them.
    ///
    /// # Errors
    /// The directory below cannot be written.
    pub fn lose_power(&self) -> io::Result<Toll> {
        let mut platter = self.lock();
        let mut random = platter.random.clone();
        let mut toll = Toll::default();
        platter.power = super::Power::On;

        let pending = std::mem::take(&mut platter.pending);
        let mut lasting = platter.lasting.clone();
        let any = random.chance(self.any_names);
        let until = random.place(pending.len() + 1);
        toll.names[0] = pending.len();
        for (at, naming) in pending.iter().enumerate() {
            let lasts = if any { random.below(2) == 0 } else { at < until };
            if lasts {
                naming.apply(&mut lasting);
            } else {
                toll.names[1] += 1;
            }
        }

        let mut left: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for (path, number) in &lasting {
            let Some(inode) = platter.inodes.get(number) else { continue };
            left.insert(path.clone(), self.remains(&mut random, inode, &mut toll)?);
        }
        for path in platter.names.keys() {
            fs::remove_file(path)?;
        }
        platter.inodes.clear();
        platter.numbers.clear();
        platter.names.clear();
        for (path, bytes) in left {
            fs::write(&path, &bytes)?;
            let file = fs::OpenOptions::new().read(true).write(true).open(&path)?;
            platter.adopt(path, file, bytes)?;
        }
        platter.lasting = platter.names.clone();
        platter.random = random;
        Ok(toll)
    }

    /// What is left of one file.
    fn remains(&self, random: &mut Random, inode: &Inode, toll: &mut Toll) -> io::Result<Vec<u8>> {
        let cached = inode.cached()?;
        let mut image = inode.platter.clone();
        let pages = under_way(&cached, &image);
        toll.pages += pages.len();
        // A file that grew may have its new length before it has its new pages.
        if cached.len() > image.len() && random.below(2) == 0 {
            image.resize(cached.len(), 0);
        } else if cached.len() < image.len() && random.below(2) == 0 {
            image.truncate(cached.len());
        }
        let any = random.chance(self.any_order);
        let share = *random.pick(&[0, 100_000, 500_000, 900_000, 1_000_000]);
        let until = random.place(pages.len() + 1);
        for (number, at) in pages.iter().copied().enumerate() {
            let arrives = if any { random.chance(share) } else { number < until };
            let last = number + 1 == until && !any;
            if !arrives {
                continue;
            }
            let mut page = cached[at * PAGE..((at + 1) * PAGE).min(cached.len())].to_vec();
            let (mut place, mut whole) = (at, true);
            if random.chance(self.flipped) {
                // In what is new: the rest of the page was synced before.
                let old = inode.platter.get(at * PAGE..).unwrap_or_default();
                let new = |byte: &usize| old.get(*byte) != Some(&page[*byte]);
                let new: Vec<usize> = (0..page.len()).filter(new).collect();
                if !new.is_empty() {
                    page[*random.pick(&new)] ^= 1 << random.below(8);
                    whole = false;
                }
            }
            if random.chance(self.misdirected) {
                // To where nothing was before, and something is coming.
                let blank = |page: &usize| inode.platter.iter().skip(page * PAGE).take(PAGE).all(|byte| *byte == 0);
                let targets: Vec<usize> = pages.iter().copied().filter(blank).collect();
                if !targets.is_empty() {
                    place = *random.pick(&targets);
                }
                whole &= place == at;
            }
            let torn = (last || any) && random.chance(self.torn);
            whole &= !torn;
            if whole {
                toll.arrived += 1;
            } else {
                toll.mangled += 1;
            }
            for (sector, bytes) in page.chunks(SECTOR).enumerate() {
                if torn && random.below(2) == 0 {
                    continue;
                }
                let from = place * PAGE + sector * SECTOR;
                if let Some(target) = image.get_mut(from..) {
                    let len = bytes.len().min(target.len());
                    target[..len].copy_from_slice(&bytes[..len]);
                }
            }
        }
        Ok(image)
    }
}

/// The pages in which a file and its platter differ.
fn under_way(cached: &[u8], platter: &[u8]) -> Vec<usize> {
    let page = |bytes: &[u8], at: usize| -> Vec<u8> {
        let from = (at * PAGE).min(bytes.len());
        bytes[from..(from + PAGE).min(bytes.len())].to_vec()
    };
    (0..cached.len().div_ceil(PAGE)).filter(|at| page(cached, *at) != page(platter, *at)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::plan::{Plan, Switch};
    use super::super::super::random::MILLION;
    use super::*;
    use engine::journal::Disk;
    use std::path::Path;

    fn disk(seed: u64, troubles: &[Switch]) -> SimDisk {
        let mut plan = Plan::draw(seed, 1, None);
        Switch::ALL.iter().for_each(|switch| plan.switch_off(*switch));
        troubles.iter().for_each(|switch| plan.switch_on(*switch, MILLION / 2));
        SimDisk::new(&plan)
    }

    fn write(disk: &SimDisk, path: &Path) {
        let file = disk.create(path).expect("room");
        disk.fill(&file, 0, 8 * PAGE as u64).expect("room");
        disk.sync_directory(path.parent().expect("a directory")).expect("no fault");
        disk.write_at(&file, &[7; 100], 0).expect("room");
        disk.sync(&file).expect("no fault");
        disk.write_at(&file, &[9; 6 * PAGE], PAGE as u64).expect("room");
    }

    #[test]
    fn what_was_synced_lasts_and_what_was_not_suffers() {
        let all = [Switch::TornPage, Switch::AnyOrder, Switch::Misdirected, Switch::Flipped, Switch::AnyNames];
        let (mut untouched, mut mangled, mut lost) = (0, 0, 0);
        for seed in 0..60 {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("file");
            let disk = disk(seed, &all);
            write(&disk, &path);
            let other = dir.path().join("new");
            drop(disk.create(&other).expect("room"));
            let toll = disk.lose_power().expect("a directory");
            let bytes = fs::read(&path).expect("its name was synced");
            assert_eq!((&bytes[..100], bytes.len()), (&[7; 100][..], 8 * PAGE), "seed {seed}");
            assert!(
                bytes[100..PAGE].iter().chain(&bytes[7 * PAGE..]).all(|byte| *byte == 0),
                "seed {seed}: nothing was written there"
            );
            untouched += usize::from(bytes[PAGE..7 * PAGE].iter().all(|byte| *byte == 0));
            mangled += toll.mangled;
            lost += usize::from(!other.exists());
        }
        assert!(untouched > 0 && mangled > 0 && (1..60).contains(&lost), "{untouched} {mangled} {lost}");
    }

    #[test]
    fn the_same_seed_leaves_the_same() {
        let left = |seed| {
            let dir = tempfile::tempdir().expect("a directory");
            let disk = disk(seed, &[Switch::TornPage, Switch::AnyOrder, Switch::Flipped]);
            write(&disk, &dir.path().join("file"));
            disk.write_back().expect("readable");
            disk.lose_power().expect("a directory");
            fs::read(dir.path().join("file")).expect("its name was synced")
        };
        assert_eq!(left(3), left(3));
    }
}
