//! What an idle thread does.

use std::time::Duration;

/// How a thread waits when a whole turn of its loop found nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Never leaves the core: for isolated cores.
    Spin,
    /// Gives the core to another runnable thread: for shared cores.
    #[default]
    Yield,
    /// Sleeps for short, bounded times: for laptops.
    Park,
}

/// Idle turns before a parked thread sleeps: it is likely that more comes soon after something came.
const PARK_AFTER_TURNS: u32 = 64;
/// How long a parked thread sleeps at a time.
const PARK: Duration = Duration::from_micros(100);

impl Wait {
    /// Waits after the `idle`th turn in a row without work.
    pub fn wait(self, idle: u32) {
        match self {
            Self::Spin => std::hint::spin_loop(),
            Self::Park if idle >= PARK_AFTER_TURNS => std::thread::sleep(PARK),
            Self::Yield | Self::Park => std::thread::yield_now(),
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
