//! Large allocations through safe code, as the program's own allocator gives them.

mod blocks;
mod kernel;
mod limit;
mod reserved;

use netio::pages::{self, HugeAllocator};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static MEMORY: HugeAllocator = HugeAllocator;

const MIB: usize = 1 << 20;
const MIB_U64: u64 = 1 << 20;

/// The figures and the switch are the whole process's: one test at a time. Off again when dropped.
struct Turn(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Turn {
    fn take(prefault: bool) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        pages::prefault(prefault);
        Self(guard)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        pages::prefault(false);
    }
}

/// What all large blocks come to.
fn large_bytes() -> u64 {
    let pages = pages::huge_pages();
    pages.bytes_hugetlb + pages.bytes_transparent_asked
}
