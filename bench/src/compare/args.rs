//! `pinion-bench compare`: two kept runs, or two programs in turns.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::pairs::{Comparison, Verdict};
use super::screen::{Screen, full_name};
use super::turns;
use crate::error::BenchError;
use crate::run::Run;
use clap::Args;

const ROUNDS: u32 = 10;

const EXAMPLES: &str = "\
Examples:
  pinion-bench --rounds 10 --out a.json core       one round after the other, each figure with all of them
  pinion-bench compare a.json b.json               two such files: what differs, by how much
  pinion-bench compare --against OLD core --rounds 10
                                                   this program and another in turns: the ratio is this one's by the other's
  pinion-bench compare --against OLD --out-dir runs -- core --passes 1 --orders 200000

Prints the ratio B/A of every figure that is in both, the range that it lies in, and which figures are slower or faster. The ranges hold for
all figures at once: in at most 1 of 100 comparisons of the same program with itself anything is named.";

/// Compare two kept runs, or this program with another in turns.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    /// Two files of --out; with --against a suite and its options instead, after '--' when they begin with '-'
    #[arg(value_name = "A.json B.json | SUITE", required_unless_present = "against")]
    what: Vec<String>,
    /// Run this program and another one in turns
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Keep what both found, as a.json (the other) and b.json (this one)
    #[arg(long, value_name = "DIR", requires = "against")]
    out_dir: Option<PathBuf>,
    /// Exit with 1 when B is slower in any figure
    #[arg(long)]
    fail_on_slower: bool,
}

/// Compares, and returns what is to be printed, and the error to end with, if any.
///
/// # Errors
/// A file cannot be read, or a program gives no figures.
pub fn run(
    args: &CompareArgs,
    rounds: Option<u32>,
    smoke: bool,
    json: bool,
) -> Result<(String, Option<BenchError>), BenchError> {
    let (names, runs) = match &args.against {
        Some(other) => {
            let this = std::env::current_exe().map_err(BenchError::io("find this program"))?;
            let mut arguments = args.what.clone();
            arguments.extend(smoke.then(|| "--smoke".to_owned()));
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
            let token = format!("{}.{}", since.as_nanos(), std::process::id());
            let runs = turns::take([other, &this], &arguments, rounds.unwrap_or(ROUNDS), &token)?;
            if let Some(dir) = &args.out_dir {
                keep(dir, &runs)?;
            }
            ([other.display().to_string(), this.display().to_string()], runs)
        }
        None => {
            let [a, b] = &args.what[..] else {
                return Err(BenchError::Usage {
                    expected: "two files, or --against PROGRAM",
                    found: args.what.join(" "),
                });
            };
            ([a.clone(), b.clone()], [Run::read(a.as_ref())?, Run::read(b.as_ref())?])
        }
    };
    let comparison = Comparison::of(&runs[0], &runs[1]);
    let screen = Screen { names: [&names[0], &names[1]], runs: [&runs[0], &runs[1]], comparison: &comparison };
    let said = if json { screen.to_json() } else { screen.to_string() };
    let slower: Vec<String> = comparison.judged(Verdict::Slower).map(full_name).collect();
    let error = (args.fail_on_slower && !slower.is_empty()).then(|| BenchError::Slower { slower: slower.join("; ") });
    Ok((said, error))
}

fn keep(dir: &PathBuf, runs: &[Run; 2]) -> Result<(), BenchError> {
    fs::create_dir_all(dir).map_err(|source| BenchError::File { path: dir.clone(), source })?;
    for (name, run) in ["a.json", "b.json"].into_iter().zip(runs) {
        let path = dir.join(name);
        fs::write(&path, run.to_json()).map_err(|source| BenchError::File { path, source })?;
    }
    Ok(())
}
