//! The journal tile: commands into the mapped segments, in order.

use super::{Stage, StageError};
use crate::journal::{AppendError, Appender, Status, Watch};
use crate::limits::BURST;
use crate::link::JournalEntry;
use crate::trace::{Milestone, Off, Trace};
use netio::ring::Consumer;
use wire::Nanos;

/// Appends what the matching tile has sequenced.
pub struct JournalStage<T = Off> {
    appender: Appender,
    commands: Consumer<JournalEntry>,
    watch: Watch,
    trace: T,
}

impl JournalStage {
    /// A journal tile over an open journal.
    #[must_use]
    pub const fn new(appender: Appender, commands: Consumer<JournalEntry>, watch: Watch) -> Self {
        Self { appender, commands, watch, trace: Off }
    }
}

impl<T: Trace> JournalStage<T> {
    /// The same with a trace.
    #[must_use]
    pub fn with_trace<U: Trace>(self, trace: U) -> JournalStage<U> {
        JournalStage { appender: self.appender, commands: self.commands, watch: self.watch, trace }
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
                Err(AppendError::WouldBlock | AppendError::Failed) => break,
                Err(error) => return Err(StageError::Journal(error.to_string())),
            }
        }
        self.commands.release(appended);
        Ok(appended)
    }
}
