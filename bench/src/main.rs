//! `pinion-bench`: what the parts of Pinion cost on this machine, with the facts that a reader needs to judge the figures.
//!
//! Goal: measured figures that cannot be had by a wrong answer, each with what it leaves out. Non-goal: passing or failing on time; the
//! network and the whole appliance from outside (`pinion replay` measures those).
#![forbid(unsafe_code)]

mod cores;
mod drain;
mod error;
mod figure;
mod flow;
mod host;
mod load;
mod proof;
mod published;
mod report;
mod sample;
mod stream;
mod subject;
mod suite;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use error::BenchError;
use figure::Section;
use host::HostFacts;
use netio::clock::Clock;
use netio::pages::{self, HugeAllocator};
use report::Report;
use suite::book::BookArgs;
use suite::core::CoreArgs;
use suite::depths::DepthsArgs;
use suite::instructions::InstructionsArgs;
use suite::instruments::InstrumentsArgs;
use suite::journal::JournalArgs;
use suite::pipeline::PipelineArgs;
use suite::rings::RingsArgs;
use suite::workloads::WorkloadsArgs;
use suite::wire::WireArgs;
use suite::wire::far::{self, FarArgs};

#[global_allocator]
static MEMORY: HugeAllocator = HugeAllocator;

const EXAMPLES: &str = "\
Examples:
  pinion-bench                      everything, in under a minute, on one screen
  pinion-bench --json > run.json    the same as JSON, with the facts of the host
  pinion-bench core                 the public contest's five scenarios, with the hash of our answer
  pinion-bench core --scenario swing-40 --seed 7 --ring
  pinion-bench book --orders 20000 --only modify,cancel-first
  pinion-bench depths --flow normal_s23_n1000000.txt.xz
  pinion-bench journal --dir /var/lib/pinion

Exit status: 0 measured; 1 a part gave a wrong answer or could not run; 2 wrong usage. Never by time.";

/// Measures the book, the core around it, the rings between tiles and the journal.
#[derive(Debug, Parser)]
#[command(name = "pinion-bench", version, max_term_width = 120, after_help = EXAMPLES)]
struct Bench {
    /// Sizes so small that the figures mean nothing: shows that the benchmark works
    #[arg(long, global = true)]
    smoke: bool,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    suite: Option<Suite>,
}

#[derive(Debug, Subcommand)]
enum Suite {
    Core(CoreArgs),
    Instruments(InstrumentsArgs),
    Book(BookArgs),
    Instructions(InstructionsArgs),
    Depths(DepthsArgs),
    Rings(RingsArgs),
    Journal(JournalArgs),
    Pipeline(PipelineArgs),
    Workloads(WorkloadsArgs),
    Wire(WireArgs),
    #[command(hide = true)]
    WireFar(FarArgs),
}

impl Bench {
    fn measure(&self) -> Result<Report, BenchError> {
        // As in the appliance, the subjects' tables are there before they are used.
        pages::prefault(true);
        let clock = Clock::calibrate();
        let host = HostFacts::read(&clock);
        let smoke = self.smoke;
        let sections: Vec<Section> = match &self.suite {
            Some(Suite::Core(args)) => vec![suite::core::run(args, smoke, &clock)?],
            Some(Suite::Instruments(args)) => vec![suite::instruments::run(args, smoke, &clock)?],
            Some(Suite::Book(args)) => vec![suite::book::run(args, smoke, &clock)?],
            Some(Suite::Instructions(args)) => vec![suite::instructions::run(args, smoke)?],
            Some(Suite::Depths(args)) => vec![suite::depths::run(args, smoke, &clock)?],
            Some(Suite::Rings(args)) => vec![suite::rings::run(args, smoke, &clock)?],
            Some(Suite::Journal(args)) => vec![suite::journal::run(args, smoke, &clock)?],
            Some(Suite::Pipeline(args)) => suite::pipeline::run(args, smoke, &clock)?,
            Some(Suite::Workloads(args)) => vec![suite::workloads::run(args, smoke, &clock)?],
            Some(Suite::Wire(args)) => vec![suite::wire::run(args, smoke, &clock)?],
            Some(Suite::WireFar(_)) => Vec::new(),
            None => vec![
                suite::core::run(&CoreArgs::default(), smoke, &clock)?,
                suite::depths::run(&DepthsArgs::default(), smoke, &clock)?,
                suite::rings::run(&RingsArgs::default(), smoke, &clock)?,
                suite::journal::run(&JournalArgs::default(), smoke, &clock)?,
            ],
        };
        Ok(Report { host, smoke, sections })
    }
}

fn main() -> ExitCode {
    let bench = Bench::parse();
    if let Some(Suite::WireFar(args)) = &bench.suite {
        return far::serve(args);
    }
    let written = bench.measure().and_then(|report| {
        let text = if bench.json { report.to_json() } else { report.to_string() };
        writeln!(std::io::stdout().lock(), "{text}").map_err(BenchError::Output)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pinion-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
