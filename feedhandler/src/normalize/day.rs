//! The day on which a venue's times of day are counted from midnight.
//!
//! Goal: ITCH and LOBSTER count nanoseconds since the venue's midnight and say no date; ticks count from the Unix epoch.
//! Non-goal: a database of time zones: an offset is given, or New York's rule of since 2007 is used.

use std::fmt;

use wire::{Nanos, TimeOfDay};

const DAY_S: i64 = 86_400;

/// A date of the Gregorian calendar, from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    days_since_epoch: i64,
}

/// How far a venue's clock is from UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// New York: five hours behind UTC, four between the second Sunday of March and the first of November.
    #[default]
    NewYork,
    /// Always so many seconds ahead of UTC.
    Offset(i32),
}

/// A date at a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    midnight_s: u64,
}

impl Date {
    /// A date, when there is such a day since 1970 and before 2500.
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let date = Self { days_since_epoch: days_from_civil(year, month, day) };
        ((1970..2500).contains(&year) && date.civil() == (year, month, day)).then_some(date)
    }

    /// Reads `2012-06-21`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut part = |len: usize| parts.next().filter(|part| part.len() == len).and_then(digits);
        Self::new(part(4)?, part(2)?, part(2)?)
    }

    /// Finds a date in a file's name: `2012-06-21`, or eight digits as `20120621` or `06212012`, whichever is a date.
    #[must_use]
    pub fn in_name(name: &str) -> Option<Self> {
        let dashed = (0..name.len()).filter_map(|at| name.get(at..at + 10)).find_map(Self::parse);
        dashed.or_else(|| {
            let words = name.split(|letter: char| !letter.is_ascii_digit()).filter(|word| word.len() == 8);
            let ymd = |word: &str| Self::new(digits(&word[..4])?, digits(&word[4..6])?, digits(&word[6..])?);
            let mdy = |word: &str| Self::new(digits(&word[4..])?, digits(&word[..2])?, digits(&word[2..4])?);
            words.filter_map(|word| ymd(word).or_else(|| mdy(word))).next()
        })
    }

    /// The date at a venue at some moment.
    #[must_use]
    pub fn at(moment: Nanos, zone: Zone) -> Self {
        let utc_s = seconds(moment);
        // The rule asks for the date; the date of an hour ago is good enough to look it up, but for the hour of change itself.
        let near = Self { days_since_epoch: (utc_s - 5 * 3_600).div_euclid(DAY_S) };
        Self { days_since_epoch: (utc_s + zone.offset_s(near)).div_euclid(DAY_S) }
    }

    fn civil(self) -> (i64, i64, i64) {
        // Eras of 400 years that begin in March, so that a leap day ends its year.
        let days = self.days_since_epoch + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// 0 for Sunday.
    const fn weekday(self) -> i64 {
        (self.days_since_epoch + 4).rem_euclid(7)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Zone {
    /// Reads `new-york`, `utc`, `+01:00` or `-05:30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "new-york" => return Some(Self::NewYork),
            "utc" => return Some(Self::Offset(0)),
            _ => {}
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let field = |text: &str, max| digits(text).filter(|number| text.len() == 2 && *number <= max);
        let seconds = field(hours, 14)? * 3_600 + field(minutes, 59)? * 60;
        i32::try_from(sign * seconds).ok().map(Self::Offset)
    }

    fn offset_s(self, date: Date) -> i64 {
        match self {
            Self::Offset(seconds) => i64::from(seconds),
            Self::NewYork => {
                let (year, _, _) = date.civil();
                // The first Sunday of a month on or after a day of it.
                let sunday = |month, day| {
                    let from = Date { days_since_epoch: days_from_civil(year, month, day) };
                    Date { days_since_epoch: from.days_since_epoch + (7 - from.weekday()) % 7 }
                };
                let summer = (sunday(3, 8)..sunday(11, 1)).contains(&date);
                if summer { -4 * 3_600 } else { -5 * 3_600 }
            }
        }
    }
}

impl Day {
    /// A date at a venue.
    #[must_use]
    pub fn new(date: Date, zone: Zone) -> Self {
        let midnight_s = date.days_since_epoch * DAY_S - zone.offset_s(date);
        Self { midnight_s: u64::try_from(midnight_s).unwrap_or_default() }
    }

    /// The moment of a time of this day. (On a Sunday on which the clocks change it may be an hour off; no venue trades then.)
    #[must_use]
    pub fn at(self, time: TimeOfDay) -> Nanos {
        Nanos(self.midnight_s.saturating_mul(Nanos::PER_SECOND).saturating_add(time.get()))
    }
}

fn seconds(moment: Nanos) -> i64 {
    i64::try_from(moment.get() / Nanos::PER_SECOND).unwrap_or(i64::MAX)
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap_or_else(|| panic!("{text} is a date"))
    }

    #[test]
    fn every_day_of_five_centuries_has_its_date() {
        for days_since_epoch in 0..193_579 {
            let (year, month, day) = Date { days_since_epoch }.civil();
            assert_eq!(Date::new(year, month, day), Some(Date { days_since_epoch }));
        }
        assert_eq!(date("1970-01-01").days_since_epoch, 0);
        assert_eq!((date("2012-06-21").days_since_epoch, date("2012-06-21").weekday()), (15_512, 4));
        assert_eq!(date("2000-02-29").to_string(), "2000-02-29");
        for wrong in ["2001-02-29", "2012-13-01", "2012-6-21", "1969-12-31", "2012-06-21x", "", "2500-01-01"] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_are_found_in_names() {
        for (name, expected) in [
            ("ex20101224.TEST_ITCH_50.gz", "2010-12-24"),
            ("AAPL_2012-06-21_34200000_37800000_message_50.csv.xz", "2012-06-21"),
            ("01302019.NASDAQ_ITCH50.gz", "2019-01-30"),
        ] {
            assert_eq!(Date::in_name(name), Some(date(expected)), "{name}");
        }
        for name in ["day.pcap", "capture-34200000.pcap", "123456789", "é2012"] {
            assert_eq!(Date::in_name(name), None, "{name}");
        }
    }

    #[test]
    fn new_york_is_four_hours_behind_in_summer() {
        // 2019-01-30 14:30 and 2012-06-21 13:30 UTC are half past nine.
        for (day, utc_s) in [("2019-01-30", 1_548_858_600), ("2012-06-21", 1_340_285_400)] {
            let half_past_nine = TimeOfDay(34_200 * Nanos::PER_SECOND);
            assert_eq!(Day::new(date(day), Zone::NewYork).at(half_past_nine), Nanos(utc_s * Nanos::PER_SECOND));
            assert_eq!(Date::at(Nanos(utc_s * Nanos::PER_SECOND), Zone::NewYork), date(day));
        }
        for (day, hours) in [("2024-03-09", 5), ("2024-03-10", 4), ("2024-11-02", 4), ("2024-11-03", 5)] {
            assert_eq!(Zone::NewYork.offset_s(date(day)), -3_600 * hours, "{day}");
        }
    }

    #[test]
    fn a_late_hour_in_utc_is_the_evening_before_in_new_york() {
        let moment = Day::new(date("2024-01-01"), Zone::Offset(0)).at(TimeOfDay(3 * 3_600 * Nanos::PER_SECOND));
        assert_eq!(Date::at(moment, Zone::NewYork), date("2023-12-31"));
        assert_eq!(Date::at(moment, Zone::Offset(0)), date("2024-01-01"));
        assert_eq!(Date::at(moment, Zone::Offset(14 * 3_600)), date("2024-01-01"));
    }

    #[test]
    fn zones_are_read() {
        assert_eq!(Zone::parse("new-york"), Some(Zone::NewYork));
        assert_eq!(Zone::parse("utc"), Some(Zone::Offset(0)));
        assert_eq!(Zone::parse("-05:30"), Some(Zone::Offset(-19_800)));
        assert_eq!(Zone::parse("+09:00"), Some(Zone::Offset(32_400)));
        for wrong in ["", "5", "+5:00", "+15:00", "+09:60", "-0500", "é"] {
            assert_eq!(Zone::parse(wrong), None, "{wrong}");
        }
    }
}
