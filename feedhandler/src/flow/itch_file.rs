//! A NASDAQ ITCH 5.0 file: one day's messages, each behind two bytes.
//!
//! Goal: orders as actions. Non-goal: the framing ([`super::itch_messages`]); auctions, trading states, attribution; such
//! messages are skipped and counted.
//!
//! Messages about orders that the file never added (sampled files have them) are counted and skipped; the rest of the file is
//! read as if they were not there.

use std::collections::HashMap;
use std::io::Read;

use wire::itch::{Message, Price4};
use wire::{OrderRef, Price, Qty, Side, Symbol};

use super::itch_messages::ItchMessages;
use super::{Action, FlowError, FlowItem};

/// What a reader met on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItchCounters {
    /// Messages read.
    pub messages: u64,
    /// Messages that are not about orders in the displayed book.
    pub skipped: u64,
    /// Messages about orders that the file did not add, or that were gone.
    pub unknown: u64,
    /// Messages that take more than their order had left: cut to what was left.
    pub overruns: u64,
    /// Orders added under the number of a live one: skipped.
    pub duplicates: u64,
    by_type: [u64; 256],
}

impl ItchCounters {
    /// Messages read with this type byte.
    #[must_use]
    pub fn of_type(&self, tag: u8) -> u64 {
        self.by_type[usize::from(tag)]
    }
}

/// Reads ITCH messages as actions. The sequence number of an item is the position of its message in the file, from 0.
#[derive(Debug)]
pub struct ItchFileReader<R> {
    messages: ItchMessages<R>,
    orders: HashMap<OrderRef, Order>,
    symbols: Vec<Symbol>,
    counters: ItchCounters,
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    instrument: Symbol,
    side: Side,
    price: Price,
    leaves: u32,
}

impl<R: Read> ItchFileReader<R> {
    /// Reads `source` from its first message on.
    pub fn new(source: R) -> Self {
        let (messages, skipped, unknown, overruns, duplicates) = (0, 0, 0, 0, 0);
        Self {
            messages: ItchMessages::new(source),
            orders: HashMap::new(),
            symbols: Vec::new(),
            counters: ItchCounters { messages, skipped, unknown, overruns, duplicates, by_type: [0; 256] },
            ended: false,
        }
    }

    /// The instruments of the directory messages read so far, in file order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// What the reader met so far.
    pub const fn counters(&self) -> &ItchCounters {
        &self.counters
    }

    /// Orders that the messages read so far left in the book.
    pub fn live_orders(&self) -> usize {
        self.orders.len()
    }

    /// Reads messages until one is an action; `None` at the end of the file.
    fn read_item(&mut self) -> Result<Option<FlowItem>, FlowError> {
        while self.messages.advance()? {
            let seq = self.counters.messages;
            let tag = self.messages.message()[0];
            let Some(message) = self.decode(tag)? else {
                self.count(tag);
                self.counters.skipped += 1;
                continue;
            };
            let action = self.action(&message)?;
            self.count(tag);
            if let Some(action) = action {
                return Ok(Some(FlowItem { seq, time_ns: Some(message.timestamp().0), action }));
            }
        }
        Ok(None)
    }

    fn count(&mut self, tag: u8) {
        self.counters.messages += 1;
        self.counters.by_type[usize::from(tag)] += 1;
    }

    /// Reads the messages that matter here; others are not looked into.
    fn decode(&self, tag: u8) -> Result<Option<Message>, FlowError> {
        if !b"RAFECXDU".contains(&tag) {
            return Ok(None);
        }
        Message::decode(self.messages.message()).map(Some).map_err(|error| self.error("a message of ITCH 5.0", &error))
    }

    fn action(&mut self, message: &Message) -> Result<Option<Action>, FlowError> {
        Ok(match message {
            Message::StockDirectory(message) => {
                self.symbols.push(message.symbol);
                self.counters.skipped += 1;
                None
            }
            Message::AddOrder(m) => self.add(m.order_ref, m.symbol, m.side, m.price, m.qty)?,
            Message::AddOrderAttributed(m) => self.add(m.order_ref, m.symbol, m.side, m.price, m.qty)?,
            Message::OrderExecuted(m) => self.execute(m.order_ref, None, m.qty)?,
            Message::OrderExecutedWithPrice(m) => self.execute(m.order_ref, Some(m.price.into()), m.qty)?,
            Message::OrderCancel(m) => {
                self.check(m.qty)?;
                let taken = self.take(m.order_ref, m.qty.get());
                taken.map(|(order, taken)| match order.leaves - taken {
                    0 => Action::Cancel { id: m.order_ref.get() },
                    _ => Action::Reduce { id: m.order_ref.get(), by: Qty(taken) },
                })
            }
            Message::OrderDelete(m) => {
                let order = self.orders.remove(&m.order_ref);
                self.counters.unknown += u64::from(order.is_none());
                order.map(|_| Action::Cancel { id: m.order_ref.get() })
            }
            Message::OrderReplace(m) => {
                self.check(m.qty)?;
                let Some(order) = self.orders.remove(&m.orig_order_ref) else {
                    self.counters.unknown += 1;
                    return Ok(None);
                };
                let (old_id, new_id) = (m.orig_order_ref.get(), m.order_ref.get());
                if self.orders.contains_key(&m.order_ref) {
                    self.counters.duplicates += 1;
                    return Ok(Some(Action::Cancel { id: old_id }));
                }
                let price = m.price.into();
                self.orders.insert(m.order_ref, Order { price, leaves: m.qty.get(), ..order });
                Some(Action::Replace { old_id, new_id, price, qty: m.qty })
            }
            _ => None,
        })
    }

    fn add(
        &mut self,
        id: OrderRef,
        instrument: Symbol,
        side: Side,
        price: Price4,
        qty: Qty,
    ) -> Result<Option<Action>, FlowError> {
        self.check(qty)?;
        if self.orders.contains_key(&id) {
            self.counters.duplicates += 1;
            return Ok(None);
        }
        let price = price.into();
        self.orders.insert(id, Order { instrument, side, price, leaves: qty.get() });
        Ok(Some(Action::Add { id: id.get(), instrument, side, price, qty, immediate: false }))
    }

    fn execute(&mut self, id: OrderRef, printed: Option<Price>, qty: Qty) -> Result<Option<Action>, FlowError> {
        self.check(qty)?;
        Ok(self.take(id, qty.get()).map(|(order, taken)| Action::Execute {
            id: id.get(),
            instrument: order.instrument,
            side: order.side.opposite(),
            price: order.price,
            printed: printed.unwrap_or(order.price),
            qty: Qty(taken),
        }))
    }

    /// Takes up to `qty` off an order; returns the order as it was, and how much was taken.
    fn take(&mut self, id: OrderRef, qty: u32) -> Option<(Order, u32)> {
        let Some(order) = self.orders.get_mut(&id) else {
            self.counters.unknown += 1;
            return None;
        };
        self.counters.overruns += u64::from(qty > order.leaves);
        let before = *order;
        let taken = qty.min(before.leaves);
        order.leaves -= taken;
        if order.leaves == 0 {
            self.orders.remove(&id);
        }
        Some((before, taken))
    }

    fn check(&self, qty: Qty) -> Result<(), FlowError> {
        if qty.is_zero() { Err(self.error("a quantity above 0", &"0")) } else { Ok(()) }
    }

    fn error(&self, expected: &str, found: &dyn std::fmt::Display) -> FlowError {
        self.messages.error(expected, found)
    }
}

impl<R: Read> Iterator for ItchFileReader<R> {
    type Item = Result<FlowItem, FlowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read_item().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}
