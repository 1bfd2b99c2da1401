//! Listens to the exchange: what the book says, what clients are told, what the market is told.
//!
//! Goal: consequences in the words of a scenario, and a fault wherever the three accounts disagree. Non-goal: what was expected.

use super::consequence;
use super::error::Fault;
use super::reason;
use super::script::Consequence;
use engine::book::{Book, BookEvent, OrderKey};
use engine::sink::Sink;
use std::collections::BTreeMap;
use wire::ouch::{LiquidityFlag, Outbound};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Price, Seq, SessionIndex, Side};

/// What one command caused, and the depth that all ticks so far add up to.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub events: Vec<BookEvent>,
    reports: Vec<(SessionIndex, Vec<u8>)>,
    depth: BTreeMap<(Side, Price), u32>,
}

impl Sink for Recorder {
    fn report(&mut self, _cause: Seq, session: SessionIndex, message: &[u8]) {
        self.reports.push((session, message.to_vec()));
    }

    fn tick(&mut self, _cause: Seq, tick: &Tick) {
        if let (TickKind::Quote, Some(side)) = (tick.kind, tick.side.side()) {
            if tick.quantity == 0 {
                self.depth.remove(&(side, tick.price));
            } else {
                self.depth.insert((side, tick.price), tick.quantity);
            }
        }
    }

    fn book_event(&mut self, event: &BookEvent) {
        self.events.push(*event);
    }
}

impl Recorder {
    /// Forgets the command before.
    pub fn begin(&mut self) {
        self.events.clear();
        self.reports.clear();
    }

    /// The consequences of the command; none at all when it was not answered.
    ///
    /// # Errors
    /// The reports are not those that follow from the book's events.
    pub fn consequences(&self, name: impl Fn(OrderKey) -> String) -> Result<Vec<Consequence>, Fault> {
        if self.events.is_empty() {
            return self.refusal_at_entry();
        }
        let mut reports = self.reports.iter();
        let mut consequences = Vec::new();
        for event in &self.events {
            let count = match event {
                BookEvent::Level { .. } => 0,
                BookEvent::Trade { .. } => 2,
                _ => 1,
            };
            let told = reports.by_ref().take(count).map(decoded).collect::<Result<Vec<_>, _>>()?;
            if !tells(event, &told) {
                return Err(Fault::Contradiction(format!("the book says {event:?}, the clients are told {told:?}")));
            }
            consequences.extend(consequence::of_event(event, &told, &name));
        }
        if let Some(spare) = reports.next() {
            return Err(Fault::Contradiction(format!("a report that no event accounts for: {:?}", decoded(spare)?)));
        }
        if consequences.is_empty() {
            consequences.push(Consequence::Quiet);
        }
        Ok(consequences)
    }

    /// Holds the depth that a subscriber has built from the ticks against the book.
    ///
    /// # Errors
    /// They differ.
    pub fn check_ticks(&self, book: &Book, instrument: InstrumentIndex) -> Result<(), Fault> {
        let levels = |side| book.levels(instrument, side).map(move |level| ((side, level.price), level.qty));
        let displayed: BTreeMap<(Side, Price), u32> = levels(Side::Buy).chain(levels(Side::Sell)).collect();
        if displayed != self.depth {
            return Err(Fault::Contradiction(format!(
                "the ticks add up to {:?}, the book shows {displayed:?}",
                self.depth
            )));
        }
        Ok(())
    }

    /// The answer of a command that never reached the book.
    fn refusal_at_entry(&self) -> Result<Vec<Consequence>, Fault> {
        let reason = match &self.reports[..] {
            [] => return Ok(Vec::new()),
            [report] => match decoded(report)? {
                (_, Outbound::Rejected(rejected)) => reason::of_report(rejected.reason),
                (_, Outbound::CancelReject(_)) => reason::NOT_LIVE,
                (_, other) => {
                    return Err(Fault::Contradiction(format!("the book says nothing, a client is told {other:?}")));
                }
            },
            more => {
                return Err(Fault::Contradiction(format!(
                    "the book says nothing, clients are told {} things",
                    more.len()
                )));
            }
        };
        Ok(vec![Consequence::Reject { reason: Some(reason.to_owned()) }])
    }
}

type Told<'a> = (SessionIndex, Outbound<'a>);

fn decoded((session, bytes): &(SessionIndex, Vec<u8>)) -> Result<Told<'_>, Fault> {
    let message = Outbound::decode(bytes)
        .map_err(|error| Fault::Contradiction(format!("session {session} is told what it cannot read: {error}")))?;
    Ok((*session, message))
}

/// Whether these are the reports of that event.
fn tells(event: &BookEvent, told: &[Told<'_>]) -> bool {
    let is = |key: OrderKey, session: SessionIndex, user_ref| OrderKey::new(session, user_ref) == key;
    match (*event, told) {
        (BookEvent::Level { .. }, []) => true,
        (BookEvent::Accepted { key, order_ref, qty, .. }, [(session, Outbound::Accepted(report))]) => {
            is(key, *session, report.user_ref) && (report.order_ref, report.qty) == (order_ref, qty)
        }
        (BookEvent::Replaced { old_key, key, order_ref, qty, .. }, [(session, Outbound::Replaced(report))]) => {
            is(old_key, *session, report.orig_user_ref)
                && is(key, *session, report.user_ref)
                && (report.order_ref, report.qty) == (order_ref, qty)
        }
        (
            BookEvent::Trade { maker, taker, price, qty, .. },
            [(maker_session, Outbound::Executed(of_maker)), (taker_session, Outbound::Executed(of_taker))],
        ) => {
            is(maker, *maker_session, of_maker.user_ref)
                && is(taker, *taker_session, of_taker.user_ref)
                && of_maker.match_number == of_taker.match_number
                && of_maker.liquidity != LiquidityFlag::REMOVED
                && of_taker.liquidity == LiquidityFlag::REMOVED
                && [of_maker, of_taker].iter().all(|report| (report.price, report.qty) == (price, qty))
        }
        (BookEvent::Canceled { key, qty, .. }, [(session, Outbound::Canceled(report))]) => {
            is(key, *session, report.user_ref) && report.qty == qty
        }
        (BookEvent::Canceled { key, qty, .. }, [(session, Outbound::AiqCanceled(report))]) => {
            is(key, *session, report.user_ref) && report.decremented_qty == qty
        }
        (BookEvent::Rejected { key, .. }, [(session, Outbound::Rejected(report))]) => {
            is(key, *session, report.user_ref)
        }
        (BookEvent::Rejected { key, .. }, [(session, Outbound::CancelReject(report))]) => {
            is(key, *session, report.user_ref)
        }
        _ => false,
    }
}
