//! `pinion view`: what happened in the last hours, from the views that the appliance keeps.
//!
//! Goal: answers beside a running appliance without a question to it; exact numbers in every form. Non-goal: the whole history; that is
//! `pinion journal export`.

mod rows;
mod selection;

use crate::options::ConfigOptions;
use crate::table::{CsvTable, Format, JsonlTable, Table, TableError, TextTable, to_file};
use crate::when::When;
use clap::{Args, Subcommand, ValueEnum};
use engine::views::{BarLength, Reader, ViewsError};
use selection::Selection;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use wire::views::DEPTH_LEVELS;
use wire::{InstrumentIndex, Nanos};

/// Something was damaged or missing, and is not in what was printed.
const INCOMPLETE: u8 = 1;
/// There are no views, or they cannot be read.
const UNUSABLE: u8 = 2;
/// How many trades of an instrument are shown when nobody says.
const TRADES_SHOWN: usize = 1_000;

/// Print trades, bars, average prices or depth of the last hours
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The appliance keeps the views below its journal ([views] in the configuration); they are read beside it or from a copy. What has happened is \
in them some tenths of a second later. Times are UTC: 2026-11-21T14:30:00Z (RFC 3339), or nanoseconds since the Unix epoch; both ends are \
included. Columns are described in docs/operations.md.

Examples:
  pinion view trades --symbol PINION --last 20
  pinion view bars --length 1m --symbol PINION --from 2026-11-21T14:00:00Z
  pinion view bars --length 1s --config pinion.toml --format parquet --out bars.parquet
  pinion view vwap --length 5m --format csv | head
  pinion view depth --symbol PINION --levels 3 --last 10

Exit status: 0 done, 1 something is damaged or missing and was left out, 2 there are no views.")]
pub struct ViewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Trades, in order; the last 1,000 of each instrument unless --last or --from says otherwise
    Trades(SelectArgs),
    /// Bars: first, highest, lowest and last price, volume, notional, trades
    Bars(BarArgs),
    /// Volume-weighted average prices: of each bar, and since midnight UTC
    Vwap(BarArgs),
    /// The best displayed levels, noted at fixed intervals where something changed
    Depth(DepthArgs),
}

#[derive(Args, Clone, Debug)]
struct SelectArgs {
    /// The journal's directory [default: journal.dir of the configuration]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigOptions,
    /// Only this instrument; may be given many times
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<String>,
    /// From this time on
    #[arg(long, value_name = "TIME")]
    from: Option<When>,
    /// Up to this time, which is included
    #[arg(long, value_name = "TIME")]
    to: Option<When>,
    /// Only the last so many rows of each instrument
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// The form
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    /// Write it into a file, which appears when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
struct BarArgs {
    /// How long a bar is
    #[arg(long, value_enum, default_value_t = Length::M1)]
    length: Length,
    #[command(flatten)]
    select: SelectArgs,
}

#[derive(Args, Clone, Debug)]
struct DepthArgs {
    /// How many levels of each side, 1 to 10 [default: 3 in a table, else 10]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=10))]
    levels: Option<u8>,
    #[command(flatten)]
    select: SelectArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Length {
    #[value(name = "1s")]
    S1,
    #[value(name = "1m")]
    M1,
    #[value(name = "5m")]
    M5,
    #[value(name = "1h")]
    H1,
    #[value(name = "1d")]
    D1,
}

impl From<Length> for BarLength {
    fn from(length: Length) -> Self {
        match length {
            Length::S1 => Self::Second,
            Length::M1 => Self::Minute,
            Length::M5 => Self::FiveMinutes,
            Length::H1 => Self::Hour,
            Length::D1 => Self::Day,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Columns for people
    Table,
    /// Comma-separated values (RFC 4180)
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Parquet; needs --out
    Parquet,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum ViewError {
    #[error(transparent)]
    Config(#[from] engine::config::ConfigError),
    #[error(transparent)]
    Views(#[from] ViewsError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("there is no instrument `{found}`: known are {known}")]
    Symbol { found: String, known: String },
    #[error("{option}: expected a time, such as 2026-11-21T14:30:00Z, found a sequence number")]
    NoTime { option: &'static str },
    #[error("--format {format}: expected --out FILE, found none")]
    NoFile { format: &'static str },
}

/// Lets the last rows of each instrument through, or all of them.
struct Last<T> {
    count: Option<usize>,
    kept: BTreeMap<InstrumentIndex, std::collections::VecDeque<T>>,
}

impl<T> Last<T> {
    const fn new(count: Option<usize>) -> Self {
        Self { count, kept: BTreeMap::new() }
    }

    /// A row; it comes back at once when all are wanted.
    fn take(&mut self, instrument: InstrumentIndex, row: T) -> Option<T> {
        let Some(count) = self.count else { return Some(row) };
        let rows = self.kept.entry(instrument).or_default();
        rows.push_back(row);
        if rows.len() > count {
            rows.pop_front();
        }
        None
    }

    /// What was kept, by time.
    fn rest(self, time: impl Fn(&T) -> Nanos) -> Vec<T> {
        let mut rows: Vec<T> = self.kept.into_values().flatten().collect();
        rows.sort_by_key(time);
        rows
    }
}

/// Runs the command on the standard streams.
///
/// # Errors
/// Nothing can be printed.
pub fn execute(args: &ViewArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut talk = io::stderr().lock();
    let code = match view(&args.what, &mut out, &mut talk) {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(ViewError::Table(TableError::Output(error))) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            writeln!(talk, "pinion view: {error}")?;
            UNUSABLE
        }
    };
    match out.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(ExitCode::from(code))
}

fn view(what: &What, out: &mut dyn Write, talk: &mut dyn Write) -> Result<u8, ViewError> {
    let select = match what {
        What::Trades(select) => select,
        What::Bars(args) | What::Vwap(args) => &args.select,
        What::Depth(args) => &args.select,
    };
    let config = select.config.load()?;
    let dir = select.dir.clone().unwrap_or_else(|| config.journal.dir.clone());
    let mut reader = Reader::open(&dir)?;
    let mut selection = Selection::of(select, config, dir)?;
    let columns = match what {
        What::Trades(_) => {
            if selection.last.is_none() && select.from.is_none() {
                selection.last = Some(TRADES_SHOWN);
            }
            rows::TRADES.to_vec()
        }
        What::Bars(_) => rows::BARS.to_vec(),
        What::Vwap(_) => rows::VWAP.to_vec(),
        What::Depth(args) => {
            let shown = if select.format == Form::Table { 3 } else { DEPTH_LEVELS };
            rows::depth_columns(args.levels.map_or(shown, usize::from))
        }
    };
    let fill = |table: &mut dyn Table| match what {
        What::Trades(_) => rows::trades(&mut reader, &selection, table),
        What::Bars(args) => rows::bars(&mut reader, args.length.into(), &selection, table),
        What::Vwap(args) => rows::vwap(&mut reader, args.length.into(), &selection, table),
        What::Depth(_) => rows::depth(&mut reader, &selection, columns.len(), table),
    };
    let format = match select.format {
        Form::Csv => Some(Format::Csv),
        Form::Jsonl => Some(Format::Jsonl),
        Form::Parquet => Some(Format::Parquet),
        Form::Table => None,
    };
    match (&select.out, format) {
        (Some(path), Some(format)) => {
            let count = to_file(path, format, &columns, fill)?;
            say(talk, &format!("{count} rows in {}", path.display()))?;
        }
        (Some(_), None) => return Err(ViewError::NoFile { format: "table: use csv, jsonl or parquet with --out" }),
        (None, Some(Format::Parquet)) => return Err(ViewError::NoFile { format: "parquet" }),
        (None, Some(Format::Csv)) => print(CsvTable::new(out, &columns)?, fill)?,
        (None, Some(Format::Jsonl)) => print(JsonlTable::new(out, &columns), fill)?,
        (None, None) => print(TextTable::new(out, &columns)?, fill)?,
    }
    reader.told.dedup();
    reader.told.extend(selection.told());
    for told in &reader.told {
        say(talk, told)?;
    }
    Ok(if reader.told.is_empty() { 0 } else { INCOMPLETE })
}

fn print(mut table: impl Table, fill: impl FnOnce(&mut dyn Table) -> Result<(), ViewError>) -> Result<(), ViewError> {
    fill(&mut table)?;
    table.finish()?;
    Ok(())
}

fn say(talk: &mut dyn Write, text: &str) -> Result<(), ViewError> {
    writeln!(talk, "{text}").map_err(|error| TableError::Output(error).into())
}
