//! From many readings to a few figures.

use crate::figure::{Figure, Plot, Series};
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

/// A distribution as a line of a plot.
pub fn by_percentile(name: &str, histogram: &Histogram<u64>) -> Series {
    // Thousandths of a percent; the last is the slowest of all.
    const PERCENTILES: [u32; 11] =
        [25_000, 50_000, 75_000, 90_000, 95_000, 99_000, 99_500, 99_900, 99_990, 99_999, 100_000];
    // Where there are few readings, the last of them stand for many percentiles: these are not drawn.
    let told = |percentile: u32| {
        percentile == 100_000 || u128::from(histogram.len()) * u128::from(100_000 - percentile) >= 100_000
    };
    let at = |percentile: u32| histogram.value_at_quantile(f64::from(percentile) / 100_000.0);
    let points = PERCENTILES.into_iter().filter(|percentile| told(*percentile));
    Series {
        plot: Plot::Percentiles,
        name: name.to_owned(),
        points: points.map(|percentile| (u64::from(percentile), at(percentile))).collect(),
        labels: vec![],
    }
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

        let line = by_percentile("x", &histogram);
        assert_eq!(line.points.last(), Some(&(100_000, 1_000)));
        // A thousand readings tell no p99.99.
        assert_eq!(line.points.iter().rev().nth(1), Some(&(99_900, 999)));
        assert!(line.points.contains(&(90_000, 900)));
    }
}
