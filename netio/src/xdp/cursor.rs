//! The arithmetic of a ring's two cursors: 32-bit counters that never stop and wrap around, the kernel's read as seldom as
//! can be.
//!
//! ```text
//!     consumed          produced
//!        |  taken, unreleased |      free, up to consumed + slots
//!   ─────┴────────────────────┴──────────────────────────────────>
//! ```
//!
//! No memory here, so it is tested without a kernel.

/// Our end of a ring that we fill: the fill ring, the transmit ring.
#[derive(Debug)]
pub(super) struct Filling {
    /// Where the next entry goes; the kernel sees entries up to the last that was published.
    next: u32,
    /// Up to where the kernel has taken them, as last seen.
    consumed_seen: u32,
    slots: u32,
}

/// Our end of a ring that the kernel fills: the receive ring, the completion ring.
#[derive(Debug)]
pub(super) struct Draining {
    /// Where the next entry is read; what lies before is the kernel's again once it was released.
    next: u32,
    /// Up to where the kernel has filled it, as last seen.
    produced_seen: u32,
    slots: u32,
}

impl Filling {
    pub(super) const fn new(slots: u32, at: u32) -> Self {
        Self { next: at, consumed_seen: at, slots }
    }

    /// How many entries there is room for. The kernel's cursor is read only when fewer than `want` are known of.
    #[inline]
    pub(super) fn room(&mut self, want: u32, consumed: impl FnOnce() -> u32) -> u32 {
        if self.room_seen() < want {
            self.consumed_seen = consumed();
        }
        self.room_seen()
    }

    /// The cursor of the next entry, which is then taken.
    #[inline]
    pub(super) const fn take(&mut self) -> u32 {
        let at = self.next;
        self.next = self.next.wrapping_add(1);
        at
    }

    /// What to publish.
    #[inline]
    pub(super) const fn produced(&self) -> u32 {
        self.next
    }

    #[inline]
    const fn room_seen(&self) -> u32 {
        // More than the slots apart cannot be, unless somebody writes nonsense into the shared cursor; then there is no room.
        self.slots.saturating_sub(self.next.wrapping_sub(self.consumed_seen))
    }
}

impl Draining {
    pub(super) const fn new(slots: u32, at: u32) -> Self {
        Self { next: at, produced_seen: at, slots }
    }

    /// How many entries are there to read. The kernel's cursor is read only when none is known of.
    #[inline]
    pub(super) fn ready(&mut self, produced: impl FnOnce() -> u32) -> u32 {
        if self.produced_seen == self.next {
            self.produced_seen = produced();
        }
        // As above: nonsense is not followed beyond the ring.
        self.produced_seen.wrapping_sub(self.next).min(self.slots)
    }

    /// The cursor of the next entry, which is then taken.
    #[inline]
    pub(super) const fn take(&mut self) -> u32 {
        let at = self.next;
        self.next = self.next.wrapping_add(1);
        at
    }

    /// What to release.
    #[inline]
    pub(super) const fn consumed(&self) -> u32 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A filling and a draining end on one ring of memory are a queue of that many slots, wherever the counters stand.
        #[test]
        fn two_ends_make_a_queue(
            start in prop_oneof![Just(0_u32), Just(u32::MAX - 3), any::<u32>()],
            bits in 0_u32..5,
            steps in proptest::collection::vec((any::<bool>(), 0_u32..20), 1..200),
        ) {
            let slots = 1 << bits;
            let (mut filling, mut draining) = (Filling::new(slots, start), Draining::new(slots, start));
            let (produced, consumed) = (Cell::new(start), Cell::new(start));
            let mut memory = vec![0_u64; slots as usize];
            let mut model = VecDeque::new();
            let mut number = 0_u64;
            let place = |at: u32| (at & (slots - 1)) as usize;
            for (fill, count) in steps {
                if fill {
                    let room = filling.room(count, || consumed.get());
                    prop_assert!(room <= slots && room as usize + model.len() <= slots as usize);
                    prop_assert!(room >= count.min(slots - u32::try_from(model.len()).unwrap()));
                    for _ in 0..count.min(room) {
                        memory[place(filling.take())] = number;
                        model.push_back(number);
                        number += 1;
                    }
                    produced.set(filling.produced());
                } else {
                    let ready = draining.ready(|| produced.get());
                    prop_assert!(ready as usize <= model.len());
                    prop_assert!(ready > 0 || model.is_empty());
                    for _ in 0..count.min(ready) {
                        prop_assert_eq!(Some(memory[place(draining.take())]), model.pop_front());
                    }
                    consumed.set(draining.consumed());
                }
            }
        }
    }

    #[test]
    fn the_other_cursor_is_read_only_when_it_must_be() {
        let mut filling = Filling::new(8, 0);
        assert_eq!(filling.room(8, || unreachable!("all slots are known to be free")), 8);
        assert_eq!([(); 6].map(|()| filling.take()), [0, 1, 2, 3, 4, 5]);
        assert_eq!(filling.room(2, || unreachable!("two are known to be free")), 2);
        assert_eq!(filling.room(3, || 4), 6);
        let mut draining = Draining::new(8, 0);
        assert_eq!(draining.ready(|| 3), 3);
        draining.take();
        assert_eq!(draining.ready(|| unreachable!("two are known to be there")), 2);
    }

    #[test]
    fn nonsense_in_a_shared_cursor_leads_nowhere() {
        let mut filling = Filling::new(8, 100);
        assert_eq!(filling.room(9, || 5), 0);
        assert_eq!(filling.room(1, || 200), 0);
        let mut draining = Draining::new(8, 100);
        assert_eq!(draining.ready(|| 99), 8);
    }
}
