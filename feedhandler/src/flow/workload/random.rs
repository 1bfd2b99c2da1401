//! The random numbers of the generated flow: the 32-bit Mersenne Twister (MT19937), and the few distributions drawn from it.
//!
//! Goal: the same numbers as every other implementation of the flow, bit for bit. Each distribution is written out here, because
//! those of libraries draw a different count of words. Non-goal: good or secret randomness.
//!
//! `exp`, `log`, `cos` and `pow` come from the platform's mathematical library and are not standardised to the last bit. GNU libc
//! gives the published flows; the tests notice a library that does not.

const STATE_WORDS: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
#[derive(Clone)]
pub(super) struct Random {
    state: [u32; STATE_WORDS],
    /// Words of the state that were handed out.
    used: usize,
}

impl Random {
    /// Begins with a seed.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; STATE_WORDS];
        let mut before = seed;
        for (word, number) in state[1..].iter_mut().zip(1..) {
            before = (before ^ before >> 30).wrapping_mul(1_812_433_253).wrapping_add(number);
            *word = before;
        }
        Self { state, used: STATE_WORDS }
    }

    /// The next 32 random bits.
    pub fn word(&mut self) -> u32 {
        if self.used == STATE_WORDS {
            self.renew();
        }
        let mut word = self.state[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9D2C_5680;
        word ^= word << 15 & 0xEFC6_0000;
        word ^ word >> 18
    }

    /// A number of [0, 1) with 53 random bits, from two words: 27 bits of the first, 26 of the second.
    pub fn uniform(&mut self) -> f64 {
        const TWO_TO_26: f64 = 67_108_864.0;
        const TWO_TO_53: f64 = 9_007_199_254_740_992.0;
        let high = f64::from(self.word() >> 5);
        let low = f64::from(self.word() >> 6);
        (high * TWO_TO_26 + low) * (1.0 / TWO_TO_53)
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A whole number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `end`, rounded down")]
        {
            (self.uniform() * f64::from(end)) as u32
        }
    }

    /// A standard normal number, by the cosine branch of Box and Muller's method.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform_above_zero().ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.uniform()).cos()
    }

    /// An exponentially distributed number.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -self.uniform_above_zero().ln() / rate
    }

    /// A uniform number that has a logarithm.
    fn uniform_above_zero(&mut self) -> f64 {
        self.uniform().max(1e-300)
    }

    /// Makes the next words of the state from the last ones, in place.
    fn renew(&mut self) {
        const UPPER_BIT: u32 = 1 << 31;
        for here in 0..STATE_WORDS {
            let next = self.state[(here + 1) % STATE_WORDS];
            let joined = self.state[here] & UPPER_BIT | next & !UPPER_BIT;
            let twist = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[here] = self.state[(here + MIDDLE) % STATE_WORDS] ^ joined >> 1 ^ twist;
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_word_is_the_one_that_the_cpp_standard_names() {
        let mut random = Random::new(5489);
        let words: Vec<u32> = (0..10_000).map(|_| random.word()).collect();
        assert_eq!((words[0], words[9_999]), (3_499_211_612, 4_123_659_995));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&random.uniform()));
            assert!(random.below(3) < 3);
            assert!(random.exponential(2.0) >= 0.0 && random.normal().abs() < 40.0);
        }
        assert_eq!(random.below(1), 0);
    }
}
