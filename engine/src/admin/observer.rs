//! Looks for operators, on the follower's thread: matching knows nothing of it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::record::{self, Record};
use super::standing::{LOG_ROWS_MAX, Seen};
use crate::exchange::Exchange;
use crate::journal;
use crate::snapshot::Follows;
use crate::venue::Venue;
use wire::admin::{LogRow, OperatorBody, OperatorName, Outcome};
use wire::journal::{Body, RecordKind};
use wire::{Nanos, Seq};

/// A follower that is behind is waited for so long: then an older state is better than none.
const PATIENCE: Duration = Duration::from_millis(200);
/// Of the follower's time, looking takes no more than one part in so many.
const SHARE: u32 = 8;

/// Tells [`Seen`] what the follower comes to, and keeps what operators did.
#[derive(Debug)]
pub struct Observer {
    seen: Arc<Seen>,
    journal: PathBuf,
    /// Where operators' commands are kept; nothing when that failed.
    record: Option<Record>,
    /// When each session's last command came.
    heard: Vec<Nanos>,
    /// Since when somebody has waited.
    waiting: Option<Instant>,
    not_before: Instant,
}

impl Observer {
    /// For those who look there; what operators did is kept beside the journal.
    #[must_use]
    pub fn new(seen: Arc<Seen>, journal: PathBuf) -> Self {
        Self { seen, journal, record: None, heard: Vec::new(), waiting: None, not_before: Instant::now() }
    }

    fn look(&mut self, venue: &Venue) {
        let begin = Instant::now();
        if begin < self.not_before {
            return;
        }
        let standing = self.seen.named().of(venue, &self.heard);
        self.seen.tell(standing);
        self.waiting = None;
        self.not_before = Instant::now() + begin.elapsed() * (SHARE - 1);
    }

    /// Without it the log is this run's alone; nothing else depends on it.
    fn keep(&mut self, as_of: Seq, row: &LogRow) {
        self.seen.log(|rows| record::take(rows, *row, LOG_ROWS_MAX));
        if let Some(record) = &mut self.record
            && let Err(error) = record.append(as_of, row)
        {
            let path = record.path().display();
            self.seen.told.tell(format!("{path}: {error}; what operators do is not kept beside the journal until the next start"));
            self.record = None;
        }
    }
}

impl Follows for Observer {
    fn begin(&mut self, seq: Seq, _time: Nanos, exchange: &Exchange) {
        self.heard = vec![Nanos(0); exchange.sessions().len()];
        match Record::open(&self.journal, seq, LOG_ROWS_MAX) {
            Ok((record, rows)) => {
                self.record = Some(record);
                self.seen.log(|log| *log = rows);
            }
            Err(error) => {
                let dir = self.journal.display();
                self.seen.told.tell(format!("{dir}: {error}; what operators do is not kept beside the journal"));
            }
        }
    }

    fn record(&mut self, entry: &journal::Record<'_>) {
        let Ok(body) = Body::decode(entry.kind, entry.body) else { return };
        if entry.kind == RecordKind::Operator {
            let command = OperatorBody::decode(entry.body).and_then(|body| body.command());
            let Ok(command) = command else { return };
            self.keep(entry.seq, &LogRow { seq: entry.seq, time: entry.receive_time, command, outcome: None });
        } else if matches!(body, Body::SessionMessage(_) | Body::Login(_) | Body::Logout(_) | Body::SequenceSkip(_))
            && let Some(session) = body.session()
            && let Some(heard) = self.heard.get_mut(usize::from(session.0))
        {
            *heard = entry.receive_time;
        }
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        let this = |row: &&LogRow| row.command.operator == operator && row.command.number == number;
        let row = self.seen.log(|rows| rows.iter().rev().find(this).copied());
        if let Some(row) = row.filter(|row| row.outcome.is_none()) {
            self.keep(cause, &LogRow { outcome: Some(outcome), ..row });
        }
    }

    fn turned(&mut self, venue: &Venue) {
        if self.seen.is_wanted() && self.waiting.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            self.look(venue);
        }
    }

    fn caught_up(&mut self, venue: &Venue) {
        if self.seen.is_wanted() {
            self.look(venue);
        }
    }

    fn before_snapshot(&mut self, _seq: Seq, _exchange: &Exchange) -> io::Result<()> {
        self.record.as_ref().map_or(Ok(()), Record::sync)
    }
}
