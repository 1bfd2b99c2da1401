//! `pinion journal export`: orders, trades or everything that happened, as a table for other programs.
//!
//! Goal: exact values in an order that never changes, whatever the size of the journal. Non-goal: statistics, and any form beside these two.

mod csv_table;
mod events;
mod orders;
mod parquet_table;
mod table;
mod trades;

use super::names::Names;
use super::selection::{Lies, SelectArgs, Selection};
use super::{Trouble, must_be_journal, when};
use clap::{Args, ValueEnum};
use csv_table::CsvTable;
use engine::config::Config;
use engine::past::{Step, Walk};
use parquet_table::ParquetTable;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
pub(super) use table::ExportError;
use table::{Column, Table};

/// Write orders, trades or events as CSV or Parquet
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help())]
pub(super) struct ExportArgs {
    /// The journal's directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    select: SelectArgs,
    /// What makes a row
    #[arg(long, value_enum)]
    what: What,
    /// The form of the file
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// The file; `-` is stdout, for CSV
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// An order, with what became of it
    Orders,
    /// A trade, with both sides
    Trades,
    /// Everything: commands, trades, reports, ticks
    Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

fn after_help() -> String {
    format!(
        "\
{}

The columns are described in docs/operations.md. The file appears when it is complete. --from and --to mean the command that caused a row, \
for orders the one that entered it; --kind is for events.

Examples:
  pinion journal export journal --config pinion.toml --what trades --format parquet --out trades.parquet
  pinion journal export journal --config pinion.toml --what orders --session trader1 --out - | head

Exit status: 0 done, 1 the journal is damaged (no file is made), 2 it cannot be used.",
        when::FORMS
    )
}

/// Makes rows of what happens.
trait Rows {
    /// The columns, in order.
    fn columns(&self) -> &'static [Column];

    /// Whether commands before the wanted ones matter.
    fn needs_all(&self) -> bool;

    /// Looks at a step; `wanted` says whether it lies within what is asked for.
    fn see(&mut self, step: &Step<'_>, wanted: bool, table: &mut dyn Table) -> Result<(), ExportError>;

    /// The journal has ended.
    fn end(&mut self, table: &mut dyn Table) -> Result<(), ExportError>;
}

pub(super) fn export(args: &ExportArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<(), Trouble> {
    must_be_journal(&args.dir)?;
    if args.what != What::Events && !args.select.kind.is_empty() {
        let known = "it is for --what events".to_owned();
        return Err(Trouble::Unknown { what: "use of", found: "--kind".to_owned(), known });
    }
    let config = args.select.config.load()?;
    let names = Names::of(&config);
    let selection = args.select.find(&config, &names, &args.dir)?;
    let mut rows: Box<dyn Rows + '_> = match args.what {
        What::Orders => Box::new(orders::Orders::new(&names, &selection)),
        What::Trades => Box::new(trades::Trades::new(&names, &selection)),
        What::Events => Box::new(events::Events::new(&names, &selection)),
    };
    let columns = rows.columns();
    if args.out.as_os_str() == "-" {
        if args.format == Format::Parquet {
            let known = "Parquet needs a file".to_owned();
            return Err(Trouble::Unknown { what: "file", found: "-".to_owned(), known });
        }
        let mut table = CsvTable::new(out, columns)?;
        return walk(args, &config, &selection, &mut *rows, &mut table).map(|_| ());
    }
    let partial = partial(&args.out);
    let written = write(args, &config, &selection, &mut *rows, columns, &partial);
    let done = written.and_then(|count| {
        fs::rename(&partial, &args.out).map_err(|source| Trouble::Unreadable { path: args.out.clone(), source })?;
        Ok(count)
    });
    match done {
        Ok(count) => {
            writeln!(talk, "{count} rows in {}", args.out.display()).map_err(Trouble::Output)?;
            Ok(())
        }
        Err(trouble) => {
            // Half a table is of no use; that it cannot be removed either is no news.
            let _ = fs::remove_file(&partial);
            Err(trouble)
        }
    }
}

/// The file while it is not complete.
fn partial(out: &Path) -> PathBuf {
    let mut name = OsString::from(out.as_os_str());
    name.push(".partial");
    PathBuf::from(name)
}

fn write(
    args: &ExportArgs,
    config: &Config,
    selection: &Selection,
    rows: &mut dyn Rows,
    columns: &'static [Column],
    path: &Path,
) -> Result<u64, Trouble> {
    let refused = |source: io::Error| Trouble::Unreadable { path: path.to_owned(), source };
    let file = File::create(path).map_err(refused)?;
    match args.format {
        Format::Csv => {
            let mut table = CsvTable::new(io::BufWriter::with_capacity(1 << 16, &file), columns)?;
            let count = walk(args, config, selection, rows, &mut table)?;
            drop(table);
            file.sync_all().map_err(refused)?;
            Ok(count)
        }
        Format::Parquet => {
            let mut table = ParquetTable::new(file, columns)?;
            walk(args, config, selection, rows, &mut table)
        }
    }
}

fn walk(
    args: &ExportArgs,
    config: &Config,
    selection: &Selection,
    rows: &mut dyn Rows,
    table: &mut dyn Table,
) -> Result<u64, Trouble> {
    let mut walk = match selection.from {
        Some(from) if !rows.needs_all() => Walk::before(config, &args.dir, from.moment())?,
        _ => Walk::open(config, &args.dir)?,
    };
    while let Some(step) = walk.next()? {
        let lies = selection.place(step.record.seq, step.record.receive_time);
        if lies == Lies::Behind && !rows.needs_all() {
            break;
        }
        rows.see(&step, lies == Lies::Within, table)?;
    }
    rows.end(table)?;
    Ok(table.finish()?)
}
