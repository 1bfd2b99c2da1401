//! The arena: tables side by side on pages of the reserved pools (hugetlb), of 1 GiB and of 2 MiB.
//!
//! ```text
//!  area of 1 GiB pages │ table │ table │ table  free … │  a page is there as soon as one table lies on it
//!  area of 2 MiB pages │ table │ free │ table │ free … │  a page is there while a table lies on it
//! ```
//! Goal: every page of a table is there when it is given out, from the right NUMA node, and goes back to its pool with the last table on it.
//! An area is one mapping as long as its pool, of addresses only; pages are taken table by table, as far as they go. Non-goal: memory without
//! a reserved pool; the allocator has that.

use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::extents::{Extent, Extents};
use super::mapping::Populated;
use super::pool::{PageSize, PoolMapping, pool_bytes};

/// The one of this process.
pub(super) static ARENA: Arena = Arena::new();

pub(super) struct Arena {
    areas: Mutex<[Area; 2]>,
}

/// What a table is to stand on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub gigabyte: bool,
    pub two_megabytes: bool,
    /// The NUMA node from which pages must come; `None` where there is one, or where it does not matter.
    pub node: Option<usize>,
}

impl Arena {
    const fn new() -> Self {
        Self { areas: Mutex::new([Area::new(PageSize::Gigabyte), Area::new(PageSize::TwoMegabytes)]) }
    }

    /// A zeroed block, every page of it there. `None` when the pools have not enough, or none is wished for.
    pub(super) fn take(&self, len: usize, align: usize, wish: Wish) -> Option<NonNull<u8>> {
        let mut areas = self.lock();
        let wished = [wish.gigabyte, wish.two_megabytes];
        areas
            .iter_mut()
            .zip(wished)
            .find_map(|(area, wished)| if wished { area.take(len, align, wish.node) } else { None })
    }

    /// Takes back a block, or the end of one. False when it is none of the arena's.
    pub(super) fn give_back(&self, block: NonNull<u8>, len: usize) -> bool {
        self.lock().iter_mut().any(|area| area.give_back(block, len))
    }

    /// Whether a block is the arena's.
    pub(super) fn holds(&self, block: NonNull<u8>) -> bool {
        self.lock().iter().any(|area| area.offset_of(block).is_some())
    }

    fn lock(&self) -> MutexGuard<'_, [Area; 2]> {
        // Nothing in here panics while it is held.
        self.areas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All addresses for pages of one size.
struct Area {
    page: PageSize,
    /// As long as the pool was when there was no block last.
    mapping: Option<PoolMapping>,
    free: Extents,
    live_bytes: usize,
    /// Beyond it nothing was ever written: what lies there is zero.
    written_to: usize,
}

impl Area {
    const fn new(page: PageSize) -> Self {
        Self { page, mapping: None, free: Extents::none(), live_bytes: 0, written_to: 0 }
    }

    fn take(&mut self, len: usize, align: usize, node: Option<usize>) -> Option<NonNull<u8>> {
        if self.live_bytes == 0 {
            self.renew();
        }
        let mapping = self.mapping.as_ref()?;
        // The mapping itself begins at a multiple of its page size, so offsets are as aligned as addresses, up to that.
        if align > self.page.bytes() {
            return None;
        }
        let block = Extent { start: self.free.fit(len, align)?, len };
        let pages = whole_pages_around(block, self.page.bytes(), mapping.len());
        if let Some(node) = node {
            // A kernel without NUMA refuses, and then there is nothing to choose.
            let _ = mapping.bind(pages.start, pages.len, node);
        }
        if mapping.populate(pages.start, pages.len) != Populated::All || !self.free.take(block) {
            self.release_free_pages(block);
            return None;
        }
        let mapping = self.mapping.as_mut()?;
        if block.start < self.written_to {
            mapping.zero(block.start, block.len);
        }
        self.written_to = self.written_to.max(block.end());
        self.live_bytes += len;
        Some(mapping.at(block.start))
    }

    fn give_back(&mut self, block: NonNull<u8>, len: usize) -> bool {
        let Some(start) = self.offset_of(block) else { return false };
        let block = Extent { start, len };
        self.live_bytes = self.live_bytes.saturating_sub(len);
        if self.free.give(block).is_some() {
            self.release_free_pages(block);
        }
        true
    }

    /// Gives the pages under a free block back to the pool, as far as nothing else lies on them.
    fn release_free_pages(&self, block: Extent) {
        let (Some(mapping), Some(free)) = (&self.mapping, self.free.holding(block)) else { return };
        let page = self.page.bytes();
        let touched = whole_pages_around(block, page, mapping.len());
        let start = free.start.next_multiple_of(page).max(touched.start);
        let end = (free.end() / page * page).min(touched.end());
        if start < end {
            mapping.release(start, end - start);
        }
    }

    /// An area without blocks is made anew, because the pool may have changed.
    fn renew(&mut self) {
        let len = pool_bytes(self.page);
        if self.mapping.as_ref().is_none_or(|mapping| mapping.len() != len) {
            self.mapping = PoolMapping::reserve(self.page, len);
            self.written_to = 0;
        }
        self.free = Extents::whole(self.mapping.as_ref().map_or(0, PoolMapping::len));
    }

    fn offset_of(&self, block: NonNull<u8>) -> Option<usize> {
        let mapping = self.mapping.as_ref()?;
        let offset = block.addr().get().checked_sub(mapping.start().addr().get())?;
        (offset < mapping.len()).then_some(offset)
    }
}

fn whole_pages_around(block: Extent, page: usize, len: usize) -> Extent {
    let start = block.start / page * page;
    let end = block.end().next_multiple_of(page).min(len);
    Extent { start, len: end - start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_pages_are_found_around_a_block() {
        let around = |start, len| whole_pages_around(Extent { start, len }, 8, 40);
        assert_eq!(around(0, 8), Extent { start: 0, len: 8 });
        assert_eq!(around(6, 4), Extent { start: 0, len: 16 });
        assert_eq!(around(33, 7), Extent { start: 32, len: 8 });
    }

    #[test]
    fn nothing_is_taken_that_nobody_wished_for() {
        let wish = Wish { gigabyte: false, two_megabytes: false, node: None };
        assert_eq!(ARENA.take(2 << 20, 2 << 20, wish), None);
        let stranger = NonNull::from(&wish).cast();
        assert!(!ARENA.holds(stranger) && !ARENA.give_back(stranger, 2 << 20));
    }
}
