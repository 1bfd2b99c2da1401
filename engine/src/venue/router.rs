//! Where what the exchange says goes: reports to the stores, the rest on.

use super::Outputs;
use crate::book::BookEvent;
use crate::depth::DepthEvent;
use crate::gateway::Gateway;
use crate::instrument::Instrument;
use crate::milestone::Milestone;
use crate::sink::Sink;
use wire::admin::{OperatorName, Outcome};
use wire::ouch::RejectReason;
use wire::tick::Tick;
use wire::{InstrumentIndex, Seq, SessionIndex};

/// Reports to the stores, ticks to the feed.
pub(super) struct Router<'a, O> {
    pub gateway: &'a mut Gateway,
    pub outputs: &'a mut O,
}

impl<O: Outputs> Sink for Router<'_, O> {
    fn report(&mut self, cause: Seq, session: SessionIndex, message: &[u8]) {
        self.outputs.reported();
        self.gateway.keep(cause, session, message);
    }

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        self.outputs.tick(cause, tick);
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        self.outputs.depth(cause, event);
    }

    fn market_closed(&mut self, cause: Seq) {
        self.outputs.market_closed(cause);
    }

    fn instrument_added(&mut self, cause: Seq, index: InstrumentIndex, terms: &Instrument) {
        self.outputs.instrument_added(cause, index, terms);
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        self.outputs.operator_done(cause, operator, number, outcome);
    }

    #[inline]
    fn book_event(&mut self, event: &BookEvent) {
        self.outputs.book_event(event);
    }

    #[inline]
    fn rejected(&mut self, session: SessionIndex, reason: Option<RejectReason>) {
        self.outputs.rejected(session, reason);
    }

    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        self.outputs.reached(seq, milestone);
    }
}
