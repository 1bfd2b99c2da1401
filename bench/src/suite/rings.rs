//! The ring between two tiles: how long a slot takes to the other core, and how many pass in a second.
//!
//! Goal: the cost of a hop between two pinned threads, nothing else on the way. Non-goal: what a tile does with a slot; more than two
//! threads.

use std::thread;

use crate::cores::wait;
use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::sample::{durations, median, percentiles};
use clap::Args;
use hdrhistogram::Histogram;
use netio::clock::Clock;
use netio::cpu::{PinError, allowed_cores, pin_current_thread};
use netio::ring::{Consumer, Producer, channel};

/// Measure the rings between tiles: one hop, and a stream.
#[derive(Debug, Default, Args)]
pub struct RingsArgs {}

/// 64 bytes: a cache line.
type Slot = [u64; 8];

const SLOTS: usize = 1_024;
const BATCHES: [usize; 2] = [1, 32];
const STREAM_PASSES: usize = 5;

const WITHOUT: &str = "work on the slot, a third thread, cores that are not isolated from others' work";

/// Measures.
///
/// # Errors
/// A core cannot be had, or a ring gave a wrong slot.
pub fn run(_args: &RingsArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let (round_trips, streamed) = if smoke { (2_000, 20_000) } else { (200_000, 4_000_000) };
    let [near, far] = match allowed_cores()[..] {
        [near, far, ..] => [near, far],
        ref cores => {
            let found = format!("needs 2 cores, this process may use {}", cores.len());
            return Ok(Section { name: "rings", facts: vec![("not measured", found)], rows: vec![], series: vec![] });
        }
    };
    let cores = format!("one thread on core {near}, one on core {far}, slots of 64 bytes, {SLOTS} of them");
    let trips = ping_pong(round_trips, [near, far], clock)?;
    let mut figures = vec![Figure::ns("hop_p50_ns", trips.value_at_quantile(0.5) / 2)];
    figures.extend(percentiles(["round_trip_p50_ns", "round_trip_p99_ns", "round_trip_p999_ns"], &trips));
    let mut rows = vec![Row { name: "one slot".into(), figures, excludes: WITHOUT }];
    for (name, batch) in ["stream by 1", "stream by 32"].into_iter().zip(BATCHES) {
        let passes = (0..STREAM_PASSES).map(|_| stream(streamed, batch, [near, far], clock));
        let passes = passes.collect::<Result<Vec<_>, _>>()?;
        let figures = vec![
            Figure::rate("slots_per_s", streamed, median(&passes)),
            Figure::count("released_at_once_max", batch as u64),
        ];
        rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
    }
    let facts = vec![
        ("threads", cores),
        (
            "samples",
            format!(
                "{round_trips} round trips; a hop is half of one. Streams: median of {STREAM_PASSES} × {streamed} slots"
            ),
        ),
    ];
    Ok(Section { name: "rings", facts, rows, series: vec![] })
}

/// Sends a slot there and back, one at a time. Returns how long the round trips took.
fn ping_pong(round_trips: u64, [near, far]: [usize; 2], clock: &Clock) -> Result<Histogram<u64>, BenchError> {
    let (mut there, mut arriving) = channel(SLOTS, Slot::default);
    let (mut back, mut returning) = channel(SLOTS, Slot::default);
    let clock = clock.clone();
    let (trips, wrong) = both(
        near,
        move || {
            let mut trips = durations();
            let mut wrong = 0;
            for number in 0..round_trips {
                let before = clock.now();
                if !put(&mut there, 1, number) || ready(&mut returning, 1) == 0 {
                    break;
                }
                wrong += u64::from(*returning.slot(0) != [number; 8]);
                returning.release(1);
                trips.saturating_record((clock.now() - before).max(1));
            }
            (trips, wrong)
        },
        far,
        move || {
            for _ in 0..round_trips {
                if ready(&mut arriving, 1) == 0 {
                    break;
                }
                let number = arriving.slot(0)[7];
                arriving.release(1);
                if !put(&mut back, 1, number) {
                    break;
                }
            }
        },
    )?
    .0;
    let wrong = wrong + (round_trips - trips.len());
    if wrong > 0 { Err(BenchError::Ring { wrong }) } else { Ok(trips) }
}

/// Sends slots as fast as they are taken. Returns how long it took from the first to the last, ns.
fn stream(slots: u64, batch: usize, [near, far]: [usize; 2], clock: &Clock) -> Result<u64, BenchError> {
    let (mut producer, mut consumer) = channel(SLOTS, Slot::default);
    let clock = clock.clone();
    let (taken_ns, wrong) = both(
        near,
        move || {
            let mut next = 0;
            let mut wrong = 0;
            let mut started_ns = 0;
            while next < slots {
                let count = ready(&mut consumer, 1).min(batch);
                if count == 0 {
                    break;
                }
                if next == 0 {
                    started_ns = clock.now();
                }
                for at in 0..count {
                    wrong += u64::from(*consumer.slot(at) != [next; 8]);
                    next += 1;
                }
                consumer.release(count);
            }
            (clock.now() - started_ns, wrong + (slots - next))
        },
        far,
        move || {
            let mut next = 0;
            while next < slots {
                let left = usize::try_from(slots - next).unwrap_or(batch);
                let count = batch.min(left);
                if !put(&mut producer, count, next) {
                    break;
                }
                next += count as u64;
            }
        },
    )?
    .0;
    if wrong > 0 { Err(BenchError::Ring { wrong }) } else { Ok(taken_ns) }
}

/// Writes `count` numbered slots as soon as there is room for all; `false` when nobody reads any more.
fn put(producer: &mut Producer<Slot>, count: usize, first: u64) -> bool {
    let mut turns = 0;
    while producer.acquire(count) < count {
        if producer.is_closed() {
            return false;
        }
        wait(&mut turns);
    }
    for (at, number) in (0..count).zip(first..) {
        *producer.slot_mut(at) = [number; 8];
    }
    producer.release(count);
    true
}

/// Waits for slots and says how many there are; 0 when none will come.
fn ready(consumer: &mut Consumer<Slot>, want: usize) -> usize {
    let mut turns = 0;
    loop {
        let closed = consumer.is_closed();
        let count = consumer.acquire(want);
        if count > 0 || closed {
            return count;
        }
        wait(&mut turns);
    }
}

/// Runs both at the same time, each on its core.
fn both<A: Send, B: Send>(
    near: usize,
    first: impl FnOnce() -> A + Send,
    far: usize,
    second: impl FnOnce() -> B + Send,
) -> Result<(A, B), BenchError> {
    thread::scope(|scope| {
        let first = thread::Builder::new().name("bench-near".to_owned()).spawn_scoped(scope, move || {
            pin_current_thread(near)?;
            Ok::<A, PinError>(first())
        });
        let second = thread::Builder::new().name("bench-far".to_owned()).spawn_scoped(scope, move || {
            pin_current_thread(far)?;
            Ok::<B, PinError>(second())
        });
        let (first, second) = (first.map_err(BenchError::Thread)?, second.map_err(BenchError::Thread)?);
        let died = |_| BenchError::Thread(std::io::Error::other("a measuring thread panicked"));
        let (first, second) = (first.join().map_err(died)?, second.join().map_err(died)?);
        Ok((first?, second?))
    })
}
