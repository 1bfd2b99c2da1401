//! The book against its naive twin: random commands, equal events, equal state.
//!
//! `PINION_TWIN_COMMANDS` sets how many commands are run in total. A failure names the seed and the step, and prints the command.

#[path = "book_twin/seen.rs"]
mod seen;
#[path = "book_twin/stream.rs"]
mod stream;

use engine::book::image::{Rebuild, Standing};
use engine::book::{Book, BookCommand, BookEvent, BookLimits, CancelReason, LastTrade, Place};
use engine::twin::TwinBook;
use seen::Seen;
use std::collections::BTreeMap;
use stream::{FLAVOURS, Flavour, Stream};
use wire::{InstrumentIndex, OrderRef, Price, SessionIndex, Side};

const PER_STREAM: u32 = 2_500;

fn commands() -> u32 {
    match std::env::var("PINION_TWIN_COMMANDS") {
        Ok(text) => text.parse().expect("PINION_TWIN_COMMANDS is a number of commands"),
        Err(_) => 300_000,
    }
}

/// Runs so many commands in streams of every flavour.
fn streams(commands: u32, run: impl Fn(u64, Flavour, &mut Seen)) {
    let mut seen = Seen::default();
    for seed in 0..u64::from(commands.div_ceil(PER_STREAM)) {
        let flavour = FLAVOURS[usize::try_from(seed).expect("fits") % FLAVOURS.len()];
        run(seed, flavour, &mut seen);
    }
    seen.assert_everything_came_up();
}

/// How many elected orders enter after this command: mostly all, as in the venue, sometimes none or one.
fn elections(stream: &mut Stream) -> u32 {
    match stream.dice.roll(6) {
        0 => 0,
        1 => 1,
        _ => u32::MAX,
    }
}

/// The number of the next order or slice.
const fn next_ref(stream: &Stream) -> OrderRef {
    OrderRef(stream.order_ref + 1)
}

/// How many numbers icebergs took for slices.
fn slices(events: &[BookEvent]) -> u64 {
    events.iter().filter(|event| matches!(event, BookEvent::Refreshed { .. })).count() as u64
}

/// The part of the state hash that last trades have, from the events.
#[derive(Default)]
struct LastTrades(BTreeMap<u32, Price>);

impl LastTrades {
    fn note(&mut self, event: &BookEvent) {
        if let BookEvent::Trade { instrument, price, .. } = *event {
            self.0.insert(instrument.0, price);
        }
    }

    fn hash(&self) -> u64 {
        let term = |(&instrument, &price)| LastTrade { instrument: InstrumentIndex(instrument), price }.mix();
        self.0.iter().map(term).fold(0, u64::wrapping_add)
    }
}

/// In some streams every second or third price of one instrument is off the tick.
fn tick(seed: u64) -> i64 {
    [1, 1, 2, 1, 3][usize::try_from(seed % 5).expect("fits")]
}

/// How often the book is taken apart and goes on as one built anew.
const REBUILT_EVERY: u32 = 197;

/// A book that is to go on as this one.
fn rebuilt(book: &Book, limits: &BookLimits, tick: i64) -> Result<Book, &'static str> {
    let mut again = Book::new(limits);
    again.set_tick(InstrumentIndex(0), tick);
    let mut rebuild = Rebuild::new(&mut again);
    book.last_trades().try_for_each(|last| rebuild.last_trade(last))?;
    book.each_standing(&mut Vec::new(), |standing: &Standing| rebuild.stand(standing))?;
    rebuild.finish(book.stamp())?;
    Ok(again)
}

fn run_both(seed: u64, flavour: Flavour, seen: &mut Seen) {
    let mut book = Book::new(&flavour.limits);
    let mut twin = TwinBook::new(&flavour.limits);
    book.set_tick(InstrumentIndex(0), tick(seed));
    twin.set_tick(InstrumentIndex(0), tick(seed));
    let mut stream = Stream::new(seed, flavour);
    let (mut live, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..PER_STREAM {
        let command = stream.next(&live);
        let place = format!("seed {seed}, step {step}, {command:?}");
        ours.clear();
        theirs.clear();
        book.apply(&command, &mut |event| ours.push(event));
        twin.apply(&command, &mut |event| theirs.push(event));
        stream.order_ref += slices(&ours);
        for _ in 0..elections(&mut stream) {
            assert_eq!(ours, theirs, "events differ: {place}");
            let (next_ref, so_far) = (next_ref(&stream), ours.len());
            let elected = book.elect(next_ref, &mut |event| ours.push(event));
            assert_eq!(elected, twin.elect(next_ref, &mut |event| theirs.push(event)), "{place}");
            stream.order_ref += slices(&ours[so_far..]);
            if !elected {
                break;
            }
        }
        assert_eq!(ours, theirs, "events differ: {place}");
        assert_eq!(book.has_elected(), twin.has_elected(), "{place}");
        if step % 32 == 0 {
            let key = stream.existing(&live);
            let flip = |mark: u8| mark ^ 0x55;
            assert_eq!(book.set_mark(key, flip), twin.set_mark(key, flip), "marks differ: {place}");
        }
        ours.iter().for_each(|event| seen.note(event));
        assert_eq!(book.state_hash(), twin.state_hash(), "state hashes differ: {place}");

        live.clear();
        live.extend(twin.live_keys());
        assert_eq!(book.order_count(), live.len(), "order counts differ: {place}");
        assert_eq!(book.level_count(), twin.level_count(), "level counts differ: {place}");
        if step % REBUILT_EVERY == REBUILT_EVERY - 1 {
            book = rebuilt(&book, &flavour.limits, tick(seed)).unwrap_or_else(|what| panic!("{what}: {place}"));
            assert_eq!(book.state_hash(), twin.state_hash(), "state hash of the book built anew: {place}");
            compare_views(&book, &twin, &flavour, &place);
        }
        if step % 16 == 0 {
            compare_views(&book, &twin, &flavour, &place);
        }
    }
}

fn compare_views(book: &Book, twin: &TwinBook, flavour: &Flavour, place: &str) {
    if let Err(error) = book.audit() {
        panic!("{error}: {place}");
    }
    for session in (0..4).map(SessionIndex) {
        assert_eq!(book.first_of_session(session), twin.first_of_session(session), "{place}");
        let open = twin.live_keys().filter(|key| key.session() == session).count();
        assert_eq!(book.open_orders(session) as usize, open, "{place}");
    }
    for key in twin.live_keys() {
        let view = book.order(key);
        assert_eq!(view.map(|order| order.place), twin.place(key), "{place}");
        let has_stop = matches!(twin.place(key), Some(Place::Waiting | Place::Elected));
        assert_eq!(view.and_then(|order| order.stop).is_some(), has_stop, "{place}");
    }
    for instrument in (0..flavour.limits.instruments).map(InstrumentIndex) {
        for side in [Side::Buy, Side::Sell] {
            let levels: Vec<_> = book.levels(instrument, side).collect();
            assert_eq!(levels, twin.levels(instrument, side), "levels differ: {place}");
            for level in &levels {
                assert_eq!(book.level(instrument, side, level.price), Some(*level), "{place}");
            }
            assert_eq!(book.best(instrument, side), levels.first().map(|level| (level.price, level.qty)));
        }
    }
}

#[test]
fn random_streams_give_equal_events_and_equal_state() {
    streams(commands(), run_both);
}

/// The twin's own bookkeeping: whatever has happened, canceling everything leaves nothing but the last trades.
#[test]
fn a_twin_whose_orders_are_all_canceled_is_empty() {
    streams(120_000, |seed, flavour, seen| {
        let mut twin = TwinBook::new(&flavour.limits);
        twin.set_tick(InstrumentIndex(0), tick(seed));
        let mut stream = Stream::new(seed, flavour);
        let (mut live, mut last_trades) = (Vec::new(), LastTrades::default());
        for _ in 0..PER_STREAM {
            let mut note = |event: BookEvent| {
                seen.note(&event);
                last_trades.note(&event);
            };
            twin.apply(&stream.next(&live), &mut note);
            for _ in 0..elections(&mut stream) {
                if !twin.elect(next_ref(&stream), &mut note) {
                    break;
                }
            }
            live.clear();
            live.extend(twin.live_keys());
        }
        for session in (0..flavour.limits.sessions).map(SessionIndex) {
            while let Some(key) = twin.first_of_session(session) {
                twin.apply(&BookCommand::Cancel { key, reason: CancelReason::Disconnect }, &mut |_| {});
                assert_eq!(twin.place(key), None, "seed {seed}: {key:?} is canceled and live");
            }
        }
        assert_eq!((twin.live_keys().count(), twin.level_count(), twin.has_elected()), (0, 0, false), "seed {seed}");
        assert_eq!(twin.state_hash(), last_trades.hash(), "seed {seed}");
    });
}
