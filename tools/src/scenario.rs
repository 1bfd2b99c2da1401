//! `pinion scenario`: plain-text scenarios, carried out by the real exchange core in this process.
//!
//! ```text
//!   FILE ─► parser ─► Script ─► trial ─► floor ─► OUCH messages ─► engine::exchange
//!                                 └── judge ◄── recorder ◄── events, reports, ticks
//! ```
//! Goal: whoever can read a scenario can say what the exchange must do, and sees where it does not. Non-goal: transport, journal,
//! time; those have their own tests.

mod consequence;
mod displayed;
pub mod error;
pub mod floor;
mod line;
pub mod parser;
mod reason;
mod recorder;
pub mod script;
pub mod trial;

use crate::json::Text;
use clap::Args;
use script::Script;
use std::collections::HashSet;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trial::Mismatch;

/// Every scenario did what its file says.
const PASSED: u8 = 0;
/// At least one did not.
const FAILED: u8 = 1;
/// A file could not be used.
const UNUSABLE: u8 = 2;

/// Run plain-text scenarios through the exchange core and say which of them hold
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help())]
pub struct ScenarioArgs {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run only scenarios with this tag (repeatable: with any of them)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Leave out scenarios with this tag (repeatable)
    #[arg(long = "skip-tag", value_name = "TAG")]
    pub skip_tags: Vec<String>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
}

fn after_help() -> String {
    format!(
        "Example:\n  pinion scenario scenarios/*.scn\n  pinion scenario --tag self-match --json scenarios/*.scn\n\n\
         Exit status: 0 all passed, 1 one failed, 2 a file could not be read (file, line and reason on stderr; the other files \
         are run all the same).\n\n\
         Beyond the usual keys: a stoplimit takes every key of a limit, a stop takes stp=, a replace takes stop= (the new stop price), \
         and '-> trade ... times=N' stands for N such lines.\n\n\
         An order id stands for the order's UserRefNum: entering under the id of a live order sends that number again, which the \
         exchange must not take for an order ('-> reject reason=duplicate-id').\n\n\
         Names for '-> reject reason=': {}.",
        reason::names()
    )
}

/// What became of one scenario.
struct Verdict<'a> {
    file: &'a Path,
    script: &'a Script,
    mismatch: Option<Mismatch>,
}

/// Runs the command on the standard streams.
///
/// # Errors
/// Stdout or stderr cannot be written.
pub fn execute(args: &ScenarioArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let code = run(args, &mut out, &mut io::stderr().lock())?;
    out.flush()?;
    Ok(code)
}

/// Runs the command: results to `out`, talk to `talk`.
///
/// # Errors
/// One of them cannot be written.
pub fn run(args: &ScenarioArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<ExitCode> {
    let mut unusable = 0_usize;
    let mut files = Vec::new();
    for file in &args.files {
        match parser::read(file) {
            Ok(scripts) => {
                remark(file, &scripts, talk)?;
                files.push((file, scripts));
            }
            Err(error) => {
                unusable += 1;
                writeln!(talk, "pinion scenario: {error}")?;
            }
        }
    }
    let mut verdicts = Vec::new();
    for (file, scripts) in &files {
        for script in scripts.iter().filter(|script| args.selects(script)) {
            let mismatch = trial::run(script).err();
            let verdict = Verdict { file, script, mismatch };
            if !args.json {
                verdict.print(out)?;
            }
            verdicts.push(verdict);
        }
    }
    let failed = verdicts.iter().filter(|verdict| verdict.mismatch.is_some()).count();
    let passed = verdicts.len() - failed;
    if args.json {
        print_json(&verdicts, passed, failed, unusable, out)?;
    } else {
        writeln!(out, "{passed} passed, {failed} failed")?;
    }
    Ok(ExitCode::from(if unusable > 0 {
        UNUSABLE
    } else if failed > 0 {
        FAILED
    } else {
        PASSED
    }))
}

impl ScenarioArgs {
    fn selects(&self, script: &Script) -> bool {
        let has = |wanted: &[String]| script.tags.iter().any(|tag| wanted.contains(tag));
        (self.tags.is_empty() || has(&self.tags)) && !has(&self.skip_tags)
    }
}

/// Says what is legal and hardly meant.
fn remark(file: &Path, scripts: &[Script], talk: &mut impl Write) -> io::Result<()> {
    if scripts.is_empty() {
        writeln!(talk, "pinion scenario: {}: holds no scenario", file.display())?;
    }
    let mut seen = HashSet::new();
    for script in scripts {
        if !seen.insert(&script.name) {
            writeln!(talk, "pinion scenario: {}:{}: a second scenario {}", file.display(), script.line, script.name)?;
        }
    }
    Ok(())
}

impl Verdict<'_> {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.mismatch {
            None => writeln!(out, "ok {}", self.script.name),
            Some(mismatch) => writeln!(out, "FAIL {}: {mismatch}", self.script.name),
        }
    }
}

fn print_json(
    verdicts: &[Verdict<'_>],
    passed: usize,
    failed: usize,
    unusable: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "{{\"passed\":{passed},\"failed\":{failed},\"files_unusable\":{unusable},\"scenarios\":[")?;
    for (number, Verdict { file, script, mismatch }) in verdicts.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let (name, file) = (Text(&script.name), file.to_string_lossy());
        write!(out, "{comma}{{\"name\":{name},\"file\":{},\"ok\":{}", Text(&file), mismatch.is_none())?;
        if let Some(Mismatch { line, expected, got }) = mismatch {
            write!(out, ",\"line\":{line},\"expected\":{},\"got\":{}", Text(expected), Text(got))?;
        }
        out.write_all(b"}")?;
    }
    writeln!(out, "]}}")
}
