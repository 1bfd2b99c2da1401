//! `pinion journal verify`: whether a journal is whole.

use super::anchor::{self, AnchorError, AnchorLine, Check};
use super::{DAMAGED, Trouble, WHOLE, segment_file};
use crate::json::Text;
use clap::Args;
use engine::journal::Reader;
use engine::journal::inspect::{self, VerifyReport};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wire::Seq;

/// Check every record: checksum, chain, place
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A directory is checked as a whole; a file is checked as one segment by itself. A torn tail is the trace of a crash: it is told, \
and the next start cuts it.

Example:
  pinion journal verify journal
  pinion journal verify --json /backup/journal-*.seg
  pinion journal verify --anchor /mnt/vault/anchors.txt journal

Exit status: 0 whole, 1 damaged or not as it was anchored, 2 not a journal or not readable.")]
pub(super) struct VerifyArgs {
    /// Journal directories, or single segment files
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Compare with the anchors in this file; see `pinion journal anchor`
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// When it is whole, add an anchor of the last durable record to this file
    #[arg(long, value_name = "FILE")]
    write_anchor: Option<PathBuf>,
    /// Print one JSON object a path
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(args: &VerifyArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<u8> {
    let mut worst = WHOLE;
    for path in &args.paths {
        let code = match verify_one(path, args, out) {
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

fn verify_one(path: &Path, args: &VerifyArgs, out: &mut impl Write) -> Result<u8, Trouble> {
    let kind = std::fs::metadata(path).map_err(|source| Trouble::Unreadable { path: path.to_owned(), source })?;
    if !kind.is_dir() {
        if args.anchor.is_some() || args.write_anchor.is_some() {
            return Err(Trouble::NoAnchors(path.to_owned()));
        }
        let report = segment_file::verify(path)?;
        if args.json { writeln!(out, "{}", report.json()) } else { writeln!(out, "{report}") }
            .map_err(Trouble::Output)?;
        return Ok(WHOLE);
    }
    let epoch = engine::journal::directory::epoch(path)?.ok_or_else(|| Trouble::NoJournal(path.to_owned()))?;
    let (report, anchored) = match anchors(path, epoch, args)? {
        None => (inspect::verify(path)?, None),
        Some(mut check) => {
            let report = inspect::verify_each(path, |record| check.see(record))?;
            (report, Some(check))
        }
    };
    let met = anchored.as_ref().map(|check| (check.met, check.good));
    if let Some(check) = anchored {
        let line: Option<AnchorLine> = check.end(report.last_seq)?;
        if let (Some(file), Some(line)) = (&args.write_anchor, line) {
            anchor::append(file, &line)?;
        }
    }
    let met = met.filter(|_| args.anchor.is_some());
    if args.json { print_json(&report, met, out) } else { print(&report, met, out) }.map_err(Trouble::Output)?;
    Ok(if report.undecodable > 0 { DAMAGED } else { WHOLE })
}

/// What to compare with, or to add to; `None` where neither is asked for, which spares the hashing.
fn anchors(path: &Path, epoch: u64, args: &VerifyArgs) -> Result<Option<Check>, Trouble> {
    if args.anchor.is_none() && args.write_anchor.is_none() {
        return Ok(None);
    }
    let durable = Reader::open_oldest(path)?.marked();
    let anchors = args.anchor.as_deref().map(anchor::read).transpose()?.unwrap_or_default();
    let check = Check::new(epoch, anchors, durable);
    match &args.anchor {
        Some(file) if !check.has_anchors() => Err(AnchorError::Foreign { path: file.clone(), epoch }.into()),
        _ => Ok(Some(check)),
    }
}

fn print(report: &VerifyReport, met: Option<(u64, Option<Seq>)>, out: &mut impl Write) -> io::Result<()> {
    if let Some((met, good)) = met {
        writeln!(out, "anchors       {met} compared, all right, up to record {}", good.unwrap_or_default())?;
    }
    writeln!(out, "{report}")
}

fn print_json(report: &VerifyReport, met: Option<(u64, Option<Seq>)>, out: &mut impl Write) -> io::Result<()> {
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
    if let Some((met, good)) = met {
        write!(out, ",\"anchors\":{met},\"anchored_seq\":{}", good.unwrap_or_default())?;
    }
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
