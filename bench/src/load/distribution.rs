//! How durations are distributed.
//!
//! Goal: the percentiles that a latency is told by, and the line that a plot shows of it. Non-goal: means, which hide what matters.

use crate::figure::{Figure, Plot, Series};
use crate::sample::durations;
use hdrhistogram::Histogram;

/// The percentiles that are told, in thousandths of a percent.
const TOLD: [u64; 5] = [50_000, 90_000, 99_000, 99_900, 99_990];
/// The percentiles that are drawn, likewise.
const DRAWN: [u64; 14] =
    [10_000, 25_000, 50_000, 75_000, 90_000, 95_000, 97_500, 99_000, 99_500, 99_750, 99_900, 99_950, 99_990, 99_999];
/// Thousandths of a percent in a whole.
const WHOLE: u64 = 100_000;

/// Durations, three significant digits of each.
#[derive(Clone, Debug)]
pub struct Distribution {
    histogram: Histogram<u64>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self { histogram: durations() }
    }
}

impl From<Histogram<u64>> for Distribution {
    /// Of durations in nanoseconds.
    fn from(histogram: Histogram<u64>) -> Self {
        Self { histogram }
    }
}

impl Distribution {
    /// Adds one.
    #[inline]
    pub fn record(&mut self, duration_ns: u64) {
        self.histogram.saturating_record(duration_ns.max(1));
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        self.histogram += &other.histogram;
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.histogram.len()
    }

    /// The duration that so many thousandths of a percent do not exceed.
    #[must_use]
    pub fn percentile_ns(&self, thousandths: u64) -> u64 {
        // The rank is found in integers, so that what is printed does not hang on a rounding.
        let rank = (u128::from(self.len()) * u128::from(thousandths)).div_ceil(u128::from(WHOLE)).max(1);
        let mut seen = 0_u128;
        for step in self.histogram.iter_recorded() {
            seen += u128::from(step.count_since_last_iteration());
            if seen >= rank {
                return step.value_iterated_to();
            }
        }
        0
    }

    /// The longest.
    #[must_use]
    pub fn max_ns(&self) -> u64 {
        self.histogram.max()
    }

    /// How many are as long or longer, to the histogram's precision.
    #[must_use]
    pub fn count_from(&self, duration_ns: u64) -> u64 {
        let steps = self.histogram.iter_recorded().filter(|step| step.value_iterated_to() >= duration_ns);
        steps.map(|step| step.count_since_last_iteration()).sum()
    }

    /// p50, p90, p99, p99.9, p99.99 and the longest.
    pub fn figures(&self) -> impl Iterator<Item = Figure> + '_ {
        let names = ["p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns"];
        let told = names.into_iter().zip(TOLD).map(|(name, percent)| Figure::ns(name, self.percentile_ns(percent)));
        told.chain([Figure::ns("max_ns", self.max_ns())])
    }

    /// The line of a plot: no point where there are too few durations for it.
    #[must_use]
    pub fn series(&self, name: impl Into<String>) -> Series {
        let enough = |percent: &u64| self.len() * (WHOLE - percent) >= WHOLE;
        let points = DRAWN.into_iter().filter(enough).map(|percent| (percent, self.percentile_ns(percent)));
        let points = points.chain([(WHOLE, self.max_ns())]).collect();
        Series { plot: Plot::Percentiles, name: name.into(), points, labels: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evenly(count: u64) -> Distribution {
        let mut distribution = Distribution::default();
        (1..=count).for_each(|ns| distribution.record(ns));
        distribution
    }

    #[test]
    fn percentiles_are_those_of_the_ranks() {
        let distribution = evenly(1_000);
        let values: Vec<u64> = distribution.figures().map(|figure| figure.value).collect();
        assert_eq!(values, [500, 900, 990, 999, 1_000, 1_000]);
        assert_eq!(distribution.percentile_ns(0), 1);
        assert_eq!(
            (distribution.count_from(901), distribution.count_from(1), distribution.count_from(1_001)),
            (100, 1_000, 0)
        );
        assert_eq!(Distribution::default().percentile_ns(50_000), 0);
    }

    #[test]
    fn what_cannot_be_told_apart_is_not_drawn() {
        let percents = |count| evenly(count).series("x").points.iter().map(|&(x, _)| x).collect::<Vec<_>>();
        assert_eq!(percents(10), [10_000, 25_000, 50_000, 75_000, 90_000, WHOLE]);
        assert_eq!(percents(100_000).len(), DRAWN.len() + 1);
    }

    #[test]
    fn distributions_add_up() {
        let mut both = evenly(100);
        both.add(&evenly(50));
        assert_eq!((both.len(), both.max_ns(), both.percentile_ns(50_000)), (150, 100, 38));
    }
}
