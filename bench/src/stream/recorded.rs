//! A recorded day as steps for the book: ITCH 5.0, LOBSTER or consensus text.
//!
//! What a recording says happened is asked for again: an order that was entered, canceled, reduced or replaced is so here, and an execution
//! is an immediate order of its size at the price of the order that it met. What refers to an order from before the recording finds none.
//!
//! Goal: real sequences of prices, sizes and lifetimes. Non-goal: meeting the very same orders in every trade; the recording is a sample.

use std::collections::HashMap;
use std::io::Read;

use super::{Ask, Step, book_limits};
use crate::error::BenchError;
use engine::book::{Book, BookEvent, BookLimits};
use feedhandler::flow::recording::{Recording, RecordingOptions};
use feedhandler::{Action, FlowItem};
use wire::{InstrumentIndex, Price, Qty, SessionIndex, Side, Symbol, UserRefNum};

/// Whoever sent it.
const SESSION: SessionIndex = SessionIndex(0);

/// The commands of a recording.
#[derive(Debug)]
pub struct Recorded {
    /// All of them.
    pub steps: Vec<Step>,
    /// A book that holds it.
    pub limits: BookLimits,
    /// Trades that they make.
    pub trades: u64,
    /// The book's state in the end.
    pub state_hash: u64,
}

/// What is known of an order by what was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    user_ref: UserRefNum,
    side: Side,
}

#[derive(Debug, Default)]
struct Translator {
    orders: HashMap<u64, Sent>,
    instruments: HashMap<Symbol, InstrumentIndex>,
    /// The last number given.
    last: u32,
}

impl Recorded {
    /// Reads `source`, compressed or not.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(name: &str, source: impl Read + Send) -> Result<Self, BenchError> {
        let mut translator = Translator::default();
        let steps = Recording::read(name, source, &RecordingOptions::default())?
            .map(|item| translator.step(&item?))
            .collect::<Result<Vec<_>, _>>()?;
        let instruments = u32::try_from(translator.instruments.len()).unwrap_or(u32::MAX);
        // No more can live than were entered.
        let room = translator.last + 1;
        let limits = book_limits(instruments.max(1), 1, room, room);
        let mut book = Book::new(&limits);
        let mut trades = 0;
        for step in &steps {
            book.apply(&step.command(), &mut |event| trades += u64::from(matches!(event, BookEvent::Trade { .. })));
        }
        Ok(Self { steps, limits, trades, state_hash: book.state_hash() })
    }
}

impl Translator {
    fn step(&mut self, item: &FlowItem) -> Result<Step, BenchError> {
        let new = self.last.checked_add(1).map(UserRefNum);
        let new = new.ok_or(BenchError::Unusable { line: item.seq, expected: "at most 4294967294 orders" })?;
        Ok(match item.action {
            Action::Add { id, instrument, side, price, qty, immediate } => {
                let ask = if immediate { Ask::EnterImmediate } else { Ask::Enter };
                self.orders.insert(id, Sent { user_ref: new, side });
                self.enter(new, instrument, side, price, qty, ask)
            }
            Action::Execute { instrument, side, price, qty, .. } => {
                self.enter(new, instrument, side, price, qty, Ask::EnterImmediate)
            }
            Action::Cancel { id } => Step::cancel(SESSION, self.number_of(id)),
            Action::Reduce { id, by } => {
                Step { ask: Ask::Reduce, qty: by, ..Step::cancel(SESSION, self.number_of(id)) }
            }
            Action::Modify { id, side, price, qty } => self.re_enter(new, [id, id], side, price, qty),
            Action::Replace { old_id, new_id, price, qty } => {
                let side = self.orders.get(&old_id).map_or(Side::Buy, |sent| sent.side);
                self.re_enter(new, [old_id, new_id], side, price, qty)
            }
        })
    }

    fn enter(&mut self, new: UserRefNum, symbol: Symbol, side: Side, price: Price, qty: Qty, ask: Ask) -> Step {
        self.last = new.0;
        let next = InstrumentIndex(u32::try_from(self.instruments.len()).unwrap_or(u32::MAX));
        let instrument = *self.instruments.entry(symbol).or_insert(next);
        Step { price, qty, instrument, ask, side, ..Step::cancel(SESSION, new) }
    }

    /// Under an id that nobody entered nothing is replaced, and nothing lives afterwards.
    fn re_enter(&mut self, new: UserRefNum, [old_id, new_id]: [u64; 2], side: Side, price: Price, qty: Qty) -> Step {
        let old = self.number_of(old_id);
        if self.orders.remove(&old_id).is_some() {
            self.last = new.0;
            self.orders.insert(new_id, Sent { user_ref: new, side });
        }
        Step { price, qty, new_ref: new, ask: Ask::ReEnter, side, ..Step::cancel(SESSION, old) }
    }

    fn number_of(&self, id: u64) -> UserRefNum {
        self.orders.get(&id).map_or(UserRefNum(0), |sent| sent.user_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_day_is_asked_for_again() {
        let text = "N 7 B 100 5\nN 8 S 101 4\nM 7 B 101 6\nC 8\nC 7\nC 9\n";
        let recorded = Recorded::read("flow.txt", text.as_bytes()).expect("consensus text");
        let asks: Vec<_> = recorded.steps.iter().map(|step| (step.ask, step.user_ref.0, step.new_ref.0)).collect();
        let expected = [
            (Ask::Enter, 1, 0),
            (Ask::Enter, 2, 0),
            (Ask::ReEnter, 1, 3),
            (Ask::Cancel, 2, 0),
            (Ask::Cancel, 3, 0),
            (Ask::Cancel, 0, 0),
        ];
        assert_eq!(asks, expected);
        assert_eq!((recorded.trades, recorded.limits.instruments, recorded.limits.orders), (1, 1, 4));
    }

    #[test]
    fn the_bundled_itch_day_trades_as_often_as_it_says() {
        let recorded = Recorded::read("x.TEST_ITCH_50.gz", crate::suite::workloads::ITCH).expect("the bundled file");
        let executions = recorded.steps.iter().filter(|step| step.ask == Ask::EnterImmediate).count();
        assert!(recorded.steps.len() > 5_000 && executions > 100, "{} {executions}", recorded.steps.len());
        assert!(recorded.trades > 0 && recorded.limits.instruments == 3);
    }
}
