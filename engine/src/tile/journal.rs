//! The journal tile: commands into the mapped segments, in order.

use super::{Stage, StageError};
use crate::journal::{AppendError, Appender, Status, Watch};
use crate::limits::BURST;
use crate::link::JournalEntry;
use crate::meter::JournalMeter;
use crate::trace::{Milestone, Off, Trace};
use netio::ring::Consumer;
use wire::Nanos;

/// Appends what the matching tile has sequenced.
pub struct JournalStage<T = Off> {
    appender: Appender,
    commands: Consumer<JournalEntry>,
    watch: Watch,
    trace: T,
    stalls: u64,
}

impl JournalStage {
    /// A journal tile over an open journal.
    #[must_use]
    pub const fn new(appender: Appender, commands: Consumer<JournalEntry>, watch: Watch) -> Self {
        Self { appender, commands, watch, trace: Off, stalls: 0 }
    }
}

impl<T: Trace> JournalStage<T> {
    /// The same with a trace.
    #[must_use]
    pub fn with_trace<U: Trace>(self, trace: U) -> JournalStage<U> {
        let Self { appender, commands, watch, stalls, .. } = self;
        JournalStage { appender, commands, watch, trace, stalls }
    }

    /// How often there was no segment to append to.
    pub(super) const fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Stores what it counted.
    pub(super) fn store(&self, meter: &JournalMeter) {
        meter.store(&self.commands);
    }

    /// The trace, when the tile has stopped.
    #[must_use]
    pub fn into_trace(self) -> T {
        self.trace
    }
}

impl<T: Trace> Stage for JournalStage<T> {
    fn poll(&mut self, _now: Nanos) -> Result<usize, StageError> {
        if let Status::Failed(reason) = self.watch.status() {
            return Err(StageError::Journal(reason.to_string()));
        }
        let ready = self.commands.acquire(BURST).min(BURST);
        let mut appended = 0;
        while appended < ready {
            let entry = self.commands.slot(appended);
            match self.appender.append(entry.seq, entry.time, entry.kind, &entry.body[..entry.len]) {
                Ok(_) => {
                    self.trace.reached(entry.seq, Milestone::Append);
                    appended += 1;
                }
                // The next segment is being prepared, or the helper has failed, which the next poll says in full.
                Err(AppendError::WouldBlock | AppendError::Failed) => {
                    self.stalls += 1;
                    break;
                }
                Err(error) => return Err(StageError::Journal(error.to_string())),
            }
        }
        self.commands.release(appended);
        Ok(appended)
    }
}
