//! The hot end of the journal.
//!
//! Goal: `append` is a bounded number of stores: no system call, no allocation, no lock. Non-goal: making anything durable; the helper
//! threads do.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use thiserror::Error;
use wire::journal::{self, BODY_LEN_MAX, RecordKind, SEGMENT_HEADER_LEN};
use wire::{Nanos, Seq};

use super::segment::{NewRecord, Segment};
use super::watch::Shared;
use super::{Durability, Position};

/// Why a record was not appended. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The segment is full and the next one is not ready. Append the same record again on the next poll.
    #[error("the next journal segment is not ready yet; append the same record again on the next poll")]
    WouldBlock,
    /// A helper thread failed or is gone; [`super::Watch::status`] says why. Stop the appliance.
    #[error("the journal has failed and takes no more records; stop the appliance")]
    Failed,
    /// A bug of the caller: records come in order, without gaps.
    #[error("expected record {expected}, found {found}; append every command once, in order")]
    OutOfOrder {
        /// The seq after the latest one.
        expected: Seq,
        /// The one passed.
        found: Seq,
    },
    /// A bug of the caller: no body is that long.
    #[error("expected a body of at most {BODY_LEN_MAX} bytes, found {found}")]
    BodyTooLong {
        /// The length passed.
        found: usize,
    },
}

/// Where a journal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The latest record.
    pub last_seq: Seq,
    /// Its checksum.
    pub chain: u32,
    /// Where the next one begins.
    pub offset: usize,
}

/// The only writer of a journal.
#[derive(Debug)]
pub struct Appender {
    segment: Segment,
    cursor: Cursor,
    seed: u32,
    durability: Durability,
    shared: Arc<Shared>,
    prepared: Receiver<Segment>,
    /// Used-up segments go back to be unmapped, which is a system call.
    retired: SyncSender<Segment>,
}

impl Appender {
    pub(super) fn new(
        segment: Segment,
        cursor: Cursor,
        seed: u32,
        durability: Durability,
        shared: Arc<Shared>,
        (prepared, retired): (Receiver<Segment>, SyncSender<Segment>),
    ) -> Self {
        Self { segment, cursor, seed, durability, shared, prepared, retired }
    }

    /// The seq of the next record.
    #[must_use]
    #[inline]
    pub fn next_seq(&self) -> Seq {
        Seq(self.cursor.last_seq.get() + 1)
    }

    /// Stores a record behind the latest one. In [`Durability::Mapped`] it is durable on return; otherwise once
    /// [`super::Watch::durable_seq`] has reached it.
    ///
    /// # Errors
    /// See [`AppendError`]; the journal is as it was.
    #[inline]
    pub fn append(
        &mut self,
        seq: Seq,
        receive_time: Nanos,
        kind: RecordKind,
        body: &[u8],
    ) -> Result<Position, AppendError> {
        if self.shared.is_failed() {
            return Err(AppendError::Failed);
        }
        let expected = self.next_seq();
        if seq != expected {
            return Err(AppendError::OutOfOrder { expected, found: seq });
        }
        if body.len() > BODY_LEN_MAX {
            return Err(AppendError::BodyTooLong { found: body.len() });
        }
        if !self.segment.fits(self.cursor.offset, body.len()) {
            self.next_segment()?;
        }
        let Cursor { chain: previous, offset, .. } = self.cursor;
        // A word that the syncer writes once a sync; in `Mapped` it is this thread's own.
        let pending = journal::pending(self.cursor.last_seq, self.shared.durable());
        let record = NewRecord { seed: self.seed, previous, kind, pending, seq, receive_time, body };
        // Cannot fail, the length and the room were checked; if it did, the record is refused and nothing is lost.
        let (chain, span) =
            self.segment.write(offset, &record).ok_or(AppendError::BodyTooLong { found: body.len() })?;
        self.cursor = Cursor { last_seq: seq, chain, offset: offset + span };
        self.shared.publish_appended(seq, self.segment.index(), offset + span);
        if self.durability == Durability::Mapped {
            self.shared.publish_durable(seq);
        }
        Ok(Position { segment: self.segment.index(), offset: offset as u64 })
    }

    /// Goes on in the segment that lies ready. What remains of the old one stays zero, which is how a reader knows its end.
    #[cold]
    fn next_segment(&mut self) -> Result<(), AppendError> {
        let mut next = self.prepared.try_recv().map_err(|error| match error {
            TryRecvError::Empty => AppendError::WouldBlock,
            TryRecvError::Disconnected => AppendError::Failed,
        })?;
        next.begin(self.next_seq(), self.cursor.chain);
        self.shared.publish_begun(self.next_seq());
        self.cursor.offset = SEGMENT_HEADER_LEN;
        let used_up = std::mem::replace(&mut self.segment, next);
        // The queue has more places than there are segments on their way. Should nobody take it any more, it is unmapped here.
        let _ = self.retired.try_send(used_up);
        Ok(())
    }
}
