//! What an idle thread does.

use std::time::Duration;

/// How a thread waits when a whole turn of its loop found nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Never leaves the core: for isolated cores.
    Spin,
    /// Gives the core to another runnable thread: for cores that nothing else keeps busy. Since Linux 6.18 it gets it back only after all that it
    /// forfeits, a slice at a time.
    #[default]
    Yield,
    /// Sleeps for short, bounded times, the tile at the port until a datagram comes at the latest: for laptops.
    Park,
}

/// Idle turns before a thread that parks sleeps: it is likely that more comes soon after something came. It does not yield meanwhile: beside a
/// busy thread that costs a whole slice of that one's time, milliseconds, where sleep ends when it should.
const PARK_AFTER_TURNS: u32 = 64;
/// How long a parked thread sleeps at a time.
const PARK: Duration = Duration::from_micros(100);

impl Wait {
    /// Waits after the `idle`th turn in a row without work.
    pub fn wait(self, idle: u32) {
        self.wait_by(idle, std::thread::sleep);
    }

    /// The same with another way to sleep for at most some time.
    pub fn wait_by(self, idle: u32, sleep: impl FnOnce(Duration)) {
        match self {
            Self::Yield => std::thread::yield_now(),
            Self::Park if idle >= PARK_AFTER_TURNS => sleep(PARK),
            Self::Spin | Self::Park => std::hint::spin_loop(),
        }
    }
}

impl core::str::FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "spin" => Ok(Self::Spin),
            "yield" => Ok(Self::Yield),
            "park" => Ok(Self::Park),
            _ => Err(format!("expected spin, yield or park, found '{text}'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_who_parks_sleeps_and_only_after_some_turns() {
        let slept = Cell::new(Duration::ZERO);
        for (wait, idle, expected) in [
            (Wait::Spin, u32::MAX, Duration::ZERO),
            (Wait::Yield, u32::MAX, Duration::ZERO),
            (Wait::Park, PARK_AFTER_TURNS - 1, Duration::ZERO),
            (Wait::Park, PARK_AFTER_TURNS, PARK),
            (Wait::Park, u32::MAX, PARK),
        ] {
            slept.set(Duration::ZERO);
            wait.wait_by(idle, |time| slept.set(time));
            assert_eq!(slept.get(), expected, "{wait:?} after {idle}");
        }
    }
}
