//! The matching tile's links, with stamps and a tally of what passes.
//!
//! Goal: without a trace nothing but the links remains of this, and a look whether anybody counts. Non-goal: deciding anything.

use super::MatchingOutputs;
use crate::book::BookEvent;
use crate::command::{Action, Command};
use crate::depth::DepthEvent;
use crate::gateway::{Endpoint, Replies};
use crate::meter::Tally;
use crate::trace::{Milestone, Stamp, Trace};
use crate::venue::Outputs;
use wire::address::Addr;
use wire::ouch::RejectReason;
use wire::tick::{Tick, TickKind};
use wire::{Seq, SessionIndex};

/// The links, and what is known of the datagram at hand when its way is followed.
pub(super) struct Followed<T> {
    pub(super) links: MatchingOutputs,
    pub(super) trace: T,
    pub(super) tally: Option<Box<Tally>>,
    /// When the port gave it, 0 when no datagram is at hand, and when it was taken out of the link.
    arrived: u64,
    taken: u64,
    /// When the newest packet was encoded.
    encoded: u64,
    /// The first followed command that was not seen durable.
    not_durable: Seq,
}

impl<T: Trace> Followed<T> {
    /// Everything up to `replayed` is no news.
    pub(super) fn new(links: MatchingOutputs, trace: T, replayed: Seq) -> Self {
        let not_durable = trace.next_followed(replayed);
        Self { links, trace, tally: None, arrived: 0, taken: 0, encoded: 0, not_durable }
    }

    /// A datagram is at hand.
    #[inline]
    pub(super) fn take(&mut self, stamp: u64) {
        if T::ON {
            (self.arrived, self.taken) = (stamp, self.trace.ticks());
        }
    }

    /// It is not any more.
    #[inline]
    pub(super) fn leave(&mut self) {
        if T::ON {
            self.arrived = 0;
        }
    }

    /// A followed message is about to get its place.
    fn begin(&mut self, command: &Command<'_>) {
        if self.arrived == 0 || !matches!(command.action, Action::Message { .. }) {
            return;
        }
        let now = self.trace.ticks();
        let milestones =
            [(Milestone::Arrived, self.arrived), (Milestone::Receive, self.taken), (Milestone::Session, now)];
        for (milestone, ticks) in milestones {
            self.trace.keep(Stamp { key: command.seq.0, milestone, ticks });
        }
    }

    /// Everything up to here is durable.
    #[inline]
    pub(super) fn see_durable(&mut self, durable: Seq) {
        if !T::ON || self.not_durable > durable {
            return;
        }
        let ticks = self.trace.ticks();
        while self.not_durable <= durable {
            self.trace.keep(Stamp { key: self.not_durable.0, milestone: Milestone::Durable, ticks });
            self.not_durable = self.trace.next_followed(self.not_durable);
        }
    }
}

impl<T: Trace> Replies for Followed<T> {
    fn room(&mut self) -> usize {
        self.links.room()
    }

    fn send(&mut self, endpoint: Endpoint, to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let (trace, encoded) = (&self.trace, &mut self.encoded);
        self.links.reply(endpoint, to, fill, |slot| {
            if T::ON {
                *encoded = trace.ticks();
                slot.stamp = *encoded;
            }
        });
    }

    #[inline]
    fn packed(&mut self, causes: impl Iterator<Item = Seq>) {
        if T::ON {
            let (milestone, ticks) = (Milestone::Encode, self.encoded);
            for cause in causes {
                if self.trace.follows(cause) {
                    self.trace.keep(Stamp { key: cause.0, milestone, ticks });
                }
            }
        }
    }
}

impl<T: Trace> Outputs for Followed<T> {
    fn ready(&mut self) -> bool {
        self.links.ready()
    }

    fn journal(&mut self, command: &Command<'_>) {
        if self.trace.follows(command.seq) {
            self.begin(command);
        }
        if let Some(tally) = &mut self.tally {
            tally.on_command(command);
        }
        self.links.journal(command);
        self.trace.reached(command.seq, Milestone::Sequence);
    }

    #[inline]
    fn tick(&mut self, cause: Seq, tick: &Tick) {
        if tick.kind == TickKind::Status
            && let Some(tally) = &mut self.tally
        {
            tally.on_status(tick.symbol_id);
        }
        self.links.tick(cause, tick);
    }

    #[inline]
    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        self.links.depth(cause, event);
    }

    fn market_closed(&mut self, cause: Seq) {
        self.links.market_closed(cause);
    }

    #[inline]
    fn book_event(&mut self, event: &BookEvent) {
        if let Some(tally) = &mut self.tally {
            tally.on_event(event);
        }
    }

    #[inline]
    fn reported(&mut self) {
        if let Some(tally) = &mut self.tally {
            tally.reports += 1;
        }
    }

    fn rejected(&mut self, session: SessionIndex, reason: Option<RejectReason>) {
        if let Some(tally) = &mut self.tally {
            tally.on_reject(session, reason);
        }
    }

    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        self.trace.reached(seq, milestone);
    }
}
