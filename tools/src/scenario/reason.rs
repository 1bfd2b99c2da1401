//! Short, stable names of reject reasons, for `-> reject reason=NAME`.
//!
//! Goal: a scenario names a reason without knowing its code. Non-goal: telling more than the venue tells its clients, with one
//! exception: OUCH's Cancel Reject carries no reason, so for a refused cancel or reduction the name says what the book said.

use engine::book::BookReject;
use wire::ouch::RejectReason;

/// The id names an order that is live.
pub(super) const DUPLICATE_ID: &str = "duplicate-id";
/// There is no such order.
pub(super) const NOT_LIVE: &str = "not-live";
/// The reduction would not leave less than there is, or take more than there is.
pub(super) const NOT_REDUCED: &str = "not-reduced";
/// The quantity is zero, or does not fit.
pub(super) const QUANTITY: &str = "quantity";
/// The displayed slice is zero, larger than the order, or does not fit.
pub(super) const DISPLAY: &str = "display";
/// The minimum quantity is larger than the order, or does not fit.
pub(super) const MIN_QUANTITY: &str = "min-qty-terms";
/// A reason that this list has no name for.
const OTHER: &str = "other";

const NAMES: [(RejectReason, &str); 24] = [
    (RejectReason::POST_ONLY_WOULD_TRADE, "post-only"),
    (RejectReason::MIN_QUANTITY_NOT_MET, "min-qty"),
    (RejectReason::NOT_LIVE, NOT_LIVE),
    (RejectReason::INVALID_QUANTITY, QUANTITY),
    (RejectReason::QUANTITY_NOT_LOT, "lot"),
    (RejectReason::INVALID_PRICE, "price"),
    (RejectReason::PRICE_NOT_TICK, "tick"),
    (RejectReason::INVALID_MAX_FLOOR, DISPLAY),
    (RejectReason::INVALID_MIN_QUANTITY, MIN_QUANTITY),
    (RejectReason::INVALID_DISPLAY, "display-code"),
    (RejectReason::INVALID_CROSS_ORDER, "cross-type"),
    (RejectReason::INVALID_SIDE, "side"),
    (RejectReason::INVALID_SYMBOL, "symbol"),
    (RejectReason::TIME_IN_FORCE_UNSUPPORTED, "tif"),
    (RejectReason::OPTION_UNSUPPORTED, "option"),
    (RejectReason::BOOK_FULL, "book-full"),
    (RejectReason::LEVEL_QUANTITY_OVERFLOW, "level-overflow"),
    (RejectReason::OPEN_ORDER_LIMIT, "open-orders"),
    (RejectReason::INVALID_STOP_PRICE, "stop-price"),
    (RejectReason::NOT_A_STOP, "not-a-stop"),
    (RejectReason::ENTRY_CLOSED, "entry-closed"),
    (RejectReason::STOPS_FULL, "stops-full"),
    (RejectReason::HALTED, "halted"),
    (RejectReason::MALFORMED, "malformed"),
];

/// The name of a reason that a client was told.
#[must_use]
pub(super) fn of_report(reason: RejectReason) -> &'static str {
    NAMES.iter().find(|&&(known, _)| known == reason).map_or(OTHER, |&(_, name)| name)
}

/// The name of what the book said to a cancel or reduction.
#[must_use]
pub(super) const fn of_book(reject: BookReject) -> &'static str {
    match reject {
        BookReject::NotReduced => NOT_REDUCED,
        BookReject::ZeroQty => QUANTITY,
        _ => NOT_LIVE,
    }
}

/// Every name, for the help text.
#[must_use]
pub(super) fn names() -> String {
    let names: Vec<&str> = NAMES.iter().map(|&(_, name)| name).chain([DUPLICATE_ID, NOT_REDUCED, OTHER]).collect();
    // LLVM 22 would try to sort names that it knows at compile time, and takes more than ten minutes over it at opt-level 3.
    let mut names = std::hint::black_box(names);
    names.sort_unstable();
    names.join(", ")
}
