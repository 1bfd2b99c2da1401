//! A bar: what an instrument traded within a span of time.
//!
//! Goal: exact sums, so that bars of bars are the bars of their trades. Non-goal: spans without a trade; there is no bar.

use wire::views::{BarRow, TradeRow};
use wire::{InstrumentIndex, Nanos, Price};

/// How long a bar is. All begin at whole multiples of their length since the Unix epoch, so days are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BarLength {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl BarLength {
    /// All, the shortest first.
    pub const ALL: [Self; 5] = [Self::Second, Self::Minute, Self::FiveMinutes, Self::Hour, Self::Day];

    /// How long.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        let seconds = match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        };
        seconds * Nanos::PER_SECOND
    }

    /// Where the bar begins that a moment lies in.
    #[must_use]
    pub const fn begin(self, time: Nanos) -> Nanos {
        Nanos(time.0 - time.0 % self.nanos())
    }
}

/// What an instrument traded within a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Of what.
    pub instrument: InstrumentIndex,
    /// Where the span begins.
    pub begin: Nanos,
    /// The first price.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last.
    pub close: Price,
    /// Sum of the quantities.
    pub volume: u64,
    /// Sum of price times quantity, in units of a price.
    pub notional: i128,
    /// How many trades.
    pub trades: u64,
}

impl Bar {
    /// A bar of one trade.
    #[must_use]
    pub fn of(trade: &TradeRow, length: BarLength) -> Self {
        let price = trade.price;
        Self {
            instrument: trade.instrument,
            begin: length.begin(trade.time),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: trade.qty.into(),
            notional: i128::from(price.get()) * i128::from(trade.qty),
            trades: 1,
        }
    }

    /// The same as part of a longer one.
    #[must_use]
    pub const fn within(mut self, length: BarLength) -> Self {
        self.begin = length.begin(self.begin);
        self
    }

    /// Adds what was traded afterwards.
    pub fn add(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.saturating_add(later.volume);
        self.notional = self.notional.saturating_add(later.notional);
        self.trades = self.trades.saturating_add(later.trades);
    }

    /// The volume-weighted average price, to the nearest unit of a price, the higher one when two are as near. Exact is
    /// [`Self::notional`] by [`Self::volume`].
    #[must_use]
    pub fn vwap(&self) -> Option<Price> {
        average(self.notional, self.volume)
    }
}

fn average(notional: i128, volume: u64) -> Option<Price> {
    let volume = i128::from(volume);
    let twice = notional.checked_mul(2)?.checked_add(volume)?;
    i64::try_from(twice.checked_div_euclid(2 * volume)?).ok().map(Price)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the two halves of a number of 128 bits")]
impl From<&Bar> for BarRow {
    fn from(bar: &Bar) -> Self {
        let Bar { instrument, begin, open, high, low, close, volume, notional, trades } = *bar;
        let (notional_low, notional_high) = (notional as u64, (notional >> 64) as i64);
        Self { begin, open, high, low, close, volume, notional_low, notional_high, trades, instrument, zero: 0 }
    }
}

impl From<&BarRow> for Bar {
    fn from(row: &BarRow) -> Self {
        let BarRow { begin, open, high, low, close, volume, notional_low, notional_high, trades, instrument, .. } =
            *row;
        let notional = i128::from(notional_high) << 64 | i128::from(notional_low);
        Self { instrument, begin, open, high, low, close, volume, notional, trades }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{Reserved, Seq, Side};

    fn trade(time: u64, price: i64, qty: u32) -> TradeRow {
        let (instrument, taker_side) = (InstrumentIndex(3), Side::Buy);
        let (seq, match_number, price) = (Seq(1), 1, Price(price));
        TradeRow { seq, time: Nanos(time), match_number, price, instrument, qty, taker_side, reserved: Reserved }
    }

    #[test]
    fn bars_add_up_and_keep_their_bytes() {
        let mut bar = Bar::of(&trade(61_000_000_001, 100, 2), BarLength::Second);
        bar.add(&Bar::of(&trade(61_500_000_000, 90, 1), BarLength::Second));
        bar.add(&Bar::of(&trade(61_999_999_999, 101, 4), BarLength::Second));
        assert_eq!((bar.begin, bar.open, bar.high), (Nanos(61_000_000_000), Price(100), Price(101)));
        assert_eq!((bar.low, bar.close, bar.volume, bar.trades), (Price(90), Price(101), 7, 3));
        assert_eq!((bar.notional, bar.vwap()), (694, Some(Price(99))), "694 / 7 = 99.14");
        assert_eq!(bar.within(BarLength::Minute).begin, Nanos(60_000_000_000));
        for notional in [694, -1, i128::from(i64::MIN) * 9, i128::from(i64::MAX) * 9, 0] {
            let bar = Bar { notional, ..bar };
            assert_eq!(Bar::from(&BarRow::from(&bar)), bar);
        }
    }

    #[test]
    fn the_average_is_the_nearest_price() {
        assert_eq!(average(0, 0), None);
        assert_eq!(average(5, 2), Some(Price(3)), "a half goes up");
        assert_eq!(average(-5, 2), Some(Price(-2)));
        assert_eq!(average(7, 3), Some(Price(2)));
        assert_eq!(average(8, 3), Some(Price(3)));
    }
}
