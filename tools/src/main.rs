//! The `pinion` command: one subcommand a module of the library; data on stdout, talk on stderr.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage.
#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tools::{listen, replay};

/// A matching-engine appliance: orders in as UDP packets, reports, ticks and a journal out.
#[derive(Debug, Parser)]
#[command(name = "pinion", version, max_term_width = 120)]
struct Pinion {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Replay(Box<replay::command::ReplayArgs>),
    Listen(listen::command::ListenArgs),
}

impl Command {
    fn execute(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Replay(args) => replay::command::execute(args),
            Self::Listen(args) => listen::command::execute(args),
        }
    }
}

fn main() -> ExitCode {
    match Pinion::parse().command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pinion: {error}");
            ExitCode::FAILURE
        }
    }
}
