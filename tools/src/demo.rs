//! `pinion demo`: the whole appliance with real order flow, and the proof of what it promises, on one screen.
//!
//! Goal: anyone with a Rust toolchain sees orders go in as packets and reports, ticks and a journal come out, and whether all of it is
//! right. Non-goal: a benchmark; the figures are those of this machine under whatever else it does.

mod act;
mod place;
mod screen;

use crate::demo::act::Act;
use crate::demo::place::Place;
use clap::Args;
use engine::journal::Durability;
use netio::host::PortKind;
use std::error::Error;
use std::io::Write;

/// Run the appliance with recorded order flow, and check everything it promises.
///
/// On loopback it needs no root, no configuration and no other file. With AF_XDP or DPDK it runs, as root, between two network
/// namespaces of its own, which end with it. Takes some seconds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pinion demo
  pinion demo --port socket     plain sockets instead of io_uring
  sudo pinion demo --port xdp   AF_XDP, in namespaces of its own
  sudo pinion demo --lab        whatever is the best port there

Runs once with each durability. Exit status 0: everything held; 1: something did not.")]
pub struct DemoArgs {
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Between two network namespaces of its own, as root; always so with xdp and dpdk
    #[arg(long)]
    lab: bool,
    /// Messages a second in the part that measures acknowledgement latency
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rate: u32,
}

/// Runs the demo. Returns whether everything held.
///
/// # Errors
/// The appliance or its client could not be run at all.
pub fn execute(args: &DemoArgs) -> Result<bool, Box<dyn Error>> {
    let place = Place::make(args.port, args.lab)?;
    eprintln!("pinion demo: orders over UDP {}; {}", place.name(), host_facts());
    let mut acts = Vec::new();
    for durability in [Durability::Synced, Durability::Mapped] {
        eprintln!("running with durability {durability} …");
        acts.push(Act::play(durability, args, &place)?);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", screen::render(&acts))?;
    Ok(acts.iter().all(Act::held))
}

/// What a reader of the figures must know about where they come from.
fn host_facts() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, Linux {}", kernel.trim())
}
