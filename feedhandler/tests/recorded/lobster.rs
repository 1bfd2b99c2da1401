//! A real LOBSTER recording: the actions rebuild every row of its book file.

use std::collections::{BTreeMap, HashMap, VecDeque};

use feedhandler::compressed;
use feedhandler::flow::lobster::{LobsterReader, SEED_ID_BIT};
use feedhandler::flow::lobster_book::{BookRow, BookRows};
use feedhandler::flow::{Format, Recording, RecordingOptions};
use feedhandler::{Action, FlowItem};
use wire::{Price, Side, Symbol};

use crate::shared_data::shared_data;

const MESSAGES: &str = "lobster/AAPL_2012-06-21_34200000_57600000_message_10.first.csv.xz";
const BOOK: &str = "lobster/AAPL_2012-06-21_34200000_57600000_orderbook_10.first.csv.xz";

/// Queues by price; executions take from the front, whatever the action names.
#[derive(Default)]
struct Queues {
    orders: HashMap<u64, (Side, Price)>,
    sides: [BTreeMap<Price, VecDeque<(u64, u32)>>; 2],
    executions: u64,
    executions_of_seeds: u64,
}

impl Queues {
    fn apply(&mut self, item: &FlowItem) {
        match item.action {
            Action::Add { id, side, price, qty, .. } => {
                assert!(self.orders.insert(id, (side, price)).is_none(), "{item:?}");
                self.sides[side.index()].entry(price).or_default().push_back((id, qty.get()));
            }
            Action::Cancel { id } => self.take(id, u32::MAX, item),
            Action::Reduce { id, by } => self.take(id, by.get(), item),
            Action::Execute { id, side, price, printed, qty, .. } => {
                assert_eq!(printed, price);
                let resting = side.opposite();
                let levels = &self.sides[resting.index()];
                let best = match resting {
                    Side::Buy => levels.last_key_value(),
                    Side::Sell => levels.first_key_value(),
                };
                let (best, queue) = best.unwrap();
                assert_eq!((*best, queue[0].0), (price, id), "an order of that price and side must hit {item:?}");
                self.executions += 1;
                self.executions_of_seeds += u64::from(id & SEED_ID_BIT != 0);
                self.take(id, qty.get(), item);
            }
            other => panic!("LOBSTER has no {other:?}"),
        }
    }

    fn take(&mut self, id: u64, qty: u32, item: &FlowItem) {
        let (side, price) = *self.orders.get(&id).unwrap_or_else(|| panic!("{item:?} names no live order"));
        let levels = &mut self.sides[side.index()];
        let queue = levels.get_mut(&price).unwrap();
        let entry = queue.iter_mut().find(|(other, _)| *other == id).unwrap();
        entry.1 -= qty.min(entry.1);
        if entry.1 == 0 {
            self.orders.remove(&id);
            queue.retain(|(other, _)| *other != id);
            if queue.is_empty() {
                levels.remove(&price);
            }
        } else {
            assert!(matches!(item.action, Action::Reduce { .. } | Action::Execute { .. }), "{item:?}");
        }
    }

    fn compare(&self, row: &BookRow, number: usize) {
        for side in [Side::Buy, Side::Sell] {
            let sum = |queue: &VecDeque<(u64, u32)>| queue.iter().map(|(_, qty)| u64::from(*qty)).sum::<u64>();
            let mut levels: Vec<_> =
                self.sides[side.index()].iter().map(|(price, queue)| (*price, sum(queue))).collect();
            if side == Side::Buy {
                levels.reverse();
            }
            levels.truncate(row.levels_max());
            assert_eq!(levels, row.side(side), "row {number}, {side:?}");
        }
    }
}

#[test]
fn the_ten_levels_equal_every_row() {
    let (Some(messages), Some(book)) = (shared_data(MESSAGES), shared_data(BOOK)) else { return };
    let rows: Vec<BookRow> = BookRows::new(compressed::open(&book).unwrap()).map(Result::unwrap).collect();
    assert_eq!(rows.len(), 999);
    let (messages, book) = (compressed::open(&messages).unwrap(), compressed::open(&book).unwrap());
    let mut reader = LobsterReader::with_book(messages, book, Symbol::new("AAPL").unwrap());
    let mut queues = Queues::default();
    let mut compared = 0;
    for item in reader.by_ref() {
        let item = item.unwrap();
        let row = usize::try_from(item.seq).unwrap();
        // Messages without an item change nothing; their rows are compared all the same.
        while compared < row {
            queues.compare(&rows[compared], compared);
            compared += 1;
        }
        queues.apply(&item);
    }
    while compared < rows.len() {
        queues.compare(&rows[compared], compared);
        compared += 1;
    }
    let counters = reader.counters();
    assert_eq!(counters.messages, 999);
    assert_eq!(counters.skipped, 61);
    assert_eq!(counters.contradictions, 0);
    assert_eq!((counters.unknown, counters.overruns), (0, 0));
    // Facts of this file, pinned so that a change of the rules shows itself.
    assert_eq!((counters.onto_seeds, counters.slides, counters.vanished), (9, 12, 2));
    assert_eq!((queues.executions, queues.executions_of_seeds), (98, 4));
}

#[test]
fn a_message_file_alone_is_read_to_its_end() {
    let Some(path) = shared_data("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.xz") else { return };
    let mut recording = Recording::open(&path, &RecordingOptions::default()).unwrap();
    assert_eq!(recording.format(), Format::Lobster);
    let mut last_time = 0;
    for item in recording.by_ref() {
        let time = item.unwrap().time_ns.unwrap();
        assert!(time >= last_time);
        last_time = time;
    }
    let Recording::Lobster(reader) = recording else { unreachable!() };
    let counters = reader.counters();
    eprintln!("{counters:?}");
    assert_eq!(counters.messages, 91_997);
    assert_eq!((counters.onto_seeds, counters.slides, counters.contradictions), (0, 0, 0));
    assert!(counters.unknown > 0 && counters.unknown < counters.messages / 10);
}
