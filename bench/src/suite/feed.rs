//! Market data: what saying it costs the venue, how fast it leaves, and how fast a subscriber understands it.
//!
//! ```text
//!   flow ─► exchange ─► events ─► feed tile ─► packets ─► port            publisher
//!              │                      └──────► handler ─► books          handler
//!              └─ the same messages as a file ─────────► books           ITCH books
//! ```
//! Goal: the sender's rate, the receiver's rate and the price of speaking at all, of the same recorded market data in one run. Every pass
//! of a receiver ends with the venue's own books. Non-goal: a network; a whole subscriber.

mod books;
mod encode;
mod handler;
mod matching;
mod publisher;
mod recorded;

use std::path::PathBuf;

use self::recorded::Recorded;
use crate::error::BenchError;
use crate::figure::Section;
use crate::published::SEED;
use crate::stream::market::MarketSize;
use clap::{Args, ValueEnum};
use netio::clock::Clock;
use netio::host::PortKind;

const ORDERS: u32 = 500_000;
const SMOKE_ORDERS: u32 = 2_000;
const PASSES: u32 = 5;
const MARKET: MarketSize = MarketSize { instruments: 1_000, live: 100_000, messages: 1_000_000 };
const SMOKE_MARKET: MarketSize = MarketSize { instruments: 20, live: 400, messages: 2_000 };

/// Measure market data: publishing, decoding and building books of it.
#[derive(Debug, Default, Args)]
pub struct FeedArgs {
    /// Only these parts, separated by commas
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// New orders in the contest's flow, about half of its messages
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    orders: Option<u32>,
    /// Passes of which the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    passes: Option<u32>,
    /// How the publisher reaches the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Write the depth streams as ITCH files into this folder, each message behind its length, and measure nothing
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Messages written down.
    Encode,
    /// The feed tile, alone and with the port.
    Publish,
    /// A subscriber's handler.
    Handle,
    /// Books of ITCH messages.
    Books,
    /// What the matching path pays.
    Matching,
}

/// Measures.
///
/// # Errors
/// A receiver came to other books than the venue, or the port cannot be opened.
pub fn run(args: &FeedArgs, smoke: bool, clock: &Clock) -> Result<Section, BenchError> {
    let orders = args.orders.unwrap_or(if smoke { SMOKE_ORDERS } else { ORDERS });
    let passes = args.passes.unwrap_or(if smoke { 1 } else { PASSES });
    let day = Recorded::contest(orders, SEED)?;
    let market = Recorded::market(if smoke { SMOKE_MARKET } else { MARKET }, u64::from(SEED))?;
    let mut section = Section { name: "feed", facts: Vec::new(), rows: Vec::new(), series: Vec::new() };
    for recorded in [&day, &market] {
        section.facts.push((recorded.name, recorded.told()));
        if let Some(dir) = &args.write {
            recorded.write(dir)?;
        }
    }
    if args.write.is_some() {
        return Ok(section);
    }
    section.facts.push(("passes", format!("median of {passes}, in turns")));
    let takes = |part| args.only.is_empty() || args.only.contains(&part);
    if takes(Part::Encode) {
        section.rows.extend(encode::rows(&day, passes, clock));
    }
    if takes(Part::Publish) {
        section.rows.extend(publisher::rows(&day, passes, args.port, clock, &mut section.facts)?);
    }
    if takes(Part::Handle) {
        section.rows.extend(handler::rows(&day, passes, clock)?);
    }
    if takes(Part::Books) {
        for recorded in [&day, &market] {
            section.rows.push(books::row(recorded, passes, clock)?);
        }
    }
    if takes(Part::Matching) {
        section.rows.extend(matching::rows(orders, passes, clock)?);
    }
    Ok(section)
}
