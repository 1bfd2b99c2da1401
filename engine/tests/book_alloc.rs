//! The book takes its memory once: a counting allocator sees nothing after construction.

#[path = "../../netio/tests/contract/allocations.rs"]
mod allocations;

use engine::book::{
    Book, BookCommand, BookLimits, CancelReason, NewOrder, OrderKey, QtyBasis, ReduceTo, Replace, ReplaceKind,
    SelfMatch, TimeInForce,
};
use engine::limits::FILLS_PER_COMMAND_MAX;
use wire::{InstrumentIndex, MemberId, OrderRef, Price, Qty, SessionIndex, Side, UserRefNum};

/// Commands of every kind, from one number each.
fn command(number: u32) -> BookCommand {
    let session = SessionIndex(u16::try_from(number % 3).expect("small"));
    let key = OrderKey::new(session, UserRefNum(number));
    let older = |back: u32| OrderKey::new(session, UserRefNum(number.saturating_sub(back * 3)));
    let scatter = number.wrapping_mul(2_654_435_761);
    let side = if scatter & 1 << 20 == 0 { Side::Buy } else { Side::Sell };
    let price = Price(i64::from(scatter >> 24) - 128);
    let qty = Qty(1 + (scatter >> 8 & 63));
    let tif = [TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok]
        [(scatter >> 4) as usize % 5];
    match number % 8 {
        5 => BookCommand::Cancel { key: older(1), reason: CancelReason::User },
        6 => BookCommand::Reduce { key: older(2), to: ReduceTo::By(Qty(3)) },
        7 => BookCommand::Replace(Replace {
            key: older(3),
            new_key: key,
            order_ref: OrderRef(u64::from(number)),
            price,
            qty,
            kind: ReplaceKind::Amend { basis: QtyBasis::Open },
            tif,
            post_only: false,
            min_qty: Qty::ZERO,
            self_match: SelfMatch::Decrement,
            display: Qty::ZERO,
            hidden: false,
            stop: None,
        }),
        kind => BookCommand::New(NewOrder {
            instrument: InstrumentIndex(number % 2),
            key,
            order_ref: OrderRef(u64::from(number)),
            owner: MemberId(session.0),
            side,
            price,
            qty,
            tif,
            post_only: kind == 1,
            min_qty: Qty(u32::from(kind == 2) * 5),
            self_match: [SelfMatch::Allow, SelfMatch::CancelOldest][kind as usize % 2],
            display: Qty(u32::from(kind == 3) * 4),
            hidden: kind == 4,
            stop: number.is_multiple_of(32).then_some(Price(i64::from(scatter >> 16 & 255) - 128)),
            mark: 0,
        }),
    }
}

#[test]
fn nothing_is_allocated_after_construction() {
    let limits = BookLimits {
        instruments: 2,
        sessions: 3,
        orders: 500,
        levels: 200,
        stops: 100,
        fills_per_command: FILLS_PER_COMMAND_MAX,
    };
    let before = allocations::calls();
    let mut book = Book::new(&limits);
    let constructed = allocations::calls();
    assert!(constructed > before, "the counter counts");
    let (mut events, mut elected) = (0u64, 0u64);
    for number in 0..200_000 {
        book.apply(&command(number), &mut |_| events += 1);
        while book.elect(OrderRef(u64::MAX / 2), &mut |_| elected += 1) {}
    }
    let full = book.order_count() > 100;
    let looked = book.levels(InstrumentIndex(0), Side::Buy).count()
        + book.orders(InstrumentIndex(0), Side::Buy, Price(0)).count();
    let after = allocations::calls();
    assert_eq!(after, constructed, "allocations while running");
    assert!(full && events > 200_000 && looked > 0 && elected > 1_000, "the stream exercised the book");
}
