//! The book recomputed from scratch and compared with what it keeps up as it goes.
//!
//! Goal: a test can ask after any command whether everything still fits together. Non-goal: the hot path.

use thiserror::Error;
use wire::{InstrumentIndex, Price, SessionIndex, Side};

use super::Book;
use super::command::OrderKey;
use super::ladder::LadderId;
use super::level::Queue;
use super::slab::NIL;
use super::state_hash::{LastTrade, OrderState, Place};
use super::stops::ELECTED;

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
        expected: u32,
        /// As kept.
        found: u32,
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
    orders: u32,
    levels: u32,
    nodes: u32,
    regions: u32,
    branches: u32,
    stops: u32,
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
            for ladder in LadderId::all_of(instrument) {
                self.audit_ladder(ladder, &mut totals)?;
            }
            self.audit_cross(instrument)?;
            if let Some(price) = self.stops.last_trade(instrument) {
                totals.hash = totals.hash.wrapping_add(LastTrade { instrument, price }.mix());
            }
        }
        self.audit_queue(ELECTED, self.stops.elected, &mut totals)?;
        let mut listed = 0;
        for session in (0..self.limits.sessions).map(SessionIndex) {
            listed += self.audit_session(session)?;
        }
        let [nodes, regions, branches] = self.ladders.counts();
        for (what, expected, found) in [
            ("orders in the slab", totals.orders, self.orders.len()),
            ("orders in the index", totals.orders, self.index.len()),
            ("orders in session lists", totals.orders, listed),
            ("stop orders", totals.stops, self.stops.terms.len()),
            ("levels", totals.levels, self.ladders.len()),
            ("trie nodes", totals.nodes, nodes),
            ("regions", totals.regions, regions),
            ("tree branches", totals.branches, branches),
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

    fn audit_cross(&self, instrument: InstrumentIndex) -> Result<(), AuditError> {
        let best = |side| {
            let ladders = [false, true].map(|hidden| LadderId::resting(instrument, side, hidden));
            ladders.map(|ladder| self.ladders.best(ladder)).into_iter().filter(|&level| level != NIL)
        };
        for bid in best(Side::Buy).map(|level| self.ladders.at(level).price) {
            for ask in best(Side::Sell).map(|level| self.ladders.at(level).price) {
                if bid >= ask {
                    return Err(AuditError::Crossed { instrument, bid, ask });
                }
            }
        }
        Ok(())
    }

    fn audit_ladder(&self, ladder: LadderId, totals: &mut Totals) -> Result<(), AuditError> {
        let best = self.ladders.best(ladder);
        let (mut before, mut level) = (None::<(Price, [i64; 3])>, best);
        let mut regions = 0;
        while level != NIL {
            let price = self.ladders.at(level).price;
            let wrong =
                |what| Err(AuditError::Level { instrument: ladder.instrument(), side: ladder.side(), price, what });
            if self.ladders.at(level).ladder != ladder {
                return wrong("it stands on another ladder");
            }
            if level == best && self.ladders.best_key(ladder) != ladder.turn(price.0) {
                return wrong("the price kept for the best level");
            }
            if self.ladders.find(ladder, price) != Some(level) {
                return wrong("its price does not lead to it");
            }
            let needs = self.ladders.needs(level);
            if before.is_some_and(|(better, _)| ladder.turn(better.0) >= ladder.turn(price.0)) {
                return wrong("its place in the ladder");
            }
            let new = |tier: usize| before.is_none_or(|(_, needs_before)| needs_before[tier] != needs[tier]);
            totals.nodes += [0, 1, 2].into_iter().map(|tier| u32::from(new(tier))).sum::<u32>();
            regions += u32::from(new(0));
            let record = self.ladders.at(level);
            let (shown, open) = self.audit_queue(level, record.queue, totals)?;
            if record.is_empty() {
                return wrong("it is empty");
            }
            if (u64::from(record.shown), u64::from(record.open)) != (shown, open) {
                return wrong("its totals");
            }
            totals.levels += 1;
            before = Some((price, needs));
            level = self.ladders.after(level);
        }
        totals.regions += regions;
        totals.branches += regions.saturating_sub(1);
        Ok(())
    }

    /// Checks the orders of a level, or the elected ones, and adds up what they show and what is open.
    fn audit_queue(&self, level: u32, queue: Queue, totals: &mut Totals) -> Result<(u64, u64), AuditError> {
        let (mut shown, mut open) = (0u64, 0u64);
        let (mut prev, mut stamp) = (NIL, 0);
        for slot in self.queue(queue.head) {
            let order = self.orders.at(slot);
            let wrong = |what| Err(AuditError::Order { key: order.key, what });
            if order.prev != prev || order.level != level {
                return wrong("its links");
            }
            if order.stamp <= stamp || order.stamp > self.stamp {
                return wrong("its place in time");
            }
            let state = self.order_state(slot);
            let place = if level == ELECTED { Place::Elected } else { self.ladders.at(level).ladder.place() };
            if state.place != place || order.traits.is_stop() != state.stop.is_some() {
                return wrong("it stands where others belong");
            }
            if let Some(what) = quantities_wrong(&state) {
                return wrong(what);
            }
            if self.slot_of(order.key) != Some(slot) {
                return wrong("the index does not lead to it");
            }
            totals.orders += 1;
            totals.stops += u32::from(state.stop.is_some());
            totals.hash = totals.hash.wrapping_add(state.mix());
            shown += u64::from(order.shown);
            open += u64::from(order.leaves);
            (prev, stamp) = (slot, order.stamp);
        }
        if queue.tail != prev {
            return Err(AuditError::Count { what: "slot at the end of a queue", expected: prev, found: queue.tail });
        }
        Ok((shown, open))
    }

    fn audit_session(&self, session: SessionIndex) -> Result<u32, AuditError> {
        let (mut slot, mut older, mut count) = (self.sessions.first(session), NIL, 0);
        while slot != NIL {
            let order = self.orders.at(slot);
            let listed = order.key.session() == session && order.older == older;
            if !listed || self.slot_of(order.key) != Some(slot) || count > self.orders.len() {
                return Err(AuditError::Session { session });
            }
            count += 1;
            (older, slot) = (slot, order.newer);
        }
        if count != self.sessions.count(session) {
            return Err(AuditError::Session { session });
        }
        Ok(count)
    }
}

fn quantities_wrong(order: &OrderState) -> Option<&'static str> {
    let displayed = order.place == Place::Displayed;
    if order.leaves == 0 {
        Some("nothing is left of it")
    } else if order.leaves > order.liable {
        Some("more is open than may execute")
    } else if displayed != (order.shown > 0) || order.shown > order.leaves {
        Some("what it shows")
    } else if displayed && order.display == 0 && order.shown != order.leaves {
        Some("it holds back without being an iceberg")
    } else if displayed && order.display != 0 && order.shown > order.display {
        Some("it shows more than its slice")
    } else {
        None
    }
}
