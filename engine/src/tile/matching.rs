//! The matching tile: the venue with its links.

mod followed;

use self::followed::Followed;
use super::{Control, Stage, StageError};
use crate::command::Command;
use crate::depth::DepthEvent;
use crate::exchange::Answered;
use crate::gateway::{Endpoint, Replies};
use crate::instrument::Instrument;
use crate::journal::Watch;
use crate::limits::{BURST, MARKET_DATA_PER_COMMAND_MAX};
use crate::link::{
    Datagram, FeedEvent, JournalEntry, News, ORDER_ENTRY, Operation, OperationDone, REREQUEST, order_entry_endpoint,
};
use crate::market_event::MarketEvent;
use crate::meter::{MatchingMeter, Meter, Tally};
use crate::record;
use crate::trace::{Off, Trace};
use crate::venue::{Outputs, Progress, Venue};
use netio::ring::{Consumer, Producer};
use std::sync::Arc;
use wire::address::Addr;
use wire::admin::{OperatorName, Outcome, Verb};
use wire::tick::Tick;
use wire::{InstrumentIndex, Nanos, Seq};

/// What one command can cause, and the end of all streams or one more instrument.
const MARKET_DATA_ROOM: usize = MARKET_DATA_PER_COMMAND_MAX + 1;

/// The links that the venue writes to.
pub struct MatchingOutputs {
    /// Packets to the clients.
    pub replies: Producer<Datagram>,
    /// Commands to the journal.
    pub commands: Producer<JournalEntry>,
    /// Market data to the feed.
    pub market_data: Producer<FeedEvent>,
    /// Answers to operators.
    pub operators: Producer<OperationDone>,
    /// Of these, how many found no room.
    pub outcomes_dropped: u64,
}

impl Replies for MatchingOutputs {
    fn room(&mut self) -> usize {
        self.replies.acquire(1)
    }

    fn send(&mut self, endpoint: Endpoint, to: Addr, fill: impl FnOnce(&mut [u8]) -> Option<usize>) {
        self.reply(endpoint, to, fill, |_| {});
    }
}

impl Outputs for MatchingOutputs {
    fn ready(&mut self) -> bool {
        // Two: a command may be followed by a state hash.
        self.commands.acquire(2) >= 2 && self.market_data.acquire(MARKET_DATA_ROOM) >= MARKET_DATA_ROOM
    }

    fn journal(&mut self, command: &Command<'_>) {
        let slot = self.commands.slot_mut(0);
        slot.seq = command.seq;
        slot.time = command.time;
        (slot.kind, slot.len) = record::encode(command.time, &command.action, &mut slot.body);
        self.commands.release(1);
    }

    fn tick(&mut self, cause: Seq, tick: &Tick) {
        *self.market_data.slot_mut(0) = FeedEvent { cause, news: News::Market(MarketEvent::Tick(*tick)) };
        self.market_data.release(1);
    }

    fn depth(&mut self, cause: Seq, event: &DepthEvent) {
        *self.market_data.slot_mut(0) = FeedEvent { cause, news: News::Market(MarketEvent::Depth(*event)) };
        self.market_data.release(1);
    }

    fn market_closed(&mut self, cause: Seq) {
        *self.market_data.slot_mut(0) = FeedEvent { cause, news: News::Closed };
        self.market_data.release(1);
    }

    fn instrument_added(&mut self, cause: Seq, index: InstrumentIndex, terms: &Instrument) {
        *self.market_data.slot_mut(0) = FeedEvent { cause, news: News::Added(index, terms.into()) };
        self.market_data.release(1);
    }

    fn operator_done(&mut self, cause: Seq, operator: OperatorName, number: u64, outcome: Outcome) {
        // There is room for all that were asked for in this run. What a restart has found undone, nobody here waits for; whoever asks again
        // is answered from the exchange's memory.
        let is_dropped = self.operators.push(OperationDone { cause, operator, number, outcome }).is_err();
        self.outcomes_dropped += u64::from(is_dropped);
    }
}

impl MatchingOutputs {
    /// Sends a datagram that `fill` writes; `stamp` has a last look at it.
    #[inline]
    fn reply(
        &mut self,
        endpoint: Endpoint,
        to: Addr,
        fill: impl FnOnce(&mut [u8]) -> Option<usize>,
        stamp: impl FnOnce(&mut Datagram),
    ) {
        let slot = self.replies.slot_mut(0);
        let Some(len) = fill(&mut slot.payload) else { return };
        slot.len = len;
        slot.address = to;
        slot.endpoint = match endpoint {
            Endpoint::OrderEntry => ORDER_ENTRY,
            Endpoint::Rerequest => REREQUEST,
        };
        stamp(slot);
        self.replies.release(1);
    }
}

/// Applies what comes in, in order.
pub struct MatchingStage<T = Off> {
    venue: Venue,
    requests: Consumer<Datagram>,
    /// From operators, where there is a session for them.
    operations: Option<Consumer<Operation>>,
    outputs: Followed<T>,
    watch: Watch,
    control: Arc<Control>,
    stalls: u64,
}

impl MatchingStage {
    /// A matching tile over a venue that has been replayed and resumed.
    #[must_use]
    pub fn new(
        venue: Venue,
        requests: Consumer<Datagram>,
        outputs: MatchingOutputs,
        watch: Watch,
        control: Arc<Control>,
    ) -> Self {
        let outputs = Followed::new(outputs, Off, venue.seq());
        Self { venue, requests, operations: None, outputs, watch, control, stalls: 0 }
    }

    /// The same with a link from operators.
    #[must_use]
    pub fn with_operations(self, operations: Consumer<Operation>) -> Self {
        Self { operations: Some(operations), ..self }
    }
}

impl<T: Trace> MatchingStage<T> {
    /// The same with a trace.
    #[must_use]
    pub fn with_trace<U: Trace>(self, trace: U) -> MatchingStage<U> {
        let Self { venue, requests, operations, outputs, watch, control, stalls } = self;
        let outputs = Followed::new(outputs.links, trace, venue.seq());
        MatchingStage { venue, requests, operations, outputs, watch, control, stalls }
    }

    /// Counts from here on.
    #[must_use]
    pub fn meter(&mut self, meter: &Meter) -> MatchingMeter {
        let mut tally = Box::new(Tally::new(&self.venue));
        let meter = MatchingMeter::new(&meter.region, &self.venue, &mut tally, &self.outputs.links);
        self.outputs.tally = Some(tally);
        meter
    }

    /// How often it had input and no room for what that causes.
    pub(super) const fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Stores what it counted: a bounded part of it, or all.
    pub fn store(&mut self, meter: &mut MatchingMeter, all: bool) {
        let Followed { links, tally: Some(tally), .. } = &mut self.outputs else { return };
        meter.store(&self.venue, tally, links, &self.requests, self.operations.as_ref(), all);
    }

    /// Stores a little more, in a turn without work.
    #[inline]
    pub fn store_more(&mut self, meter: &mut MatchingMeter) {
        if let Some(tally) = &mut self.outputs.tally {
            meter.store_one(&self.venue, tally);
        }
    }

    /// The venue, for looking.
    #[must_use]
    pub const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// The venue and the trace, when the tile has stopped.
    #[must_use]
    pub fn into_venue(self) -> (Venue, T) {
        (self.venue, self.outputs.trace)
    }
}

impl<T: Trace> MatchingStage<T> {
    /// Takes what operators ask for.
    #[inline]
    fn operate(&mut self, now: Nanos) -> usize {
        let Some(operations) = &mut self.operations else { return 0 };
        if operations.acquire(1) == 0 { 0 } else { self.take_operations(now) }
    }

    #[cold]
    fn take_operations(&mut self, now: Nanos) -> usize {
        let Some(operations) = &mut self.operations else { return 0 };
        let (mut done, ready) = (0, operations.acquire(1));
        while done < ready {
            let Operation { command, key } = operations.slot(done);
            if self.venue.on_operator(now, command, &mut self.outputs) == Progress::Blocked {
                break;
            }
            let this = |known: &&Answered| known.operator == command.operator && known.number == command.number;
            let answered = self.venue.exchange().controls().answered().iter().find(this);
            let is_done = answered.is_some_and(|known| matches!(known.outcome, Outcome::Done { .. }));
            if let (Verb::KeyChanged { session, .. }, Some(key)) = (command.verb, key)
                && is_done
            {
                self.venue.change_key(session, *key);
            }
            done += 1;
        }
        operations.release(done);
        done
    }
}

impl<T: Trace> Stage for MatchingStage<T> {
    fn poll(&mut self, now: Nanos) -> Result<usize, StageError> {
        self.venue.hold_entry(now, self.watch.is_low_on_space(), &mut self.outputs);
        if self.control.closes_market() {
            self.venue.close_market(now, &mut self.outputs);
        }
        // Ahead of what clients send: a flood must not hold back the one who can stop it.
        let operated = self.operate(now);
        let mut work = 0;
        let ready = self.requests.acquire(BURST).min(BURST);
        while work < ready {
            let datagram = self.requests.slot(work);
            if let Some(endpoint) = order_entry_endpoint(datagram.endpoint) {
                let (time, from) = (datagram.time, datagram.address);
                self.outputs.take(datagram.stamp, self.venue.seq(), datagram.len);
                let progress = self.venue.on_datagram(time, endpoint, from, datagram.bytes(), &mut self.outputs);
                self.outputs.leave();
                if progress == Progress::Blocked {
                    self.stalls += 1;
                    break;
                }
            }
            work += 1;
        }
        self.requests.release(work);
        let durable = self.watch.durable_seq();
        self.outputs.see_durable(durable);
        Ok(operated + work + self.venue.poll(now, durable, &mut self.outputs))
    }
}
