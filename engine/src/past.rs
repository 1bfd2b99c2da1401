//! The exchange as it stood, from its journal.
//!
//! Goal: any moment of a journal can be looked at, and everything that a command led to be seen again, beside a running appliance or on a
//! copy. Nothing is changed, no lock is taken. Non-goal: going on from there; see [`crate::recovery`].

use std::path::Path;

use crate::command::{Action, Command};
use crate::config::Config;
use crate::exchange::Exchange;
use crate::journal::{JournalError, Reader, directory};
use crate::record;
use crate::recovery::{Replayed, follower_venue, replay};
use crate::sink::Sink;
use crate::snapshot::{SnapshotError, SnapshotName, load_newest_where};
use crate::venue::Venue;
use wire::tick::Tick;
use wire::{Nanos, Seq, SessionIndex};

/// A moment of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After this command.
    After(Seq),
    /// After the last command that was received no later than this.
    At(Nanos),
    /// After the last one that there is.
    End,
}

impl Moment {
    /// Whether a command is part of what had happened.
    #[must_use]
    pub fn includes(self, seq: Seq, time: Nanos) -> bool {
        match self {
            Self::After(last) => seq <= last,
            Self::At(last) => time <= last,
            Self::End => true,
        }
    }
}

/// The venue as it stood.
pub struct Stood {
    /// With its books and sessions. It never speaks.
    pub venue: Venue,
    /// The snapshot that the replay began from.
    pub snapshot: Option<SnapshotName>,
    /// Newer snapshots that could not be used, and why.
    pub passed_over: Vec<SnapshotError>,
    /// How many records were replayed.
    pub records: u64,
}

/// The venue at a moment, from the newest snapshot before it.
///
/// # Errors
/// The journal is damaged before that moment, was written under other rules, or cannot be read; or its end lies before the command.
pub fn stood(config: &Config, dir: &Path, moment: Moment) -> Result<Stood, SnapshotError> {
    let fingerprint = config.fingerprint();
    let epoch = directory::epoch(dir)?.unwrap_or_default();
    let fits = |seq: Seq, time: Nanos| moment.includes(seq, time);
    let (loaded, passed_over) = load_newest_where(dir, epoch, fingerprint, fits, || follower_venue(config))?;
    let (mut venue, snapshot, reader) = match loaded {
        Some(loaded) => (loaded.venue, Some(loaded.name), Reader::open_behind(dir, &loaded.anchor)?),
        None => (follower_venue(config), None, Reader::open(dir)?),
    };
    let mut reader = reader.expecting(fingerprint);
    let mut outputs = Replayed::default();
    let mut records = 0;
    while let Some(entry) = reader.next()? {
        if !moment.includes(entry.seq, entry.receive_time) {
            break;
        }
        let seq = entry.seq;
        replay(&mut venue, &entry, &mut outputs).map_err(|reason| JournalError::Replay { seq, reason })?;
        records += 1;
    }
    if let Moment::After(last) = moment
        && venue.seq() < last
    {
        let reason = format!("the journal ends with command {}", venue.seq());
        return Err(JournalError::Replay { seq: last, reason }.into());
    }
    Ok(Stood { venue, snapshot, passed_over, records })
}

/// A command, and what it led to.
pub struct Step<'a> {
    /// The command.
    pub command: Command<'a>,
    /// Reports, each with the session that it went to.
    pub reports: &'a [(SessionIndex, Vec<u8>)],
    /// Ticks.
    pub ticks: &'a [Tick],
    /// The exchange after it.
    pub exchange: &'a Exchange,
}

/// Shows every command of a journal with what it led to, until `see` returns `false`.
///
/// # Errors
/// The journal is damaged, was written under other rules, leads to another state than it did, or cannot be read.
pub fn each_step(config: &Config, dir: &Path, mut see: impl FnMut(&Step<'_>) -> bool) -> Result<(), JournalError> {
    let mut reader = Reader::open(dir)?.expecting(config.fingerprint());
    let mut exchange = Exchange::new(&config.rules());
    let mut seen = Seen::default();
    while let Some(entry) = reader.next()? {
        let seq = entry.seq;
        let command = record::decode(seq, entry.receive_time, entry.kind, entry.body)
            .map_err(|error| JournalError::Replay { seq, reason: error.to_string() })?;
        if let Action::StateHash { hash } = command.action
            && hash != exchange.state_hash()
        {
            let found = exchange.state_hash();
            let reason = format!("its state hash is {hash:016x}, replay comes to {found:016x}");
            return Err(JournalError::Replay { seq, reason });
        }
        seen.reports.clear();
        seen.ticks.clear();
        exchange.apply(&command, &mut seen);
        let step = Step { command, reports: &seen.reports, ticks: &seen.ticks, exchange: &exchange };
        if !see(&step) {
            break;
        }
    }
    Ok(())
}

/// What one command led to.
#[derive(Default)]
struct Seen {
    reports: Vec<(SessionIndex, Vec<u8>)>,
    ticks: Vec<Tick>,
}

impl Sink for Seen {
    fn report(&mut self, _cause: Seq, session: SessionIndex, message: &[u8]) {
        self.reports.push((session, message.to_vec()));
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.ticks.push(*tick);
    }
}
