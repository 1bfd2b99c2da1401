//! `pinion listen`: the command line around [`Listener`].

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Heard, Listener};
use crate::run::capturing;
use clap::Args;
use feedhandler::{Depth, Join};
use netio::host::{HostPort, PortKind};
use netio::{Endpoint, Port, PortError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use wire::Side;
use wire::tick::Tick;

const EXAMPLES: &str = "\
Examples:
  pinion listen
      prints one tick a line: sequence, time, symbol_id, kind, side, price, quantity
  pinion listen --summary --seconds 10
      listens for ten seconds, then tells packets, ticks, trades, gaps and the best prices
  pinion listen --group 239.26.40.1:26440 --group 239.26.40.2:26440 --json
      both lines of a channel, one JSON object a tick

Ends on SIGINT or SIGTERM too. Exit status 1: ticks are missing.";

/// How long to wait for a datagram before looking at the clock and the signals again.
const WAIT: Duration = Duration::from_millis(20);
/// Levels of each side in the summary.
const LEVELS_SHOWN: usize = 3;

/// Join the tick channel and print or summarise what it says.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListenArgs {
    /// Multicast group and port; again for line B
    #[arg(long, default_value = "239.26.40.1:26440")]
    group: Vec<SocketAddrV4>,
    /// Address of the interface that receives it
    #[arg(long, default_value = "127.0.0.1")]
    interface: Ipv4Addr,
    /// Print a summary at the end instead of the ticks
    #[arg(long)]
    summary: bool,
    /// End after so many ticks
    #[arg(long)]
    count: Option<u64>,
    /// End after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Print JSON: one object a tick, or one for the summary
    #[arg(long)]
    json: bool,
    /// How to reach the network: auto, dpdk, xdp, uring or socket
    #[arg(long, default_value = "auto")]
    port: PortKind,
    /// Write the datagrams that come into this file, for tcpdump, tshark or Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Ticks were missed.
#[derive(Debug, thiserror::Error)]
#[error("expected every tick, missed {missed}; a larger receive buffer (net.core.rmem_max) or a second line may help")]
pub struct Incomplete {
    /// How many.
    pub missed: u64,
}

/// Opens a port that receives these groups.
///
/// # Errors
/// A group cannot be joined.
pub fn open_port(kind: PortKind, groups: &[SocketAddrV4], interface: Ipv4Addr) -> Result<HostPort, PortError> {
    let endpoints: Vec<Endpoint> =
        groups.iter().map(|group| Endpoint::multicast(*group.ip(), group.port(), interface)).collect();
    HostPort::open(&kind.into(), &endpoints)
}

/// Runs the command.
///
/// # Errors
/// The channel cannot be joined, nothing can be printed, or ticks are missing.
pub fn execute(args: &ListenArgs) -> Result<(), Box<dyn Error>> {
    if let Some(group) = args.group.iter().find(|group| !group.ip().is_multicast()) {
        return Err(
            format!("--group: expected a multicast address (224.0.0.0 to 239.255.255.255), found {group}").into()
        );
    }
    let stop = Arc::new(AtomicBool::new(false));
    flag::register(SIGINT, Arc::clone(&stop))?;
    flag::register(SIGTERM, Arc::clone(&stop))?;
    let port = open_port(args.port, &args.group, args.interface)?;
    eprintln!("port: {}", port.choice());
    let port = capturing(port, args.group.len(), args.pcap.as_deref())?;
    let captured = port.captured();
    let mut listener = Listener::new(port, Join::AtFirstPacket);
    let mut out = BufWriter::new(io::stdout().lock());
    let begin = Instant::now();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0
        && !stop.load(Ordering::Relaxed)
        && args.seconds.is_none_or(|seconds| begin.elapsed() < Duration::from_secs(seconds))
    {
        let mut printed = Ok(());
        let moved = listener.turn(|heard| match heard {
            Heard::Tick { sequence, tick, .. } if left > 0 => {
                left -= 1;
                if !args.summary && printed.is_ok() {
                    printed = print_tick(&mut out, args.json, sequence, &tick);
                }
            }
            Heard::Tick { .. } => {}
            Heard::Gap { from, to } => eprintln!("gap: ticks {from} to {} are missing", to - 1),
            Heard::End => eprintln!("the venue ended the session"),
        })?;
        printed?;
        if moved == 0 {
            out.flush()?;
            listener.port().wait(WAIT);
        }
    }
    if args.summary {
        let summary = Summary(&listener);
        if args.json {
            writeln!(out, "{}", summary.to_json())?;
        } else {
            writeln!(out, "{summary}")?;
        }
    }
    out.flush()?;
    let counters = listener.line_counters();
    let missed = counters.missing + counters.lost;
    // Closes the port, and so the file.
    drop(listener);
    if let Some(captured) = captured {
        eprintln!("pcap: {captured}");
    }
    if missed > 0 { Err(Incomplete { missed }.into()) } else { Ok(()) }
}

fn print_tick(out: &mut impl Write, json: bool, sequence: u64, tick: &Tick) -> io::Result<()> {
    let Tick { timestamp, symbol_id, price, quantity, side, kind } = tick;
    let (side, kind) = (char::from(side.byte()), char::from(kind.byte()));
    if json {
        writeln!(
            out,
            "{{\"sequence\":{sequence},\"timestamp\":{},\"symbol_id\":{symbol_id},\"kind\":\"{kind}\",\"side\":\"{side}\",\
             \"price\":\"{price}\",\"quantity\":{quantity}}}",
            timestamp.get()
        )
    } else {
        writeln!(out, "{sequence} {} {symbol_id} {kind} {side} {price} {quantity}", timestamp.get())
    }
}

/// What was heard, in a few lines.
struct Summary<'a, P>(&'a Listener<P>);

impl<P: Port> Summary<'_, P> {
    fn numbers(&self) -> [(&'static str, u64); 13] {
        let (line, ticks, port) = (self.0.line_counters(), self.0.counters(), self.0.port_counters());
        [
            ("packets", line.packets),
            ("ticks", ticks.ticks),
            ("trades", ticks.trades),
            ("quotes", ticks.quotes),
            ("statuses", ticks.statuses),
            ("gaps", line.gaps),
            ("missing", line.missing),
            ("lost", line.lost),
            ("late", line.late),
            ("duplicates", line.duplicates),
            ("sessions", line.sessions),
            ("malformed", line.malformed + ticks.unreadable),
            ("port_dropped", port.rx_truncated + port.rx_errors),
        ]
    }

    fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (name, value) in self.numbers() {
            // Writing into a String does not fail.
            let _ = write!(json, "\"{name}\":{value},");
        }
        json.push_str("\"instruments\":[");
        for (position, (index, depth)) in self.0.depth().iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            let best = |side| match depth.best(side) {
                Some(level) => format!("{{\"price\":\"{}\",\"quantity\":{}}}", level.price, level.quantity),
                None => "null".to_owned(),
            };
            let trades = depth.trades();
            let _ = write!(
                json,
                "{comma}{{\"symbol_id\":{index},\"trades\":{},\"volume\":{},\"bid\":{},\"ask\":{}}}",
                trades.count,
                trades.volume,
                best(Side::Buy),
                best(Side::Sell)
            );
        }
        json.push_str("]}");
        json
    }
}

impl<P: Port> fmt::Display for Summary<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.numbers() {
            writeln!(f, "{name:<13} {value}")?;
        }
        for (index, depth) in self.0.depth().iter() {
            let trades = depth.trades();
            write!(f, "symbol_id {index}: {} trades, volume {}", trades.count, trades.volume)?;
            write!(f, "; bids {}; asks {}", top(depth, Side::Buy), top(depth, Side::Sell))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn top(depth: &Depth, side: Side) -> String {
    let levels = depth.levels(side).take(LEVELS_SHOWN);
    let levels: Vec<String> = levels.map(|level| format!("{} × {}", level.quantity, level.price)).collect();
    if levels.is_empty() { "none".to_owned() } else { levels.join(", ") }
}
