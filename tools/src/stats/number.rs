//! Numbers as people read them.

use std::fmt;
use std::time::Duration;

/// A count in six letters at most, as long as it is below 10^15: exact up to 99,999.
pub(crate) struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            small @ 0..100_000 => small.to_string(),
            more => scaled(more, 1_000, &["k", "M", "G", "T", "P", "E"]),
        };
        f.pad(&text)
    }
}

/// So many bytes, in powers of 1024.
pub(crate) struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            small @ 0..1_024 => format!("{small} B"),
            more => scaled(more, 1_024, &[" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]),
        };
        f.pad(&text)
    }
}

/// A duration with three digits.
pub(crate) struct Lasted(pub u64);

impl From<Duration> for Lasted {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Lasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECOND: u64 = 1_000_000_000;
        let text = match self.0 {
            small @ 0..1_000 => format!("{small} ns"),
            more @ 1_000..SECOND => scaled(more, 1_000, &[" µs", " ms"]),
            more if more < 120 * SECOND => scaled(more, 1_000, &[" µs", " ms", " s"]),
            more if more < 7_200 * SECOND => format!("{} min", more / SECOND / 60),
            more if more < 48 * 3_600 * SECOND => format!("{} h", more / SECOND / 3_600),
            more => format!("{} days", more / SECOND / 86_400),
        };
        f.pad(&text)
    }
}

/// A part of a thousand as a percentage.
pub(crate) struct Share(pub u64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}%", self.0 / 10, self.0 % 10))
    }
}

/// Three digits, cut and not rounded, with the largest unit below the number.
fn scaled(number: u64, step: u64, units: &[&str]) -> String {
    let mut below = step;
    let mut at = 0;
    while at + 1 < units.len() && number / below >= step {
        below *= step;
        at += 1;
    }
    let (whole, rest) = (number / below, number % below);
    let decimals = match whole {
        0..10 => format!(".{:02}", u128::from(rest) * 100 / u128::from(below)),
        10..100 => format!(".{}", u128::from(rest) * 10 / u128::from(below)),
        _ => String::new(),
    };
    format!("{whole}{decimals}{}", units[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let counts = [(0, "0"), (99_999, "99999"), (100_000, "100k"), (1_234_567, "1.23M"), (12_345_678, "12.3M")];
        for (number, text) in counts {
            assert_eq!(Count(number).to_string(), text);
        }
        assert_eq!(Count(u64::MAX).to_string(), "18.4E");
        for (number, text) in [(0, "0 B"), (1_023, "1023 B"), (1_024, "1.00 KiB"), (3 << 40, "3.00 TiB")] {
            assert_eq!(Bytes(number).to_string(), text);
        }
        let durations = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (999_999, "999 µs"),
            (12_345_678, "12.3 ms"),
            (119_999_000_000, "119 s"),
            (120_000_000_000, "2 min"),
            (7_200_000_000_000, "2 h"),
            (300_000_000_000_000, "3 days"),
        ];
        for (number, text) in durations {
            assert_eq!(Lasted(number).to_string(), text);
        }
        assert_eq!((Share(0).to_string(), Share(1_000).to_string()), ("0.0%".to_owned(), "100.0%".to_owned()));
    }
}
