//! `pinion stats`: how an appliance does, live, once, again and again, or for Prometheus.

use super::health::{Health, Verdict};
use super::look::Look;
use super::source::{Follower, Which};
use super::{aside, json, live, print, prometheus};
use clap::Args;
use engine::counters::CountersError;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
On a terminal it is a live screen: keys 1 to 9 open a section, ? lists the others, q ends. Elsewhere, or with --once, it looks for a second and
prints one screen. Without --config and --file it takes the only appliance that runs on this machine.

Examples:
  pinion stats
  pinion stats --config pinion.toml --once
      one screen of text; exit status 0 only when healthy
  pinion stats --json > stats.json
      one JSON object; docs/operations.md names its keys
  pinion stats --watch 5 --json >> stats.jsonl
      one JSON object every five seconds
  pinion stats --all | grep rejects
      every number that there is, by its name
  pinion stats --prometheus 127.0.0.1:9464
      serves /metrics for Prometheus, and /health, until it is ended

It reads a file in memory and asks the appliance nothing; it leaves the cores that the appliance is pinned to, and takes the least priority.

Exit status: 0 healthy, as the last look found it; 1 otherwise, or there is nothing to look at; 2 wrong usage. The live screen ends with 0.";

/// What a look takes before its rates and ages can be relied upon.
const ONCE: Duration = Duration::from_secs(1);
/// From look to look within that.
const STEP: Duration = Duration::from_millis(100);

/// Show how an appliance does: healthy or not, why, and every number
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    #[command(flatten)]
    which: Which,
    /// Look for a second, print one screen, and end
    #[arg(long, conflicts_with_all = ["watch", "prometheus"])]
    once: bool,
    /// Print again and again, every so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "prometheus")]
    watch: Option<u64>,
    /// Print one JSON object a look
    #[arg(long, conflicts_with = "prometheus")]
    json: bool,
    /// Print everything: every row of every section, and every number of the file
    #[arg(long, conflicts_with = "prometheus")]
    all: bool,
    /// Serve metrics over HTTP at this address
    #[arg(long, value_name = "ADDRESS:PORT")]
    prometheus: Option<SocketAddr>,
}

/// Runs the command.
///
/// # Errors
/// It is not clear which appliance is meant, there is none, or nothing can be shown.
pub fn execute(args: &StatsArgs) -> Result<ExitCode, Box<dyn Error>> {
    aside::yield_to_others();
    if let Some(address) = args.prometheus {
        return prometheus::serve(&args.which, address).map(|()| ExitCode::SUCCESS);
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    let mut follower = Follower::new(args.which.path()?);
    let first = follower.look().map_err(explained)?;
    if let Err(told) = aside::leave_cores_of(&first) {
        eprintln!("stats: {told}");
    }
    let is_live = !args.once && !args.json && !args.all && args.watch.is_none() && io::stdout().is_terminal();
    if is_live {
        live::show(&mut follower, &stop)?;
        return Ok(ExitCode::SUCCESS);
    }
    let size = (io::stdout().is_terminal()).then(|| ratatui::crossterm::terminal::size().ok()).flatten();
    let mut verdict = Verdict::Gone;
    let mut due = Instant::now() + ONCE;
    while let Some(look) = look_until(&mut follower, due, &stop)? {
        let health = Health::of(&look);
        verdict = health.verdict;
        let text = match (args.json, args.all) {
            (true, all) => json::line(&look, &health, all) + "\n",
            (false, true) => print::all(&look, &health),
            (false, false) => print::screen(&look, &health, size),
        };
        match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
            // Whoever has read enough of it, `head` for one, does not make it a failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
        let Some(seconds) = args.watch else { break };
        due += Duration::from_secs(seconds);
        if !args.json {
            println!();
        }
    }
    Ok(if verdict == Verdict::Healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks again and again until it is time; the last look. `None`: somebody wants it to end.
fn look_until(follower: &mut Follower, due: Instant, stop: &AtomicBool) -> Result<Option<Look>, CountersError> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let look = follower.look()?;
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Some(look));
        }
        std::thread::sleep(left.min(STEP));
    }
}

/// A file that is not there is an appliance that does not run.
fn explained(error: CountersError) -> Box<dyn Error> {
    match error {
        CountersError::Open { path, source } if source.kind() == io::ErrorKind::NotFound => {
            let path = path.display();
            format!("expected the counters of a running appliance in {path}, found no such file: it does not run, or under another journal.dir")
                .into()
        }
        other => other.into(),
    }
}
