//! What this thread takes of memory: the appliance's allocator, counted.
#![allow(unsafe_code, reason = "an allocator can be counted only by being one")]

use netio::pages::{self, HugeAllocator};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Counted for each thread, so that tests side by side do not disturb each other.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static BYTES_HIGHEST: Cell<usize> = const { Cell::new(0) };
}

/// How often this thread has asked for memory.
pub fn calls() -> u64 {
    CALLS.get()
}

/// What a construction took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// What it holds.
    pub bytes: usize,
    /// The most that it held meanwhile.
    pub bytes_highest: usize,
    /// How much more of the process is in memory than before.
    pub bytes_resident: u64,
}

/// Makes something as the appliance makes its tables, and says what it took.
pub fn measure<T>(make: impl FnOnce() -> T) -> (T, Taken) {
    let (begin, resident) = (BYTES.get(), resident_bytes());
    BYTES_HIGHEST.set(begin);
    pages::prefault(true);
    let made = make();
    pages::prefault(false);
    let taken = Taken {
        bytes: BYTES.get().wrapping_sub(begin),
        bytes_highest: BYTES_HIGHEST.get().wrapping_sub(begin),
        bytes_resident: resident_bytes().saturating_sub(resident),
    };
    (made, taken)
}

/// One test at a time holds as much as a whole venue; the others wait for their turn.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pages of the reserved pool are not in the resident size, and are there by their nature.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    (kib << 10) + pages::huge_pages().bytes_hugetlb
}

struct Counting;

fn count(more: usize, less: usize) {
    BYTES.set(BYTES.get().wrapping_add(more).wrapping_sub(less));
    // What other threads took and this one frees makes it less than nothing.
    BYTES_HIGHEST.set(BYTES_HIGHEST.get().max(BYTES.get()));
    CALLS.set(CALLS.get() + u64::from(more > 0));
}

// SAFETY: every call goes to the allocator unchanged, which keeps the contract; counting has no other effect.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { HugeAllocator.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { HugeAllocator.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { HugeAllocator.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's promises are passed on as they are.
        unsafe { HugeAllocator.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
