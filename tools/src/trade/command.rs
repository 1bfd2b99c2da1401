//! `pinion trade`: the command line.

use super::listed::Listed;
use super::live::Desk;
use super::log::Log;
use super::market::Market;
use super::player::{PlayError, Player};
use super::screen::Screen;
use super::script::{ScriptError, Step, parse};
use crate::client::ReportsFrom;
use crate::hand::place::SeatArgs;
use crate::hand::seat::Seat;
use crate::hand::words::FORMS;
use crate::listen::places::PlaceArgs;
use clap::Args;
use engine::config::Config;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::collections::VecDeque;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use wire::Symbol;

const EXAMPLES: &str = "\
Keys: arrows move the cursor over prices, b and s buy and sell there, c cancels, r replaces, C cancels all, : types a line, ? tells the rest.
A typed line is an order in the words of `pinion send`, or one of qty N, go PRICE, symbol NAME, cancel all, quit.

A script has an order or an expectation a line; every report has to be expected, in its order:
  first: sell 100 PINION @ 10.05
  expect accepted
  buy 30 PINION @ 10.05 --tif ioc
  expect accepted
  expect executed 30 @ 10.05 of first
  expect executed 30 @ 10.05
  cancel first
  expect canceled 70 U
Behind `expect` stand accepted, replaced, executed, canceled, prevented, rejected, refused (a cancel that changed nothing), modified, moved,
restated or nothing; then, where it matters, a quantity, @ PRICE, a reason (U, 0x0105), of ORDER.

Examples:
  pinion trade
      the built-in configuration's first session and instrument
  pinion trade --config pinion.toml --session trader2 --symbol ALC
  pinion trade --script certification.txt
  pinion trade --script - < certification.txt

A login ends the one before it: whoever trades under the same name at this moment is thrown out. Open orders stay in the book at the end,
unless --cancel-on-disconnect is given or the question at the end is answered so.
Exit status of a script: 0 all was as expected; 1 it was not, or the venue was not there; 2 the script cannot be understood.";

/// Trade by hand on a terminal: ladder, own orders, reports; or play a script of orders and expectations
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("{FORMS}\n\n{EXAMPLES}"))]
pub struct TradeArgs {
    #[command(flatten)]
    places: PlaceArgs,
    #[command(flatten)]
    seat: SeatArgs,
    /// The instrument to begin with [default: the configuration's first]
    #[arg(long, value_name = "SYMBOL", value_parser = symbol)]
    symbol: Option<Symbol>,
    /// Play this file instead, `-` for stdin
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// How long to wait for the login, and for what a script expects, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
}

fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::new(text).ok_or_else(|| "expected 1 to 8 printable ASCII characters without spaces".to_owned())
}

/// Runs the command.
///
/// # Errors
/// The venue cannot be reached, or did something else than a script expects.
pub fn execute(args: &TradeArgs) -> Result<ExitCode, Box<dyn Error>> {
    let steps = match args.script.as_deref().map(read) {
        None if !io::stdout().is_terminal() || !io::stdin().is_terminal() => {
            return Ok(misunderstood("expected a terminal, found none; use --script FILE, or `pinion send`"));
        }
        None => None,
        Some(text) => match parse(&text?) {
            Ok(steps) => Some(steps),
            Err(ScriptError { line, reason }) => return Ok(misunderstood(&format!("line {line}: {reason}"))),
        },
    };
    let config = args.places.config.load()?;
    match steps {
        Some(steps) => play(args, &config, &steps),
        None => trade(args, &config),
    }
}

fn misunderstood(mistake: &str) -> ExitCode {
    eprintln!("pinion trade: {mistake}\nsee `pinion trade --help`");
    ExitCode::from(2)
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(file)
    };
    read.map_err(|error| format!("cannot read '{}': {error}", file.display()))
}

fn play(args: &TradeArgs, config: &Config, steps: &[Step]) -> Result<ExitCode, Box<dyn Error>> {
    let mut client = args.seat.client(config)?;
    client.login_patience_ns = args.wait * 1_000_000_000;
    let port = args.seat.open_port(&client)?;
    let mut player = Player::log_in(Seat::new(client, port), Duration::from_secs(args.wait))?;
    let mut out = io::stdout().lock();
    let played = player.play(steps, &mut out);
    out.flush()?;
    // Also after a failure: a logout is better than a timeout.
    let left = player.leave();
    match (played, left) {
        (Ok(()), Ok(())) => {
            eprintln!("all {} lines as expected", steps.len());
            Ok(ExitCode::SUCCESS)
        }
        (Err(error), _) | (Ok(()), Err(error)) => Err(script_error(args, error)),
    }
}

fn script_error(args: &TradeArgs, error: PlayError) -> Box<dyn Error> {
    let file = args.script.as_deref().unwrap_or_else(|| Path::new("-"));
    format!("{}: {error}", file.display()).into()
}

fn trade(args: &TradeArgs, config: &Config) -> Result<ExitCode, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    let listed = Listed::all(config);
    let chosen = match args.symbol {
        None => 0,
        Some(symbol) => listed.iter().position(|one| one.symbol == symbol).ok_or_else(|| {
            let known: Vec<_> = listed.iter().map(|one| one.symbol.name()).collect();
            format!("expected an instrument of the configuration, found '{symbol}'; known are {}", known.join(", "))
        })?,
    };
    let mut client = args.seat.client(config)?;
    client.reports_from = ReportsFrom::Oldest;
    client.login_patience_ns = args.wait * 1_000_000_000;
    let port = args.seat.open_port(&client)?;
    let user = client.username;
    let mut desk = Desk {
        seat: Seat::new(client, port),
        market: Market::new(args.places.clone(), args.seat.port),
        listed: &listed,
        log: Log::default(),
        cancels: VecDeque::new(),
        leaves: None,
    };
    let open = desk.trade(&mut Screen::new(chosen), &stop)?;
    if open > 0 && !args.seat.cancel_on_disconnect {
        eprintln!("{open} orders of {user} stay in the book");
    }
    Ok(ExitCode::SUCCESS)
}
