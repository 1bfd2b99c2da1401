//! `pinion listen`: a stream of market data, live on a terminal or as lines.

use super::checking::Checking;
use super::live::{self, Ended};
use super::naming::Naming;
use super::places::{PlaceArgs, Places};
use super::plain::{Printer, Summary, missing};
use super::tape::Tape;
use crate::run::capturing;
use clap::Args;
use feedhandler::runner::Runner;
use netio::host::{HostPort, PortKind};
use netio::pcap::PcapPort;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::feed::StreamKind;

const EXAMPLES: &str = "\
On a terminal it is a live view: the ladder of an instrument, its trades, rates, lines, gaps and how they were mended. Keys: q quits, p \
pauses, arrows change the instrument, / looks for a symbol, s changes to the channel's other stream, c checks. Elsewhere, or with one of \
--plain, --json and --summary, it prints.

Examples:
  pinion listen
      the depth of the built-in configuration's channel, live
  pinion listen --config pinion.toml --channel main --stream ticks
  pinion listen --json | head
      one JSON object a tick; --stream depth: one a message of ITCH 5.0
  pinion listen --summary --seconds 10
      listens for ten seconds, then tells packets, messages, trades, gaps and the best prices
  pinion listen --group 239.26.40.1:26440 --group 239.26.40.2:26441 --rerequest 127.0.0.1:26460 --plain
      both lines of a stream that no configuration names, and who brings what they lose
  pinion listen --record feed.pcap --seconds 60 --summary
      keeps what the lines brought, for Wireshark or a replay
  pinion listen --stream depth --check --plain > messages.txt
      holds the rebuilt book against a snapshot of the venue, and ends

Ends on SIGINT, SIGTERM or SIGHUP too. Exit status 1: messages are missing, or a check found a difference.";

/// Follow a stream of market data, live on a terminal or as lines
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListenArgs {
    #[command(flatten)]
    places: PlaceArgs,
    /// Print one line a message, also on a terminal
    #[arg(long)]
    plain: bool,
    /// Print a summary at the end instead of the messages
    #[arg(long)]
    summary: bool,
    /// End after so many messages
    #[arg(long)]
    count: Option<u64>,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Print JSON: one object a message, or one for the summary
    #[arg(long)]
    json: bool,
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Write the datagrams that come over the lines into this file, for tcpdump, tshark or Wireshark
    #[arg(long, value_name = "FILE", alias = "pcap")]
    record: Option<PathBuf>,
    /// Compare the rebuilt book with a snapshot of the venue, once it is whole; without --seconds and --count, end then
    #[arg(long)]
    check: bool,
    /// The same again every so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    check_every: Option<u64>,
}

/// Messages were missed.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected every message, missed {missed}; a larger receive buffer (net.core.rmem_max), a second line or --rerequest may help"
)]
pub struct Incomplete {
    /// How many.
    pub missed: u64,
}

/// The rebuilt book is not the venue's.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {made} checks failed; the last: {said}")]
pub struct Unlike {
    /// How many.
    pub failed: u64,
    /// Of how many.
    pub made: u64,
    /// What was found.
    pub said: String,
}

/// Runs the command.
///
/// # Errors
/// The channel cannot be joined, nothing can be printed, messages are missing, or a check failed.
pub fn execute(args: &ListenArgs) -> Result<ExitCode, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    let is_live = !args.plain && !args.summary && !args.json && args.count.is_none() && io::stdout().is_terminal();
    if is_live { watch(args, &stop) } else { print(args, &stop) }
}

/// The stream, followed through the port that was asked for.
fn follow(args: &ListenArgs, places: &Places, port: HostPort) -> Result<Runner<PcapPort<HostPort>>, Box<dyn Error>> {
    let addresses = places.addresses.clone();
    let port = capturing(port, addresses.endpoints().len(), args.record.as_deref())?;
    Ok(Runner::new(port, addresses, places.handler_options()))
}

fn watch(args: &ListenArgs, stop: &AtomicBool) -> Result<ExitCode, Box<dyn Error>> {
    let until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut places_args = args.places.clone();
    let mut checking = checking(args);
    let mut kind = StreamKind::Depth;
    loop {
        let places = Places::find(&places_args, kind)?;
        let port = places.open_port(args.port)?;
        let mut runner = follow(args, &places, port)?;
        match live::show(&mut runner, &places, &mut checking, stop, until, args.record.is_none())? {
            Ended::Done => break,
            Ended::Stream(other) => {
                // A stream whose groups were given one by one has no other one that we know of.
                let mut changed = places_args.clone();
                changed.stream = None;
                if places_args.group.is_empty() && Places::find(&changed, other).is_ok() {
                    (places_args, kind) = (changed, other);
                }
            }
        }
    }
    judge(&checking)
}

fn checking(args: &ListenArgs) -> Checking {
    Checking::new(args.check, args.check_every.map(Duration::from_secs))
}

fn judge(checking: &Checking) -> Result<ExitCode, Box<dyn Error>> {
    let Checking { equal, failed, said, .. } = checking;
    if *failed > 0 {
        return Err(Unlike { failed: *failed, made: equal + failed, said: said.clone() }.into());
    }
    Ok(ExitCode::SUCCESS)
}

fn print(args: &ListenArgs, stop: &AtomicBool) -> Result<ExitCode, Box<dyn Error>> {
    let places = Places::find(&args.places, StreamKind::Tick)?;
    let port = places.open_port(args.port)?;
    eprintln!("port: {}", port.choice());
    let mut runner = follow(args, &places, port)?;
    let captured = runner.port().captured();
    let mut checking = checking(args);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut tape = Tape::new();
    let mut naming = Naming::new(places.symbols.clone());
    let (begin, mut noticed) = (Instant::now(), 0);
    let mut left = args.count.unwrap_or(u64::MAX);
    let ends_with_check = args.check && args.check_every.is_none() && args.count.is_none() && args.seconds.is_none();
    while left > 0
        && !stop.load(Ordering::Relaxed)
        && args.seconds.is_none_or(|seconds| begin.elapsed() < Duration::from_secs(seconds))
    {
        let (kind, json, quiet) = (places.kind, args.json, args.summary);
        let mut printer = Printer { tape: &mut tape, out: &mut out, kind, json, quiet, left, failed: Ok(()) };
        let moved = runner.turn(&mut printer)?;
        left = printer.left;
        printer.failed?;
        for notice in tape.notices_since(noticed) {
            eprintln!("{notice}");
        }
        noticed = tape.noticed();
        if checking.turn(runner.handler(), places.addresses.snapshot, &mut tape) {
            eprintln!("check: {}", checking.said);
        }
        // Only a summary has names.
        if args.summary {
            naming.turn(runner.handler(), places.addresses.snapshot, &mut tape);
        }
        if ends_with_check && !checking.is_pending() {
            break;
        }
        if moved == 0 {
            out.flush()?;
            runner.wait();
        }
    }
    if args.summary {
        let summary = Summary { runner: &runner, tape: &tape, symbols: naming.symbols() };
        if args.json {
            writeln!(out, "{}", summary.to_json())?;
        } else {
            writeln!(out, "{summary}")?;
        }
    }
    out.flush()?;
    if checking.is_pending() && checking.equal + checking.failed == 0 {
        eprintln!("check: not made: {}", checking.said);
        checking.failed += 1;
    }
    let missed = missing(&runner) + runner.handler().counters().lost;
    // Closes the port, and so the file.
    drop(runner);
    if let Some(captured) = captured {
        eprintln!("pcap: {captured}");
    }
    if missed > 0 {
        return Err(Incomplete { missed }.into());
    }
    judge(&checking)
}
