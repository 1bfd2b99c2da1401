//! Runs files through a target: what libFuzzer wrote down is repeated on stable Rust, under a debugger if need be.

use crate::Target;
use std::process::ExitCode;

/// Runs every file; a defect panics. Exit status 2 when there is nothing to run or a file cannot be read.
#[must_use]
pub fn run_files(target: Target, files: impl Iterator<Item = String>) -> ExitCode {
    let mut ran = 0;
    for file in files {
        match std::fs::read(&file) {
            Ok(data) => println!("{file}: {}", if target(&data) { "accepted" } else { "refused" }),
            Err(error) => {
                eprintln!("{file}: expected a readable file, found: {error}");
                return ExitCode::from(2);
            }
        }
        ran += 1;
    }
    if ran == 0 {
        eprintln!(
            "expected files to run through the target, found none; for fuzzing use: cargo +nightly fuzz run --features entries TARGET"
        );
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}
