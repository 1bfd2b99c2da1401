//! The `pinion` command: one subcommand a module of the library; data on stdout, talk on stderr.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage.
#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use netio::pages::HugeAllocator;
use tools::{
    completions, demo, doctor, host, journal, listen, man, normalize, recover, replay, run, scenario, send, sim, stats,
    trade, version, view, watch,
};

#[global_allocator]
static MEMORY: HugeAllocator = HugeAllocator;

/// A matching-engine appliance: orders in as UDP packets, reports, ticks and a journal out.
#[derive(Debug, Parser)]
#[command(name = "pinion", version, long_version = version::long(), max_term_width = 120)]
struct Pinion {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the appliance until SIGINT or SIGTERM.
    Run(run::RunOptions),
    Demo(demo::DemoArgs),
    Replay(Box<replay::command::ReplayArgs>),
    Send(Box<send::SendArgs>),
    Trade(Box<trade::command::TradeArgs>),
    Listen(listen::command::ListenArgs),
    Normalize(Box<normalize::command::NormalizeArgs>),
    Scenario(scenario::ScenarioArgs),
    Journal(journal::JournalArgs),
    View(view::ViewArgs),
    Recover(recover::RecoverArgs),
    Stats(Box<stats::command::StatsArgs>),
    Watch(watch::WatchArgs),
    Doctor(doctor::DoctorArgs),
    Sim(sim::SimArgs),
    Host(host::HostArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Version(version::VersionArgs),
}

impl Command {
    fn execute(&self) -> Result<ExitCode, Box<dyn Error>> {
        match self {
            Self::Run(options) => run::run(options)?,
            Self::Demo(args) => return Ok(if demo::execute(args)? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
            Self::Replay(args) => replay::command::execute(args)?,
            Self::Send(args) => return send::execute(args),
            Self::Trade(args) => return trade::command::execute(args),
            Self::Listen(args) => return listen::command::execute(args),
            Self::Normalize(args) => normalize::command::execute(args)?,
            Self::Scenario(args) => return scenario::execute(args),
            Self::Journal(args) => return journal::execute(args),
            Self::View(args) => return view::execute(args),
            Self::Recover(args) => recover::execute(args)?,
            Self::Stats(args) => return stats::command::execute(args),
            Self::Watch(args) => return watch::execute(args),
            Self::Doctor(args) => return doctor::execute(args),
            Self::Sim(args) => return sim::execute(args),
            Self::Host(args) => return host::execute(args),
            Self::Completions(args) => completions::execute(args, Pinion::command())?,
            Self::Man(args) => man::execute(args, Pinion::command())?,
            Self::Version(args) => version::execute(args),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn main() -> ExitCode {
    match Pinion::parse().command.execute() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pinion: {error}");
            ExitCode::FAILURE
        }
    }
}
