//! A real LOBSTER day: the ticks alone show every row of its book file.

use std::collections::BTreeMap;

use feedhandler::flow::lobster::{LobsterEvent, LobsterReader};
use feedhandler::flow::lobster_book::{BookRow, BookRows};
use feedhandler::normalize::{Date, Day, Normalizer, Symbols, Zone};
use feedhandler::{DepthBook, compressed};
use wire::tick::{Tick, TickKind, TickSide};
use wire::{InstrumentIndex, Price, Side, Symbol};

use crate::shared_data::shared_data;

const MESSAGES: &str = "lobster/AAPL_2012-06-21_34200000_57600000_message_10.first.csv.xz";
const BOOK: &str = "lobster/AAPL_2012-06-21_34200000_57600000_orderbook_10.first.csv.xz";

fn normalizer() -> Normalizer {
    Normalizer::itch(Day::new(Date::in_name(MESSAGES).expect("a date"), Zone::NewYork), Symbols::default())
}

fn aapl() -> Symbol {
    Symbol::new("AAPL").expect("short")
}

fn row_of(event: &LobsterEvent) -> usize {
    let seq = match event {
        LobsterEvent::Flow(item) => item.seq,
        LobsterEvent::Print { seq, .. } | LobsterEvent::Status { seq, .. } => *seq,
    };
    usize::try_from(seq).expect("small")
}

fn compare(depth: &DepthBook, row: &BookRow, number: usize) {
    for side in [Side::Buy, Side::Sell] {
        let levels = depth.get(InstrumentIndex(0)).into_iter().flat_map(|depth| depth.levels(side));
        let levels: Vec<_> =
            levels.map(|level| (level.price, u64::from(level.quantity))).take(row.levels_max()).collect();
        assert_eq!(levels, row.side(side), "row {number}, {side:?}");
    }
}

#[test]
fn the_ten_levels_equal_every_row() {
    let (Some(messages), Some(book)) = (shared_data(MESSAGES), shared_data(BOOK)) else { return };
    let rows: Vec<BookRow> = BookRows::new(compressed::open(&book).unwrap()).map(Result::unwrap).collect();
    let (messages, book) = (compressed::open(&messages).unwrap(), compressed::open(&book).unwrap());
    let mut reader = LobsterReader::with_book(messages, book, aapl());
    let (mut normalizer, mut depth) = (normalizer(), DepthBook::new());
    let (mut compared, mut sequence, mut ticks) = (0, 0, Vec::new());
    while let Some(event) = reader.next_event() {
        let event = event.unwrap();
        while compared < row_of(&event) {
            compare(&depth, &rows[compared], compared);
            compared += 1;
        }
        normalizer.lobster(&event, &mut |tick| {
            sequence += 1;
            depth.apply_in_order(sequence, tick);
            ticks.push(*tick);
        });
    }
    while compared < rows.len() {
        compare(&depth, &rows[compared], compared);
        compared += 1;
    }
    assert_eq!(rows.len(), 999);

    let counters = normalizer.counters();
    assert_eq!((counters.unknown_orders, counters.overdrawn, counters.refused, counters.malformed), (0, 0, 0, 0));
    // As `cut -d, -f2 | sort | uniq -c` counts them: executions of displayed (4) and of hidden orders (5).
    assert_eq!(counters.trades, 98 + 61);
    let hidden = |tick: &&Tick| tick.kind == TickKind::Trade && tick.side != TickSide::None;
    assert_eq!(ticks.iter().filter(hidden).count(), 159, "LOBSTER tells the side of hidden orders too");
    // 34200.004241176 s after midnight in New York.
    assert_eq!(ticks[0].timestamp.get(), 1_340_285_400_004_241_176);
}

#[test]
fn an_hour_of_messages_runs_through() {
    let Some(path) = shared_data("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.xz") else { return };
    let mut reader = LobsterReader::new(compressed::open(&path).unwrap(), aapl());
    let mut normalizer = normalizer();
    // What a subscriber holds, and what the ticks' own rule says of it.
    let mut levels = BTreeMap::<(TickSide, Price), u32>::new();
    let (mut events, mut hidden) = (0_u64, 0_u64);
    while let Some(event) = reader.next_event() {
        let event = event.unwrap();
        events += 1;
        hidden += u64::from(matches!(event, LobsterEvent::Print { .. }));
        normalizer.lobster(&event, &mut |tick| match tick.kind {
            TickKind::Quote if tick.quantity == 0 => {
                assert!(levels.remove(&(tick.side, tick.price)).is_some(), "a level goes that stood: {tick:?}");
            }
            TickKind::Quote => {
                levels.insert((tick.side, tick.price), tick.quantity);
            }
            TickKind::Trade | TickKind::Status => {}
        });
    }
    let (counters, read) = (normalizer.counters(), reader.counters());
    assert_eq!(read.messages, 91_997);
    // Each message is an event, is of an order from before the file, or has no effect and nothing to tell.
    assert_eq!(events, read.messages - read.unknown - (read.skipped - hidden));
    assert_eq!(counters.messages, events);
    assert_eq!((counters.unknown_orders, counters.overdrawn, counters.malformed, counters.refused), (0, 0, 0, 0));
    let books = normalizer.itch_books().expect("books");
    for side in [Side::Buy, Side::Sell] {
        let direct: BTreeMap<_, _> = books.books().levels(1, side).map(|level| (level.price, level.total)).collect();
        let ours = levels.iter().filter(|((of, _), _)| *of == side.into());
        assert!(direct.into_iter().eq(ours.map(|((_, price), quantity)| (*price, u64::from(*quantity)))), "{side:?}");
    }
}

#[test]
fn halts_and_auctions_are_told() {
    let text = "1,7,0,0,-1,-1\n2,7,0,0,0,-1\n3,7,0,0,1,-1\n4,6,-1,500,100,-1\n5,5,0,7,90,1\n6,7,0,0,9,-1\n";
    let mut reader = LobsterReader::new(text.as_bytes(), aapl());
    let (mut normalizer, mut said) = (normalizer(), Vec::new());
    while let Some(event) = reader.next_event() {
        normalizer
            .lobster(&event.unwrap(), &mut |tick| said.push((tick.kind, tick.side, tick.price.get(), tick.quantity)));
    }
    let status = |state: u8| (TickKind::Status, TickSide::None, 0, u32::from(state));
    assert_eq!(said[..3], [status(b'H'), status(b'Q'), status(b'T')]);
    // A hidden buy order traded, so the taker sold.
    assert_eq!(said[3..], [(TickKind::Trade, TickSide::None, 100, 500), (TickKind::Trade, TickSide::Sell, 90, 7)]);
    assert_eq!((reader.counters().messages, reader.counters().skipped), (6, 6));
}
