//! The book alone: commands in, events out.

use super::{AtBook, Ear, Subject};
use crate::stream::Step;
use engine::book::{Book, BookLimits};

/// A book that is fed steps.
pub struct BookSubject<'a, E> {
    steps: &'a [Step],
    /// The book.
    pub book: Book,
    /// Hears its events.
    pub ear: E,
}

impl<'a, E: Ear> BookSubject<'a, E> {
    /// An empty book.
    pub fn new(steps: &'a [Step], limits: &BookLimits, ear: E) -> Self {
        Self { steps, book: Book::new(limits), ear }
    }
}

impl<E: Ear> Subject for BookSubject<'_, E> {
    #[inline]
    fn step(&mut self, line: usize) {
        let ear = &mut self.ear;
        ear.begin(line);
        self.book.apply(&self.steps[line].command(), &mut AtBook(ear));
    }

    fn state_hash(&self) -> u64 {
        self.book.state_hash()
    }
}
