//! Instructions per operation, counted by callgrind: figures that a busy machine does not disturb.
//!
//! Goal: a table that is kept in the tree, and a check that names what grew. Non-goal: time; caches and branch predictors do not count
//! instructions.
//!
//! Counted is what happens within [`RoundSubject::take_batch`] and [`take_flow`]; one run counts all operations.

use std::path::PathBuf;
use std::process::Command;

use crate::callgrind;
use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::published::SEED;
use crate::stream::floor::Shape;
use crate::stream::operations::Operation;
use crate::subject::rounds::RoundSubject;
use crate::subject::{Counter, take_flow};
use crate::suite::core;
use crate::table::Table;
use clap::{Args, ValueEnum};
use feedhandler::flow::workload::Scenario;

const SHAPE: Shape = Shape { orders: 20_000, instruments: 1 };
const SMOKE_SHAPE: Shape = Shape { orders: 400, instruments: 1 };
const WITHOUT: &str = "everything but the book, the making of the command and the counting of its events";

/// Count instructions per operation (needs valgrind).
#[derive(Debug, Default, Args)]
pub struct InstructionsArgs {
    /// The table to compare with
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Fail when something needs over 5% more than the table says
    #[arg(long, requires = "table")]
    check: bool,
    /// Write the table anew
    #[arg(long, requires = "table", conflicts_with = "check")]
    write: bool,
    /// Run what is counted: what this program starts under valgrind
    #[arg(long, hide = true)]
    inside: bool,
}

/// Something that is counted.
#[derive(Clone, Copy, Debug)]
enum Counted {
    Operation(Operation),
    Flow(Scenario),
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
struct Amount {
    shape: Shape,
    operations: usize,
    orders: u32,
}

impl Amount {
    const fn of(smoke: bool) -> Self {
        if smoke {
            Self { shape: SMOKE_SHAPE, operations: 32, orders: 200 }
        } else {
            Self { shape: SHAPE, operations: 4_096, orders: 20_000 }
        }
    }
}

impl Counted {
    fn all() -> impl Iterator<Item = Self> {
        let operations = Operation::ALL.into_iter().map(Self::Operation);
        operations.chain(Scenario::ALL.iter().copied().map(Self::Flow))
    }

    /// Its name in the table.
    fn name(self) -> String {
        match self {
            Self::Operation(operation) => {
                operation.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
            }
            Self::Flow(scenario) => format!("message-of-{scenario}"),
        }
    }
}

/// Measures.
///
/// # Errors
/// There is no valgrind, or something grew.
pub fn run(args: &InstructionsArgs, smoke: bool) -> Result<Section, BenchError> {
    let amount = Amount::of(smoke);
    if args.inside {
        let facts = vec![callgrind::said(&inside(amount)?)];
        return Ok(Section { name: "instructions", facts, rows: vec![], series: vec![] });
    }
    let found = count(smoke)?;
    let mut rows: Vec<Row> = Vec::new();
    let known = match &args.table {
        Some(path) if !args.write => Table::read(path)?,
        _ => Table::default(),
    };
    for (name, tenths) in found.rows() {
        let figure = Figure { name: "instructions", value: tenths, unit: crate::figure::Unit::Tenths };
        let mut figures = vec![figure];
        if let Some(before) = known.get(name) {
            figures.push(Figure::ratio("against_the_table_ratio", tenths, before));
        }
        rows.push(Row { name: name.to_owned().into(), figures, excludes: WITHOUT });
    }
    if args.check {
        let grown = found.grown_from(&known);
        if !grown.is_empty() {
            return Err(BenchError::Grown { grown: grown.join("; ") });
        }
    }
    if let (Some(path), true) = (&args.table, args.write) {
        found.write(path, &said_by("rustc", "--version"), &said_by("valgrind", "--version"))?;
    }
    let Amount { shape, operations, orders } = amount;
    let facts = vec![
        ("operations", format!("{operations} of each, on a book of {} orders, one instrument", shape.orders)),
        ("messages", format!("all of {orders} orders, seed {SEED}")),
    ];
    Ok(Section { name: "instructions", facts, rows, series: vec![] })
}

/// Runs this program under callgrind.
fn count(smoke: bool) -> Result<Table, BenchError> {
    let arguments = ["instructions", "--inside", "--smoke"];
    let arguments = if smoke { &arguments[..] } else { &arguments[..2] };
    let mut table = Table::default();
    let found = callgrind::count(arguments, &["*take_batch*", "*take_flow*"])?;
    for (counted, found) in Counted::all().zip(found) {
        table.put(counted.name(), Figure::share("instructions", found.instructions, found.operations).value);
    }
    Ok(table)
}

/// What is counted, one after the other. Returns how many operations or messages each was.
fn inside(amount: Amount) -> Result<Vec<u64>, BenchError> {
    let mut subject = RoundSubject::open(amount.shape, 1);
    let mut counts = Vec::new();
    for counted in Counted::all() {
        let count = match counted {
            Counted::Operation(operation) => {
                let mut count = 0;
                for round in subject.window(operation, amount.operations) {
                    subject.take_aside(&round.prepare);
                    subject.take_batch(&round.measured);
                    subject.take_aside(&round.restore);
                    count += round.measured.len();
                }
                subject.check(operation, count)?;
                count
            }
            Counted::Flow(scenario) => {
                let numbered = core::numbered(scenario, amount.orders, SEED)?;
                let mut book = core::book_of(&numbered, Counter::default());
                take_flow(&mut book, 0..numbered.steps().len());
                numbered.steps().len()
            }
        };
        callgrind::ended(count as u64);
        counts.push(count as u64);
    }
    Ok(counts)
}

/// The first line that a program says of itself, when it is there.
fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("version unknown").to_owned()
}
