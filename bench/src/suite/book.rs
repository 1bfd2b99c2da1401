//! The book's operations one by one, on books of several sizes.
//!
//! Goal: the cost of each operation in a stream of its own kind, and how far the slowest ones are from the middle one. Non-goal: real
//! mixtures, which the suites `core` and `instruments` measure.

use std::sync::atomic::{Ordering, fence};

use crate::error::BenchError;
use crate::figure::{Figure, Row, Section};
use crate::sample::{clock_overhead_ns, durations, median};
use crate::stream::floor::Shape;
use crate::stream::operations::{Operation, Round};
use crate::subject::rounds::RoundSubject;
use clap::Args;
use hdrhistogram::Histogram;
use netio::clock::Clock;

const SIZES: [u32; 4] = [100, 20_000, 100_000, 1_000_000];
const COUNTS: [u32; 3] = [1, 100, 10_000];
const OPERATIONS: usize = 8_192;
const WINDOWS: u32 = 10;
/// A window is called disturbed when its p99.9 is so many times that of the quietest one.
const DISTURBED: u64 = 2;
const WITHOUT: &str = "decoding, entry checks, reports, ticks, journal, network; what prepares and restores the book";

/// Measure the book's operations one by one.
#[derive(Debug, Default, Args)]
pub struct BookArgs {
    /// Only these, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Operation>,
    /// Live orders; 100, 20000, 100000 and 1000000 when not given
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    orders: Vec<u32>,
    /// Instruments, which share the orders by Zipf's law; 1, 100 and 10000 when not given
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=32_768))]
    instruments: Vec<u32>,
    /// Windows of operations, of which the quietest counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    windows: Option<u32>,
}

/// What an operation came to.
struct Found {
    /// Each window's time for all its operations, the clock's own share taken off, and their number.
    batches: Vec<(u64, u64)>,
    /// Each window's single operations, the clock's own share still in.
    singles: Vec<Histogram<u64>>,
}

/// Measures.
///
/// # Errors
/// An operation did something else than its name says, or the book is not sound afterwards.
pub fn run(args: &BookArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let or = |given: &[u32], usual: &[u32]| if given.is_empty() { usual.to_vec() } else { given.to_vec() };
    let sizes = or(&args.orders, if smoke { &[100, 400] } else { &SIZES });
    let counts = or(&args.instruments, if smoke { &[1, 20] } else { &COUNTS });
    let windows = args.windows.unwrap_or(if smoke { 2 } else { WINDOWS });
    let operations = if smoke { 64 } else { OPERATIONS };
    let chosen: Vec<Operation> =
        Operation::ALL.into_iter().filter(|one| args.only.is_empty() || args.only.contains(one)).collect();
    let (overhead_ns, settling_ns) = (clock_overhead_ns(clock), settling_ns(clock));
    let mut rows = Vec::new();
    for instruments in counts {
        // A book of fewer than some orders an instrument is not the book that was asked for.
        for orders in sizes.iter().copied().filter(|orders| orders / 8 >= instruments) {
            let mut subject = RoundSubject::open(Shape { orders, instruments }, 1);
            let live = subject.audit()?;
            let instruments = if instruments == 1 { String::new() } else { format!(", {instruments} instruments") };
            for operation in &chosen {
                let mut found = Found { batches: vec![], singles: vec![] };
                for _ in 0..windows {
                    found.batch(&mut subject, *operation, operations, clock, overhead_ns)?;
                    found.single(&mut subject, *operation, operations, clock)?;
                }
                let name = format!("{live} orders{instruments}: {}", operation.name());
                rows.push(found.row(name, settling_ns));
            }
            subject.audit()?;
        }
    }
    let facts = vec![
        ("windows", format!("{windows} of {operations} operations for each figure; one thread, not pinned")),
        ("batch", "operations in a row, of the fastest window and of the middle one".to_owned()),
        (
            "p50 to max",
            format!(
                "single operations of the quietest window, less {settling_ns} ns for a fence and a reading of the clock"
            ),
        ),
        ("disturbed", format!("windows whose p99.9 is more than {DISTURBED} times the quietest one's")),
    ];
    Ok(Section { name: "book", facts, rows, series: vec![] })
}

impl Found {
    fn batch(
        &mut self,
        subject: &mut RoundSubject,
        operation: Operation,
        operations: usize,
        clock: &Clock,
        overhead_ns: u64,
    ) -> Result<(), BenchError> {
        let mut sum_ns = 0;
        let measure = |subject: &mut RoundSubject, round: &Round| {
            let before = clock.now();
            subject.take_batch(&round.measured);
            sum_ns += (clock.now() - before).saturating_sub(overhead_ns);
        };
        let count = window(subject, operation, operations, measure)?;
        self.batches.push((sum_ns, count));
        Ok(())
    }

    fn single(
        &mut self,
        subject: &mut RoundSubject,
        operation: Operation,
        operations: usize,
        clock: &Clock,
    ) -> Result<(), BenchError> {
        let mut durations = durations();
        let measure = |subject: &mut RoundSubject, round: &Round| {
            for step in &round.measured {
                let before = settled(clock);
                subject.take_one(step);
                durations.saturating_record((settled(clock) - before).max(1));
            }
        };
        window(subject, operation, operations, measure)?;
        self.singles.push(durations);
        Ok(())
    }

    fn row(&self, name: String, settling_ns: u64) -> Row {
        let tail = |window: &Histogram<u64>| window.value_at_quantile(0.999);
        let tenths: Vec<u64> =
            self.batches.iter().map(|(ns, count)| Figure::tenths("batch_ns", *ns, *count).value).collect();
        let tenth = |name, value| Figure { name, value, unit: crate::figure::Unit::TenthNs };
        let batch_middle = median(&tenths);
        let mut figures =
            vec![tenth("batch_ns", tenths.iter().copied().min().unwrap_or(0)), tenth("batch_middle_ns", batch_middle)];
        if let Some(quiet) = self.singles.iter().min_by_key(|window| tail(window)) {
            let net = |ns: u64| ns.saturating_sub(settling_ns).max(1);
            let at = |quantile| net(quiet.value_at_quantile(quantile));
            let limit_ns = net(tail(quiet)) * DISTURBED;
            let disturbed = self.singles.iter().filter(|window| net(tail(window)) > limit_ns).count();
            figures.extend([
                Figure::ns("p50_ns", at(0.5)),
                Figure::ns("p99_ns", at(0.99)),
                Figure::ns("p999_ns", at(0.999)),
                Figure::ns("max_ns", net(quiet.max())),
                Figure::ratio("p999_to_p50_ratio", at(0.999), at(0.5)),
                Figure::ratio("p999_to_batch_ratio", at(0.999) * 10, batch_middle),
                Figure::count("disturbed", disturbed as u64),
            ]);
        }
        Row { name: name.into(), figures, excludes: WITHOUT }
    }
}

/// The time when everything before is done. Without the fence a reading overtakes the stores, and on some processors the loads, that an
/// operation has begun, and the next operation pays for them.
#[inline(always)]
fn settled(clock: &Clock) -> u64 {
    fence(Ordering::SeqCst);
    clock.now()
}

/// What lies between two such readings when nothing else does.
fn settling_ns(clock: &Clock) -> u64 {
    const READINGS: usize = 20_000;
    let mut durations = durations();
    for _ in 0..READINGS {
        let before = settled(clock);
        durations.saturating_record((settled(clock) - before).max(1));
    }
    durations.value_at_quantile(0.5)
}

/// Makes a window, then runs it. Returns how many operations were in it.
fn window(
    subject: &mut RoundSubject,
    operation: Operation,
    operations: usize,
    mut measure: impl FnMut(&mut RoundSubject, &Round),
) -> Result<u64, BenchError> {
    let rounds = subject.window(operation, operations);
    let mut count = 0;
    for round in &rounds {
        subject.take_aside(&round.prepare);
        measure(subject, round);
        count += round.measured.len();
        subject.take_aside(&round.restore);
    }
    subject.check(operation, count)?;
    Ok(count as u64)
}
