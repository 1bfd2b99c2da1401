//! When something came, by a clock that tells the time of day and never goes back.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The wall clock at the beginning, carried on by one that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_ns: u64,
}

impl Clock {
    /// From now on.
    #[must_use]
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_ns: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX) }
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.origin_ns.saturating_add(self.elapsed_ns())
    }

    /// The same of a moment since it began.
    #[must_use]
    pub fn ns_of(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.origin);
        self.origin_ns.saturating_add(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since it began.
    #[must_use]
    pub fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
