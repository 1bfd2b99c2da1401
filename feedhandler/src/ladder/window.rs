//! The levels near the touch, each at a place that its price alone tells.
//!
//! Goal: a level is found, made and removed by one multiplication and one cache line. Non-goal: levels outside, and when the window
//! should lie elsewhere.
//!
//! ```text
//!   place = (key - base) / unit          taken: one word of words that are not empty, then a bit a place
//! ```
//!
//! A key that lies between two places has none. One multiplication finds that out as well: times the inverse of the unit (modulo 2^64),
//! exactly the multiples of the unit come to small numbers.

use super::Content;

/// The most places: what one word of words can tell.
pub const PLACES_MAX: usize = 64 * 64;
/// The fewest places.
pub const PLACES_MIN: usize = 64;
/// With larger units, numbers between two places could come to small ones.
pub const UNIT_MAX: u64 = 1 << 50;

/// Places for the keys `base`, `base + unit`, and so on.
#[derive(Clone, Debug, Default)]
pub struct Window<V> {
    base: i64,
    unit: u64,
    /// Of the odd part of the unit.
    inverse: u64,
    /// A power of two of them, or none at all.
    places: Box<[V]>,
    /// Which are taken; the first word tells which of the others are not zero.
    taken: Box<[u64]>,
}

impl<V: Content> Window<V> {
    /// Lays an empty window: at least `places` places, or none where keys of that many places do not exist.
    pub fn lay(&mut self, base: i64, unit: u64, places: usize) {
        if places > self.places.len() {
            self.places = vec![V::default(); places].into();
            self.taken = vec![0; 1 + places / 64].into();
        }
        let odd = unit >> unit.trailing_zeros();
        // Newton: five bits are right, and each step doubles them.
        let mut inverse = odd.wrapping_mul(3) ^ 2;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        (self.base, self.unit, self.inverse) = (base, unit, inverse);
    }

    /// How many places there are.
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Where this key is or would be.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of places")]
    pub fn place(&self, key: i64) -> Option<usize> {
        let distance = key.wrapping_sub(self.base).cast_unsigned();
        let steps = distance.wrapping_mul(self.inverse).rotate_right(self.unit.trailing_zeros());
        (steps < self.places.len() as u64).then_some(steps as usize)
    }

    /// What is at a place; nothing, if nothing is.
    #[inline]
    pub fn get(&self, place: usize) -> V {
        self.places[place]
    }

    /// What is at a place, to be changed, but not to nothing and not from nothing.
    #[inline]
    pub fn get_mut(&mut self, place: usize) -> &mut V {
        &mut self.places[place]
    }

    /// Fills a place.
    #[inline]
    pub fn put(&mut self, place: usize, value: V) {
        self.places[place] = value;
        self.taken[1 + place / 64] |= 1 << (place % 64);
        self.taken[0] |= 1 << (place / 64);
    }

    /// Empties a place; what was there.
    #[inline]
    pub fn take(&mut self, place: usize) -> V {
        let value = std::mem::take(&mut self.places[place]);
        let word = &mut self.taken[1 + place / 64];
        *word &= !(1 << (place % 64));
        if *word == 0 {
            self.taken[0] &= !(1 << (place / 64));
        }
        value
    }

    /// Empties all.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.places.fill(V::default());
            self.taken.fill(0);
        }
    }

    /// Whether no place is taken.
    pub const fn is_empty(&self) -> bool {
        self.taken.is_empty() || self.taken[0] == 0
    }

    /// What is taken, highest key first.
    pub fn iter(&self) -> impl Iterator<Item = (i64, V)> + '_ {
        let mut below = self.places.len();
        std::iter::from_fn(move || {
            below = self.highest_below(below)?;
            Some((self.key(below), self.places[below]))
        })
    }

    /// How many are taken.
    pub fn count(&self) -> usize {
        self.taken.iter().skip(1).map(|word| word.count_ones() as usize).sum()
    }

    fn key(&self, place: usize) -> i64 {
        self.base.wrapping_add((place as u64).wrapping_mul(self.unit).cast_signed())
    }

    /// The highest place that is taken and less than `place`.
    fn highest_below(&self, place: usize) -> Option<usize> {
        let (word, bit) = (place / 64, place % 64);
        let here = self.taken.get(1 + word).map_or(0, |bits| bits & !(u64::MAX << bit));
        if here != 0 {
            return Some(word * 64 + top_bit(here));
        }
        let words = self.taken.first()?;
        let words = if word < 64 { words & !(u64::MAX << word) } else { *words };
        if words == 0 {
            return None;
        }
        let word = top_bit(words);
        Some(word * 64 + top_bit(self.taken[1 + word]))
    }
}

/// Of a word that is not zero.
const fn top_bit(word: u64) -> usize {
    (63 - word.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_multiples_of_the_unit_have_places() {
        for unit in [1_u64, 2, 3, 7, 100, 2_500, 10_000, 1 << 40, UNIT_MAX - 1, UNIT_MAX] {
            for base in [0, -5, 1_000_003, i64::MIN] {
                let mut window = Window::<u32>::default();
                window.lay(base, unit, PLACES_MAX);
                let step = unit.cast_signed();
                for place in [0_usize, 1, 2, 63, 64, 1_000, PLACES_MAX - 1] {
                    let key = base.wrapping_add(step.wrapping_mul(i64::try_from(place).unwrap()));
                    assert_eq!((window.place(key), window.key(place)), (Some(place), key), "{unit} {base}");
                    if unit > 1 {
                        assert_eq!(window.place(key.wrapping_add(1)), None, "{unit} {base}");
                        assert_eq!(window.place(key.wrapping_add(step / 2)), None, "{unit} {base}");
                    }
                }
                for outside in [base.wrapping_sub(step), base.wrapping_add(step << 12), base.wrapping_add(i64::MAX)] {
                    assert_eq!(window.place(outside), None, "{unit} {base} {outside}");
                }
            }
        }
    }
}
