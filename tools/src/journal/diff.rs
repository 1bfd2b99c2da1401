//! `pinion journal diff`: where two journals, or two replays, part.
//!
//! Goal: the first record in which they differ, or the first command that leads to something else, which is what one asks of a standby, a
//! copy, a second run or a new version. Non-goal: judging which of them is right.

use super::happening::{Happening, What};
use super::names::Names;
use super::{DAMAGED, Trouble, WHOLE, must_be_journal};
use crate::json::Text;
use crate::options::ConfigOptions;
use crate::tell::{self, TextLine};
use clap::Args;
use engine::config::Config;
use engine::journal::{Reader, Record};
use engine::past::{Step, Walk};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wire::Seq;
use wire::journal::{Body, RecordKind};

/// Find the first record in which two journals differ, or the first command that leads to something else
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Records are compared by place, kind, time and body; archived segments are read like others, and where one journal has been pruned the \
comparison begins with the first record that both have. State hashes are records, so equal journals led to equal states. Where one journal \
ends and the other goes on, that is told; it is no difference.

With --events both are replayed, and what each command led to (trades, reports, ticks) is compared too. --other-config replays B under other \
rules: the same journal twice, under two configurations, shows the first command that they decide differently.

Examples:
  pinion journal diff journal /backup/journal
  pinion journal diff --ignore-times first-run second-run
  pinion journal diff --events --config pinion.toml --other-config new.toml journal journal

Exit status: 0 no difference, 1 they differ or one is damaged, 2 not a journal or not readable.")]
pub(super) struct DiffArgs {
    /// A journal's directory
    #[arg(value_name = "A")]
    a: PathBuf,
    /// Another one's
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Do not compare receive times, nor what the creation records say beside the rules
    #[arg(long)]
    ignore_times: bool,
    /// Compare what the commands led to
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    config: ConfigOptions,
    /// The configuration of B, where it is another one
    #[arg(long, value_name = "FILE", requires = "events")]
    other_config: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Found {
    /// The last record up to which they are equal.
    same: Seq,
    /// What is told of the first difference, or of the end.
    words: String,
    /// The first difference, as A and B have it.
    sides: Option<[String; 2]>,
}

pub(super) fn diff(args: &DiffArgs, out: &mut impl Write) -> Result<u8, Trouble> {
    must_be_journal(&args.a)?;
    must_be_journal(&args.b)?;
    let found = if args.events { effects(args)? } else { records(args)? };
    if args.json { print_json(&found, out) } else { print(&found, out) }.map_err(Trouble::Output)?;
    Ok(if found.sides.is_some() { DAMAGED } else { WHOLE })
}

fn print(found: &Found, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", found.words)?;
    match &found.sides {
        Some([a, b]) => writeln!(out, "A: {}\nB: {}", a.trim_end(), b.trim_end()),
        None => Ok(()),
    }
}

fn print_json(found: &Found, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{{\"equal\":{},\"equal_up_to\":{}", found.sides.is_none(), found.same)?;
    write!(out, ",\"found\":{}", Text(&found.words))?;
    if let Some([a, b]) = &found.sides {
        write!(out, ",\"a\":{},\"b\":{}", Text(a.trim_end()), Text(b.trim_end()))?;
    }
    writeln!(out, "}}")
}

/// One journal, read up to where the other begins.
struct Side {
    reader: Reader,
    first: Seq,
}

impl Side {
    fn open(dir: &Path) -> Result<Self, Trouble> {
        let mut reader = Reader::open_oldest(dir)?;
        let first = reader.next()?.map_or(Seq(u64::MAX), |record| record.seq);
        Ok(Self { reader: Reader::open_oldest(dir)?, first })
    }

    fn skip_to(&mut self, first: Seq) -> Result<(), Trouble> {
        let mut at = self.first;
        while at < first && self.reader.next()?.is_some() {
            at = Seq(at.get() + 1);
        }
        Ok(())
    }
}

fn records(args: &DiffArgs) -> Result<Found, Trouble> {
    let (mut a, mut b) = (Side::open(&args.a)?, Side::open(&args.b)?);
    let first = a.first.max(b.first);
    a.skip_to(first)?;
    b.skip_to(first)?;
    let from = if first > Seq(1) && first < Seq(u64::MAX) {
        format!(", compared from record {first} on, where both begin")
    } else {
        String::new()
    };
    let mut same = Seq(0);
    loop {
        let (one, other) = (a.reader.next()?, b.reader.next()?);
        let words = match (&one, &other) {
            (Some(one), Some(other)) => {
                if equal(one, other, args.ignore_times) {
                    same = one.seq;
                    continue;
                }
                let note = rules_of(one).zip(rules_of(other)).filter(|(a, b)| a != b);
                let note = note.map_or_else(String::new, |(a, b)| {
                    format!(": written under other rules, fingerprints {a:016x} and {b:016x}")
                });
                let words = format!("they differ from record {} on{note}{from}", one.seq.min(other.seq));
                return Ok(Found { same, words, sides: Some([said(one)?, said(other)?]) });
            }
            (Some(_), None) => "B ends and A goes on",
            (None, Some(_)) => "A ends and B goes on",
            (None, None) => "both end",
        };
        return Ok(Found { same, words: format!("equal up to record {same}, where {words}{from}"), sides: None });
    }
}

fn equal(one: &Record<'_>, other: &Record<'_>, ignore_times: bool) -> bool {
    let times = ignore_times || one.receive_time == other.receive_time;
    // The creation record holds a time and a drawn name.
    let made = ignore_times && one.kind == RecordKind::Genesis && rules_of(one) == rules_of(other);
    times && (one.body == other.body || made) && (one.seq, one.kind) == (other.seq, other.kind)
}

/// The rules that a creation record names.
fn rules_of(record: &Record<'_>) -> Option<u64> {
    match Body::decode(record.kind, record.body).ok()? {
        Body::Genesis(genesis) => Some(genesis.fingerprint),
        _ => None,
    }
}

fn said(record: &Record<'_>) -> Result<String, Trouble> {
    let mut line = Vec::new();
    tell::record_line(record, false, &mut line).map_err(Trouble::Output)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Replays both, command by command.
fn effects(args: &DiffArgs) -> Result<Found, Trouble> {
    let config = args.config.load()?;
    let other = match &args.other_config {
        None => config.clone(),
        Some(file) => ConfigOptions { config: Some(file.clone()), ..args.config.clone() }.load()?,
    };
    // Under other rules than their own nothing is judged by its state hash; that is what is asked.
    let walk = |config: &Config, dir: &Path| match args.other_config {
        None => Walk::open(config, dir).map_err(Trouble::from),
        Some(_) => Walk::under(config, dir).map_err(Trouble::from),
    };
    let (mut a, mut b) = (walk(&config, &args.a)?, walk(&other, &args.b)?);
    let names = [Names::of(&config), Names::of(&other)];
    let mut same = Seq(0);
    loop {
        let words = match (a.next()?, b.next()?) {
            (Some(one), Some(other)) => {
                let seq = one.record.seq.min(other.record.seq);
                if !equal(&one.record, &other.record, args.ignore_times) {
                    let words = format!("they differ from record {seq} on, in what was received");
                    return Ok(Found { same, words, sides: Some([said(&one.record)?, said(&other.record)?]) });
                }
                let [one_led, other_led] = [led_to(&one, &names[0])?, led_to(&other, &names[1])?];
                if let Some(at) =
                    (0..one_led.len().max(other_led.len())).find(|&at| one_led.get(at) != other_led.get(at))
                {
                    let words = format!("command {seq} leads to something else: {}", said(&one.record)?.trim_end());
                    let side = |led: &[String]| led.get(at).map_or("nothing more", |said| said.trim()).to_owned();
                    return Ok(Found { same, words, sides: Some([side(&one_led), side(&other_led)]) });
                }
                same = seq;
                continue;
            }
            (Some(_), None) => "B ends and A goes on",
            (None, Some(_)) => "A ends and B goes on",
            (None, None) => "both end",
        };
        let words = format!("equal up to record {same}, with all that the commands led to, where {words}");
        return Ok(Found { same, words, sides: None });
    }
}

/// What a command led to, in words without times.
fn led_to(step: &Step<'_>, names: &Names) -> Result<Vec<String>, Trouble> {
    names.learn(step.exchange.instruments());
    let mut said = Vec::new();
    let mut told = Ok(());
    Happening::each(step, |it| {
        if !matches!(it.what, What::Record(_)) && told.is_ok() {
            let mut line = Vec::new();
            told = it.tell(names, &mut TextLine::new(&mut line));
            said.push(String::from_utf8_lossy(&line).into_owned());
        }
    });
    told.map_err(Trouble::Output)?;
    Ok(said)
}
