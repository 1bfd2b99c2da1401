//! Orders entering in the place of others.

use wire::{Qty, Side};

use super::Book;
use super::command::{NewOrder, QtyBasis, Replace, ReplaceKind, TimeInForce};
use super::event::{BookEvent, BookReject, CancelReason, Listener};
use super::matching::{Incoming, Vacated};
use super::order::{Order, Traits};
use super::slab::NIL;

/// What a replacement amounts to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub side: Side,
    pub leaves: u32,
    pub liable: u32,
}

impl Book {
    /// Changes a live order; see [`BookCommand::Replace`](super::BookCommand::Replace).
    pub fn replace(&mut self, replace: &Replace, sink: &mut impl Listener) {
        if let Err(reason) = self.try_replace(replace, sink) {
            sink.hear(BookEvent::Rejected { key: replace.new_key, reason });
        }
    }

    fn try_replace(&mut self, replace: &Replace, sink: &mut impl Listener) -> Result<(), BookReject> {
        let (slot, position) = self.find(replace.key);
        if slot == NIL {
            return Err(BookReject::NotLive);
        }
        if !self.sessions.contains(replace.new_key.session()) {
            return Err(BookReject::UnknownSession);
        }
        if replace.new_key != replace.key && self.slot_of(replace.new_key).is_some() {
            return Err(BookReject::DuplicateKey);
        }
        if replace.qty.is_zero() {
            return Err(BookReject::ZeroQty);
        }
        let old = *self.orders.at(slot);
        if old.traits.is_stop() {
            return self.replace_stop(slot, replace, sink);
        }
        if replace.stop.is_some() {
            return Err(BookReject::NotAStop);
        }
        let (ladder, price) = self.ladders.at(old.level).place();
        let Some(Outcome { side, leaves, liable }) = outcome(&old, ladder.side(), replace)? else {
            self.take_off(slot, old.leaves, CancelReason::User, sink);
            return Ok(());
        };
        let instrument = ladder.instrument();
        let keeps_place = matches!(replace.kind, ReplaceKind::Amend { .. })
            && replace.tif.rests()
            && replace.price == price
            && leaves <= old.leaves
            && (replace.display.0, replace.hidden) == (old.display, old.traits.hidden());
        let replaced = |order_ref, off_display| BookEvent::Replaced {
            old_key: old.key,
            old_ref: old.order_ref,
            key: replace.new_key,
            order_ref,
            instrument,
            side,
            price: replace.price,
            qty: Qty(leaves),
            kept_priority: keeps_place,
            off_display: Qty(off_display),
            mark: old.mark,
        };
        if keeps_place {
            sink.hear(replaced(old.order_ref, old.shown - old.shown.min(leaves)));
            let before = self.ladders.at(old.level).shown;
            self.rename(slot, replace);
            self.shrink(slot, leaves, liable);
            self.settle(old.level, (ladder, price), before, sink);
            return Ok(());
        }
        let terms = NewOrder {
            instrument,
            key: replace.new_key,
            order_ref: replace.order_ref,
            owner: old.owner,
            side,
            price: replace.price,
            qty: Qty(leaves),
            tif: replace.tif,
            post_only: replace.post_only,
            min_qty: replace.min_qty,
            self_match: replace.self_match,
            display: replace.display,
            hidden: replace.hidden,
            mark: old.mark,
            stop: None,
        };
        let mut incoming = Incoming { leaves, liable, ..Incoming::new(&terms) };
        let way = self.check(&incoming, slot)?;
        let takes_place = old.shown > 0
            && !terms.hidden
            && (side, terms.tif.rests()) == (ladder.side(), true)
            && !self.meets(&incoming, slot);
        incoming.in_place_of = takes_place.then_some(old.order_ref);
        sink.hear(replaced(replace.order_ref, if takes_place { 0 } else { old.shown }));
        let before = self.ladders.at(old.level).shown;
        self.take_out(slot, position, (ladder, price));
        if self.ladders.at(old.level).is_empty() {
            self.ladders.clear(old.level);
        }
        self.carry_in(incoming, way, Some(Vacated { ladder, price, before }), sink);
        Ok(())
    }

    /// Gives an order, in its place, the name of its replacement. The venue's number of it stays: others know it by that.
    pub(super) fn rename(&mut self, slot: u32, replace: &Replace) {
        self.count_out(slot);
        self.unregister(slot);
        let order = self.orders.at_mut(slot);
        order.key = replace.new_key;
        let gtc = replace.tif == TimeInForce::Gtc;
        order.traits = if order.traits.is_stop() { Traits::stop(gtc) } else { Traits::new(order.traits.hidden(), gtc) };
        self.index.insert(replace.new_key, slot, |slot| self.orders.at(slot).key);
        self.sessions.push(&mut self.orders, slot);
        self.count_in(slot);
    }
}

/// What is open and liable after a replacement of an order on `old_side`; `None` when nothing is.
pub(super) fn outcome(old: &Order, old_side: Side, replace: &Replace) -> Result<Option<Outcome>, BookReject> {
    let gone = old.liable - old.leaves;
    let asked = replace.qty.0;
    let (side, leaves, liable) = match replace.kind {
        ReplaceKind::ReEnter { side } => (side.unwrap_or(old_side), asked, asked),
        ReplaceKind::Amend { basis: QtyBasis::Open } => {
            (old_side, asked, gone.checked_add(asked).ok_or(BookReject::LiableOverflow)?)
        }
        ReplaceKind::Amend { basis: QtyBasis::Intended } => (old_side, asked.saturating_sub(gone), asked),
    };
    Ok((leaves > 0).then_some(Outcome { side, leaves, liable }))
}
