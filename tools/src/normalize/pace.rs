//! When a recorded message is due.
//!
//! Goal: the schedule as a pure function of recorded times, so that it can be tested without a clock. Non-goal: waiting.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use wire::Nanos;

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Without waiting.
    Flat,
    /// So many thousandths of the speed at which it was recorded.
    Times {
        /// 1,000 is the original timing.
        thousandths: u32,
    },
}

/// What is no pace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 'flat' or a multiple of the original speed from 0.001 to 1000000, such as 1 or 2.5; found '{0}'")]
pub struct ParsePaceError(String);

const THOUSANDTHS_MAX: u64 = 1_000_000_000;

impl Pace {
    /// The original timing.
    pub const ORIGINAL: Self = Self::Times { thousandths: 1_000 };

    /// How long after the first message one is due. What was recorded before the first is due at once.
    #[must_use]
    pub fn due(self, first: Nanos, at: Nanos) -> Duration {
        let Self::Times { thousandths } = self else { return Duration::ZERO };
        let after_ns = u128::from(at.since(first)) * 1_000 / u128::from(thousandths.max(1));
        Duration::from_nanos(u64::try_from(after_ns).unwrap_or(u64::MAX))
    }
}

impl FromStr for Pace {
    type Err = ParsePaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "flat" {
            return Ok(Self::Flat);
        }
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let thousandths = (digits(whole) && digits(decimals) && decimals.len() <= 3)
            .then(|| {
                Some(whole.parse::<u64>().ok()?.checked_mul(1_000)? + format!("{decimals:0<3}").parse::<u64>().ok()?)
            })
            .flatten()
            .filter(|thousandths| (1..=THOUSANDTHS_MAX).contains(thousandths))
            .and_then(|thousandths| u32::try_from(thousandths).ok());
        thousandths.map(|thousandths| Self::Times { thousandths }).ok_or_else(|| ParsePaceError(text.to_owned()))
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat => f.write_str("flat"),
            Self::Times { thousandths } if thousandths % 1_000 == 0 => write!(f, "{}", thousandths / 1_000),
            Self::Times { thousandths } => write!(f, "{}.{:03}", thousandths / 1_000, thousandths % 1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiple_divides_the_time_between_messages() {
        let first = Nanos(1_692_711_000_000_000_000);
        let due = |pace: &str, after_ns: u64| {
            let pace: Pace = pace.parse().expect("a pace");
            pace.due(first, Nanos(first.get() + after_ns)).as_nanos()
        };
        for (pace, expected) in [
            ("1", 3_000_000_001),
            ("2", 1_500_000_000),
            ("2.5", 1_200_000_000),
            ("0.001", 3_000_000_001_000),
            ("1000000", 3_000),
            ("flat", 0),
        ] {
            assert_eq!(due(pace, 3_000_000_001), expected, "{pace}");
            assert_eq!(due(pace, 0), 0, "{pace}");
        }
        assert_eq!(Pace::ORIGINAL.due(first, Nanos(first.get() - 1)), Duration::ZERO, "recorded out of order");
        assert_eq!(
            "0.001".parse::<Pace>().map(|pace| pace.due(Nanos(0), Nanos(u64::MAX))),
            Ok(Duration::from_nanos(u64::MAX))
        );
    }

    #[test]
    fn later_messages_are_never_due_earlier() {
        let pace: Pace = "3.7".parse().expect("a pace");
        let times: Vec<_> = (0..10_000).map(|at| pace.due(Nanos(7), Nanos(7 + at * at))).collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn paces_read_back() {
        for text in ["flat", "1", "2.500", "0.001", "1000000"] {
            assert_eq!(text.parse::<Pace>().map(|pace| pace.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "0", "-1", "1x", ".5", "1.", "1.0001", "1000000.001", "99999999999999999999", "fast"] {
            assert!(wrong.parse::<Pace>().is_err(), "{wrong}");
        }
    }
}
