//! How an io_uring port is set up.

use std::fmt;
use std::str::FromStr;

/// How an io_uring port is set up. What this host's kernel is too old for is done without, and said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UringOptions {
    /// Datagrams that the kernel may have received and we have not read; a power of two, at most 32,768.
    pub receive_buffers: u16,
    /// Datagrams that may be on their way out; a power of two, at most 16,384.
    pub send_slots: u16,
    /// Whether a thread of the kernel looks for what is to be sent, so that sending takes no system call.
    pub sqpoll: SqPoll,
    /// After how long without work that thread sleeps, ms; to wake it takes a system call.
    pub sqpoll_idle_ms: u32,
    /// How long the kernel polls the network card for us whenever nothing is there, µs; 0: not at all, the card interrupts.
    /// Each poll is then a system call.
    pub napi_busy_poll_us: u32,
    /// Whether datagrams carry the time at which the kernel got them.
    pub timestamps: bool,
    /// What of the kernel may be used.
    pub facilities: Facilities,
}

/// Facilities that a port can do without. All are used unless told otherwise, as a test does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facilities {
    /// The kernel's half of the work waits for our calls instead of interrupting us (Linux 6.1).
    pub deferred_work: bool,
    /// The kernel looks the sockets up once, not for each request.
    pub fixed_files: bool,
}

impl Default for UringOptions {
    fn default() -> Self {
        Self {
            receive_buffers: 2048,
            send_slots: 256,
            sqpoll: SqPoll::Off,
            sqpoll_idle_ms: 100,
            napi_busy_poll_us: 0,
            timestamps: false,
            facilities: Facilities { deferred_work: true, fixed_files: true },
        }
    }
}

/// A thread of the kernel that takes submissions without being called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SqPoll {
    /// None.
    #[default]
    Off,
    /// On a core of the scheduler's choice.
    Anywhere,
    /// On this core.
    Core(u32),
}

/// Not a way to place that thread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected off, any or the number of a core, found `{0}`")]
pub struct SqPollError(String);

impl FromStr for SqPoll {
    type Err = SqPollError;

    fn from_str(text: &str) -> Result<Self, SqPollError> {
        match text {
            "off" => Ok(Self::Off),
            "any" => Ok(Self::Anywhere),
            _ => text.parse().map(Self::Core).map_err(|_| SqPollError(text.to_owned())),
        }
    }
}

impl fmt::Display for SqPoll {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => out.write_str("off"),
            Self::Anywhere => out.write_str("any"),
            Self::Core(core) => write!(out, "{core}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_for_the_thread_has_a_name() {
        for place in [SqPoll::Off, SqPoll::Anywhere, SqPoll::Core(0), SqPoll::Core(17)] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", "on", "-1", "1.5"] {
            assert!(text.parse::<SqPoll>().is_err(), "{text}");
        }
    }
}
