//! How fast a subscriber understands the packets: framing, sequencing, two lines made one, and the books.

use std::hint::black_box;

use super::publisher::packets;
use super::recorded::Recorded;
use crate::error::BenchError;
use crate::figure::{Figure, Row};
use crate::sample::median;
use crate::subject::login::START;
use feedhandler::handler::{Handler, HandlerOptions, Join, Source};
use netio::clock::Clock;
use wire::Nanos;
use wire::feed::{StreamKind, locate};
use wire::mold::Packet;

const WITHOUT: &str = "receiving; the first quarter of the packets, in which tables come to their size";
/// The part of the packets for which nobody looks at the clock.
const UNMEASURED: usize = 4;

/// Both streams, from one line and from two.
///
/// # Errors
/// The books are not the venue's.
pub fn rows(recorded: &Recorded, passes: u32, clock: &Clock) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    for (kind, name) in [(StreamKind::Tick, "ticks"), (StreamKind::Depth, "depth")] {
        let packets = packets(recorded, kind)?;
        let measured = packets[packets.len() / UNMEASURED..].iter().filter_map(|packet| Packet::parse(packet).ok());
        let count: u64 = measured.map(|packet| u64::from(packet.count())).sum();
        let mut taken_ns = [Vec::new(), Vec::new()];
        for pass in 0..=passes {
            for (lines, taken_ns) in (1..).zip(&mut taken_ns) {
                let ns = handle(recorded, kind, &packets, lines, clock)?;
                // The first pass is for the machine to warm.
                if pass > 0 {
                    taken_ns.push(ns);
                }
            }
        }
        for (lines, ns) in ["one line", "two lines"].into_iter().zip(&taken_ns) {
            let ns = median(ns);
            rows.push(Row {
                name: format!("{name} handled, {lines}").into(),
                figures: vec![Figure::rate("messages_per_s", count, ns), Figure::tenths("message_ns", ns, count)],
                excludes: WITHOUT,
            });
        }
    }
    Ok(rows)
}

fn handle(
    recorded: &Recorded,
    kind: StreamKind,
    packets: &[Vec<u8>],
    lines: usize,
    clock: &Clock,
) -> Result<u64, BenchError> {
    let options = HandlerOptions { join: Join::Start, lines, snapshot: None, ..HandlerOptions::new(kind) };
    let mut handler = Handler::new(options);
    let mut now = START.0;
    let mut before = 0;
    for (place, packet) in packets.iter().enumerate() {
        now += 1_000;
        if place == packets.len() / UNMEASURED {
            before = clock.now();
        }
        for line in 0..lines {
            handler.on_packet(Source::Line(line), black_box(packet), Nanos(now), &mut ());
        }
    }
    let taken_ns = clock.now() - before;
    if let Some(stale) = handler.stale() {
        let (expected, found) = ("books that are not stale".to_owned(), format!("{stale:?}"));
        return Err(BenchError::Unequal { subject: "handler", expected, found });
    }
    match kind {
        StreamKind::Tick => recorded.prove("ticks handled", |instrument, side, orders| {
            let depth = handler.depth().and_then(|depth| depth.get(instrument));
            let levels = depth.into_iter().flat_map(move |depth| depth.levels(side));
            // A tick does not tell how many orders there are.
            let orders = orders.iter().copied().chain(std::iter::repeat(0));
            levels.zip(orders).map(|(level, orders)| (level.price.0, u64::from(level.quantity), orders)).collect()
        })?,
        StreamKind::Depth => recorded.prove("depth handled", |instrument, side, _| {
            let books = handler.books().expect("a handler of depth has books");
            let levels = books.levels(locate(instrument).unwrap_or(0), side);
            levels.map(|level| (level.price.0, level.total, level.orders)).collect()
        })?,
    }
    Ok(taken_ns)
}
