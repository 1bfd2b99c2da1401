//! Which of many numbered things stand, and where: bitmaps over bitmaps.
//!
//! A node has sixty-four places; a bit says whether a place is taken, a reference says by what: a node of the tier below, or (at the
//! last tier) whatever the caller numbers. Three tiers cover 2^18 numbers. Nodes come from one pool, whatever their tier, and go back
//! when their last place is empty, so memory follows what stands.
//!
//! Goal: to find, take, leave and go on to the next by a load and a bit operation or two a tier, without a branch on what is there.
//! Non-goal: numbers beyond 2^18, for which see [`super::tree`].

use super::slab::NIL;

/// Bits of a number that one tier takes.
pub(super) const TIER_BITS: u32 = 6;
/// Places of a node.
const PLACES: u32 = 1 << TIER_BITS;
/// Tiers below a root, its own places included.
pub(super) const TIERS: u32 = 3;
/// Bits of a number below a root.
pub(super) const BITS: u32 = TIERS * TIER_BITS;

/// The node that stands for every node that is not there: its places are empty for good.
pub(super) const NOWHERE: u32 = 0;

/// A place of a node: node * 64 + place.
pub(super) type Cell = u32;

#[derive(Clone, Copy, Debug)]
struct Node {
    /// Which places are taken, a bit each.
    taken: u64,
    /// The cell above; whatever the caller keeps there for a root; the next free node for a free one.
    above: u32,
    /// What stands at each place that is taken.
    below: [u32; PLACES as usize],
}

/// A pool of nodes.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    free: u32,
    fresh: u32,
    len: u32,
}

/// The way from a root to a number: a node a tier, [`NOWHERE`] from where none is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub root: u32,
    middle: u32,
    last: u32,
}

#[inline(always)]
const fn place(number: i64, tier: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "six bits")]
    {
        (number >> (tier * TIER_BITS)) as u32 % PLACES
    }
}

#[inline(always)]
const fn cell(node: u32, place: u32) -> Cell {
    node * PLACES + place
}

impl Node {
    /// What stands at the first of these places, of which there is one.
    #[inline(always)]
    const fn first_of(&self, places: u64) -> u32 {
        self.below[(places.trailing_zeros() % PLACES) as usize]
    }
}

impl Trie {
    /// So many nodes.
    pub fn new(nodes: u32) -> Self {
        assert!(nodes < NIL / PLACES, "{nodes} nodes have more cells than 32 bits can number");
        let nodes = nodes as usize + 1;
        Self {
            nodes: vec![Node { taken: 0, above: NIL, below: [NIL; PLACES as usize] }; nodes],
            free: NOWHERE,
            fresh: NOWHERE + 1,
            len: 0,
        }
    }

    /// How many nodes are in use.
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// The way from a root, or from nowhere, to a number.
    #[inline(always)]
    pub fn way(&self, root: u32, number: i64) -> Way {
        let middle = self.child(root, place(number, 2));
        Way { root, middle, last: self.child(middle, place(number, 1)) }
    }

    /// What stands at a number; [`NOWHERE`] when nothing does.
    #[inline(always)]
    pub fn at(&self, way: Way, number: i64) -> u32 {
        self.child(way.last, place(number, 0))
    }

    /// A root without anything below it, which keeps a number for the caller.
    pub fn add_root(&mut self, kept: u32) -> u32 {
        self.add(kept)
    }

    /// Puts something at a number where nothing stands; gives its cell.
    #[inline(always)]
    pub fn take(&mut self, way: Way, number: i64, what: u32) -> Cell {
        let last = if way.last == NOWHERE { self.grow(way, number) } else { way.last };
        self.link(last, place(number, 0), what)
    }

    /// Leaves a cell of the last tier, and takes away what holds nothing any more; gives the kept number of the root when it went too.
    #[inline]
    pub fn leave(&mut self, mut cell: Cell) -> Option<u32> {
        for _ in 0..TIERS {
            let number = cell / PLACES;
            let node = &mut self.nodes[number as usize];
            node.taken &= !(1 << (cell % PLACES));
            if node.taken != 0 {
                return None;
            }
            cell = node.above;
            node.above = self.free;
            self.free = number;
            self.len -= 1;
        }
        Some(cell)
    }

    /// What stands next after a cell of the last tier, below the same root; otherwise the kept number of the root.
    #[inline]
    pub fn after(&self, mut place: Cell) -> Result<u32, u32> {
        for down in 0..TIERS {
            let node = &self.nodes[(place / PLACES) as usize];
            let rest = node.taken & (!1 << (place % PLACES));
            if rest != 0 {
                return Ok(self.first(node.first_of(rest), down));
            }
            place = node.above;
        }
        Err(place)
    }

    /// What stands first, so many tiers below a node.
    #[inline]
    pub fn first(&self, mut node: u32, down: u32) -> u32 {
        for _ in 0..down {
            let record = &self.nodes[node as usize];
            node = record.first_of(record.taken);
        }
        node
    }

    #[inline(always)]
    fn child(&self, node: u32, place: u32) -> u32 {
        let node = &self.nodes[node as usize];
        let below = node.below[(place % PLACES) as usize];
        if node.taken & 1 << place == 0 { NOWHERE } else { below }
    }

    #[inline(always)]
    fn link(&mut self, node: u32, place: u32, what: u32) -> Cell {
        let record = &mut self.nodes[node as usize];
        record.taken |= 1 << place;
        record.below[(place % PLACES) as usize] = what;
        cell(node, place)
    }

    /// Adds the nodes that are missing on a way; gives the last one.
    fn grow(&mut self, way: Way, number: i64) -> u32 {
        let middle = if way.middle == NOWHERE {
            let middle = self.add(cell(way.root, place(number, 2)));
            self.link(way.root, place(number, 2), middle);
            middle
        } else {
            way.middle
        };
        let last = self.add(cell(middle, place(number, 1)));
        self.link(middle, place(number, 1), last);
        last
    }

    fn add(&mut self, above: u32) -> u32 {
        let node = if self.free == NOWHERE { self.fresh } else { self.free };
        let record = &mut self.nodes[node as usize];
        if self.free == NOWHERE {
            self.fresh += 1;
        } else {
            self.free = record.above;
        }
        (record.taken, record.above) = (0, above);
        self.len += 1;
        node
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn random_takings_agree_with_an_ordered_map_and_give_every_node_back() {
        let mut trie = Trie::new(600);
        let mut model: BTreeMap<i64, (u32, Cell)> = BTreeMap::new();
        let mut root = trie.add_root(77);
        let mut state = 3u64;
        for step in 0..60_000u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Dense and sparse numbers.
            let wide = i64::try_from(state >> 46).unwrap();
            let number = if state >> 40 & 1 == 0 { wide } else { wide % 256 };
            let way = trie.way(root, number);
            assert_eq!(trie.at(way, number), model.get(&number).map_or(NOWHERE, |(what, _)| *what));
            if let Some((_, cell)) = model.remove(&number) {
                let gone = trie.leave(cell);
                assert_eq!(gone, model.is_empty().then_some(77));
                if gone.is_some() {
                    root = trie.add_root(77);
                }
            } else if model.len() < 200 {
                let cell = trie.take(way, number, step + 1);
                model.insert(number, (step + 1, cell));
            } else if let Some((_, (_, cell))) = model.pop_first() {
                assert_eq!(trie.leave(cell), None);
            }
            if step % 16 == 0 && !model.is_empty() {
                let listed: Vec<u32> = model.values().map(|(what, _)| *what).collect();
                let mut found = vec![trie.first(root, TIERS)];
                let cells: BTreeMap<u32, Cell> = model.values().copied().collect();
                while let Ok(next) = trie.after(cells[found.last().unwrap()]) {
                    found.push(next);
                }
                assert_eq!(found, listed);
                assert_eq!(trie.after(cells[found.last().unwrap()]), Err(77));
            }
        }
        for (_, (_, cell)) in std::mem::take(&mut model) {
            trie.leave(cell);
        }
        assert_eq!(trie.len(), 0);
    }
}
