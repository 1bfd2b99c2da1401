//! Fixed storage with stable positions.
//!
//! Goal: insert and remove in constant time without allocation; the slot that was freed last is taken first, because its cache line
//! is still near. Non-goal: growth, iteration, safety against stale slots; whoever frees a slot forgets it.

/// No slot: the end of every list.
pub(super) const NIL: u32 = u32::MAX;

/// A record that can hold the number of the next free slot while it is free itself, so that the free list needs no memory.
pub(super) trait Record: Copy {
    /// What was kept with [`Self::keep`].
    fn kept(&self) -> u32;
    /// Keeps a number in place of the contents.
    fn keep(&mut self, number: u32);
}

/// Records addressed by slot.
#[derive(Debug)]
pub(super) struct Slab<T> {
    items: Vec<T>,
    /// The slot freed last, the head of a list through the free records.
    free: u32,
    /// Slots from here on were never taken.
    fresh: u32,
    len: u32,
    capacity: u32,
}

impl<T: Record> Slab<T> {
    /// Takes the memory for `capacity` records and touches all of it, so that no page fault waits in the hot path.
    pub fn new(capacity: u32, empty: T) -> Self {
        Self::starting_at(0, capacity, empty)
    }

    /// The same, with slots numbered from `first` on.
    pub fn starting_at(first: u32, capacity: u32, empty: T) -> Self {
        assert!(capacity < NIL - first, "slab capacity {capacity} leaves no number for 'no slot'");
        Self { items: vec![empty; (first + capacity) as usize], free: NIL, fresh: first, len: 0, capacity }
    }

    /// Stores a record; `None` when all slots are taken.
    #[inline(always)]
    pub fn insert(&mut self, item: T) -> Option<u32> {
        let slot = if self.free == NIL { self.fresh } else { self.free };
        let place = self.items.get_mut(slot as usize)?;
        if self.free == NIL {
            self.fresh += 1;
        } else {
            self.free = place.kept();
        }
        *place = item;
        self.len += 1;
        Some(slot)
    }

    /// Gives a slot back.
    #[inline(always)]
    pub fn remove(&mut self, slot: u32) {
        debug_assert!(self.len > 0, "slot {slot} was freed twice");
        self.items[slot as usize].keep(self.free);
        self.free = slot;
        self.len -= 1;
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
    #[inline]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Every slot taken is below this.
    pub const fn end(&self) -> u32 {
        self.fresh
    }

    /// Whether no slot is free.
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.len == self.capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Record for u32 {
        fn kept(&self) -> u32 {
            *self
        }

        fn keep(&mut self, number: u32) {
            *self = number;
        }
    }

    #[test]
    fn slots_are_refused_when_full_and_reused_when_freed() {
        let mut slab = Slab::new(3, 0u32);
        let slots = [10, 20, 30].map(|item| slab.insert(item).unwrap());
        assert_eq!((slab.insert(40), slab.is_full(), slab.len()), (None, true, 3));
        slab.remove(slots[0]);
        slab.remove(slots[2]);
        assert_eq!((slab.insert(50), slab.insert(60), slab.insert(70)), (Some(slots[2]), Some(slots[0]), None));
        assert_eq!(slots.map(|slot| *slab.at(slot)), [60, 20, 50]);
    }
}
