//! From an order's key to its slot.
//!
//! Goal: one memory access in the usual case, in a table that is as large as what lives, and neighbours where they help: a session
//! numbers its orders upwards, so sixteen numbers in a row share one cache line, and a stream of new orders writes line after line.
//! Constant expected time, no allocation, no tombstones, the same layout on every run. Non-goal: keys; an entry is a slot with five
//! bits of the key's hash, and the order record has the last word.
//!
//! ```text
//!  key = block | lane (4 bits)       line = hash(block), position = line * 16 + (lane turned by the hash)
//!
//!  line 7   s0 s1 s2 s3 . . .        taken? try the same place in line 8, in line 9 ...
//!  line 8   .  t1 .  .  . . .        removing s1 lets t1 move up when its home is line 7
//! ```
//!
//! It is open addressing with linear probing down the lanes, one lane after the other. The hash turns the lanes, so that a client
//! which counts in sixteens does not crowd one of them. An entry knows how far away from its home it is, so a removal shifts the entries
//! behind it back without a look at their orders, and a table that lives for years does not decay.
//!
//! A venue made for ten million orders in which fifty thousand live should not walk over the memory of ten million. So the lines that are
//! homes grow with what lives, one line at a time (linear hashing, Litwin 1980): line s is split into s and s + n, for s from 0 to n - 1,
//! then n doubles. No command ever waits for more than one split. They do not become fewer again before the next start.

use super::command::OrderKey;
use super::slab::NIL;
use crate::limits::ORDERS_MAX;

/// Entries in a line: a cache line of them.
const LANES: usize = 16;
/// Bits of an entry that are the slot. Above them are three for how far away it is from its home, and five of the hash.
const SLOT_BITS: u32 = 24;
/// What an entry says that is so many lines away from its home, or more.
const FAR: u32 = 7;
/// Lines of homes at the least: 512 KiB, which a core's own cache holds.
const LINES_MIN: usize = 1 << 13;
/// Keys for each line of homes, beyond which there is one line more.
const KEYS_PER_LINE: u32 = 5;

/// The bits of an entry that are the slot, and how many keys an index can hold.
const KEYS_MAX: u32 = (1 << SLOT_BITS) - 1;

const _: () = assert!(KEYS_MAX == ORDERS_MAX, "every order has a key");

/// The table.
#[derive(Debug)]
pub(super) struct KeyIndex {
    /// All lines that there may ever be.
    entries: Vec<u32>,
    /// The positions that are homes now: those before this one.
    homes: usize,
    /// The homes when this round of splits began, a power of two.
    round: usize,
    len: u32,
    /// Beyond so many keys there is one home more.
    enough: u32,
}

/// Where a key stands in the index, or would stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Line * 16 + lane.
    at: usize,
    /// What the entry is, or would be, above its slot.
    mark: u32,
}

/// What a key is to a table of any size.
#[derive(Clone, Copy)]
struct Hash {
    /// The home is among its low bits: line * 16 + lane.
    home: usize,
    /// Five bits of their own, above all others of an entry.
    tag: u32,
}

impl Hash {
    #[inline(always)]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the target has 64 bits; the lane needs four of them, the tag five"
    )]
    const fn of(key: OrderKey) -> Self {
        // The golden ratio spreads neighbouring blocks over all lines.
        let block = (key.get() / LANES as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let lane = (key.get() ^ (block >> 20)) as usize % LANES;
        Self { home: (block >> 32) as usize * LANES + lane, tag: ((block >> 27) as u32) << (SLOT_BITS + 3) }
    }
}

impl Position {
    /// An entry here.
    #[inline(always)]
    const fn entry(self, slot: u32) -> u32 {
        self.mark | slot
    }

    /// Whether an entry may be the one that is looked for.
    #[inline(always)]
    const fn may_be(self, entry: u32) -> bool {
        entry & !KEYS_MAX == self.mark
    }
}

/// How far away from its home an entry is, up to [`FAR`].
#[inline(always)]
const fn away(entry: u32) -> u32 {
    entry >> SLOT_BITS & FAR
}

/// The same entry, so far away from its home.
const fn at_distance(entry: u32, steps: usize) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "less than FAR, or not used")]
    let away = if steps < FAR as usize { steps as u32 } else { FAR };
    entry & !(FAR << SLOT_BITS) | away << SLOT_BITS
}

impl KeyIndex {
    /// An index for so many keys.
    pub fn new(keys_max: u32) -> Self {
        Self::starting_with(LINES_MIN, keys_max)
    }

    fn starting_with(lines_min: usize, keys_max: u32) -> Self {
        debug_assert!(lines_min.is_power_of_two() && lines_min > FAR as usize, "see `split`");
        assert!(keys_max <= KEYS_MAX, "an index holds {KEYS_MAX} keys at most, not {keys_max}");
        let lines_max = keys_max.div_ceil(KEYS_PER_LINE).max(1) as usize;
        // At the beginning a power of two, and more than entries say how far they are away: see `split`.
        let lines = lines_min.min(lines_max.next_power_of_two());
        let homes = lines * LANES;
        let mut index =
            Self { entries: vec![NIL; lines_max.max(lines) * LANES], homes, round: homes, len: 0, enough: 0 };
        index.enough = index.keys_before_a_split();
        index
    }

    /// The slot of a key, or [`NIL`], and where it stands or would stand; `key_at` gives the key of a slot's order.
    #[inline(always)]
    pub fn find(&self, key: OrderKey, key_at: impl Fn(u32) -> OrderKey) -> (u32, Position) {
        let mut position = self.home(Hash::of(key));
        loop {
            let entry = self.entries[position.at];
            if entry == NIL {
                return (NIL, position);
            }
            if position.may_be(entry) && key_at(entry & KEYS_MAX) == key {
                return (entry & KEYS_MAX, position);
            }
            self.go_on(&mut position);
        }
    }

    /// Adds a key that was looked for at the same state of the index and is not there. The caller keeps to the number of keys given at
    /// construction; `key_at` gives the key of a slot's order, of this one too.
    #[inline(always)]
    pub fn insert_at(&mut self, position: Position, slot: u32, key_at: impl Fn(u32) -> OrderKey) {
        self.entries[position.at] = position.entry(slot);
        self.len += 1;
        if self.len > self.enough {
            self.split(key_at);
        }
    }

    /// Adds a key that is not there.
    pub fn insert(&mut self, key: OrderKey, slot: u32, key_at: impl Fn(u32) -> OrderKey) {
        let position = self.free_for(Hash::of(key));
        self.insert_at(position, slot, key_at);
    }

    /// Removes a key from where it was found at the same state of the index; `key_at` gives the key of a slot's order.
    #[inline(always)]
    pub fn remove_at(&mut self, position: Position, key_at: impl Fn(u32) -> OrderKey) {
        self.len -= 1;
        let mut behind = position;
        self.go_on(&mut behind);
        if self.entries[behind.at] == NIL {
            self.entries[position.at] = NIL;
        } else {
            self.move_up(position, key_at);
        }
    }

    /// Removes a key that is there.
    #[inline]
    pub fn remove(&mut self, key: OrderKey, slot: u32, key_at: impl Fn(u32) -> OrderKey) {
        let mut position = self.home(Hash::of(key));
        loop {
            match self.entries[position.at] {
                NIL => return debug_assert!(false, "the key {key:?} is in the index"),
                entry if entry == position.entry(slot) => return self.remove_at(position, key_at),
                _ => self.go_on(&mut position),
            }
        }
    }

    /// How many keys there are.
    pub const fn len(&self) -> u32 {
        self.len
    }

    fn keys_before_a_split(&self) -> u32 {
        #[allow(clippy::cast_possible_truncation, reason = "homes come from a number of keys")]
        let lines = (self.homes / LANES) as u32;
        if self.homes < self.entries.len() { lines * KEYS_PER_LINE } else { KEYS_MAX }
    }

    #[inline(always)]
    const fn home(&self, hash: Hash) -> Position {
        let home = hash.home & (self.round * 2 - 1);
        // Those that are no homes yet are one with the home that will be split into them.
        Position { at: if home < self.homes { home } else { home - self.round }, mark: hash.tag }
    }

    /// To the next position: down the lane, then to the top of the next one.
    #[inline(always)]
    const fn go_on(&self, position: &mut Position) {
        position.at += LANES;
        if position.at >= self.entries.len() {
            position.at = (position.at + 1) % LANES;
        }
        if away(position.mark) < FAR {
            position.mark += 1 << SLOT_BITS;
        }
    }

    /// The first free position for a key.
    fn free_for(&self, hash: Hash) -> Position {
        let mut position = self.home(hash);
        while self.entries[position.at] != NIL {
            self.go_on(&mut position);
        }
        position
    }

    /// How many steps it is from one position on to another.
    const fn steps(&self, from: usize, to: usize) -> usize {
        let (lines, entries) = (self.entries.len() / LANES, self.entries.len());
        let from = from % LANES * lines + from / LANES;
        let to = to % LANES * lines + to / LANES;
        if to >= from { to - from } else { to + entries - from }
    }

    /// Fills a hole from the entries behind it, as far as their homes allow.
    #[inline(never)]
    fn move_up(&mut self, mut hole: Position, key_at: impl Fn(u32) -> OrderKey) {
        let (mut position, mut gap) = (hole, 0);
        loop {
            self.go_on(&mut position);
            gap += 1;
            let behind = self.entries[position.at];
            if behind == NIL {
                break;
            }
            let steps = match away(behind) {
                FAR => self.steps(self.home(Hash::of(key_at(behind & KEYS_MAX))).at, position.at),
                away => away as usize,
            };
            // It may move up to the hole unless that would put it before its home.
            if steps >= gap {
                self.entries[hole.at] = at_distance(behind, steps - gap);
                (hole, gap) = (position, 0);
            }
        }
        self.entries[hole.at] = NIL;
    }

    /// Makes one line of homes more, and moves there what belongs there from the line that was its home until now.
    #[inline(never)]
    fn split(&mut self, key_at: impl Fn(u32) -> OrderKey) {
        if self.homes == self.round * 2 {
            self.round = self.homes;
        }
        for _ in 0..LANES {
            let home = self.homes;
            self.homes += 1;
            let mut position = Position { at: home - self.round, mark: 0 };
            // Entries that stand as far down as the new home need not move. There, all of the old home are FAR away from it.
            for _ in 0..self.round / LANES {
                while let Some(hash) = self.belongs(home, position, &key_at) {
                    let slot = self.entries[position.at] & KEYS_MAX;
                    self.move_up(position, &key_at);
                    let free = self.free_for(hash);
                    self.entries[free.at] = free.entry(slot);
                }
                if self.entries[position.at] == NIL {
                    break;
                }
                self.go_on(&mut position);
            }
            // Those say from now on how far they are away from the new home.
            let mut position = Position { at: home, mark: FAR << SLOT_BITS };
            for steps in 0.. {
                let entry = self.entries[position.at];
                if entry == NIL {
                    break;
                }
                if self.belongs(home, position, &key_at).is_some() {
                    self.entries[position.at] = at_distance(entry, steps);
                }
                self.go_on(&mut position);
            }
        }
        self.enough = self.keys_before_a_split();
    }

    /// The hash of the key at a position, when an entry is there that has this home. Its order is looked at only when it may be: when
    /// it says that it is as far away as the walk to that position has come, or too far to say.
    fn belongs(&self, home: usize, position: Position, key_at: impl Fn(u32) -> OrderKey) -> Option<Hash> {
        let entry = self.entries[position.at];
        if entry == NIL || !(away(entry) == away(position.mark) || away(entry) == FAR) {
            return None;
        }
        let hash = Hash::of(key_at(entry & KEYS_MAX));
        (self.home(hash).at == home).then_some(hash)
    }
}

#[cfg(test)]
mod tests;
