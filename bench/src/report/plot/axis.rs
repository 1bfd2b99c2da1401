//! Where ticks stand: at 1, 2 and 5 times powers of ten.
//!
//! Goal: round numbers, not too many, with their units. Non-goal: drawing.

use std::ops::Range;

use super::real;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// An axis with ticks where they are wanted, and nowhere else.
pub struct Ticked {
    scale: RangedCoordf64,
    places: Vec<f64>,
}

impl Ticked {
    /// From the lower to the higher end, with ticks at these places.
    pub fn new((low, high): (f64, f64), places: Vec<f64>) -> Self {
        Self { scale: (low..high).into(), places }
    }
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.scale.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.places.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.scale.range()
    }
}

/// An axis over logarithms.
#[derive(Clone, Debug)]
pub struct LogAxis {
    /// The round numbers.
    pub ticks: Vec<u64>,
    /// From the first to the last of them, as logarithms.
    pub range: (f64, f64),
}

/// More decades than this bear one tick each.
const FINE_DECADES_MAX: f64 = 2.5;
/// Ticks on an axis from zero.
const LINEAR_TICKS_MAX: u64 = 8;

/// The place of a value: zero is drawn as one.
pub fn log(value: u64) -> f64 {
    real(value.max(1)).log10()
}

impl LogAxis {
    /// An axis that holds these values, with round ends.
    pub fn over(values: impl Iterator<Item = u64>) -> Self {
        let (mut least, mut most) = (u64::MAX, 1);
        for value in values.map(|value| value.max(1)) {
            (least, most) = (least.min(value), most.max(value));
        }
        let least = least.min(most);
        let fine = log(most) - log(least) < FINE_DECADES_MAX;
        let round: Vec<u64> =
            decades().flat_map(|ten| [1, 2, 5].map(|by| u64::checked_mul(by, ten))).flatten().collect();
        let below = round.iter().rposition(|tick| *tick <= least).unwrap_or(0);
        let above = round.iter().position(|tick| *tick >= most).unwrap_or(round.len() - 1);
        // An axis has a length.
        let (below, above) =
            if below < above { (below, above) } else { (below.saturating_sub(1), (above + 1).min(round.len() - 1)) };
        // On a long axis only powers of ten, and its ends.
        let is_shown = |at: &usize| fine || *at == below || *at == above || at.is_multiple_of(3);
        let ticks: Vec<u64> = (below..=above).filter(is_shown).map(|at| round[at]).collect();
        let range = (log(round[below]), log(round[above]).max(log(most)));
        Self { ticks, range }
    }

    /// The places of the ticks.
    pub fn places(&self) -> Vec<f64> {
        self.ticks.iter().map(|tick| log(*tick)).collect()
    }

    /// The round number at a place.
    pub fn at(&self, place: f64) -> u64 {
        let distance = |tick: &u64| (log(*tick) - place).abs();
        self.ticks.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    }
}

/// Round numbers from zero up to the first that is not less than `most`.
pub fn linear(most: u64) -> Vec<u64> {
    let steps = decades().flat_map(|ten| [ten, ten.saturating_mul(2), ten.saturating_mul(5)]);
    let step =
        steps.into_iter().find(|step| most.div_ceil(*step) <= LINEAR_TICKS_MAX).unwrap_or(u64::MAX / LINEAR_TICKS_MAX);
    (0..=most.div_ceil(step).max(1)).map(|number| number.saturating_mul(step)).collect()
}

fn decades() -> impl Iterator<Item = u64> {
    (0..20).map(|power| 10_u64.pow(power))
}

/// A round number of nanoseconds.
pub fn round_ns(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
    let unit = units.into_iter().find(|(unit, _)| ns >= *unit).unwrap_or((1, "ns"));
    with_half(ns, unit)
}

/// A round number of things in a second.
pub fn round_rate(per_s: u64) -> String {
    let units = [(1_000_000_000, "G/s"), (1_000_000, "M/s"), (1_000, "k/s")];
    let (unit, name) = units.into_iter().find(|(unit, _)| per_s >= *unit).unwrap_or((1, "/s"));
    with_half(per_s, (unit, name))
}

fn with_half(value: u64, (unit, name): (u64, &str)) -> String {
    match value % unit * 10 / unit {
        0 => format!("{} {name}", value / unit),
        tenths => format!("{}.{tenths} {name}", value / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_ticks_are_round_and_hold_all() {
        assert_eq!(LogAxis::over([1_200, 2_000_000].into_iter()).ticks, [1_000, 10_000, 100_000, 1_000_000, 2_000_000]);
        assert_eq!(LogAxis::over([30, 170].into_iter()).ticks, [20, 50, 100, 200]);
        assert_eq!(LogAxis::over([100].into_iter()).ticks, [50, 100, 200]);
        assert_eq!(LogAxis::over([].into_iter()).ticks, [1, 2]);
        let all = LogAxis::over([0, u64::MAX].into_iter());
        assert!(all.range.1 >= log(u64::MAX) && all.at(3.01) == 1_000);
    }

    #[test]
    fn linear_ticks_are_few_and_hold_all() {
        assert_eq!(linear(5_400_000), [0, 1, 2, 3, 4, 5, 6].map(|tick| tick * 1_000_000));
        assert_eq!(linear(0), [0, 1]);
        for most in [1, 9, 10, 11, 999, u64::MAX] {
            let ticks = linear(most);
            assert!(ticks.len() <= 10 && ticks[ticks.len() - 1] >= most / 10 * 9, "{most}: {ticks:?}");
        }
    }

    #[test]
    fn units_follow_the_size() {
        assert_eq!(
            [5, 1_000, 20_000, 5_000_000, 2_000_000_000].map(round_ns),
            ["5 ns", "1 µs", "20 µs", "5 ms", "2 s"]
        );
        assert_eq!([500, 2_500, 1_000_000].map(round_rate), ["500 /s", "2.5 k/s", "1 M/s"]);
    }
}
