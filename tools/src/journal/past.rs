//! `pinion journal book` and `order`: a journal as it was.
//!
//! Goal: what stood at a moment, and the whole life of one order, for people and as JSON lines. Non-goal: statistics.

use super::Trouble;
use super::told::Told;
use crate::json::Text;
use crate::options::ConfigOptions;
use clap::Args;
use engine::book::{Book, OrderView};
use engine::config::Config;
use engine::past::{Moment, Stood, each_step, stood};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use wire::ouch::{Inbound, Outbound};
use wire::{InstrumentIndex, Nanos, Seq, SessionIndex, Side, UserRefNum};

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
    json: bool,
}

impl PastOptions {
    fn load(&self) -> Result<(Config, PathBuf), Trouble> {
        let config = self.config.load()?;
        let dir = self.dir.clone().unwrap_or_else(|| config.journal.dir.clone());
        super::must_be_journal(&dir)?;
        Ok((config, dir))
    }
}

/// Print the books as they stood after a command, or at a time
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The rules must be those that the journal was written under: give the same configuration as to `pinion run`. It may be the journal of a \
running appliance.

Example:
  pinion journal book --config pinion.toml --at 1000000
  pinion journal book --config pinion.toml --time 1767323045000000000 --symbol PINION --orders

Exit status: 0 done, 1 the journal is damaged, 2 it cannot be used.")]
pub(super) struct BookArgs {
    #[command(flatten)]
    past: PastOptions,
    /// After this command; the last one when nothing is given
    #[arg(long, value_name = "SEQ", conflicts_with = "time")]
    at: Option<u64>,
    /// At this time, nanoseconds since the Unix epoch
    #[arg(long, value_name = "NS")]
    time: Option<u64>,
    /// Only this instrument
    #[arg(long)]
    symbol: Option<String>,
    /// Print the orders of each level, too, in the order in which they trade
    #[arg(long)]
    orders: bool,
}

pub(super) fn book(args: &BookArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<(), Trouble> {
    let (config, dir) = args.past.load()?;
    let moment = match (args.at, args.time) {
        (Some(seq), _) => Moment::After(Seq(seq)),
        (None, Some(time)) => Moment::At(Nanos(time)),
        (None, None) => Moment::End,
    };
    let Stood { venue, snapshot, records, .. } = stood(&config, &dir, moment)?;
    let from =
        snapshot.map_or_else(|| "the first record".to_owned(), |name| format!("the snapshot after {}", name.seq));
    let told = writeln!(
        talk,
        "after command {} of {} ns, state hash {:016x}; {records} records from {from}",
        venue.seq(),
        venue.time().get(),
        venue.exchange().state_hash()
    );
    told.map_err(Trouble::Output)?;
    let names: Vec<&str> = config.instruments.iter().map(|instrument| instrument.symbol.name()).collect();
    if let Some(symbol) = &args.symbol
        && !names.contains(&symbol.as_str())
    {
        return Err(Trouble::Unknown { what: "symbol", found: symbol.clone(), known: names.join(", ") });
    }
    let wanted = |name: &&str| args.symbol.as_deref().is_none_or(|symbol| symbol == *name);
    let book = venue.exchange().book();
    for (index, name) in (0..).map(InstrumentIndex).zip(&names).filter(|(_, name)| wanted(name)) {
        for side in [Side::Sell, Side::Buy] {
            print_side(book, index, name, side, args, out).map_err(Trouble::Output)?;
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

/// Print the whole life of an order: received, matched, reported, with times
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Follows the order through its replacements, before and after. Times are nanoseconds since the Unix epoch, of receipt.

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
    let users: Vec<&str> = config.sessions.iter().map(|session| session.username.as_str()).collect();
    let position = users.iter().position(|user| *user == args.user);
    let Some(session) = position.and_then(|at| u16::try_from(at).ok()).map(SessionIndex) else {
        return Err(Trouble::Unknown { what: "user", found: args.user.clone(), known: users.join(", ") });
    };
    let chain = chain_of(&config, &dir, session, UserRefNum(args.user_ref))?;
    let mut lines = 0_u64;
    let mut failed = None;
    each_step(&config, &dir, |step| {
        let mut tell = |what: String| {
            lines += 1;
            let (seq, time) = (step.command.seq, step.command.time.get());
            let told = if args.past.json {
                writeln!(out, "{{\"seq\":{seq},\"receive_time_ns\":{time},\"what\":{}}}", Text(&what))
            } else {
                writeln!(out, "{seq:>12} {time} {what}")
            };
            failed = told.err().or(failed.take());
        };
        if let engine::command::Action::Message { session: from, bytes, .. } = step.command.action
            && from == session
            && let Ok(message) = Inbound::decode(bytes)
            && names_of(&message).iter().flatten().any(|name| chain.contains(name))
        {
            tell(format!("received  {}", Told::inbound(&message)));
        }
        for (_, report) in step.reports.iter().filter(|(to, _)| *to == session) {
            if let Ok(report) = Outbound::decode(report)
                && Told::order_of(&report).is_some_and(|name| chain.contains(&name))
            {
                tell(format!("reported  {}", Told::outbound(&report)));
            }
        }
        failed.is_none()
    })?;
    match (failed, lines) {
        (Some(error), _) => Err(Trouble::Output(error)),
        (None, 0) => {
            let known = "none of that number was received".to_owned();
            Err(Trouble::Unknown { what: "order", found: args.user_ref.to_string(), known })
        }
        (None, _) => Ok(()),
    }
}

/// The numbers of an order and of all that it replaced or that replaced it.
fn chain_of(
    config: &Config,
    dir: &Path,
    session: SessionIndex,
    wanted: UserRefNum,
) -> Result<BTreeSet<UserRefNum>, Trouble> {
    let mut pairs = Vec::new();
    each_step(config, dir, |step| {
        for (to, report) in step.reports {
            if *to == session
                && let Ok(Outbound::Replaced(replaced)) = Outbound::decode(report)
            {
                pairs.push((replaced.orig_user_ref, replaced.user_ref));
            }
        }
        true
    })?;
    let mut chain = BTreeSet::from([wanted]);
    // Numbers rise along a chain: once up for what came later, once down for what came before.
    for (old, new) in &pairs {
        if chain.contains(old) {
            chain.insert(*new);
        }
    }
    for (old, new) in pairs.iter().rev() {
        if chain.contains(new) {
            chain.insert(*old);
        }
    }
    Ok(chain)
}

/// The orders that a message names.
fn names_of(message: &Inbound<'_>) -> [Option<UserRefNum>; 2] {
    match message {
        Inbound::ReplaceOrder(replace) => [Some(replace.orig_user_ref), Some(replace.user_ref)],
        Inbound::EnterOrder(order) => [Some(order.user_ref), None],
        Inbound::CancelOrder(cancel) => [Some(cancel.user_ref), None],
        Inbound::ModifyOrder(modify) => [Some(modify.user_ref), None],
        _ => [None, None],
    }
}
