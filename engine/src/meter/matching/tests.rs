use super::*;
use crate::config::{Config, Instrument};
use crate::counters::{Reader, path_of};
use crate::link::{Datagram, FeedEvent, JournalEntry, OperationDone};
use crate::meter::Meter;
use crate::recovery;
use crate::venue::Outputs;
use netio::ring::channel;
use wire::admin::{OperatorName, Outcome};
use wire::login::Key;
use wire::{Nanos, Seq, Symbol};

#[test]
fn a_turn_stores_a_few_rows_however_many_have_changed() {
    const INSTRUMENTS: u32 = 1_000;
    let mut config = Config::default();
    config.limits.orders = 64;
    config.limits.levels = 64;
    config.limits.stops = Some(64);
    config.stats.dir = None;
    let template = config.instruments[0].clone();
    let symbol = |number| Symbol::new(&format!("I{number}")).expect("short");
    config.instruments =
        (0..INSTRUMENTS).map(|number| Instrument { symbol: symbol(number), ..template.clone() }).collect();
    let venue = recovery::venue(&config, Key([1; 32]));
    let (replies, _replies) = channel(64, Datagram::empty);
    let (commands, _commands) = channel(64, JournalEntry::empty);
    let (market_data, _market_data) = channel(64, FeedEvent::empty);
    let (_requests, requests) = channel(64, Datagram::empty);
    let (operators, _operators) = channel(64, OperationDone::empty);
    let outputs = MatchingOutputs { replies, commands, market_data, operators, outcomes_dropped: 0 };
    let mut tally = Tally::new(&venue);
    let region = Meter::unseen(&config).expect("memory");
    let mut meter = MatchingMeter::new(&region.region, &venue, &mut tally, &outputs);
    let left = |meter: &MatchingMeter, tally: &Tally| meter.due.len() + tally.due.len();
    assert_eq!(left(&meter, &tally), 0, "a start stores all of them");

    (0..INSTRUMENTS).for_each(|index| tally.on_status(InstrumentIndex(index)));
    // One that changes again before it is stored waits once.
    tally.on_status(InstrumentIndex(3));
    assert_eq!(left(&meter, &tally), INSTRUMENTS as usize);
    let mut turns = 0;
    while left(&meter, &tally) > 0 {
        let before = left(&meter, &tally);
        meter.store(&venue, &mut tally, &outputs, &requests, None, false);
        assert!(before - left(&meter, &tally) <= ROWS_MAX);
        turns += 1;
    }
    assert_eq!(turns, 1 + (INSTRUMENTS as usize).div_ceil(ROWS_MAX), "the first one takes them over");
    // In between, a turn without work stores one at a time.
    tally.on_status(InstrumentIndex(5));
    meter.store(&venue, &mut tally, &outputs, &requests, None, false);
    assert!(meter.store_one(&venue, &mut tally) && !meter.store_one(&venue, &mut tally));
}

#[test]
fn an_outcome_that_finds_no_room_is_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = Config::default();
    config.stats.dir = Some(dir.path().to_owned());
    let counters = Meter::create(&config).expect("a file").expect("a directory is given");
    let reader = Reader::open(&path_of(&config).expect("a directory is given")).expect("counters");
    let venue = recovery::venue(&config, Key([1; 32]));
    let (replies, _replies) = channel(64, Datagram::empty);
    let (commands, _commands) = channel(64, JournalEntry::empty);
    let (market_data, _market_data) = channel(64, FeedEvent::empty);
    let (_requests, requests) = channel(64, Datagram::empty);
    let (_operations, operations) = channel(64, Operation::empty);
    // Nobody hears them.
    let (operators, _operators) = channel(64, OperationDone::empty);
    let mut outputs = MatchingOutputs { replies, commands, market_data, operators, outcomes_dropped: 0 };
    let mut tally = Tally::new(&venue);
    let mut meter = MatchingMeter::new(&counters.region, &venue, &mut tally, &outputs);
    let operator = OperatorName::new("ann").expect("short");
    for number in 0..70 {
        outputs.operator_done(Seq(1), operator, number, Outcome::Done { seq: Seq(1), changed: 0 });
    }
    meter.store(&venue, &mut tally, &outputs, &requests, Some(&operations), false);
    let counted = reader.snapshot(Nanos(0));
    let outcomes = counted.row("link", "outcomes").expect("a row");
    assert_eq!((outcomes.get("drops"), outcomes.get("waits")), (Some(6), Some(6)));
}
