//! Which parts of an address range are free: extents in order, neighbours joined.
//!
//! Goal: first fit, in a table of fixed size, because an allocator cannot allocate. Non-goal: memory; these are offsets.

/// Free extents at a time. An arena holds some dozen tables, most of which are never given back.
const EXTENTS_MAX: usize = 128;

/// From an offset, so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: usize,
    pub len: usize,
}

impl Extent {
    pub(super) const fn end(self) -> usize {
        self.start + self.len
    }
}

/// The free extents of a range, by ascending offset, none of which touches the next.
#[derive(Debug)]
pub(super) struct Extents {
    free: [Extent; EXTENTS_MAX],
    count: usize,
}

impl Extents {
    /// Nothing is free.
    pub(super) const fn none() -> Self {
        Self { free: [Extent { start: 0, len: 0 }; EXTENTS_MAX], count: 0 }
    }

    /// All of a range is free.
    pub(super) const fn whole(len: usize) -> Self {
        let mut extents = Self::none();
        extents.free[0] = Extent { start: 0, len };
        extents.count = if len > 0 { 1 } else { 0 };
        extents
    }

    /// Where the first free place for `len` bytes at a multiple of `align` begins. It stays free.
    pub(super) fn fit(&self, len: usize, align: usize) -> Option<usize> {
        self.free[..self.count].iter().find_map(|extent| {
            let start = extent.start.checked_next_multiple_of(align)?;
            let end = start.checked_add(len)?;
            (end <= extent.end()).then_some(start)
        })
    }

    /// Takes a place that [`fit`](Self::fit) has found. False, and nothing has changed, when it is not free, or when the table has no room
    /// for what is left on both sides.
    pub(super) fn take(&mut self, taken: Extent) -> bool {
        let Some(index) = self.around(taken) else { return false };
        let whole = self.free[index];
        let before = Extent { start: whole.start, len: taken.start - whole.start };
        let after = Extent { start: taken.end(), len: whole.end() - taken.end() };
        match (before.len > 0, after.len > 0) {
            (false, false) => self.remove(index),
            (true, false) => self.free[index] = before,
            (false, true) => self.free[index] = after,
            (true, true) => {
                if !self.insert(index + 1, after) {
                    return false;
                }
                self.free[index] = before;
            }
        }
        true
    }

    /// Makes an extent free again and says which free extent it is part of now. `None` when the table has no room for it: then it is lost.
    pub(super) fn give(&mut self, given: Extent) -> Option<Extent> {
        let index = self.free[..self.count].partition_point(|extent| extent.start < given.start);
        let joins_before = index > 0 && self.free[index - 1].end() == given.start;
        let joins_after = index < self.count && given.end() == self.free[index].start;
        match (joins_before, joins_after) {
            (true, true) => {
                let end = self.free[index].end();
                self.remove(index);
                self.free[index - 1].len = end - self.free[index - 1].start;
                Some(self.free[index - 1])
            }
            (true, false) => {
                self.free[index - 1].len += given.len;
                Some(self.free[index - 1])
            }
            (false, true) => {
                self.free[index] = Extent { start: given.start, len: given.len + self.free[index].len };
                Some(self.free[index])
            }
            (false, false) => self.insert(index, given).then_some(given),
        }
    }

    /// The free extent that holds all of another one.
    pub(super) fn holding(&self, inner: Extent) -> Option<Extent> {
        self.around(inner).map(|index| self.free[index])
    }

    fn around(&self, inner: Extent) -> Option<usize> {
        let after = self.free[..self.count].partition_point(|extent| extent.start <= inner.start);
        let index = after.checked_sub(1)?;
        (inner.end() <= self.free[index].end()).then_some(index)
    }

    fn insert(&mut self, index: usize, extent: Extent) -> bool {
        if self.count == EXTENTS_MAX {
            return false;
        }
        self.free.copy_within(index..self.count, index + 1);
        self.free[index] = extent;
        self.count += 1;
        true
    }

    fn remove(&mut self, index: usize) {
        self.free.copy_within(index + 1..self.count, index);
        self.count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn free(extents: &Extents) -> Vec<(usize, usize)> {
        extents.free[..extents.count].iter().map(|extent| (extent.start, extent.len)).collect()
    }

    #[test]
    fn what_is_given_back_joins_its_neighbours() {
        let mut extents = Extents::whole(100);
        for start in [0, 20, 40] {
            assert!(extents.take(Extent { start, len: 20 }));
        }
        assert_eq!(free(&extents), [(60, 40)]);
        assert_eq!(extents.give(Extent { start: 0, len: 20 }), Some(Extent { start: 0, len: 20 }));
        assert_eq!(extents.give(Extent { start: 40, len: 20 }), Some(Extent { start: 40, len: 60 }));
        assert_eq!(free(&extents), [(0, 20), (40, 60)]);
        assert!(!extents.take(Extent { start: 10, len: 20 }), "not all of it is free");
        assert_eq!(extents.give(Extent { start: 20, len: 20 }), Some(Extent { start: 0, len: 100 }));
    }

    #[test]
    fn a_full_table_loses_what_it_is_given_and_splits_no_more() {
        let mut extents = Extents::whole(8 * EXTENTS_MAX);
        // Each second place taken: as many extents as there is room for.
        for index in 0..EXTENTS_MAX - 1 {
            assert!(extents.take(Extent { start: 4 + 8 * index, len: 4 }));
        }
        assert_eq!(extents.count, EXTENTS_MAX);
        let last = 8 * (EXTENTS_MAX - 1);
        assert!(!extents.take(Extent { start: last + 2, len: 4 }), "no room for the rest");
        assert!(extents.take(Extent { start: last, len: 8 }), "nothing is left over");
        assert!(extents.take(Extent { start: 0, len: 4 }));
        assert!(extents.give(Extent { start: 1, len: 1 }).is_some());
        assert!(extents.give(Extent { start: last + 1, len: 1 }).is_some());
        assert_eq!(extents.give(Extent { start: last + 4, len: 1 }), None);
    }

    proptest! {
        /// Against a map of single bytes.
        #[test]
        fn they_are_what_a_map_of_bytes_says(steps in prop::collection::vec((1_usize..9, 0_u32..3, any::<bool>()), 1..60)) {
            const LEN: usize = 64;
            let (mut extents, mut taken) = (Extents::whole(LEN), Vec::<Extent>::new());
            for (len, align, take) in steps {
                let align = 1 << align;
                if take {
                    let free_at = |at: usize| (at..at + len).all(|byte| !taken.iter().any(|e| (e.start..e.end()).contains(&byte)));
                    let expected = (0..=LEN - len).step_by(align).find(|at| free_at(*at));
                    prop_assert_eq!(extents.fit(len, align), expected);
                    if let Some(start) = expected {
                        let extent = Extent { start, len };
                        prop_assert!(extents.holding(extent).is_some() && extents.take(extent));
                        prop_assert!(extents.holding(extent).is_none());
                        taken.push(extent);
                    }
                } else if let Some(extent) = taken.pop() {
                    prop_assert!(extents.give(extent).is_some());
                }
            }
            let held: usize = taken.iter().map(|extent| extent.len).sum();
            prop_assert_eq!(free(&extents).iter().map(|(_, len)| len).sum::<usize>(), LEN - held);
        }
    }
}
