//! Figures as people read them.

use std::fmt;

use crate::figure::Unit;
use crate::run::Kept;

/// A value with its unit: in full, or with `{:#}` in about three digits.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The number.
    pub value: u64,
    /// What it counts.
    pub unit: Unit,
}

impl Shown {
    /// A figure's value.
    #[must_use]
    pub const fn of(figure: &Kept) -> Self {
        Self { value: figure.value, unit: figure.unit }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match self.unit {
            Unit::PerSecond if f.alternate() => f.write_str(&rate(value)),
            Unit::Ns if f.alternate() => f.write_str(&duration(value)),
            Unit::Count => f.write_str(&grouped(value)),
            Unit::PerSecond => write!(f, "{}/s", grouped(value)),
            Unit::Ns if value >= 10_000 => write!(f, "{}.{} µs", grouped(value / 1_000), value % 1_000 / 100),
            Unit::Ns => write!(f, "{value} ns"),
            Unit::TenthNs => write!(f, "{}.{} ns", grouped(value / 10), value % 10),
            Unit::Tenths => write!(f, "{}.{}", grouped(value / 10), value % 10),
            Unit::Thousandths => write!(f, "{}.{:02}×", value / 1_000, value % 1_000 / 10),
        }
    }
}

/// A name without its unit, which stands behind the value.
#[must_use]
pub fn short(name: &str) -> String {
    let unit = ["_ns", "_per_s", "_ratio"].into_iter().find_map(|unit| name.strip_suffix(unit));
    unit.unwrap_or(name).replace('_', " ")
}

/// A rate in about three digits.
#[must_use]
pub fn rate(per_s: u64) -> String {
    match per_s {
        0..10_000 => format!("{}/s", grouped(per_s)),
        10_000..1_000_000 => format!("{} k/s", three(per_s, 1_000)),
        _ => format!("{} M/s", three(per_s, 1_000_000)),
    }
}

/// A duration in about three digits.
#[must_use]
pub fn duration(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..1_000_000 => format!("{} µs", three(ns, 1_000)),
        1_000_000..10_000_000_000 => format!("{} ms", three(ns, 1_000_000)),
        _ => format!("{} s", three(ns, 1_000_000_000)),
    }
}

/// `value` by `unit`, with as many decimals as three digits need.
fn three(value: u64, unit: u64) -> String {
    let whole = value / unit;
    match whole {
        0..10 => format!("{whole}.{:02}", value % unit * 100 / unit),
        10..100 => format!("{whole}.{}", value % unit * 10 / unit),
        _ => grouped(whole),
    }
}

/// Digits in threes.
#[must_use]
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let shown = |value, unit| Shown { value, unit }.to_string();
        assert_eq!(shown(9_999, Unit::Ns), "9999 ns");
        assert_eq!(shown(1_234_567, Unit::Ns), "1,234.5 µs");
        assert_eq!(shown(2_050, Unit::Thousandths), "2.05×");
        assert_eq!(shown(5_000, Unit::PerSecond), "5,000/s");
        assert_eq!(
            ["hop_p50_ns", "slots_per_s", "time_ratio", "samples"].map(short),
            ["hop p50", "slots", "time", "samples"]
        );
    }

    #[test]
    fn three_digits_are_enough_for_a_glance() {
        let shown = |value, unit| format!("{:#}", Shown { value, unit });
        assert_eq!(shown(5_412_345, Unit::PerSecond), "5.41 M/s");
        assert_eq!(shown(41_900, Unit::PerSecond), "41.9 k/s");
        assert_eq!(shown(1_041_900_000, Unit::PerSecond), "1,041 M/s");
        assert_eq!(shown(9_900, Unit::PerSecond), "9,900/s");
        assert_eq!(shown(47_000, Unit::Ns), "47.0 µs");
        assert_eq!(shown(999_999, Unit::Ns), "999 µs");
        assert_eq!(shown(1_234_567, Unit::Ns), "1.23 ms");
        assert_eq!(shown(2_050, Unit::Thousandths), "2.05×");
    }
}
