//! What the allocator has given out and not got back.
//!
//! Goal: the figures that an operator sees. Non-goal: where a block lies; the arena knows its own by their addresses. Relaxed everywhere:
//! nothing is decided by these.

use std::sync::atomic::{AtomicU64, Ordering};

/// The one of this process.
pub(super) static LEDGER: Ledger = Ledger::new();

/// What a block stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Footing {
    /// Pages of a reserved pool.
    Hugetlb,
    /// Memory for which transparent huge pages were asked.
    Transparent,
}

pub(super) struct Ledger {
    hugetlb_bytes: AtomicU64,
    transparent_bytes: AtomicU64,
    late_tables: AtomicU64,
    late_bytes: AtomicU64,
}

impl Ledger {
    const fn new() -> Self {
        Self {
            hugetlb_bytes: AtomicU64::new(0),
            transparent_bytes: AtomicU64::new(0),
            late_tables: AtomicU64::new(0),
            late_bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn hugetlb_bytes(&self) -> u64 {
        self.hugetlb_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn transparent_bytes(&self) -> u64 {
        self.transparent_bytes.load(Ordering::Relaxed)
    }

    /// Tables asked for after the seal, and their bytes.
    pub(super) fn late(&self) -> (u64, u64) {
        (self.late_tables.load(Ordering::Relaxed), self.late_bytes.load(Ordering::Relaxed))
    }

    pub(super) fn add_late(&self, len: usize) {
        self.late_tables.fetch_add(1, Ordering::Relaxed);
        self.late_bytes.fetch_add(len as u64, Ordering::Relaxed);
    }

    pub(super) fn add(&self, footing: Footing, len: usize) {
        self.bytes(footing).fetch_add(len as u64, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, footing: Footing, len: usize) {
        self.bytes(footing).fetch_sub(len as u64, Ordering::Relaxed);
    }

    fn bytes(&self, footing: Footing) -> &AtomicU64 {
        match footing {
            Footing::Hugetlb => &self.hugetlb_bytes,
            Footing::Transparent => &self.transparent_bytes,
        }
    }
}
