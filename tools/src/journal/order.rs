//! `pinion journal order`: the whole life of an order.
//!
//! Goal: every message that names it, every trade of it and with whom, every report about it, in order and with times and places. Non-goal:
//! judging whether that was right.

use super::Trouble;
use super::book::PastOptions;
use super::happening::{Happening, What};
use super::names::Names;
use super::selection::{Selection, chain_of};
use crate::tell::{Fields, JsonLine, TextLine, record_place};
use crate::when::Rfc3339;
use clap::Args;
use engine::book::OrderKey;
use engine::journal::Record;
use engine::past::Walk;
use std::io::{self, Write};
use wire::UserRefNum;

/// Print the whole life of an order: received, journaled, matched, reported, with times
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Follows the order through its replacements, before and after. Each line has the command's sequence number, when it was received (UTC), \
where it lies in the journal (segment:offset), and what happened: received, matched (with whom) or reported.

Example:
  pinion journal order --config pinion.toml trader1 17

Exit status: 0 done, 1 the journal is damaged, 2 it cannot be used, or there is no such order.")]
pub(super) struct OrderArgs {
    #[command(flatten)]
    past: PastOptions,
    /// The session, by its user name
    #[arg(value_name = "USER")]
    user: String,
    /// The order, by its UserRefNum
    #[arg(value_name = "REF")]
    user_ref: u32,
}

pub(super) fn order(args: &OrderArgs, out: &mut impl Write) -> Result<(), Trouble> {
    let (config, dir) = args.past.load()?;
    let names = Names::of(&config);
    let wanted = OrderKey::new(names.find_user(&args.user)?, UserRefNum(args.user_ref));
    let selection = Selection::of_orders(chain_of(&config, &dir, wanted)?);
    let mut lines = 0_u64;
    let mut walk = Walk::open(&config, &dir)?;
    while let Some(step) = walk.next()? {
        names.learn(step.exchange.instruments());
        let mut told = Ok(());
        Happening::each(&step, |it| {
            let own = it.session.is_none_or(|session| session == wanted.session());
            if told.is_ok() && own && selection.concerns(&it) {
                lines += 1;
                told = print(&it, &step.record, &names, args.past.json, out);
            }
        });
        told.map_err(Trouble::Output)?;
    }
    if lines == 0 {
        let known = "none of that number was received".to_owned();
        return Err(Trouble::Unknown { what: "order", found: args.user_ref.to_string(), known });
    }
    Ok(())
}

fn print(it: &Happening<'_>, cause: &Record<'_>, names: &Names, json: bool, out: &mut impl Write) -> io::Result<()> {
    let what = match it.what {
        What::Record(_) => "received",
        What::Trade(_) => "matched",
        What::Report(..) => "reported",
        What::Tick(_) => "published",
        What::Answer(..) => "answered",
    };
    let Record { seq, receive_time, position, .. } = cause;
    if json {
        let mut line = JsonLine::begin(out)?;
        let fields: &mut dyn Fields = &mut line;
        record_place(cause, fields)?;
        fields.text("what", what)?;
        it.tell(names, fields)?;
        return line.finish();
    }
    write!(out, "{seq:>12} {} {}:{} {what:<8}", Rfc3339(*receive_time), position.segment, position.offset)?;
    it.tell(names, &mut TextLine::new(out))?;
    writeln!(out)
}
