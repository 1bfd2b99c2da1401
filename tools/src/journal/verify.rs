//! `pinion journal verify`: whether a journal is whole.

use super::{DAMAGED, Trouble, WHOLE, segment_file};
use crate::json::Text;
use clap::Args;
use engine::journal::inspect::{self, VerifyReport};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Check every record: checksum, chain, place
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A directory is checked as a whole; a file is checked as one segment by itself. A torn tail is the trace of a crash: it is told, \
and the next start cuts it.

Example:
  pinion journal verify journal
  pinion journal verify --json /backup/journal-*.seg

Exit status: 0 whole, 1 damaged, 2 not a journal or not readable.")]
pub(super) struct VerifyArgs {
    /// Journal directories, or single segment files
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Print one JSON object a path
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(args: &VerifyArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<u8> {
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
        last_seq,
        first_time,
        last_time,
        marked_seq,
        torn,
        undecodable,
        ..
    } = report;
    write!(out, "{{\"path\":{},\"ok\":{}", Text(&dir.to_string_lossy()), *undecodable == 0)?;
    write!(out, ",\"epoch\":\"{epoch:016x}\",\"segments\":{segments},\"records\":{records},\"last_seq\":{last_seq}")?;
    write!(out, ",\"known_durable_seq\":{marked_seq},\"undecodable\":{undecodable}")?;
    write!(out, ",\"first_time_ns\":{},\"last_time_ns\":{}", first_time.get(), last_time.get())?;
    match torn {
        None => writeln!(out, ",\"torn\":null}}"),
        Some(torn) => {
            let file = torn.path.to_string_lossy();
            writeln!(
                out,
                ",\"torn\":{{\"file\":{},\"offset\":{},\"bytes\":{}}}}}",
                Text(&file),
                torn.offset,
                torn.bytes
            )
        }
    }
}
