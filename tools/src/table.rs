//! A table: columns of a type each, and rows of cells, in the form that somebody wants.
//!
//! Goal: exact values in every form. Non-goal: what the rows are.

mod csv;
mod file;
mod jsonl;
mod parquet;
mod text;

pub(crate) use csv::CsvTable;
pub(crate) use file::{Format, to_file};
pub(crate) use jsonl::JsonlTable;
pub(crate) use text::TextTable;

use ::parquet::errors::ParquetError;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;
use wire::{Nanos, Price};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// A whole number. Parquet: INT64.
    Number,
    /// Nanoseconds since the Unix epoch, UTC. Parquet: INT64, TIMESTAMP(NANOS, UTC).
    Time,
    /// A decimal number with four places. Parquet: INT64, DECIMAL(18, 4).
    Price,
    /// Sums of prices times quantities, a decimal number with four places. Parquet: 16 bytes, DECIMAL(38, 4).
    Amount,
    /// UTF-8. Parquet: BYTE_ARRAY, STRING.
    Text,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column(pub &'static str, pub Type);

/// A value, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    #[default]
    Empty,
    Number(u64),
    Time(Nanos),
    Price(Price),
    Amount(i128),
    Text(Cow<'a, str>),
}

/// The most that a DECIMAL(18, 4) holds, in its units.
const PRICE_MAX: i64 = 999_999_999_999_999_999;

impl<'a> Cell<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Prices that no instrument can have, which only a refused message names, have no cell.
    pub fn price(price: Option<Price>) -> Self {
        price.filter(|price| price.get().abs() <= PRICE_MAX).map_or(Self::Empty, Self::Price)
    }

    pub fn number(number: Option<impl Into<u64>>) -> Self {
        number.map_or(Self::Empty, |number| Self::Number(number.into()))
    }
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("cannot write the table: {0}")]
    Output(#[from] io::Error),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot write the table: {0}")]
    Parquet(#[from] ParquetError),
}

/// Units of 1/10,000 as a decimal number with four places.
pub(crate) struct Decimal(pub i128);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, raw) = (u128::from(Price::UNITS_PER_ONE.unsigned_abs()), self.0.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:04}", raw / units, raw % units))
    }
}

impl From<Price> for Decimal {
    fn from(price: Price) -> Self {
        Self(price.get().into())
    }
}

/// Takes rows.
pub(crate) trait Table {
    /// As many cells as there are columns, each empty or of its column's type.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), TableError>;

    /// All rows were given. Returns how many.
    fn finish(&mut self) -> Result<u64, TableError>;
}
