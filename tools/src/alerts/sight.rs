//! What rules are evaluated over, and how it is gathered.

use crate::stats::{Follower, Look};
use engine::config::Config;
use engine::counters::path_of;
use feedhandler::handler::LineState;
use nix::sys::statvfs::statvfs;
use std::time::{Duration, Instant, SystemTime};
use wire::Nanos;

/// All that is known at one moment. What is `None` is not known, and leaves the rules that need it as they are.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// By a clock that never steps, from any beginning.
    pub steady: Duration,
    /// Both clocks at one moment.
    pub clocks: Option<ClockPair>,
    /// The counters, and what came before them.
    pub look: Option<Look>,
    /// Where counters were looked for, when there are none.
    pub no_counters: Option<String>,
    /// Room on the journal's disk.
    pub disk_free_bytes: Option<u64>,
    /// The lines of market data, where somebody hears them.
    pub lines: Option<Vec<LineSight>>,
}

/// The wall clock and the steady one, read so closely together that they belong to one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockPair {
    /// The time of day.
    pub wall: Nanos,
    /// The steady clock.
    pub steady: Duration,
}

/// A line of market data as a subscriber hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSight {
    /// The stream, `main.tick`.
    pub stream: String,
    /// The line, `239.26.40.1:26440`.
    pub line: String,
    /// How it does.
    pub state: LineState,
    /// Messages that it skipped.
    pub lost: u64,
}

/// Looks at one appliance.
#[derive(Debug)]
pub struct Looker {
    follower: Option<Follower>,
    config: Config,
    begin: Instant,
}

/// Two readings of the steady clock with the other one between them belong to one moment when they are so close.
const APART_MAX: Duration = Duration::from_millis(1);

impl Looker {
    /// At the appliance of this configuration, wherever it runs on this machine.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { follower: path_of(config).map(Follower::new), config: config.clone(), begin: Instant::now() }
    }

    /// Looks at everything but the lines.
    pub fn look(&mut self) -> Sight {
        let looked = self.follower.as_mut().map(Follower::look);
        let (look, no_counters) = match looked {
            None => (None, None),
            Some(Ok(look)) => (Some(look), None),
            Some(Err(error)) => {
                // Its name follows from where the journal is, which the first start makes.
                self.follower = path_of(&self.config).map(Follower::new);
                (None, Some(error.to_string()))
            }
        };
        let disk = statvfs(&self.config.journal.dir).ok();
        let disk_free_bytes = disk.map(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()));
        Sight { steady: self.begin.elapsed(), clocks: self.clocks(), look, no_counters, disk_free_bytes, lines: None }
    }

    fn clocks(&self) -> Option<ClockPair> {
        // A thread that loses its core between two readings tries again.
        (0..5).find_map(|_| {
            let before = self.begin.elapsed();
            let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let steady = self.begin.elapsed();
            let wall = Nanos(u64::try_from(wall.as_nanos()).ok()?);
            (steady.saturating_sub(before) < APART_MAX).then_some(ClockPair { wall, steady })
        })
    }
}
