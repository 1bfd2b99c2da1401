//! From an order's key to its slot.
//!
//! Goal: constant expected time, no allocation, no tombstones, the same layout on every run. Open addressing with linear probing,
//! at most half full; a removal shifts the entries behind it back, so a table that lives for years does not decay. Non-goal: keys;
//! an entry holds 32 bits of the key's hash, and the order record has the last word.
//!
//! ```text
//!  home = top bits of the hash             remove b:   a  .  c   .      c moves back when its home allows
//!  entries:   a(h=1)  b(h=1)  c(h=2)  .         ->     a  c  .   .
//! ```

use super::command::OrderKey;
use super::slab::NIL;

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The upper half of the key's hash; its upper bits are the home position.
    hash: u32,
    slot: u32,
}

/// The table.
#[derive(Debug)]
pub(super) struct KeyIndex {
    entries: Vec<Entry>,
    /// Position mask: the number of entries is a power of two.
    mask: u32,
    /// How far to shift a hash right for its home position.
    shift: u32,
    len: usize,
}

/// Multiplicative hash with the golden ratio: neighbouring keys, which are the usual ones, land far apart.
#[inline]
const fn hash_of(key: OrderKey) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of 64 bits")]
    {
        (key.get().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
    }
}

impl KeyIndex {
    /// A table for so many keys.
    pub fn new(keys_max: u32) -> Self {
        let bits = u64::from(keys_max.max(1)).saturating_mul(2).next_power_of_two().trailing_zeros();
        assert!(bits <= 31, "an index of {keys_max} keys needs more than 31 bits of hash");
        let mask = (1u32 << bits) - 1;
        Self { entries: vec![Entry { hash: 0, slot: NIL }; mask as usize + 1], mask, shift: 32 - bits, len: 0 }
    }

    /// The slot of a key; `has_key` says whether a slot's order has that key.
    #[inline]
    pub fn find(&self, key: OrderKey, has_key: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash_of(key);
        let mut position = hash >> self.shift;
        loop {
            let entry = self.entries[position as usize];
            if entry.slot == NIL {
                return None;
            }
            if entry.hash == hash && has_key(entry.slot) {
                return Some(entry.slot);
            }
            position = (position + 1) & self.mask;
        }
    }

    /// Adds a key that is not there. The caller keeps to the number of keys given at construction.
    pub fn insert(&mut self, key: OrderKey, slot: u32) {
        let hash = hash_of(key);
        let mut position = hash >> self.shift;
        while self.entries[position as usize].slot != NIL {
            position = (position + 1) & self.mask;
        }
        self.entries[position as usize] = Entry { hash, slot };
        self.len += 1;
    }

    /// Removes a key that is there.
    pub fn remove(&mut self, key: OrderKey, slot: u32) {
        let mut hole = hash_of(key) >> self.shift;
        while self.entries[hole as usize].slot != slot {
            debug_assert_ne!(self.entries[hole as usize].slot, NIL, "the key is in the index");
            hole = (hole + 1) & self.mask;
        }
        let mut position = hole;
        loop {
            position = (position + 1) & self.mask;
            let entry = self.entries[position as usize];
            if entry.slot == NIL {
                break;
            }
            // An entry may move back to the hole unless that would put it before its home.
            let from_home = position.wrapping_sub(entry.hash >> self.shift) & self.mask;
            let from_hole = position.wrapping_sub(hole) & self.mask;
            if from_home >= from_hole {
                self.entries[hole as usize] = entry;
                hole = position;
            }
        }
        self.entries[hole as usize].slot = NIL;
        self.len -= 1;
    }

    /// How many keys are in the table.
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wire::{SessionIndex, UserRefNum};

    use super::*;

    #[test]
    fn random_keys_agree_with_a_map_in_a_table_that_is_kept_full() {
        const KEYS: u32 = 50;
        let mut index = KeyIndex::new(KEYS);
        let mut keys = vec![OrderKey::default(); KEYS as usize];
        let mut free: Vec<u32> = (0..KEYS).collect();
        let mut model: BTreeMap<OrderKey, u32> = BTreeMap::new();
        let mut state = 7u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let session = SessionIndex(u16::try_from(state >> 62).unwrap());
            let key = OrderKey::new(session, UserRefNum(u32::try_from(state >> 33 & 31).unwrap()));
            let found = index.find(key, |slot| keys[slot as usize] == key);
            assert_eq!(found, model.get(&key).copied());
            match (found, free.pop()) {
                (Some(slot), top) => {
                    free.extend(top);
                    index.remove(key, slot);
                    model.remove(&key);
                    free.push(slot);
                }
                (None, Some(slot)) => {
                    keys[slot as usize] = key;
                    index.insert(key, slot);
                    model.insert(key, slot);
                }
                (None, None) => {
                    let (gone, slot) = model.pop_first().unwrap();
                    index.remove(gone, slot);
                    free.push(slot);
                }
            }
            assert_eq!(index.len(), model.len());
        }
    }
}
