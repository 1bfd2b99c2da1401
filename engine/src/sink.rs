//! Where the exchange's output goes.

use crate::book::BookEvent;
use crate::depth::DepthEvent;
use crate::instrument::Instrument;
use crate::milestone::Milestone;
use wire::admin::{OperatorName, Outcome};
use wire::ouch::RejectReason;
use wire::tick::Tick;
use wire::{InstrumentIndex, Seq, SessionIndex};

/// Receives what a command causes, in order.
pub trait Sink {
    /// A report to a session: an OUCH 5.0 outbound message, the next in that session's numbering.
    fn report(&mut self, cause: Seq, session: SessionIndex, message: &[u8]);

    /// A market-data tick, the next on the tick stream of its instrument's channel.
    fn tick(&mut self, cause: Seq, tick: &Tick);

    /// The next message on the depth stream of its channel.
    fn depth(&mut self, cause: Seq, event: &DepthEvent);

    /// Nothing follows on any stream.
    fn market_closed(&mut self, cause: Seq) {
        let _ = cause;
    }

    /// From here on there is one more instrument; its market data follows.
    fn instrument_added(&mut self, cause: Seq, index: InstrumentIndex, terms: &Instrument) {
        let _ = (cause, index, terms);
    }

    /// An operator's command is done with: the answer, once its cause is durable.
    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        let _ = (cause, operator, number, outcome);
    }

    /// What the book did, before it became reports and ticks. For tools that look inside.
    fn book_event(&mut self, event: &BookEvent) {
        let _ = event;
    }

    /// A client's message is refused; `None`: a cancel or a modify, whose refusal has no code. Its report comes, too. For those who count.
    #[inline]
    fn rejected(&mut self, session: SessionIndex, reason: Option<RejectReason>) {
        let _ = (session, reason);
    }

    /// How far the exchange is with a client's message. For tools that take the time.
    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        let _ = (seq, milestone);
    }
}

/// Drops everything: replay to a state.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {
    fn report(&mut self, _cause: Seq, _session: SessionIndex, _message: &[u8]) {}

    fn tick(&mut self, _cause: Seq, _tick: &Tick) {}

    fn depth(&mut self, _cause: Seq, _event: &DepthEvent) {}
}
