//! The book file of a LOBSTER recording: a row after each message, `ask1,size,bid1,size,ask2,…`, best first.
//!
//! Goal: rows, one at a time, for the reader of the messages and for whoever checks it. Non-goal: prices of empty levels, which
//! the file fills with impossible ones.

use std::io::Read;

use wire::{Price, Side};

use super::FlowError;
use super::lines::{Lines, signed, unsigned};

/// The displayed levels after one message, best first, without empty ones. Sizes are sums, so they are wider than a quantity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookRow {
    sides: [Vec<(Price, u64)>; 2],
    levels: usize,
}

impl BookRow {
    /// The levels of a side, best first: price and size.
    #[must_use]
    pub fn side(&self, side: Side) -> &[(Price, u64)] {
        &self.sides[side.index()]
    }

    /// How many levels a row of this file can show on each side.
    #[must_use]
    pub const fn levels_max(&self) -> usize {
        self.levels
    }
}

/// Reads rows.
#[derive(Debug)]
pub struct BookRows<R> {
    lines: Lines<R>,
    levels: Option<usize>,
    ended: bool,
}

const EXPECTED: &str = "ask price, ask size, bid price, bid size for each level, as many as in the first row";

impl<R: Read> BookRows<R> {
    /// Reads `source`. The first row tells how many levels there are.
    pub fn new(source: R) -> Self {
        Self { lines: Lines::new(source, "book file"), levels: None, ended: false }
    }

    /// Rows read so far.
    pub fn rows_read(&self) -> u64 {
        self.lines.read()
    }

    /// Reads the next row into `row`; `false` at the end of the file.
    ///
    /// # Errors
    /// The source fails, or the line is no book row.
    pub fn read_into(&mut self, row: &mut BookRow) -> Result<bool, FlowError> {
        let Some(line) = self.lines.next_line()? else { return Ok(false) };
        match parse(line, row) {
            Some(levels) if levels == *self.levels.get_or_insert(levels) => Ok(true),
            _ => Err(self.lines.error(EXPECTED)),
        }
    }
}

impl<R: Read> Iterator for BookRows<R> {
    type Item = Result<BookRow, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut row = BookRow::default();
        let item = match self.read_into(&mut row) {
            Ok(true) => Some(Ok(row)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        };
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Fills `row` and returns its number of levels, when the line is well formed.
fn parse(line: &[u8], row: &mut BookRow) -> Option<usize> {
    row.sides.iter_mut().for_each(Vec::clear);
    row.levels = 0;
    let mut fields = line.split(|byte| *byte == b',');
    while let Some(first) = fields.next() {
        let ask = (Price(signed(first)?), unsigned(fields.next()?)?);
        let bid = (Price(signed(fields.next()?)?), unsigned(fields.next()?)?);
        for (side, level) in [(Side::Sell, ask), (Side::Buy, bid)] {
            if level.1 > 0 {
                row.sides[side.index()].push(level);
            }
        }
        row.levels += 1;
    }
    Some(row.levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_levels_are_left_out() {
        let mut rows = BookRows::new(&b"5859400,200,5853300,18,9999999999,0,-9999999999,0\n"[..]);
        let row = rows.next().unwrap().unwrap();
        assert_eq!(row.side(Side::Sell), [(Price(5_859_400), 200)]);
        assert_eq!(row.side(Side::Buy), [(Price(5_853_300), 18)]);
        assert_eq!(row.levels_max(), 2);
        assert!(rows.next().is_none());
    }

    #[test]
    fn rows_of_another_width_are_refused() {
        for second in ["1,2,3", "1,2,3,4,5,6,7,8", "", "1,2,3,-4", "1,x,3,4"] {
            let text = format!("1,2,3,4\n{second}\n");
            let rows: Vec<_> = BookRows::new(text.as_bytes()).collect();
            assert!(matches!(rows.as_slice(), [Ok(_), Err(FlowError::Line { line: 2, .. })]), "{second}");
        }
    }
}
