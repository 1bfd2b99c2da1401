//! `pinion journal`: whether a journal is whole, and what is in it.
//!
//! Goal: an operator can check and read a journal, or a copy of one segment, at any time, and see what its commands led to; nothing is ever
//! changed, no lock is taken. Non-goal: repairing.

mod diff;
mod past;
mod record_json;
mod segment_file;
mod told;

use crate::json::Text;
use clap::{Args, Subcommand};
use engine::journal::inspect::{self, VerifyReport};
use engine::journal::{JournalError, Reader};
use record_json::session_of;
use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wire::{Seq, SessionIndex};

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
    Verify(VerifyArgs),
    Dump(DumpArgs),
    Book(past::BookArgs),
    Order(past::OrderArgs),
    Diff(diff::DiffArgs),
}

/// Check every record: checksum, chain, place
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A directory is checked as a whole; a file is checked as one segment by itself. A torn tail is the trace of a crash: it is told, \
and the next start cuts it.

Example:
  pinion journal verify journal
  pinion journal verify --json /backup/journal-*.seg

Exit status: 0 whole, 1 damaged, 2 not a journal or not readable.")]
struct VerifyArgs {
    /// Journal directories, or single segment files
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Print one JSON object a path
    #[arg(long)]
    json: bool,
}

/// Print records, one a line: seq, receive time in ns, segment:offset, kind, body
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  pinion journal dump journal --from 1000 --to 1100
  pinion journal dump journal --session 3 --json

Exit status: 0 done, 1 the journal is damaged (what lies before the damage is printed), 2 not a journal or not readable.")]
struct DumpArgs {
    /// The journal's directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The first record
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    from: u64,
    /// The last record
    #[arg(long, value_name = "SEQ", default_value_t = u64::MAX, hide_default_value = true)]
    to: u64,
    /// Only records of this session, by its position in the configuration
    #[arg(long, value_name = "N")]
    session: Option<u16>,
    /// Print one JSON object a record
    #[arg(long)]
    json: bool,
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
    Config(#[from] engine::config::ConfigError),
    #[error(transparent)]
    Snapshot(#[from] engine::snapshot::SnapshotError),
    #[error("there is no {what} `{found}`: {known}")]
    Unknown { what: &'static str, found: String, known: String },
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
        JournalCommand::Verify(args) => ("verify", Ok(verify(args, &mut out, &mut talk)?)),
        JournalCommand::Dump(args) => ("dump", dump(args, &mut out).map(|()| WHOLE)),
        JournalCommand::Book(args) => ("book", past::book(args, &mut out, &mut talk).map(|()| WHOLE)),
        JournalCommand::Order(args) => ("order", past::order(args, &mut out).map(|()| WHOLE)),
        JournalCommand::Diff(args) => ("diff", diff::diff(args, &mut out)),
    };
    let mut code = match done {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(Trouble::Output(error)) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
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

fn verify(args: &VerifyArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<u8> {
    let mut worst = WHOLE;
    for path in &args.paths {
        let code = match verify_one(path, args.json, out) {
            Ok(code) => code,
            Err(trouble) => {
                out.flush()?;
                let code = trouble.exit_code();
                if args.json {
                    let (path, error) = (path.to_string_lossy(), trouble.to_string());
                    writeln!(out, "{{\"path\":{},\"ok\":false,\"error\":{}}}", Text(&path), Text(&error))?;
                }
                writeln!(talk, "pinion journal verify: {trouble}")?;
                code
            }
        };
        worst = worst.max(code);
    }
    Ok(worst)
}

fn verify_one(path: &Path, json: bool, out: &mut impl Write) -> Result<u8, Trouble> {
    let kind = std::fs::metadata(path).map_err(|source| Trouble::Unreadable { path: path.to_owned(), source })?;
    if !kind.is_dir() {
        let report = segment_file::verify(path)?;
        if json { writeln!(out, "{}", report.json()) } else { writeln!(out, "{report}") }.map_err(Trouble::Output)?;
        return Ok(WHOLE);
    }
    let report = inspect::verify(path)?;
    if report.segments == 0 {
        return Err(Trouble::NoJournal(path.to_owned()));
    }
    if json { print_json(&report, out) } else { writeln!(out, "{report}") }.map_err(Trouble::Output)?;
    Ok(if report.undecodable > 0 { DAMAGED } else { WHOLE })
}

fn print_json(report: &VerifyReport, out: &mut impl Write) -> io::Result<()> {
    let VerifyReport {
        dir,
        epoch,
        segments,
        records,
        first_seq,
        last_seq,
        first_time,
        last_time,
        marked_seq,
        torn,
        undecodable,
        ..
    } = report;
    write!(out, "{{\"path\":{},\"ok\":{}", Text(&dir.to_string_lossy()), *undecodable == 0)?;
    write!(out, ",\"epoch\":\"{epoch:016x}\",\"segments\":{segments},\"records\":{records},\"first_seq\":{first_seq}")?;
    write!(out, ",\"last_seq\":{last_seq}")?;
    write!(out, ",\"known_durable_seq\":{marked_seq},\"undecodable\":{undecodable}")?;
    write!(out, ",\"first_time_ns\":{},\"last_time_ns\":{}", first_time.get(), last_time.get())?;
    match torn {
        None => writeln!(out, ",\"torn\":null}}"),
        Some(torn) => {
            let file = torn.path.to_string_lossy();
            writeln!(
                out,
                ",\"torn\":{{\"file\":{},\"offset\":{},\"bytes\":{},\"records\":{}}}}}",
                Text(&file),
                torn.offset,
                torn.bytes,
                torn.records
            )
        }
    }
}

fn dump(args: &DumpArgs, out: &mut impl Write) -> Result<(), Trouble> {
    must_be_journal(&args.dir)?;
    let mut reader = Reader::open_oldest(&args.dir)?;
    let session = args.session.map(SessionIndex);
    while let Some(record) = reader.next()? {
        if record.seq > Seq(args.to) {
            break;
        }
        if record.seq < Seq(args.from) || (session.is_some() && session_of(&record) != session) {
            continue;
        }
        if args.json { record_json::print(&record, out) } else { inspect::print(&record, out) }
            .map_err(Trouble::Output)?;
    }
    Ok(())
}

/// A directory that is not there would read as a journal without records.
fn must_be_journal(dir: &Path) -> Result<(), Trouble> {
    std::fs::read_dir(dir).map_err(|source| Trouble::Unreadable { path: dir.to_owned(), source })?;
    if engine::journal::directory::epoch(dir)?.is_none() {
        return Err(Trouble::NoJournal(dir.to_owned()));
    }
    Ok(())
}
