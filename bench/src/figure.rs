//! One measured number, and what belongs together.
//!
//! Goal: a figure cannot be printed without its unit and without what it leaves out. Integers only, so that what is printed is what was
//! measured. Non-goal: how it is printed; see [`crate::report`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a number counts. The names are those of the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Things.
    #[serde(rename = "count")]
    Count,
    /// Things in a second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Ns,
    /// Tenths of a nanosecond.
    #[serde(rename = "0.1 ns")]
    TenthNs,
    /// Tenths of a thing.
    #[serde(rename = "1/10")]
    Tenths,
    /// Thousandths of another figure. Of a duration, unless the name ends with `rate_ratio`.
    #[serde(rename = "1/1000")]
    Thousandths,
}

/// What a larger number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Larger {
    /// Faster.
    Faster,
    /// Slower.
    Slower,
    /// Neither: a number of things.
    Neither,
}

impl Unit {
    /// What a larger figure of this unit and name means.
    #[must_use]
    pub fn larger(self, name: &str) -> Larger {
        match self {
            Self::PerSecond => Larger::Faster,
            Self::Thousandths if name.ends_with("rate_ratio") => Larger::Faster,
            Self::Ns | Self::TenthNs | Self::Thousandths => Larger::Slower,
            // Of the figures in tenths, only instructions are a cost.
            Self::Tenths if name == "instructions" => Larger::Slower,
            Self::Count | Self::Tenths => Larger::Neither,
        }
    }
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

/// The fact that says how many cores a suite would like to have.
pub const THREADS: &str = "threads";

/// In the name of a row that is one point of a sweep. At a glance a sweep is its knee.
pub const SWEEP: &str = ", sweep at ";

/// What one suite found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The suite.
    pub name: &'static str,
    /// What a reader must know about all rows, and what was proved. A fact named [`THREADS`] begins with how many threads poll at once,
    /// each in need of a core of its own.
    pub facts: Vec<(&'static str, String)>,
    /// The figures.
    pub rows: Vec<Row>,
    /// What only a plot shows.
    pub series: Vec<Series>,
}

/// What the points of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The plot.
    pub plot: Plot,
    /// The line.
    pub name: String,
    /// Its points.
    pub points: Vec<(u64, u64)>,
    /// What stands at the points instead of x, one each, where x is only a number; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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

    #[test]
    fn what_a_larger_figure_means_goes_by_unit_and_name() {
        assert_eq!(Unit::PerSecond.larger("messages_per_s"), Larger::Faster);
        assert_eq!(Unit::Thousandths.larger("rate_ratio"), Larger::Faster);
        assert_eq!(Unit::Thousandths.larger("floor_ratio"), Larger::Slower);
        assert_eq!(Unit::Ns.larger("p50_ns"), Larger::Slower);
        assert_eq!(Unit::Tenths.larger("instructions"), Larger::Slower);
        assert_eq!(Unit::Count.larger("samples"), Larger::Neither);
    }
}
