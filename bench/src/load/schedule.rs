//! When messages are to be sent, in nanoseconds from a start.
//!
//! Goal: the same arrivals from the same seed on every machine, so integers only; nothing allocated, so they can be drawn while sending.
//! Non-goal: waiting for the clock.
//!
//! ```text
//!   fixed    |    |    |    |    |    |    |    |    |
//!   poisson  | ||      |   |  |         ||  |   |
//!   bursts   |  |    |     |   |   ||||||||||||||||   |     the last part of each period, at several times the rate
//! ```

use std::fmt;
use std::str::FromStr;

use crate::stream::random::Random;

/// Nanoseconds in a second.
const SECOND_NS: u64 = 1_000_000_000;
/// Binary places of the mean gap and of a drawn one.
const PLACES: u32 = 32;

/// How often microbursts come, unless said otherwise.
pub const MICROBURST: Burst = Burst { factor: 10, lasting_ns: 1_000_000, every_ns: 20_000_000 };

/// A time of more arrivals at the end of each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// How many times the rate; at least 1.
    pub factor: u64,
    /// For how long.
    pub lasting_ns: u64,
    /// The period, longer than that.
    pub every_ns: u64,
}

/// How arrivals lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Evenly.
    Fixed,
    /// By chance, each independent of the others.
    Poisson,
    /// As [`Poisson`](Self::Poisson), and at times more of them.
    Bursts(Burst),
}

/// A name that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a pattern of arrivals (fixed, poisson or bursts), found `{0}`")]
pub struct PatternError(String);

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text {
            "fixed" => Ok(Self::Fixed),
            "poisson" => Ok(Self::Poisson),
            "bursts" => Ok(Self::Bursts(MICROBURST)),
            _ => Err(PatternError(text.to_owned())),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => out.write_str("fixed"),
            Self::Poisson => out.write_str("poisson"),
            Self::Bursts(Burst { factor, lasting_ns, every_ns }) => {
                write!(out, "bursts ({factor}× for {} µs in {} µs)", lasting_ns / 1_000, every_ns / 1_000)
            }
        }
    }
}

/// Arrivals to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How they lie.
    pub pattern: Pattern,
    /// How many a second, outside of bursts; at least 1.
    pub rate_per_s: u64,
    /// What chance is drawn from.
    pub seed: u64,
}

impl Schedule {
    /// The arrivals from the start on, ascending; they do not end.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        let rate = self.rate_per_s.max(1);
        Arrivals {
            pattern: self.pattern,
            random: Random::new(self.seed),
            mean: (SECOND_NS << PLACES) / rate,
            elapsed: 0,
            even: Even { next_ns: 0, left: 0, gap_ns: SECOND_NS / rate, gap_left: SECOND_NS % rate, rate },
        }
    }

    /// How many a second with the bursts.
    #[must_use]
    pub fn offered_per_s(&self) -> u64 {
        match self.pattern {
            Pattern::Fixed | Pattern::Poisson => self.rate_per_s,
            Pattern::Bursts(Burst { factor, lasting_ns, every_ns }) => {
                let more = u128::from(factor.max(1) - 1) * u128::from(lasting_ns);
                let period = u128::from(every_ns.max(1));
                let offered = u128::from(self.rate_per_s) * (period + more) / period;
                u64::try_from(offered).unwrap_or(u64::MAX)
            }
        }
    }
}

/// The arrivals of a [`Schedule`].
#[derive(Clone, Debug)]
pub struct Arrivals {
    pattern: Pattern,
    random: Random,
    /// The mean gap, ns with [`PLACES`].
    mean: u64,
    /// What the drawn gaps come to, ns with [`PLACES`].
    elapsed: u128,
    even: Even,
}

impl Iterator for Arrivals {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        Some(match self.pattern {
            Pattern::Fixed => self.even.next(),
            Pattern::Poisson => self.by_chance(),
            Pattern::Bursts(burst) => burst.compress(self.by_chance()),
        })
    }
}

impl Arrivals {
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "584 years of nanoseconds fit")]
    fn by_chance(&mut self) -> u64 {
        self.elapsed += (u128::from(self.mean) * u128::from(exponential(&mut self.random))) >> PLACES;
        (self.elapsed >> PLACES) as u64
    }
}

impl Burst {
    /// From a time in which the rate is always the same to one in which part of each period has `factor` times as many arrivals.
    #[inline]
    fn compress(self, steady_ns: u64) -> u64 {
        let factor = self.factor.max(1);
        let calm_ns = self.every_ns.saturating_sub(self.lasting_ns);
        let period_ns = (calm_ns + self.lasting_ns * factor).max(1);
        let (period, within_ns) = (steady_ns / period_ns, steady_ns % period_ns);
        let burst_ns = within_ns.saturating_sub(calm_ns) / factor;
        period * (calm_ns + self.lasting_ns) + within_ns.min(calm_ns) + burst_ns
    }
}

/// Arrivals in equal gaps; what a gap lacks in whole nanoseconds is carried along, so that the rate is exact.
#[derive(Clone, Debug)]
struct Even {
    next_ns: u64,
    /// Parts of a nanosecond, of which `rate` are one.
    left: u64,
    gap_ns: u64,
    gap_left: u64,
    rate: u64,
}

impl Even {
    #[inline]
    fn next(&mut self) -> u64 {
        let at_ns = self.next_ns;
        self.left += self.gap_left;
        let whole = u64::from(self.left >= self.rate);
        self.left -= whole * self.rate;
        self.next_ns += self.gap_ns + whole;
        at_ns
    }
}

/// Exponentially distributed with mean 1, with [`PLACES`]. Von Neumann's way, which needs comparisons only: the length of a falling run of
/// uniform numbers is odd with probability e^-x, x being its first.
#[inline]
fn exponential(random: &mut Random) -> u64 {
    let mut whole = 0;
    loop {
        let first = random.bits();
        let mut last = first;
        let mut odd = true;
        loop {
            let next = random.bits();
            if next >= last {
                break;
            }
            last = next;
            odd = !odd;
        }
        if odd {
            return (whole << PLACES) + (first >> (u64::BITS - PLACES));
        }
        whole += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(pattern: Pattern, rate_per_s: u64, seed: u64) -> Schedule {
        Schedule { pattern, rate_per_s, seed }
    }

    fn within(schedule: &Schedule, ns: u64) -> usize {
        schedule.arrivals().take_while(|&at| at < ns).count()
    }

    #[test]
    fn fixed_is_exact_and_does_not_drift() {
        let first: Vec<u64> = schedule(Pattern::Fixed, 3, 0).arrivals().take(7).collect();
        assert_eq!(first, [0, 333_333_333, 666_666_666, 1_000_000_000, 1_333_333_333, 1_666_666_666, 2_000_000_000]);
        for rate in [1, 7, 999, 70_001, 1_000_000, 3_000_000] {
            let schedule = schedule(Pattern::Fixed, rate, 0);
            let second = usize::try_from(rate).expect("fits");
            assert_eq!(schedule.arrivals().nth(second), Some(SECOND_NS), "{rate}");
            assert_eq!(schedule.arrivals().nth(3 * second), Some(3 * SECOND_NS), "{rate}");
        }
    }

    #[test]
    fn chance_repeats_with_its_seed() {
        let first = |seed| schedule(Pattern::Poisson, 10_000, seed).arrivals().take(1_000).collect::<Vec<_>>();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert!(first(1).is_sorted());
    }

    #[test]
    fn chance_has_the_rate_and_the_spread_of_a_poisson_process() {
        let schedule = schedule(Pattern::Poisson, 100_000, 5);
        // 1,000,000 are expected, with a standard deviation of 1,000.
        let count = within(&schedule, 10 * SECOND_NS);
        assert!((996_000..=1_004_000).contains(&count), "{count}");
        // Gaps longer than the mean: e^-1; than three means: e^-3.
        let arrivals: Vec<u64> = schedule.arrivals().take(1_000_001).collect();
        let longer = |ns| arrivals.windows(2).filter(|pair| pair[1] - pair[0] >= ns).count();
        let (one, three) = (longer(10_000), longer(30_000));
        assert!((366_000..=370_000).contains(&one), "{one}");
        assert!((49_000..=50_600).contains(&three), "{three}");
    }

    #[test]
    fn bursts_are_where_they_should_be() {
        let burst = Burst { factor: 10, lasting_ns: 1_000_000, every_ns: 10_000_000 };
        assert_eq!(burst.compress(8_999_999), 8_999_999);
        assert_eq!(burst.compress(9_000_000), 9_000_000);
        assert_eq!(burst.compress(9_000_010), 9_000_001);
        assert_eq!(burst.compress(18_999_999), 9_999_999);
        assert_eq!(burst.compress(19_000_000), 10_000_000);
        assert_eq!(burst.compress(28_000_000), 19_000_000);

        let schedule = schedule(Pattern::Bursts(burst), 100_000, 9);
        assert_eq!(schedule.offered_per_s(), 190_000);
        let (mut calm, mut bursting) = (0_u32, 0_u32);
        for at in schedule.arrivals().take_while(|&at| at < SECOND_NS) {
            if at % burst.every_ns < 9_000_000 { calm += 1 } else { bursting += 1 }
        }
        // 90,000 and 100,000 are expected, standard deviations 300 and 316.
        assert!((88_500..=91_500).contains(&calm), "{calm}");
        assert!((98_500..=101_500).contains(&bursting), "{bursting}");
    }

    #[test]
    fn patterns_have_names() {
        assert_eq!("fixed".parse(), Ok(Pattern::Fixed));
        assert_eq!("poisson".parse(), Ok(Pattern::Poisson));
        assert_eq!("bursts".parse(), Ok(Pattern::Bursts(MICROBURST)));
        assert_eq!(Pattern::Bursts(MICROBURST).to_string(), "bursts (10× for 1000 µs in 20000 µs)");
        assert!("even".parse::<Pattern>().is_err());
    }
}
