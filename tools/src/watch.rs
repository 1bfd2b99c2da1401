//! `pinion watch`: the rules of a configuration, looked at from outside of the appliance.
//!
//! Goal: somebody who is still there when the appliance is gone, stands still, or cannot be heard. Non-goal: several appliances; run one each.

mod lines;

use crate::alerts::{Actions, ChangeState, Looker, Rules};
use crate::options::ConfigOptions;
use clap::Args;
use engine::config::{AlertWhat, AlertsAct};
use lines::Lines;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Watch an appliance from outside, and tell when an alert of its configuration fires
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A line on stdout for each alert that fires or has resolved. Programs and webhooks of the rules are run from here where the
configuration says alerts.acts = \"watch\". Lines of market data are heard where a rule watches them (gap_on_line).

Examples:
  pinion watch --config pinion.toml
  pinion watch --config pinion.toml --json
  pinion watch --for 3                 looks for three seconds; exit status 1 when something fires at their end

Exit status: 0 nothing fires at the end, 1 something does, 2 wrong usage or configuration.")]
pub struct WatchArgs {
    #[command(flatten)]
    config: ConfigOptions,
    /// Print one JSON object a change
    #[arg(long)]
    json: bool,
    /// End after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u32>,
    /// Do not join the lines of market data
    #[arg(long)]
    no_lines: bool,
}

/// The configuration or the command cannot be used.
const UNUSABLE: u8 = 2;

/// Watches until it is told to stop.
///
/// # Errors
/// The output cannot be written, or there are no threads to be had.
pub fn execute(args: &WatchArgs) -> Result<ExitCode, Box<dyn Error>> {
    let config = match args.config.load() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("pinion watch: {error}");
            return Ok(ExitCode::from(UNUSABLE));
        }
    };
    if config.stats.dir.is_none() {
        eprintln!(
            "pinion watch: warning: stats.dir is \"\": nothing is seen of the appliance but its disk and its lines"
        );
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let wants_lines = config.alert_rules.iter().any(|rule| rule.what == AlertWhat::GapOnLine);
    let lines = if wants_lines && !args.no_lines { Some(Lines::hear(&config)) } else { None };
    let actions = Actions::new(&config, config.alerts.acts == AlertsAct::Watch)?;
    let (mut looker, mut rules) = (Looker::new(&config), Rules::new(&config.alert_rules));
    let every = Duration::from_millis(config.alerts.every_ms.into());
    let (begin, limit) = (Instant::now(), args.seconds.map(|seconds| Duration::from_secs(seconds.into())));
    let mut out = io::stdout().lock();
    while !stop.load(Ordering::Relaxed) && limit.is_none_or(|limit| begin.elapsed() < limit) {
        let mut sight = looker.look();
        sight.lines = lines.as_ref().map(Lines::sights);
        for change in rules.evaluate(&sight) {
            let line = match args.json {
                true => crate::alerts::change_json(&change, &config.appliance.name),
                false => crate::alerts::change_line(&change),
            };
            writeln!(out, "{line}")?;
            out.flush()?;
            actions.act(&change);
        }
        thread::sleep(every);
    }
    let firing = rules.firing();
    for (name, of) in &firing {
        let of = if of.is_empty() { String::new() } else { format!(" of {of}") };
        eprintln!("pinion watch: alert {name}{of} is {} at the end", ChangeState::Firing.name());
    }
    Ok(if firing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
