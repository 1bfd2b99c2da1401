//! The price levels of one side of one book, best first.
//!
//! Goal: what happens near the touch, which is nearly everything, meets two cache lines, no search and no branch to guess; what is far
//! away, or off the grid, costs a binary search. Non-goal: what a level holds.
//!
//! ```text
//!   far: chunks, in order                window: a place for each price on the grid
//!   [ k k k ... ] [ k k k ... ]          [ . k k . k k k k k . . . . . . ]
//!                                             keys ascend towards the touch ──►
//! ```
//!
//! A key ascends towards the touch on both sides: a bid's price, an ask's price with all bits turned over. The grid is what the best
//! levels have in common, so nobody has to tell what a tick is. Where the window lies, how fine and how wide it is, is decided anew
//! each time that more keys missed it than there are levels twice over: what that costs is paid for by the searches that it saves.

mod far;
mod window;

use wire::{Price, Side};

use far::Far;
use window::{PLACES_MAX, PLACES_MIN, UNIT_MAX, Window};

/// Of the levels, so many of the best tell what the grid is.
const TELLING: usize = 64;
/// Places for each level at most, beyond the fewest: what memory an open order book may cost.
const PLACES_PER_LEVEL: usize = 8;
/// Keys that may miss the window before it is laid anew, beyond twice the number of levels.
const PATIENCE: usize = 4;

/// What a level may hold. [`Default::default`] is nothing, and as good as no level.
pub trait Content: Copy + Default {
    /// Whether it is nothing.
    fn is_nothing(&self) -> bool;
}

impl Content for u32 {
    #[inline]
    fn is_nothing(&self) -> bool {
        *self == 0
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

/// The levels of one side: a cache line, and what it leads to.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
pub struct Ladder<V> {
    window: Window<V>,
    rest: Box<Rest<V>>,
}

/// What is rarely needed.
#[derive(Clone, Debug)]
struct Rest<V> {
    /// Levels that have no place in the window.
    far: Far<V>,
    /// Where levels are while the window is laid. Has room for all of them.
    moving: Vec<(i64, V)>,
    /// Keys that missed the window, and how many may.
    missed: usize,
    patience: usize,
}

impl<V> Default for Rest<V> {
    fn default() -> Self {
        // The first level lays the first window.
        Self { far: Far::default(), moving: Vec::new(), missed: 0, patience: 0 }
    }
}

impl<V: Content> Ladder<V> {
    /// Whether there is no level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.window.is_empty() && self.rest.far.len() == 0
    }

    /// How many levels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.window.count() + self.rest.far.len()
    }

    /// The best level.
    #[must_use]
    #[inline]
    pub fn best(&self) -> Option<(i64, V)> {
        let near = self.window.iter().next();
        if self.rest.far.len() == 0 {
            return near;
        }
        near.into_iter().chain(self.rest.far.iter().next()).max_by_key(|(key, _)| *key)
    }

    /// All levels, best first.
    pub fn iter(&self) -> impl Iterator<Item = (i64, V)> + '_ {
        let (mut near, mut far) = (self.window.iter().peekable(), self.rest.far.iter().peekable());
        std::iter::from_fn(move || match (near.peek(), far.peek()) {
            (Some((here, _)), Some((there, _))) if here < there => far.next(),
            (None, _) => far.next(),
            _ => near.next(),
        })
    }

    /// What the level with this key holds.
    #[must_use]
    #[inline]
    pub fn get(&self, key: i64) -> Option<V> {
        let held = match self.window.place(key) {
            Some(place) => self.window.get(place),
            None => return self.rest.far.get(key),
        };
        (!held.is_nothing()).then_some(held)
    }

    /// What the level with this key holds, to be changed, but not to nothing.
    #[inline]
    pub fn get_mut(&mut self, key: i64) -> Option<&mut V> {
        let held = match self.window.place(key) {
            Some(place) => self.window.get_mut(place),
            None => {
                self.rest.missed += 1;
                return self.rest.far.get_mut(key);
            }
        };
        if held.is_nothing() { None } else { Some(held) }
    }

    /// What the level with this key holds; made by `make`, and not to be nothing, if it is new.
    #[inline]
    pub fn get_or_insert(&mut self, key: i64, make: impl FnOnce() -> V) -> V {
        let Some(place) = self.window.place(key) else { return self.get_or_insert_far(key, make) };
        let held = self.window.get(place);
        if !held.is_nothing() {
            return held;
        }
        let value = make();
        self.window.put(place, value);
        value
    }

    /// Sets the level with this key.
    #[inline]
    pub fn set(&mut self, key: i64, value: V) {
        if value.is_nothing() {
            self.remove(key);
            return;
        }
        match self.window.place(key) {
            Some(place) => self.window.put(place, value),
            None => self.set_far(key, value),
        }
    }

    /// Removes the level with this key; what it held.
    #[inline]
    pub fn remove(&mut self, key: i64) -> Option<V> {
        let Some(place) = self.window.place(key) else { return self.remove_far(key) };
        let held = self.window.take(place);
        (!held.is_nothing()).then_some(held)
    }

    /// Removes all levels and keeps the memory.
    pub fn clear(&mut self) {
        self.window.clear();
        self.rest.far.clear();
    }

    /// Looks at what a change of this level will need, so that it is in the cache by then.
    #[inline]
    pub fn look(&self, key: i64) -> V {
        self.window.place(key).map_or(V::default(), |place| self.window.get(place))
    }

    #[cold]
    #[inline(never)]
    fn get_or_insert_far(&mut self, key: i64, make: impl FnOnce() -> V) -> V {
        if let Some(value) = self.rest.far.get(key) {
            self.miss(key);
            return value;
        }
        let value = make();
        self.insert(key, value);
        value
    }

    #[cold]
    #[inline(never)]
    fn set_far(&mut self, key: i64, value: V) {
        if let Some(held) = self.rest.far.get_mut(key) {
            *held = value;
            self.miss(key);
        } else {
            self.insert(key, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn remove_far(&mut self, key: i64) -> Option<V> {
        self.rest.missed += 1;
        self.rest.far.remove(key)
    }

    /// Inserts a key that is neither here nor there.
    fn insert(&mut self, key: i64, value: V) {
        self.miss(key);
        if let Some(place) = self.window.place(key) {
            self.window.put(place, value);
            return;
        }
        let Rest { far, moving, .. } = &mut *self.rest;
        far.insert(key, value);
        let most = self.window.len() + far.len();
        if moving.capacity() < most {
            moving.reserve(most);
        }
    }

    /// A key missed the window: lays it anew if that was once too often.
    fn miss(&mut self, key: i64) {
        self.rest.missed += 1;
        if self.rest.missed > self.rest.patience {
            self.lay(key);
        }
    }

    /// Lays the window where the levels are; without levels, around the key.
    fn lay(&mut self, key: i64) {
        let mut levels = std::mem::take(&mut self.rest.moving);
        levels.clear();
        levels.extend(self.iter());
        self.window.clear();
        self.rest.far.clear();
        let best = levels.first().map_or(key, |(best, _)| *best);
        let mut unit = 0;
        for (key, _) in levels.iter().take(TELLING) {
            unit = common_divisor(best.abs_diff(*key), unit);
        }
        let unit = if unit == 0 || unit > UNIT_MAX { 1 } else { unit };
        let on_grid = levels.iter().rev().map(|(key, _)| best.abs_diff(*key)).find(|distance| distance % unit == 0);
        // A third more, and a quarter of the whole for better levels to come.
        let steps = usize::try_from(on_grid.unwrap_or(0) / unit).unwrap_or(PLACES_MAX).min(PLACES_MAX);
        let most = (levels.len() * PLACES_PER_LEVEL).next_power_of_two().clamp(PLACES_MIN, PLACES_MAX);
        let places = (steps + steps / 3 + 1).next_power_of_two().clamp(PLACES_MIN, most).max(self.window.len());
        let below = (places as u64 / 4 * 3).wrapping_mul(unit).cast_signed();
        let above = (places as u64 / 4).wrapping_mul(unit).cast_signed();
        if let (Some(base), Some(_)) = (best.checked_sub(below), best.checked_add(above)) {
            self.window.lay(base, unit, places);
        }
        if levels.capacity() < self.window.len() + levels.len() {
            levels.reserve(self.window.len());
        }
        for (key, value) in levels.iter().rev() {
            match self.window.place(*key) {
                Some(place) => self.window.put(place, *value),
                None => self.rest.far.insert(*key, *value),
            }
        }
        (self.rest.missed, self.rest.patience) = (0, PATIENCE + 2 * levels.len());
        self.rest.moving = levels;
    }
}

fn common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests;
