//! How much comes, a second.

use crate::listen::tape::Heard;
use feedhandler::handler::HandlerCounters;
use std::collections::VecDeque;
use wire::Nanos;

/// Seconds that are remembered.
const SECONDS_KEPT: usize = 240;

/// What came in the last second, and messages of the seconds before.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    since: Option<Nanos>,
    then: [u64; 4],
    /// Messages, packets, trades, changes of levels.
    pub per_second: [u64; 4],
    /// Messages a second, the oldest first.
    pub history: VecDeque<u64>,
}

impl Rates {
    /// Looks at the counts; once a second there are new rates.
    pub fn see(&mut self, now: Nanos, heard: &Heard, counters: &HandlerCounters) {
        let counts = [heard.messages, counters.packets, heard.trades, heard.changes];
        let Some(since) = self.since else {
            (self.since, self.then) = (Some(now), counts);
            return;
        };
        let passed = now.since(since);
        if passed < Nanos::PER_SECOND {
            return;
        }
        for ((rate, then), count) in self.per_second.iter_mut().zip(self.then).zip(counts) {
            let each = u128::from(count.saturating_sub(then)) * u128::from(Nanos::PER_SECOND) / u128::from(passed);
            *rate = u64::try_from(each).unwrap_or(u64::MAX);
        }
        if self.history.len() == SECONDS_KEPT {
            self.history.pop_front();
        }
        self.history.push_back(self.per_second[0]);
        (self.since, self.then) = (Some(now), counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_time_that_passed() {
        let mut rates = Rates::default();
        let heard = |messages| Heard { messages, ..Heard::default() };
        let counters = HandlerCounters::default();
        rates.see(Nanos(5), &heard(100), &counters);
        rates.see(Nanos(500_000_000), &heard(200), &counters);
        assert_eq!((rates.per_second[0], rates.history.len()), (0, 0), "not a second yet");
        rates.see(Nanos(2_000_000_005), &heard(500), &counters);
        assert_eq!((rates.per_second[0], rates.history.back()), (200, Some(&200)));
    }
}
