//! A table: columns of a type each, and rows of cells.

use parquet::errors::ParquetError;
use std::borrow::Cow;
use std::io;
use wire::{Nanos, Price};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::journal) enum Type {
    /// A whole number. Parquet: INT64.
    Number,
    /// Nanoseconds since the Unix epoch, UTC. Parquet: INT64, TIMESTAMP(NANOS, UTC).
    Time,
    /// A decimal number with four places. Parquet: INT64, DECIMAL(18, 4).
    Price,
    /// UTF-8. Parquet: BYTE_ARRAY, STRING.
    Text,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(in crate::journal) struct Column(pub &'static str, pub Type);

/// A value, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::journal) enum Cell<'a> {
    #[default]
    Empty,
    Number(u64),
    Time(Nanos),
    Price(Price),
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
pub(in crate::journal) enum ExportError {
    #[error("cannot write the table: {0}")]
    Output(#[from] io::Error),
    #[error("cannot write the table: {0}")]
    Parquet(#[from] ParquetError),
}

/// Takes rows.
pub(in crate::journal) trait Table {
    /// As many cells as there are columns, each empty or of its column's type.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError>;

    /// All rows were given. Returns how many.
    fn finish(&mut self) -> Result<u64, ExportError>;
}
