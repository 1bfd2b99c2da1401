//! `pinion journal dump`: records, and what they led to, a line each.

use super::happening::{Happening, What};
use super::names::Names;
use super::selection::{Lies, SelectArgs, Selection};
use super::{Trouble, must_be_journal};
use crate::when;
use clap::Args;
use engine::config::Config;
use engine::journal::Reader;
use engine::past::Walk;
use std::io::{self, Write};
use std::path::PathBuf;

/// Print records, one a line: seq, receive time in ns, segment:offset, kind, body
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help())]
pub(super) struct DumpArgs {
    /// The journal's directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    select: SelectArgs,
    /// Print what each command led to, too: trades, reports and ticks, which replay derives
    #[arg(long)]
    events: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    format!(
        "\
{}

--instrument, --order and --events replay the journal, so the rules must be those that it was written under: give the same configuration \
as to `pinion run`. A name given to --session is looked up in the configuration, too. With --instrument or --order a command is printed \
when it, or something that it led to, concerns them.

Examples:
  pinion journal dump journal --from 1000 --to 1100
  pinion journal dump journal --session 3 --json
  pinion journal dump journal --config pinion.toml --order trader1:17 --events
  pinion journal dump journal --config pinion.toml --instrument PINION --kind Executed --events --from 2026-11-21T14:30:00Z

Exit status: 0 done, 1 the journal is damaged (what lies before the damage is printed), 2 not a journal or not readable.",
        when::FORMS
    )
}

pub(super) fn dump(args: &DumpArgs, out: &mut impl Write) -> Result<(), Trouble> {
    must_be_journal(&args.dir)?;
    let config = args.select.config.load()?;
    let names = Names::of(&config);
    let selection = args.select.find(&config, &names, &args.dir)?;
    if args.events || args.select.needs_replay() {
        return replayed(args, &config, &names, &selection, out);
    }
    let mut reader = Reader::open_oldest(&args.dir)?;
    while let Some(record) = reader.next()? {
        match selection.place(record.seq, record.receive_time) {
            Lies::Before => continue,
            Lies::Behind => break,
            Lies::Within => {}
        }
        let it = Happening::of_record(record);
        if selection.takes(&it) {
            it.print(&record, &names, args.json, out).map_err(Trouble::Output)?;
        }
    }
    Ok(())
}

fn replayed(
    args: &DumpArgs,
    config: &Config,
    names: &Names,
    selection: &Selection,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let mut walk = match selection.from {
        Some(from) => Walk::before(config, &args.dir, from.moment())?,
        None => Walk::open(config, &args.dir)?,
    };
    while let Some(step) = walk.next()? {
        match selection.place(step.record.seq, step.record.receive_time) {
            Lies::Before => continue,
            Lies::Behind => break,
            Lies::Within => {}
        }
        names.learn(step.exchange.instruments());
        let (mut received, mut led_to, mut concerned) = (None, Vec::new(), false);
        Happening::each(&step, |it| {
            if matches!(it.what, What::Record(_)) {
                concerned |= selection.concerns(&it);
                received = Some(it);
            } else if selection.concerns(&it) {
                concerned = true;
                if args.events && selection.is_of_kind(&it) {
                    led_to.push(it);
                }
            }
        });
        let Some(received) = received else { continue };
        let wanted = match args.events {
            true => selection.takes(&received) || !led_to.is_empty(),
            false => concerned && selection.is_of_kind(&received) && selection.is_of_session(&received),
        };
        if wanted {
            let lines = std::iter::once(&received).chain(&led_to);
            let mut lines = lines.map(|it| it.print(&step.record, names, args.json, out));
            lines.try_for_each(|line: io::Result<()>| line).map_err(Trouble::Output)?;
        }
    }
    Ok(())
}
