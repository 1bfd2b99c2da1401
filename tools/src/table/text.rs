//! A table for people: columns of fixed widths, so that the first row shows at once, however many follow.

use super::{Cell, Column, Decimal, Table, TableError, Type};
use crate::when::Rfc3339;
use std::io::Write;

pub(crate) struct TextTable<W> {
    out: W,
    columns: Vec<Column>,
    rows: u64,
}

const fn width(kind: Type) -> usize {
    match kind {
        Type::Number => 10,
        Type::Time => 30,
        Type::Price => 12,
        Type::Amount => 18,
        Type::Text => 8,
    }
}

impl<W: Write> TextTable<W> {
    pub fn new(mut out: W, columns: &[Column]) -> Result<Self, TableError> {
        let heads = columns.iter().map(|Column(name, kind)| aligned(name, *kind, name));
        writeln!(out, "{}", heads.collect::<Vec<_>>().join(" ").trim_end())?;
        Ok(Self { out, columns: columns.to_vec(), rows: 0 })
    }
}

/// Numbers to the right, texts to the left, and nothing cut.
fn aligned(text: &str, kind: Type, name: &str) -> String {
    let width = width(kind).max(name.len());
    match kind {
        Type::Text | Type::Time => format!("{text:<width$}"),
        Type::Number | Type::Price | Type::Amount => format!("{text:>width$}"),
    }
}

impl<W: Write> Table for TextTable<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError> {
        let texts = cells.iter().zip(&self.columns).map(|(cell, Column(name, kind))| {
            let text = match cell {
                Cell::Empty => String::new(),
                Cell::Number(number) => number.to_string(),
                Cell::Time(time) => Rfc3339(*time).to_string(),
                Cell::Price(price) => Decimal::from(*price).to_string(),
                Cell::Amount(amount) => Decimal(*amount).to_string(),
                Cell::Text(text) => text.to_string(),
            };
            aligned(&text, *kind, name)
        });
        writeln!(self.out, "{}", texts.collect::<Vec<_>>().join(" ").trim_end())?;
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<u64, TableError> {
        self.out.flush()?;
        Ok(self.rows)
    }
}
