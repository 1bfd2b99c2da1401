//! A table as a file that appears when it is complete.

use super::parquet::ParquetTable;
use super::{Column, CsvTable, JsonlTable, Table, TableError};
use clap::ValueEnum;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values (RFC 4180), a line of names first
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Parquet, packed with Snappy
    Parquet,
}

/// Makes a file of what `fill` gives. Returns how many rows there are; when something fails, nothing is left.
pub(crate) fn to_file<E: From<TableError>>(
    path: &Path,
    format: Format,
    columns: &[Column],
    fill: impl FnOnce(&mut dyn Table) -> Result<(), E>,
) -> Result<u64, E> {
    let aside = partial(path);
    let refused = |source: io::Error| TableError::File { path: path.to_owned(), source };
    let done = write(&aside, path, format, columns, fill)
        .and_then(|count| fs::rename(&aside, path).map(|()| count).map_err(refused).map_err(E::from));
    if done.is_err() {
        // Half a table is of no use; that it cannot be removed either is no news.
        let _ = fs::remove_file(&aside);
    }
    done
}

fn write<E: From<TableError>>(
    aside: &Path,
    path: &Path,
    format: Format,
    columns: &[Column],
    fill: impl FnOnce(&mut dyn Table) -> Result<(), E>,
) -> Result<u64, E> {
    let refused = |source: io::Error| TableError::File { path: path.to_owned(), source };
    let file = File::create(aside).map_err(refused)?;
    let out = |file| BufWriter::with_capacity(1 << 16, file);
    let mut table: Box<dyn Table + '_> = match format {
        Format::Csv => Box::new(CsvTable::new(out(&file), columns)?),
        Format::Jsonl => Box::new(JsonlTable::new(out(&file), columns)),
        Format::Parquet => Box::new(ParquetTable::new(file.try_clone().map_err(refused)?, columns)?),
    };
    fill(&mut *table)?;
    let count = table.finish()?;
    drop(table);
    file.sync_all().map_err(refused)?;
    Ok(count)
}

/// The file while it is not complete.
fn partial(out: &Path) -> PathBuf {
    let mut name = OsString::from(out.as_os_str());
    name.push(".partial");
    PathBuf::from(name)
}
