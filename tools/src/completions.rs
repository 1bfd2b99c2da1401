//! `pinion completions`: what a shell needs to complete the command line.
//!
//! Goal: made from the command line itself, so that it is never behind. Non-goal: completing names that only a running appliance knows.

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};
use std::io::{self, Write};

/// Print completions for a shell
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  pinion completions bash > /usr/share/bash-completion/completions/pinion
  pinion completions zsh > /usr/share/zsh/vendor-completions/_pinion
  pinion completions fish > /usr/share/fish/vendor_completions.d/pinion.fish

The Debian package brings all three.")]
pub struct CompletionsArgs {
    /// For which
    #[arg(value_enum)]
    shell: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    Bash,
    Zsh,
    Fish,
}

/// Prints those of `command`.
///
/// # Errors
/// Stdout cannot be written.
pub fn execute(args: &CompletionsArgs, mut command: Command) -> io::Result<()> {
    let shell = match args.shell {
        Name::Bash => Shell::Bash,
        Name::Zsh => Shell::Zsh,
        Name::Fish => Shell::Fish,
    };
    let name = command.get_name().to_owned();
    // Made in memory first: the generator panics where it cannot write, and a pipe may be closed.
    let mut text = Vec::new();
    generate(shell, &mut command, name, &mut text);
    io::stdout().write_all(&text)
}
