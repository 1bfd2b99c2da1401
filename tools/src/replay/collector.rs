//! From the venue's reports to the report stream in the recording's own words.
//!
//! Goal: one report a consequence, with the recording's ids and message numbers, in order. Non-goal: judging them; the hash does that.
//!
//! Reports come in order and everything that a message causes lies between its answer and the next answer. So whatever is not an answer
//! belongs to the message answered last.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

use super::digest::HashingWriter;
use super::orders::{Orders, Request};
use crate::client;
use feedhandler::reports::{Report, ReportStream};
use hdrhistogram::Histogram;
use wire::ouch::{CancelReason, Canceled, Executed, LiquidityFlag, Outbound, RejectReason};
use wire::{MatchNumber, UserRefNum};

/// The longest latency that is told apart, ns.
const LATENCY_MAX_NS: u64 = 600_000_000_000;

/// What came of the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New orders accepted.
    pub accepted: u64,
    /// Orders replaced.
    pub replaced: u64,
    /// Cancels and reductions carried out.
    pub canceled: u64,
    /// Cancels that found no live order.
    pub cancels_refused: u64,
    /// Orders and replaces refused, by reason.
    pub refused: BTreeMap<u16, u64>,
    /// Orders, or rests of orders, canceled without being asked for.
    pub expired: u64,
    /// Trades between orders of this replay.
    pub trades: u64,
    /// Executions whose other side belongs to somebody else.
    pub foreign_trades: u64,
    /// Reports about orders that are not of this replay.
    pub foreign_reports: u64,
    /// Repeated executions that met another order than the recording names.
    pub makers_other: u64,
    /// Repeated executions that met the order that the recording names.
    pub makers_same: u64,
}

impl Tally {
    /// Orders and replaces refused, whatever the reason.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// A message whose answer is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    /// The client's number of it.
    pub(super) number: u64,
    /// The message of the recording that it stands for.
    pub(super) line: u64,
    /// What it asks for.
    pub(super) request: Request,
    /// When it was, or should have been, sent.
    pub(super) intended_ns: u64,
}

/// Takes reports, writes the stream, measures.
pub(super) struct Collector<W: Write> {
    awaited: VecDeque<Awaited>,
    stream: ReportStream<HashingWriter<W>>,
    pushed: u64,
    /// The recording's message that was answered last.
    line: Option<u64>,
    /// One side of a trade whose other side comes next.
    half: Option<Half>,
    tally: Tally,
    latency: Histogram<u64>,
    /// Writing failed: the replay ends with this.
    failure: Option<io::Error>,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    match_number: MatchNumber,
    user_ref: UserRefNum,
    taker: bool,
}

impl<W: Write> Collector<W> {
    /// Writes the stream to `out`; at most `window` messages are awaited at once.
    pub(super) fn new(out: W, window: usize) -> Self {
        Self {
            awaited: VecDeque::with_capacity(window),
            stream: ReportStream::new(HashingWriter::new(out)),
            pushed: 0,
            line: None,
            half: None,
            tally: Tally::default(),
            latency: Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3).expect("the bounds are those that it documents"),
            failure: None,
        }
    }

    /// A message was submitted.
    pub(super) fn expect(&mut self, awaited: Awaited) {
        self.awaited.push_back(awaited);
    }

    /// What came of the messages so far.
    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes the error that a write met.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Takes one report.
    pub(super) fn on_report(&mut self, now_ns: u64, orders: &mut Orders, report: &client::Report<'_>) {
        let answered = report.answers.and_then(|number| {
            let front = self.awaited.front().filter(|awaited| awaited.number == number).copied()?;
            self.awaited.pop_front();
            if front.request != Request::Query {
                self.line = Some(front.line);
                self.latency.saturating_record(now_ns.saturating_sub(front.intended_ns).max(1));
            }
            Some(front.request)
        });
        if !matches!(report.message, Outbound::Executed(_)) {
            self.end_half();
        }
        match answered {
            Some(request) => self.on_answer(orders, request, &report.message),
            None => self.on_consequence(orders, &report.message),
        }
    }

    fn on_answer(&mut self, orders: &mut Orders, request: Request, message: &Outbound<'_>) {
        let Some(seq) = self.line else { return };
        let id_of = |user_ref| orders.sent(user_ref).map_or(0, |sent| sent.id);
        match (request, message) {
            (_, Outbound::Accepted(accepted)) => {
                self.tally.accepted += 1;
                let (side, id) = (accepted.side.side(), id_of(accepted.user_ref));
                self.push(Report::Accepted { seq, side, id, price: accepted.price, qty: accepted.qty });
            }
            (_, Outbound::Replaced(replaced)) => {
                self.tally.replaced += 1;
                let (side, id) = (replaced.side.side(), id_of(replaced.user_ref));
                self.push(Report::Modified { seq, side, id, price: replaced.price, qty: replaced.qty });
            }
            (Request::Replace { old, new }, Outbound::Rejected(rejected)) => {
                self.refuse(rejected.reason);
                let id = id_of(old);
                orders.undo_replace(old, new);
                self.push(Report::ModifyRejected { seq, id });
            }
            (_, Outbound::Rejected(rejected)) => self.refuse(rejected.reason),
            (_, Outbound::Canceled(canceled)) => {
                self.tally.canceled += 1;
                self.cancel(orders, canceled);
            }
            (Request::Cancel(user_ref), Outbound::CancelReject(_)) => {
                self.tally.cancels_refused += 1;
                let id = id_of(user_ref);
                self.push(Report::CancelRejected { seq, id });
            }
            _ => {}
        }
    }

    fn on_consequence(&mut self, orders: &mut Orders, message: &Outbound<'_>) {
        match message {
            Outbound::Executed(executed) => self.execute(orders, executed),
            Outbound::Canceled(canceled) if canceled.reason != CancelReason::USER => {
                self.tally.expired += 1;
                self.cancel(orders, canceled);
            }
            // The query is the fence before the logout.
            Outbound::SystemEvent(_) | Outbound::AccountQueryResponse(_) => {}
            _ => self.tally.foreign_reports += 1,
        }
    }

    /// A trade is reported to both sides under one number, one right after the other.
    fn execute(&mut self, orders: &mut Orders, executed: &Executed<'_>) {
        let Executed { user_ref, match_number, price, qty, .. } = *executed;
        let taker = executed.liquidity == LiquidityFlag::REMOVED;
        let this = Half { match_number, user_ref, taker };
        let Some(half) = self.half.take_if(|half| half.match_number == match_number && half.taker != taker) else {
            self.end_half();
            self.half = Some(this);
            return;
        };
        let (maker, taker) = if taker { (half, this) } else { (this, half) };
        let ids =
            orders.sent(maker.user_ref).zip(orders.sent(taker.user_ref)).map(|(maker, taker)| (maker.id, taker.id));
        let (Some((maker_id, taker_id)), Some(seq)) = (ids, self.line) else {
            self.tally.foreign_trades += 1;
            return;
        };
        self.tally.trades += 1;
        match orders.expected_maker(taker.user_ref) {
            Some(expected) if expected == maker_id => self.tally.makers_same += 1,
            Some(_) => self.tally.makers_other += 1,
            None => {}
        }
        self.push(Report::Trade { seq, price, qty, maker: maker_id, taker: taker_id });
    }

    fn cancel(&mut self, orders: &Orders, canceled: &Canceled) {
        match (orders.sent(canceled.user_ref), self.line) {
            (Some(sent), Some(seq)) => {
                self.push(Report::Canceled { seq, side: sent.side, id: sent.id, price: sent.price });
            }
            _ => self.tally.foreign_reports += 1,
        }
    }

    fn refuse(&mut self, reason: RejectReason) {
        *self.tally.refused.entry(reason.0).or_default() += 1;
    }

    /// The other side of the trade did not come: it was not ours.
    fn end_half(&mut self) {
        self.tally.foreign_trades += u64::from(self.half.take().is_some());
    }

    fn push(&mut self, report: Report) {
        self.pushed += 1;
        if let Err(error) = self.stream.push(report) {
            self.failure.get_or_insert(error);
        }
    }

    /// Ends the stream: tally, latencies, number of reports, their SHA-256.
    pub(super) fn finish(mut self) -> io::Result<(Tally, Histogram<u64>, u64, [u8; 32])> {
        self.end_half();
        if let Some(error) = self.failure {
            return Err(error);
        }
        let reports = self.pushed;
        let digest = self.stream.finish()?.finish();
        Ok((self.tally, self.latency, reports, digest))
    }
}
