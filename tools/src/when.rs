//! A place in a journal as an operator names it: by sequence number or by time.
//!
//! Goal: one form of both for all commands. Non-goal: time zones by name, and dates without a time of day.

use engine::past::Moment;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use wire::{Nanos, Seq};

/// Numbers from here on are nanoseconds since the Unix epoch: a time after March 1973, and more commands than any journal holds.
const TIME_FROM: u64 = 100_000_000_000_000_000;

/// What [`When`] reads, for the help of options.
pub(crate) const FORMS: &str = "SEQ|TIME is a sequence number, a time such as 2026-11-21T14:30:00.000001Z (RFC 3339), or nanoseconds since \
     the Unix epoch.";

/// A sequence number or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Seq(Seq),
    Time(Nanos),
}

impl When {
    /// How a command that has this number and was received then lies to it.
    pub fn of(self, seq: Seq, time: Nanos) -> Ordering {
        match self {
            Self::Seq(wanted) => seq.cmp(&wanted),
            Self::Time(wanted) => time.cmp(&wanted),
        }
    }

    pub const fn moment(self) -> Moment {
        match self {
            Self::Seq(seq) => Moment::After(seq),
            Self::Time(time) => Moment::At(time),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number: u64 = text.parse().map_err(|_| format!("expected a number below 2^64, found {text}"))?;
            return Ok(if number < TIME_FROM { Self::Seq(Seq(number)) } else { Self::Time(Nanos(number)) });
        }
        let wrong = || {
            format!("expected a sequence number, nanoseconds, or a time such as 2026-11-21T14:30:00.5Z, found '{text}'")
        };
        rfc3339(text).map(Self::Time).ok_or_else(wrong)
    }
}

/// A time in the form of RFC 3339, in UTC, with nanoseconds.
pub(crate) struct Rfc3339(pub Nanos);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, of_day) = (self.0.get() / Nanos::PER_DAY, self.0.since_midnight());
        let (year, month, day) = date(days);
        let (seconds, nanos) = (of_day / Nanos::PER_SECOND, of_day % Nanos::PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

/// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)`.
fn rfc3339(text: &str) -> Option<Nanos> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = |at: usize, marks: &str| text.get(at..=at).is_some_and(|mark| marks.contains(mark));
    if !(marks(4, "-") && marks(7, "-") && marks(10, "Tt ") && marks(13, ":") && marks(16, ":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_since_epoch(year, month, day)?;
    if date(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(behind) = rest.strip_prefix('.') {
        let len = behind.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&len) {
            return None;
        }
        nanos = format!("{:0<9}", &behind[..len]).parse().ok()?;
        rest = &behind[len..];
    }
    let local = i128::from(((days * 24 + hour) * 60 + minute) * 60 + second);
    let seconds = local - i128::from(offset_seconds(rest)?);
    let time = seconds * i128::from(Nanos::PER_SECOND) + i128::from(nanos);
    u64::try_from(time).ok().map(Nanos)
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" || text == "z" {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |part: &str, max: i64| -> Option<i64> {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse().ok())?
            .filter(|number| *number <= max)
    };
    Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?) * 60)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; months that are none give none. The year is counted from March, so that the
/// leap day is its last.
fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || day == 0 || day > 31 || year < 1970 {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // From 0000-03-01 to 1970-01-01.
    days.checked_sub(719_468)
}

/// The date of a day: year, month, day.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    // 400 years have 146,097 days.
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_two_centuries_has_its_date() {
        let mut expected = (1970, 1, 1);
        for day in 0..73_000 {
            assert_eq!(date(day), expected, "day {day}");
            let (year, month, of_month) = expected;
            assert_eq!(days_since_epoch(year, month, of_month), Some(day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let len = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
                [usize::try_from(month).expect("small") - 1];
            expected = match (of_month < len, month < 12) {
                (true, _) => (year, month, of_month + 1),
                (false, true) => (year, month + 1, 1),
                (false, false) => (year + 1, 1, 1),
            };
        }
    }

    #[test]
    fn numbers_are_commands_or_nanoseconds_and_times_are_times() {
        assert_eq!("17".parse(), Ok(When::Seq(Seq(17))));
        assert_eq!("1767323045000000000".parse(), Ok(When::Time(Nanos(1_767_323_045_000_000_000))));
        let time = Nanos(1_767_323_045_012_300_000);
        for text in [
            "2026-01-02T03:04:05.0123Z",
            "2026-01-02t03:04:05.012300000z",
            "2026-01-02 05:34:05.0123+02:30",
            "2026-01-01T22:04:05.0123-05:00",
        ] {
            assert_eq!(text.parse(), Ok(When::Time(time)), "{text}");
        }
        assert_eq!(Rfc3339(time).to_string(), "2026-01-02T03:04:05.012300000Z");
        assert_eq!(Rfc3339(Nanos(0)).to_string(), "1970-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "x",
            "-1",
            "99999999999999999999",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.1234567890Z",
            "2026-01-02T03:04:05+2:00",
            "1969-12-31T23:59:59Z",
            "2026-01-02T03:04:0é",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
