//! What can happen to a live order: it is filled, shrinks, leaves; each keeps totals, lists and state hash in step.

use wire::{OrderRef, Price, Qty};

use super::Book;
use super::command::{OrderKey, ReduceTo};
use super::event::{BookEvent, BookReject, CancelReason, Listener};
use super::index::Position;
use super::ladder::LadderId;
use super::order::Order;
use super::slab::NIL;
use super::state_hash::{OrderState, Words};

impl Book {
    /// Removes a live order for its owner or the venue; see [`BookCommand::Cancel`](super::BookCommand::Cancel).
    #[inline]
    pub fn cancel(&mut self, key: OrderKey, reason: CancelReason, sink: &mut impl Listener) {
        let (slot, position) = self.find(key);
        if slot == NIL {
            return sink.hear(BookEvent::Rejected { key, reason: BookReject::NotLive });
        }
        let order = *self.orders.at(slot);
        if order.traits.is_stop() {
            return self.take_off_stop(slot, order.leaves, reason, sink);
        }
        let level = self.ladders.at(order.level);
        let (place, before) = (level.place(), level.shown);
        self.take_out(slot, position, place);
        sink.hear(canceled(&order, place, order.leaves, 0, 0, reason));
        self.settle(order.level, place, before, sink);
    }

    /// Takes quantity off a live order, which keeps its place; see [`BookCommand::Reduce`](super::BookCommand::Reduce).
    pub fn reduce(&mut self, key: OrderKey, to: ReduceTo, sink: &mut impl Listener) {
        if let Err(reason) = self.try_reduce(key, to, sink) {
            sink.hear(BookEvent::Rejected { key, reason });
        }
    }

    fn try_reduce(&mut self, key: OrderKey, to: ReduceTo, sink: &mut impl Listener) -> Result<(), BookReject> {
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
    pub(super) fn take_off(&mut self, slot: u32, taken: u32, reason: CancelReason, sink: &mut impl Listener) {
        let order = *self.orders.at(slot);
        let leaves = order.leaves - taken;
        if order.traits.is_stop() {
            return self.take_off_stop(slot, taken, reason, sink);
        }
        let place = self.ladders.at(order.level).place();
        let before = self.ladders.at(order.level).shown;
        if leaves == 0 {
            self.remove(slot, place);
        } else {
            self.shrink(slot, leaves, order.liable - taken);
        }
        sink.hear(canceled(&order, place, taken, leaves, order.shown.min(leaves), reason));
        self.settle(order.level, place, before, sink);
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

    /// Removes a resting order everywhere. Its level may be empty then, which [`Self::settle`] puts right.
    #[inline]
    pub(super) fn remove(&mut self, slot: u32, place: (LadderId, Price)) {
        let (_, position) = self.find(self.orders.at(slot).key);
        self.take_out(slot, position, place);
    }

    /// The same, for an order that was found at `position` of the index.
    #[inline(always)]
    pub(super) fn take_out(&mut self, slot: u32, position: Position, place: (LadderId, Price)) {
        let order = self.orders.at(slot);
        self.state_hash = self.state_hash.wrapping_sub(order.mix(place));
        let level = order.level;
        self.ladders.at_mut(level).leave(&mut self.orders, slot);
        self.index.remove_at(position, |slot| self.orders.at(slot).key);
        self.sessions.remove(&mut self.orders, slot);
        self.orders.remove(slot);
    }

    /// Takes an order off the lists of keys and sessions.
    #[inline]
    pub(super) fn unregister(&mut self, slot: u32) {
        let key = self.orders.at(slot).key;
        self.index.remove(key, slot, |slot| self.orders.at(slot).key);
        self.sessions.remove(&mut self.orders, slot);
    }

    /// Takes a fill, no larger than what is tradable, off an order, and returns what is left of it. An iceberg whose slice is
    /// used up shows the next one under the number `next_ref` and goes to the back.
    #[inline]
    pub(super) fn fill(&mut self, slot: u32, place: (LadderId, Price), qty: u32, next_ref: OrderRef) -> u32 {
        let order = *self.orders.at(slot);
        let leaves = order.leaves - qty;
        if leaves == 0 {
            self.remove(slot, place);
            return 0;
        }
        self.state_hash = self.state_hash.wrapping_sub(order.mix(place));
        let hidden = order.traits.hidden();
        let shown = if hidden { 0 } else { order.shown - qty };
        if shown == 0 && !hidden {
            self.refresh(slot, leaves, next_ref);
        } else {
            self.set_quantities(slot, leaves, shown);
        }
        self.state_hash = self.state_hash.wrapping_add(self.orders.at(slot).mix(place));
        leaves
    }

    /// Shows an iceberg's next slice, at the back.
    #[cold]
    fn refresh(&mut self, slot: u32, leaves: u32, next_ref: OrderRef) {
        let Order { level, display, .. } = *self.orders.at(slot);
        self.ladders.at_mut(level).leave(&mut self.orders, slot);
        self.stamp += 1;
        let order = self.orders.at_mut(slot);
        order.leaves = leaves;
        order.order_ref = next_ref;
        order.shown = Order::slice(leaves, display, false);
        order.stamp = self.stamp;
        self.ladders.at_mut(level).join(&mut self.orders, slot);
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
    #[inline(always)]
    pub(super) fn settle(
        &mut self,
        level: u32,
        (ladder, price): (LadderId, Price),
        before: u32,
        sink: &mut impl Listener,
    ) {
        let record = self.ladders.at(level);
        let (shown, empty) = (record.shown, record.is_empty());
        if shown != before {
            sink.hear(BookEvent::Level { instrument: ladder.instrument(), side: ladder.side(), price, qty: shown });
        }
        if empty {
            self.ladders.clear(level);
        }
    }

    /// Adds an order's term to the state hash, after a change of it.
    pub(super) fn count_in(&mut self, slot: u32) {
        self.state_hash = self.state_hash.wrapping_add(self.term(slot));
    }

    /// Takes an order's term out of the state hash, before a change of it.
    pub(super) fn count_out(&mut self, slot: u32) {
        self.state_hash = self.state_hash.wrapping_sub(self.term(slot));
    }

    #[inline]
    fn term(&self, slot: u32) -> u64 {
        let order = self.orders.at(slot);
        if order.traits.is_stop() {
            self.stop_state(order).mix()
        } else {
            order.mix(self.ladders.at(order.level).place())
        }
    }

    /// What the state hash covers of an order.
    pub(super) fn order_state(&self, slot: u32) -> OrderState {
        let order = self.orders.at(slot);
        if order.traits.is_stop() { self.stop_state(order) } else { order.state(self.ladders.at(order.level).place()) }
    }

    /// Lowers an order's quantities in its place, and its level's totals by as much.
    #[inline]
    fn set_quantities(&mut self, slot: u32, leaves: u32, shown: u32) {
        let order = self.orders.at_mut(slot);
        if order.level != super::stops::ELECTED {
            let level = self.ladders.at_mut(order.level);
            level.open -= order.leaves - leaves;
            level.shown -= order.shown - shown;
        }
        order.leaves = leaves;
        order.shown = shown;
    }
}

/// The event for quantity taken off a resting order, of which `order` is the state before, and which displays `on_display` now.
pub(super) const fn canceled(
    order: &Order,
    (ladder, price): (LadderId, Price),
    qty: u32,
    leaves: u32,
    on_display: u32,
    reason: CancelReason,
) -> BookEvent {
    BookEvent::Canceled {
        key: order.key,
        order_ref: order.order_ref,
        instrument: ladder.instrument(),
        side: ladder.side(),
        price,
        qty: Qty(qty),
        leaves: Qty(leaves),
        resting: true,
        off_display: Qty(order.shown - on_display),
        on_display: Qty(on_display),
        reason,
    }
}

impl Order {
    /// What the state hash covers of an order that rests at this price.
    #[inline]
    pub(super) const fn state(&self, (ladder, price): (LadderId, Price)) -> OrderState {
        OrderState {
            instrument: ladder.instrument(),
            side: ladder.side(),
            price,
            key: self.key,
            order_ref: self.order_ref,
            owner: self.owner,
            leaves: self.leaves,
            shown: self.shown,
            display: self.display,
            liable: self.liable,
            stamp: self.stamp,
            place: ladder.place(),
            gtc: self.traits.gtc(),
            mark: self.mark,
            stop: None,
        }
    }

    /// Its term of the state hash, resting at this price: the mix of [`Self::state`] by a shorter way.
    #[inline(always)]
    pub(super) const fn mix(&self, (ladder, price): (LadderId, Price)) -> u64 {
        Words {
            key: self.key,
            order_ref: self.order_ref,
            stamp: self.stamp,
            price,
            ladder: ladder.number(),
            leaves: self.leaves,
            shown: self.shown,
            display: self.display,
            liable: self.liable,
            owner: self.owner,
            gtc: self.traits.gtc(),
            mark: self.mark,
        }
        .mix()
    }
}
