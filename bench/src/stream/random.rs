//! Random numbers for made-up commands: SplitMix64, integers only.
//!
//! Goal: the same commands from the same seed on every machine. Non-goal: good or secret randomness; the contest's generator, which is
//! `feedhandler::flow::Workload`.

/// The generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    /// A number below `end`, which is not zero.
    #[allow(clippy::cast_possible_truncation, reason = "the upper half of the product is below `end`")]
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A position in something of this length, which is not zero.
    #[allow(clippy::cast_possible_truncation, reason = "below a usize")]
    pub fn position(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Whether something happens that does in so many of a thousand cases.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A distance from the touch: small ones are common, each doubling half as likely as the one before, at most 1,023.
    pub fn distance(&mut self) -> i64 {
        let doublings = self.bits().trailing_zeros().min(8);
        i64::try_from(self.below(4 << doublings)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_reference() {
        let mut random = Random::new(1_234_567);
        let first = [random.bits(), random.bits(), random.bits()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_in_their_range_and_use_it() {
        let mut random = Random::new(5);
        let mut seen = [0_u32; 7];
        for _ in 0..7_000 {
            seen[random.position(7)] += 1;
            assert!((0..1_024).contains(&random.distance()));
        }
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }
}
