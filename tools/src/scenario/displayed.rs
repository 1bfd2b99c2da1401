//! The displayed book as the depth stream tells it, order by order.
//!
//! Goal: every scenario also shows that the stream makes the book. Non-goal: speed; see the feed handler.

use super::error::Fault;
use engine::book::{Book, Place};
use engine::depth::{Change, DepthEvent};
use std::collections::BTreeMap;
use wire::{InstrumentIndex, OrderRef, Price, Side};

/// Each level's orders in the order in which they came, with what they display.
#[derive(Debug, Default)]
pub(super) struct Displayed {
    levels: BTreeMap<(Side, Price), Vec<(OrderRef, u32)>>,
    places: BTreeMap<u64, (Side, Price)>,
    /// The first message that cannot be.
    wrong: Option<DepthEvent>,
}

impl Displayed {
    /// Takes the next message.
    pub fn hear(&mut self, event: &DepthEvent) {
        let fits = match event.change {
            Change::Add { side, order_ref, qty, price, .. } => self.add((side, price), order_ref, qty.0),
            Change::Executed { order_ref, qty, .. } => self.lower(order_ref, qty.0, true),
            Change::Reduced { order_ref, qty, .. } => self.lower(order_ref, qty.0, false),
            Change::Deleted { order_ref, .. } => self.remove(order_ref).is_some(),
            Change::Replaced { old_ref, order_ref, qty, price, .. } => {
                self.remove(old_ref).is_some_and(|(side, _)| self.add((side, price), order_ref, qty.0))
            }
            Change::System { .. }
            | Change::Directory { .. }
            | Change::TradingAction { .. }
            | Change::HiddenTrade { .. } => true,
        };
        if !fits {
            self.wrong.get_or_insert(*event);
        }
    }

    /// Holds it against the book, queue by queue.
    ///
    /// # Errors
    /// They differ, or a message spoke of an order that was not displayed.
    pub fn check(&self, book: &Book, instrument: InstrumentIndex) -> Result<(), Fault> {
        if let Some(event) = self.wrong {
            return Err(Fault::Contradiction(format!("the depth stream says {event:?}, which cannot be")));
        }
        let mut levels = 0;
        for side in [Side::Buy, Side::Sell] {
            for price in book.levels(instrument, side).map(|level| level.price) {
                levels += 1;
                let orders = book.orders(instrument, side, price).filter(|order| order.place == Place::Displayed);
                let standing: Vec<_> = orders.map(|order| (order.order_ref, order.shown.0)).collect();
                let told = self.levels.get(&(side, price));
                if told != Some(&standing) {
                    return Err(Fault::Contradiction(format!(
                        "the depth stream makes {told:?} of {side:?} {price}, the book shows {standing:?}"
                    )));
                }
            }
        }
        if levels != self.levels.len() {
            let found = self.levels.len();
            return Err(Fault::Contradiction(format!(
                "the depth stream makes {found} levels, the book shows {levels}"
            )));
        }
        Ok(())
    }

    fn add(&mut self, place: (Side, Price), order_ref: OrderRef, qty: u32) -> bool {
        self.levels.entry(place).or_default().push((order_ref, qty));
        self.places.insert(order_ref.0, place).is_none() && qty > 0
    }

    fn lower(&mut self, order_ref: OrderRef, qty: u32, may_end: bool) -> bool {
        let queue = self.places.get(&order_ref.0).and_then(|place| self.levels.get_mut(place));
        let Some(order) = queue.and_then(|queue| queue.iter_mut().find(|order| order.0 == order_ref)) else {
            return false;
        };
        let Some(left) = order.1.checked_sub(qty) else { return false };
        order.1 = left;
        left > 0 || (may_end && self.remove(order_ref).is_some())
    }

    fn remove(&mut self, order_ref: OrderRef) -> Option<(Side, Price)> {
        let place = self.places.remove(&order_ref.0)?;
        let queue = self.levels.get_mut(&place)?;
        queue.retain(|order| order.0 != order_ref);
        if queue.is_empty() {
            self.levels.remove(&place);
        }
        Some(place)
    }
}
