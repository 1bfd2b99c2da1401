//! What can happen to a resting order: it joins, is filled, shrinks, leaves; each keeps totals, lists and state hash in step.

use wire::{Qty, Side};

use super::Book;
use super::command::{OrderKey, ReduceTo};
use super::event::{BookEvent, BookReject, CancelReason};
use super::ladder::ladder_parts;
use super::order::Order;
use super::state_hash::{OrderState, Place};

impl Book {
    /// Removes a live order for its owner or the venue.
    pub(super) fn cancel(
        &mut self,
        key: OrderKey,
        reason: CancelReason,
        sink: &mut impl FnMut(BookEvent),
    ) -> Result<(), BookReject> {
        let slot = self.slot_of(key).ok_or(BookReject::NotLive)?;
        self.take_off(slot, self.orders.at(slot).leaves, reason, sink);
        Ok(())
    }

    /// Takes quantity off a live order, which keeps its place.
    pub(super) fn reduce(
        &mut self,
        key: OrderKey,
        to: ReduceTo,
        sink: &mut impl FnMut(BookEvent),
    ) -> Result<(), BookReject> {
        let slot = self.slot_of(key).ok_or(BookReject::NotLive)?;
        let Order { leaves, liable, .. } = *self.orders.at(slot);
        let taken = match to {
            ReduceTo::By(qty) => qty.0.min(leaves),
            ReduceTo::Open(qty) => leaves.saturating_sub(qty.0),
            // A total at or below what is gone already leaves nothing open.
            ReduceTo::Intended(qty) => liable.saturating_sub(qty.0).min(leaves),
        };
        if taken == 0 {
            return Err(BookReject::NotReduced);
        }
        self.take_off(slot, taken, CancelReason::Reduced, sink);
        Ok(())
    }

    /// Takes quantity off an order without a trade, removes it at zero, and says so.
    pub(super) fn take_off(&mut self, slot: u32, taken: u32, reason: CancelReason, sink: &mut impl FnMut(BookEvent)) {
        let order = *self.orders.at(slot);
        let before = self.ladders.levels.at(order.level).shown;
        let leaves = order.leaves - taken;
        if leaves == 0 {
            self.remove(slot);
        } else {
            self.shrink(slot, leaves, order.liable - taken);
        }
        sink(self.canceled_resting(&order, taken, leaves, reason));
        self.settle(order.level, before, sink);
    }

    /// Changes the exchange's byte of a live order; `false` when it is not live.
    pub fn set_mark(&mut self, key: OrderKey, change: impl FnOnce(u8) -> u8) -> bool {
        let Some(slot) = self.slot_of(key) else { return false };
        self.count_out(slot);
        let order = self.orders.at_mut(slot);
        order.mark = change(order.mark);
        self.count_in(slot);
        true
    }

    /// Puts an order at the back of its queue at a level, and into the index and its session's list.
    ///
    /// The caller has checked that there is room for it.
    pub(super) fn add(&mut self, order: Order) {
        let Some(slot) = self.orders.insert(order) else { unreachable!("room for the order was checked") };
        self.index.insert(order.key, slot);
        self.sessions.push(order.key.session(), slot);
        self.join(slot);
        self.count_in(slot);
    }

    /// Removes an order everywhere. Its level may be empty then, which [`Self::settle`] puts right.
    pub(super) fn remove(&mut self, slot: u32) {
        self.count_out(slot);
        let Order { key, level, .. } = *self.orders.at(slot);
        self.ladders.levels.at_mut(level).leave(&mut self.orders, slot);
        self.index.remove(key, slot);
        self.sessions.remove(key.session(), slot);
        self.orders.remove(slot);
    }

    /// Takes a fill, no larger than what is tradable, off an order, and returns what is left of it. An iceberg whose slice is
    /// used up shows the next one and goes to the back.
    pub(super) fn fill(&mut self, slot: u32, qty: u32) -> u32 {
        let order = *self.orders.at(slot);
        let leaves = order.leaves - qty;
        if leaves == 0 {
            self.remove(slot);
            return 0;
        }
        self.count_out(slot);
        let shown = if order.hidden { 0 } else { order.shown - qty };
        if shown == 0 && !order.hidden {
            self.ladders.levels.at_mut(order.level).leave(&mut self.orders, slot);
            let order = self.orders.at_mut(slot);
            order.leaves = leaves;
            order.shown = Order::slice(leaves, order.display, false);
            self.join(slot);
        } else {
            self.set_quantities(slot, leaves, shown);
        }
        self.count_in(slot);
        leaves
    }

    /// Lowers the open quantity of an order in its place; the undisplayed part goes first.
    pub(super) fn shrink(&mut self, slot: u32, leaves: u32, liable: u32) {
        self.count_out(slot);
        let shown = self.orders.at(slot).shown.min(leaves);
        self.set_quantities(slot, leaves, shown);
        self.orders.at_mut(slot).liable = liable;
        self.count_in(slot);
    }

    /// Says what a level displays now when that differs from `before`, and removes the level when it is empty.
    pub(super) fn settle(&mut self, level: u32, before: u32, sink: &mut impl FnMut(BookEvent)) {
        let record = self.ladders.levels.at(level);
        if record.shown != before {
            let (instrument, side) = ladder_parts(record.ladder);
            sink(BookEvent::Level { instrument, side, price: record.price, qty: record.shown });
        }
        if record.is_empty() {
            self.ladders.remove(level);
        }
    }

    /// The event for quantity taken off a resting order, of which `order` is the state before. Its level must still stand.
    pub(super) fn canceled_resting(&self, order: &Order, qty: u32, leaves: u32, reason: CancelReason) -> BookEvent {
        let level = self.ladders.levels.at(order.level);
        let (instrument, side) = ladder_parts(level.ladder);
        BookEvent::Canceled {
            key: order.key,
            order_ref: order.order_ref,
            instrument,
            side,
            price: level.price,
            qty: Qty(qty),
            leaves: Qty(leaves),
            resting: true,
            reason,
        }
    }

    /// Adds an order's term to the state hash, after a change of it.
    pub(super) fn count_in(&mut self, slot: u32) {
        self.state_hash = self.state_hash.wrapping_add(self.order_state(slot).mix());
    }

    /// Takes an order's term out of the state hash, before a change of it.
    pub(super) fn count_out(&mut self, slot: u32) {
        self.state_hash = self.state_hash.wrapping_sub(self.order_state(slot).mix());
    }

    /// What the state hash covers of an order.
    pub(super) fn order_state(&self, slot: u32) -> OrderState {
        let order = self.orders.at(slot);
        let level = self.ladders.levels.at(order.level);
        let (instrument, side): (_, Side) = ladder_parts(level.ladder);
        OrderState {
            instrument,
            side,
            price: level.price,
            key: order.key,
            order_ref: order.order_ref,
            owner: order.owner,
            leaves: order.leaves,
            shown: order.shown,
            display: order.display,
            liable: order.liable,
            stamp: order.stamp,
            place: if order.hidden { Place::Hidden } else { Place::Displayed },
            gtc: order.gtc,
            mark: order.mark,
            stop: None,
        }
    }

    /// Stamps an order and appends it to its queue.
    fn join(&mut self, slot: u32) {
        self.stamp += 1;
        let order = self.orders.at_mut(slot);
        order.stamp = self.stamp;
        let level = order.level;
        self.ladders.levels.at_mut(level).join(&mut self.orders, slot);
    }

    /// Lowers an order's quantities in its place, and its level's totals by as much.
    fn set_quantities(&mut self, slot: u32, leaves: u32, shown: u32) {
        let order = self.orders.at_mut(slot);
        let level = self.ladders.levels.at_mut(order.level);
        level.open -= order.leaves - leaves;
        level.shown -= order.shown - shown;
        order.leaves = leaves;
        order.shown = shown;
    }
}
