//! This program under valgrind's callgrind: how many instructions some of its functions need.
//!
//! Goal: counts that a busy machine does not disturb, several of one run. Non-goal: what is counted.
//!
//! The program starts itself. Inside, callgrind collects only within the functions that are named, and writes its counts out each time that
//! [`ended`] returns; what the program says under [`COUNTS`] tells how many operations each was.

use std::ffi::OsString;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use crate::error::BenchError;

/// The fact under which the program inside says how many operations there were.
pub const COUNTS: &str = "counts";

/// Instructions of operations of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Of all of them.
    pub instructions: u64,
    /// How many operations there were.
    pub operations: u64,
}

/// Starts this program with these arguments and counts within these functions, patterns of callgrind's.
///
/// # Errors
/// There is no valgrind, or the program inside fails.
pub fn count(arguments: &[&str], within: &[&str]) -> Result<Vec<Counted>, BenchError> {
    let dir = tempfile::tempdir().map_err(BenchError::io("make a directory for callgrind"))?;
    let program = std::env::current_exe().map_err(BenchError::io("find this program"))?;
    let out = dir.path().join("out");
    let mut out_file = OsString::from("--callgrind-out-file=");
    out_file.push(&out);
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet", "--collect-atstart=no", "--dump-after=*callgrind*ended*"]);
    command.args(within.iter().map(|function| format!("--toggle-collect={function}")));
    command.arg(out_file).arg(program).args(arguments);
    let output = command.output().map_err(|source| BenchError::Valgrind { found: source.to_string() })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let counts = said.lines().find_map(|line| line.trim().strip_prefix(COUNTS)?.strip_prefix(": "));
    let (true, Some(counts)) = (output.status.success(), counts) else {
        let found = format!("{}, {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        return Err(BenchError::Valgrind { found });
    };
    let counts = (1..).zip(counts.split(' ')).map(|(number, count)| {
        let instructions = total(&out.with_file_name(format!("out.{number}")))?;
        Ok(Counted { instructions, operations: count.parse().unwrap_or(1) })
    });
    counts.collect()
}

/// What the program inside says of its counts.
#[must_use]
pub fn said(counts: &[u64]) -> (&'static str, String) {
    (COUNTS, counts.iter().map(u64::to_string).collect::<Vec<_>>().join(" "))
}

/// Where callgrind writes its counts out and begins anew.
#[inline(never)]
pub fn ended(count: u64) {
    black_box(count);
}

/// The instructions that a file of callgrind's counts, in all.
fn total(path: &Path) -> Result<u64, BenchError> {
    let text = fs::read_to_string(path).map_err(BenchError::io("read what callgrind counted"))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| BenchError::Valgrind { found: "counts without a line 'totals'".to_owned() })
}
