//! Fixed-point money and whole-lot quantities. No floating point anywhere.

use core::fmt;
use core::str::FromStr;

/// A price in units of 1/10,000 of the currency unit (4 implied decimals).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Price(pub i64);

impl Price {
    /// How many raw units make one currency unit.
    pub const UNITS_PER_ONE: i64 = 10_000;
    /// The largest representable price; a market buy order is a limit at this price.
    pub const MAX: Self = Self(i64::MAX);
    /// The smallest representable price; a market sell order is a limit at this price.
    pub const MIN: Self = Self(i64::MIN);

    /// The raw number of 1/10,000 units.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Price {
    /// Decimal text with the fewest decimals that are exact: `12.5`, `1250`, `-0.0001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = Self::UNITS_PER_ONE.unsigned_abs();
        let (whole, fraction) = (magnitude / unit, magnitude % unit);
        if fraction == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let digits = format!("{fraction:04}");
            write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

/// Why a text is not a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePriceError {
    text: String,
}

impl fmt::Display for ParsePriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a decimal price with at most 4 decimals, such as 1250 or 12.5, found '{}'", self.text)
    }
}

impl std::error::Error for ParsePriceError {}

impl FromStr for Price {
    type Err = ParsePriceError;

    /// Reads a decimal number with at most 4 decimals, without going through floating point.
    ///
    /// # Errors
    /// The text is empty, is not a plain decimal number, has more than 4 decimals or does not fit.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParsePriceError { text: text.to_owned() };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 4 || !all_digits(whole) || !all_digits(fraction) {
            return Err(error());
        }
        if digits.contains('.') && fraction.is_empty() {
            return Err(error());
        }
        let raw: i128 = format!("{whole}{fraction:0<4}").parse().map_err(|_| error())?;
        let signed = if negative { -raw } else { raw };
        i64::try_from(signed).map(Self).map_err(|_| error())
    }
}

/// A quantity in whole units of the instrument (shares). Zero never rests in a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Qty(pub u32);

impl Qty {
    /// No quantity.
    pub const ZERO: Self = Self(0);

    /// The bare number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_round_trip_through_text() {
        for (text, raw) in [("1250", 12_500_000), ("12.5", 125_000), ("0.0001", 1), ("-3.25", -32_500), ("0", 0)] {
            let price: Price = text.parse().expect(text);
            assert_eq!(price, Price(raw));
            assert_eq!(price.to_string(), text);
        }
    }

    #[test]
    fn prices_refuse_what_is_not_exact() {
        for text in ["", ".", "1.", ".5", "1.23456", "1e3", "+1", "1,5", "99999999999999999999", "--1"] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_extremes_print_and_parse() {
        for price in [Price::MAX, Price::MIN] {
            assert_eq!(price.to_string().parse(), Ok(price));
        }
    }
}
