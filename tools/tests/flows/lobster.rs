//! Real orders of a real day: the ten levels after every message, and a whole hour.

use super::recorded::{open, shared};
use super::running::Running;
use feedhandler::compressed;
use feedhandler::flow::lobster_book::{BookRow, BookRows};
use feedhandler::flow::{Format, Recording};
use std::io::sink;
use tools::replay::{Replayer, run};
use wire::{InstrumentIndex, Side};

const INSTRUMENT: InstrumentIndex = InstrumentIndex(0);

#[test]
fn ten_levels_from_ticks_equal_the_recorded_book_after_every_message() {
    let Some(messages) = shared("lobster/AAPL_2012-06-21_34200000_57600000_message_10.first.csv.xz") else { return };
    let book = shared("lobster/AAPL_2012-06-21_34200000_57600000_orderbook_10.first.csv.xz").expect("beside it");
    let mut running = Running::start(&[("journal.durability", "mapped")]);
    let mut items = open(&messages, Some(&book), Format::Lobster).map(|item| item.expect("whole")).peekable();
    let mut rows = BookRows::new(compressed::open(&book).expect("opens"));
    let mut replayer = Replayer::log_in(running.client(0), Running::client_port(), sink()).expect("a login");
    let (mut row, mut index) = (BookRow::default(), 0);
    while rows.read_into(&mut row).expect("a row") {
        while let Some(item) = items.next_if(|item| item.seq <= index) {
            assert!(replayer.submit(&item, replayer.now_ns()).expect("taken"), "the window holds a row's actions");
        }
        replayer.settle().expect("answered");
        let depth = running.depth_now(INSTRUMENT);
        for side in [Side::Buy, Side::Sell] {
            let levels: Vec<_> =
                depth.levels(side).take(row.levels_max()).map(|level| (level.price, level.quantity.into())).collect();
            assert_eq!(levels, row.side(side), "row {index}, {side:?}");
        }
        index += 1;
    }
    assert_eq!((row.levels_max(), index), (10, 999), "row 1 seeds the book, then a row a message");
    assert!(items.next().is_none());
    let outcome = replayer.finish().expect("a logout");
    let tally = &outcome.tally;
    assert_eq!((tally.cancels_refused, tally.refusals(), tally.foreign_trades), (0, 0, 0), "{outcome}");
    // As many as the file has messages of type 4; each took the order that the file names, and no other.
    assert_eq!((tally.makers_same, tally.makers_other, tally.trades), (98, 0, 98), "{outcome}");
    running.stop();
}

#[test]
fn an_hour_of_real_orders_is_answered_message_by_message() {
    let Some(path) = shared("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.xz") else { return };
    let mut reader = open(&path, None, Format::Lobster);
    let items = reader.by_ref().inspect(|item| assert!(item.is_ok(), "{item:?}")).count();
    let Recording::Lobster(reader) = reader else { unreachable!("asked for above") };
    let read = reader.counters();
    assert_eq!(read.messages, 91_997);
    assert_eq!(items as u64, read.messages - read.skipped - read.unknown, "each other message is an action");
    let mut running = Running::start(&[("journal.durability", "mapped"), ("topology.cores", "1")]);
    let options = running.replay_options();
    let recording = open(&path, None, Format::Lobster);
    let outcome = run(recording, Running::client_port(), &options, sink(), |_| _ = running.listen()).expect("a replay");
    let tally = &outcome.tally;
    assert_eq!(outcome.messages, items as u64);
    let answers = tally.accepted + tally.replaced + tally.canceled + tally.cancels_refused + tally.refusals();
    assert_eq!(answers, outcome.messages, "{outcome}");
    assert_eq!((tally.refusals(), tally.foreign_reports, tally.foreign_trades), (0, 0, 0), "{outcome}");
    running.stop();
}
