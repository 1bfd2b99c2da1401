//! `pinion man`: the command line as manual pages, one for each subcommand.
//!
//! Goal: the same text as `--help`, where an operator looks first. Non-goal: what `docs/operations.md` says.

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Write manual pages, one for each subcommand, into a folder
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  pinion man target/man && man -l target/man/pinion-run.1

The Debian package brings them: man pinion, man pinion-journal-dump.")]
pub struct ManArgs {
    /// Is made where it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes those of `command`.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn execute(args: &ManArgs, command: Command) -> Result<(), io::Error> {
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", args.dir.display()));
    fs::create_dir_all(&args.dir).map_err(failed)?;
    // `pinion help X` is `pinion X --help`, and needs no page.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let count = write(&command, &args.dir).map_err(failed)?;
    eprintln!("man: {count} pages in {}", args.dir.display());
    Ok(())
}

/// The page of a command and those below it. Returns how many.
fn write(command: &Command, dir: &Path) -> io::Result<usize> {
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        count += write(below, dir)?;
    }
    let man = Man::new(command.clone()).source(concat!("pinion ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    if let Some(text) = after {
        notes(&text.to_string()).to_writer(&mut page)?;
    }
    fs::write(dir.join(man.get_filename()), page)?;
    Ok(count)
}

/// What stands below the options: a line that ends with a colon and begins at the margin is a heading where indented lines follow it, and those
/// keep their shape.
fn notes(text: &str) -> Roff {
    let mut roff = Roff::new();
    let lines: Vec<&str> = text.lines().collect();
    let is_shaped = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("  "));
    let (mut shaped, mut headed) = (false, false);
    for (index, line) in lines.iter().enumerate() {
        if is_shaped(Some(line)) != shaped {
            shaped = !shaped;
            roff.control(if shaped { "nf" } else { "fi" }, []);
        }
        match line.strip_suffix(':') {
            Some(heading) if !shaped && is_shaped(lines.get(index + 1)) && heading.len() < 24 => {
                roff.control("SH", [heading.to_uppercase().as_str()]);
                headed = true;
            }
            _ => {
                if !headed {
                    roff.control("SH", ["NOTES"]);
                    headed = true;
                }
                if line.is_empty() {
                    roff.control("PP", [])
                } else {
                    roff.text([roman(*line)])
                };
            }
        }
    }
    if shaped {
        roff.control("fi", []);
    }
    roff
}
