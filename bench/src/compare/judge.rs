//! Which of many paired measurements differ: one question asked of all of them at once.
//!
//! Goal: two runs of the same thing say "no difference", however many figures they have. A pair is one round of A beside one round of B.
//! When nothing differs, it is chance which of the two had the larger value, so turning the signs of whole rounds round gives data that
//! might as well have been measured. How far the most striking of all figures stands out in such data is what a figure must exceed.
//! Turning a round for all figures together keeps whatever they have in common (a round on a busy machine is slow in all of them), and
//! asking for the most striking one keeps the chance of a single false alarm among all of them below [`FALSE_ALARMS_PER_MILLE`]. No
//! distribution is assumed. Non-goal: what the figures are; see [`super::pairs`].

use crate::stream::random::Random;

/// In so many of a thousand comparisons of the same with itself something may be named, whatever the number of figures.
pub const FALSE_ALARMS_PER_MILLE: usize = 10;
/// With fewer rounds there are too few ways to turn them round for any to be striking: 2 of 128 is more than 10 of 1,000.
pub const ROUNDS_MIN: usize = 8;

/// Up to so many rounds every way of turning them is tried; beyond, as many ways, drawn with a fixed seed.
const ROUNDS_TRIED_ALL: usize = 13;
/// A round that stands out by more than this, against the middle one of its figure, counts as this much.
const OUTLIER: f64 = 4.0;

/// What is known of one figure: logarithms of ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean over the rounds.
    pub centre: f64,
    /// How far the truth may lie from it, for all figures at once. Infinite when there were too few rounds.
    pub reach: f64,
}

impl Estimate {
    /// Whether "no change" is outside what is possible.
    pub fn differs(&self) -> bool {
        self.centre.abs() > self.reach
    }
}

/// A figure's rounds, with outliers cut.
struct Sample {
    rounds: Vec<f64>,
    mean_square: f64,
}

/// Judges figures by the logarithms of their ratios, round by round. All figures have the same number of rounds.
pub fn judge(figures: &[Vec<f64>]) -> Vec<Estimate> {
    let samples: Vec<Sample> = figures.iter().map(|rounds| Sample::cut(rounds)).collect();
    let rounds = figures.first().map_or(0, Vec::len);
    let floor = floor(&samples, rounds);
    let unturned = vec![false; rounds];
    let spread = |sample: &Sample| sample.error(sample.mean(&unturned), rounds) + floor;
    let limit = if rounds < ROUNDS_MIN { f64::INFINITY } else { limit(&samples, rounds, floor) };
    let estimate = |sample: &Sample| Estimate {
        centre: sample.mean(&unturned),
        // Where nothing ever varies, nothing has to be exceeded.
        reach: if limit.is_finite() { limit * spread(sample) } else { f64::INFINITY },
    };
    samples.iter().map(estimate).collect()
}

/// How striking the most striking figure may be by chance.
fn limit(samples: &[Sample], rounds: usize, floor: f64) -> f64 {
    let mut random = Random::new(0x00C0_FFEE);
    let all = rounds <= ROUNDS_TRIED_ALL;
    // The first round stays as it is: turning all of them changes no size.
    let ways = 1_u64 << (rounds.min(ROUNDS_TRIED_ALL) - 1);
    let mut most: Vec<f64> = Vec::new();
    let mut turned = vec![false; rounds];
    for way in 0..ways {
        // The first way turns nothing, in either case: what was measured is one of the ways.
        let bits = if all || way == 0 { way } else { random.bits() };
        for (at, turn) in turned.iter_mut().skip(1).enumerate() {
            *turn = bits >> (at % 64) & 1 == 1;
        }
        let striking = samples.iter().map(|sample| {
            let mean = sample.mean(&turned);
            let spread = sample.error(mean, rounds) + floor;
            if spread > 0.0 { mean.abs() / spread } else { 0.0 }
        });
        most.push(striking.fold(0.0, f64::max));
    }
    most.sort_unstable_by(|a, b| b.total_cmp(a));
    let exceeded = most.len() * FALSE_ALARMS_PER_MILLE / 1_000;
    // A hair more, so that equal ways that were added up in another order stay equal.
    most[exceeded.min(most.len() - 1)] * (1.0 + 1e-9)
}

/// What is added to every figure's own error: that of the quieter ones, because a figure may look quiet in a few rounds by chance. It does
/// not change when rounds are turned.
fn floor(samples: &[Sample], rounds: usize) -> f64 {
    let mut errors: Vec<f64> = samples.iter().map(|sample| (sample.mean_square / real(rounds)).sqrt()).collect();
    errors.sort_unstable_by(f64::total_cmp);
    errors.get(errors.len() / 4).copied().unwrap_or(0.0)
}

impl Sample {
    fn cut(rounds: &[f64]) -> Self {
        let mut sizes: Vec<f64> = rounds.iter().map(|round| round.abs()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let most = OUTLIER * sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
        let rounds: Vec<f64> = rounds.iter().map(|round| round.clamp(-most, most)).collect();
        let mean_square = rounds.iter().map(|round| round * round).sum::<f64>() / real(rounds.len());
        Self { rounds, mean_square }
    }

    fn mean(&self, turned: &[bool]) -> f64 {
        let signed = self.rounds.iter().zip(turned).map(|(round, turn)| if *turn { -round } else { *round });
        signed.sum::<f64>() / real(self.rounds.len())
    }

    /// The standard error of the mean.
    fn error(&self, mean: f64, rounds: usize) -> f64 {
        ((self.mean_square - mean * mean).max(0.0) / real(rounds.saturating_sub(1))).sqrt()
    }
}

/// A number of rounds, not zero.
fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPARISONS: u64 = 1_000;

    /// A normal deviate, from twelve even ones.
    fn normal(random: &mut Random) -> f64 {
        let even =
            |random: &mut Random| f64::from(u32::try_from(random.below(1 << 32)).expect("32 bits")) / 4_294_967_296.0;
        (0..12).map(|_| even(random)).sum::<f64>() - 6.0
    }

    /// Logarithms of ratios of two measurements with 3% noise each. In so many of a thousand rounds one side was disturbed, by about a
    /// third, in all figures. The first figure has changed by `factor`.
    fn measured(random: &mut Random, [figures, rounds]: [usize; 2], disturbed: u64, factor: f64) -> Vec<Vec<f64>> {
        let mut all = vec![Vec::new(); figures];
        for _ in 0..rounds {
            let shared = if random.happens(disturbed) { 0.3 * normal(random) } else { 0.0 };
            for (at, rounds) in all.iter_mut().enumerate() {
                let change = if at == 0 { factor.ln() } else { 0.0 };
                rounds.push(change + shared + 0.03 * (normal(random) - normal(random)));
            }
        }
        all
    }

    /// In how many of a thousand comparisons the first figure was named, and any other.
    fn named(seed: u64, size: [usize; 2], disturbed: u64, factor: f64) -> [u64; 2] {
        let mut random = Random::new(seed);
        let (mut first, mut others) = (0, 0);
        for _ in 0..COMPARISONS {
            let estimates = judge(&measured(&mut random, size, disturbed, factor));
            first += u64::from(estimates[0].differs());
            others += u64::from(estimates[1..].iter().any(Estimate::differs));
        }
        [first, others]
    }

    #[test]
    fn the_same_is_hardly_ever_told_from_itself() {
        for (seed, size, disturbed) in [(1, [1, 10], 100), (2, [20, 10], 100), (3, [20, 8], 0), (4, [100, 10], 0)] {
            let [first, others] = named(seed, size, disturbed, 1.0);
            assert!(first + others < COMPARISONS / 50, "{size:?}: {first} + {others}");
        }
    }

    #[test]
    fn a_tenth_more_is_found_in_three_percent_of_noise() {
        for (seed, figures) in [(5, 1), (6, 20), (7, 100)] {
            let [first, others] = named(seed, [figures, 10], 0, 1.1);
            assert!(first > COMPARISONS * 95 / 100, "{figures} figures: {first} of {COMPARISONS}");
            assert!(others < COMPARISONS / 50, "{figures} figures: {others} false ones");
        }
    }

    #[test]
    fn more_rounds_than_can_all_be_turned_are_judged_by_a_part() {
        let mut random = Random::new(6);
        let estimates = judge(&measured(&mut random, [10, 40], 100, 1.1));
        assert!(estimates[0].differs() && !estimates[1..].iter().any(Estimate::differs), "{estimates:?}");
    }

    #[test]
    fn too_few_rounds_name_nothing() {
        let sure = vec![vec![1.0; ROUNDS_MIN - 1]];
        assert!(!judge(&sure)[0].differs());
        assert!(judge(&[vec![1.0; ROUNDS_MIN]])[0].differs());
        assert_eq!(judge(&[]), []);
        assert!(!judge(&[vec![0.0; 10], vec![0.0; 10]])[1].differs());
    }

    #[test]
    fn one_wild_round_neither_makes_nor_hides_a_difference() {
        let noise = [0.01, -0.01, 0.02, -0.015, 0.005, -0.02, 0.01, -0.005, 0.0, 0.004];
        let with = |shift: f64, wild: f64| {
            let mut rounds: Vec<f64> = noise.iter().map(|noise| noise + shift).collect();
            rounds[3] = wild;
            judge(&[rounds])[0]
        };
        assert!(!with(0.0, 2.0).differs());
        assert!(with(0.2, 2.0).differs());
    }
}
