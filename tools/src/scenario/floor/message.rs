//! What of an entry goes into a client's message, and in which form.

use crate::scenario::reason;
use crate::scenario::script::{Entry, EntryKind};
use wire::ouch::options::PostOnly;
use wire::ouch::{AppendageBuffer, ClOrdId, Display, OptionValue};
use wire::{Price, Qty, Symbol};

const SYMBOL: &str = "SCENARIO";

pub(super) fn symbol() -> Symbol {
    Symbol::new(SYMBOL).expect("eight letters")
}

pub(super) fn cl_ord_id(id: &str) -> ClOrdId {
    ClOrdId::new(id).unwrap_or(ClOrdId::BLANK)
}

pub(super) const fn display(entry: &Entry) -> Display {
    if entry.hidden { Display::Hidden } else { Display::Visible }
}

/// The quantity and the options of an order, or why they fit no message.
pub(super) fn terms(entry: &Entry, qty: u64, stop: Option<Price>) -> Result<(Qty, AppendageBuffer), &'static str> {
    let fitting = |qty: u64, reason| u32::try_from(qty).map(Qty).map_err(|_| reason);
    let qty = fitting(qty, reason::QUANTITY)?;
    let mut options = Vec::new();
    if let Some(slice) = entry.display {
        options.push(OptionValue::MaxFloor(fitting(slice, reason::DISPLAY)?));
    }
    if let Some(least) = entry.min_qty {
        options.push(OptionValue::MinQty(fitting(least, reason::MIN_QUANTITY)?));
    }
    if entry.post_only {
        options.push(OptionValue::PostOnly(PostOnly::Yes));
    }
    if let Some(mode) = entry.self_match {
        options.push(OptionValue::SelfMatch(mode));
    }
    if let Some(stop) = stop {
        options.push(OptionValue::StopPrice(stop));
    }
    let mut appendage = AppendageBuffer::new();
    let all_fit = options.into_iter().all(|option| appendage.push(option));
    debug_assert!(all_fit, "five short options fit every message");
    Ok((qty, appendage))
}

/// What a client would ask for in the name of an order that it never entered.
pub(super) fn nobody(id: &str) -> Entry {
    Entry {
        id: id.to_owned(),
        side: wire::Side::Buy,
        kind: EntryKind::Limit(Price(1)),
        qty: 1,
        time_in_force: wire::ouch::TimeInForce::Day,
        display: None,
        hidden: false,
        min_qty: None,
        post_only: false,
        owner: None,
        self_match: None,
    }
}
