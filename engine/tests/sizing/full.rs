//! A book of [`LIMITS`]: what it takes, and that it can be filled to the last order and emptied again.

use super::costs;
use super::crowd::{self, DISPLAYED, Spread, cancel, enter, order};
use super::memory::{Taken, calls, measure, turn};
use super::{BYTES_MAX, LIMITS};
use engine::book::{Book, BookReject, NewOrder, OrderKey};
use netio::pages;
use std::time::{Duration, Instant};
use wire::{InstrumentIndex, SessionIndex, Side, UserRefNum};

fn book() -> (Book, Taken) {
    let begin = Instant::now();
    let (mut book, taken) = measure(|| Book::new(&LIMITS));
    let making = begin.elapsed();
    for instrument in (0..LIMITS.instruments).map(InstrumentIndex) {
        book.set_tick(instrument, crowd::tick(instrument));
    }
    let Taken { bytes, bytes_highest, bytes_resident } = taken;
    eprintln!("{LIMITS:?}: {making:?}, {bytes} bytes, at most {bytes_highest} meanwhile, {bytes_resident} resident");
    (book, taken)
}

#[test]
fn it_takes_what_it_may_and_all_of_it_at_once() {
    let _turn = turn();
    let (mut book, taken) = book();
    assert!(taken.bytes < BYTES_MAX, "{taken:?}");
    assert_eq!(taken.bytes_highest, taken.bytes, "nothing is taken to be given back");
    let said = format!("the book takes {} bytes", costs::grouped(taken.bytes));
    assert!(costs::MANUAL.contains(&said), "docs/operations.md should say: {said}");
    assert!(
        taken.bytes_resident > taken.bytes as u64 / 100 * 98,
        "every page is there before the first order: {taken:?}"
    );
    let (begin, hash) = (calls(), book.state_hash());
    let some = || crowd::scattered(3).take(20_000);
    for number in some() {
        assert_eq!(enter(&mut book, order(number, Spread::Far)), Ok(()), "{number}");
    }
    assert_ne!(book.state_hash(), hash);
    some().for_each(|number| cancel(&mut book, number));
    assert_eq!(calls(), begin, "nothing is taken later");
    assert_eq!((book.order_count(), book.level_count(), book.state_hash()), (0, 0, hash));
}

/// How long one of so many operations took.
fn each(begin: Instant, count: u32) -> Duration {
    begin.elapsed() / count
}

/// Looks at a part of a full book from every side.
fn look(book: &Book, spread: Spread) {
    assert_eq!((book.order_count(), book.level_count()), (LIMITS.orders as usize, LIMITS.levels as usize));
    for session in (0..LIMITS.sessions).map(SessionIndex) {
        assert_eq!(book.open_orders(session), LIMITS.orders / u32::from(LIMITS.sessions));
    }
    for instrument in (0..LIMITS.instruments).step_by(997).map(InstrumentIndex) {
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(book.levels(instrument, side).count(), DISPLAYED as usize);
            for (depth, level) in (0..).zip(book.levels(instrument, side)) {
                let price = crowd::price(instrument, side, depth, spread);
                assert_eq!((level.price, book.level(instrument, side, price)), (price, Some(level)));
                let qty: u32 = book.orders(instrument, side, price).map(|order| order.leaves.0).sum();
                assert_eq!(level.qty, qty);
            }
        }
    }
    for number in (0..LIMITS.orders).step_by(9_973) {
        let (entered, found) = (order(number, spread), book.order(crowd::key(number)).expect("a live order"));
        assert_eq!(
            (found.instrument, found.side, found.price, found.leaves, found.stop, found.hidden),
            (entered.instrument, entered.side, entered.price, entered.qty, entered.stop, entered.hidden),
        );
    }
}

/// What a full book refuses, and that nothing comes of it.
fn check_refusals(book: &mut Book, spread: Spread) {
    let one_more =
        |like: u32| NewOrder { key: OrderKey::new(SessionIndex(7), UserRefNum(u32::MAX)), ..order(like, spread) };
    let elsewhere = |order: NewOrder| match order.stop {
        None => NewOrder { price: crowd::vacant_price(order.instrument, order.side, spread), ..order },
        Some(_) => {
            let stop = crowd::vacant_price(order.instrument, order.side.opposite(), spread);
            NewOrder { stop: Some(stop), ..order }
        }
    };
    let number_of =
        |waits: bool| (0..).find(|&number| order(number, spread).stop.is_some() == waits).expect("there are both");
    let [resting, waiting] = [false, true].map(number_of);
    let refused = |book: &mut Book, order: NewOrder, reason: BookReject| {
        let hash = book.state_hash();
        assert_eq!(enter(book, order), Err(reason), "{order:?}");
        assert_eq!(book.state_hash(), hash);
    };
    refused(book, one_more(resting), BookReject::OrdersFull);
    refused(book, elsewhere(one_more(resting)), BookReject::OrdersFull);
    refused(book, one_more(waiting), BookReject::StopsFull);
    // Room for an order is no room for a level, nor for a stop.
    cancel(book, resting);
    refused(book, elsewhere(one_more(resting)), BookReject::LevelsFull);
    refused(book, one_more(waiting), BookReject::StopsFull);
    assert_eq!(enter(book, order(resting, spread)), Ok(()));
    cancel(book, waiting);
    refused(book, elsewhere(one_more(waiting)), BookReject::LevelsFull);
    assert_eq!(enter(book, order(waiting, spread)), Ok(()));
    refused(book, one_more(resting), BookReject::OrdersFull);
}

#[test]
#[ignore = "ten million orders take optimised code and 1.2 GB"]
fn ten_million_orders_fit_and_not_one_more() {
    let _turn = turn();
    let (mut book, _) = book();
    eprintln!("{}", pages::huge_pages());
    let (begin, empty) = (calls(), book.state_hash());
    let mut took = [(); 2].map(|()| None);
    // The first time they leave as they came, so that the second time meets slots in a row again and the two can be compared.
    for (took, (spread, leaving)) in took.iter_mut().zip([(Spread::Near, 1), (Spread::Far, 1_234_567)]) {
        let start = Instant::now();
        for number in 0..LIMITS.orders {
            assert_eq!(enter(&mut book, order(number, spread)), Ok(()), "{number}");
        }
        let entering = each(start, LIMITS.orders);
        look(&book, spread);
        check_refusals(&mut book, spread);
        look(&book, spread);
        let start = Instant::now();
        book.audit().expect("everything fits together");
        let audit = start.elapsed();
        let start = Instant::now();
        crowd::scattered(leaving).for_each(|number| cancel(&mut book, number));
        let canceling = each(start, LIMITS.orders);
        *took = Some((spread, entering, canceling, audit));
        assert_eq!((book.order_count(), book.level_count(), book.state_hash()), (0, 0, empty));
        book.audit().expect("everything fits together");
    }
    assert_eq!(calls(), begin, "nothing is taken later");
    // Not before: where output is captured, printing takes memory.
    for (spread, entering, canceling, audit) in took.into_iter().flatten() {
        eprintln!("{spread:?}: {entering:?} to enter an order, {canceling:?} to cancel one; {audit:?} for the audit");
    }
}
