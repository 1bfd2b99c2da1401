//! What it takes to write a message down, beside a copy of a cache line.

use std::hint::black_box;

use super::recorded::Recorded;
use crate::figure::{Figure, Row};
use crate::sample::median;
use engine::market_event::MarketEvent;
use netio::clock::Clock;
use wire::tick::Tick;

const WITHOUT: &str = "packing, sequencing, copies to the lines, the port";

/// A tick, an ITCH message and 64 bytes.
pub fn rows(recorded: &Recorded, passes: u32, clock: &Clock) -> Vec<Row> {
    let ticks: Vec<Tick> = recorded.ticks().copied().collect();
    let lines: Vec<[u64; 8]> = (0..ticks.len() as u64).map(|number| [number; 8]).collect();
    let depth = recorded.events.iter().filter_map(|event| match event {
        MarketEvent::Depth(event) => Some(*event),
        MarketEvent::Tick(_) => None,
    });
    let depth: Vec<_> = depth.collect();
    let instruments = recorded.exchange.instruments();
    let (mut tick_ns, mut line_ns, mut depth_ns) = (Vec::new(), Vec::new(), Vec::new());
    let mut out = [0; 64];
    for _ in 0..passes {
        let before = clock.now();
        for tick in &ticks {
            black_box(tick.encode(black_box(&mut out)));
        }
        tick_ns.push(clock.now() - before);

        let before = clock.now();
        let mut slot = [0; 8];
        for line in &lines {
            *black_box(&mut slot) = *line;
        }
        black_box(slot);
        line_ns.push(clock.now() - before);

        let before = clock.now();
        for event in &depth {
            black_box(event.encode(instruments, black_box(&mut out)));
        }
        depth_ns.push(clock.now() - before);
    }
    let row = |name: &'static str, ns: &[u64], count: usize| Row {
        name: name.into(),
        figures: vec![Figure::tenths("message_ns", median(ns), count as u64)],
        excludes: WITHOUT,
    };
    vec![
        row("copy of 64 bytes", &line_ns, lines.len()),
        row("tick encoded", &tick_ns, ticks.len()),
        row("ITCH message encoded", &depth_ns, depth.len()),
    ]
}
