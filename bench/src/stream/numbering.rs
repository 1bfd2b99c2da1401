//! A flow's actions as numbered steps: each order gets the number that its session would give it.
//!
//! Goal: everything that is not the subject's own work is done before the clock starts. Non-goal: several sessions or instruments; the
//! flows with a published answer know neither.

use std::collections::HashMap;

use super::{Ask, Step};
use crate::error::BenchError;
use engine::book::{Book, BookLimits};
use feedhandler::flow::Action;
use wire::{InstrumentIndex, Price, SessionIndex, Side, UserRefNum};

/// The only session, and the only instrument.
pub const SESSION: SessionIndex = SessionIndex(0);
const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);

/// What was sent under a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The order's id in the flow.
    pub id: u64,
    /// Its side.
    pub side: Side,
    /// Its limit.
    pub price: Price,
}

/// All steps of a flow, and what their numbers stand for.
#[derive(Debug)]
pub struct Numbered {
    steps: Vec<Step>,
    /// By number, from 0, which stands for an id that was never sent.
    sent: Vec<Sent>,
    /// The id that each step names.
    ids: Vec<u64>,
}

impl Numbered {
    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What was sent under a number, when anything was.
    #[must_use]
    pub fn sent(&self, user_ref: UserRefNum) -> Option<&Sent> {
        self.sent.get(usize::try_from(user_ref.0).ok()?)
    }

    /// The id that a step's message names.
    #[must_use]
    pub fn id(&self, line: usize) -> u64 {
        self.ids[line]
    }
}

/// Gives orders their numbers. A modify of a dead order changes no number, so a book has to say which orders live.
#[derive(Debug)]
pub struct Numbering {
    numbered: Numbered,
    book: Book,
    /// The number of each id.
    newest: HashMap<u64, UserRefNum>,
}

impl Numbering {
    /// Nothing is numbered yet.
    #[must_use]
    pub fn new(limits: &BookLimits) -> Self {
        let never = Sent { id: 0, side: Side::Buy, price: Price(0) };
        let numbered = Numbered { steps: Vec::new(), sent: vec![never], ids: Vec::new() };
        Self { numbered, book: Book::new(limits), newest: HashMap::new() }
    }

    /// Numbers the next action.
    ///
    /// # Errors
    /// It is no add, cancel or modify, or there are more orders than numbers.
    pub fn take(&mut self, line: u64, action: &Action) -> Result<Step, BenchError> {
        let new = u32::try_from(self.numbered.sent.len());
        let new = new.map_err(|_| BenchError::Unusable { line, expected: "at most 4294967294 orders" })?;
        let new = UserRefNum(new);
        let (id, step) = match *action {
            Action::Add { id, side, price, qty, immediate, .. } => {
                self.numbered.sent.push(Sent { id, side, price });
                self.newest.insert(id, new);
                let ask = if immediate { Ask::EnterImmediate } else { Ask::Enter };
                let (user_ref, new_ref) = (new, UserRefNum(0));
                let step = Step { price, qty, user_ref, new_ref, instrument: INSTRUMENT, session: SESSION, ask, side };
                (id, step)
            }
            Action::Cancel { id } => (id, Step::cancel(SESSION, self.number_of(id))),
            Action::Modify { id, side, price, qty } => {
                let old = self.number_of(id);
                self.numbered.sent.push(Sent { id, side, price });
                let step = Step { price, qty, new_ref: new, ask: Ask::ReEnter, side, ..Step::cancel(SESSION, old) };
                if self.book.order(step.key()).is_some() {
                    self.newest.insert(id, new);
                }
                (id, step)
            }
            _ => return Err(BenchError::Unusable { line, expected: "an add, a cancel or a modify" }),
        };
        self.book.apply(&step.command(), &mut |_| {});
        self.numbered.steps.push(step);
        self.numbered.ids.push(id);
        Ok(step)
    }

    /// All that was numbered.
    #[must_use]
    pub fn finish(self) -> Numbered {
        self.numbered
    }

    fn number_of(&self, id: u64) -> UserRefNum {
        self.newest.get(&id).copied().unwrap_or(UserRefNum(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::book_limits;
    use wire::{Qty, Symbol};

    #[test]
    fn a_modify_of_a_dead_order_leaves_its_number() {
        let mut numbering = Numbering::new(&book_limits(1, 1, 16, 16));
        let (side, price, qty) = (Side::Buy, Price(100), Qty(5));
        let instrument = Symbol(*b"TEST    ");
        let modify = Action::Modify { id: 70, side, price, qty };
        let actions = [
            Action::Add { id: 70, instrument, side, price, qty, immediate: false },
            modify,
            modify,
            Action::Cancel { id: 70 },
            modify,
            Action::Cancel { id: 70 },
            Action::Cancel { id: 71 },
        ];
        for (line, action) in (0..).zip(&actions) {
            numbering.take(line, action).expect("adds, cancels and modifies");
        }
        let numbered = numbering.finish();
        let names: Vec<_> = numbered.steps().iter().map(|step| (step.user_ref.0, step.new_ref.0)).collect();
        assert_eq!(names, [(1, 0), (1, 2), (2, 3), (3, 0), (3, 4), (3, 0), (0, 0)]);
        assert_eq!((numbered.id(5), numbered.id(6)), (70, 71));
        assert_eq!(numbered.sent(UserRefNum(3)).map(|sent| sent.id), Some(70));
    }
}
