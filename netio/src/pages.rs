//! What large memory stands on: an allocator that puts allocations of 2 MiB and more on huge pages, and the figures of it.
//!
//! ```text
//!   begin(settings) ─► tables and regions are made: in the arena, or else on transparent huge pages; every page there ─► seal ─► lock_all
//! ```
//! Goal: books, stores and rings are plain `Vec`s of safe code, and yet lie in one arena of huge pages when there are any, on the right NUMA
//! node, faulted in before the first order comes. A program chooses it with one line,
//! `#[global_allocator] static MEMORY: HugeAllocator = HugeAllocator;`. Non-goal: small allocations, which go to the system's allocator.

mod allocator;
mod arena;
mod extents;
mod ledger;
mod lock;
mod mapping;
mod phase;
mod pool;
mod region;

use std::fmt;
use std::fs;

pub use allocator::HugeAllocator;
pub use lock::{Lock, Locked, NotAllowed, lock_all};
pub use pool::PageSize;
pub use region::{Region, RegionError};

use ledger::LEDGER;
use phase::Phase;

/// Which reserved pages tables may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReservedPages {
    /// Of 1 GiB as far as they go, then of 2 MiB.
    #[default]
    Any,
    /// Of one size.
    Only(PageSize),
    /// None: transparent huge pages.
    None,
}

impl ReservedPages {
    /// Whether pages of this size may be taken.
    #[must_use]
    pub fn includes(self, page: PageSize) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == page,
            Self::None => false,
        }
    }
}

/// What the tables of an appliance are to stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which reserved pages they may take.
    pub reserved: ReservedPages,
    /// The NUMA node that all memory is to come from; `None` leaves it to the kernel. Reserved pages are taken from no other; the rest comes
    /// from elsewhere when the node has no more.
    pub node: Option<usize>,
}

/// From now on, and until told otherwise, large allocations of the whole process are for good: they take pages of the reserved pools
/// (hugetlb) as far as these go, and every page is there when the allocation returns. Without, they ask for transparent huge pages and get
/// each when it is first touched. False when the kernel does not let the process choose a NUMA node.
///
/// For the time in which an appliance makes its tables: a page fault at first touch costs tens of microseconds, and a lack of memory
/// shows at the start and not in the middle of the day. Off by default, because what a tool or a test allocates is often large,
/// sparse and short-lived, and a reserved page taken by a tool is one that the appliance does not find.
pub fn begin(settings: &Settings) -> bool {
    phase::wish_for(settings.reserved, settings.node);
    phase::enter(Phase::Making);
    settings.node.is_none_or(mapping::prefer)
}

/// The tables are made. A large one asked for from now on gets pages as any program does, and is counted: see [`late_tables`].
///
/// Counted and not refused: it is a bug, but one that costs microseconds, and ending an exchange over it would cost the day.
pub fn seal() {
    phase::enter(Phase::Sealed);
}

/// Large allocations of the calling thread come and go, now and for as long as it lives, as in any program: they take nothing from the
/// reserved pools, and are no late tables. For a thread of an appliance that now and then does something large and that nothing waits for.
pub fn passing() {
    phase::pass();
}

/// [`begin`] with any reserved pages, or back to where neither it nor [`seal`] holds: for programs that make tables again and again.
pub fn prefault(on: bool) {
    phase::wish_for(ReservedPages::Any, None);
    phase::enter(if on { Phase::Making } else { Phase::Free });
}

/// How many large tables were asked for, or grew, while the process was sealed, and how many bytes they are. Both should be 0.
#[must_use]
pub fn late_tables() -> (u64, u64) {
    LEDGER.late()
}

/// The allocations of 2 MiB and more that live now, by the pages under them. All zero in a program that does not use [`HugeAllocator`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HugePages {
    /// On pages of the reserved pool.
    pub bytes_hugetlb: u64,
    /// For which transparent huge pages were asked.
    pub bytes_transparent_asked: u64,
    /// The part of those asked for that is not on huge pages: the kernel had none, or it has not been touched yet.
    pub bytes_small: u64,
}

/// Looks. Takes the kernel's word for each mapping, which may take milliseconds: not for a hot path. Where the kernel says nothing, all that
/// is not on reserved pages counts as small.
#[must_use]
pub fn huge_pages() -> HugePages {
    let bytes_transparent_asked = LEDGER.transparent_bytes();
    let found = fs::read_to_string("/proc/self/smaps").map_or(0, |smaps| transparent_bytes(&smaps));
    HugePages {
        bytes_hugetlb: LEDGER.hugetlb_bytes(),
        bytes_transparent_asked,
        bytes_small: bytes_transparent_asked.saturating_sub(found),
    }
}

impl fmt::Display for HugePages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes_hugetlb, bytes_transparent_asked, bytes_small } = *self;
        let transparent = bytes_transparent_asked.saturating_sub(bytes_small);
        let [all, hugetlb, transparent, small] =
            [bytes_hugetlb + bytes_transparent_asked, bytes_hugetlb, transparent, bytes_small].map(|bytes| bytes >> 20);
        write!(
            f,
            "{all} MiB in large tables: {hugetlb} on reserved huge pages, {transparent} on transparent ones, {small} on small pages or \
             untouched"
        )
    }
}

/// How much of the mappings that asked for huge pages (flag `hg`) is on them. Each mapping's flags come after its figures.
fn transparent_bytes(smaps: &str) -> u64 {
    let (mut found_kib, mut mapping_kib) = (0, 0);
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("AnonHugePages:") => mapping_kib = words.next().and_then(|kib| kib.parse().ok()).unwrap_or(0),
            Some("VmFlags:") if words.any(|flag| flag == "hg") => found_kib += mapping_kib,
            _ => {}
        }
    }
    found_kib * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mappings_that_asked_are_counted() {
        let mapping = |kib: u64, flags: &str| {
            format!(
                "7f00-7f40 rw-p 00000000 00:00 0\nSize: 8192 kB\nAnonHugePages: {kib:8} kB\nHugetlb: 0 kB\nVmFlags: {flags}\n"
            )
        };
        let smaps = [mapping(4096, "rd wr hg"), mapping(2048, "rd wr"), mapping(6144, "rd hg wr"), mapping(0, "hg")];
        assert_eq!(transparent_bytes(&smaps.concat()), 10 << 20);
        assert_eq!(transparent_bytes(""), 0);
    }

    #[test]
    fn a_thread_that_comes_and_goes_is_in_no_phase() {
        let here = || phase::now() == Phase::Free;
        let there = std::thread::spawn(move || {
            passing();
            here()
        });
        assert!(there.join().expect("no panic"));
    }

    #[test]
    fn the_line_adds_up() {
        let pages = HugePages { bytes_hugetlb: 640 << 20, bytes_transparent_asked: 384 << 20, bytes_small: 2 << 20 };
        assert_eq!(
            pages.to_string(),
            "1024 MiB in large tables: 640 on reserved huge pages, 382 on transparent ones, 2 on small pages or untouched"
        );
    }
}
