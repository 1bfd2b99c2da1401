//! What the rows of each view are.

use super::selection::Selection;
use super::{Last, ViewError};
use crate::table::{Cell, Column, Table, Type};
use engine::views::{Bar, BarLength, Range, Reader};
use std::collections::BTreeMap;
use wire::views::{DEPTH_LEVELS, TradeRow};
use wire::{InstrumentIndex, Nanos};

pub(super) const TRADES: [Column; 7] = [
    Column("time_ns", Type::Time),
    Column("symbol", Type::Text),
    Column("price", Type::Price),
    Column("qty", Type::Number),
    Column("taker_side", Type::Text),
    Column("match_number", Type::Number),
    Column("seq", Type::Number),
];

pub(super) const BARS: [Column; 10] = [
    Column("time_ns", Type::Time),
    Column("symbol", Type::Text),
    Column("open", Type::Price),
    Column("high", Type::Price),
    Column("low", Type::Price),
    Column("close", Type::Price),
    Column("volume", Type::Number),
    Column("notional", Type::Amount),
    Column("vwap", Type::Price),
    Column("trades", Type::Number),
];

pub(super) const VWAP: [Column; 8] = [
    Column("time_ns", Type::Time),
    Column("symbol", Type::Text),
    Column("volume", Type::Number),
    Column("notional", Type::Amount),
    Column("vwap", Type::Price),
    Column("day_volume", Type::Number),
    Column("day_notional", Type::Amount),
    Column("day_vwap", Type::Price),
];

/// Columns before those of levels, and those of one level.
const DEPTH_OWN: usize = 2;
const LEVEL: usize = 4;

/// Names of the columns of levels.
const LEVELS: [[&str; LEVEL]; DEPTH_LEVELS] = [
    ["bid_qty_1", "bid_price_1", "ask_price_1", "ask_qty_1"],
    ["bid_qty_2", "bid_price_2", "ask_price_2", "ask_qty_2"],
    ["bid_qty_3", "bid_price_3", "ask_price_3", "ask_qty_3"],
    ["bid_qty_4", "bid_price_4", "ask_price_4", "ask_qty_4"],
    ["bid_qty_5", "bid_price_5", "ask_price_5", "ask_qty_5"],
    ["bid_qty_6", "bid_price_6", "ask_price_6", "ask_qty_6"],
    ["bid_qty_7", "bid_price_7", "ask_price_7", "ask_qty_7"],
    ["bid_qty_8", "bid_price_8", "ask_price_8", "ask_qty_8"],
    ["bid_qty_9", "bid_price_9", "ask_price_9", "ask_qty_9"],
    ["bid_qty_10", "bid_price_10", "ask_price_10", "ask_qty_10"],
];

/// The columns of depth with so many levels.
pub(super) fn depth_columns(levels: usize) -> Vec<Column> {
    let own = [Column("time_ns", Type::Time), Column("symbol", Type::Text)];
    let level = |[bid_qty, bid_price, ask_price, ask_qty]: [&'static str; LEVEL]| {
        let (number, price) = (Type::Number, Type::Price);
        [Column(bid_qty, number), Column(bid_price, price), Column(ask_price, price), Column(ask_qty, number)]
    };
    own.into_iter().chain(LEVELS.into_iter().take(levels).flat_map(level)).collect()
}

/// Gives what a reader finds to a table, and the first error of the table back.
struct Sink<'a, 'b> {
    selection: &'a Selection,
    table: &'b mut dyn Table,
    done: Result<(), ViewError>,
}

impl<'a, 'b> Sink<'a, 'b> {
    fn new(selection: &'a Selection, table: &'b mut dyn Table) -> Self {
        Self { selection, table, done: Ok(()) }
    }

    fn row(&mut self, cells: &[Cell<'_>]) {
        if self.done.is_ok() {
            self.done = self.table.row(cells).map_err(ViewError::from);
        }
    }

    fn symbol(&self, instrument: InstrumentIndex) -> Cell<'static> {
        Cell::text(self.selection.symbol(instrument))
    }
}

pub(super) fn trades(reader: &mut Reader, selection: &Selection, table: &mut dyn Table) -> Result<(), ViewError> {
    let mut sink = Sink::new(selection, table);
    let wants = |instrument| selection.wants(instrument);
    reader.trades(selection.range, wants, selection.last, |trade: TradeRow| {
        let symbol = sink.symbol(trade.instrument);
        sink.row(&[
            Cell::Time(trade.time),
            symbol,
            Cell::price(Some(trade.price)),
            Cell::Number(trade.qty.into()),
            Cell::text(format!("{:?}", trade.taker_side)),
            Cell::Number(trade.match_number),
            Cell::Number(trade.seq.get()),
        ]);
    })?;
    sink.done
}

pub(super) fn bars(
    reader: &mut Reader,
    length: BarLength,
    selection: &Selection,
    table: &mut dyn Table,
) -> Result<(), ViewError> {
    let mut sink = Sink::new(selection, table);
    let row = |sink: &mut Sink<'_, '_>, bar: &Bar| {
        let symbol = sink.symbol(bar.instrument);
        sink.row(&[
            Cell::Time(bar.begin),
            symbol,
            Cell::price(Some(bar.open)),
            Cell::price(Some(bar.high)),
            Cell::price(Some(bar.low)),
            Cell::price(Some(bar.close)),
            Cell::Number(bar.volume),
            Cell::Amount(bar.notional),
            Cell::price(bar.vwap()),
            Cell::Number(bar.trades),
        ]);
    };
    let mut last = Last::new(selection.last);
    reader.bars(
        length,
        selection.range,
        |instrument| selection.wants(instrument),
        |bar| {
            if let Some(bar) = last.take(bar.instrument, bar) {
                row(&mut sink, &bar);
            }
        },
    )?;
    last.rest(|bar| bar.begin).iter().for_each(|bar| row(&mut sink, bar));
    sink.done
}

/// Of each bar, and of its day up to its end. The day counts from midnight UTC, or from the oldest hour that is kept.
pub(super) fn vwap(
    reader: &mut Reader,
    length: BarLength,
    selection: &Selection,
    table: &mut dyn Table,
) -> Result<(), ViewError> {
    let mut sink = Sink::new(selection, table);
    let row = |sink: &mut Sink<'_, '_>, (bar, day): &(Bar, Bar)| {
        let symbol = sink.symbol(bar.instrument);
        sink.row(&[
            Cell::Time(bar.begin),
            symbol,
            Cell::Number(bar.volume),
            Cell::Amount(bar.notional),
            Cell::price(bar.vwap()),
            Cell::Number(day.volume),
            Cell::Amount(day.notional),
            Cell::price(day.vwap()),
        ]);
    };
    let whole = Range { from: BarLength::Day.begin(selection.range.from), to: selection.range.to };
    let mut days: BTreeMap<InstrumentIndex, Bar> = BTreeMap::new();
    let mut last = Last::new(selection.last);
    reader.bars(
        length,
        whole,
        |instrument| selection.wants(instrument),
        |bar| {
            let begin: Nanos = BarLength::Day.begin(bar.begin);
            let part = bar.within(BarLength::Day);
            let day = days
                .entry(bar.instrument)
                .and_modify(|day| if day.begin == begin { day.add(&part) } else { *day = part });
            let day = *day.or_insert(part);
            if selection.range.has(bar.begin)
                && let Some(both) = last.take(bar.instrument, (bar, day))
            {
                row(&mut sink, &both);
            }
        },
    )?;
    last.rest(|(bar, _)| bar.begin).iter().for_each(|both| row(&mut sink, both));
    sink.done
}

pub(super) fn depth(
    reader: &mut Reader,
    selection: &Selection,
    columns: usize,
    table: &mut dyn Table,
) -> Result<(), ViewError> {
    let levels = (columns - DEPTH_OWN) / LEVEL;
    let mut sink = Sink::new(selection, table);
    let row = |sink: &mut Sink<'_, '_>, depth: &engine::views::Depth| {
        let mut cells = vec![Cell::Time(depth.time), sink.symbol(depth.instrument)];
        for at in 0..levels {
            let (bid, ask) = (depth.bids.get(at), depth.asks.get(at));
            cells.push(Cell::number(bid.map(|level| level.qty)));
            cells.push(Cell::price(bid.map(|level| level.price)));
            cells.push(Cell::price(ask.map(|level| level.price)));
            cells.push(Cell::number(ask.map(|level| level.qty)));
        }
        sink.row(&cells);
    };
    let mut last = Last::new(selection.last);
    reader.depth(
        selection.range,
        |instrument| selection.wants(instrument),
        |depth| {
            if let Some(depth) = last.take(depth.instrument, depth) {
                row(&mut sink, &depth);
            }
        },
    )?;
    last.rest(|depth| depth.time).iter().for_each(|depth| row(&mut sink, depth));
    sink.done
}
