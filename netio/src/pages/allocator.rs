//! The allocator: by size to the system or to the kernel, and for the large ones a step down whenever a better one fails.
//!
//! | step | pages | when it fails |
//! |---|---|---|
//! | the arena, only while tables are made for good ([`begin`](super::begin)) | 1 GiB or 2 MiB of the reserved pools, there at once | too few free: next step |
//! | transparent huge pages | 2 MiB where the kernel has them, else 4 KiB | no memory: null, which the caller must expect of any allocator |
// Why unsafe: an allocator is an unsafe trait; what it promises is about raw memory.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::{self, NonNull};

use super::arena::ARENA;
use super::ledger::{Footing, LEDGER};
use super::mapping::{HUGE_PAGE, Populated, grow, map_transparent, populate, touch, unmap};
use super::phase::{self, Phase};

/// The system's allocator, but for allocations of 2 MiB and more, which get whole huge pages of their own.
///
/// Their size alone decides where an allocation goes and whereto it returns; the most that rounding up wastes is one huge page each.
#[derive(Clone, Copy, Debug, Default)]
pub struct HugeAllocator;

// SAFETY: small blocks are the system's from beginning to end. Large ones are mappings of their own, at least as long and as aligned as
// asked; a layout says which of the two a block is, and a caller gives the same one back. Nothing here unwinds or allocates.
unsafe impl GlobalAlloc for HugeAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match Extent::of(layout) {
            Some(extent) => or_null(take(extent)),
            // SAFETY: the caller's promises are passed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match Extent::of(layout) {
            // Fresh from the kernel it is zero.
            Some(extent) => or_null(take(extent)),
            // SAFETY: the caller's promises are passed on.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match (Extent::of(layout), NonNull::new(block)) {
            // SAFETY: the layout says that `take` or `resize` gave it out, and the caller that it is not used again.
            (Some(extent), Some(block)) => unsafe { give_back(block, extent.len) },
            // SAFETY: the caller's promises are passed on.
            _ => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size is not zero and, rounded up to the alignment, not too large.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (Extent::of(layout), Extent::of(new_layout)) {
            // SAFETY: the caller's promises are passed on.
            (None, None) => return unsafe { System.realloc(block, layout, new_size) },
            (Some(old), Some(new)) => {
                // SAFETY: the layout says that `take` or `resize` gave it out for this extent, and the caller gives it away.
                if let Some(resized) = NonNull::new(block).and_then(|block| unsafe { resize(block, old.len, new) }) {
                    return resized.as_ptr();
                }
            }
            _ => {}
        }
        // SAFETY: the new layout is as good as the old one.
        let fresh = unsafe { self.alloc(new_layout) };
        if !fresh.is_null() {
            // SAFETY: two blocks, each at least as long as the shorter size.
            unsafe { ptr::copy_nonoverlapping(block, fresh, layout.size().min(new_size)) };
            // SAFETY: the caller's block, given away with this call.
            unsafe { self.dealloc(block, layout) };
        }
        fresh
    }
}

/// The memory that a large allocation needs.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// Whole huge pages.
    pub(super) len: usize,
    /// A huge page, or more.
    pub(super) align: usize,
}

impl Extent {
    /// `None` for what the system's allocator gets: a table of less than a huge page gains nothing from one.
    #[inline]
    fn of(layout: Layout) -> Option<Self> {
        if layout.size() < HUGE_PAGE {
            return None;
        }
        // A layout's size is at most isize::MAX, so rounding up cannot overflow.
        Some(Self { len: layout.size().next_multiple_of(HUGE_PAGE), align: layout.align().max(HUGE_PAGE) })
    }
}

#[cold]
fn take(extent: Extent) -> Option<NonNull<u8>> {
    match phase::now() {
        Phase::Making => take_for_good(extent),
        Phase::Free => take_transparent(extent, false),
        Phase::Sealed => {
            let block = take_transparent(extent, false)?;
            LEDGER.add_late(extent.len);
            Some(block)
        }
    }
}

/// Zeroed memory, every page of it there: in the arena, or else on transparent huge pages.
pub(super) fn take_for_good(extent: Extent) -> Option<NonNull<u8>> {
    let Some(block) = ARENA.take(extent.len, extent.align, phase::wish()) else {
        return take_transparent(extent, true);
    };
    LEDGER.add(Footing::Hugetlb, extent.len);
    Some(block)
}

/// Zeroed memory outside of the arena.
pub(super) fn take_transparent(Extent { len, align }: Extent, prefault: bool) -> Option<NonNull<u8>> {
    let block = map_transparent(len, align)?;
    // SAFETY: mapped above, zero, and nobody else's yet.
    if prefault && !unsafe { fault_in(block, len) } {
        // SAFETY: mapped above, and nobody will know of it.
        unsafe { unmap(block, len) };
        return None;
    }
    LEDGER.add(Footing::Transparent, len);
    Some(block)
}

/// Another length for a large block, with what it holds. `None` when it has to be copied; then it is as it was.
///
/// # Safety
/// `take` or this gave `block` out, for this length. When a block comes back, the old one is gone.
#[cold]
unsafe fn resize(block: NonNull<u8>, len: usize, Extent { len: new_len, align }: Extent) -> Option<NonNull<u8>> {
    if new_len <= len {
        // SAFETY: inside the block, or its end.
        let rest = unsafe { block.add(new_len) };
        if new_len < len {
            // SAFETY: what lies beyond the new length is given away with this call.
            unsafe { give_back(rest, len - new_len) };
        }
        return Some(block);
    }
    if ARENA.holds(block) {
        return None;
    }
    // SAFETY: by the caller's promise.
    let grown = unsafe { grow(block, len, new_len, align) }?;
    // SAFETY: inside the block, which is now longer.
    let rest = unsafe { grown.add(len) };
    LEDGER.add(Footing::Transparent, new_len - len);
    if phase::now() == Phase::Sealed {
        LEDGER.add_late(new_len - len);
    }
    if phase::now() == Phase::Making {
        // The block has its new length whether or not the pages are there: moving it back could fail, too. So a lack of memory shows at
        // first touch, as without prefaulting.
        // SAFETY: fresh memory behind what the block held, nobody else's yet.
        let _ = unsafe { fault_in(rest, new_len - len) };
    }
    Some(grown)
}

/// # Safety
/// `take` or `resize` gave `block` out, for this length or a longer one that ends here, and nobody uses it again.
#[cold]
pub(super) unsafe fn give_back(block: NonNull<u8>, len: usize) {
    if ARENA.give_back(block, len) {
        LEDGER.subtract(Footing::Hugetlb, len);
        return;
    }
    // A refusal has nobody to be told to; the figures go on to count the block, so that it shows.
    // SAFETY: by the caller's promise.
    if unsafe { unmap(block, len) } {
        LEDGER.subtract(Footing::Transparent, len);
    }
}

/// Whether every page is there now.
///
/// # Safety
/// The memory is mapped, zero, and nobody else's.
unsafe fn fault_in(block: NonNull<u8>, len: usize) -> bool {
    // SAFETY: by the caller's promise.
    match unsafe { populate(block, len) } {
        Populated::All => true,
        Populated::Refused => false,
        Populated::Unsupported => {
            // SAFETY: by the caller's promise.
            unsafe { touch(block, len) };
            true
        }
    }
}

fn or_null(block: Option<NonNull<u8>>) -> *mut u8 {
    block.map_or(ptr::null_mut(), NonNull::as_ptr)
}
