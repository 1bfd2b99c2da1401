//! The orders of one session, as its reports tell them.
//!
//! Goal: what is open, at which price, with how much left, from reports alone. Non-goal: orders whose acceptance the venue no longer
//! holds; they are counted.

use super::instruction::{Replacement, Terms};
use std::collections::BTreeMap;
use std::fmt;
use wire::ouch::{
    Appendage, CancelReason, ClOrdId, OrderSide, OrderState, Outbound, RejectReason, RestateReason, TimeInForce,
};
use wire::{OrderRef, Price, Qty, Side, Symbol, UserRefNum};

/// Finished orders that are kept.
const FINISHED_KEPT: usize = 1_000;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// In the book, or about to trade.
    Live,
    /// Waits for its stop price.
    Waiting,
    /// All of it traded.
    Filled,
    /// What was left was taken away.
    Canceled(CancelReason),
    /// Another order stands in its place.
    Replaced(UserRefNum),
    /// Nothing of it was left by a replace.
    Dead,
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::Waiting => f.write_str("waiting"),
            Self::Filled => f.write_str("filled"),
            Self::Canceled(reason) => write!(f, "canceled {}", reason.0.escape_ascii()),
            Self::Replaced(by) => write!(f, "now {by}"),
            Self::Dead => f.write_str("dead"),
        }
    }
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnOrder {
    /// The client's number.
    pub user_ref: UserRefNum,
    /// The venue's number.
    pub order_ref: OrderRef,
    /// Instrument.
    pub symbol: Symbol,
    /// Side as entered.
    pub side: OrderSide,
    /// Limit, or the market price.
    pub price: Price,
    /// What is open.
    pub leaves_qty: Qty,
    /// What has executed, orders that it replaced included.
    pub cum_qty: Qty,
    /// What self-match prevention took off; it counts as used, too.
    pub prevented_qty: Qty,
    /// What a replace has to say anew for them to stay.
    pub terms: Terms,
    /// Where it stands.
    pub stand: Stand,
}

impl OwnOrder {
    /// Whether something is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.stand, Stand::Live | Stand::Waiting)
    }

    /// What a replace or a reduce names to leave so much open.
    #[must_use]
    pub const fn total(&self) -> Qty {
        Qty(self.leaves_qty.0.saturating_add(self.cum_qty.0).saturating_add(self.prevented_qty.0))
    }

    /// Fills in what a replacement of this order leaves out, so that it stays as it is.
    pub fn fill_in(&self, replacement: &mut Replacement) {
        let (terms, own) = (&mut replacement.terms, &self.terms);
        replacement.price = replacement.price.or(Some(self.price));
        terms.time_in_force = terms.time_in_force.or(own.time_in_force);
        terms.display = terms.display.or(own.display);
        terms.slice = terms.slice.or(own.slice);
        terms.self_match = terms.self_match.or(own.self_match);
        terms.post_only |= own.post_only;
        if terms.tag == ClOrdId::BLANK {
            terms.tag = own.tag;
        }
    }

    fn take_off(&mut self, qty: Qty, end: Stand) {
        self.leaves_qty = Qty(self.leaves_qty.0.saturating_sub(qty.0));
        if self.leaves_qty.is_zero() {
            self.stand = end;
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct OwnOrders {
    orders: BTreeMap<UserRefNum, OwnOrder>,
    /// How many of them are finished.
    finished: usize,
    /// Reports about orders of which nothing else is known.
    strangers: u64,
}

impl OwnOrders {
    /// All that are known, the oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &OwnOrder> {
        self.orders.values()
    }

    /// Those that are open, the oldest first.
    #[must_use]
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &OwnOrder> {
        self.orders.values().filter(|order| order.is_open())
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, user_ref: UserRefNum) -> Option<&OwnOrder> {
        self.orders.get(&user_ref)
    }

    /// What is open at a price, waiting orders left out.
    #[must_use]
    pub fn qty_at(&self, symbol: Symbol, side: Side, price: Price) -> u64 {
        let at = self.orders.values().filter(|order| {
            order.stand == Stand::Live && order.symbol == symbol && order.side.side() == side && order.price == price
        });
        at.map(|order| u64::from(order.leaves_qty.get())).sum()
    }

    /// Reports about orders whose acceptance was not heard.
    #[must_use]
    pub const fn strangers(&self) -> u64 {
        self.strangers
    }

    /// Takes a report.
    pub fn take(&mut self, report: &Outbound<'_>) {
        match report {
            Outbound::Accepted(report) => self.accepted(OwnOrder {
                user_ref: report.user_ref,
                order_ref: report.order_ref,
                symbol: report.symbol,
                side: report.side,
                price: report.price,
                leaves_qty: report.qty,
                cum_qty: Qty::ZERO,
                prevented_qty: Qty::ZERO,
                terms: terms(report.appendage, report.time_in_force, report.cl_ord_id, report.display),
                stand: stand(report.state, report.appendage),
            }),
            Outbound::Replaced(report) => {
                let before = self.orders.get(&report.orig_user_ref);
                // Entered anew, it has a total of its own.
                let chained = before.filter(|_| !report.appendage.options().re_enter);
                let used = chained.map_or((Qty::ZERO, Qty::ZERO), |order| (order.cum_qty, order.prevented_qty));
                // A stop stays one where the replace does not name another stop price.
                let waits = before.is_some_and(|order| order.stand == Stand::Waiting);
                let terms = terms(report.appendage, report.time_in_force, report.cl_ord_id, report.display);
                let stand = match stand(report.state, report.appendage) {
                    Stand::Live if waits => Stand::Waiting,
                    stand => stand,
                };
                self.change(report.orig_user_ref, |order| {
                    (order.stand, order.leaves_qty) = (Stand::Replaced(report.user_ref), Qty::ZERO);
                });
                self.accepted(OwnOrder {
                    user_ref: report.user_ref,
                    order_ref: report.order_ref,
                    symbol: report.symbol,
                    side: report.side,
                    price: report.price,
                    leaves_qty: report.qty,
                    cum_qty: used.0,
                    prevented_qty: used.1,
                    terms,
                    stand,
                });
            }
            Outbound::Executed(report) => self.change(report.user_ref, |order| {
                // Whatever trades has entered.
                order.stand = Stand::Live;
                order.cum_qty = Qty(order.cum_qty.0.saturating_add(report.qty.0));
                order.take_off(report.qty, Stand::Filled);
            }),
            Outbound::Canceled(report) => {
                self.change(report.user_ref, |order| order.take_off(report.qty, Stand::Canceled(report.reason)));
            }
            Outbound::AiqCanceled(report) => self.change(report.user_ref, |order| {
                order.prevented_qty = Qty(order.prevented_qty.0.saturating_add(report.decremented_qty.0));
                order.take_off(report.decremented_qty, Stand::Canceled(report.reason));
            }),
            Outbound::Modified(report) => self.change(report.user_ref, |order| {
                (order.side, order.leaves_qty) = (report.side, report.qty);
            }),
            Outbound::PriorityUpdate(report) => {
                self.change(report.user_ref, |order| order.order_ref = report.order_ref);
            }
            Outbound::Restated(report) if report.reason == RestateReason::StopReached => {
                self.change(report.user_ref, |order| order.stand = Stand::Live);
            }
            Outbound::Restated(_)
            | Outbound::SystemEvent(_)
            | Outbound::BrokenTrade(_)
            | Outbound::Rejected(_)
            | Outbound::CancelPending(_)
            | Outbound::CancelReject(_)
            | Outbound::AccountQueryResponse(_) => {}
        }
    }

    fn accepted(&mut self, order: OwnOrder) {
        if !order.is_open() {
            self.finished += 1;
        }
        self.orders.insert(order.user_ref, order);
        self.forget();
    }

    fn change(&mut self, user_ref: UserRefNum, change: impl FnOnce(&mut OwnOrder)) {
        let Some(order) = self.orders.get_mut(&user_ref) else {
            self.strangers += 1;
            return;
        };
        let was_open = order.is_open();
        change(order);
        if was_open && !order.is_open() {
            self.finished += 1;
            self.forget();
        }
    }

    /// Lets the oldest finished order go when there are too many.
    fn forget(&mut self) {
        if self.finished <= FINISHED_KEPT {
            return;
        }
        let oldest = self.orders.values().find(|order| !order.is_open()).map(|order| order.user_ref);
        if oldest.and_then(|oldest| self.orders.remove(&oldest)).is_some() {
            self.finished -= 1;
        }
    }
}

fn stand(state: OrderState, options: Appendage<'_>) -> Stand {
    match state {
        OrderState::Dead => Stand::Dead,
        OrderState::Live if options.options().stop_price.is_some() => Stand::Waiting,
        OrderState::Live => Stand::Live,
    }
}

fn terms(options: Appendage<'_>, tif: TimeInForce, tag: ClOrdId, display: wire::ouch::Display) -> Terms {
    let options = options.options();
    Terms {
        time_in_force: Some(tif),
        display: Some(display),
        slice: options.max_floor,
        min: options.min_qty,
        post_only: options.post_only,
        stop: options.stop_price,
        self_match: options.self_match,
        firm: options.firm,
        tag,
        ..Terms::PLAIN
    }
}

/// The code of a reject, as the protocol's table has it.
#[must_use]
pub fn reject_code(reason: RejectReason) -> String {
    format!("0x{:04X}", reason.0)
}
