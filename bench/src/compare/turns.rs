//! Two programs in turns: A B, B A, A B, … each round a process of its own.
//!
//! Goal: what disturbs the machine disturbs both alike, and what a process has for its whole life (where its memory came to lie) is drawn
//! anew for each round, so that it is noise and not a difference. Non-goal: comparing what was found; see [`super::pairs`].

use std::path::Path;
use std::process::Command;

use crate::error::BenchError;
use crate::run::Run;

/// Runs both with the same arguments. Returns what each found, all rounds in one.
///
/// # Errors
/// One of them gives no figures.
pub fn take(programs: [&Path; 2], arguments: &[String], rounds: u32, token: &str) -> Result<[Run; 2], BenchError> {
    let mut runs = [const { None }; 2];
    for round in 0..rounds {
        eprintln!("pinion-bench: round {} of {rounds}", round + 1);
        let order = if round.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        for at in order {
            let found = run(programs[at], arguments)?;
            match &mut runs[at] {
                None => runs[at] = Some(found),
                Some(run) => run.add(found),
            }
        }
    }
    Ok(runs.map(|run| Run { turns: Some(token.to_owned()), ..run.unwrap_or_default().finish() }))
}

fn run(program: &Path, arguments: &[String]) -> Result<Run, BenchError> {
    let mut command = Command::new(program);
    // Where this program was started from says nothing about the other's source.
    command.args(arguments).args(["--json", "--rounds", "1"]).env_remove("CARGO_MANIFEST_DIR");
    let failed = |found: String| {
        let arguments = arguments.join(" ");
        BenchError::Child { path: program.to_owned(), arguments, found }
    };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    Run::from_json(&String::from_utf8_lossy(&output.stdout)).map_err(|error| failed(error.to_string()))
}
