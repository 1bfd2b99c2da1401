//! What the kernel says of the cores: which are set apart, which two are one, and which memory is near.
//!
//! Goal: the facts on which a placement is judged, read from `/sys` below any root, so that a test can make a machine up. Non-goal: judging.

use std::fs;
use std::path::{Path, PathBuf};

use super::CoreList;

/// The cores of the machine whose files lie below a root.
#[derive(Clone, Debug)]
pub struct Layout {
    cpus: PathBuf,
}

impl Layout {
    /// Of this machine.
    #[must_use]
    pub fn here() -> Self {
        Self::below(Path::new("/"))
    }

    /// Of the machine whose `sys` is below `root`.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { cpus: root.join("sys/devices/system/cpu") }
    }

    /// The cores that run.
    #[must_use]
    pub fn online(&self) -> Vec<usize> {
        self.list("online")
    }

    /// The cores on which the kernel puts no thread by itself (`isolcpus`, or an isolated partition of cpusets).
    #[must_use]
    pub fn isolated(&self) -> Vec<usize> {
        self.list("isolated")
    }

    /// The cores without a timer tick while one thread runs on them (`nohz_full`).
    #[must_use]
    pub fn tickless(&self) -> Vec<usize> {
        self.list("nohz_full")
    }

    /// The hardware threads of the same physical core, without the one asked for.
    #[must_use]
    pub fn siblings(&self, core: usize) -> Vec<usize> {
        let mut siblings = self.list(&format!("cpu{core}/topology/thread_siblings_list"));
        siblings.retain(|sibling| *sibling != core);
        siblings
    }

    /// The NUMA node of a core; `None` where the kernel knows of none.
    #[must_use]
    pub fn node(&self, core: usize) -> Option<usize> {
        let entries = fs::read_dir(self.cpus.join(format!("cpu{core}"))).ok()?;
        entries.flatten().find_map(|entry| entry.file_name().to_str()?.strip_prefix("node")?.parse().ok())
    }

    /// How many NUMA nodes have memory; 1 where the kernel does not say.
    #[must_use]
    pub fn nodes(&self) -> usize {
        let list = self.cpus.with_file_name("node").join("has_memory");
        fs::read_to_string(list).map_or(1, |list| numbers(&list).len()).max(1)
    }

    fn list(&self, file: &str) -> Vec<usize> {
        fs::read_to_string(self.cpus.join(file)).map(|list| numbers(&list)).unwrap_or_default()
    }
}

/// The numbers of a list as the kernel writes it, such as `0-3,8`; what is none is left out.
#[must_use]
pub fn numbers(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let part = part.trim();
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

impl From<&[usize]> for CoreList {
    fn from(cores: &[usize]) -> Self {
        let mut cores = cores.to_vec();
        cores.sort_unstable();
        cores.dedup();
        Self(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        assert_eq!(numbers("0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(numbers("\n"), Vec::<usize>::new());
        assert_eq!(numbers("(null)"), Vec::<usize>::new());
        assert_eq!(CoreList::from(&[3, 1, 2, 3][..]).to_string(), "1-3");
    }

    #[test]
    fn this_machine_has_a_core_that_runs() {
        let layout = Layout::here();
        let online = layout.online();
        assert!(!online.is_empty() && layout.nodes() >= 1);
        assert!(!layout.siblings(online[0]).contains(&online[0]));
    }

    #[test]
    fn a_machine_that_says_nothing_has_nothing() {
        let layout = Layout::below(Path::new("/nonexistent"));
        assert!(layout.online().is_empty() && layout.isolated().is_empty() && layout.siblings(0).is_empty());
        assert_eq!((layout.node(0), layout.nodes()), (None, 1));
    }
}
