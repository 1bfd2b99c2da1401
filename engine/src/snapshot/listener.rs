//! Who hears what durable commands lead to.

use std::io;

use crate::command::Command;
use crate::depth::DepthEvent;
use crate::exchange::Exchange;
use crate::gateway::{Endpoint, Replies};
use crate::journal::Record;
use crate::recovery::Replayed;
use crate::venue::{Outputs, Venue};
use wire::address::Addr;
use wire::admin::{OperatorName, Outcome};
use wire::tick::Tick;
use wire::{Nanos, Seq};

/// Somebody who hears all that durable commands lead to, in order and once, on the follower's thread: whatever is done here delays
/// snapshots, and nobody else.
///
/// A restart begins at a snapshot, which may lie before the last thing that was heard: who keeps something over restarts makes it durable in
/// [`Self::before_snapshot`], under that command's number, and takes it up again in [`Self::begin`].
pub trait Follows: Send {
    /// Following begins: the next thing heard is what the command after this one leads to. Once, before everything else. At the very
    /// beginning of a journal `seq` is 0.
    fn begin(&mut self, seq: Seq, time: Nanos, exchange: &Exchange) {
        let _ = (seq, time, exchange);
    }

    /// A record is about to be read as a command: before [`Self::coming`].
    fn record(&mut self, record: &Record<'_>) {
        let _ = record;
    }

    /// A command is about to be applied; `exchange` is as it was before it.
    fn coming(&mut self, seq: Seq, time: Nanos, exchange: &Exchange) {
        let _ = (seq, time, exchange);
    }

    /// A tick.
    fn tick(&mut self, cause: Seq, tick: &Tick) {
        let _ = (cause, tick);
    }

    /// A message of a depth stream.
    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        let _ = (cause, event);
    }

    /// An operator's command is done with.
    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        let _ = (cause, operator, number, outcome);
    }

    /// A command has been applied, and all that it led to was heard.
    fn applied(&mut self, seq: Seq, time: Nanos, exchange: &Exchange) {
        let _ = (seq, time, exchange);
    }

    /// The follower has come to the end of a turn, which may be idle.
    fn turned(&mut self, venue: &Venue) {
        let _ = venue;
    }

    /// And it has heard everything that was durable when the turn began. After [`Self::turned`].
    fn caught_up(&mut self, venue: &Venue) {
        let _ = venue;
    }

    /// A snapshot of the state behind this command, which is `exchange`, is about to be written: what it is to find at a restart has to be
    /// durable when this returns.
    ///
    /// # Errors
    /// It cannot be: then the snapshot is not written, and the next attempt follows.
    fn before_snapshot(&mut self, seq: Seq, exchange: &Exchange) -> io::Result<()> {
        let _ = (seq, exchange);
        Ok(())
    }
}

/// What a follower's venue says: the newest market data is kept for snapshots, and everybody who listens is told everything.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) kept: Replayed,
    pub(super) listeners: Vec<Box<dyn Follows>>,
}

impl Replies for Heard {
    fn room(&mut self) -> usize {
        0
    }

    fn send(&mut self, _endpoint: Endpoint, _to: Addr, _fill: impl FnOnce(&mut [u8]) -> Option<usize>) {}
}

impl Outputs for Heard {
    fn ready(&mut self) -> bool {
        true
    }

    fn journal(&mut self, _command: &Command<'_>) {}

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        self.kept.tick(cause, tick);
        for listener in &mut self.listeners {
            listener.tick(cause, tick);
        }
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        self.kept.depth(cause, event);
        for listener in &mut self.listeners {
            listener.depth(cause, event);
        }
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        for listener in &mut self.listeners {
            listener.operator_done(cause, operator, number, outcome);
        }
    }
}
