//! A table as CSV (RFC 4180, lines end with LF): a line of names, then a line a row.

use super::{Cell, Column, Decimal, Table, TableError};
use std::io::{self, Write};

pub(crate) struct CsvTable<W> {
    out: W,
    rows: u64,
}

impl<W: Write> CsvTable<W> {
    pub fn new(mut out: W, columns: &[Column]) -> Result<Self, TableError> {
        let names: Vec<&str> = columns.iter().map(|Column(name, _)| *name).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self { out, rows: 0 })
    }

    fn cell(&mut self, cell: &Cell<'_>) -> io::Result<()> {
        match cell {
            Cell::Empty => Ok(()),
            Cell::Number(number) => write!(self.out, "{number}"),
            Cell::Time(time) => write!(self.out, "{}", time.get()),
            Cell::Price(price) => write!(self.out, "{}", Decimal::from(*price)),
            Cell::Amount(amount) => write!(self.out, "{}", Decimal(*amount)),
            // An empty text is not the same as none.
            Cell::Text(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                write!(self.out, "\"{}\"", text.replace('"', "\"\""))
            }
            Cell::Text(text) => self.out.write_all(text.as_bytes()),
        }
    }
}

impl<W: Write> Table for CsvTable<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.out.write_all(b",")?;
            }
            self.cell(cell)?;
        }
        self.out.write_all(b"\n")?;
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, TableError> {
        self.out.flush()?;
        Ok(self.rows)
    }
}
