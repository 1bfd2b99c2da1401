//! One look at an appliance, with what came before it: rates, shares and ages.
//!
//! Goal: plain questions over two snapshots, each answered by `None` where the file does not have it. Non-goal: judging the answers.

use engine::counters::{Histogram, Owner, Snapshot, SnapshotRow};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::history::Moment;

/// What the process that writes the counters is at, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It is there.
    Runs,
    /// A signal or a debugger holds it.
    Stopped,
    /// There is no such process any more.
    Gone,
}

/// An earlier snapshot and how long ago it was taken.
#[derive(Clone, Debug)]
pub struct Past {
    /// How long ago.
    pub over: Duration,
    /// What it was.
    pub snapshot: Arc<Snapshot>,
}

/// Something of a row that is watched from look to look: group and label.
pub type Watched = (&'static str, String);

/// One look.
#[derive(Clone, Debug)]
pub struct Look {
    /// Where the counters are.
    pub path: PathBuf,
    /// Who writes them.
    pub owner: Owner,
    /// Its process.
    pub process: ProcessState,
    /// When.
    pub at: Moment,
    /// All numbers.
    pub now: Arc<Snapshot>,
    /// About a second ago, or as long as there is; for rates.
    pub second: Option<Past>,
    /// Three seconds ago; `None` before that.
    pub three: Option<Past>,
    /// About ten seconds ago, or as long as there is; for what happens now and then.
    pub ten: Option<Past>,
    pub(super) stills: HashMap<Watched, Duration>,
    pub(super) lasting: HashMap<Watched, Duration>,
}

impl Look {
    /// A number of a group of one row.
    #[must_use]
    pub fn get(&self, group: &str, field: &str) -> Option<u64> {
        self.now.get(group, field)
    }

    /// The rows of a group.
    #[must_use]
    pub fn rows(&self, group: &str) -> &[SnapshotRow] {
        self.now.rows(group)
    }

    /// For how long a time of a row has stood still: its heartbeat, or when something was last sent. By the looker's own clock, once it was
    /// seen to move.
    #[must_use]
    pub fn still(&self, group: &'static str, label: &str) -> Option<Duration> {
        self.stills.get(&(group, label.to_owned())).copied()
    }

    /// For how long something has been so at every look: `link` full, `session` with reports that its client does not take.
    #[must_use]
    pub fn lasting(&self, group: &'static str, label: &str) -> Option<Duration> {
        self.lasting.get(&(group, label.to_owned())).copied()
    }

    /// How much a counter grew, a second: row `index` of a group.
    #[must_use]
    pub fn per_second(&self, group: &str, index: usize, field: &str) -> Option<u64> {
        rate(grown(&self.now, self.second.as_ref()?, group, index, field)?, self.second.as_ref()?.over)
    }

    /// How much a counter grew in the last ten seconds.
    #[must_use]
    pub fn lately(&self, group: &str, index: usize, field: &str) -> Option<u64> {
        grown(&self.now, self.ten.as_ref()?, group, index, field)
    }

    /// Which part of its time a thread spent in turns with work, of a thousand: over the past that is given.
    #[must_use]
    pub fn busy_permille(&self, thread: usize, past: Option<&Past>) -> Option<u64> {
        let past = past?;
        let [working, time] = ["working_ns", "time_ns"].map(|field| grown(&self.now, past, "thread", thread, field));
        let (working, time) = (working?, time?);
        (time > 0).then(|| share_permille(working, time))
    }

    /// What a histogram gained in the last ten seconds.
    #[must_use]
    pub fn recent(&self, group: &str, index: usize, field: &str) -> Option<Histogram> {
        let row = self.now.rows(group).get(index)?;
        let now = row.histogram(field)?;
        let earlier = earlier_row(self.ten.as_ref()?, group, index, &row.label)?.histogram(field)?;
        Some(now.since(&earlier))
    }

    /// How far apart the last two commands are that were appended and released.
    #[must_use]
    pub fn durable_lag(&self) -> Option<u64> {
        Some(self.get("journal", "appended_seq")?.saturating_sub(self.get("journal", "durable_seq")?))
    }

    /// How long the oldest record that is not durable has waited.
    #[must_use]
    pub fn durable_wait(&self) -> Option<Duration> {
        let since = self.get("journal", "waiting_since_ns")?;
        (since > 0).then(|| Duration::from_nanos(self.now.taken.get().saturating_sub(since)))
    }
}

/// The same row as it was; rows never change their places, and are only added.
pub(super) fn earlier_row<'a>(past: &'a Past, group: &str, index: usize, label: &str) -> Option<&'a SnapshotRow> {
    past.snapshot.rows(group).get(index).filter(|row| row.label == label)
}

/// A row that was not in use then began at zero.
fn grown(now: &Snapshot, past: &Past, group: &str, index: usize, field: &str) -> Option<u64> {
    let row = now.rows(group).get(index)?;
    let earlier = earlier_row(past, group, index, &row.label).map_or(Some(0), |row| row.get(field))?;
    Some(row.get(field)?.saturating_sub(earlier))
}

/// So many in so long, a second.
pub(super) fn rate(count: u64, over: Duration) -> Option<u64> {
    let nanos = over.as_nanos();
    (nanos > 0).then(|| u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX))
}

/// A part of a whole, of a thousand.
pub(super) fn share_permille(part: u64, whole: u64) -> u64 {
    let share = u128::from(part) * 1_000 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX).min(1_000)
}
