//! `pinion sim`: the whole appliance, its clients and a disk, on one thread, from one seed.
//!
//! | file | is |
//! |---|---|
//! | `plan`, `random` | what a seed decides beforehand; streams of chance |
//! | `world` | the loop: time, troubles, turns; starts and crashes |
//! | `network`, `port` | what happens to datagrams |
//! | `disk` | what happens to what is written |
//! | `trader`, `orders`, `subscriber`, `operator` | the users |
//! | `ledger`, `standing` | the history by the journal; the orders by the reports |
//! | `check` | the checkers |
//! | `canary` | faults that must be found |
//! | `shrink`, `many` | from a failure to its smallest form; many seeds on all cores |
//! | `trace` | what happened, a line a happening |
//!
//! Goal: a failing seed is the bug report. Non-goal: the machine itself: threads, sockets, a real disk; other tests have those.

pub mod canary;
pub mod check;
pub mod disk;
pub mod ledger;
pub mod many;
pub mod network;
pub mod operator;
pub mod orders;
pub mod plan;
pub mod port;
pub mod random;
pub mod shrink;
pub mod standing;
pub mod subscriber;
pub mod trace;
pub mod trader;
pub mod world;

use std::error::Error;
use std::fmt::Write as _;
use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::canary::Canary;
use self::plan::{Plan, Switch};
use self::shrink::{Shrunk, shrink};
use self::trace::Keep;
use self::world::{Outcome, run};
use crate::json::Text;
use clap::Args;
use engine::journal::Durability;

const EXAMPLES: &str = "\
Examples:
  pinion sim                                 a seed of its own choice, which it tells
  pinion sim --seed 7 --steps 100000 --verbose
  pinion sim --seeds 0..1000                 a thousand seeds, on all cores
  pinion sim --hours 8                       a night
  pinion sim --seed 7 --steps 3120 --without loss,kill

Exit status: 0 nothing found, 1 a checker found something, 2 wrong usage.";

/// Live through whole days of faults on one thread: network, disk, crashes, clients; and check everything.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SimArgs {
    /// The seed of everything
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Many seeds, the last one not included
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    seeds: Option<Range<u64>>,
    /// How many steps the troubles last
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// What the venue promises, synced or mapped; else the seed decides
    #[arg(long)]
    durability: Option<Durability>,
    /// Leave these out, by name
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    without: Vec<Switch>,
    /// Seed after seed for so many hours
    #[arg(long, conflicts_with_all = ["seed", "seeds"])]
    hours: Option<f64>,
    /// Seed after seed until something is found
    #[arg(long, conflicts_with_all = ["seed", "seeds", "hours"])]
    forever: bool,
    /// Print all that happens
    #[arg(long)]
    verbose: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Do not look for a smaller form of what was found
    #[arg(long)]
    as_is: bool,
    /// A fault that must be found
    #[arg(long, hide = true)]
    canary: Option<Canary>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("expected FROM..TO, such as 0..100")?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|error| format!("'{text}': {error}"));
    let (from, to) = (number(from)?, number(to)?);
    if from < to { Ok(from..to) } else { Err(format!("expected FROM below TO, found {from}..{to}")) }
}

impl SimArgs {
    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::draw(seed, self.steps, self.durability);
        if let Some(canary) = self.canary {
            canary.prepare(&mut plan);
        }
        self.without.iter().for_each(|switch| plan.switch_off(*switch));
        plan
    }
}

/// Runs the command on the standard streams.
///
/// # Errors
/// There is no place for the files.
pub fn execute(args: &SimArgs) -> Result<ExitCode, Box<dyn Error>> {
    let begin = Instant::now();
    many::tell_seed_of_panics();
    let several = args.seeds.is_some() || args.hours.is_some() || args.forever;
    if !several {
        let seed = match args.seed {
            Some(seed) => seed,
            None => drawn()?,
        };
        many::begin(seed);
        let plan = args.plan(seed);
        let keep = if args.verbose { Keep::Print } else { Keep::Digest };
        let outcome = run(&plan, keep)?;
        return tell(args, &plan, outcome, 1, begin.elapsed());
    }
    let deadline = args.hours.map(|hours| begin + Duration::from_secs_f64(hours * 3_600.0));
    let seeds = match &args.seeds {
        Some(seeds) => seeds.clone(),
        None => {
            let first = drawn()?;
            first..u64::MAX
        }
    };
    let first = seeds.start;
    eprintln!("sim: seeds from {first} on, {} steps each", args.steps);
    let done = many::run(seeds, deadline, |seed| args.plan(seed))?;
    match done.found {
        Some((plan, outcome)) => tell(args, &plan, outcome, done.seeds, begin.elapsed()),
        None => {
            let (seeds, starts, commands) = (done.seeds, done.starts, done.commands);
            let seconds = begin.elapsed().as_secs_f64();
            if args.json {
                println!(
                    "{{\"seeds\":{seeds},\"starts\":{starts},\"commands\":{commands},\"seconds\":{seconds:.1},\"failure\":null}}"
                );
            } else {
                println!(
                    "{seeds} seeds from {first} on, {starts} starts, {commands} commands, {seconds:.1} s: nothing found"
                );
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A seed that is easy to copy.
fn drawn() -> Result<u64, Box<dyn Error>> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes[..4]).map_err(|error| error.to_string())?;
    Ok(u64::from_le_bytes(bytes))
}

fn tell(args: &SimArgs, plan: &Plan, outcome: Outcome, seeds: u64, took: Duration) -> Result<ExitCode, Box<dyn Error>> {
    let seconds = took.as_secs_f64();
    let digest: String = outcome.digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let Outcome { commands, starts, .. } = outcome;
    let Some(failure) = outcome.failure else {
        let seed = plan.seed;
        if args.json {
            println!(
                "{{\"seed\":{seed},\"starts\":{starts},\"commands\":{commands},\"seconds\":{seconds:.1},\"digest\":\"{digest}\",\"failure\":null}}"
            );
        } else {
            println!(
                "seed {seed}: {starts} starts, {commands} commands, {seconds:.1} s, trace {digest}: nothing found"
            );
        }
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!("sim: seed {}: {failure}", plan.seed);
    let shrunk = if args.as_is { Shrunk::unshrunk(plan, &failure) } else { shrink(plan, &failure)? };
    let command = shrunk.command();
    if args.json {
        let (checker, what) = (Text(failure.checker), Text(&failure.what));
        println!(
            "{{\"seed\":{},\"seeds\":{seeds},\"seconds\":{seconds:.1},\"failure\":{{\"checker\":{checker},\"step\":{},\"what\":{what},\
             \"command\":{}}}}}",
            plan.seed,
            failure.step,
            Text(&command)
        );
    } else {
        print!("{}", shrunk.text);
        println!("FAIL seed {}: {}", plan.seed, shrunk.failure);
        println!("again: {command}");
    }
    Ok(ExitCode::FAILURE)
}
