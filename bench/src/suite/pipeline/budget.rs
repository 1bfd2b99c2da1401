//! The budget: what each stage of a message's way adds, from the stamps of the tiles.
//!
//! Goal: the stages of a journey add up to the whole. Non-goal: averages of stages that did not happen to the same message.

use crate::error::BenchError;
use crate::figure::{Figure, Plot, Row, Section, Series, Unit};
use crate::load::distribution::Distribution;
use engine::trace::{Journey, Milestone, STAGES, Stamps, Trace as _, join};
use netio::clock::Clock;
use std::hint::black_box;
use wire::Seq;

/// Journeys of fewer messages are no budget.
const JOURNEYS_MIN: usize = 10;

const WITHOUT: &str =
    "the client and the network; each stage holds one reading of the counter and what keeping it takes";

/// Makes the section of one run from the stamps of its tiles.
///
/// # Errors
/// Hardly any message has all its stamps.
pub fn section(
    name: &'static str,
    how: String,
    traces: &[Stamps],
    power: u32,
    clock: &Clock,
) -> Result<Section, BenchError> {
    let joined = join(traces);
    let journeys = &joined.complete;
    if journeys.len() < JOURNEYS_MIN {
        let found = format!("{} whole journeys, {} with stamps missing", journeys.len(), joined.incomplete);
        return Err(BenchError::Unequal { subject: name, expected: format!("{JOURNEYS_MIN} whole journeys"), found });
    }
    let mut stages = vec![Distribution::default(); STAGES];
    let mut sums = [0_u64; STAGES];
    let mut whole = Distribution::default();
    for journey in journeys {
        for ((ticks, stage), sum) in journey.spent().into_iter().zip(&mut stages).zip(&mut sums) {
            stage.record(clock.ns_of(ticks));
            *sum += ticks;
        }
        whole.record(clock.ns_of(journey.total()));
    }
    let total: u64 = journeys.iter().map(Journey::total).sum();
    let names = || Milestone::ALL.into_iter().skip(1).map(Milestone::name);
    let mut rows: Vec<Row> = Vec::new();
    for ((name, stage), sum) in names().zip(&stages).zip(sums) {
        // Thousandths of the whole are tenths of a percent. No cost: when one stage becomes faster, the shares of all others grow.
        let share = Figure { unit: Unit::Tenths, ..Figure::ratio("share_percent", sum, total) };
        let figures = vec![p10(stage), p50(stage), p99(stage), share];
        rows.push(Row { name: name.into(), figures, excludes: WITHOUT });
    }
    rows.push(Row { name: "whole".into(), figures: vec![p10(&whole), p50(&whole), p99(&whole)], excludes: WITHOUT });
    let points = (1..).zip(&stages).map(|(number, stage)| (number, stage.percentile_ns(P50))).collect();
    let labels = names().map(str::to_owned).collect();
    let cost = stamp_tenth_ns(clock);
    let facts = vec![
        ("load", how),
        (
            "journeys",
            format!(
                "{} messages, one of {}, followed through the tiles; {} lack a stamp, {} stamps found no room",
                journeys.len(),
                1_u64 << power,
                joined.incomplete,
                joined.left_out
            ),
        ),
        (
            "stages",
            "each is charged with what it adds after the latest stage before it; share is of the sum over all".into(),
        ),
        (
            "cost",
            format!("keeping a stamp takes {}.{} ns, which is in every stage and not subtracted", cost / 10, cost % 10),
        ),
    ];
    Ok(Section {
        name,
        facts,
        rows,
        series: vec![Series { plot: Plot::Budget, name: name.to_owned(), points, labels }],
    })
}

/// What one stamp costs: the reading of the counter, and keeping it.
fn stamp_tenth_ns(clock: &Clock) -> u64 {
    const STAMPS: u32 = 100_000;
    let mut stamps = Stamps::new(clock, 0, 100_000);
    let before = clock.now();
    (0..u64::from(STAMPS)).for_each(|seq| black_box(&mut stamps).reached(Seq(seq), Milestone::Match));
    Figure::tenths("", clock.now() - before, u64::from(STAMPS)).value
}

const P10: u64 = 10_000;
const P50: u64 = 50_000;
const P99: u64 = 99_000;

/// What a busy machine disturbs least.
fn p10(distribution: &Distribution) -> Figure {
    Figure::ns("p10_ns", distribution.percentile_ns(P10))
}

fn p50(distribution: &Distribution) -> Figure {
    Figure::ns("p50_ns", distribution.percentile_ns(P50))
}

fn p99(distribution: &Distribution) -> Figure {
    Figure::ns("p99_ns", distribution.percentile_ns(P99))
}
