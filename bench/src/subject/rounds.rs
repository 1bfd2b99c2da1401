//! A book that is given rounds of one operation, and is held to what each must cause.
//!
//! Goal: what prepares and restores is never measured, and an operation that did something else has no figures. Non-goal: clocks.

use super::kinds::Kinds;
use super::{AtBook, Counter};
use crate::error::BenchError;
use crate::stream::Step;
use crate::stream::floor::{Floor, Shape};
use crate::stream::operations::{Operation, Round};
use engine::book::Book;

/// The book and who knows its orders.
pub struct RoundSubject {
    /// Makes rounds.
    pub floor: Floor,
    book: Book,
    kinds: Kinds,
    quiet: Counter,
}

impl RoundSubject {
    /// A book of this shape.
    #[must_use]
    pub fn open(shape: Shape, seed: u64) -> Self {
        let (floor, opening) = Floor::open(shape, seed);
        let book = Book::new(&shape.limits());
        let mut subject = Self { floor, book, kinds: Kinds::default(), quiet: Counter::default() };
        subject.take_aside(&opening);
        subject
    }

    /// Takes what is not measured.
    pub fn take_aside(&mut self, steps: &[Step]) {
        for step in steps {
            self.book.apply(&step.command(), &mut AtBook(&mut self.quiet));
        }
    }

    /// Takes operations. A function of its own, so that a profiler can be told to count in here only; see docs/benchmarks.md.
    #[inline(never)]
    pub fn take_batch(&mut self, steps: &[Step]) {
        for step in steps {
            self.take_one(step);
        }
    }

    /// Takes one operation.
    #[inline(always)]
    pub fn take_one(&mut self, step: &Step) {
        self.book.apply(&step.command(), &mut AtBook(&mut self.kinds));
    }

    /// Whether the operations since the last call did what they are called.
    ///
    /// # Errors
    /// They did not.
    pub fn check(&mut self, operation: Operation, count: usize) -> Result<(), BenchError> {
        let (expected, found) = (Kinds::of(operation).times(count as u64), std::mem::take(&mut self.kinds));
        if expected == found {
            return Ok(());
        }
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        Err(BenchError::Unequal { subject: operation.name(), expected, found })
    }

    /// Whether the book is sound, and how many orders it has.
    ///
    /// # Errors
    /// It is not.
    pub fn audit(&self) -> Result<usize, BenchError> {
        self.book.audit()?;
        Ok(self.book.order_count())
    }

    /// Rounds of at least so many operations together, to be taken in this order.
    pub fn window(&mut self, operation: Operation, operations: usize) -> Vec<Round> {
        let mut rounds = Vec::new();
        let mut count = 0;
        while count < operations {
            let round = self.floor.round(operation, operations - count);
            count += round.measured.len();
            rounds.push(round);
        }
        rounds
    }
}
