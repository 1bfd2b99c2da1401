//! Chance, from a seed.
//!
//! Goal: each purpose draws from a stream of its own, so that switching one off leaves the others as they were. Non-goal: secrecy.

use std::ops::RangeInclusive;

/// A stream of words (splitmix64).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

/// One in so many.
pub const MILLION: u32 = 1_000_000;

impl Random {
    /// The stream of this name.
    #[must_use]
    pub fn new(seed: u64, stream: &str) -> Self {
        let named = stream
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
        let mut random = Self { state: seed ^ named };
        // Neighbouring seeds begin far from each other.
        random.state = random.word() ^ named.rotate_left(32);
        random
    }

    /// The next word.
    pub const fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Below `bound`; 0 when that is 0.
    #[allow(clippy::cast_possible_truncation)] // the high half of a product of two words is a word
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    /// A place in a list of this length.
    pub fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// Within the range.
    pub fn between(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.below((range.end() - range.start()).saturating_add(1))
    }

    /// Within the range, its orders of magnitude alike likely.
    pub fn magnitude(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = (*range.start(), (*range.end()).max(1));
        let bits = self.between(u64::from(low.max(1).ilog2())..=u64::from(high.ilog2()));
        (self.between(1 << bits..=(2 << bits) - 1)).clamp(low, high)
    }

    /// True so many times in a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(u64::from(MILLION)) < u64::from(per_million)
    }

    /// One of them.
    ///
    /// # Panics
    /// There is none.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.place(all.len())]
    }

    /// Bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_own_and_stays_within_bounds() {
        let mut a = Random::new(7, "a");
        let mut again = Random::new(7, "a");
        let mut b = Random::new(7, "b");
        let words: Vec<u64> = (0..8).map(|_| a.word()).collect();
        assert_eq!(words, (0..8).map(|_| again.word()).collect::<Vec<_>>());
        assert_ne!(words, (0..8).map(|_| b.word()).collect::<Vec<_>>());
        let mut seen = [false; 5];
        for _ in 0..1_000 {
            seen[a.place(5)] = true;
            assert!((10..=20).contains(&a.between(10..=20)));
            assert!((3..=5_000).contains(&a.magnitude(3..=5_000)));
            assert!(!a.chance(0));
            assert!(a.chance(MILLION));
        }
        assert_eq!(seen, [true; 5]);
    }
}
