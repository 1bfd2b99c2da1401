//! The price levels of every side of every instrument.
//!
//! Goal: best price in one step; find, add and remove a level in at most 64 steps over the full range of prices, whatever prices a
//! sender picks; all from two slabs shared by all instruments. Non-goal: orders.
//!
//! Each ladder is a list of levels, best first, and a crit-bit tree over the same levels. The tree branches only at bits in which
//! prices differ, so its depth is near the logarithm of the number of levels and never above the 64 bits of a price; its shape
//! depends on the prices alone, and adding or removing a level touches one branch, with nothing to rebalance.
//!
//! ```text
//!  ladder (instrument 3, asks)         branch bit 61
//!    root ---------------------------> /          \
//!    best -> [10.48] <-> [10.50] <-> [10.51]   branch bit 62 ...
//! ```
//!
//! Keys are *ranks*: prices mapped to unsigned numbers that grow from best to worst, on either side.

use wire::{InstrumentIndex, Price, Side};

use super::level::Level;
use super::slab::{NIL, Slab};

/// A link of the tree: nothing, a branch, or (with the top bit) a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link(u32);

impl Link {
    const NONE: Self = Self(NIL);
    const LEVEL: u32 = 1 << 31;

    const fn level(slot: u32) -> Self {
        Self(slot | Self::LEVEL)
    }

    const fn as_level(self) -> Option<u32> {
        if self.0 & Self::LEVEL != 0 { Some(self.0 & !Self::LEVEL) } else { None }
    }
}

/// A branch of a tree: ranks below it agree in all bits before `bit`.
#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Counted from the most significant, 0 to 63.
    bit: u32,
    /// For a zero and for a one in that bit.
    children: [Link; 2],
}

#[derive(Clone, Copy, Debug)]
struct Ladder {
    root: Link,
    best: u32,
}

/// All ladders of a book.
#[derive(Debug)]
pub(super) struct Ladders {
    ladders: Vec<Ladder>,
    branches: Slab<Branch>,
    pub levels: Slab<Level>,
}

/// The number of a ladder.
#[inline]
pub(super) const fn ladder_of(instrument: InstrumentIndex, side: Side) -> u32 {
    instrument.0 * 2
        + match side {
            Side::Buy => 0,
            Side::Sell => 1,
        }
}

/// The instrument and side of a ladder.
#[inline]
pub(super) const fn ladder_parts(ladder: u32) -> (InstrumentIndex, Side) {
    (InstrumentIndex(ladder / 2), if ladder.is_multiple_of(2) { Side::Buy } else { Side::Sell })
}

/// A price as a number that grows from the best price of a ladder to its worst.
#[inline]
const fn rank(ladder: u32, price: Price) -> u64 {
    let ascending = price.0.cast_unsigned() ^ (1 << 63);
    if ladder.is_multiple_of(2) { !ascending } else { ascending }
}

#[inline]
const fn bit_of(rank: u64, bit: u32) -> usize {
    if rank & (1 << 63 >> bit) == 0 { 0 } else { 1 }
}

impl Ladders {
    /// Takes the memory for both sides of all instruments and for all levels.
    pub fn new(instruments: u32, levels: u32) -> Self {
        assert!(instruments < NIL / 2, "{instruments} instruments have more sides than 32 bits can number");
        assert!(levels < Link::LEVEL - 1, "{levels} levels are more than a tree link can number");
        Self {
            ladders: vec![Ladder { root: Link::NONE, best: NIL }; instruments as usize * 2],
            branches: Slab::new(levels, Branch { bit: 0, children: [Link::NONE; 2] }),
            levels: Slab::new(levels, Level::new(0, Price(0))),
        }
    }

    /// The best level of a ladder, or [`NIL`].
    #[inline]
    pub fn best(&self, ladder: u32) -> u32 {
        self.ladders[ladder as usize].best
    }

    /// The level at a price, if it stands.
    pub fn find(&self, ladder: u32, price: Price) -> Option<u32> {
        let Ladder { root, best } = self.ladders[ladder as usize];
        if best == NIL || self.levels.at(best).price == price {
            return (best != NIL).then_some(best);
        }
        let slot = self.nearest(root, rank(ladder, price));
        (self.levels.at(slot).price == price).then_some(slot)
    }

    /// Adds a level that does not stand yet; `None` when there is no memory for it.
    pub fn add(&mut self, ladder: u32, price: Price) -> Option<u32> {
        let slot = self.levels.insert(Level::new(ladder, price))?;
        let Ladder { root, .. } = self.ladders[ladder as usize];
        if root == Link::NONE {
            self.ladders[ladder as usize] = Ladder { root: Link::level(slot), best: slot };
            return Some(slot);
        }
        let rank_new = rank(ladder, price);
        let rank_near = rank(ladder, self.levels.at(self.nearest(root, rank_new)).price);
        debug_assert_ne!(rank_new, rank_near, "level {price} is added twice");
        let bit = (rank_new ^ rank_near).leading_zeros();

        // Down to where the new branch belongs: above the first link whose ranks already agree in `bit`.
        let (mut above, mut link) = (None, root);
        while link.as_level().is_none() {
            let branch = self.branches.at(link.0);
            if branch.bit > bit {
                break;
            }
            let way = bit_of(rank_new, branch.bit);
            above = Some((link.0, way));
            link = branch.children[way];
        }
        // Everything below `link` lies on one side of the new rank, so its outermost level is the neighbour.
        let way = bit_of(rank_new, bit);
        let (better, worse) = if way == 0 {
            let worse = self.outermost(link, 0);
            (self.levels.at(worse).better, worse)
        } else {
            let better = self.outermost(link, 1);
            (better, self.levels.at(better).worse)
        };
        let mut children = [Link::level(slot); 2];
        children[1 - way] = link;
        let Some(branch) = self.branches.insert(Branch { bit, children }) else {
            unreachable!("a tree has fewer branches than levels, and there was room for the level")
        };
        self.relink(ladder, above, Link(branch));

        let level = self.levels.at_mut(slot);
        (level.better, level.worse) = (better, worse);
        self.join_neighbours(ladder, better, slot);
        if worse != NIL {
            self.levels.at_mut(worse).better = slot;
        }
        Some(slot)
    }

    /// Removes a level, which the caller has emptied.
    pub fn remove(&mut self, slot: u32) {
        let Level { ladder, price, better, worse, .. } = *self.levels.at(slot);
        let (mut above, mut parent) = (None, None);
        let mut link = self.ladders[ladder as usize].root;
        while link.as_level().is_none() {
            let branch = self.branches.at(link.0);
            let way = bit_of(rank(ladder, price), branch.bit);
            above = parent;
            parent = Some((link.0, way));
            link = branch.children[way];
        }
        debug_assert_eq!(link, Link::level(slot), "the tree leads to the level");
        match parent {
            None => self.ladders[ladder as usize].root = Link::NONE,
            Some((branch, way)) => {
                let sibling = self.branches.at(branch).children[1 - way];
                self.relink(ladder, above, sibling);
                self.branches.remove(branch);
            }
        }
        self.join_neighbours(ladder, better, worse);
        if worse != NIL {
            self.levels.at_mut(worse).better = better;
        }
        self.levels.remove(slot);
    }

    /// How many branches all trees have; one less than levels for each ladder that is not empty.
    pub fn branch_count(&self) -> usize {
        self.branches.len()
    }

    /// The level that shares the longest run of leading bits with the rank, as far as the tree can tell.
    fn nearest(&self, root: Link, rank: u64) -> u32 {
        let mut link = root;
        loop {
            match link.as_level() {
                Some(slot) => return slot,
                None => {
                    let branch = self.branches.at(link.0);
                    link = branch.children[bit_of(rank, branch.bit)];
                }
            }
        }
    }

    /// The best (`way` 0) or worst (`way` 1) level below a link.
    fn outermost(&self, mut link: Link, way: usize) -> u32 {
        loop {
            match link.as_level() {
                Some(slot) => return slot,
                None => link = self.branches.at(link.0).children[way],
            }
        }
    }

    /// Hangs a link where `above` says; at the root when there is nothing above.
    fn relink(&mut self, ladder: u32, above: Option<(u32, usize)>, link: Link) {
        match above {
            Some((branch, way)) => self.branches.at_mut(branch).children[way] = link,
            None => self.ladders[ladder as usize].root = link,
        }
    }

    /// Makes `slot` follow `better` in the list; the best of the ladder when nothing is better.
    fn join_neighbours(&mut self, ladder: u32, better: u32, slot: u32) {
        if better == NIL {
            self.ladders[ladder as usize].best = slot;
        } else {
            self.levels.at_mut(better).worse = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn prices(ladders: &Ladders, ladder: u32) -> Vec<i64> {
        let mut found = Vec::new();
        let mut slot = ladders.best(ladder);
        while slot != NIL {
            found.push(ladders.levels.at(slot).price.0);
            slot = ladders.levels.at(slot).worse;
        }
        found
    }

    #[test]
    fn the_extremes_of_the_price_range_are_in_order_on_both_sides() {
        let mut ladders = Ladders::new(1, 8);
        let sorted = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
        for side in [Side::Buy, Side::Sell] {
            let ladder = ladder_of(InstrumentIndex(0), side);
            for place in [3, 0, 6, 5, 1, 4, 2] {
                assert!(ladders.add(ladder, Price(sorted[place])).is_some());
            }
            let mut expected = sorted.to_vec();
            if side == Side::Buy {
                expected.reverse();
            }
            assert_eq!(prices(&ladders, ladder), expected);
            for price in sorted {
                let slot = ladders.find(ladder, Price(price)).unwrap();
                ladders.remove(slot);
                assert_eq!(ladders.find(ladder, Price(price)), None);
            }
            assert_eq!((ladders.best(ladder), ladders.levels.len(), ladders.branch_count()), (NIL, 0, 0));
        }
    }

    #[test]
    fn random_additions_and_removals_agree_with_an_ordered_map() {
        let mut ladders = Ladders::new(2, 64);
        let mut models: [BTreeMap<i64, u32>; 4] = Default::default();
        let mut state = 1u64;
        for step in 0..40_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let ladder = u32::try_from(state >> 62).unwrap();
            // Near prices and prices all over the range, so that branches sit at high and at low bits.
            let spread = if step % 3 == 0 { 1 << 58 } else { 1 };
            let price = (i64::try_from(state >> 40 & 63).unwrap() - 32).wrapping_mul(spread);
            let model = &mut models[ladder as usize];
            assert_eq!(ladders.find(ladder, Price(price)), model.get(&price).copied());
            if let Some(slot) = model.remove(&price) {
                ladders.remove(slot);
            } else if let Some(slot) = ladders.add(ladder, Price(price)) {
                model.insert(price, slot);
            } else {
                assert_eq!(ladders.levels.len(), 64);
                let (&price, &slot) = model.first_key_value().unwrap_or((&0, &NIL));
                if slot != NIL {
                    model.remove(&price);
                    ladders.remove(slot);
                }
            }
            let mut expected: Vec<i64> = models[ladder as usize].keys().copied().collect();
            if ladder.is_multiple_of(2) {
                expected.reverse();
            }
            if step % 7 == 0 {
                assert_eq!(prices(&ladders, ladder), expected);
            }
        }
        let branches: usize = models.iter().map(|model| model.len().saturating_sub(1)).sum();
        assert_eq!(ladders.branch_count(), branches);
    }
}
