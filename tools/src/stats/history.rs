//! What was seen of an appliance in the last seconds.
//!
//! Goal: from snapshots to [`Look`]s. Ages are told by the looker's steady clock as soon as something was seen to move, so that neither clock's
//! steps make a living appliance look dead. Non-goal: more than ten seconds; reading the file.

use super::look::{Look, Past, ProcessState, Watched};
use engine::counters::{Owner, Snapshot};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wire::Nanos;

/// Snapshots are kept when they are so far apart, or else a large venue's would fill the memory.
const APART: Duration = Duration::from_millis(450);
/// And for so long.
const KEPT: Duration = Duration::from_secs(10);
/// Reports that a session's client has not been sent, from which on it counts as one that does not take them.
const PENDING: u64 = 1_024;
/// The times that are watched: the group, and the field that says when something last moved.
const MOVING: [(&str, &str); 4] =
    [("appliance", "heartbeat_ns"), ("thread", "heartbeat_ns"), ("tile", "heartbeat_ns"), ("feed", "sent_ns")];

/// When a look was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock.
    pub wall: Nanos,
    /// By a clock that never steps, from any beginning.
    pub steady: Duration,
}

/// A value that is expected to move.
#[derive(Debug)]
struct Moving {
    value: u64,
    since: Duration,
    /// How long it had stood before we first saw it, by the wall clock.
    before: Duration,
}

/// The last seconds.
#[derive(Debug, Default)]
pub struct History {
    owner: Option<Owner>,
    kept: VecDeque<(Duration, Arc<Snapshot>)>,
    moving: HashMap<Watched, Moving>,
    holding: HashMap<Watched, Duration>,
}

impl History {
    /// Takes in a snapshot and gives back the look that it makes with what came before. A new owner begins anew.
    pub fn see(&mut self, at: Moment, path: &Path, owner: &Owner, process: ProcessState, now: Snapshot) -> Look {
        if self.owner.as_ref() != Some(owner) {
            *self = Self { owner: Some(owner.clone()), ..Self::default() };
        }
        let now = Arc::new(now);
        let stills = self.watch_moving(at, &now);
        let lasting = self.watch_lasting(at, &now);
        let past = |(taken, snapshot): &(Duration, Arc<Snapshot>)| Past {
            over: at.steady.saturating_sub(*taken),
            snapshot: Arc::clone(snapshot),
        };
        let age = |taken: &Duration| at.steady.saturating_sub(*taken);
        // The youngest that is old enough.
        let old = |wanted: Duration| self.kept.iter().rev().find(|(taken, _)| age(taken) >= wanted).map(past);
        let oldest = self.kept.front().map(past).filter(|past| past.over > Duration::ZERO);
        let look = Look {
            path: path.to_owned(),
            owner: owner.clone(),
            process,
            at,
            now: Arc::clone(&now),
            second: old(Duration::from_millis(900)).or_else(|| oldest.clone()),
            three: old(Duration::from_secs(3)),
            ten: oldest,
            stills,
            lasting,
        };
        if self.kept.back().is_none_or(|(taken, _)| age(taken) >= APART) {
            self.kept.push_back((at.steady, now));
        }
        while self.kept.get(1).is_some_and(|(taken, _)| age(taken) >= KEPT) {
            self.kept.pop_front();
        }
        look
    }

    fn watch_moving(&mut self, at: Moment, now: &Snapshot) -> HashMap<Watched, Duration> {
        let mut stills = HashMap::new();
        for (group, field) in MOVING {
            for row in now.rows(group) {
                // Zero: it has not begun.
                let Some(value @ 1..) = row.get(field) else { continue };
                let key = (group, row.label.clone());
                let moving = self.moving.entry(key.clone()).or_insert_with(|| Moving {
                    value,
                    since: at.steady,
                    before: Duration::from_nanos(at.wall.get().saturating_sub(value)),
                });
                if moving.value != value {
                    *moving = Moving { value, since: at.steady, before: Duration::ZERO };
                }
                stills.insert(key, at.steady.saturating_sub(moving.since) + moving.before);
            }
        }
        stills
    }

    fn watch_lasting(&mut self, at: Moment, now: &Snapshot) -> HashMap<Watched, Duration> {
        let full = |row: &&engine::counters::SnapshotRow| {
            row.get("slots").is_some_and(|slots| slots > 0 && row.get("depth") >= Some(slots))
        };
        let behind = |row: &&engine::counters::SnapshotRow| {
            row.get("alive") == Some(1) && row.get("pending").is_some_and(|pending| pending >= PENDING)
        };
        let links = now.rows("link").iter().filter(full).map(|row| ("link", row.label.clone()));
        let sessions = now.rows("session").iter().filter(behind).map(|row| ("session", row.label.clone()));
        let holding = links.chain(sessions);
        let holding: HashMap<Watched, Duration> = holding
            .map(|key| {
                let since = self.holding.get(&key).copied().unwrap_or(at.steady);
                (key, since)
            })
            .collect();
        self.holding = holding;
        self.holding.iter().map(|(key, since)| (key.clone(), at.steady.saturating_sub(*since))).collect()
    }
}
