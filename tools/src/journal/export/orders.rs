//! A row an order, with what became of it: when it has ended, so that no more are held than live; those that still live come last.

use super::Rows;
use crate::journal::happening::message_of;
use crate::journal::names::Names;
use crate::journal::selection::Selection;
use crate::table::{Cell, Column, Table, TableError, Type};
use engine::book::{BookEvent, OrderKey};
use engine::past::{Effect, Step};
use std::collections::HashMap;
use wire::ouch::{Accepted, Inbound, MARKET_PRICE, Outbound, Rejected, Replaced};
use wire::{InstrumentIndex, Nanos, OrderRef, Price, Qty, Seq, UserRefNum};

const COLUMNS: [Column; 23] = [
    Column("seq", Type::Number),
    Column("time_ns", Type::Time),
    Column("session", Type::Number),
    Column("user", Type::Text),
    Column("user_ref", Type::Number),
    Column("order_ref", Type::Number),
    Column("orig_user_ref", Type::Number),
    Column("replaced_by", Type::Number),
    Column("symbol", Type::Text),
    Column("side", Type::Text),
    Column("qty", Type::Number),
    Column("price", Type::Price),
    Column("tif", Type::Text),
    Column("display", Type::Text),
    Column("cl_ord_id", Type::Text),
    Column("executed_qty", Type::Number),
    Column("canceled_qty", Type::Number),
    Column("leaves_qty", Type::Number),
    Column("trades", Type::Number),
    Column("state", Type::Text),
    Column("reason", Type::Text),
    Column("end_seq", Type::Number),
    Column("end_time_ns", Type::Time),
];

/// An order that was entered or replaced another one.
struct Order {
    seq: Seq,
    time: Nanos,
    wanted: bool,
    key: OrderKey,
    order_ref: Option<OrderRef>,
    orig: Option<UserRefNum>,
    instrument: Option<InstrumentIndex>,
    symbol: String,
    side: String,
    qty: Qty,
    price: Option<Price>,
    tif: String,
    display: String,
    cl_ord_id: String,
    executed: u64,
    canceled: u64,
    leaves: u64,
    trades: u64,
}

/// How an order ended.
struct Ending {
    state: &'static str,
    reason: Option<String>,
    replaced_by: Option<UserRefNum>,
}

impl Ending {
    const fn plain(state: &'static str) -> Self {
        Self { state, reason: None, replaced_by: None }
    }
}

pub(super) struct Orders<'a> {
    names: &'a Names,
    selection: &'a Selection,
    live: HashMap<u64, Order>,
}

impl<'a> Orders<'a> {
    pub fn new(names: &'a Names, selection: &'a Selection) -> Self {
        Self { names, selection, live: HashMap::new() }
    }

    fn row(
        &self,
        order: &Order,
        ending: &Ending,
        end: Option<(Seq, Nanos)>,
        table: &mut dyn Table,
    ) -> Result<(), TableError> {
        let session = order.key.session();
        let wanted = order.wanted
            && self.selection.wants(
                [Some(session), None],
                [Some(order.key), order.orig.map(|orig| OrderKey::new(session, orig))],
                order.instrument,
            );
        if !wanted {
            return Ok(());
        }
        let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::text(text.to_owned()) };
        table.row(&[
            Cell::Number(order.seq.get()),
            Cell::Time(order.time),
            Cell::Number(session.get().into()),
            Cell::text(self.names.user(session)),
            Cell::Number(order.key.user_ref().get().into()),
            Cell::number(order.order_ref.map(|number| number.get())),
            Cell::number(order.orig.map(|number| number.get())),
            Cell::number(ending.replaced_by.map(|number| number.get())),
            text(&order.symbol),
            text(&order.side),
            Cell::Number(order.qty.get().into()),
            Cell::price(order.price),
            text(&order.tif),
            text(&order.display),
            text(&order.cl_ord_id),
            Cell::Number(order.executed),
            Cell::Number(order.canceled),
            Cell::Number(order.leaves),
            Cell::Number(order.trades),
            Cell::text(ending.state),
            ending.reason.as_deref().map_or(Cell::Empty, |reason| Cell::text(reason.to_owned())),
            Cell::number(end.map(|(seq, _)| seq.get())),
            end.map_or(Cell::Empty, |(_, time)| Cell::Time(time)),
        ])
    }

    /// An order is gone.
    fn ended(
        &mut self,
        key: OrderKey,
        ending: &Ending,
        step: &Step<'_>,
        table: &mut dyn Table,
    ) -> Result<(), TableError> {
        let Some(mut order) = self.live.remove(&key.get()) else { return Ok(()) };
        if ending.state != "replaced" {
            order.leaves = 0;
        }
        self.row(&order, ending, Some((step.record.seq, step.record.receive_time)), table)
    }

    fn on_book(
        &mut self,
        event: &BookEvent,
        reason: Option<String>,
        step: &Step<'_>,
        table: &mut dyn Table,
    ) -> Result<(), TableError> {
        match *event {
            BookEvent::Trade { maker, taker, qty, maker_leaves, taker_leaves, .. } => {
                for (key, leaves) in [(maker, maker_leaves), (taker, taker_leaves)] {
                    if let Some(order) = self.live.get_mut(&key.get()) {
                        order.executed += u64::from(qty.get());
                        order.trades += 1;
                        order.leaves = leaves.get().into();
                    }
                    if leaves.is_zero() {
                        self.ended(key, &Ending::plain("filled"), step, table)?;
                    }
                }
                Ok(())
            }
            BookEvent::Canceled { key, qty, leaves, .. } => {
                if let Some(order) = self.live.get_mut(&key.get()) {
                    order.canceled += u64::from(qty.get());
                    order.leaves = leaves.get().into();
                }
                if leaves.is_zero() {
                    let ending = Ending { state: "canceled", reason, replaced_by: None };
                    self.ended(key, &ending, step, table)?;
                }
                Ok(())
            }
            BookEvent::Replaced { old_key, key, .. } => {
                let replaced_by = Some(key.user_ref());
                let ending = Ending { state: "replaced", reason: None, replaced_by };
                self.ended(old_key, &ending, step, table)
            }
            BookEvent::Accepted { .. }
            | BookEvent::Elected { .. }
            | BookEvent::Rested { .. }
            | BookEvent::Refreshed { .. }
            | BookEvent::Level { .. }
            | BookEvent::Rejected { .. } => Ok(()),
        }
    }
}

impl Rows for Orders<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    /// An order of the wanted time may end later, and what it is must be known then.
    fn needs_all(&self) -> bool {
        true
    }

    fn see(&mut self, step: &Step<'_>, wanted: bool, table: &mut dyn Table) -> Result<(), TableError> {
        let instruments = step.exchange.instruments();
        for effect in step.effects() {
            match effect {
                Effect::Book(event) => {
                    // Each cancellation is told by the one report that follows it.
                    let reason = match event {
                        BookEvent::Canceled { .. } => reason_of(step, &event),
                        _ => None,
                    };
                    self.on_book(&event, reason, step, table)?;
                }
                Effect::Report(session, bytes) => {
                    let Ok(report) = Outbound::decode(bytes) else { continue };
                    let base = Base { step, wanted, session };
                    match report {
                        Outbound::Accepted(report) => {
                            let order = base.accepted(&report, instruments.find(report.symbol));
                            self.live.insert(order.key.get(), order);
                        }
                        Outbound::Replaced(report) => {
                            let order = base.replaced(&report, instruments.find(report.symbol));
                            let key = order.key;
                            self.live.insert(key.get(), order);
                            if report.state == wire::ouch::OrderState::Dead {
                                self.ended(key, &Ending::plain("canceled"), step, table)?;
                            }
                        }
                        Outbound::Rejected(report) => {
                            if let Some(order) = base.rejected(&report, |symbol| instruments.find(symbol)) {
                                let reason = Some(report.reason.to_string());
                                let ending = Ending { state: "rejected", reason, replaced_by: None };
                                self.row(&order, &ending, Some((order.seq, order.time)), table)?;
                            }
                        }
                        _ => {}
                    }
                }
                Effect::Tick(_) | Effect::Depth(_) | Effect::Answer(..) => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, table: &mut dyn Table) -> Result<(), TableError> {
        let mut live: Vec<Order> = std::mem::take(&mut self.live).into_values().collect();
        live.sort_by_key(|order| order.order_ref);
        live.iter().try_for_each(|order| self.row(order, &Ending::plain("live"), None, table))
    }
}

/// What all rows that begin at a step have in common.
struct Base<'a> {
    step: &'a Step<'a>,
    wanted: bool,
    session: wire::SessionIndex,
}

impl Base<'_> {
    fn order(&self, user_ref: UserRefNum, qty: Qty, price: Price) -> Order {
        Order {
            seq: self.step.record.seq,
            time: self.step.record.receive_time,
            wanted: self.wanted,
            key: OrderKey::new(self.session, user_ref),
            order_ref: None,
            orig: None,
            instrument: None,
            symbol: String::new(),
            side: String::new(),
            qty,
            price: (price != MARKET_PRICE).then_some(price),
            tif: String::new(),
            display: String::new(),
            cl_ord_id: String::new(),
            executed: 0,
            canceled: 0,
            leaves: qty.get().into(),
            trades: 0,
        }
    }

    fn accepted(&self, report: &Accepted<'_>, instrument: Option<InstrumentIndex>) -> Order {
        Order {
            order_ref: Some(report.order_ref),
            instrument,
            symbol: report.symbol.name().to_owned(),
            side: format!("{:?}", report.side),
            tif: format!("{:?}", report.time_in_force),
            display: format!("{:?}", report.display),
            cl_ord_id: report.cl_ord_id.as_str().to_owned(),
            ..self.order(report.user_ref, report.qty, report.price)
        }
    }

    fn replaced(&self, report: &Replaced<'_>, instrument: Option<InstrumentIndex>) -> Order {
        Order {
            order_ref: Some(report.order_ref),
            orig: Some(report.orig_user_ref),
            instrument,
            symbol: report.symbol.name().to_owned(),
            side: format!("{:?}", report.side),
            tif: format!("{:?}", report.time_in_force),
            display: format!("{:?}", report.display),
            cl_ord_id: report.cl_ord_id.as_str().to_owned(),
            ..self.order(report.user_ref, report.qty, report.price)
        }
    }

    /// What the client had asked for; nothing where that cannot be read.
    fn rejected(&self, report: &Rejected, find: impl Fn(wire::Symbol) -> Option<InstrumentIndex>) -> Option<Order> {
        let order = match message_of(&self.step.record)? {
            Inbound::EnterOrder(asked) => Order {
                instrument: find(asked.symbol),
                symbol: asked.symbol.name().to_owned(),
                side: format!("{:?}", asked.side),
                tif: format!("{:?}", asked.time_in_force),
                display: format!("{:?}", asked.display),
                ..self.order(report.user_ref, asked.qty, asked.price)
            },
            Inbound::ReplaceOrder(asked) => Order {
                orig: Some(asked.orig_user_ref),
                tif: format!("{:?}", asked.time_in_force),
                display: format!("{:?}", asked.display),
                ..self.order(report.user_ref, asked.qty, asked.price)
            },
            _ => return None,
        };
        Some(Order { cl_ord_id: report.cl_ord_id.as_str().to_owned(), leaves: 0, ..order })
    }
}

/// The reason that was told for a cancellation.
fn reason_of(step: &Step<'_>, canceled: &BookEvent) -> Option<String> {
    let mut effects = step.effects().skip_while(|effect| *effect != Effect::Book(*canceled)).skip(1);
    let Effect::Report(_, bytes) = effects.next()? else { return None };
    match Outbound::decode(bytes).ok()? {
        Outbound::Canceled(report) => Some(report.reason.to_string()),
        Outbound::AiqCanceled(report) => Some(report.reason.to_string()),
        _ => None,
    }
}
