//! Looks for operators, on the follower's thread: matching knows nothing of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::standing::Seen;
use crate::exchange::Exchange;
use crate::journal::Record;
use crate::snapshot::Follows;
use crate::venue::Venue;
use wire::admin::{LogRow, OperatorBody, OperatorName, Outcome};
use wire::journal::{Body, RecordKind};
use wire::{Nanos, Seq};

/// A follower that is behind is waited for so long: then an older state is better than none.
const PATIENCE: Duration = Duration::from_millis(200);
/// Of the follower's time, looking takes no more than one part in so many.
const SHARE: u32 = 8;

/// Tells [`Seen`] what the follower comes to.
#[derive(Debug)]
pub struct Observer {
    seen: Arc<Seen>,
    /// When each session's last command came.
    heard: Vec<Nanos>,
    /// Since when somebody has waited.
    waiting: Option<Instant>,
    not_before: Instant,
}

impl Observer {
    /// For those who look there.
    #[must_use]
    pub fn new(seen: Arc<Seen>) -> Self {
        Self { seen, heard: Vec::new(), waiting: None, not_before: Instant::now() }
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
}

impl Follows for Observer {
    fn begin(&mut self, _seq: Seq, _time: Nanos, exchange: &Exchange) {
        self.heard = vec![Nanos(0); exchange.sessions().len()];
    }

    fn record(&mut self, record: &Record<'_>) {
        let Ok(body) = Body::decode(record.kind, record.body) else { return };
        if record.kind == RecordKind::Operator {
            let command = OperatorBody::decode(record.body).and_then(|body| body.command());
            let Ok(command) = command else { return };
            let row = LogRow { seq: record.seq, time: record.receive_time, command, outcome: None };
            self.seen.log(|log| log.push_back(row));
        } else if matches!(body, Body::SessionMessage(_) | Body::Login(_) | Body::Logout(_) | Body::SequenceSkip(_))
            && let Some(session) = body.session()
            && let Some(heard) = self.heard.get_mut(usize::from(session.0))
        {
            *heard = record.receive_time;
        }
    }

    fn operator_done(&mut self, _cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.seen.log(|log| {
            let this = |row: &&mut LogRow| row.command.operator == operator && row.command.number == number;
            if let Some(row) = log.iter_mut().rev().find(this) {
                row.outcome = Some(outcome);
            }
        });
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
}
