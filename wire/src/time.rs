//! Time as a plain number that arrives from outside.

/// Nanoseconds since the Unix epoch (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// Nanoseconds in a second.
    pub const PER_SECOND: u64 = 1_000_000_000;
    /// Nanoseconds in a day.
    pub const PER_DAY: u64 = 86_400 * Self::PER_SECOND;

    /// The bare number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Nanoseconds since midnight UTC: the clock of OUCH 5.0 and ITCH 5.0 timestamps.
    #[must_use]
    pub const fn since_midnight(self) -> u64 {
        self.0 % Self::PER_DAY
    }

    /// Time from `earlier` to here; zero when `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Nanoseconds since midnight UTC: the timestamps of OUCH 5.0 and ITCH 5.0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct TimeOfDay(pub u64);

impl TimeOfDay {
    /// The bare number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<Nanos> for TimeOfDay {
    fn from(time: Nanos) -> Self {
        Self(time.since_midnight())
    }
}
