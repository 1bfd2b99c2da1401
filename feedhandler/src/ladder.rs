//! The price levels of one side of one book, best first.
//!
//! Goal: what happens near the touch, which is nearly everything, meets two or four cache lines and no pointer; what is far
//! away costs a binary search. Non-goal: what a level holds.
//!
//! ```text
//!   far: chunks, worst first                 touch: the best, in place
//!   [ k k k ... ] [ k k k ... ]              [ k k k k k best - - - ]
//!                                keys ascend towards the touch ──►
//! ```
//!
//! A key ascends towards the touch on both sides: a bid's price, an ask's price with all bits turned over. When the touch is
//! full, its worse half moves to the far part; when it is empty, the best of the far part come back.

use wire::{Price, Side};

/// Levels held in place.
const TOUCH: usize = 32;
/// How many move at once between the two parts.
const MOVED: usize = TOUCH / 2;
/// The most levels of a far chunk.
const CHUNK_MAX: usize = 512;

/// A price as a number that grows towards the touch.
pub trait Key: Copy + Ord {
    /// Stands where no level is.
    const NONE: Self;
    /// How many of the keys, which ascend and end with [`Self::NONE`], are less than `key`.
    fn rank(keys: &[Self; TOUCH], key: Self) -> usize;
}

impl Key for i32 {
    const NONE: Self = Self::MAX;

    /// Counts all of them: eight vector comparisons and no branch to guess.
    #[inline]
    fn rank(keys: &[Self; TOUCH], key: Self) -> usize {
        let less: Self = keys.iter().map(|other| Self::from(*other < key)).sum();
        // At most 32.
        usize::from(u8::try_from(less).unwrap_or(0))
    }
}

impl Key for i64 {
    const NONE: Self = Self::MAX;

    #[inline]
    fn rank(keys: &[Self; TOUCH], key: Self) -> usize {
        keys.partition_point(|other| *other < key)
    }
}

/// The key of a signed price.
#[must_use]
#[inline]
pub const fn key_of(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => price.0,
        Side::Sell => !price.0,
    }
}

/// The price of a key.
#[must_use]
#[inline]
pub const fn price_of(side: Side, key: i64) -> Price {
    match side {
        Side::Buy => Price(key),
        Side::Sell => Price(!key),
    }
}

/// The levels of one side. Takes memory only for what is far from the touch.
#[derive(Clone, Debug)]
pub struct Ladder<K, V> {
    keys: [K; TOUCH],
    values: [V; TOUCH],
    /// Levels in the touch; none only if there is none at all.
    len: usize,
    /// Ascending, chunks never empty.
    far: Vec<Vec<(K, V)>>,
    /// Chunks that were emptied, for the next that is needed.
    spare: Vec<Vec<(K, V)>>,
}

impl<K: Key, V: Copy + Default> Default for Ladder<K, V> {
    fn default() -> Self {
        Self { keys: [K::NONE; TOUCH], values: [V::default(); TOUCH], len: 0, far: Vec::new(), spare: Vec::new() }
    }
}

impl<K: Key, V: Copy + Default> Ladder<K, V> {
    /// Whether there is no level.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many levels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len + self.far.iter().map(Vec::len).sum::<usize>()
    }

    /// The best level.
    #[must_use]
    #[inline]
    pub fn best(&self) -> Option<(K, V)> {
        let last = self.len.checked_sub(1)?;
        Some((*self.keys.get(last)?, *self.values.get(last)?))
    }

    /// All levels, best first.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)> + '_ {
        let touch = self.keys.iter().copied().zip(self.values.iter().copied()).take(self.len);
        touch.rev().chain(self.far.iter().rev().flat_map(|chunk| chunk.iter().rev().copied()))
    }

    /// What the level with this key holds.
    #[must_use]
    pub fn get(&self, key: K) -> Option<V> {
        if self.is_far(key) {
            let (chunk, place) = self.far_place(key);
            let (found, value) = *self.far.get(chunk)?.get(place)?;
            return (found == key).then_some(value);
        }
        let place = K::rank(&self.keys, key);
        (place < self.len && self.keys[place] == key).then(|| self.values[place])
    }

    /// What the level with this key holds, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        if self.is_far(key) {
            let (chunk, place) = self.far_place(key);
            let (found, value) = self.far.get_mut(chunk)?.get_mut(place)?;
            return (*found == key).then_some(value);
        }
        let place = K::rank(&self.keys, key);
        if place < self.len && self.keys[place] == key { self.values.get_mut(place) } else { None }
    }

    /// What the level with this key holds; made by `make` if it is new.
    #[inline]
    pub fn get_or_insert(&mut self, key: K, make: impl FnOnce() -> V) -> V {
        if !self.is_far(key) {
            let place = K::rank(&self.keys, key);
            if place < self.len && self.keys[place] == key {
                return self.values[place];
            }
            if self.len < TOUCH {
                let value = make();
                self.put(place, key, value);
                return value;
            }
        } else if let Some(value) = self.get(key) {
            return value;
        }
        let value = make();
        self.insert_rarely(key, value);
        value
    }

    /// Sets the level with this key.
    #[inline]
    pub fn set(&mut self, key: K, value: V) {
        match self.get_mut(key) {
            Some(held) => *held = value,
            None => {
                self.get_or_insert(key, || value);
            }
        }
    }

    /// Removes the level with this key; what it held.
    #[inline]
    pub fn remove(&mut self, key: K) -> Option<V> {
        if self.is_far(key) {
            return self.remove_far(key);
        }
        let place = K::rank(&self.keys, key);
        if place >= self.len || self.keys[place] != key {
            return None;
        }
        let value = self.values[place];
        self.keys.copy_within(place + 1..self.len, place);
        self.values.copy_within(place + 1..self.len, place);
        self.len -= 1;
        self.keys[self.len] = K::NONE;
        if self.len == 0 && !self.far.is_empty() {
            self.refill();
        }
        Some(value)
    }

    /// Removes all levels and keeps the memory.
    pub fn clear(&mut self) {
        self.keys = [K::NONE; TOUCH];
        self.len = 0;
        for mut chunk in self.far.drain(..) {
            chunk.clear();
            self.spare.push(chunk);
        }
    }

    /// Looks at what the next change near the touch will need, so that it is in the cache by then.
    #[inline]
    pub fn look(&self) -> K {
        self.keys[TOUCH / 2]
    }

    #[inline]
    fn is_far(&self, key: K) -> bool {
        key < self.keys[0] && !self.far.is_empty()
    }

    #[inline]
    fn put(&mut self, place: usize, key: K, value: V) {
        self.keys.copy_within(place..self.len, place + 1);
        self.values.copy_within(place..self.len, place + 1);
        self.keys[place] = key;
        self.values[place] = value;
        self.len += 1;
    }

    /// Inserts a key that is not there, into the far part or into a touch that is full.
    #[cold]
    #[inline(never)]
    fn insert_rarely(&mut self, key: K, value: V) {
        if !self.is_far(key) {
            self.spill();
        }
        if self.is_far(key) {
            self.insert_far(key, value);
        } else {
            let place = K::rank(&self.keys, key);
            self.put(place, key, value);
        }
    }

    /// The worse half of a full touch becomes the best of the far part.
    fn spill(&mut self) {
        for place in 0..MOVED {
            if self.far.last().is_none_or(|chunk| chunk.len() == CHUNK_MAX) {
                let chunk = self.new_chunk();
                self.far.push(chunk);
            }
            if let Some(chunk) = self.far.last_mut() {
                chunk.push((self.keys[place], self.values[place]));
            }
        }
        self.keys.copy_within(MOVED.., 0);
        self.values.copy_within(MOVED.., 0);
        self.len -= MOVED;
        self.keys[self.len..].fill(K::NONE);
    }

    /// The best of the far part fill half of an empty touch.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let there = self.far.iter().rev().map(Vec::len).take(2).sum::<usize>();
        let count = MOVED.min(there);
        for place in (0..count).rev() {
            let Some(chunk) = self.far.last_mut() else { return };
            if let Some((key, value)) = chunk.pop() {
                self.keys[place] = key;
                self.values[place] = value;
            }
            if chunk.is_empty() {
                self.spare.extend(self.far.pop());
            }
        }
        self.len = count;
    }

    /// Chunk and place where the key is or belongs.
    fn far_place(&self, key: K) -> (usize, usize) {
        let chunk = self.far.partition_point(|chunk| chunk.last().is_some_and(|(last, _)| *last < key));
        let chunk = chunk.min(self.far.len().saturating_sub(1));
        let place = self.far.get(chunk).map_or(0, |chunk| chunk.partition_point(|(other, _)| *other < key));
        (chunk, place)
    }

    fn insert_far(&mut self, key: K, value: V) {
        let (mut index, mut place) = self.far_place(key);
        if self.far[index].len() == CHUNK_MAX {
            let mut upper = self.new_chunk();
            upper.extend(self.far[index].drain(CHUNK_MAX / 2..));
            self.far.insert(index + 1, upper);
            if place > CHUNK_MAX / 2 {
                (index, place) = (index + 1, place - CHUNK_MAX / 2);
            }
        }
        self.far[index].insert(place, (key, value));
    }

    fn remove_far(&mut self, key: K) -> Option<V> {
        let (index, place) = self.far_place(key);
        let chunk = self.far.get_mut(index)?;
        if chunk.get(place)?.0 != key {
            return None;
        }
        let (_, value) = chunk.remove(place);
        if chunk.is_empty() {
            let chunk = self.far.remove(index);
            self.spare.push(chunk);
        }
        Some(value)
    }

    fn new_chunk(&mut self) -> Vec<(K, V)> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn keys_ascend_towards_the_touch() {
        assert!(key_of(Side::Buy, Price(5)) > key_of(Side::Buy, Price(4)));
        assert!(key_of(Side::Sell, Price(4)) > key_of(Side::Sell, Price(5)));
        for side in [Side::Buy, Side::Sell] {
            for price in [Price::MIN, Price(-1), Price(0), Price::MAX] {
                assert_eq!(price_of(side, key_of(side, price)), price);
            }
        }
    }

    fn agree<K: Key + std::fmt::Debug>(ladder: &Ladder<K, u32>, map: &BTreeMap<K, u32>) {
        assert_eq!(ladder.iter().collect::<Vec<_>>(), map.iter().rev().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
        assert_eq!(ladder.best(), map.last_key_value().map(|(k, v)| (*k, *v)));
        assert_eq!((ladder.len(), ladder.is_empty()), (map.len(), map.is_empty()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_ladder_is_an_ordered_map(
            steps in prop::collection::vec((0_i32..200, 0_u32..100, any::<bool>()), 1..800),
            removals in prop::sample::select(vec![20_u32, 50, 70]),
        ) {
            let (mut ladder, mut wide) = (Ladder::<i32, u32>::default(), Ladder::<i64, u32>::default());
            let (mut map, mut wide_map) = (BTreeMap::new(), BTreeMap::new());
            for (key, what, set) in steps {
                // The largest key is a key like any other.
                let key = if key == 199 { i32::MAX } else { key };
                if what < removals {
                    prop_assert_eq!(ladder.remove(key), map.remove(&key));
                    wide.remove(i64::from(key));
                    wide_map.remove(&i64::from(key));
                } else if set {
                    ladder.set(key, what);
                    map.insert(key, what);
                    wide.set(i64::from(key), what);
                    wide_map.insert(i64::from(key), what);
                } else {
                    let held = *map.entry(key).or_insert(what);
                    prop_assert_eq!(ladder.get_or_insert(key, || what), held);
                    wide.get_or_insert(i64::from(key), || what);
                    wide_map.entry(i64::from(key)).or_insert(what);
                }
                prop_assert_eq!(ladder.get(key), map.get(&key).copied());
                agree(&ladder, &map);
                agree(&wide, &wide_map);
            }
            ladder.clear();
            prop_assert!(ladder.iter().next().is_none());
        }
    }

    #[test]
    fn thousands_of_levels_split_and_empty_the_chunks() {
        let (mut ladder, mut map) = (Ladder::<i32, u32>::default(), BTreeMap::new());
        let mut key = 1_i32;
        for value in 0..6_000_u32 {
            key = (key.wrapping_mul(1_103_515_245).wrapping_add(12_345)) & 0xFFFF;
            ladder.set(key, value);
            map.insert(key, value);
        }
        agree(&ladder, &map);
        while let Some((key, value)) = map.pop_last() {
            assert_eq!(ladder.remove(key), Some(value));
            assert_eq!(ladder.best().map(|(key, _)| key), map.last_key_value().map(|(key, _)| *key));
        }
        assert!(ladder.is_empty());
    }
}
