//! Addresses for pages of a reserved pool, and the pages under them: there when asked for, back in the pool when released.
//!
//! Goal: a page that is not to be had is an answer and never a SIGBUS. Non-goal: which table lies where.
// Why unsafe: these are system calls on raw memory, and no safe binding can know who else uses it.
#![allow(unsafe_code)]

use std::fs;
use std::ptr::{self, NonNull};

use super::mapping::{self, Populated};

/// The sizes of huge pages of x86-64, and of aarch64 with pages of 4 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PageSize {
    /// 2 MiB.
    TwoMegabytes,
    /// 1 GiB.
    Gigabyte,
}

impl PageSize {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TwoMegabytes, Self::Gigabyte];

    /// How long a page is.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::TwoMegabytes => 2 << 20,
            Self::Gigabyte => 1 << 30,
        }
    }

    /// The kernel's name of the pool, a folder below `/sys/kernel/mm/hugepages` and below that of a node.
    #[must_use]
    pub const fn pool(self) -> &'static str {
        match self {
            Self::TwoMegabytes => "hugepages-2048kB",
            Self::Gigabyte => "hugepages-1048576kB",
        }
    }

    const fn map_flag(self) -> libc::c_int {
        // The base-two logarithm of the size stands above the other flags.
        let log2 = match self {
            Self::TwoMegabytes => 21,
            Self::Gigabyte => 30,
        };
        log2 << MAP_HUGE_SHIFT
    }
}

/// The kernel's number, which not every C library's headers name.
const MAP_HUGE_SHIFT: libc::c_int = 26;

/// What the pool of this machine has, in use or not; 0 where there is none.
pub(super) fn pool_bytes(page: PageSize) -> usize {
    let path = format!("/sys/kernel/mm/hugepages/{}/nr_hugepages", page.pool());
    let pages = fs::read_to_string(path).ok().and_then(|pages| pages.trim().parse::<usize>().ok()).unwrap_or(0);
    pages.saturating_mul(page.bytes())
}

/// Addresses; a page comes only when it is asked for.
#[derive(Debug)]
pub(super) struct PoolMapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: it owns its mapping, which is the same for every thread.
unsafe impl Send for PoolMapping {}

impl PoolMapping {
    /// `len` bytes of addresses, whole pages. `None` for none, or when the process may not have so many.
    pub(super) fn reserve(page: PageSize, len: usize) -> Option<Self> {
        if len == 0 {
            return None;
        }
        // Without the kernel's promise (NORESERVE), which would take the whole pool from everybody else at once, and does not cover the
        // limits of a control group or a NUMA policy anyway. Pages are asked for before each use instead.
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_HUGETLB | page.map_flag();
        // SAFETY: a new mapping at a place of the kernel's choice touches nothing that exists.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        NonNull::new(start.cast()).map(|start| Self { start, len })
    }

    pub(super) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The address at an offset inside the mapping.
    pub(super) fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset <= self.len, "a bug: offset {offset} of a mapping of {} bytes", self.len);
        // SAFETY: asserted to be inside the mapping, or its end.
        unsafe { self.start.add(offset) }
    }

    /// Has every page of a range there. When that fails, some may be; [`release`](Self::release) gives them back.
    pub(super) fn populate(&self, offset: usize, len: usize) -> Populated {
        let start = self.range(offset, len);
        // SAFETY: the range lies in the mapping, which is readable and writable; the call changes no content.
        unsafe { mapping::populate(start, len) }
    }

    /// Takes the pages of a range from one NUMA node, when they come. False when the kernel refuses.
    pub(super) fn bind(&self, offset: usize, len: usize, node: usize) -> bool {
        let start = self.range(offset, len);
        // SAFETY: the range lies in the mapping; a policy changes no content.
        unsafe { mapping::bind(start, len, node) }
    }

    /// Zeros a range whose pages are there.
    pub(super) fn zero(&mut self, offset: usize, len: usize) {
        let start = self.range(offset, len);
        // SAFETY: the range lies in the mapping, its pages are there, and the caller has not given it out.
        unsafe { start.write_bytes(0, len) };
    }

    /// Gives the pages of a range, whole ones, back to the pool; what was in them is gone.
    pub(super) fn release(&self, offset: usize, len: usize) {
        let start = self.range(offset, len);
        // A refusal (kernels before 5.18) keeps the pages until the end of the process, and what is in them: see `Area::written_to`.
        // SAFETY: the range lies in the mapping, and nobody uses it.
        let _ = unsafe { libc::madvise(start.as_ptr().cast(), len, libc::MADV_DONTNEED) };
    }

    fn range(&self, offset: usize, len: usize) -> NonNull<u8> {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.len), "a bug: {len} bytes at {offset}");
        self.at(offset)
    }
}

impl Drop for PoolMapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `reserve`; the arena drops an area's mapping only when no block of it is out.
        let _ = unsafe { mapping::unmap(self.start, self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_cost_no_pages_and_a_page_that_is_not_there_is_an_answer() {
        // More than any pool has, so that it must fail in the middle at the latest.
        let len = pool_bytes(PageSize::TwoMegabytes) + 64 * PageSize::TwoMegabytes.bytes();
        let Some(mapping) = PoolMapping::reserve(PageSize::TwoMegabytes, len) else {
            eprintln!("the kernel has no huge pages of 2 MiB: nothing tested");
            return;
        };
        assert_eq!(mapping.start().addr().get() % PageSize::TwoMegabytes.bytes(), 0);
        assert_ne!(mapping.populate(0, len), Populated::All);
        mapping.release(0, len);
        assert!(PoolMapping::reserve(PageSize::TwoMegabytes, 0).is_none());
    }
}
