//! From many readings to a few figures.

use crate::figure::Figure;
use hdrhistogram::Histogram;
use netio::clock::Clock;

/// The longest duration that is told apart, ns.
const DURATION_MAX_NS: u64 = 60_000_000_000;

/// The names of three percentiles, in nanoseconds.
pub type PercentileNames = [&'static str; 3];

/// An empty distribution of durations: three significant digits.
pub fn durations() -> Histogram<u64> {
    Histogram::new_with_bounds(1, DURATION_MAX_NS, 3).expect("the bounds are those that it documents")
}

/// p50, p99 and p99.9.
pub fn percentiles(names: PercentileNames, histogram: &Histogram<u64>) -> impl Iterator<Item = Figure> {
    let quantiles = [0.5, 0.99, 0.999];
    names.into_iter().zip(quantiles).map(|(name, quantile)| Figure::ns(name, histogram.value_at_quantile(quantile)))
}

/// The middle one of some readings; the higher of two.
pub fn median(readings: &[u64]) -> u64 {
    let mut sorted = readings.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// What lies between two readings of the clock, one right after the other: about as much is in every duration that is measured singly.
pub fn clock_overhead_ns(clock: &Clock) -> u64 {
    const READINGS: usize = 20_000;
    let mut histogram = durations();
    for _ in 0..READINGS {
        let before = clock.now();
        histogram.saturating_record(clock.now() - before);
    }
    histogram.value_at_quantile(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), 0);
        assert_eq!(median(&[5, 1, 9]), 5);
        assert_eq!(median(&[4, 1, 9, 5]), 5);
    }

    #[test]
    fn percentiles_come_from_the_histogram() {
        let mut histogram = durations();
        for value in 1..=1_000 {
            histogram.record(value).expect("within the bounds");
        }
        let values: Vec<u64> = percentiles(["a", "b", "c"], &histogram).map(|figure| figure.value).collect();
        assert_eq!(values, [500, 990, 999]);
    }
}
