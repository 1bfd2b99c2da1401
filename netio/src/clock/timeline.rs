//! The map from counter ticks to nanoseconds since the Unix epoch, and how it is steered. Pure arithmetic.
//!
//! ```text
//!   ns
//!    |                     . '  rate
//!    |          . - ' '
//!    |      .'  slewed rate: ends where the system's clock will be
//!    |    .'
//!    +---|---------|------------- ticks
//!       steered    + slew_ticks
//! ```
//!
//! If no further `steer` comes, the line goes on at the measured rate, so a correction never outlives its purpose.

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) ticks: u64,
    pub(super) unix_ns: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Timeline {
    from_ticks: u64,
    from_ns: u64,
    slew_ticks: u64,
    slew_ns: u64,
    slewed: Rate,
    rate: Rate,
    /// Where the current measurement of the rate began.
    baseline: Sample,
}

impl Timeline {
    /// From two readings; `None` when time did not move forward between them.
    pub(super) fn new(first: Sample, second: Sample) -> Option<Self> {
        let rate = Rate::between(first, second)?;
        Some(Self::anchored(second, first, rate))
    }

    /// For a counter whose ticks are nanoseconds.
    pub(super) fn of_nanoseconds(at: Sample) -> Self {
        Self::anchored(at, at, Rate::ONE)
    }

    #[inline]
    pub(super) fn at(&self, ticks: u64) -> u64 {
        let passed = ticks.saturating_sub(self.from_ticks);
        if passed < self.slew_ticks {
            self.from_ns + self.slewed.ns(passed)
        } else {
            self.from_ns + self.slew_ns + self.rate.ns(passed - self.slew_ticks)
        }
    }

    /// How long so many ticks take where the line is not bent.
    pub(super) fn ns_of(&self, ticks: u64) -> u64 {
        self.rate.ns(ticks)
    }

    /// Bends the line towards `seen`, beginning there.
    pub(super) fn steer(&mut self, seen: Sample) {
        if seen.ticks <= self.from_ticks {
            return;
        }
        let told = self.at(seen.ticks);
        self.measure(seen);
        self.from_ticks = seen.ticks;
        self.from_ns = told;
        let ahead = told.saturating_sub(seen.unix_ns);
        let behind = seen.unix_ns.saturating_sub(told);
        if behind > STEP_NS {
            self.from_ns = seen.unix_ns;
            self.slew_ticks = 0;
            self.slew_ns = 0;
            return;
        }
        // Never slower than half the rate, however far ahead.
        let span_ns = SLEW_NS.max(ahead.saturating_mul(2));
        self.slew_ticks = self.rate.ticks(span_ns);
        self.slew_ns = span_ns + behind - ahead;
        self.slewed = Rate::of(self.slew_ns, self.slew_ticks).unwrap_or(self.rate);
    }

    /// The longer the baseline, the less the jitter of its ends matters; but temperature moves the rate, so it is begun
    /// anew every minute. A rate that is out of all proportion means that the system's clock was set meanwhile.
    fn measure(&mut self, seen: Sample) {
        let known_ns = self.rate.ns(seen.ticks.saturating_sub(self.baseline.ticks));
        if known_ns < BASELINE_MIN_NS {
            return;
        }
        let plausible = |rate: &Rate| rate.0.abs_diff(self.rate.0) <= self.rate.0 / 1000;
        match Rate::between(self.baseline, seen).filter(plausible) {
            Some(rate) => self.rate = rate,
            None => self.baseline = seen,
        }
        if known_ns > BASELINE_MAX_NS {
            self.baseline = seen;
        }
    }

    fn anchored(at: Sample, baseline: Sample, rate: Rate) -> Self {
        Self { from_ticks: at.ticks, from_ns: at.unix_ns, slew_ticks: 0, slew_ns: 0, slewed: rate, rate, baseline }
    }
}

/// Nanoseconds a tick, times 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate(u64);

impl Rate {
    const ONE: Self = Self(1 << 32);

    fn between(first: Sample, second: Sample) -> Option<Self> {
        Self::of(second.unix_ns.checked_sub(first.unix_ns)?, second.ticks.checked_sub(first.ticks)?)
    }

    fn of(ns: u64, ticks: u64) -> Option<Self> {
        let rate = (u128::from(ns) << 32).checked_div(u128::from(ticks))?;
        u64::try_from(rate).ok().filter(|rate| *rate > 0).map(Self)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "nanoseconds of 584 years fit")]
    fn ns(self, ticks: u64) -> u64 {
        ((u128::from(ticks) * u128::from(self.0)) >> 32) as u64
    }

    fn ticks(self, ns: u64) -> u64 {
        u64::try_from((u128::from(ns) << 32) / u128::from(self.0)).unwrap_or(u64::MAX)
    }
}

/// A difference is spread over this long, if that does not make the clock run at less than half its rate.
const SLEW_NS: u64 = 1_000_000_000;
/// Further behind than this, the clock jumps.
const STEP_NS: u64 = 1_000_000;
const BASELINE_MIN_NS: u64 = 500_000_000;
const BASELINE_MAX_NS: u64 = 60_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH_NS: u64 = 1_700_000_000_000_000_000;
    const SECOND: u64 = 2_450_000_000;

    /// A 2.45 GHz counter that was calibrated 40 parts per million wrong.
    fn off_by_40_ppm() -> Timeline {
        let first = Sample { ticks: 5, unix_ns: EPOCH_NS };
        let second = Sample { ticks: 5 + SECOND / 50, unix_ns: EPOCH_NS + 20_000_800 };
        Timeline::new(first, second).unwrap()
    }

    fn true_ns(ticks: u64) -> u64 {
        EPOCH_NS + 800 + u64::try_from(u128::from(ticks - 5) * 1_000_000_000 / u128::from(SECOND)).unwrap()
    }

    #[test]
    fn steering_converges_and_never_goes_back() {
        let mut timeline = off_by_40_ppm();
        let mut last = 0;
        for step in 1..=600 {
            let ticks = 5 + SECOND / 50 + step * SECOND / 10;
            let now = timeline.at(ticks);
            assert!(now >= last);
            last = now;
            if step % 10 == 0 {
                timeline.steer(Sample { ticks, unix_ns: true_ns(ticks) });
                assert!(timeline.at(ticks).abs_diff(now) <= 1);
            }
            // The baseline began with a reading that was 800 ns off, which counts for less as it grows.
            let allowed = if step <= 50 { 50_000 } else { 800 / (step / 10) + 50 };
            assert!(now.abs_diff(true_ns(ticks)) < allowed, "step {step}: {}", now.abs_diff(true_ns(ticks)));
        }
    }

    #[test]
    fn a_clock_that_was_set_back_is_approached_at_half_speed_at_least() {
        let mut timeline = off_by_40_ppm();
        let from = 5 + SECOND;
        let told = timeline.at(from);
        timeline.steer(Sample { ticks: from, unix_ns: told - 10_000_000_000 });
        let mut last = told;
        for step in 1..=250 {
            let now = timeline.at(from + step * SECOND / 10);
            assert!(now - last > 49_000_000, "{}", now - last);
            last = now;
        }
        let target = told - 10_000_000_000 + 25_000_000_000;
        assert!(last.abs_diff(target) < 2_000_000, "{}", last.abs_diff(target));
    }

    #[test]
    fn a_clock_that_was_set_forward_is_followed_at_once() {
        let mut timeline = off_by_40_ppm();
        let from = 5 + SECOND;
        let ahead = timeline.at(from) + 3_600_000_000_000;
        timeline.steer(Sample { ticks: from, unix_ns: ahead });
        assert_eq!(timeline.at(from), ahead);
        // The rate is still the measured one, not one that explains the hour.
        assert!(timeline.at(from + SECOND).abs_diff(ahead + 1_000_000_000) < 100_000);
    }

    #[test]
    fn time_that_stands_still_calibrates_nothing() {
        let at = Sample { ticks: 7, unix_ns: EPOCH_NS };
        assert!(Timeline::new(at, at).is_none());
        assert!(Timeline::new(at, Sample { ticks: 8, unix_ns: EPOCH_NS - 1 }).is_none());
        assert!(Timeline::new(at, Sample { ticks: 8, unix_ns: EPOCH_NS }).is_none());
    }
}
