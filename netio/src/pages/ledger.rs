//! What the allocator has given out and not got back.
//!
//! Goal: when a block comes back, to know what it stood on, without a word in front of the block (it would cost the alignment, and so a whole
//! huge page). Only blocks on reserved pages are named: they are few, taken at construction, so a short table without a lock will do.
//! Relaxed everywhere: a block is entered and struck out by whoever owns it, and its way between threads is its owner's business.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Blocks on reserved pages at a time; further ones get transparent huge pages.
pub(super) const HUGETLB_BLOCKS_MAX: usize = 256;

/// The one of this process.
pub(super) static LEDGER: Ledger = Ledger {
    hugetlb: [const { AtomicUsize::new(VACANT) }; HUGETLB_BLOCKS_MAX],
    hugetlb_bytes: AtomicU64::new(0),
    transparent_bytes: AtomicU64::new(0),
};

/// No block lies at address 0.
const VACANT: usize = 0;

/// What a block stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Footing {
    /// Pages of the reserved pool.
    Hugetlb,
    /// Memory for which transparent huge pages were asked.
    Transparent,
}

pub(super) struct Ledger {
    hugetlb: [AtomicUsize; HUGETLB_BLOCKS_MAX],
    hugetlb_bytes: AtomicU64,
    transparent_bytes: AtomicU64,
}

impl Ledger {
    pub(super) fn hugetlb_bytes(&self) -> u64 {
        self.hugetlb_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn transparent_bytes(&self) -> u64 {
        self.transparent_bytes.load(Ordering::Relaxed)
    }

    /// Names a block on reserved pages. False when there is no room for its name.
    pub(super) fn name_hugetlb(&self, address: usize) -> bool {
        self.hugetlb
            .iter()
            .any(|place| place.compare_exchange(VACANT, address, Ordering::Relaxed, Ordering::Relaxed).is_ok())
    }

    /// Forgets the name of a block. Before it is unmapped: its address may be another's at once.
    pub(super) fn forget_hugetlb(&self, address: usize) {
        if let Some(place) = self.place_of(address) {
            place.store(VACANT, Ordering::Relaxed);
        }
    }

    pub(super) fn footing_of(&self, address: usize) -> Footing {
        let none = self.hugetlb_bytes() == 0;
        if none || self.place_of(address).is_none() { Footing::Transparent } else { Footing::Hugetlb }
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

    fn place_of(&self, address: usize) -> Option<&AtomicUsize> {
        self.hugetlb.iter().find(|place| place.load(Ordering::Relaxed) == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_takes_no_more_and_a_forgotten_name_makes_room() {
        let ledger = Ledger {
            hugetlb: [const { AtomicUsize::new(VACANT) }; HUGETLB_BLOCKS_MAX],
            hugetlb_bytes: AtomicU64::new(0),
            transparent_bytes: AtomicU64::new(0),
        };
        for block in 1..=HUGETLB_BLOCKS_MAX {
            assert!(ledger.name_hugetlb(block << 21));
            ledger.add(Footing::Hugetlb, 1 << 21);
        }
        assert!(!ledger.name_hugetlb(7));
        assert_eq!(ledger.footing_of(5 << 21), Footing::Hugetlb);
        ledger.forget_hugetlb(5 << 21);
        assert_eq!(ledger.footing_of(5 << 21), Footing::Transparent);
        assert!(ledger.name_hugetlb(7));
        assert_eq!(ledger.footing_of(7), Footing::Hugetlb);
        ledger.add(Footing::Transparent, 3);
        ledger.subtract(Footing::Hugetlb, 1 << 21);
        assert_eq!((ledger.hugetlb_bytes(), ledger.transparent_bytes()), (255 << 21, 3));
    }
}
