//! `pinion host`: whether the machine is as the appliance needs it, and making it so.
//!
//! Goal: every number is computed from the configuration, every message says what is needed, what is there and the remedy; nothing is changed
//! that is not shown first and cannot be changed back. Non-goal: what only the next boot can do; that is said word for word.

pub mod changes;
pub mod clock;
pub mod cores;
pub mod dpdk;
pub mod finding;
pub mod governor;
pub mod irqs;
pub mod machine;
pub mod memlock;
pub mod needs;
pub mod nic;
pub mod pages;
pub mod report;
pub mod reservation;
pub mod service;
pub mod step;
pub mod swap;
pub mod thp;

use crate::options::ConfigOptions;
use changes::Changes;
use clap::{Args, ValueEnum};
use finding::{Finding, State};
use machine::Machine;
use needs::Needs;
use report::Report;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// All is as needed.
const PREPARED: u8 = 0;
/// Something is not as needed, or could not be made so.
const UNPREPARED: u8 = 1;
/// The configuration or the command cannot be used.
const UNUSABLE: u8 = 2;

/// Prepare this machine for the appliance: huge pages, cores, interrupts, network card
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Stages: pages, thp, swap, memlock, cores, governor, irqs, nic, clock, dpdk; without a name, all of them.
What is needed follows from the configuration; hugepages.conf says how many pages the machine sets aside.

Examples:
  pinion host check --config pinion.toml --topology topologies/4-cores.toml
  pinion host init --dry-run pages irqs          shows the commands
  pinion host init --config pinion.toml          shows each command and runs it, as root
  pinion host fini                               changes back what init has changed since the last boot
  pinion host service --topology topologies/4-cores.toml > cores.conf      a drop-in for the systemd unit: cores, memory

Exit status: 0 all is as needed, 1 something is not, 2 wrong usage or configuration.")]
pub struct HostArgs {
    /// What to do
    #[arg(value_enum)]
    action: ActionName,
    /// Only these stages
    #[arg(value_name = "STAGE", value_parser = stage)]
    stages: Vec<&'static Stage>,
    #[command(flatten)]
    config: ConfigOptions,
    /// The declared reservation of huge pages [default: hugepages.conf, where there is one]
    #[arg(long, value_name = "FILE")]
    hugepages: Option<PathBuf>,
    /// With init and fini: show the commands and run none
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object a finding
    #[arg(long)]
    json: bool,
    /// The machine below this folder, for tests
    #[arg(long, hide = true, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ActionName {
    /// Look, and change nothing
    Check,
    /// Make it as needed
    Init,
    /// Change back what init has changed
    Fini,
    /// Print a drop-in for the systemd unit: which cores and which memory the appliance has beside its tiles
    Service,
}

/// One thing to prepare.
#[derive(Debug)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// Looks.
    pub check: fn(&Machine, &Needs) -> Vec<Finding>,
}

/// In the order in which they are prepared: memory first, while it is in one piece.
pub const STAGES: [Stage; 10] = [
    Stage { name: "pages", check: pages::check },
    Stage { name: "thp", check: thp::check },
    Stage { name: "swap", check: swap::check },
    Stage { name: "memlock", check: memlock::check },
    Stage { name: "cores", check: cores::check },
    Stage { name: "governor", check: governor::check },
    Stage { name: "irqs", check: irqs::check },
    Stage { name: "nic", check: nic::check },
    Stage { name: "clock", check: clock::check },
    Stage { name: "dpdk", check: dpdk::check },
];

fn stage(name: &str) -> Result<&'static Stage, String> {
    static ALL: [Stage; 10] = STAGES;
    let names = || ALL.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ");
    ALL.iter().find(|stage| stage.name == name).ok_or_else(|| format!("expected one of {}", names()))
}

/// Runs the command on the standard streams.
///
/// # Errors
/// The output cannot be written; everything else is told by the exit code and on stderr.
pub fn execute(args: &HostArgs) -> Result<ExitCode, Box<dyn Error>> {
    let machine = Machine::below(&args.root);
    let mut out = io::stdout().lock();
    let code = match prepare(args, &machine, &mut out) {
        Ok(true) => PREPARED,
        Ok(false) => UNPREPARED,
        Err(error) => {
            eprintln!("pinion host: {error}");
            UNUSABLE
        }
    };
    out.flush()?;
    Ok(ExitCode::from(code))
}

/// Whether all is as needed in the end.
fn prepare(args: &HostArgs, machine: &Machine, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
    let all = STAGES;
    let stages: Vec<&Stage> = if args.stages.is_empty() { all.iter().collect() } else { args.stages.clone() };
    let needs = || -> Result<Needs, Box<dyn Error>> {
        Ok(Needs::of(args.config.load()?, declared(args.hugepages.as_deref())?, machine))
    };
    if args.action == ActionName::Service {
        write!(out, "{}", service::drop_in(&needs()?))?;
        return Ok(true);
    }
    let mut report = Report::new(out, args.json);
    if args.action == ActionName::Fini {
        return undo(machine, &stages, args.dry_run, &mut report);
    }
    let needs = needs()?;
    let mut worst = State::Good;
    for stage in stages {
        let findings = (stage.check)(machine, &needs);
        if args.action == ActionName::Init
            && mend(machine, stage, &findings, args.dry_run, &mut report)?
            && !args.dry_run
        {
            worst = worst.max(report.findings(stage.name, &(stage.check)(machine, &needs))?);
        } else {
            worst = worst.max(report.findings(stage.name, &findings)?);
        }
    }
    Ok(worst < State::Wrong)
}

fn declared(path: Option<&Path>) -> Result<Option<Vec<reservation::Reserve>>, reservation::ReservationError> {
    let default = Path::new("hugepages.conf");
    match path {
        Some(path) => reservation::read(path).map(Some),
        None if default.exists() => reservation::read(default).map(Some),
        None => Ok(None),
    }
}

/// Makes the changes that a stage asks for. True when there were any.
fn mend(
    machine: &Machine,
    stage: &Stage,
    findings: &[Finding],
    dry_run: bool,
    report: &mut Report<impl Write>,
) -> Result<bool, Box<dyn Error>> {
    let steps: Vec<_> = findings.iter().flat_map(|finding| &finding.steps).collect();
    if steps.is_empty() {
        return Ok(false);
    }
    let mut changes = Changes::read(machine)?;
    for step in steps {
        report.action(stage.name, &step.action)?;
        if dry_run {
            continue;
        }
        let undoing = step.undoing(machine);
        let is_fresh = undoing.as_ref().map_or(Ok(false), |undoing| changes.note(stage.name, undoing))?;
        if let Err(error) = step.action.apply(machine) {
            report.refusal(stage.name, &error)?;
            // What was not done is not to be undone.
            if let Some(undoing) = undoing.filter(|_| is_fresh) {
                changes.forget(stage.name, undoing.action())?;
            }
        }
    }
    Ok(true)
}

/// Changes back what was changed, the newest first. True when nothing is left.
fn undo(
    machine: &Machine,
    stages: &[&Stage],
    dry_run: bool,
    report: &mut Report<impl Write>,
) -> Result<bool, Box<dyn Error>> {
    let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
    let mut changes = Changes::read(machine)?;
    let mut all = true;
    for (stage, action) in changes.standing(&names) {
        report.action(&stage, &action)?;
        if dry_run {
            continue;
        }
        match action.apply(machine) {
            Ok(()) => changes.forget(&stage, &action)?,
            // It stays noted, so that it can be tried again.
            Err(error) => {
                report.refusal(&stage, &error)?;
                all = false;
            }
        }
    }
    Ok(all)
}
