//! One measured number, and what belongs together.
//!
//! Goal: a figure cannot be printed without its unit and without what it leaves out. Integers only, so that what is printed is what was
//! measured. Non-goal: how it is printed; see [`crate::report`].

use std::borrow::Cow;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Things in a second.
    PerSecond,
    /// Nanoseconds.
    Ns,
    /// Tenths of a nanosecond.
    TenthNs,
    /// Tenths of a thing.
    Tenths,
    /// Thousandths of another figure.
    Thousandths,
}

/// A number with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is, with the unit last; unique within its row.
    pub name: &'static str,
    /// The number.
    pub value: u64,
    /// What it counts.
    pub unit: Unit,
}

impl Figure {
    /// A number of things.
    pub const fn count(name: &'static str, value: u64) -> Self {
        Self { name, value, unit: Unit::Count }
    }

    /// A duration.
    pub const fn ns(name: &'static str, value: u64) -> Self {
        Self { name, value, unit: Unit::Ns }
    }

    /// `done` in `ns` nanoseconds.
    pub fn rate(name: &'static str, done: u64, ns: u64) -> Self {
        let value = u128::from(done) * 1_000_000_000 / u128::from(ns.max(1));
        Self { name, value: u64::try_from(value).unwrap_or(u64::MAX), unit: Unit::PerSecond }
    }

    /// The share of one of `count` things in `ns` nanoseconds.
    pub fn tenths(name: &'static str, ns: u64, count: u64) -> Self {
        Self { name, value: tenths(ns, count), unit: Unit::TenthNs }
    }

    /// The share of one of `count` things in a `sum` of others.
    pub fn share(name: &'static str, sum: u64, count: u64) -> Self {
        Self { name, value: tenths(sum, count), unit: Unit::Tenths }
    }

    /// `part` as a multiple of `whole`.
    pub fn ratio(name: &'static str, part: u64, whole: u64) -> Self {
        let value = u128::from(part) * 1_000 / u128::from(whole.max(1));
        Self { name, value: u64::try_from(value).unwrap_or(u64::MAX), unit: Unit::Thousandths }
    }
}

/// A quotient in tenths, rounded.
fn tenths(sum: u64, count: u64) -> u64 {
    let count = u128::from(count.max(1));
    u64::try_from((u128::from(sum) * 10 + count / 2) / count).unwrap_or(u64::MAX)
}

/// The figures of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The thing.
    pub name: Cow<'static, str>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// What they leave out.
    pub excludes: &'static str,
}

/// What one suite found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The suite.
    pub name: &'static str,
    /// What a reader must know about all rows, and what was proved.
    pub facts: Vec<(&'static str, String)>,
    /// The figures.
    pub rows: Vec<Row>,
    /// What only a plot shows.
    pub series: Vec<Series>,
}

/// What the points of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Latency by percentile: x in thousandths of a percent (99,900 is p99.9), y in nanoseconds.
    Percentiles,
    /// Latency against offered rate: x in messages a second, y the p99 in nanoseconds.
    Rates,
    /// Throughput by scenario: x the number of the scenario in the order of the rows, y in messages a second.
    Throughput,
    /// Time by stage: x the number of the stage on a message's way, y in nanoseconds.
    Budget,
}

/// Points of one line of a plot, ascending in x. Series of one section and plot are drawn together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The plot.
    pub plot: Plot,
    /// The line.
    pub name: String,
    /// Its points.
    pub points: Vec<(u64, u64)>,
    /// What stands at the points instead of x, one each, where x is only a number; else empty.
    pub labels: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_ratios_are_exact_and_survive_nothing() {
        assert_eq!(Figure::rate("a_per_s", 39_878, 1_000_000).value, 39_878_000);
        assert_eq!(Figure::rate("a_per_s", u64::MAX, 0).value, u64::MAX);
        assert_eq!(Figure::ratio("a_ratio", 3, 2).value, 1_500);
        assert_eq!(Figure::ratio("a_ratio", 3, 0).value, 3_000);
        assert_eq!(Figure::tenths("a_ns", 255, 100).value, 26);
        assert_eq!(Figure::share("a", 254, 100).value, 25);
    }
}
