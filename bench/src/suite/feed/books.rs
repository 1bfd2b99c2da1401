//! Books built of ITCH messages in memory, as from a file.

use super::recorded::Recorded;
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::sample::median;
use feedhandler::book::{BookLimits, Books};
use netio::clock::Clock;
use wire::feed::locate;

const WITHOUT: &str = "framing and sequencing; making the tables, whose memory is touched before";

/// The books of all instruments.
///
/// # Errors
/// They are not the venue's.
pub fn row(recorded: &Recorded, passes: u32, clock: &Clock) -> Result<Row, BenchError> {
    let instruments = recorded.exchange.instruments().len() + 1;
    let mut books = Books::new(&BookLimits { instruments, ..BookLimits::default() });
    let (mut all_ns, mut one_ns) = (Vec::new(), Vec::new());
    // The first pass is for the tables to grow.
    for pass in 0..=passes {
        books.clear();
        let before = clock.now();
        books.apply_all(recorded.messages(), &mut ());
        let taken_ns = clock.now() - before;
        prove(recorded, &books)?;

        books.clear();
        let before = clock.now();
        for message in recorded.messages() {
            books.apply(message, &mut ());
        }
        if pass > 0 {
            all_ns.push(taken_ns);
            one_ns.push(clock.now() - before);
        }
    }
    prove(recorded, &books)?;
    let count = recorded.message_count();
    let (all_ns, one_ns) = (median(&all_ns), median(&one_ns));
    Ok(Row {
        name: format!("ITCH books, {}", recorded.name).into(),
        figures: vec![
            Figure::rate("messages_per_s", count, all_ns),
            Figure::tenths("message_ns", all_ns, count),
            Figure::tenths("one_by_one_ns", one_ns, count),
        ],
        excludes: WITHOUT,
    })
}

fn prove(recorded: &Recorded, books: &Books) -> Result<(), BenchError> {
    recorded.prove("ITCH books", |instrument, side, _| {
        let levels = books.levels(locate(instrument).unwrap_or(0), side);
        levels.map(|level| (level.price.0, level.total, level.orders)).collect()
    })
}
