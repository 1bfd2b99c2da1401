//! The exchange as it stood, from its journal.
//!
//! Goal: any moment of a journal can be looked at, and everything that a command led to be seen again, beside a running appliance or on a
//! copy. Nothing is changed, no lock is taken. Non-goal: going on from there; see [`crate::recovery`].

use std::path::Path;

use crate::book::BookEvent;
use crate::command::{Action, Command};
use crate::config::Config;
use crate::depth::DepthEvent;
use crate::exchange::Exchange;
use crate::journal::{JournalError, Reader, Record, directory};
use crate::progress::Progress;
use crate::record;
use crate::recovery::{Replayed, follower_venue, no_way, replay};
use crate::sink::Sink;
use crate::snapshot::{SnapshotError, SnapshotName, load_newest_where};
use crate::venue::Venue;
use wire::admin::{OperatorName, Outcome};
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
    stood_watched(config, dir, moment, &Progress::default())
}

/// As [`stood`]; `progress` says how far it is.
///
/// # Errors
/// As there.
pub fn stood_watched(config: &Config, dir: &Path, moment: Moment, progress: &Progress) -> Result<Stood, SnapshotError> {
    let fingerprint = config.fingerprint();
    let epoch = directory::epoch(dir)?.unwrap_or_default();
    let fits = |seq: Seq, time: Nanos| moment.includes(seq, time);
    let (loaded, passed_over) = load_newest_where(dir, epoch, fingerprint, fits, || follower_venue(config))?;
    let (mut venue, snapshot, reader) = match loaded {
        Some(loaded) => (loaded.venue, Some(loaded.name), Reader::open_behind(dir, &loaded.anchor)?),
        None => {
            let needs_first = moment == Moment::End;
            let reader = Reader::open(dir).map_err(|error| no_way(error, &passed_over, needs_first))?;
            (follower_venue(config), None, reader)
        }
    };
    let mut reader = reader.expecting(fingerprint);
    let mut outputs = Replayed::default();
    let mut records = 0;
    let mut count = progress.count(dir, config.journal.segment_bytes);
    while let Some(entry) = reader.next()? {
        if !moment.includes(entry.seq, entry.receive_time) {
            break;
        }
        let seq = entry.seq;
        count.see(&entry);
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

/// One thing that a command led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect<'a> {
    /// A report to a session.
    Report(SessionIndex, &'a [u8]),
    /// A tick.
    Tick(Tick),
    /// A message of a depth stream.
    Depth(DepthEvent),
    /// What the book did; its reports and ticks follow.
    Book(BookEvent),
    /// The answer to an operator's command: whose, which one, what became of it.
    Answer(OperatorName, u64, Outcome),
}

/// A command, and what it led to.
pub struct Step<'a> {
    /// As it is in the journal.
    pub record: Record<'a>,
    /// The same, read.
    pub command: Command<'a>,
    /// The exchange after it.
    pub exchange: &'a Exchange,
    effects: &'a Effects,
}

impl Step<'_> {
    /// What it led to, in order.
    pub fn effects(&self) -> impl Iterator<Item = Effect<'_>> {
        self.effects.all.iter().map(|kept| match kept {
            Kept::Report(session, range) => Effect::Report(*session, &self.effects.bytes[range.clone()]),
            Kept::Tick(tick) => Effect::Tick(*tick),
            Kept::Depth(event) => Effect::Depth(*event),
            Kept::Book(event) => Effect::Book(*event),
            Kept::Answer(operator, number, outcome) => Effect::Answer(*operator, *number, *outcome),
        })
    }
}

/// A journal, command by command, each with what it led to.
pub struct Walk {
    reader: Reader,
    exchange: Exchange,
    effects: Effects,
    /// The snapshot that it began from.
    pub snapshot: Option<SnapshotName>,
}

impl Walk {
    /// Begins with the first command; where segments have been pruned, behind the oldest snapshot from which the rest can be replayed.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn open(config: &Config, dir: &Path) -> Result<Self, SnapshotError> {
        let lost = match Self::under(config, dir) {
            Ok(mut walk) => {
                walk.reader = walk.reader.expecting(config.fingerprint());
                return Ok(walk);
            }
            Err(lost @ JournalError::MissingSegment { .. }) => lost,
            Err(error) => return Err(error.into()),
        };
        for name in SnapshotName::list(dir)? {
            let walk = Self::behind_newest(config, dir, |seq, _| seq == name.seq)?;
            if let Some(walk) = walk {
                return Ok(walk);
            }
        }
        Err(lost.into())
    }

    /// The same under rules that need not be those that the journal was written under: what would they have led to? State hashes are
    /// then no part of the question, and are not compared.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn under(config: &Config, dir: &Path) -> Result<Self, JournalError> {
        let (reader, exchange) = (Reader::open(dir)?, Exchange::new(&config.rules()));
        Ok(Self { reader, exchange, effects: Effects::default(), snapshot: None })
    }

    /// Begins behind the newest snapshot before a command, when there is one, or else with the first command.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn before(config: &Config, dir: &Path, first: Moment) -> Result<Self, SnapshotError> {
        // A snapshot after the command before is what is wanted.
        let fits = |seq: Seq, time: Nanos| match first {
            Moment::After(first) => seq < first,
            Moment::At(first) => time < first,
            Moment::End => true,
        };
        match Self::behind_newest(config, dir, fits)? {
            Some(walk) => Ok(walk),
            None => Self::open(config, dir),
        }
    }

    fn behind_newest(
        config: &Config,
        dir: &Path,
        fits: impl Fn(Seq, Nanos) -> bool,
    ) -> Result<Option<Self>, SnapshotError> {
        let epoch = directory::epoch(dir)?.unwrap_or_default();
        let empty = || follower_venue(config);
        let (loaded, _) = load_newest_where(dir, epoch, config.fingerprint(), fits, empty)?;
        let Some(loaded) = loaded else { return Ok(None) };
        Ok(Some(Self {
            reader: Reader::open_behind(dir, &loaded.anchor)?.expecting(config.fingerprint()),
            exchange: loaded.venue.into_exchange(),
            effects: Effects::default(),
            snapshot: Some(loaded.name),
        }))
    }

    /// The exchange as it stands.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The next command with what it led to; `None` behind the last.
    ///
    /// # Errors
    /// The journal is damaged, was written under other rules, leads to another state than it did, or cannot be read.
    // Not an `Iterator`: the step borrows from the walk.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Step<'_>>, JournalError> {
        let judged = self.reader.is_expecting();
        let Some(record) = self.reader.next()? else { return Ok(None) };
        let seq = record.seq;
        let command = record::decode(seq, record.receive_time, record.kind, record.body)
            .map_err(|error| JournalError::Replay { seq, reason: error.to_string() })?;
        if let Action::StateHash { hash } = command.action
            && hash != self.exchange.state_hash()
            && judged
        {
            let found = self.exchange.state_hash();
            let reason = format!("its state hash is {hash:016x}, replay comes to {found:016x}");
            return Err(JournalError::Replay { seq, reason });
        }
        self.effects.clear();
        self.exchange.apply(&command, &mut self.effects);
        Ok(Some(Step { record, command, exchange: &self.exchange, effects: &self.effects }))
    }
}

/// What one command led to, as it is kept.
#[derive(Default)]
struct Effects {
    all: Vec<Kept>,
    /// Of the reports.
    bytes: Vec<u8>,
}

enum Kept {
    Report(SessionIndex, std::ops::Range<usize>),
    Tick(Tick),
    Depth(DepthEvent),
    Book(BookEvent),
    Answer(OperatorName, u64, Outcome),
}

impl Effects {
    fn clear(&mut self) {
        self.all.clear();
        self.bytes.clear();
    }
}

impl Sink for Effects {
    fn report(&mut self, _cause: Seq, session: SessionIndex, message: &[u8]) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(message);
        self.all.push(Kept::Report(session, begin..self.bytes.len()));
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        self.all.push(Kept::Tick(*tick));
    }

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.all.push(Kept::Depth(*event));
    }

    fn book_event(&mut self, event: &BookEvent) {
        self.all.push(Kept::Book(*event));
    }

    fn operator_done(&mut self, _cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.all.push(Kept::Answer(operator, number, outcome));
    }
}
