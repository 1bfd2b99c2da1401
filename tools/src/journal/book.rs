//! `pinion journal book`: the books as they stood.
//!
//! Goal: what stood at a moment, for people and as JSON lines. Non-goal: statistics.

use super::Trouble;
use super::names::Names;
use crate::json::Text;
use crate::options::ConfigOptions;
use crate::when::{self, Rfc3339, When};
use clap::Args;
use engine::book::{Book, OrderView};
use engine::config::Config;
use engine::past::{Moment, Stood, stood};
use std::io::Write;
use std::path::PathBuf;
use wire::{InstrumentIndex, Side};

/// Which journal, under which rules.
#[derive(Args, Clone, Debug)]
pub(super) struct PastOptions {
    #[command(flatten)]
    config: ConfigOptions,
    /// The journal's directory; that of the configuration when not given
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON, an object a line
    #[arg(long)]
    pub json: bool,
}

impl PastOptions {
    pub fn load(&self) -> Result<(Config, PathBuf), Trouble> {
        let config = self.config.load()?;
        let dir = self.dir.clone().unwrap_or_else(|| config.journal.dir.clone());
        super::must_be_journal(&dir)?;
        Ok((config, dir))
    }
}

/// Print the books as they stood after a command, or at a time
#[derive(Args, Clone, Debug)]
#[command(after_help = after_help())]
pub(super) struct BookArgs {
    #[command(flatten)]
    past: PastOptions,
    /// After this command, or at this time; after the last command when not given
    #[arg(long, value_name = "SEQ|TIME")]
    at: Option<When>,
    /// Only this instrument
    #[arg(long, value_name = "SYMBOL", alias = "symbol")]
    instrument: Option<String>,
    /// Print the orders of each level, too, in the order in which they trade
    #[arg(long)]
    orders: bool,
}

fn after_help() -> String {
    format!(
        "\
{}

The rules must be those that the journal was written under: give the same configuration as to `pinion run`. It may be the journal of a \
running appliance.

Examples:
  pinion journal book --config pinion.toml --at 1000000
  pinion journal book --config pinion.toml --at 2026-11-21T14:30:00Z --instrument PINION --orders

Exit status: 0 done, 1 the journal is damaged, 2 it cannot be used.",
        when::FORMS
    )
}

pub(super) fn book(args: &BookArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<(), Trouble> {
    let (config, dir) = args.past.load()?;
    let names = Names::of(&config);
    let moment = args.at.map_or(Moment::End, When::moment);
    let Stood { venue, snapshot, records, .. } = stood(&config, &dir, moment)?;
    names.learn(venue.exchange().instruments());
    let wanted = args.instrument.as_deref().map(|name| names.find_symbol(name)).transpose()?;
    let from =
        snapshot.map_or_else(|| "the first record".to_owned(), |name| format!("the snapshot after {}", name.seq));
    let told = writeln!(
        talk,
        "after command {} of {} ({} ns), state hash {:016x}; {records} records from {from}",
        venue.seq(),
        Rfc3339(venue.time()),
        venue.time().get(),
        venue.exchange().state_hash()
    );
    told.map_err(Trouble::Output)?;
    let book = venue.exchange().book();
    for (index, name) in names.symbols().into_iter().filter(|(index, _)| wanted.is_none_or(|wanted| wanted == *index)) {
        for side in [Side::Sell, Side::Buy] {
            print_side(book, index, &name, side, args, out).map_err(Trouble::Output)?;
        }
    }
    Ok(())
}

fn print_side(
    book: &Book,
    index: InstrumentIndex,
    name: &str,
    side: Side,
    args: &BookArgs,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let mut levels: Vec<_> = book.levels(index, side).collect();
    if side == Side::Sell {
        // As on a screen: the best ask stands right above the best bid.
        levels.reverse();
    }
    let word = if side == Side::Buy { "bid" } else { "ask" };
    for level in levels {
        if args.past.json {
            write!(out, "{{\"symbol\":{},\"side\":\"{word}\",\"price\":\"{}\"", Text(name), level.price)?;
            writeln!(out, ",\"qty\":{},\"orders\":{}}}", level.qty, level.orders)?;
        } else {
            writeln!(out, "{name:<8} {word} {:>20} {:>12} in {} orders", level.price, level.qty, level.orders)?;
        }
        if args.orders {
            for order in book.orders(index, side, level.price) {
                print_order(&order, name, word, args.past.json, out)?;
            }
        }
    }
    Ok(())
}

fn print_order(order: &OrderView, name: &str, word: &str, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    let (session, user_ref) = (order.key.session(), order.key.user_ref());
    if json {
        write!(out, "{{\"symbol\":{},\"side\":\"{word}\",\"session\":{session},\"user_ref\":{user_ref}", Text(name))?;
        write!(out, ",\"order_ref\":{},\"price\":\"{}\",\"leaves\":{}", order.order_ref, order.price, order.leaves)?;
        writeln!(out, ",\"shown\":{},\"hidden\":{}}}", order.shown, order.hidden)
    } else {
        let shown = if order.shown == order.leaves { String::new() } else { format!(", {} shown", order.shown) };
        writeln!(out, "{:>34} session {session} order {user_ref}: {} open{shown}", "", order.leaves)
    }
}
