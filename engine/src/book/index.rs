//! From an order's key to its slot.
//!
//! Goal: one memory access in the usual case, near memory as long as few orders live, and neighbours where they help: a session numbers
//! its orders upwards, so sixteen numbers in a row share one cache line, and a stream of new orders writes line after line. Constant
//! expected time, no allocation, no tombstones, the same layout on every run. Non-goal: keys; an entry is a slot with eight bits of
//! the key's hash, and the order record has the last word.
//!
//! ```text
//!  key = block | lane (4 bits)       line = hash(block), position = line * 16 + (lane turned by the hash)
//!
//!  line 7   s0 s1 s2 s3 . . .        taken? try the same place in line 8, in line 9 ...
//!  line 8   .  t1 .  .  . . .        removing s1 lets t1 move up when its home is line 7
//! ```
//!
//! It is open addressing with linear probing down the lanes, one lane after the other, at most half full. The hash turns the lanes,
//! so that a client which counts in sixteens does not crowd one of them. A removal shifts the entries behind it back, so a table that
//! lives for years does not decay.
//!
//! There are two such tables, a near one and a far one, and a key goes into the near one while that has room. A venue made for ten
//! million orders in which fifty thousand live works in the 512 KiB of the near table, which a core's own cache holds, and hardly ever
//! finds a place taken.

use super::command::OrderKey;
use super::slab::NIL;
use crate::limits::ORDERS_MAX;

/// Entries in a line: a cache line of them.
const LANES: usize = 16;
/// Bits of an entry that are the slot; the others are of the hash.
const SLOT_BITS: u32 = 24;
/// The keys of the near table.
const KEYS_NEAR: u32 = 1 << 16;

/// The bits of an entry that are the slot, and how many keys an index can hold.
const KEYS_MAX: u32 = (1 << SLOT_BITS) - 1;

const _: () = assert!(KEYS_MAX == ORDERS_MAX, "every order has a key");

/// The tables.
#[derive(Debug)]
pub(super) struct KeyIndex {
    near: Table,
    /// Without room when the near one is for all keys.
    far: Table,
}

/// Where a key stands in the index, or would stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Line * 16 + lane.
    entry: usize,
    tag: u32,
    far: bool,
}

impl KeyIndex {
    /// An index for so many keys.
    pub fn new(keys_max: u32) -> Self {
        Self::with(keys_max.min(KEYS_NEAR), keys_max.saturating_sub(KEYS_NEAR))
    }

    fn with(near: u32, far: u32) -> Self {
        let keys_max = u64::from(near) + u64::from(far);
        assert!(keys_max <= u64::from(KEYS_MAX), "an index holds {KEYS_MAX} keys at most, not {keys_max}");
        Self { near: Table::new(near, false), far: Table::new(far, true) }
    }

    /// The slot of a key, or [`NIL`], and where it stands or would stand; `key_at` gives the key of a slot's order.
    #[inline(always)]
    pub fn find(&self, key: OrderKey, key_at: impl Fn(u32) -> OrderKey) -> (u32, Position) {
        let hash = Hash::of(key);
        let found = self.near.find(key, hash, &key_at);
        if found.0 == NIL && self.far.len > 0 {
            let far = self.find_far(key, key_at);
            if far.0 != NIL {
                return far;
            }
        }
        found
    }

    #[inline(never)]
    fn find_far(&self, key: OrderKey, key_at: impl Fn(u32) -> OrderKey) -> (u32, Position) {
        self.far.find(key, Hash::of(key), key_at)
    }

    /// Adds a key that was looked for at the same state of the index and is not there. The caller keeps to the number of keys given at
    /// construction.
    #[inline(always)]
    pub fn insert_at(&mut self, position: Position, key: OrderKey, slot: u32) {
        if self.near.len < self.near.keys_max {
            self.near.entries[position.entry] = position.tag | slot;
            self.near.len += 1;
        } else {
            self.far.insert(Hash::of(key), slot);
        }
    }

    /// Adds a key that is not there.
    pub fn insert(&mut self, key: OrderKey, slot: u32) {
        let table = if self.near.len < self.near.keys_max { &mut self.near } else { &mut self.far };
        table.insert(Hash::of(key), slot);
    }

    /// Removes a key from where it was found at the same state of the index; `key_at` gives the key of a slot's order.
    #[inline(always)]
    pub fn remove_at(&mut self, position: Position, key_at: impl Fn(u32) -> OrderKey) {
        if position.far {
            self.far.remove_far(position, key_at);
        } else {
            self.near.remove(position, key_at);
        }
    }

    /// Removes a key that is there.
    #[inline]
    pub fn remove(&mut self, key: OrderKey, slot: u32, key_at: impl Fn(u32) -> OrderKey) {
        let hash = Hash::of(key);
        match self.near.position_of(hash, slot) {
            Some(position) => self.near.remove(position, key_at),
            None => match self.far.position_of(hash, slot) {
                Some(position) => self.far.remove_far(position, key_at),
                None => debug_assert!(false, "the key {key:?} is in the index"),
            },
        }
    }

    /// How many keys there are.
    pub const fn len(&self) -> u32 {
        self.near.len + self.far.len
    }
}

/// Where a key belongs, in a table of any size.
#[derive(Clone, Copy)]
struct Hash {
    /// Of the block; its upper bits are the line.
    block: u64,
    lane: usize,
    /// Eight bits of their own, above the bits of a slot.
    tag: u32,
}

impl Hash {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the lane needs four bits, the tag eight")]
    const fn of(key: OrderKey) -> Self {
        // The golden ratio spreads neighbouring blocks over all lines.
        let block = (key.get() / LANES as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let lane = (key.get() ^ (block >> 20)) as usize % LANES;
        Self { block, lane, tag: (block >> 8) as u32 & !KEYS_MAX }
    }
}

/// Open addressing with room for twice as many keys as it takes.
#[derive(Debug)]
struct Table {
    entries: Vec<u32>,
    /// The number of entries is a power of two.
    mask: usize,
    /// How far to shift a hash right for its line.
    shift: u32,
    len: u32,
    keys_max: u32,
    far: bool,
}

impl Table {
    fn new(keys_max: u32, far: bool) -> Self {
        let entries = (keys_max as usize * 2).next_power_of_two().max(LANES * 2);
        let lines = entries / LANES;
        let shift = u64::BITS - lines.trailing_zeros();
        Self { entries: vec![NIL; entries], mask: entries - 1, shift, len: 0, keys_max, far }
    }

    /// Where a key belongs.
    #[inline(always)]
    const fn home(&self, hash: Hash) -> Position {
        #[allow(clippy::cast_possible_truncation, reason = "the target has 64 bits")]
        let line = (hash.block >> self.shift) as usize;
        Position { entry: line * LANES + hash.lane, tag: hash.tag, far: self.far }
    }

    /// To the next position: down the lane, then to the top of the next one.
    #[inline(always)]
    const fn go_on(&self, position: &mut Position) {
        position.entry = (position.entry + LANES) & self.mask;
        if position.entry < LANES {
            position.entry = (position.entry + 1) % LANES;
        }
    }

    /// The slot of a key, or [`NIL`], and where it stands or would stand.
    #[inline(always)]
    fn find(&self, key: OrderKey, hash: Hash, key_at: impl Fn(u32) -> OrderKey) -> (u32, Position) {
        let mut position = self.home(hash);
        loop {
            let entry = self.entries[position.entry];
            if entry == NIL {
                return (NIL, position);
            }
            if entry & !KEYS_MAX == position.tag && key_at(entry & KEYS_MAX) == key {
                return (entry & KEYS_MAX, position);
            }
            self.go_on(&mut position);
        }
    }

    fn insert(&mut self, hash: Hash, slot: u32) {
        assert!(self.len < self.keys_max, "the caller keeps to the number of keys");
        let mut position = self.home(hash);
        while self.entries[position.entry] != NIL {
            self.go_on(&mut position);
        }
        self.entries[position.entry] = position.tag | slot;
        self.len += 1;
    }

    /// Where a slot stands under a key.
    #[inline(always)]
    fn position_of(&self, hash: Hash, slot: u32) -> Option<Position> {
        let mut position = self.home(hash);
        loop {
            match self.entries[position.entry] {
                NIL => return None,
                entry if entry == position.tag | slot => return Some(position),
                _ => self.go_on(&mut position),
            }
        }
    }

    #[inline(never)]
    fn remove_far(&mut self, position: Position, key_at: impl Fn(u32) -> OrderKey) {
        self.remove(position, key_at);
    }

    #[inline(always)]
    fn remove(&mut self, position: Position, key_at: impl Fn(u32) -> OrderKey) {
        self.len -= 1;
        let mut behind = position;
        self.go_on(&mut behind);
        if self.entries[behind.entry] == NIL {
            self.entries[position.entry] = NIL;
        } else {
            self.move_up(position, key_at);
        }
    }

    /// How many steps it is from one position on to another.
    fn steps(&self, from: Position, to: Position) -> usize {
        let lines = self.entries.len() / LANES;
        let count = |position: Position| position.entry % LANES * lines + position.entry / LANES;
        count(to).wrapping_sub(count(from)) & self.mask
    }

    /// Fills a hole from the entries behind it, as far as their homes allow.
    #[inline(never)]
    fn move_up(&mut self, mut hole: Position, key_at: impl Fn(u32) -> OrderKey) {
        let mut position = hole;
        loop {
            self.go_on(&mut position);
            let behind = self.entries[position.entry];
            if behind == NIL {
                break;
            }
            // It may move up to the hole unless that would put it before its home.
            let home = self.home(Hash::of(key_at(behind & KEYS_MAX)));
            if self.steps(home, position) >= self.steps(hole, position) {
                self.entries[hole.entry] = behind;
                hole = position;
            }
        }
        self.entries[hole.entry] = NIL;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wire::{SessionIndex, UserRefNum};

    use super::*;

    /// Keys that come in every pattern that a client may choose: in a row, in sixteens, all over.
    fn key(random: u64) -> OrderKey {
        let session = SessionIndex(u16::try_from(random >> 62).unwrap());
        let number = u32::try_from(random >> 33 & 127).unwrap();
        OrderKey::new(
            session,
            UserRefNum(match random >> 60 & 3 {
                0 => number,
                1 => number * 16,
                2 => number * 16 * 1024,
                _ => number.wrapping_mul(0x9E37_79B9),
            }),
        )
    }

    #[test]
    fn random_keys_agree_with_a_map_in_an_index_that_is_kept_full() {
        const KEYS: u32 = 50;
        let mut index = KeyIndex::with(20, KEYS - 20);
        let mut keys = vec![OrderKey::default(); KEYS as usize];
        let mut free: Vec<u32> = (0..KEYS).collect();
        let mut model: BTreeMap<OrderKey, u32> = BTreeMap::new();
        let mut state = 7u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = key(state);
            let (found, position) = index.find(key, |slot| keys[slot as usize]);
            assert_eq!(found, model.get(&key).copied().unwrap_or(NIL));
            match (model.get(&key).copied(), free.pop()) {
                (Some(slot), top) => {
                    free.extend(top);
                    index.remove_at(position, |slot| keys[slot as usize]);
                    model.remove(&key);
                    free.push(slot);
                }
                (None, Some(slot)) => {
                    keys[slot as usize] = key;
                    index.insert_at(position, key, slot);
                    model.insert(key, slot);
                }
                (None, None) => {
                    let (gone, slot) = model.pop_first().unwrap();
                    index.remove(gone, slot, |slot| keys[slot as usize]);
                    free.push(slot);
                }
            }
            assert_eq!(index.len() as usize, model.len());
        }
        for (&key, &slot) in &model {
            assert_eq!(index.find(key, |slot| keys[slot as usize]).0, slot);
        }
    }

    #[test]
    fn a_client_that_counts_in_sixteens_finds_room_and_short_ways() {
        const KEYS: u32 = 4096;
        for step in [1, 2, 16, 256, 65_536] {
            let mut index = KeyIndex::new(KEYS);
            let keys: Vec<OrderKey> =
                (0..KEYS).map(|number| OrderKey::new(SessionIndex(1), UserRefNum(number * step))).collect();
            let mut ways = 0;
            for (slot, &key) in (0..).zip(&keys) {
                index.insert(key, slot);
                let home = index.near.home(Hash::of(key));
                let (found, position) = index.find(key, |slot| keys[slot as usize]);
                assert_eq!(found, slot);
                ways += index.near.steps(home, position);
            }
            assert!(ways < 4 * KEYS as usize, "step {step}: {ways} lines passed for {KEYS} keys");
        }
    }
}
