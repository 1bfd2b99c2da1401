//! A row for everything that happened, in order: each command, then what it led to.

use super::Rows;
use crate::journal::happening::{Happening, What};
use crate::journal::names::Names;
use crate::journal::selection::Selection;
use crate::table::{Cell, Column, Table, TableError, Type};
use crate::tell::{Fields, Value};
use engine::past::Step;
use std::io;

const COLUMNS: [Column; 26] = [
    Column("seq", Type::Number),
    Column("time_ns", Type::Time),
    Column("n", Type::Number),
    Column("what", Type::Text),
    Column("kind", Type::Text),
    Column("session", Type::Number),
    Column("user", Type::Text),
    // From here on the fields of messages, by their names.
    Column("client_seq", Type::Number),
    Column("user_ref", Type::Number),
    Column("orig_user_ref", Type::Number),
    Column("order_ref", Type::Number),
    Column("symbol", Type::Text),
    Column("side", Type::Text),
    Column("qty", Type::Number),
    Column("price", Type::Price),
    Column("tif", Type::Text),
    Column("display", Type::Text),
    Column("state", Type::Text),
    Column("cl_ord_id", Type::Text),
    Column("options", Type::Text),
    Column("reason", Type::Text),
    Column("match_number", Type::Number),
    Column("taker", Type::Text),
    Column("maker", Type::Text),
    Column("liquidity", Type::Text),
    Column("error", Type::Text),
];

/// The columns before those of the fields.
const OWN: usize = 7;

pub(super) struct Events<'a> {
    names: &'a Names,
    selection: &'a Selection,
}

impl<'a> Events<'a> {
    pub const fn new(names: &'a Names, selection: &'a Selection) -> Self {
        Self { names, selection }
    }

    fn row(&self, it: &Happening<'_>, step: &Step<'_>, n: u64, table: &mut dyn Table) -> Result<(), TableError> {
        self.names.learn(step.exchange.instruments());
        let mut fields = Cells { cells: vec![Cell::Empty; COLUMNS.len()], kind: None };
        it.tell(self.names, &mut fields)?;
        let Cells { mut cells, kind } = fields;
        let (what, own) = match &it.what {
            What::Record(record) => ("command", Some(format!("{:?}", record.kind))),
            What::Report(..) => ("report", None),
            What::Trade(_) => ("trade", None),
            What::Tick(_) => ("tick", None),
            What::Answer(..) => ("answer", None),
        };
        let session = it.session;
        cells[0] = Cell::Number(step.record.seq.get());
        cells[1] = Cell::Time(step.record.receive_time);
        cells[2] = Cell::Number(n);
        cells[3] = Cell::text(what);
        // A client's message is called by its own name.
        cells[4] = kind.or(own).map_or(Cell::Empty, Cell::text);
        cells[5] = Cell::number(session.map(|session| session.get()));
        cells[6] = session.map_or(Cell::Empty, |session| Cell::text(self.names.user(session)));
        if let (Cell::Empty, Some(instrument)) = (&cells[SYMBOL], it.instrument) {
            cells[SYMBOL] = Cell::text(self.names.symbol(instrument));
        }
        table.row(&cells)
    }
}

/// Where the symbol stands.
const SYMBOL: usize = 11;

impl Rows for Events<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn needs_all(&self) -> bool {
        false
    }

    fn see(&mut self, step: &Step<'_>, wanted: bool, table: &mut dyn Table) -> Result<(), TableError> {
        let (mut done, mut n) = (Ok(()), 0);
        if wanted {
            Happening::each(step, |it| {
                if done.is_ok() && self.selection.takes(&it) {
                    done = self.row(&it, step, n, table);
                }
                n += 1;
            });
        }
        done
    }

    fn end(&mut self, _table: &mut dyn Table) -> Result<(), TableError> {
        Ok(())
    }
}

/// Hears of the fields and puts those that have a column into their cells.
struct Cells {
    cells: Vec<Cell<'static>>,
    /// The type of the part.
    kind: Option<String>,
}

impl Fields for Cells {
    fn field(&mut self, name: &str, value: Value<'_>) -> io::Result<()> {
        let Some(at) = COLUMNS[OWN..].iter().position(|Column(column, _)| *column == name) else { return Ok(()) };
        self.cells[OWN + at] = match value {
            Value::Number(number) => Cell::Number(number),
            Value::Price(price) => Cell::price(price),
            Value::Hash(hash) => Cell::text(format!("{hash:016x}")),
            Value::Word(word) => Cell::text(format!("{word:?}")),
            Value::Shown(shown) => Cell::text(shown.to_string()),
            Value::Text("") | Value::Hex([]) => Cell::Empty,
            Value::Text(text) => Cell::text(text.to_owned()),
            Value::Hex(bytes) => Cell::text(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        };
        Ok(())
    }

    fn begin(&mut self, _name: &str, kind: Option<&str>) -> io::Result<()> {
        self.kind = Some(kind.unwrap_or("malformed").to_owned());
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
