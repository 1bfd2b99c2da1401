//! Sparse numbers in order: crit-bit trees over shared branches.
//!
//! A tree branches only at bits in which its numbers differ, so its depth is near the logarithm of how many there are and never above
//! 64; its shape depends on the numbers alone, and adding or removing one touches one branch, with nothing to rebalance.
//!
//! Goal: find, add and remove in at most 64 steps whatever numbers a sender picks. Non-goal: the numbers; who asks says what number
//! stands at a leaf.
//!
//! ```text
//!            branch bit 61
//!           /             \
//!      leaf 2          branch bit 62
//!                      /           \
//!                  leaf 4        leaf 6
//! ```

use super::slab::{NIL, Record, Slab};

/// A link of a tree: nothing, a branch, or (with the top bit) a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Link {
    /// The root of an empty tree.
    pub const NONE: Self = Self(NIL);
    const LEAF: u32 = 1 << 31;

    const fn leaf(slot: u32) -> Self {
        Self(slot | Self::LEAF)
    }

    const fn as_leaf(self) -> Option<u32> {
        if self.0 & Self::LEAF != 0 { Some(self.0 & !Self::LEAF) } else { None }
    }
}

/// Numbers below it agree in all bits before `bit`.
#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Counted from the most significant, 0 to 63.
    bit: u32,
    /// For a zero and for a one in that bit.
    children: [Link; 2],
}

impl Record for Branch {
    fn kept(&self) -> u32 {
        self.bit
    }

    fn keep(&mut self, number: u32) {
        self.bit = number;
    }
}

/// Where a new leaf stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Neighbour {
    /// It is the only one.
    None,
    /// Right before this leaf.
    Before(u32),
    /// Right after this leaf.
    After(u32),
}

/// The branches of any number of trees; a tree is its root.
#[derive(Debug)]
pub(super) struct Trees {
    branches: Slab<Branch>,
}

const fn bit_of(number: u64, bit: u32) -> usize {
    if number & (1 << 63 >> bit) == 0 { 0 } else { 1 }
}

impl Trees {
    /// Trees that have so many leaves together.
    pub fn new(leaves: u32) -> Self {
        assert!(leaves < Link::LEAF - 1, "{leaves} leaves are more than a link can number");
        Self { branches: Slab::new(leaves, Branch { bit: 0, children: [Link::NONE; 2] }) }
    }

    /// The leaf that shares the longest run of leading bits with a number, as far as the tree can tell: the one that has the number
    /// when any does. `None` in an empty tree.
    pub fn nearest(&self, root: Link, number: u64) -> Option<u32> {
        let mut link = root;
        if link == Link::NONE {
            return None;
        }
        loop {
            match link.as_leaf() {
                Some(slot) => return Some(slot),
                None => {
                    let branch = self.branches.at(link.0);
                    link = branch.children[bit_of(number, branch.bit)];
                }
            }
        }
    }

    /// Adds a leaf with a number that the tree does not have; `number_of` gives the number of a leaf.
    pub fn add(&mut self, root: &mut Link, number: u64, leaf: u32, number_of: impl Fn(u32) -> u64) -> Neighbour {
        let Some(near) = self.nearest(*root, number) else {
            *root = Link::leaf(leaf);
            return Neighbour::None;
        };
        let near = number_of(near);
        debug_assert_ne!(number, near, "number {number} is added twice");
        let bit = (number ^ near).leading_zeros();

        // Down to where the new branch belongs: above the first link whose numbers already agree in `bit`.
        let (mut above, mut link) = (None, *root);
        while link.as_leaf().is_none() {
            let branch = self.branches.at(link.0);
            if branch.bit > bit {
                break;
            }
            let way = bit_of(number, branch.bit);
            above = Some((link.0, way));
            link = branch.children[way];
        }
        // Everything below `link` lies on one side of the new number, so its outermost leaf is the neighbour.
        let way = bit_of(number, bit);
        let neighbour = if way == 0 {
            Neighbour::Before(self.outermost(link, 0))
        } else {
            Neighbour::After(self.outermost(link, 1))
        };
        let mut children = [Link::leaf(leaf); 2];
        children[1 - way] = link;
        let Some(branch) = self.branches.insert(Branch { bit, children }) else {
            unreachable!("trees have fewer branches than leaves, and those are bounded")
        };
        self.relink(root, above, Link(branch));
        neighbour
    }

    /// Removes the leaf that has a number.
    pub fn remove(&mut self, root: &mut Link, number: u64) {
        let (mut above, mut parent) = (None, None);
        let mut link = *root;
        while link.as_leaf().is_none() {
            let branch = self.branches.at(link.0);
            let way = bit_of(number, branch.bit);
            above = parent;
            parent = Some((link.0, way));
            link = branch.children[way];
        }
        match parent {
            None => *root = Link::NONE,
            Some((branch, way)) => {
                let sibling = self.branches.at(branch).children[1 - way];
                self.relink(root, above, sibling);
                self.branches.remove(branch);
            }
        }
    }

    /// How many branches all trees have; one less than leaves for each tree that is not empty.
    pub const fn branch_count(&self) -> u32 {
        self.branches.len()
    }

    /// The first (`way` 0) or last (`way` 1) leaf below a link.
    fn outermost(&self, mut link: Link, way: usize) -> u32 {
        loop {
            match link.as_leaf() {
                Some(slot) => return slot,
                None => link = self.branches.at(link.0).children[way],
            }
        }
    }

    /// Hangs a link where `above` says; at the root when there is nothing above.
    fn relink(&mut self, root: &mut Link, above: Option<(u32, usize)>, link: Link) {
        match above {
            Some((branch, way)) => self.branches.at_mut(branch).children[way] = link,
            None => *root = link,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn random_additions_and_removals_agree_with_an_ordered_map() {
        const LEAVES: u32 = 64;
        let mut trees = Trees::new(LEAVES);
        let mut roots = [Link::NONE; 2];
        let mut numbers = [0u64; LEAVES as usize];
        let mut free: Vec<u32> = (0..LEAVES).collect();
        let mut models: [BTreeMap<u64, u32>; 2] = Default::default();
        let mut state = 1u64;
        for step in 0..40_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let tree = usize::try_from(state >> 63).unwrap();
            // Near numbers and numbers all over the range, so that branches sit at high and at low bits.
            let spread = if step % 3 == 0 { 1 << 58 } else { 1 };
            let number = (state >> 40 & 63).wrapping_mul(spread);
            let (root, model) = (&mut roots[tree], &mut models[tree]);
            let near = trees.nearest(*root, number).filter(|&leaf| numbers[leaf as usize] == number);
            assert_eq!(near, model.get(&number).copied());
            if let Some(leaf) = model.remove(&number) {
                trees.remove(root, number);
                free.push(leaf);
            } else if let Some(leaf) = free.pop() {
                numbers[leaf as usize] = number;
                let neighbour = trees.add(root, number, leaf, |leaf| numbers[leaf as usize]);
                let before = model.range(..number).next_back().map(|(_, &leaf)| leaf);
                let after = model.range(number..).next().map(|(_, &leaf)| leaf);
                assert!(match neighbour {
                    Neighbour::None => model.is_empty(),
                    Neighbour::Before(leaf) => after == Some(leaf),
                    Neighbour::After(leaf) => before == Some(leaf),
                });
                model.insert(number, leaf);
            }
            let branches: usize = models.iter().map(|model| model.len().saturating_sub(1)).sum();
            assert_eq!(trees.branch_count() as usize, branches);
        }
    }
}
