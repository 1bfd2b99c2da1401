//! A whole ITCH file: each message has its place in the counts, and the ticks rebuild the book that the messages make.

use std::io::Read;

use feedhandler::flow::itch_messages::ItchMessages;
use feedhandler::normalize::{Date, Day, Normalizer, Symbols, Zone};
use feedhandler::{Books, DepthBook, compressed};
use wire::tick::Tick;
use wire::{InstrumentIndex, Side};

const SHIPPED: &[u8] = include_bytes!("../../../tools/data/ex20101224.TEST_ITCH_50.gz");

fn normalizer() -> Normalizer {
    let date = Date::in_name("ex20101224.TEST_ITCH_50.gz").expect("a date");
    Normalizer::itch(Day::new(date, Zone::NewYork), Symbols::default())
}

fn messages() -> Vec<Vec<u8>> {
    let mut plain = Vec::new();
    compressed::plain(SHIPPED).unwrap().read_to_end(&mut plain).unwrap();
    let mut reader = ItchMessages::new(plain.as_slice());
    let mut messages = Vec::new();
    while reader.advance().unwrap() {
        messages.push(reader.message().to_vec());
    }
    messages
}

/// The levels of an instrument in both, side by side.
fn compare(books: &Books, depth: &DepthBook, locate: u16, number: InstrumentIndex, at: usize) -> usize {
    let mut compared = 0;
    for side in [Side::Buy, Side::Sell] {
        let direct: Vec<_> = books.levels(locate, side).map(|level| (level.price, level.total)).collect();
        let ticks =
            depth.get(number).map(|depth| depth.levels(side).map(|level| (level.price, u64::from(level.quantity))));
        let ticks: Vec<_> = ticks.into_iter().flatten().collect();
        assert_eq!(direct, ticks, "after message {at}: locate {locate}, {side:?}");
        compared += direct.len();
    }
    compared
}

#[test]
fn ticks_rebuild_the_book_after_every_message() {
    let (mut normalizer, mut direct, mut depth) = (normalizer(), Books::default(), DepthBook::new());
    let (mut sequence, mut with_ticks, mut compared, mut last) = (0, 0_u64, 0, None::<Tick>);
    let messages = messages();
    for (at, message) in messages.iter().enumerate() {
        direct.apply(message, &mut ());
        let before = sequence;
        normalizer.message(message, &mut |tick| {
            sequence += 1;
            depth.apply_in_order(sequence, tick);
            assert!(last.is_none_or(|last| last.timestamp <= tick.timestamp));
            last = Some(*tick);
        });
        with_ticks += u64::from(sequence > before);
        let locate = u16::from_be_bytes([message[1], message[2]]);
        if let Some(number) = normalizer.itch_books().and_then(|books| books.number(locate)) {
            compared += compare(&direct, &depth, locate, number, at);
        }
    }
    assert!(compared > 100_000, "levels stood: {compared} compared");

    let counters = *normalizer.counters();
    assert_eq!(counters.messages, 12_012);
    let by_type = b"PADEXUSRHFC".map(|tag| counters.of_type(tag));
    assert_eq!(by_type, [5_000, 4_997, 1_745, 198, 45, 12, 6, 3, 3, 3, 0]);
    assert_eq!(counters.unknown_orders, 117);
    // Each message made a tick, or stands in one of these.
    assert_eq!(counters.messages, with_ticks + counters.unmapped + counters.unknown_orders);
    assert_eq!(
        (counters.unmapped, counters.trades, counters.statuses),
        (6 + 3, 5_000 + 198 - unknown_executions(&messages), 3)
    );
    assert_eq!(sequence, counters.ticks());
    for (name, count) in [
        ("malformed", counters.malformed),
        ("unknown_types", counters.unknown_types),
        ("nameless", counters.nameless),
        ("refused", counters.refused),
        ("overdrawn", counters.overdrawn),
        ("saturated", counters.saturated),
    ] {
        assert_eq!(count, 0, "{name}");
    }
    let names: Vec<String> = normalizer.symbols().iter().map(|(number, name)| format!("{number} {name}")).collect();
    assert_eq!(names, ["0 ALC", "1 BOB", "2 CHAR"]);
    // The last tick is of the file's own day, at a time of day of New York.
    let of_day = last.expect("ticks").timestamp.get() - 1_293_166_800 * wire::Nanos::PER_SECOND;
    assert!(of_day < wire::Nanos::PER_DAY, "{of_day}");
}

/// Executions that name an order which the file never added.
fn unknown_executions(messages: &[Vec<u8>]) -> u64 {
    let mut books = Books::default();
    let mut unknown = 0;
    for message in messages {
        let before = books.counters().unknown;
        books.apply(message, &mut ());
        unknown += u64::from(message[0] == b'E' && books.counters().unknown > before);
    }
    unknown
}

#[test]
fn another_session_leaves_nothing_standing() {
    let (mut normalizer, mut depth, mut sequence) = (normalizer(), DepthBook::new(), 0);
    let mut take = |tick: &Tick| {
        sequence += 1;
        depth.apply_in_order(sequence, tick);
    };
    for message in messages() {
        normalizer.message(&message, &mut take);
    }
    normalizer.restart(&mut take);
    let cleared = normalizer.counters().cleared;
    depth.settle();
    assert!(cleared > 100, "{cleared} levels stood");
    for (number, depth) in depth.iter() {
        assert_eq!((depth.best(Side::Buy), depth.best(Side::Sell)), (None, None), "{number}");
    }
    assert_eq!(normalizer.itch_books().map(|books| books.books().live_orders()), Some(0));
}
