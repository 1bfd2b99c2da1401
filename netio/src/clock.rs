//! The time in nanoseconds since the Unix epoch, read in a few cycles: the processor's cycle counter, mapped to the
//! system's real-time clock.
//!
//! It never goes backwards. [`Clock::resync`], called every second or so by housekeeping, keeps it within microseconds
//! of the system's clock by running a little faster or slower for a while. Where the processor has no counter of constant
//! rate, the system's monotonic clock takes its place.
//!
//! Non-goals: better accuracy than the system's clock has; one clock for several threads (clone it: each keeps its own,
//! mapped alike).

mod counter;
mod discipline;
mod timeline;

pub use discipline::{Discipline, discipline};

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use self::counter::Counter;
use self::timeline::{Sample, Timeline};

/// A clock for one thread.
#[derive(Debug, Clone)]
pub struct Clock {
    counter: Counter,
    timeline: Timeline,
    /// What was told last: cores may disagree by some cycles about the counter, and a thread may move between them.
    last_ns: Cell<u64>,
}

impl Clock {
    /// Measures the counter's rate for about 20 milliseconds.
    #[must_use]
    pub fn calibrate() -> Self {
        let counter = Counter::best();
        let first = sample(counter);
        std::thread::sleep(CALIBRATION);
        let mut second = sample(counter);
        // A host that stepped its clock, or stopped this thread, between the readings gets another chance.
        let mut timeline = Timeline::new(first, second);
        for _ in 0..CALIBRATIONS_MAX {
            if timeline.is_some() {
                break;
            }
            let earlier = second;
            std::thread::sleep(CALIBRATION);
            second = sample(counter);
            timeline = Timeline::new(earlier, second);
        }
        // Still nothing to go by: nanoseconds of the monotonic clock need no calibration.
        let (counter, timeline) = timeline.map_or_else(
            || {
                let counter = Counter::monotonic();
                (counter, Timeline::of_nanoseconds(sample(counter)))
            },
            |timeline| (counter, timeline),
        );
        Self { counter, timeline, last_ns: Cell::new(0) }
    }

    /// Nanoseconds since the Unix epoch; never less than it said before.
    #[inline]
    #[must_use]
    pub fn now(&self) -> u64 {
        let now = self.timeline.at(self.counter.read()).max(self.last_ns.get());
        self.last_ns.set(now);
        now
    }

    /// The counter itself. Readings of several threads can be compared; a difference is told in nanoseconds by
    /// [`ns_of`](Self::ns_of).
    #[inline]
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.counter.read()
    }

    /// How long so many ticks of the counter take, by its rate as it is known now.
    #[must_use]
    pub fn ns_of(&self, ticks: u64) -> u64 {
        self.timeline.ns_of(ticks)
    }

    /// Looks at the system's clock and steers towards it; costs about a microsecond. A clock that is ahead runs slower
    /// until the difference is gone; one that is far behind jumps forward.
    pub fn resync(&mut self) {
        self.timeline.steer(sample(self.counter));
    }

    /// What is being counted, for a report of the host's facts.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.counter.name()
    }
}

/// Reads both clocks at one moment: of some attempts the one in which the system's clock was read in the fewest ticks, so
/// that neither an interrupt nor a cold cache lies between.
fn sample(counter: Counter) -> Sample {
    let attempt = || {
        let before = counter.read();
        let unix_ns = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        let width = counter.read().saturating_sub(before);
        (width, Sample { ticks: before + width / 2, unix_ns })
    };
    let mut best = attempt();
    for _ in 1..SAMPLE_ATTEMPTS {
        let next = attempt();
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
}

const CALIBRATION: Duration = Duration::from_millis(20);
const CALIBRATIONS_MAX: usize = 5;
const SAMPLE_ATTEMPTS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn system_ns() -> u64 {
        u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos()).unwrap()
    }

    #[test]
    fn never_goes_backwards_also_across_resyncs() {
        let mut clock = Clock::calibrate();
        let mut last = 0;
        for turn in 0..200_000 {
            if turn % 10_000 == 0 {
                clock.resync();
            }
            let now = clock.now();
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }

    #[test]
    fn agrees_with_the_system_clock() {
        let mut clock = Clock::calibrate();
        for _ in 0..5 {
            let before = system_ns();
            let now = clock.now();
            let after = system_ns();
            // Wide, since the test may share its core with anything; wrong units or epochs are off by far more.
            assert!(now + 50_000_000 > before && now < after + 50_000_000, "{before} <= {now} <= {after}");
            std::thread::sleep(Duration::from_millis(10));
            clock.resync();
        }
    }

    #[test]
    fn a_clone_tells_the_same_time() {
        let clock = Clock::calibrate();
        let other = clock.clone();
        let (a, b, c) = (clock.now(), other.now(), clock.now());
        assert!(a <= b && b <= c, "{a} {b} {c}");
    }
}
