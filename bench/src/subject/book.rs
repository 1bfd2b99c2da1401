//! The book alone: commands in, events out.

use super::{Ear, Subject};
use crate::flow::{Flow, book_limits};
use engine::book::Book;
use engine::config::Config;

/// A book that is fed the flow's commands.
pub struct BookSubject<'a, E> {
    flow: &'a Flow,
    book: Book,
    /// Hears its events.
    pub ear: E,
}

impl<'a, E: Ear> BookSubject<'a, E> {
    /// An empty book of the configured size.
    pub fn new(flow: &'a Flow, config: &Config, ear: E) -> Self {
        Self { flow, book: Book::new(&book_limits(config)), ear }
    }
}

impl<E: Ear> Subject for BookSubject<'_, E> {
    #[inline]
    fn step(&mut self, line: usize) {
        let ear = &mut self.ear;
        ear.begin(line);
        self.book.apply(&self.flow.lines()[line].command, &mut |event| ear.event(&event));
    }

    fn state_hash(&self) -> u64 {
        self.book.state_hash()
    }
}
