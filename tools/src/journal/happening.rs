//! What happened at a command: what was received, and all that it led to.
//!
//! Goal: filters, lives of orders and exports look at the same things, each with the session, the orders and the instrument that it
//! concerns. Non-goal: how they are printed beyond one line each.

use super::names::Names;
use crate::tell::{self, Fields, JsonLine, TextLine, Value};
use engine::book::{BookEvent, OrderKey};
use engine::journal::Record;
use engine::past::{Effect, Step};
use std::io::{self, Write};
use wire::admin::{OperatorName, Outcome};
use wire::journal::{Body, SessionMessage};
use wire::ouch::{Inbound, Outbound};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, MatchNumber, OrderRef, Price, Qty, SessionIndex, Side};

/// One thing that happened.
pub(super) struct Happening<'a> {
    pub what: What<'a>,
    /// Who sent it, or whom it was told.
    pub session: Option<SessionIndex>,
    /// The order that it is about; of a trade the incoming one.
    pub order: Option<OrderKey>,
    /// Another one: that was replaced, or the resting one of a trade.
    pub other: Option<OrderKey>,
    pub instrument: Option<InstrumentIndex>,
}

pub(super) enum What<'a> {
    Record(Record<'a>),
    Report(&'a [u8], Option<Outbound<'a>>),
    Trade(Trade),
    Tick(Tick),
    /// What became of an operator's command.
    Answer(OperatorName, u64, Outcome),
}

/// Two orders that met.
#[derive(Clone, Copy)]
pub(super) struct Trade {
    pub match_number: MatchNumber,
    pub price: Price,
    pub qty: Qty,
    pub taker_side: Side,
    pub maker: OrderKey,
    pub taker: OrderKey,
    pub maker_ref: OrderRef,
    pub taker_ref: OrderRef,
    pub maker_leaves: Qty,
    pub taker_leaves: Qty,
}

impl<'a> Happening<'a> {
    /// What is known of a record without replay.
    pub fn of_record(record: Record<'a>) -> Self {
        let session = tell::session_of(&record);
        let (order, other) = match (message_of(&record), session) {
            (Some(message), Some(session)) => orders_of(session, &message),
            _ => (None, None),
        };
        Self { what: What::Record(record), session, order, other, instrument: None }
    }

    /// Shows everything that happened at a step, the record first.
    pub fn each(step: &'a Step<'_>, mut see: impl FnMut(Happening<'a>)) {
        let mut received = Self::of_record(step.record);
        received.instrument = instrument_of(step, &received);
        let (of_record, received_by) = (received.instrument, received.session);
        see(received);
        let trades = step.effects().filter(|effect| matches!(effect, Effect::Book(BookEvent::Trade { .. }))).count();
        let mut next_match = step.exchange.numbers().match_number.get() - trades as u64;
        let mut about = None;
        for effect in step.effects() {
            match effect {
                Effect::Book(event) => {
                    about = instrument_in(&event);
                    if let Some(trade) = Trade::of(&event, MatchNumber(next_match)) {
                        next_match += 1;
                        let (order, other) = (Some(trade.taker), Some(trade.maker));
                        see(Self { what: What::Trade(trade), session: None, order, other, instrument: about });
                    }
                }
                Effect::Report(session, bytes) => {
                    let report = Outbound::decode(bytes).ok();
                    let key = |number| OrderKey::new(session, number);
                    let order = report.as_ref().and_then(tell::order_of).map(key);
                    let other = match &report {
                        Some(Outbound::Replaced(report)) => Some(key(report.orig_user_ref)),
                        _ => None,
                    };
                    let (session, instrument) = (Some(session), about.or(of_record));
                    see(Self { what: What::Report(bytes, report), session, order, other, instrument });
                }
                Effect::Answer(operator, number, outcome) => {
                    let what = What::Answer(operator, number, outcome);
                    see(Self { what, session: received_by, order: None, other: None, instrument: of_record });
                }
                // The ticks tell the same of every instrument, and a line a command less.
                Effect::Depth(_) => {}
                Effect::Tick(tick) => {
                    let instrument = Some(tick.symbol_id);
                    see(Self { what: What::Tick(tick), session: None, order: None, other: None, instrument });
                }
            }
        }
    }

    /// The names that `--kind` may call it by.
    pub fn is_of_kind(&self, wanted: &str) -> bool {
        let is = |name: &str| name.eq_ignore_ascii_case(wanted);
        match &self.what {
            What::Record(record) => {
                is(&format!("{:?}", record.kind))
                    || message_of(record).is_some_and(|message| is(tell::kind_of(&message)))
            }
            What::Report(_, report) => is("Report") || report.as_ref().is_some_and(|it| is(tell::report_kind_of(it))),
            What::Trade(_) => is("Trade"),
            What::Answer(..) => is("Answer"),
            What::Tick(tick) => {
                is("Tick")
                    || match tick.kind {
                        TickKind::Quote => is("Quote"),
                        TickKind::Status => is("Status"),
                        TickKind::Trade => false,
                    }
            }
        }
    }

    /// Prints it as one line. The record as a dump has it; the others with the seq and time of the command that caused them in JSON, and
    /// set in from the left in text.
    pub fn print(&self, cause: &Record<'_>, names: &Names, json: bool, out: &mut impl Write) -> io::Result<()> {
        if let What::Record(record) = &self.what {
            return tell::record_line(record, json, out);
        }
        if json {
            let mut line = JsonLine::begin(out)?;
            let fields: &mut dyn Fields = &mut line;
            fields.number("seq", cause.seq.get())?;
            fields.number("receive_time_ns", cause.receive_time.get())?;
            self.tell(names, fields)?;
            return line.finish();
        }
        write!(out, "   ")?;
        self.tell(names, &mut TextLine::new(out))?;
        writeln!(out)
    }

    /// Tells the fields of what is no record.
    pub fn tell(&self, names: &Names, out: &mut dyn Fields) -> io::Result<()> {
        match &self.what {
            What::Record(record) => tell::record(record, out),
            What::Report(bytes, _) => {
                if let Some(session) = self.session {
                    out.text("user", &names.user(session))?;
                }
                tell::report(bytes, out)
            }
            What::Trade(trade) => trade.tell(self.instrument, names, out),
            What::Answer(operator, number, outcome) => {
                out.begin("answer", Some("Answer"))?;
                out.shown("operator", operator)?;
                out.number("number", *number)?;
                match outcome {
                    Outcome::Done { seq, changed } => {
                        out.number("done", seq.get())?;
                        out.number("changed", *changed)?;
                    }
                    Outcome::Refused(refusal) => out.text("refused", &refusal.to_string())?,
                }
                out.end()
            }
            What::Tick(tick) => tell::tick(tick, &names.symbol(tick.symbol_id), out),
        }
    }
}

impl Trade {
    fn of(event: &BookEvent, match_number: MatchNumber) -> Option<Self> {
        let BookEvent::Trade {
            maker,
            taker,
            maker_ref,
            taker_ref,
            taker_side,
            price,
            qty,
            maker_leaves,
            taker_leaves,
            ..
        } = *event
        else {
            return None;
        };
        Some(Self {
            match_number,
            price,
            qty,
            taker_side,
            maker,
            taker,
            maker_ref,
            taker_ref,
            maker_leaves,
            taker_leaves,
        })
    }

    fn tell(&self, instrument: Option<InstrumentIndex>, names: &Names, out: &mut dyn Fields) -> io::Result<()> {
        out.begin("trade", Some("Trade"))?;
        out.number("match_number", self.match_number.get())?;
        if let Some(instrument) = instrument {
            out.shown("symbol", &names.symbol(instrument))?;
        }
        out.number("qty", self.qty.get())?;
        out.field("price", Value::Price(Some(self.price)))?;
        out.shown("maker", &names.order(self.maker))?;
        out.number("maker_leaves", self.maker_leaves.get())?;
        out.shown("taker", &names.order(self.taker))?;
        out.number("taker_leaves", self.taker_leaves.get())?;
        out.word("taker_side", &self.taker_side)?;
        out.end()
    }
}

/// The client's message in a record, if there is one and it can be read.
pub(super) fn message_of<'a>(record: &Record<'a>) -> Option<Inbound<'a>> {
    match Body::decode(record.kind, record.body).ok()? {
        Body::SessionMessage(SessionMessage { bytes, .. }) => Inbound::decode(bytes).ok(),
        _ => None,
    }
}

/// The orders that a message names: the one that it is about, and the one that it replaces.
fn orders_of(session: SessionIndex, message: &Inbound<'_>) -> (Option<OrderKey>, Option<OrderKey>) {
    let key = |number| Some(OrderKey::new(session, number));
    match message {
        Inbound::EnterOrder(order) => (key(order.user_ref), None),
        Inbound::ReplaceOrder(replace) => (key(replace.user_ref), key(replace.orig_user_ref)),
        Inbound::CancelOrder(cancel) => (key(cancel.user_ref), None),
        Inbound::ModifyOrder(modify) => (key(modify.user_ref), None),
        Inbound::AccountQuery(_) => (None, None),
    }
}

/// The instrument of what was received: an order names it, for others the order that they name is known to the book, or what became of it.
fn instrument_of(step: &Step<'_>, received: &Happening<'_>) -> Option<InstrumentIndex> {
    let What::Record(record) = &received.what else { return None };
    if let Ok(Body::Operator(body)) = Body::decode(record.kind, record.body) {
        let symbol = body.command().ok()?.verb.symbol()?;
        return step.exchange.instruments().find(symbol);
    }
    match message_of(record)? {
        Inbound::EnterOrder(order) => step.exchange.instruments().find(order.symbol),
        Inbound::AccountQuery(_) => None,
        _ => {
            let events = step.effects().filter_map(|effect| match effect {
                Effect::Book(event) => instrument_in(&event),
                _ => None,
            });
            let standing = || {
                let keys = [received.other, received.order].into_iter().flatten();
                keys.filter_map(|key| step.exchange.book().order(key)).map(|order| order.instrument).next()
            };
            events.into_iter().next().or_else(standing)
        }
    }
}

const fn instrument_in(event: &BookEvent) -> Option<InstrumentIndex> {
    match event {
        BookEvent::Accepted { instrument, .. }
        | BookEvent::Replaced { instrument, .. }
        | BookEvent::Elected { instrument, .. }
        | BookEvent::Trade { instrument, .. }
        | BookEvent::Canceled { instrument, .. }
        | BookEvent::Rested { instrument, .. }
        | BookEvent::Refreshed { instrument, .. }
        | BookEvent::Level { instrument, .. } => Some(*instrument),
        BookEvent::Rejected { .. } => None,
    }
}
