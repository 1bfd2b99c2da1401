//! `pinion journal export`: orders, trades or everything that happened, as a table for other programs.
//!
//! Goal: exact values in an order that never changes, whatever the size of the journal. Non-goal: statistics.

mod events;
mod orders;
mod trades;

use super::names::Names;
use super::selection::{Lies, SelectArgs, Selection};
use super::{Trouble, must_be_journal};
use crate::table::{Column, CsvTable, Format, JsonlTable, Table, TableError, to_file};
use crate::when;
use clap::{Args, ValueEnum};
use engine::config::Config;
use engine::past::{Step, Walk};
use std::io::Write;
use std::path::PathBuf;

/// Write orders, trades or events as CSV, JSON lines or Parquet
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
    /// The file; `-` is stdout, for CSV and JSON lines
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
    fn see(&mut self, step: &Step<'_>, wanted: bool, table: &mut dyn Table) -> Result<(), TableError>;

    /// The journal has ended.
    fn end(&mut self, table: &mut dyn Table) -> Result<(), TableError>;
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
        let mut table: Box<dyn Table + '_> = match args.format {
            Format::Csv => Box::new(CsvTable::new(out, columns)?),
            Format::Jsonl => Box::new(JsonlTable::new(out, columns)),
            Format::Parquet => {
                let known = "Parquet needs a file".to_owned();
                return Err(Trouble::Unknown { what: "file", found: "-".to_owned(), known });
            }
        };
        walk(args, &config, &selection, &mut *rows, &mut *table)?;
        table.finish()?;
        return Ok(());
    }
    let fill = |table: &mut dyn Table| walk(args, &config, &selection, &mut *rows, table);
    let count = to_file(&args.out, args.format, columns, fill)?;
    writeln!(talk, "{count} rows in {}", args.out.display()).map_err(Trouble::Output)
}

fn walk(
    args: &ExportArgs,
    config: &Config,
    selection: &Selection,
    rows: &mut dyn Rows,
    table: &mut dyn Table,
) -> Result<(), Trouble> {
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
    Ok(rows.end(table)?)
}
