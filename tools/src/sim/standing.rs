//! The orders that stand, as reports tell: what a client believes, and what the venue has said altogether.
//!
//! Goal: a report that cannot follow from those before it is found. Non-goal: prices: the books have those.

use std::collections::{BTreeMap, BTreeSet};

use wire::ouch::{LiquidityFlag, OrderState, Outbound};
use wire::{MatchNumber, OrderRef, Price, Qty, SessionIndex, Side, Symbol, UserRefNum};

/// An order that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its side.
    pub side: Side,
    /// Its instrument.
    pub symbol: Symbol,
    /// What may still trade.
    pub qty: u32,
    /// The venue's number of it, or of the slice that it shows.
    pub order_ref: OrderRef,
}

/// One side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The trade.
    pub number: MatchNumber,
    /// Of which instrument.
    pub symbol: Symbol,
    /// On which side.
    pub side: Side,
    /// How much.
    pub qty: u32,
    /// At which price.
    pub price: Price,
    /// Whether its order was resting.
    pub maker: bool,
}

/// What stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    orders: BTreeMap<(SessionIndex, UserRefNum), Open>,
    used: BTreeSet<(SessionIndex, UserRefNum)>,
    refs: BTreeSet<OrderRef>,
}

impl Standing {
    /// Takes the next report of a session. A trade comes back.
    ///
    /// # Errors
    /// It does not follow from what was told before, which is said in words.
    pub fn apply(&mut self, session: SessionIndex, report: &Outbound<'_>) -> Result<Option<Fill>, String> {
        match *report {
            Outbound::Accepted(accepted) => {
                let order_ref = accepted.order_ref;
                let open = Open { side: accepted.side.side(), symbol: accepted.symbol, qty: accepted.qty.0, order_ref };
                self.number(accepted.user_ref, order_ref)?;
                self.enter(session, accepted.user_ref, (accepted.state == OrderState::Live).then_some(open))?;
            }
            Outbound::Replaced(replaced) => {
                let order_ref = replaced.order_ref;
                let open = Open { side: replaced.side.side(), symbol: replaced.symbol, qty: replaced.qty.0, order_ref };
                let Some(before) = self.orders.remove(&(session, replaced.orig_user_ref)) else {
                    return Err(format!("order {} is replaced, which does not stand", replaced.orig_user_ref.0));
                };
                // A replacement that keeps its place, or is dead as it comes, has the number of the order that it replaces.
                if order_ref != before.order_ref {
                    self.number(replaced.user_ref, order_ref)?;
                }
                let live = replaced.state == OrderState::Live;
                self.enter(session, replaced.user_ref, live.then_some(open))?;
            }
            Outbound::PriorityUpdate(update) => {
                self.number(update.user_ref, update.order_ref)?;
                let Some(open) = self.orders.get_mut(&(session, update.user_ref)) else {
                    return Err(format!("order {} shows another slice, which does not stand", update.user_ref.0));
                };
                open.order_ref = update.order_ref;
            }
            Outbound::Executed(executed) => {
                let open = self.take(session, executed.user_ref, executed.qty, "executed")?;
                let maker = executed.liquidity != LiquidityFlag::REMOVED;
                let Open { side, symbol, .. } = open;
                let (number, qty, price) = (executed.match_number, executed.qty.0, executed.price);
                return Ok(Some(Fill { number, symbol, side, qty, price, maker }));
            }
            Outbound::Canceled(canceled) => {
                self.take(session, canceled.user_ref, canceled.qty, "canceled")?;
            }
            Outbound::AiqCanceled(canceled) => {
                self.take(session, canceled.user_ref, canceled.decremented_qty, "canceled")?;
            }
            Outbound::Modified(modified) => {
                let key = (session, modified.user_ref);
                match self.orders.get_mut(&key) {
                    Some(open) if modified.qty.0 <= open.qty => open.qty = modified.qty.0,
                    other => {
                        return Err(format!(
                            "order {} is modified to {}, which stands as {other:?}",
                            key.1.0, modified.qty.0
                        ));
                    }
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// The orders of a session.
    pub fn of(&self, session: SessionIndex) -> impl Iterator<Item = (UserRefNum, Open)> + '_ {
        let first = (session, UserRefNum(0));
        let last = (session, UserRefNum(u32::MAX));
        self.orders.range(first..=last).map(|((_, user_ref), open)| (*user_ref, *open))
    }

    fn enter(&mut self, session: SessionIndex, user_ref: UserRefNum, open: Option<Open>) -> Result<(), String> {
        if !self.used.insert((session, user_ref)) {
            return Err(format!("order {} is entered a second time", user_ref.0));
        }
        if let Some(open) = open {
            self.orders.insert((session, user_ref), open);
        }
        Ok(())
    }

    /// The venue has given an order a number.
    fn number(&mut self, user_ref: UserRefNum, order_ref: OrderRef) -> Result<(), String> {
        if self.refs.insert(order_ref) {
            return Ok(());
        }
        Err(format!("order {} has the venue's number {}, which another one has", user_ref.0, order_ref.0))
    }

    /// Takes quantity off an order. Gives it as it was.
    fn take(&mut self, session: SessionIndex, user_ref: UserRefNum, qty: Qty, what: &str) -> Result<Open, String> {
        let Some(open) = self.orders.get_mut(&(session, user_ref)) else {
            return Err(format!("{} of order {} are {what}, which does not stand", qty.0, user_ref.0));
        };
        let before = *open;
        let Some(left) = open.qty.checked_sub(qty.0) else {
            return Err(format!("{} of order {} are {what}, of which {} are open", qty.0, user_ref.0, open.qty));
        };
        open.qty = left;
        if left == 0 {
            self.orders.remove(&(session, user_ref));
        }
        Ok(before)
    }
}
