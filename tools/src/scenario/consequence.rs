//! From what the exchange said to what a scenario says.
//!
//! Goal: the one place that knows which event is a `trade`, an `expire`, a `cancelled` or a `reject`. Non-goal: comparing.

use super::reason;
use super::script::{Consequence, LevelText, Look};
use engine::book::{Book, BookEvent, OrderKey};
use wire::ouch::Outbound;
use wire::{InstrumentIndex, SessionIndex, Side};

/// The `->` line of an event, if it has one.
///
/// Acceptance has none, election and entry of a stop order have none, and neither has quantity that leaves an order which lives on: a reduction, or a decrement by self-match
/// prevention.
pub(super) fn of_event(
    event: &BookEvent,
    told: &[(SessionIndex, Outbound<'_>)],
    name: impl Fn(OrderKey) -> String,
) -> Option<Consequence> {
    match *event {
        BookEvent::Trade { maker, taker, price, qty, .. } => Some(Consequence::Trade {
            maker: Some(name(maker)),
            taker: Some(name(taker)),
            price: Some(price),
            qty: Some(u64::from(qty.0)),
        }),
        BookEvent::Canceled { leaves, .. } if !leaves.is_zero() => None,
        BookEvent::Canceled { key, qty, resting, .. } => {
            let (id, qty) = (Some(name(key)), Some(u64::from(qty.0)));
            Some(if resting { Consequence::Cancelled { id, qty } } else { Consequence::Expire { id, qty } })
        }
        BookEvent::Rejected { reason, .. } => {
            let reason = match told {
                [(_, Outbound::Rejected(report))] => reason::of_report(report.reason),
                _ => reason::of_book(reason),
            };
            Some(Consequence::Reject { reason: Some(reason.to_owned()) })
        }
        BookEvent::Accepted { .. }
        | BookEvent::Replaced { .. }
        | BookEvent::Elected { .. }
        | BookEvent::Rested { .. }
        | BookEvent::Refreshed { .. }
        | BookEvent::Level { .. } => None,
    }
}

/// The whole visible book.
pub(super) fn visible_book(book: &Book, instrument: InstrumentIndex) -> Look {
    let levels = |side| {
        let text = |level: engine::book::LevelView| LevelText {
            price: level.price,
            qty: u64::from(level.qty),
            orders: Some(u64::from(level.orders)),
        };
        Some(book.levels(instrument, side).map(text).collect())
    };
    Look::Book { bids: levels(Side::Buy), asks: levels(Side::Sell) }
}

impl Consequence {
    /// Whether it is a refusal.
    #[must_use]
    pub(super) const fn is_reject(&self) -> bool {
        matches!(self, Self::Reject { .. })
    }

    /// Whether `observed`, which has all its fields, is what is asked for here. An absent field is not compared.
    #[must_use]
    pub(super) fn is_met_by(&self, observed: &Self) -> bool {
        fn meets<T: PartialEq>(wanted: &Option<T>, found: &Option<T>) -> bool {
            wanted.is_none() || wanted == found
        }
        match (self, observed) {
            (Self::Trade { maker, taker, price, qty }, Self::Trade { maker: by, taker: with, price: at, qty: of }) => {
                meets(maker, by) && meets(taker, with) && meets(price, at) && meets(qty, of)
            }
            (Self::Expire { id, qty }, Self::Expire { id: found, qty: of })
            | (Self::Cancelled { id, qty }, Self::Cancelled { id: found, qty: of }) => {
                meets(id, found) && meets(qty, of)
            }
            (Self::Reject { reason }, Self::Reject { reason: given }) => meets(reason, given),
            (Self::Quiet, Self::Quiet) => true,
            _ => false,
        }
    }
}

impl Look {
    /// Whether `found`, which has all its fields, is what is asked for here.
    #[must_use]
    pub(super) fn is_met_by(&self, found: &Self) -> bool {
        fn meets(wanted: &Option<Vec<LevelText>>, found: &Option<Vec<LevelText>>) -> bool {
            let (Some(wanted), Some(found)) = (wanted, found) else { return wanted.is_none() };
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| {
                    (wanted.price, wanted.qty) == (found.price, found.qty)
                        && (wanted.orders.is_none() || wanted.orders == found.orders)
                })
        }
        match (self, found) {
            (Self::Book { bids, asks }, Self::Book { bids: standing_bids, asks: standing_asks }) => {
                meets(bids, standing_bids) && meets(asks, standing_asks)
            }
            (Self::Stops { ids }, Self::Stops { ids: waiting }) => {
                let sorted = |ids: &Vec<String>| {
                    let mut ids = ids.clone();
                    ids.sort_unstable();
                    ids
                };
                sorted(ids) == sorted(waiting)
            }
            _ => self == found,
        }
    }
}
