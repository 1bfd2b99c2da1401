//! `pinion doctor`: what is wrong, and what to do about it.
//!
//! ```text
//!   configuration, machine, files, running appliance ─► findings ─► ok, warning, problem, each with its remedy
//! ```
//! Goal: one command that names every trouble that can be known beforehand or from outside. It changes nothing but a small file beside the
//! journal that it removes again, and nothing at all while an appliance runs there. Non-goal: mending; `pinion host init` does what can be done.

mod appliance;
mod clock;
mod configuration;
mod disk;
mod finding;
mod holders;
mod host;
mod journal;
mod keys;
mod ports;
mod versions;

pub use finding::{Finding, State};

use crate::host::machine::Machine;
use crate::options::ConfigOptions;
use crate::stats::{Follower, Look};
use clap::Args;
use engine::config::Config;
use engine::counters::path_of;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Find out what is wrong with an appliance, its configuration or its machine, and what to do
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Sections: configuration, host, ports, disk, clock, keys, versions, appliance, journal. Each line is ok, a warning (it works, and would
work better), or a problem, with what to do. Nothing is changed; what would take time from a running appliance is left out.

Examples:
  pinion doctor
  pinion doctor --config pinion.toml
  pinion doctor --config pinion.toml --problems      only what is not ok
  pinion doctor --config pinion.toml --json | jq 'select(.state == \"problem\")'

Exit status: 0 no problem, 1 a problem, 2 wrong usage.")]
pub struct DoctorArgs {
    #[command(flatten)]
    config: ConfigOptions,
    /// Print one JSON object a finding
    #[arg(long)]
    json: bool,
    /// Leave out what is ok
    #[arg(long)]
    problems: bool,
    /// The machine below this folder, for tests
    #[arg(long, hide = true, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// All that the sections look at.
struct Patient {
    config: Config,
    options: ConfigOptions,
    machine: Machine,
    /// The appliance's counters, where it has left any.
    look: Option<Look>,
    /// Why they cannot be read, where they are there.
    unreadable: Option<String>,
}

impl Patient {
    /// The process of the running appliance.
    fn pid(&self) -> Option<u32> {
        let look = self.look.as_ref()?;
        (look.process != crate::stats::look::ProcessState::Gone).then_some(look.owner.pid)
    }
}

/// A section: its name, and what it finds.
type Section = (&'static str, fn(&Patient) -> Vec<Finding>);

const SECTIONS: [Section; 9] = [
    ("configuration", configuration::check),
    ("host", host::check),
    ("ports", ports::check),
    ("disk", disk::check),
    ("clock", clock::check),
    ("keys", keys::check),
    ("versions", versions::check),
    ("appliance", appliance::check),
    ("journal", journal::check),
];

/// How long the appliance is looked at: rates and stillness take time to show.
const LOOKS: u32 = 12;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Looks at everything.
///
/// # Errors
/// The output cannot be written.
pub fn execute(args: &DoctorArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let mut worst = State::Ok;
    let mut tell = |section: &str, finding: &Finding| -> io::Result<()> {
        worst = worst.max(finding.state);
        if args.problems && finding.state == State::Ok {
            return Ok(());
        }
        writeln!(out, "{}", if args.json { finding.json(section) } else { finding.text(section) })?;
        // A section may take its time.
        out.flush()
    };
    match args.config.load() {
        Err(error) => {
            let remedy = "see the commented file of `pinion run --print-config`";
            tell("configuration", &Finding::problem(error.to_string(), remedy))?;
        }
        Ok(config) => {
            let (look, unreadable) = look(&config);
            let machine = Machine::below(&args.root);
            let patient = Patient { config, options: args.config.clone(), machine, look, unreadable };
            for (name, check) in SECTIONS {
                for finding in check(&patient) {
                    tell(name, &finding)?;
                }
            }
        }
    }
    Ok(if worst == State::Problem { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Looks at the running appliance for a second.
fn look(config: &Config) -> (Option<Look>, Option<String>) {
    let Some(path) = path_of(config).filter(|path| path.exists()) else { return (None, None) };
    let mut follower = Follower::new(path);
    let mut last = follower.look();
    for _ in 0..LOOKS {
        if last.as_ref().is_ok_and(|look| look.process == crate::stats::look::ProcessState::Gone) {
            break;
        }
        std::thread::sleep(BETWEEN_LOOKS);
        last = follower.look();
    }
    match last {
        Ok(look) => (Some(look), None),
        Err(error) => (None, Some(error.to_string())),
    }
}
