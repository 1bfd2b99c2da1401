//! The book recomputed from scratch and compared with what it keeps up as it goes.
//!
//! Goal: a test can ask after any command whether everything still fits together. Non-goal: the hot path.

use thiserror::Error;
use wire::{InstrumentIndex, Price, SessionIndex, Side};

use super::Book;
use super::command::OrderKey;
use super::ladder::ladder_of;
use super::level::{HIDDEN, Level};
use super::order::Order;
use super::slab::NIL;

/// What does not fit together. Each is a bug of the book, never the fault of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuditError {
    /// A bid stands at or above an ask.
    #[error("instrument {instrument} is crossed: bid {bid}, ask {ask}")]
    Crossed {
        /// Where.
        instrument: InstrumentIndex,
        /// The best bid.
        bid: Price,
        /// The best ask.
        ask: Price,
    },
    /// A level is out of order, is not found by its price, is empty, or its totals are not those of its orders.
    #[error("level {price} {side:?} of instrument {instrument} is inconsistent: {what}")]
    Level {
        /// Where.
        instrument: InstrumentIndex,
        /// Which side.
        side: Side,
        /// Which price.
        price: Price,
        /// What is wrong.
        what: &'static str,
    },
    /// An order's quantities, links or registration are wrong.
    #[error("order {key:?} is inconsistent: {what}")]
    Order {
        /// Which.
        key: OrderKey,
        /// What is wrong.
        what: &'static str,
    },
    /// A session's list does not hold its orders.
    #[error("the order list of session {session} is inconsistent")]
    Session {
        /// Which.
        session: SessionIndex,
    },
    /// A count over the whole book is wrong.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// Of what.
        what: &'static str,
        /// As recomputed.
        expected: usize,
        /// As kept.
        found: usize,
    },
    /// The state hash is not the sum over the orders.
    #[error("expected state hash {expected:016x}, found {found:016x}")]
    Hash {
        /// As recomputed.
        expected: u64,
        /// As kept.
        found: u64,
    },
}

#[derive(Default)]
struct Totals {
    orders: usize,
    levels: usize,
    branches: usize,
    hash: u64,
}

impl Book {
    /// Recomputes everything that the book keeps incrementally and checks its invariants.
    ///
    /// # Errors
    /// The first thing that does not fit; a bug of the book.
    pub fn audit(&self) -> Result<(), AuditError> {
        let mut totals = Totals::default();
        for instrument in (0..self.limits.instruments).map(InstrumentIndex) {
            for side in [Side::Buy, Side::Sell] {
                self.audit_ladder(instrument, side, &mut totals)?;
            }
            let best = |side| {
                let level = self.ladders.best(ladder_of(instrument, side));
                (level != NIL).then(|| self.ladders.levels.at(level).price)
            };
            if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell))
                && bid >= ask
            {
                return Err(AuditError::Crossed { instrument, bid, ask });
            }
        }
        let mut listed = 0;
        for session in (0..self.limits.sessions).map(SessionIndex) {
            listed += self.audit_session(session)?;
        }
        for (what, expected, found) in [
            ("orders in the slab", totals.orders, self.orders.len()),
            ("orders in the index", totals.orders, self.index.len()),
            ("orders in session lists", totals.orders, listed),
            ("levels in the slab", totals.levels, self.ladders.levels.len()),
            ("tree branches", totals.branches, self.ladders.branch_count()),
        ] {
            if expected != found {
                return Err(AuditError::Count { what, expected, found });
            }
        }
        if totals.hash != self.state_hash {
            return Err(AuditError::Hash { expected: totals.hash, found: self.state_hash });
        }
        Ok(())
    }

    fn audit_ladder(&self, instrument: InstrumentIndex, side: Side, totals: &mut Totals) -> Result<(), AuditError> {
        let ladder = ladder_of(instrument, side);
        let (mut better, mut slot, mut levels) = (NIL, self.ladders.best(ladder), 0);
        while slot != NIL {
            let level = self.ladders.levels.at(slot);
            let wrong = |what| Err(AuditError::Level { instrument, side, price: level.price, what });
            if level.ladder != ladder || level.better != better {
                return wrong("its links");
            }
            if better != NIL {
                let price_before = self.ladders.levels.at(better).price;
                let in_order = match side {
                    Side::Buy => price_before > level.price,
                    Side::Sell => price_before < level.price,
                };
                if !in_order {
                    return wrong("its place in the ladder");
                }
            }
            if self.ladders.find(ladder, level.price) != Some(slot) {
                return wrong("the tree does not lead to it");
            }
            if let Some(what) = self.audit_queues(slot, level, totals)? {
                return wrong(what);
            }
            levels += 1;
            (better, slot) = (slot, level.worse);
        }
        totals.levels += levels;
        totals.branches += levels.saturating_sub(1);
        Ok(())
    }

    fn audit_queues(&self, slot: u32, level: &Level, totals: &mut Totals) -> Result<Option<&'static str>, AuditError> {
        let (mut shown, mut open) = (0u64, 0u64);
        for (number, queue) in level.queues.iter().enumerate() {
            let (mut prev, mut order_slot, mut count, mut stamp) = (NIL, queue.head, 0, 0);
            while order_slot != NIL {
                let order = self.orders.at(order_slot);
                let wrong = |what| Err(AuditError::Order { key: order.key, what });
                if order.prev != prev || order.level != slot || order.hidden != (number == HIDDEN) {
                    return wrong("its links");
                }
                if order.stamp <= stamp || order.stamp > self.stamp {
                    return wrong("its place in time");
                }
                if let Some(what) = quantities_wrong(order) {
                    return wrong(what);
                }
                if self.slot_of(order.key) != Some(order_slot) {
                    return wrong("the index does not lead to it");
                }
                totals.orders += 1;
                totals.hash = totals.hash.wrapping_add(self.order_state(order_slot).mix());
                shown += u64::from(order.shown);
                open += u64::from(order.leaves);
                count += 1;
                stamp = order.stamp;
                (prev, order_slot) = (order_slot, order.next);
            }
            if (queue.tail, queue.count) != (prev, count) {
                return Ok(Some("the end or the count of a queue"));
            }
        }
        Ok(if level.is_empty() {
            Some("it is empty")
        } else if (u64::from(level.shown), u64::from(level.open)) != (shown, open) {
            Some("its totals")
        } else {
            None
        })
    }

    fn audit_session(&self, session: SessionIndex) -> Result<usize, AuditError> {
        let (mut slot, mut count) = (self.sessions.first(session), 0);
        while slot != NIL {
            let key = self.orders.at(slot).key;
            if key.session() != session || self.slot_of(key) != Some(slot) || count > self.orders.len() {
                return Err(AuditError::Session { session });
            }
            count += 1;
            slot = self.sessions.after(slot);
        }
        if count != self.sessions.count(session) as usize {
            return Err(AuditError::Session { session });
        }
        Ok(count)
    }
}

fn quantities_wrong(order: &Order) -> Option<&'static str> {
    if order.leaves == 0 {
        Some("nothing is left of it")
    } else if order.leaves > order.liable {
        Some("more is open than may execute")
    } else if order.hidden != (order.shown == 0) || order.shown > order.leaves {
        Some("what it shows")
    } else if !order.hidden && order.display == 0 && order.shown != order.leaves {
        Some("it holds back without being an iceberg")
    } else if order.display != 0 && order.shown > order.display {
        Some("it shows more than its slice")
    } else {
        None
    }
}
