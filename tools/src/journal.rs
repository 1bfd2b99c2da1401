//! `pinion journal`: whether a journal is whole, and what is in it.
//!
//! Goal: an operator can check and read a journal, or a copy of one segment, at any time, and see what its commands led to; nothing is
//! changed and no lock is taken, but by `cut`. Non-goal: repairing.

mod anchor;
mod book;
mod cut;
mod diff;
mod dump;
mod export;
mod happening;
mod names;
mod order;
mod segment_file;
mod selection;
mod verify;

/// Whether one segment is whole by itself: in words, what it holds or what is wrong with it.
pub(crate) fn check_segment(path: &std::path::Path) -> Result<String, String> {
    segment_file::verify(path).map(|report| report.to_string()).map_err(|error| error.to_string())
}

use crate::table::TableError;
use clap::{Args, Subcommand};
use engine::journal::JournalError;
use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Everything is whole.
const WHOLE: u8 = 0;
/// Records are damaged or missing.
const DAMAGED: u8 = 1;
/// What was named is no journal, or cannot be read.
const UNUSABLE: u8 = 2;

/// Check or print a journal
#[derive(Args, Clone, Debug)]
pub struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum JournalCommand {
    Verify(verify::VerifyArgs),
    Anchor(anchor::AnchorArgs),
    Dump(dump::DumpArgs),
    Book(book::BookArgs),
    Order(order::OrderArgs),
    Diff(diff::DiffArgs),
    Export(Box<export::ExportArgs>),
    Cut(cut::CutArgs),
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: expected a journal, found no segment in it", .0.display())]
    NoJournal(PathBuf),
    #[error(transparent)]
    Segment(#[from] segment_file::SegmentError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Anchor(#[from] anchor::AnchorError),
    #[error("{}: expected a journal's directory: one segment says nothing of the records before it, so it cannot be compared with anchors", .0.display())]
    NoAnchors(PathBuf),
    #[error(transparent)]
    Config(#[from] engine::config::ConfigError),
    #[error(transparent)]
    Snapshot(#[from] engine::snapshot::SnapshotError),
    #[error("there is no {what} `{found}`: {known}")]
    Unknown { what: &'static str, found: String, known: String },
    #[error("{0}")]
    NotCut(String),
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

impl Trouble {
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Journal(
                JournalError::Corrupt { .. }
                | JournalError::MissingSegment { .. }
                | JournalError::ForeignSegment { .. }
                | JournalError::Replay { .. },
            ) => DAMAGED,
            Self::Segment(error) if error.is_damage() => DAMAGED,
            Self::Anchor(error) if error.is_damage() => DAMAGED,
            Self::Snapshot(engine::snapshot::SnapshotError::Journal(JournalError::Corrupt { .. })) => DAMAGED,
            _ => UNUSABLE,
        }
    }
}

/// Runs the command on the standard streams.
///
/// # Errors
/// None; everything is told by the exit code and on stderr.
pub fn execute(args: &JournalArgs) -> Result<ExitCode, Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut talk = io::stderr().lock();
    let (name, done) = match &args.command {
        JournalCommand::Verify(args) => ("verify", Ok(verify::verify(args, &mut out, &mut talk)?)),
        JournalCommand::Anchor(args) => ("anchor", anchor::anchor(args, &mut out).map(|()| WHOLE)),
        JournalCommand::Dump(args) => ("dump", dump::dump(args, &mut out).map(|()| WHOLE)),
        JournalCommand::Book(args) => ("book", book::book(args, &mut out, &mut talk).map(|()| WHOLE)),
        JournalCommand::Order(args) => ("order", order::order(args, &mut out).map(|()| WHOLE)),
        JournalCommand::Export(args) => ("export", export::export(args, &mut out, &mut talk).map(|()| WHOLE)),
        JournalCommand::Cut(args) => ("cut", cut::cut(args, &mut out, &mut talk).map(|()| WHOLE)),
        JournalCommand::Diff(args) => ("diff", diff::diff(args, &mut out)),
    };
    let mut code = match done {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(Trouble::Output(error) | Trouble::Table(TableError::Output(error)))
            if error.kind() == ErrorKind::BrokenPipe =>
        {
            return Ok(ExitCode::SUCCESS);
        }
        Err(trouble) => {
            out.flush()?;
            writeln!(talk, "pinion journal {name}: {trouble}")?;
            trouble.exit_code()
        }
    };
    if let Err(error) = out.flush()
        && error.kind() != ErrorKind::BrokenPipe
    {
        writeln!(talk, "pinion journal: cannot write the output: {error}")?;
        code = UNUSABLE;
    }
    Ok(ExitCode::from(code))
}

/// A directory that is not there would read as a journal without records.
fn must_be_journal(dir: &Path) -> Result<(), Trouble> {
    std::fs::read_dir(dir).map_err(|source| Trouble::Unreadable { path: dir.to_owned(), source })?;
    if engine::journal::directory::epoch(dir)?.is_none() {
        return Err(Trouble::NoJournal(dir.to_owned()));
    }
    Ok(())
}
