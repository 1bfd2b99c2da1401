//! The whole appliance in one process: what passes through all tiles, how long it takes by the clock, and where the time goes.
//!
//! ```text
//!   feeder ─► port in memory ─► net ─► matching ─► journal, feed       flood: as fast as it is answered
//!     ▲                          ▲        │           │                open loop: by a schedule, from the time a message was due
//!     └──────────────────────────┴────────┴── durable ┘                budget: the same, with a trace
//! ```
//! Goal: real tiles, links and journal under the real protocol. Every pass must end in the state that the exchange alone comes to, whose
//! reports are hashed. Non-goal: a network.

mod budget;
mod counted;
mod feeder;
mod load;
mod site;
mod slowed;

use std::env;
use std::path::{Path, PathBuf};

use self::load::{Bench, Fed, Proved};
use self::site::Setup;
use crate::error::BenchError;
use crate::figure::{Section, THREADS};
use crate::host::file_system;
use crate::load::schedule::{MICROBURST, Pattern};
use crate::published::SEED;
use clap::{Args, ValueEnum};
use engine::config::Topology;
use engine::journal::Durability;
use engine::tile::Wait;
use feedhandler::flow::workload::Scenario;
use netio::clock::Clock;
use netio::cpu::allowed_cores;

const ORDERS: u32 = 50_000;
const SMOKE_ORDERS: u32 = 1_000;
const PASSES: u32 = 3;
const RATE_PER_S: u64 = 20_000;
const SMOKE_RATE_PER_S: u64 = 4_000;
/// One of 2 to this power messages is followed.
const TRACE_POWER: u32 = 4;
const SMOKE_TRACE_POWER: u32 = 2;

/// Measure the whole appliance in this process, over a port in memory: throughput, latency by the clock, and the budget of each stage.
#[derive(Debug, Default, Args)]
pub struct PipelineArgs {
    /// Only these parts, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Only these scenarios, separated by commas: static, normal, swing-25, swing-40, flash-crash
    #[arg(long, value_delimiter = ',')]
    scenario: Vec<Scenario>,
    /// New orders in a flow, about half of its messages
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    orders: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    /// Messages a second of the open loop and of the budget
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rate: Option<u64>,
    /// Threads of the tiles: 1, 2 or 4, or several of these; as many as the cores hold beside the feeder when not given
    #[arg(long, value_delimiter = ',', value_parser = preset)]
    threads: Vec<usize>,
    /// What an idle tile does: spin, yield or park. When not told otherwise it spins, and yields where the helper that syncs has no core
    #[arg(long)]
    wait: Option<Wait>,
    /// Directory for the journals; that for temporary files when not given
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Slow matching on purpose in the budget, for the test that this is found
    #[arg(long, hide = true)]
    slow_match: bool,
}

impl PipelineArgs {
    /// As in a run of everything: the ordinary day, so that it fits the screen and the time; the book takes all scenarios there.
    #[must_use]
    pub fn canonical() -> Self {
        Self { scenario: vec![Scenario::Normal], ..Self::default() }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Everything at once, and what the trace costs.
    Flood,
    /// By the clock, a sweep of rates and its knee.
    Open,
    /// What the counters cost, and what it costs that somebody reads them. Only when asked for.
    Counters,
    /// The time of each stage, mapped.
    Budget,
    /// The time of each stage, synced.
    BudgetSynced,
}

/// Measures.
///
/// # Errors
/// The appliance does not run, or came to another state than it must.
pub fn run(args: &PipelineArgs, smoke: bool, clock: &Clock) -> Result<Vec<Section>, BenchError> {
    let dir = args.dir.clone().unwrap_or_else(env::temp_dir);
    let setups = setups(&args.threads, args.wait, smoke);
    let bench = Bench {
        clock,
        dir: &dir,
        orders: args.orders.unwrap_or(if smoke { SMOKE_ORDERS } else { ORDERS }),
        passes: args.passes.unwrap_or(if smoke { 1 } else { PASSES }),
        smoke,
        slow_match: args.slow_match,
        power: if smoke { SMOKE_TRACE_POWER } else { TRACE_POWER },
    };
    let rate = args.rate.unwrap_or(if smoke { SMOKE_RATE_PER_S } else { RATE_PER_S });
    let takes = |part| args.only.is_empty() || args.only.contains(&part);
    let scenarios = if args.scenario.is_empty() { Scenario::ALL } else { &args.scenario[..] };
    let proved = |scenario: &Scenario| Proved::new(&bench, *scenario, &setups[0]);
    // What is by the clock takes the first scenario asked for, or the ordinary day.
    let clocked = proved(args.scenario.first().unwrap_or(&Scenario::Normal))?;

    let mut sections = Vec::new();
    let is_counted = args.only.contains(&Part::Counters);
    if takes(Part::Flood) || takes(Part::Open) || is_counted {
        let mut section =
            Section { name: "pipeline", facts: facts(&bench, &setups, &dir), rows: vec![], series: vec![] };
        if takes(Part::Flood) {
            let flows = scenarios.iter().map(proved).collect::<Result<Vec<_>, _>>()?;
            section.facts.extend(flows.iter().map(Proved::fact));
            for setup in &setups {
                for flow in &flows {
                    bench.flood(&Fed::new(&bench, flow, setup, Durability::Mapped)?, &mut section)?;
                }
                bench.flood(&Fed::new(&bench, &clocked, setup, Durability::Synced)?, &mut section)?;
                bench.trace_cost(&Fed::new(&bench, &clocked, setup, Durability::Mapped)?, &mut section)?;
            }
        }
        if takes(Part::Open) {
            for setup in &setups {
                let [mapped, synced] = [Durability::Mapped, Durability::Synced]
                    .map(|durability| Fed::new(&bench, &clocked, setup, durability));
                let (mapped, synced) = (mapped?, synced?);
                bench.open_loop(&mapped, Pattern::Poisson, rate, &mut section)?;
                bench.open_loop(&mapped, Pattern::Bursts(MICROBURST), rate, &mut section)?;
                bench.open_loop(&synced, Pattern::Poisson, rate, &mut section)?;
                bench.sweep(&mapped, rate, &mut section)?;
            }
        }
        if is_counted {
            for setup in &setups {
                let fed = Fed::new(&bench, &clocked, setup, Durability::Mapped)?;
                bench.counted_flood(&fed, &mut section)?;
                bench.counted_open(&fed, rate, &mut section)?;
            }
        }
        sections.push(section);
    }
    let budgets =
        [(Part::Budget, "budget", Durability::Mapped), (Part::BudgetSynced, "budget, synced", Durability::Synced)];
    for (_, name, durability) in budgets.into_iter().filter(|(part, ..)| takes(*part)) {
        if let Some(setup) = setups.last() {
            sections.push(bench.budget(name, &Fed::new(&bench, &clocked, setup, durability)?, rate)?);
        }
    }
    Ok(sections)
}

/// A number of threads for which there is a placement.
fn preset(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| Topology::preset(*threads).is_some());
    threads.ok_or_else(|| format!("expected 1, 2 or 4 threads, found '{text}'"))
}

/// One for each placement that was asked for, or that the cores can hold.
fn setups(threads: &[usize], wait: Option<Wait>, smoke: bool) -> Vec<Setup> {
    let cores = allowed_cores();
    // A thread that yields may stand still for seconds where others are busy, and the tests run where they are.
    let unasked = if smoke { Wait::Park } else { Wait::Spin };
    let holds = |threads: &usize| *threads < cores.len();
    let mut chosen = if threads.is_empty() { vec![1, 2, 4] } else { threads.to_vec() };
    if threads.is_empty() {
        chosen.retain(|threads| *threads == 1 || holds(threads));
    }
    let setup = |threads: usize| Setup {
        threads,
        wait: wait.unwrap_or(unasked),
        wait_synced: wait.unwrap_or(if unasked == Wait::Spin && cores.len() <= threads + 1 {
            Wait::Yield
        } else {
            unasked
        }),
        cores: if holds(&threads) { cores[..=threads].to_vec() } else { Vec::new() },
    };
    chosen.into_iter().map(setup).collect()
}

fn facts(bench: &Bench<'_>, setups: &[Setup], dir: &Path) -> Vec<(&'static str, String)> {
    let mut facts = vec![(
        "flow",
        format!(
            "{} orders a scenario, seed {SEED}, one session, at most {} messages unanswered",
            bench.orders,
            site::WINDOW
        ),
    )];
    facts.extend(setups.iter().max_by_key(|setup| setup.threads).map(|setup| (THREADS, setup.polling())));
    let placed: Vec<String> = setups.iter().map(Setup::to_string).collect();
    facts.push(("placement", placed.join("; ")));
    facts.push(("journal", format!("on {}; synced waits for the disk, mapped does not", file_system(dir))));
    facts.push(("passes", format!("median of {}, each with a fresh appliance", bench.passes)));
    facts
}
