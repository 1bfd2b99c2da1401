//! The knee: the offered rate at which waiting takes over.
//!
//! Goal: which rates a sweep should try, and what its points say. Non-goal: measuring a point.

use std::fmt;

use crate::figure::{Plot, Series};

/// p99 passes the knee when it is more than this many times the unloaded one.
pub const KNEE_FACTOR: u64 = 10;

/// Where p99 passes [`KNEE_FACTOR`] times its unloaded value: above the highest rate that held, at or below the next that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knee {
    /// Between two rates.
    Between {
        /// The highest rate that held.
        held_per_s: u64,
        /// The next higher one that was tried, which did not.
        passed_per_s: u64,
    },
    /// All rates held.
    Above {
        /// The highest.
        held_per_s: u64,
    },
    /// There are no points.
    Unknown,
}

impl fmt::Display for Knee {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between { held_per_s, passed_per_s } => {
                write!(out, "between {held_per_s} and {passed_per_s} messages a second")
            }
            Self::Above { held_per_s } => {
                write!(out, "above {held_per_s} messages a second, the highest that was tried")
            }
            Self::Unknown => out.write_str("not known: nothing was measured"),
        }
    }
}

/// How often a rate is measured that seems to be beyond the knee; the lowest p99 counts.
const TRIES: u32 = 3;

/// The knee of these points of rate and p99. The lowest rate counts as unloaded. The *highest* rate that held decides: a machine that is busy
/// with something else for a moment lifts the p99 of any rate, and nothing lowers that of one too high.
#[must_use]
pub fn knee(points: &[(u64, u64)]) -> Knee {
    let Some(&(_, unloaded_ns)) = points.iter().min_by_key(|(rate, _)| *rate) else { return Knee::Unknown };
    let limit_ns = unloaded_ns.saturating_mul(KNEE_FACTOR);
    let held = points.iter().filter(|(_, p99_ns)| *p99_ns <= limit_ns).map(|(rate, _)| *rate);
    let Some(held_per_s) = held.max() else { return Knee::Unknown };
    let passed = points.iter().map(|(rate, _)| *rate).filter(|rate| *rate > held_per_s);
    passed.min().map_or(Knee::Above { held_per_s }, |passed_per_s| Knee::Between { held_per_s, passed_per_s })
}

/// A sweep: doubles the rate until p99 has passed, then halves the interval. What a rate gives is believed when it held, or when it has passed
/// each time of several: a machine that is busy with something else for a moment must not end the sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    points: Vec<(u64, u64)>,
    /// The rate that was measured last, and how often.
    tried: (u64, u32),
    start_per_s: u64,
    end_per_s: u64,
    halvings: u32,
}

impl Sweep {
    /// From the unloaded rate to the highest worth trying, with so many steps between the last that held and the first that did not.
    #[must_use]
    pub const fn new(start_per_s: u64, end_per_s: u64, halvings: u32) -> Self {
        let start_per_s = if start_per_s == 0 { 1 } else { start_per_s };
        Self { points: Vec::new(), tried: (start_per_s, 0), start_per_s, end_per_s, halvings }
    }

    /// The rate to be measured now; `None` when the sweep is done.
    pub fn next_rate(&mut self) -> Option<u64> {
        let (rate_per_s, tries) = self.tried;
        // The first rate is what the others are held to.
        let doubtful = rate_per_s == self.start_per_s || self.has_passed(rate_per_s);
        if tries < TRIES && doubtful {
            return Some(rate_per_s);
        }
        match self.knee() {
            Knee::Unknown => None,
            Knee::Above { held_per_s } if held_per_s >= self.end_per_s => None,
            Knee::Above { held_per_s } => Some(held_per_s.saturating_mul(2).min(self.end_per_s)),
            Knee::Between { held_per_s, passed_per_s } => {
                let middle = held_per_s.midpoint(passed_per_s);
                if self.halvings == 0 || middle == held_per_s {
                    return None;
                }
                self.halvings -= 1;
                Some(middle)
            }
        }
    }

    /// What the rate gave.
    pub fn found(&mut self, rate_per_s: u64, p99_ns: u64) {
        let (last_per_s, tries) = self.tried;
        self.tried = (rate_per_s, if rate_per_s == last_per_s { tries + 1 } else { 1 });
        match self.points.binary_search_by_key(&rate_per_s, |(rate, _)| *rate) {
            Ok(at) => self.points[at].1 = self.points[at].1.min(p99_ns),
            Err(at) => self.points.insert(at, (rate_per_s, p99_ns)),
        }
    }

    /// Whether the best of what this rate gave is beyond the knee.
    fn has_passed(&self, rate_per_s: u64) -> bool {
        let limit_ns = self.points.first().map_or(u64::MAX, |(_, unloaded_ns)| unloaded_ns.saturating_mul(KNEE_FACTOR));
        self.points.iter().any(|(rate, p99_ns)| *rate == rate_per_s && *p99_ns > limit_ns)
    }

    /// What the points say until now.
    #[must_use]
    pub fn knee(&self) -> Knee {
        knee(&self.points)
    }

    /// The line of a plot.
    #[must_use]
    pub fn series(&self, name: impl Into<String>) -> Series {
        Series { plot: Plot::Rates, name: name.into(), points: self.points.clone(), labels: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_is_where_p99_passes_ten_times_the_unloaded_one() {
        let points = [(1_000, 50), (2_000, 60), (4_000, 500), (8_000, 501), (16_000, 90_000)];
        assert_eq!(knee(&points), Knee::Between { held_per_s: 4_000, passed_per_s: 8_000 });
        assert_eq!(knee(&points[..3]), Knee::Above { held_per_s: 4_000 });
        assert_eq!(knee(&[]), Knee::Unknown);
    }

    #[test]
    fn a_disturbed_point_below_one_that_held_is_no_knee() {
        let points = [(8_000, 900_000), (1_000, 50), (2_000, 700), (4_000, 60)];
        assert_eq!(knee(&points), Knee::Between { held_per_s: 4_000, passed_per_s: 8_000 });
    }

    #[test]
    fn a_sweep_doubles_and_then_halves() {
        let mut sweep = Sweep::new(1_000, 1_000_000, 3);
        let mut tried = Vec::new();
        while let Some(rate) = sweep.next_rate() {
            tried.push(rate);
            sweep.found(rate, if rate > 11_500 { 1_000 } else { 20 });
        }
        tried.dedup();
        assert_eq!(tried, [1_000, 2_000, 4_000, 8_000, 16_000, 12_000, 10_000, 11_000]);
        assert_eq!(sweep.knee(), Knee::Between { held_per_s: 11_000, passed_per_s: 12_000 });
        assert_eq!(sweep.knee().to_string(), "between 11000 and 12000 messages a second");
        assert!(sweep.series("x").points.is_sorted());
    }

    #[test]
    fn a_rate_has_passed_when_it_did_so_each_time() {
        let mut sweep = Sweep::new(1_000, 2_000, 0);
        for (rate, p99_ns) in [(1_000, 90), (1_000, 50), (1_000, 70), (2_000, 501), (2_000, 9_000), (2_000, 499)] {
            assert_eq!(sweep.next_rate(), Some(rate));
            sweep.found(rate, p99_ns);
        }
        assert_eq!((sweep.next_rate(), sweep.knee()), (None, Knee::Above { held_per_s: 2_000 }));
    }

    #[test]
    fn a_sweep_ends_at_its_end_and_without_a_step_left() {
        let mut sweep = Sweep::new(3, 10, 5);
        let mut tried = Vec::new();
        while let Some(rate) = sweep.next_rate() {
            tried.push(rate);
            sweep.found(rate, 1);
        }
        assert_eq!((tried, sweep.knee()), (vec![3, 3, 3, 6, 10], Knee::Above { held_per_s: 10 }));
        let mut narrow = Sweep::new(0, 9, 9);
        while let Some(rate) = narrow.next_rate() {
            narrow.found(rate, if rate > 1 { 99 } else { 1 });
        }
        assert_eq!(narrow.knee(), Knee::Between { held_per_s: 1, passed_per_s: 2 });
    }
}
