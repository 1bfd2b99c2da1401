//! Listens to the exchange: what the book says, what clients are told, what the market is told.
//!
//! Goal: consequences in the words of a scenario, and a fault wherever the three accounts disagree. Non-goal: what was expected.

use super::consequence;
use super::displayed::Displayed;
use super::error::Fault;
use super::reason;
use super::script::Consequence;
use engine::book::{Book, BookEvent, OrderKey};
use engine::depth::DepthEvent;
use engine::sink::Sink;
use std::collections::BTreeMap;
use wire::ouch::{LiquidityFlag, Outbound, RestateReason};
use wire::tick::{Tick, TickKind};
use wire::{InstrumentIndex, Price, Seq, SessionIndex, Side};

/// What one command caused, and the depth that all ticks so far add up to.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub events: Vec<BookEvent>,
    reports: Vec<(SessionIndex, Vec<u8>)>,
    depth: BTreeMap<(Side, Price), u32>,
    displayed: Displayed,
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

    fn depth(&mut self, _cause: Seq, event: &DepthEvent) {
        self.displayed.hear(event);
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
                BookEvent::Level { .. } | BookEvent::Rested { .. } => 0,
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

    /// Holds the orders that a subscriber has built from the depth stream against the book.
    ///
    /// # Errors
    /// They differ.
    pub fn check_depth(&self, book: &Book, instrument: InstrumentIndex) -> Result<(), Fault> {
        self.displayed.check(book, instrument)
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
        (BookEvent::Level { .. } | BookEvent::Rested { .. }, []) => true,
        (BookEvent::Refreshed { key, order_ref, price, .. }, [(session, Outbound::PriorityUpdate(report))]) => {
            is(key, *session, report.user_ref) && (report.order_ref, report.price) == (order_ref, price)
        }
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
        (BookEvent::Elected { key, .. }, [(session, Outbound::Restated(report))]) => {
            is(key, *session, report.user_ref) && report.reason == RestateReason::StopReached
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::book::{BookLimits, BookReject};
    use wire::ouch::{CancelReason, Canceled, Executed, RejectReason, Rejected};
    use wire::tick::TickSide;
    use wire::{MatchNumber, Nanos, OrderRef, Qty, TimeOfDay, UserRefNum};

    const MAKER: OrderKey = OrderKey::new(SessionIndex(1), UserRefNum(5));
    const TAKER: OrderKey = OrderKey::new(SessionIndex(2), UserRefNum(6));

    fn now() -> TimeOfDay {
        Nanos(0).into()
    }

    fn trade() -> BookEvent {
        BookEvent::Trade {
            instrument: InstrumentIndex(0),
            maker: MAKER,
            taker: TAKER,
            maker_ref: OrderRef(1),
            taker_ref: OrderRef(2),
            taker_side: Side::Buy,
            price: Price(10),
            qty: Qty(3),
            maker_displayed: true,
            maker_leaves: Qty(0),
            taker_leaves: Qty(0),
        }
    }

    fn executed(
        key: OrderKey,
        liquidity: LiquidityFlag,
        qty: u32,
        match_number: u64,
    ) -> (SessionIndex, Outbound<'static>) {
        let report = Executed {
            timestamp: now(),
            user_ref: key.user_ref(),
            qty: Qty(qty),
            price: Price(10),
            liquidity,
            match_number: MatchNumber(match_number),
            appendage: wire::ouch::Appendage::EMPTY,
        };
        (key.session(), Outbound::Executed(report))
    }

    fn heard(events: &[BookEvent], reports: &[(SessionIndex, Outbound<'_>)]) -> Result<Vec<Consequence>, Fault> {
        let mut recorder = Recorder::default();
        events.iter().for_each(|event| recorder.book_event(event));
        for (session, report) in reports {
            let mut bytes = [0; wire::ouch::MESSAGE_LEN_MAX];
            let len = report.encode(&mut bytes).expect("room for any message");
            recorder.report(Seq(1), *session, &bytes[..len]);
        }
        recorder.consequences(|key| key.user_ref().to_string())
    }

    #[test]
    fn reports_that_agree_with_the_book_become_lines() {
        let of_maker = executed(MAKER, LiquidityFlag::ADDED, 3, 7);
        let of_taker = executed(TAKER, LiquidityFlag::REMOVED, 3, 7);
        let lines = heard(&[trade()], &[of_maker, of_taker]).expect("they agree");
        assert_eq!(lines[0].to_string(), "trade maker=5 taker=6 px=0.001 qty=3");
        assert_eq!(heard(&[], &[]), Ok(Vec::new()), "no answer is no line");
    }

    #[test]
    fn reports_that_contradict_the_book_are_a_fault() {
        let of_maker = executed(MAKER, LiquidityFlag::ADDED, 3, 7);
        let of_taker = executed(TAKER, LiquidityFlag::REMOVED, 3, 7);
        let cancel = Canceled { timestamp: now(), user_ref: MAKER.user_ref(), qty: Qty(1), reason: CancelReason::USER };
        let cancel = (MAKER.session(), Outbound::Canceled(cancel));
        for reports in [
            &[][..],
            &[of_maker],
            &[of_taker, of_maker],
            &[of_maker, of_taker, of_taker],
            &[of_maker, cancel],
            &[of_maker, executed(TAKER, LiquidityFlag::ADDED, 3, 7)],
            &[of_maker, executed(TAKER, LiquidityFlag::REMOVED, 2, 7)],
            &[of_maker, executed(TAKER, LiquidityFlag::REMOVED, 3, 8)],
            &[of_maker, (MAKER.session(), of_taker.1)],
        ] {
            assert!(matches!(heard(&[trade()], reports), Err(Fault::Contradiction(_))), "{reports:?}");
        }
        assert!(matches!(heard(&[], &[cancel]), Err(Fault::Contradiction(_))), "a report out of nowhere");
        let refusal = BookEvent::Rejected { key: TAKER, reason: BookReject::MinQtyNotMet };
        let cl_ord_id = wire::ouch::ClOrdId::BLANK;
        let reason = RejectReason::MIN_QUANTITY_NOT_MET;
        let rejected = Rejected { timestamp: now(), user_ref: MAKER.user_ref(), reason, cl_ord_id };
        let told = (TAKER.session(), Outbound::Rejected(rejected));
        assert!(matches!(heard(&[refusal], &[told]), Err(Fault::Contradiction(_))), "it names another order");
    }

    #[test]
    fn ticks_that_do_not_add_up_to_the_book_are_a_fault() {
        let limits = BookLimits { instruments: 1, sessions: 1, orders: 1, levels: 1, stops: 0, fills_per_command: 1 };
        let book = Book::new(&limits);
        let mut recorder = Recorder::default();
        assert_eq!(recorder.check_ticks(&book, InstrumentIndex(0)), Ok(()));
        let mut quote = |quantity| {
            let (kind, side) = (TickKind::Quote, TickSide::Buy);
            let tick =
                Tick { timestamp: Nanos(1), symbol_id: InstrumentIndex(0), price: Price(9), quantity, side, kind };
            recorder.tick(Seq(1), &tick);
            recorder.check_ticks(&book, InstrumentIndex(0))
        };
        assert!(quote(5).is_err());
        assert_eq!(quote(0), Ok(()));
    }
}
