//! [`DepthBook`] by example, and against a plain map under random losses and delays.

use std::collections::BTreeMap;

use feedhandler::DepthBook;
use feedhandler::depth::{Level, Trades};
use feedhandler::handler::{Delivery, Handler, HandlerOptions, Join, Source};
use proptest::prelude::*;
use wire::feed::StreamKind;
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Nanos, Price, Side};

use crate::packets::{SESSION, packet, quote, tick};

const A: InstrumentIndex = InstrumentIndex(0);

fn level(price: i64, quantity: u32) -> Level {
    Level { price: Price(price), quantity }
}

#[test]
fn quotes_set_totals_and_zero_removes() {
    let mut book = DepthBook::new();
    let ticks = [
        quote(0, Side::Buy, 100, 5),
        quote(0, Side::Buy, 101, 7),
        quote(0, Side::Sell, 103, 1),
        quote(0, Side::Sell, 102, 2),
        quote(0, Side::Buy, 100, 4),
        quote(0, Side::Sell, 102, 0),
    ];
    for (sequence, tick) in (1..).zip(&ticks) {
        book.apply(sequence, tick);
    }
    let depth = book.get(A).unwrap();
    assert_eq!(depth.levels(Side::Buy).collect::<Vec<_>>(), [level(101, 7), level(100, 4)]);
    assert_eq!(depth.levels(Side::Sell).collect::<Vec<_>>(), [level(103, 1)]);
    assert_eq!(depth.levels(Side::Buy).take(1).collect::<Vec<_>>(), [level(101, 7)]);
    assert_eq!(depth.best(Side::Sell), Some(level(103, 1)));
    assert_eq!(depth.quantity_at(Side::Sell, Price(102)), 0);
    let before = depth.clone();
    book.settle();
    assert_eq!(book.get(A), Some(&before));
    assert!(book.get(InstrumentIndex(1)).is_none());
}

#[test]
fn a_late_quote_does_not_undo_a_later_one() {
    let mut book = DepthBook::new();
    book.apply(5, &quote(0, Side::Buy, 100, 0));
    book.apply(4, &quote(0, Side::Buy, 100, 9));
    book.apply(3, &quote(0, Side::Buy, 99, 8));
    assert_eq!(book.get(A).unwrap().levels(Side::Buy).collect::<Vec<_>>(), [level(99, 8)]);
    assert_eq!(book.overtaken(), 1);
}

#[test]
fn a_level_that_comes_back_is_no_grave() {
    let mut book = DepthBook::new();
    book.apply(1, &quote(0, Side::Buy, 100, 3));
    book.apply(2, &quote(0, Side::Buy, 100, 0));
    book.apply(3, &quote(0, Side::Buy, 100, 4));
    book.settle();
    assert_eq!(book.get(A).unwrap().best(Side::Buy), Some(level(100, 4)));
}

#[test]
fn trades_and_status_are_kept() {
    let mut book = DepthBook::new();
    book.apply(1, &tick(0, TickSide::Buy, TickKind::Trade, 100, 5));
    book.apply(3, &tick(0, TickSide::Sell, TickKind::Trade, 99, 6));
    book.apply(2, &tick(0, TickSide::Buy, TickKind::Trade, 98, 7));
    book.apply(4, &tick(0, TickSide::None, TickKind::Status, 0, u32::from(b'H')));
    let depth = book.get(A).unwrap();
    let Trades { count, volume, last } = *depth.trades();
    assert_eq!((count, volume), (3, 18));
    let last = last.unwrap();
    assert_eq!((last.sequence, last.price, last.quantity, last.taker), (3, Price(99), 6, Some(Side::Sell)));
    assert_eq!(depth.status(), Some(b'H'));
}

#[test]
fn a_quote_without_a_side_is_counted_and_ignored() {
    let mut book = DepthBook::new();
    book.apply(1, &tick(0, TickSide::None, TickKind::Quote, 100, 5));
    assert_eq!(book.without_side(), 1);
    assert_eq!(book, DepthBook::new());
}

#[test]
fn the_best_difference_is_named() {
    let (mut one, mut other) = (DepthBook::new(), DepthBook::new());
    one.apply(1, &quote(0, Side::Sell, 102, 5));
    other.apply(1, &quote(0, Side::Sell, 103, 5));
    assert_ne!(one, other);
    let (a, b) = (one.get(A).unwrap(), other.get(A).unwrap());
    assert_eq!(a.first_difference(b), Some((Side::Sell, Price(102), 5, 0)));
    assert_eq!(b.first_difference(a), Some((Side::Sell, Price(102), 0, 5)));
    one.apply(2, &quote(0, Side::Sell, 103, 5));
    other.apply(2, &quote(0, Side::Sell, 102, 5));
    assert_eq!(one, other);
    // An instrument that displays nothing equals one that never was.
    one.apply(3, &quote(9, Side::Sell, 1, 1));
    assert_ne!(one, other);
    assert_ne!(other, one);
    one.apply(4, &quote(9, Side::Sell, 1, 0));
    assert_eq!(other, one);
}

fn ticks() -> impl Strategy<Value = Vec<Tick>> {
    // Few prices, so that levels come, change and go often.
    let one = (0_u32..2, any::<bool>(), 0_i64..4, 0_u32..3).prop_map(|(instrument, buy, price, quantity)| {
        quote(instrument, if buy { Side::Buy } else { Side::Sell }, price, quantity)
    });
    prop::collection::vec(one, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn delayed_packets_give_the_same_depth(ticks in ticks(), delays in prop::collection::vec(0_usize..8, 200)) {
        let mut expected: BTreeMap<(InstrumentIndex, Side, Price), u32> = BTreeMap::new();
        for tick in &ticks {
            expected.insert((tick.symbol_id, tick.side.side().unwrap(), tick.price), tick.quantity);
        }
        expected.retain(|_, quantity| *quantity > 0);

        let mut packets: Vec<(usize, Vec<u8>)> = (1_u64..).zip(ticks.chunks(3)).zip(&delays).map(|((number, chunk), delay)| {
            let messages: Vec<[u8; Tick::SIZE]> = chunk.iter().map(|tick| {
                let mut bytes = [0; Tick::SIZE];
                tick.encode(&mut bytes).unwrap();
                bytes
            }).collect();
            let sequence = (number - 1) * 3 + 1;
            let turn = usize::try_from(number).unwrap() + delay;
            (turn, packet(SESSION, sequence, messages.iter().map(<[u8; Tick::SIZE]>::as_slice)))
        }).collect();
        packets.sort_by_key(|(turn, _)| *turn);

        let mut handler = Handler::new(HandlerOptions {
            delivery: Delivery::Live,
            join: Join::At(1),
            rerequest: None,
            snapshot: None,
            window: 1_024,
            ..HandlerOptions::new(StreamKind::Tick)
        });
        for (_, bytes) in &packets {
            handler.on_packet(Source::Line(0), bytes, Nanos(1), &mut ());
        }
        prop_assert_eq!(handler.stale(), None);
        let book = handler.depth().unwrap();
        let mut found = BTreeMap::new();
        for (instrument, depth) in book.iter() {
            for side in [Side::Buy, Side::Sell] {
                let levels: Vec<Level> = depth.levels(side).collect();
                let best_first = levels.is_sorted_by(|better, worse| match side {
                    Side::Buy => better.price > worse.price,
                    Side::Sell => better.price < worse.price,
                });
                prop_assert!(best_first);
                prop_assert_eq!(depth.best(side), levels.first().copied());
                found.extend(levels.into_iter().map(|level| ((instrument, side, level.price), level.quantity)));
            }
        }
        prop_assert_eq!(found, expected);
    }
}
