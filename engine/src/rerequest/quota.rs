//! How much of something there may be in a time.

use wire::Nanos;

/// How much is saved up while nothing is taken, ns worth of the rate.
const BURST_NS: u64 = 100_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// A rate, with a tenth of a second's worth of it at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    per_second: u64,
}

/// How much of a quota was taken: the time at which all of it would have been earned at the rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    earned_ns: u64,
}

impl Quota {
    pub(super) const fn per_second(per_second: u64) -> Self {
        Self { per_second }
    }

    const fn cost_ns(&self, amount: u64) -> u64 {
        // At least a nanosecond, so that nothing is free.
        match amount.saturating_mul(SECOND_NS) / self.per_second {
            0 => 1,
            cost => cost,
        }
    }
}

impl Meter {
    /// Whether something may be taken now. What is taken then may go a little beyond.
    pub(super) fn has(&self, quota: &Quota, now: Nanos) -> bool {
        self.earned_ns < now.get().saturating_add(BURST_NS.max(quota.cost_ns(1)))
    }

    /// Something was taken.
    pub(super) fn charge(&mut self, quota: &Quota, now: Nanos, amount: u64) {
        self.earned_ns = self.earned_ns.max(now.get()).saturating_add(quota.cost_ns(amount));
    }

    /// Takes something, if it may be taken.
    pub(super) fn take(&mut self, quota: &Quota, now: Nanos, amount: u64) -> bool {
        let has = self.has(quota, now);
        if has {
            self.charge(quota, now, amount);
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_gives_the_rate_and_a_burst() {
        let quota = Quota::per_second(1_000);
        let mut meter = Meter::default();
        let mut taken = 0;
        for us in 0..1_000_000 {
            taken += u64::from(meter.take(&quota, Nanos(SECOND_NS + us * 1_000), 1));
        }
        assert!((1_099..=1_101).contains(&taken), "{taken}");
        assert!(meter.take(&quota, Nanos(3 * SECOND_NS), 1), "what was not used for long is there again");
    }

    #[test]
    fn a_rate_of_less_than_one_in_a_burst_still_gives() {
        let quota = Quota::per_second(1);
        let mut meter = Meter::default();
        let times: Vec<_> =
            (0..50).filter(|tenth| meter.take(&quota, Nanos(SECOND_NS + tenth * BURST_NS), 1)).collect();
        assert!((5..=7).contains(&times.len()), "{times:?}");
    }
}
