//! The benchmark's messages as commands of the book, and the book's events as the benchmark's reports.
//!
//! Goal: translation, no decision. Non-goal: what a report does not say: the levels that the book announces to market data go
//! unheard here, and a new order that the book refuses (no quantity, a live id, no room) gets no report, because the interface has none.

use engine::book::{Book, BookEvent, BookLimits, CancelReason, Listener, NewOrder, Replace, ReplaceKind, TimeInForce};
use engine::limits::FILLS_PER_COMMAND_MAX;
use netio::pages;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, Side};

use crate::message::{self, side_of};
use crate::names::{Names, SESSIONS};
use crate::report::{Report, ReportKind};

const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);
/// The benchmark knows no members: orders trade with each other whoever sent them.
const OWNER: MemberId = MemberId(0);

/// Six times what the deepest scenario of the usual million orders lets rest at once.
const LIMITS: BookLimits = BookLimits {
    instruments: 1,
    sessions: SESSIONS,
    orders: 1 << 18,
    levels: 1 << 16,
    stops: 0,
    fills_per_command: FILLS_PER_COMMAND_MAX,
};

/// The book, and the names that the benchmark's ids have in it.
#[derive(Debug)]
pub struct Contestant {
    book: Book,
    names: Names,
}

impl Contestant {
    /// An empty book.
    pub fn new() -> Self {
        // As in the appliance, the book's tables are there before the first order.
        pages::prefault(true);
        let book = Book::new(&LIMITS);
        pages::prefault(false);
        Self { book, names: Names::default() }
    }

    /// Enters an order.
    #[inline(always)]
    pub fn enter(&mut self, order: &message::NewOrder, report: &mut impl FnMut(Report)) {
        let Some(key) = self.names.key_to_enter(order.id) else { return };
        let entry = NewOrder {
            instrument: INSTRUMENT,
            key,
            order_ref: OrderRef(order.id),
            owner: OWNER,
            side: side_of(order.side),
            price: Price(order.price_ticks),
            qty: Qty(order.qty),
            tif: if order.immediate == 0 { TimeInForce::Day } else { TimeInForce::Ioc },
            ..NewOrder::PLAIN
        };
        self.book.enter(&entry, &mut Teller { seq: order.seq, refusal: None, report });
    }

    /// Cancels an order.
    #[inline(always)]
    pub fn cancel(&mut self, cancel: &message::Cancel, report: &mut impl FnMut(Report)) {
        let refusal = Report::refusal(ReportKind::CancelRejected, cancel.seq, cancel.id);
        let Some(key) = self.names.key(cancel.id) else { return report(refusal) };
        self.book.cancel(key, CancelReason::User, &mut Teller { seq: cancel.seq, refusal: Some(refusal), report });
    }

    /// Takes an order out and enters it anew, in one step of the book.
    #[inline]
    pub fn modify(&mut self, modify: &message::Modify, report: &mut impl FnMut(Report)) {
        let refusal = Report::refusal(ReportKind::ModifyRejected, modify.seq, modify.id);
        let Some(key) = self.names.key(modify.id) else { return report(refusal) };
        let replacement = Replace {
            key,
            new_key: key,
            order_ref: OrderRef(modify.id),
            price: Price(modify.price_ticks),
            qty: Qty(modify.qty),
            kind: ReplaceKind::ReEnter { side: Some(side_of(modify.side)) },
            ..Replace::PLAIN
        };
        self.book.replace(&replacement, &mut Teller { seq: modify.seq, refusal: Some(refusal), report });
    }

    /// The best price of a side.
    pub fn best(&self, side: Side) -> Option<i64> {
        self.book.best(INSTRUMENT, side).map(|(price, _)| price.0)
    }

    /// The quantity that rests at a price; nothing rests hidden here.
    pub fn depth_at(&self, price_ticks: i64, side: Side) -> u64 {
        let level = self.book.level(INSTRUMENT, side, Price(price_ticks));
        level.map_or(0, |level| u64::from(level.qty))
    }
}

/// Reports what the book says in the benchmark's words. Orders carry their id as the venue's number.
struct Teller<'a, R> {
    seq: u64,
    /// What to say when the book refuses the message; nothing of a new order.
    refusal: Option<Report>,
    report: &'a mut R,
}

impl<R: FnMut(Report)> Listener for Teller<'_, R> {
    #[inline(always)]
    fn hear(&mut self, event: BookEvent) {
        let report = match event {
            BookEvent::Accepted { order_ref, side, price, qty, .. } => {
                Report::of_order(ReportKind::Accepted, self.seq, order_ref.0, side, price, qty)
            }
            BookEvent::Replaced { order_ref, side, price, qty, .. } => {
                Report::of_order(ReportKind::Modified, self.seq, order_ref.0, side, price, qty)
            }
            BookEvent::Trade { maker_ref, taker_ref, taker_side, price, qty, .. } => {
                Report::trade(self.seq, maker_ref.0, taker_ref.0, taker_side, price, qty)
            }
            BookEvent::Canceled { order_ref, side, price, qty, .. } => {
                Report::of_order(ReportKind::Canceled, self.seq, order_ref.0, side, price, qty)
            }
            BookEvent::Rejected { .. } => match self.refusal {
                Some(refusal) => refusal,
                None => return,
            },
            // The interface has no stop orders, so none is elected.
            BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Level { .. } => return,
        };
        (self.report)(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what happens to orders in the words of the benchmark's documentation, message by message.
    struct Talk {
        contestant: Contestant,
        seq: u64,
    }

    impl Talk {
        fn new() -> Self {
            Self { contestant: Contestant::new(), seq: 0 }
        }

        fn enter(&mut self, id: u64, side: u8, qty: u32, price_ticks: i64) -> Vec<String> {
            self.say(|contestant, seq, report| {
                let order = message::NewOrder { id, seq, price_ticks, qty, side, immediate: 0, reserved: [0; 2] };
                contestant.enter(&order, &mut |answer| report.push(answer));
            })
        }

        fn cancel(&mut self, id: u64) -> Vec<String> {
            self.say(|contestant, seq, report| {
                contestant.cancel(&message::Cancel { id, seq }, &mut |answer| report.push(answer));
            })
        }

        fn modify(&mut self, id: u64, side: u8, qty: u32, price_ticks: i64) -> Vec<String> {
            self.say(|contestant, seq, report| {
                let modify = message::Modify { id, seq, price_ticks, qty, side, reserved: [0; 3] };
                contestant.modify(&modify, &mut |answer| report.push(answer));
            })
        }

        fn say(&mut self, act: impl FnOnce(&mut Contestant, u64, &mut Vec<Report>)) -> Vec<String> {
            let mut reports = Vec::new();
            act(&mut self.contestant, self.seq, &mut reports);
            assert!(reports.iter().all(|report| report.seq == self.seq));
            self.seq += 1;
            reports
                .iter()
                .map(|r| format!("{} {} {}@{} {}-{}", r.kind, r.id, r.qty, r.price_ticks, r.maker_id, r.taker_id))
                .collect()
        }
    }

    #[test]
    fn an_id_lives_through_modifies_and_is_free_again_after_death() {
        for id in [7, u64::MAX] {
            let mut talk = Talk::new();
            assert_eq!(talk.cancel(id), [format!("4 {id} 0@0 0-0")], "never seen");
            assert_eq!(talk.modify(id, 0, 1, 1), [format!("5 {id} 0@0 0-0")], "never seen");
            for _ in 0..3 {
                assert_eq!(talk.enter(id, 0, 10, 100), [format!("0 {id} 10@100 0-0")]);
                assert_eq!(talk.enter(id, 0, 10, 100), Vec::<String>::new(), "the id lives");
                assert_eq!(talk.modify(id, 0, 11, 101), [format!("3 {id} 11@101 0-0")]);
                assert_eq!(talk.enter(id, 0, 10, 100), Vec::<String>::new(), "the id lives under its other name");
                assert_eq!(talk.modify(id, 0, 12, 102), [format!("3 {id} 12@102 0-0")]);
                assert_eq!(talk.modify(id, 0, 13, 103), [format!("3 {id} 13@103 0-0")]);
                assert_eq!(talk.cancel(id), [format!("2 {id} 13@103 0-0")]);
                assert_eq!(talk.cancel(id), [format!("4 {id} 0@0 0-0")]);
            }
            assert_eq!(talk.contestant.best(Side::Buy), None);
        }
    }

    #[test]
    fn a_modify_into_the_other_side_trades_at_the_makers_price() {
        let mut talk = Talk::new();
        talk.enter(1, 1, 10, 100);
        talk.enter(2, 0, 15, 90);
        assert_eq!(talk.modify(2, 0, 15, 105), ["3 2 15@105 0-0", "1 2 10@100 1-2"]);
        assert_eq!((talk.contestant.best(Side::Buy), talk.contestant.best(Side::Sell)), (Some(105), None));
        assert_eq!((talk.contestant.depth_at(105, Side::Buy), talk.contestant.depth_at(90, Side::Buy)), (5, 0));
        assert_eq!(talk.cancel(1), ["4 1 0@0 0-0"], "filled");
        assert_eq!(talk.cancel(2), ["2 2 5@105 0-0"]);
    }

    #[test]
    fn what_the_book_refuses_leaves_the_order_and_its_name() {
        let mut talk = Talk::new();
        assert_eq!(talk.enter(1, 0, 0, 100), Vec::<String>::new(), "no quantity");
        talk.enter(1, 0, 10, i64::MIN + 1);
        assert_eq!(talk.modify(1, 0, 0, 100), ["5 1 0@0 0-0"], "no quantity");
        assert_eq!(talk.contestant.depth_at(i64::MIN + 1, Side::Buy), 10);
        assert_eq!(talk.cancel(1), [format!("2 1 10@{} 0-0", i64::MIN + 1)]);
    }
}
