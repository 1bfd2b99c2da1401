//! `pinion-bench`: what the parts of Pinion cost on this machine, with the facts that a reader needs to judge the figures.
//!
//! Goal: measured figures that cannot be had by a wrong answer, each with what it leaves out. Non-goal: passing or failing on time; the
//! network and the whole appliance from outside (`pinion replay` measures those).
#![forbid(unsafe_code)]

mod callgrind;
mod compare;
mod cores;
mod drain;
mod error;
mod figure;
mod flow;
mod host;
mod load;
mod ordered;
mod proof;
mod published;
mod report;
mod run;
mod sample;
mod stream;
mod subject;
mod suite;
mod table;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use compare::CompareArgs;
use error::BenchError;
use figure::{Section, THREADS};
use host::Host;
use netio::clock::Clock;
use netio::pages::{self, HugeAllocator};
use report::screen::{Full, Short};
use report::{html, plot, readme};
use run::Run;
use suite::book::BookArgs;
use suite::core::CoreArgs;
use suite::counting::CountingArgs;
use suite::depths::DepthsArgs;
use suite::feed::FeedArgs;
use suite::instructions::InstructionsArgs;
use suite::instruments::InstrumentsArgs;
use suite::journal::JournalArgs;
use suite::operators::OperatorsArgs;
use suite::pipeline::PipelineArgs;
use suite::recovery::RecoveryArgs;
use suite::rings::RingsArgs;
use suite::snapshot::SnapshotArgs;
use suite::wire::WireArgs;
use suite::wire::far::{self, FarArgs};
use suite::workloads::WorkloadsArgs;

#[global_allocator]
static MEMORY: HugeAllocator = HugeAllocator;

const EXAMPLES: &str = "\
Examples:
  pinion-bench                      the canonical run, in under two minutes, on one screen
  pinion-bench --out run.json --html run.html
                                    the same kept as JSON and as a page with plots
  pinion-bench core                 the public contest's five scenarios, with the hash of our answer
  pinion-bench core --scenario swing-40 --seed 7 --ring
  pinion-bench book --orders 20000 --only modify,cancel-first
  pinion-bench depths --flow normal_s23_n1000000.txt.xz
  pinion-bench journal --dir /var/lib/pinion
  pinion-bench compare a.json b.json
  pinion-bench show run.json --html run.html

Exit status: 0 measured; 1 a part gave a wrong answer or could not run; 2 wrong usage. Never by time, unless compare is told so.";

/// Measures the book, the core around it, the rings between tiles, the journal and recovery.
#[derive(Debug, Parser)]
#[command(name = "pinion-bench", version, max_term_width = 120, after_help = EXAMPLES)]
struct Bench {
    /// Sizes so small that the figures mean nothing: shows that the benchmark works
    #[arg(long, global = true)]
    smoke: bool,
    /// Run everything so often, and let the middle count
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: Option<u32>,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// Print everything, also where a line a subject is usual
    #[arg(long, global = true, conflicts_with = "json")]
    full: bool,
    /// Keep the run as JSON
    #[arg(long, global = true, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, global = true, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write each plot as an SVG file
    #[arg(long, global = true, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Put the numbers between the markers of this page
    #[arg(long, global = true, value_name = "FILE")]
    readme: Option<PathBuf>,
    #[command(subcommand)]
    suite: Option<Suite>,
}

#[derive(Debug, Subcommand)]
enum Suite {
    Core(CoreArgs),
    Instruments(InstrumentsArgs),
    Book(BookArgs),
    Instructions(InstructionsArgs),
    Counting(CountingArgs),
    Depths(DepthsArgs),
    Rings(RingsArgs),
    Journal(JournalArgs),
    Operators(OperatorsArgs),
    Pipeline(PipelineArgs),
    Workloads(WorkloadsArgs),
    Wire(WireArgs),
    #[command(hide = true)]
    WireFar(FarArgs),
    Recovery(RecoveryArgs),
    Feed(FeedArgs),
    Snapshot(SnapshotArgs),
    Compare(CompareArgs),
    /// Print or draw a kept run again
    Show {
        /// What --out wrote
        file: PathBuf,
    },
}

impl Bench {
    /// What is to be printed, and the error to end with nevertheless.
    fn run(&self) -> Result<(String, Option<BenchError>), BenchError> {
        let run = match &self.suite {
            Some(Suite::Compare(args)) => return compare::run(args, self.rounds, self.smoke, self.json),
            Some(Suite::Show { file }) => Run::read(file)?,
            _ => self.measure()?,
        };
        let text = if self.json {
            run.to_json()
        } else if self.suite.is_none() && !self.full {
            Short(&run).to_string()
        } else {
            Full(&run).to_string()
        };
        if let Some(path) = &self.out {
            write(path, &run.to_json())?;
        }
        if let Some(path) = &self.html {
            write(path, &html::page(&run)?)?;
        }
        if let Some(dir) = &self.svg {
            plot::write(&run, dir)?;
        }
        if let Some(path) = &self.readme {
            readme::rewrite(path, &run)?;
        }
        Ok((text, None))
    }

    fn measure(&self) -> Result<Run, BenchError> {
        // As in the appliance, the subjects' tables are there before they are used.
        pages::prefault(true);
        let clock = Clock::calibrate();
        let host = Host::read(&clock);
        let mut run = Run { smoke: self.smoke, ..Run::default() };
        let rounds = self.rounds.unwrap_or(1);
        for round in 1..=rounds {
            if rounds > 1 {
                eprintln!("pinion-bench: round {round} of {rounds}");
            }
            run.add_round(&self.suites(&clock)?);
        }
        let mut run = run.finish();
        (run.host, run.warnings) = host.finish(threads(&run));
        Ok(run)
    }

    fn suites(&self, clock: &Clock) -> Result<Vec<Section>, BenchError> {
        let smoke = self.smoke;
        Ok(match &self.suite {
            Some(Suite::Core(args)) => vec![suite::core::run(args, smoke, clock)?],
            Some(Suite::Instruments(args)) => vec![suite::instruments::run(args, smoke, clock)?],
            Some(Suite::Book(args)) => vec![suite::book::run(args, smoke, clock)?],
            Some(Suite::Instructions(args)) => vec![suite::instructions::run(args, smoke)?],
            Some(Suite::Counting(args)) => vec![suite::counting::run(args, smoke)?],
            Some(Suite::Operators(args)) => vec![suite::operators::run(args, smoke, clock)?],
            Some(Suite::Depths(args)) => vec![suite::depths::run(args, smoke, clock)?],
            Some(Suite::Rings(args)) => vec![suite::rings::run(args, smoke, clock)?],
            Some(Suite::Journal(args)) => vec![suite::journal::run(args, smoke, clock)?],
            Some(Suite::Recovery(args)) => vec![suite::recovery::run(args, smoke, clock)?],
            Some(Suite::Feed(args)) => vec![suite::feed::run(args, smoke, clock)?],
            Some(Suite::Snapshot(args)) => vec![suite::snapshot::run(args, smoke, clock)?],
            Some(Suite::Pipeline(args)) => suite::pipeline::run(args, smoke, clock)?,
            Some(Suite::Workloads(args)) => vec![suite::workloads::run(args, smoke, clock)?],
            Some(Suite::Wire(args)) => vec![suite::wire::run(args, smoke, clock)?],
            // These measure nothing.
            Some(Suite::Compare(_) | Suite::Show { .. } | Suite::WireFar(_)) => vec![],
            // The canonical run.
            None => {
                let mut sections = vec![suite::core::run(&CoreArgs::default(), smoke, clock)?];
                sections.extend(suite::pipeline::run(&PipelineArgs::canonical(), smoke, clock)?);
                sections.push(suite::wire::run(&WireArgs::default(), smoke, clock)?);
                sections.push(suite::journal::run(&JournalArgs::default(), smoke, clock)?);
                sections.push(suite::recovery::run(&RecoveryArgs::default(), smoke, clock)?);
                sections
            }
        })
    }
}

/// The most threads that any suite lets poll at once.
fn threads(run: &Run) -> usize {
    let told = run.sections.0.iter().filter_map(|(_, facts)| facts.get(THREADS));
    let numbers = told.filter_map(|fact| fact.split(|symbol: char| !symbol.is_ascii_digit()).next()?.parse().ok());
    numbers.max().unwrap_or(1)
}

fn write(path: &Path, text: &str) -> Result<(), BenchError> {
    fs::write(path, text).map_err(|source| BenchError::File { path: path.to_owned(), source })
}

fn main() -> ExitCode {
    let bench = Bench::parse();
    if let Some(Suite::WireFar(args)) = &bench.suite {
        return far::serve(args);
    }
    let ended = bench.run().and_then(|(text, error)| {
        let text = text.trim_end();
        writeln!(std::io::stdout().lock(), "{text}").map_err(BenchError::Output)?;
        error.map_or(Ok(()), Err)
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // Wrong usage that the parser cannot see.
        Err(error @ BenchError::Usage { .. }) => {
            eprintln!("pinion-bench: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("pinion-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
