//! Orders that fill a book of [`LIMITS`] to the last one: a thousand an instrument, at forty levels.
//!
//! Goal: any order from its number alone, so that ten million need no list. Every place of the book is used: both sides, displayed,
//! hidden and waiting; and all numbers scatter over instruments and sessions, as in a busy venue and worse.

use super::LIMITS;
use engine::book::{
    Book, BookCommand, BookEvent, BookReject, CancelReason, NewOrder, OrderKey, SelfMatch, TimeInForce,
};
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// How far apart the levels of a side lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// A tick.
    Near,
    /// Four times as far as the level before, up to 2^53 ticks: none shares anything with another.
    Far,
}

/// Levels of an instrument: so many on each side for resting orders, and for those that wait.
const RESTING: u32 = 18;
const WAITING: u32 = 2;
/// The worst levels of a side are hidden.
pub const DISPLAYED: u32 = 16;
/// Orders of an instrument, the first of which wait.
const EACH: u32 = 1_000;
const EACH_WAITING: u32 = 50;
/// Where the two sides meet.
const MIDDLE: i64 = 1_000_000;

const _: () = assert!(2 * (RESTING + WAITING) * LIMITS.instruments == LIMITS.levels);
const _: () = assert!(EACH * LIMITS.instruments == LIMITS.orders);
const _: () = assert!(EACH_WAITING * LIMITS.instruments == LIMITS.stops);

/// The price step of an instrument.
pub const fn tick(instrument: InstrumentIndex) -> i64 {
    if instrument.0.is_multiple_of(2) { 1 } else { 100 }
}

/// All numbers below the number of orders, once each, in an order without neighbours.
pub fn scattered(factor: u32) -> impl Iterator<Item = u32> {
    // Odd and no multiple of five: prime to a power of ten.
    assert!(!factor.is_multiple_of(2) && !factor.is_multiple_of(5));
    (0..LIMITS.orders).map(move |number| {
        let scattered = u64::from(number) * u64::from(factor) % u64::from(LIMITS.orders);
        u32::try_from(scattered).expect("less than the number of orders")
    })
}

/// The name of an order: sessions take turns, and each counts upwards.
pub fn key(number: u32) -> OrderKey {
    let sessions = u32::from(LIMITS.sessions);
    let session = u16::try_from(number % sessions).expect("less than the number of sessions");
    OrderKey::new(SessionIndex(session), UserRefNum(1 + number / sessions))
}

/// An order of a full book. No two orders meet.
pub fn order(number: u32, spread: Spread) -> NewOrder {
    let scattered = u64::from(number) * 7_654_321 % u64::from(LIMITS.orders);
    let scattered = u32::try_from(scattered).expect("less than the number of orders");
    let instrument = InstrumentIndex(scattered % LIMITS.instruments);
    let place = scattered / LIMITS.instruments;
    let waits = place < EACH_WAITING;
    let side = if place.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let depth = place / 2 % if waits { WAITING } else { RESTING };
    let price = price(instrument, side, depth, spread);
    NewOrder {
        instrument,
        key: key(number),
        order_ref: OrderRef(u64::from(number)),
        owner: MemberId(0),
        side,
        price,
        qty: Qty(1 + number % 100),
        tif: TimeInForce::Day,
        post_only: false,
        min_qty: Qty::ZERO,
        self_match: SelfMatch::Allow,
        display: Qty::ZERO,
        hidden: !waits && depth >= DISPLAYED,
        // A stop waits on the far side of the market.
        stop: waits.then(|| self::price(instrument, side.opposite(), depth, spread)),
        mark: 0,
    }
}

/// The price of a level, counted from the best of its side; deeper than any order stands, one where no level is.
pub fn price(instrument: InstrumentIndex, side: Side, depth: u32, spread: Spread) -> Price {
    let distance = match spread {
        Spread::Near => i64::from(1 + depth),
        Spread::Far => 1 << (19 + 2 * depth),
    };
    let ticks = if side == Side::Buy { -distance } else { distance };
    Price(MIDDLE + ticks * tick(instrument))
}

/// A price at which no level stands.
pub fn vacant_price(instrument: InstrumentIndex, side: Side, spread: Spread) -> Price {
    price(instrument, side, RESTING, spread)
}

/// Enters an order; the reason when it is refused.
pub fn enter(book: &mut Book, order: NewOrder) -> Result<(), BookReject> {
    let mut answer = None;
    book.apply(&BookCommand::New(order), &mut |event| match event {
        BookEvent::Accepted { .. } => answer = Some(Ok(())),
        BookEvent::Rejected { reason, .. } => answer = Some(Err(reason)),
        BookEvent::Rested { .. } | BookEvent::Level { .. } => {}
        unexpected => panic!("{unexpected:?} on {order:?}"),
    });
    answer.expect("an answer")
}

/// Cancels the order with a number.
pub fn cancel(book: &mut Book, number: u32) {
    let mut done = false;
    let command = BookCommand::Cancel { key: key(number), reason: CancelReason::User };
    book.apply(&command, &mut |event| match event {
        BookEvent::Canceled { leaves, .. } => done = leaves.is_zero(),
        BookEvent::Level { .. } => {}
        unexpected => panic!("{unexpected:?} on canceling {number}"),
    });
    assert!(done, "order {number} is canceled");
}
