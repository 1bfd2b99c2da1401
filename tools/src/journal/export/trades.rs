//! A row a trade, by match number.

use super::Rows;
use crate::journal::happening::{Happening, What};
use crate::journal::names::Names;
use crate::journal::selection::Selection;
use crate::table::{Cell, Column, Table, TableError, Type};
use engine::past::Step;

const COLUMNS: [Column; 15] = [
    Column("match_number", Type::Number),
    Column("seq", Type::Number),
    Column("time_ns", Type::Time),
    Column("symbol", Type::Text),
    Column("price", Type::Price),
    Column("qty", Type::Number),
    Column("taker_side", Type::Text),
    Column("taker_user", Type::Text),
    Column("taker_user_ref", Type::Number),
    Column("taker_order_ref", Type::Number),
    Column("taker_leaves", Type::Number),
    Column("maker_user", Type::Text),
    Column("maker_user_ref", Type::Number),
    Column("maker_order_ref", Type::Number),
    Column("maker_leaves", Type::Number),
];

pub(super) struct Trades<'a> {
    names: &'a Names,
    selection: &'a Selection,
}

impl<'a> Trades<'a> {
    pub const fn new(names: &'a Names, selection: &'a Selection) -> Self {
        Self { names, selection }
    }
}

impl Rows for Trades<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn needs_all(&self) -> bool {
        false
    }

    fn see(&mut self, step: &Step<'_>, wanted: bool, table: &mut dyn Table) -> Result<(), TableError> {
        self.names.learn(step.exchange.instruments());
        let mut done = Ok(());
        Happening::each(step, |it| {
            let What::Trade(trade) = it.what else { return };
            if !wanted || done.is_err() || !self.selection.concerns(&it) {
                return;
            }
            let user = |key: engine::book::OrderKey| Cell::text(self.names.user(key.session()));
            let symbol = it.instrument.map_or(Cell::Empty, |instrument| Cell::text(self.names.symbol(instrument)));
            let number = Cell::Number;
            done = table.row(&[
                number(trade.match_number.get()),
                number(step.record.seq.get()),
                Cell::Time(step.record.receive_time),
                symbol,
                Cell::price(Some(trade.price)),
                number(trade.qty.get().into()),
                Cell::text(format!("{:?}", trade.taker_side)),
                user(trade.taker),
                number(trade.taker.user_ref().get().into()),
                number(trade.taker_ref.get()),
                number(trade.taker_leaves.get().into()),
                user(trade.maker),
                number(trade.maker.user_ref().get().into()),
                number(trade.maker_ref.get()),
                number(trade.maker_leaves.get().into()),
            ]);
        });
        done
    }

    fn end(&mut self, _table: &mut dyn Table) -> Result<(), TableError> {
        Ok(())
    }
}
