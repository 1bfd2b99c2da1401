//! The one screen.

use super::act::Act;
use crate::replay::ReplayOutcome;
use std::fmt::Write;

/// A row: what it says, and its figure for one run.
type Row = (&'static str, fn(&Act) -> String);

const FIGURES: &[Row] = &[
    ("orders and messages, as fast as a window of 256 allows", |_| String::new()),
    ("  messages answered", |act| act.flood.messages.to_string()),
    ("  messages a second", |act| act.flood.messages_per_s().to_string()),
    ("  orders a second", |act| orders_per_s(&act.flood).to_string()),
    ("  trades", |act| act.flood.tally.trades.to_string()),
    ("NASDAQ ITCH 5.0 sample as orders, sent by the clock", |_| String::new()),
    ("  messages answered", |act| act.paced.messages.to_string()),
    ("  trades", |act| act.paced.tally.trades.to_string()),
    ("  acknowledgement p50, µs", |act| latency(&act.paced, 0.5)),
    ("  acknowledgement p99, µs", |act| latency(&act.paced, 0.99)),
    ("  acknowledgement p99.9, µs", |act| latency(&act.paced, 0.999)),
    ("  acknowledgement max, µs", |act| latency(&act.paced, 1.0)),
    ("market data", |_| String::new()),
    ("  ticks published", |act| act.ticks_published.to_string()),
    ("  ticks received", |act| act.ticks_received.to_string()),
    ("  gaps", |act| act.gaps.to_string()),
];

/// A check: what must hold, and whether it did.
type Check = (&'static str, fn(&Act) -> bool);

const CHECKS: &[Check] = &[
    ("report stream has the published SHA-256", Act::reports_published),
    ("every tick received once, no gap", Act::ticks_whole),
    ("depth rebuilt from ticks equals the engine's books", Act::depth_equal),
    ("journal replays to the same state hash and books", Act::replay_equal),
];

/// Renders all runs side by side.
pub fn render(acts: &[Act]) -> String {
    let mut screen = String::new();
    // Writing into a String does not fail.
    let mut line = |label: &str, cells: Vec<String>| {
        let mut row = format!("{label:<56}");
        for cell in cells {
            let _ = write!(row, "{cell:>14}");
        }
        let _ = writeln!(screen, "{}", row.trim_end());
    };
    line("durability", acts.iter().map(|act| act.durability.to_string()).collect());
    line("port", acts.iter().map(|act| act.port.to_string()).collect());
    for (label, figure) in FIGURES {
        line(label, acts.iter().map(figure).collect());
    }
    line("checks", Vec::new());
    for (label, holds) in CHECKS {
        let cells = acts.iter().map(|act| if holds(act) { "ok".to_owned() } else { "FAIL".to_owned() });
        line(&format!("  {label}"), cells.collect());
    }
    for act in acts {
        let proof = act.flood.proof();
        line(&format!("{}: {proof}", act.durability), Vec::new());
        let Act { durability, hash_live, hash_replayed, records, levels: (compared, different), .. } = act;
        line(
            &format!(
                "{durability}: state {hash_live:016x} live, {hash_replayed:016x} after {records} records; \
                 {different} of {compared} levels differ"
            ),
            Vec::new(),
        );
    }
    line(if acts.iter().all(Act::held) { "all held" } else { "NOT ALL HELD" }, Vec::new());
    screen.truncate(screen.trim_end().len());
    screen
}

fn orders_per_s(outcome: &ReplayOutcome) -> u64 {
    let orders = u128::from(outcome.tally.accepted + outcome.tally.replaced);
    u64::try_from(orders * 1_000_000_000 / u128::from(outcome.elapsed_ns.max(1))).unwrap_or(u64::MAX)
}

fn latency(outcome: &ReplayOutcome, quantile: f64) -> String {
    (outcome.latency.value_at_quantile(quantile) / 1_000).to_string()
}
