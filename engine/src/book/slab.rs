//! Fixed storage with stable positions.
//!
//! Goal: insert and remove in constant time without allocation. Non-goal: growth, iteration, safety against stale slots; whoever
//! frees a slot forgets it.

/// No slot: the end of every list.
pub(super) const NIL: u32 = u32::MAX;

/// Records addressed by slot, with the free slots on a stack.
#[derive(Debug)]
pub(super) struct Slab<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T: Copy> Slab<T> {
    /// Takes the memory for `capacity` records and touches all of it, so that no page fault waits in the hot path.
    pub fn new(capacity: u32, empty: T) -> Self {
        assert!(capacity < NIL, "slab capacity {capacity} leaves no number for 'no slot'");
        Self { items: vec![empty; capacity as usize], free: (0..capacity).rev().collect() }
    }

    /// Stores a record; `None` when all slots are taken.
    pub fn insert(&mut self, item: T) -> Option<u32> {
        let slot = self.free.pop()?;
        self.items[slot as usize] = item;
        Some(slot)
    }

    /// Gives a slot back.
    pub fn remove(&mut self, slot: u32) {
        debug_assert!(self.free.len() < self.items.len(), "slot {slot} was freed twice");
        self.free.push(slot);
    }

    /// The record at a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> &T {
        &self.items[slot as usize]
    }

    /// The record at a slot, to change it.
    #[inline]
    pub fn at_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }

    /// How many slots are taken.
    pub fn len(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// Whether no slot is free.
    pub fn is_full(&self) -> bool {
        self.free.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_refused_when_full_and_reused_when_freed() {
        let mut slab = Slab::new(2, 0u8);
        let (first, second) = (slab.insert(10).unwrap(), slab.insert(20).unwrap());
        assert_eq!((slab.insert(30), slab.is_full(), slab.len()), (None, true, 2));
        slab.remove(first);
        assert_eq!(slab.insert(40), Some(first));
        assert_eq!((*slab.at(first), *slab.at(second)), (40, 20));
    }
}
