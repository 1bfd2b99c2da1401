//! Zipf's law with exponent 1: the k-th most traded instrument gets a share of 1/k.
//!
//! Goal: which instrument a message concerns, in integers. Non-goal: other exponents.

use super::random::Random;

/// One over a rank is counted in these.
const UNIT: u64 = 1 << 40;

/// The shares of some instruments, the first the largest.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// The sum of the shares up to and with each.
    sums: Vec<u64>,
}

impl Zipf {
    /// Shares for this many, which is not zero.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let sums = (1..=u64::from(count.max(1))).scan(0, |sum, rank| {
            *sum += UNIT / rank;
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// One of them, by its share.
    pub fn draw(&self, random: &mut Random) -> usize {
        let point = random.below(self.total());
        self.sums.partition_point(|sum| *sum <= point)
    }

    /// How many of `whole` things each gets, rounded down.
    pub fn shares(&self, whole: u32) -> impl Iterator<Item = u32> {
        let total = u128::from(self.total());
        (1..=self.sums.len() as u64)
            .map(move |rank| u32::try_from(u128::from(whole) * u128::from(UNIT / rank) / total).unwrap_or(u32::MAX))
    }

    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_drawn_half_as_often_as_the_first() {
        let zipf = Zipf::new(10_000);
        let mut random = Random::new(1);
        let mut seen = vec![0_u32; 10_000];
        (0..100_000).for_each(|_| seen[zipf.draw(&mut random)] += 1);
        // The sum of 1/k up to 10,000 is 9.79.
        assert!((9_900..10_500).contains(&seen[0]), "{}", seen[0]);
        assert!((4_900..5_300).contains(&seen[1]), "{}", seen[1]);
        assert!(seen[9_000..].iter().sum::<u32>() > 500);
    }

    #[test]
    fn shares_add_up_to_nearly_the_whole() {
        let shares: Vec<u32> = Zipf::new(100).shares(100_000).collect();
        let sum: u32 = shares.iter().sum();
        assert!(
            (99_900..=100_000).contains(&sum) && shares[0] == 2 * shares[1] + 1 || shares[0] == 2 * shares[1],
            "{sum}"
        );
        assert_eq!(Zipf::new(1).shares(7).collect::<Vec<_>>(), [7]);
    }
}
