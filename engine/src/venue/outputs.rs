//! Everything that leaves the venue, as whoever holds it must take it.

use crate::book::BookEvent;
use crate::command::Command;
use crate::depth::DepthEvent;
use crate::gateway::Replies;
use crate::instrument::Instrument;
use crate::milestone::Milestone;
use wire::admin::{OperatorName, Outcome};
use wire::ouch::RejectReason;
use wire::tick::Tick;
use wire::{InstrumentIndex, Seq, SessionIndex};

/// Everything that leaves the venue.
pub trait Outputs: Replies {
    /// Whether there is room for everything that one worst-case command causes. Asked before each command.
    fn ready(&mut self) -> bool;

    /// Records a command, before its consequences are computed.
    fn journal(&mut self, command: &Command<'_>);

    /// Publishes a tick once its cause is durable.
    fn tick(&mut self, cause: Seq, tick: &Tick);

    /// Publishes a message of a depth stream once its cause is durable.
    fn depth(&mut self, cause: Seq, event: &DepthEvent);

    /// Ends all streams once its cause is durable.
    fn market_closed(&mut self, cause: Seq) {
        let _ = cause;
    }

    /// From here on there is one more instrument; its market data follows.
    fn instrument_added(&mut self, cause: Seq, index: InstrumentIndex, terms: &Instrument) {
        let _ = (cause, index, terms);
    }

    /// Answers an operator's command once its cause is durable. At most once a command; [`ready`](Self::ready) has seen that there is room.
    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        let _ = (cause, operator, number, outcome);
    }

    /// How far the exchange is with a client's message. For tools that take the time.
    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        let _ = (seq, milestone);
    }

    /// What the book did. For those who count.
    #[inline]
    fn book_event(&mut self, event: &BookEvent) {
        let _ = event;
    }

    /// A report was made. For those who count.
    #[inline]
    fn reported(&mut self) {}

    /// A client's message is refused; see [`Sink::rejected`](crate::sink::Sink::rejected).
    #[inline]
    fn rejected(&mut self, session: SessionIndex, reason: Option<RejectReason>) {
        let _ = (session, reason);
    }
}
