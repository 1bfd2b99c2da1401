//! Orders that wait for their stop price.
//!
//! They wait in ladders of their own, by stop price, then time. A trade at or beyond its stop price elects an order: it leaves its
//! level for the one queue of elected orders, from which [`Book::elect`] takes them in one by one. Their trades elect further ones.
//!
//! ```text
//!   waiting buys    lowest stop first   ─┐  a trade
//!                                        ├──────────► elected: buys by stop and time, then sells ──► elect() ──► enters as any order
//!   waiting sells   highest stop first  ─┘            (later trades append)
//! ```
//!
//! An order that waits is an ordinary [`Order`] that shows nothing; what it will do later is kept beside it.

mod stop;

pub(super) use stop::Stop;

use wire::{InstrumentIndex, OrderRef, Price, Qty, Side};

use super::Book;
use super::command::{NewOrder, Replace, ReplaceKind, TimeInForce};
use super::event::{BookEvent, BookReject, CancelReason, Listener};
use super::ladder::LadderId;
use super::level::Queue;
use super::matching::Incoming;
use super::order::{Order, Traits};
use super::replace::{Outcome, outcome};
use super::slab::{NIL, Slab};
use super::state_hash::{LastTrade, OrderState, Place};

/// Instead of a level: the queue of elected orders.
pub(super) const ELECTED: u32 = NIL - 1;

/// What the book keeps for stop orders.
#[derive(Debug)]
pub(super) struct Stops {
    pub terms: Slab<Stop>,
    pub elected: Queue,
    /// The last trade of each instrument.
    last_trades: Vec<Option<Price>>,
}

impl Stops {
    /// Takes the memory for so many orders that wait.
    pub fn new(instruments: u32, stops: u32) -> Self {
        Self {
            terms: Slab::new(stops, Stop::EMPTY),
            elected: Queue::EMPTY,
            last_trades: vec![None; instruments as usize],
        }
    }

    /// The last trade of an instrument.
    pub fn last_trade(&self, instrument: InstrumentIndex) -> Option<Price> {
        self.last_trades[instrument.0 as usize]
    }

    /// Takes over the last trade of an instrument; `false` when there is one already.
    pub fn restore_last_trade(&mut self, last: LastTrade) -> bool {
        self.last_trades[last.instrument.0 as usize].replace(last.price).is_none()
    }
}

impl Book {
    /// Takes the first elected order in, as one command of its own; `false` when none is elected. Its trades may elect more. Icebergs whose
    /// slices it uses up show the next ones under numbers from `next_ref` on.
    pub fn elect(&mut self, next_ref: OrderRef, sink: &mut impl Listener) -> bool {
        let slot = self.stops.elected.head;
        if slot == NIL {
            return false;
        }
        let order = *self.orders.at(slot);
        let stop = *self.stops.terms.at(order.display);
        let terms = NewOrder {
            instrument: stop.instrument,
            key: order.key,
            order_ref: order.order_ref,
            owner: order.owner,
            side: stop.side,
            price: stop.limit,
            qty: Qty(order.leaves),
            tif: stop.tif,
            post_only: stop.post_only,
            min_qty: Qty(stop.min_qty),
            self_match: stop.self_match,
            display: Qty(stop.display),
            hidden: stop.hidden,
            stop: None,
            mark: order.mark,
        };
        sink.hear(BookEvent::Elected {
            key: order.key,
            order_ref: order.order_ref,
            instrument: stop.instrument,
            side: stop.side,
            price: stop.limit,
            qty: Qty(order.leaves),
            mark: order.mark,
        });
        let (leaves, liable) = (order.leaves, order.liable);
        let incoming = Incoming { leaves, liable, next_ref, ..Incoming::new(&terms) };
        match self.check(&incoming, slot) {
            Ok(way) => {
                self.remove_stop(slot);
                self.carry_in(incoming, way, None, sink);
            }
            Err(reject) => self.take_off_stop(slot, order.leaves, CancelReason::Refused(reject), sink),
        }
        true
    }

    /// Whether an order has reached its stop price and has not entered yet. Until none has, no other command belongs in between.
    #[must_use]
    pub const fn has_elected(&self) -> bool {
        self.stops.elected.head != NIL
    }

    /// Lets a new order wait for its stop price, or queues it when that is reached already.
    #[cold]
    pub(super) fn enter_stop(
        &mut self,
        order: &NewOrder,
        stop: Price,
        sink: &mut impl Listener,
    ) -> Result<(), BookReject> {
        if self.stops.terms.is_full() {
            return Err(BookReject::StopsFull);
        }
        if self.orders.is_full() {
            return Err(BookReject::OrdersFull);
        }
        let stop = Stop {
            instrument: order.instrument,
            side: order.side,
            stop,
            limit: order.price,
            tif: order.tif,
            post_only: order.post_only,
            min_qty: order.min_qty.0,
            self_match: order.self_match,
            display: order.display.0,
            hidden: order.hidden,
        };
        self.check_wait(&stop, order.qty.0, NIL)?;
        sink.hear(BookEvent::Accepted {
            key: order.key,
            order_ref: order.order_ref,
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            qty: order.qty,
        });
        let waiting = Order {
            key: order.key,
            order_ref: order.order_ref,
            liable: order.qty.0,
            leaves: order.qty.0,
            owner: order.owner,
            traits: Traits::stop(order.tif == TimeInForce::Gtc),
            mark: order.mark,
            ..Order::EMPTY
        };
        self.wait(waiting, stop);
        Ok(())
    }

    /// Replaces an order that waits or is elected.
    #[cold]
    pub(super) fn replace_stop(
        &mut self,
        slot: u32,
        replace: &Replace,
        sink: &mut impl Listener,
    ) -> Result<(), BookReject> {
        let old = *self.orders.at(slot);
        let before = *self.stops.terms.at(old.display);
        let Some(Outcome { side, leaves, liable }) = outcome(&old, before.side, replace)? else {
            self.take_off_stop(slot, old.leaves, CancelReason::User, sink);
            return Ok(());
        };
        let stop = Stop {
            instrument: before.instrument,
            side,
            stop: replace.stop.unwrap_or(before.stop),
            limit: replace.price,
            tif: replace.tif,
            post_only: replace.post_only,
            min_qty: replace.min_qty.0,
            self_match: replace.self_match,
            display: replace.display.0,
            hidden: replace.hidden,
        };
        let keeps_place = matches!(replace.kind, ReplaceKind::Amend { .. })
            && leaves <= old.leaves
            && (stop.stop, stop.limit) == (before.stop, before.limit)
            && (stop.display, stop.hidden) == (before.display, before.hidden);
        if !keeps_place {
            self.check_wait(&stop, leaves, slot)?;
        }
        sink.hear(BookEvent::Replaced {
            old_key: old.key,
            old_ref: old.order_ref,
            key: replace.new_key,
            order_ref: if keeps_place { old.order_ref } else { replace.order_ref },
            instrument: stop.instrument,
            side,
            price: replace.price,
            qty: Qty(leaves),
            kept_priority: keeps_place,
            off_display: Qty::ZERO,
            mark: old.mark,
        });
        if keeps_place {
            self.rename(slot, replace);
            self.count_out(slot);
            *self.stops.terms.at_mut(old.display) = stop;
            self.count_in(slot);
            self.shrink(slot, leaves, liable);
        } else {
            self.remove_stop(slot);
            let waiting = Order {
                key: replace.new_key,
                order_ref: replace.order_ref,
                liable,
                leaves,
                traits: Traits::stop(replace.tif == TimeInForce::Gtc),
                ..old
            };
            self.wait(waiting, stop);
        }
        Ok(())
    }

    /// Takes quantity off an order that waits or is elected, removes it at zero, and says so.
    #[cold]
    pub(super) fn take_off_stop(&mut self, slot: u32, taken: u32, reason: CancelReason, sink: &mut impl Listener) {
        let order = *self.orders.at(slot);
        let stop = *self.stops.terms.at(order.display);
        let leaves = order.leaves - taken;
        if leaves == 0 {
            self.remove_stop(slot);
        } else {
            self.shrink(slot, leaves, order.liable - taken);
        }
        // It displays nothing.
        sink.hear(super::resting::canceled(&order, (stop.ladder(), stop.limit), taken, leaves, 0, reason));
    }

    /// Keeps the last trade of an instrument, and elects what its trades have reached.
    pub(super) fn note_trades(&mut self, instrument: InstrumentIndex, (first, last): (Price, Price)) {
        let before = self.stops.last_trades[instrument.0 as usize].replace(last);
        if before != Some(last) {
            let term = |price| LastTrade { instrument, price }.mix();
            self.state_hash = self.state_hash.wrapping_sub(before.map_or(0, term)).wrapping_add(term(last));
        }
        if self.stops.terms.len() > 0 {
            // A sweep goes one way, so its ends are the highest and the lowest price.
            self.elect_reached(LadderId::waiting(instrument, Side::Buy), first.max(last));
            self.elect_reached(LadderId::waiting(instrument, Side::Sell), first.min(last));
        }
    }

    /// What the state hash covers of an order that waits or is elected.
    pub(super) fn stop_state(&self, order: &Order) -> OrderState {
        let stop = self.stops.terms.at(order.display);
        OrderState {
            display: stop.display,
            place: if order.level == ELECTED { Place::Elected } else { Place::Waiting },
            stop: Some(stop.terms()),
            ..order.state((stop.ladder(), stop.stop))
        }
    }

    #[cold]
    fn elect_reached(&mut self, ladder: LadderId, trade: Price) {
        loop {
            let level = self.ladders.best(ladder);
            if level == NIL || ladder.turn(self.ladders.at(level).price.0) > ladder.turn(trade.0) {
                break;
            }
            let slot = self.ladders.at(level).queue.head;
            self.count_out(slot);
            self.ladders.at_mut(level).leave(&mut self.orders, slot);
            if self.ladders.at(level).is_empty() {
                self.ladders.clear(level);
            }
            self.queue_up(slot);
            self.count_in(slot);
        }
    }

    /// Whether the last trade has reached a stop price.
    fn has_been_reached(&self, stop: &Stop) -> bool {
        self.stops.last_trade(stop.instrument).is_some_and(|trade| stop.is_reached(trade))
    }

    /// Checks that an order can wait, or be queued, as if the one at `leaving` were gone.
    fn check_wait(&self, stop: &Stop, qty: u32, leaving: u32) -> Result<(), BookReject> {
        if self.has_been_reached(stop) {
            return Ok(());
        }
        let spot = self.ladders.spot(stop.ladder(), stop.stop).ok_or(BookReject::OffTick)?;
        self.check_room(spot, qty, leaving)?;
        Ok(())
    }

    /// Puts a checked order where it waits, or into the queue.
    fn wait(&mut self, order: Order, stop: Stop) {
        let Some(terms) = self.stops.terms.insert(stop) else { unreachable!("room for the stop order was checked") };
        let slot = self.register(Order { display: terms, ..order });
        if self.has_been_reached(&stop) {
            self.queue_up(slot);
        } else {
            let Some(spot) = self.ladders.spot(stop.ladder(), stop.stop) else { unreachable!("the price was checked") };
            let standing = self.ladders.standing(spot);
            let level = standing.unwrap_or_else(|| self.ladders.raise(stop.ladder(), stop.stop, spot));
            self.stamp += 1;
            let order = self.orders.at_mut(slot);
            (order.level, order.stamp) = (level, self.stamp);
            self.ladders.at_mut(level).join(&mut self.orders, slot);
        }
        self.count_in(slot);
    }

    /// Appends an order to the elected ones.
    fn queue_up(&mut self, slot: u32) {
        self.stamp += 1;
        let order = self.orders.at_mut(slot);
        (order.level, order.stamp) = (ELECTED, self.stamp);
        self.stops.elected.push(&mut self.orders, slot);
    }

    /// Removes an order that waits or is elected everywhere.
    fn remove_stop(&mut self, slot: u32) {
        self.count_out(slot);
        let Order { level, display, .. } = *self.orders.at(slot);
        if level == ELECTED {
            self.stops.elected.remove(&mut self.orders, slot);
        } else {
            self.ladders.at_mut(level).leave(&mut self.orders, slot);
            if self.ladders.at(level).is_empty() {
                self.ladders.clear(level);
            }
        }
        self.unregister(slot);
        self.orders.remove(slot);
        self.stops.terms.remove(display);
    }
}
