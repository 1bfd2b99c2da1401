//! A table as JSON lines: an object a row. What is empty is left out; decimal numbers are strings, so that no reader makes floats of them.

use super::{Cell, Column, Decimal, Table, TableError};
use crate::json::Text;
use std::io::{self, Write};

pub(crate) struct JsonlTable<W> {
    out: W,
    columns: Vec<&'static str>,
    rows: u64,
}

impl<W: Write> JsonlTable<W> {
    pub fn new(out: W, columns: &[Column]) -> Self {
        Self { out, columns: columns.iter().map(|Column(name, _)| *name).collect(), rows: 0 }
    }

    fn cell(&mut self, cell: &Cell<'_>) -> io::Result<()> {
        match cell {
            Cell::Empty => Ok(()),
            Cell::Number(number) => write!(self.out, "{number}"),
            Cell::Time(time) => write!(self.out, "{}", time.get()),
            Cell::Price(price) => write!(self.out, "\"{}\"", Decimal::from(*price)),
            Cell::Amount(amount) => write!(self.out, "\"{}\"", Decimal(*amount)),
            Cell::Text(text) => write!(self.out, "{}", Text(text)),
        }
    }
}

impl<W: Write> Table for JsonlTable<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        self.out.write_all(b"{")?;
        let mut comma = "";
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| **cell != Cell::Empty) {
            write!(self.out, "{comma}\"{}\":", self.columns[at])?;
            self.cell(cell)?;
            comma = ",";
        }
        self.out.write_all(b"}\n")?;
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, TableError> {
        self.out.flush()?;
        Ok(self.rows)
    }
}
