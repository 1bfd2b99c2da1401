//! `pinion send`: one order from the command line, and what the venue answers.
//!
//! Goal: whoever can type a line can see whether the venue takes an order and what becomes of it. Non-goal: many orders; each is a login.

use crate::client::State;
use crate::hand::instruction::{Instruction, Replacement};
use crate::hand::place::SeatArgs;
use crate::hand::seat::{Heard, Seat};
use crate::hand::told;
use crate::hand::words::{FORMS, OrderArgs};
use crate::options::ConfigOptions;
use clap::Args;
use netio::Port;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples (one after the other, beginning with an empty book):
  pinion send buy 100 PINION @ 10.05
      a limit for the day, in the name of the configuration's first session; it stays in the book, as order 1
  pinion send sell 40 PINION @ market --tif ioc --json
  pinion send reduce 1 90
      so that order 1 executes 90 at most: 50 are open
  pinion send replace 1 80 @ 10.06
  pinion send cancel 3
  pinion send buy 500 PINION @ 10.05 --display 50 --post-only --tif gtc --tag iceberg
  pinion send sell 100 PINION @ market --stop 9.95
  pinion send query --session trader2
  pinion send buy 100 PINION @ 10.05 --cancel-on-disconnect --stay 1 --session trader2
      in the book for a second

A login ends the one before it: whoever trades under the same name at this moment is thrown out. Give people a [[session]] of their own.
Each report is a line on stdout, in the order in which the venue made them; everything else goes to stderr.
Exit status: 0 accepted; 1 rejected, or nothing was heard; 2 the order cannot be understood.";

/// Send one order to a running appliance, and tell what it answers
#[derive(Clone, Debug, Args)]
#[command(override_usage = "pinion send [OPTIONS] <ORDER>...", after_help = format!("{FORMS}\n\n{EXAMPLES}"))]
pub struct SendArgs {
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    seat: SeatArgs,
    #[command(flatten)]
    config: ConfigOptions,
    /// How long to wait for the login, and for the answer, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
    /// Stay logged in so many seconds after the answer, and tell what happens
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    stay: u64,
    /// Print each report as one JSON object
    #[arg(long)]
    json: bool,
}

/// The venue did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Look whether it arrived, before sending it again: `pinion send query` tells the next number.
    #[error(
        "expected an answer within {wait_s} s, heard none; it may still be carried out: `pinion send query` tells whether its number was used"
    )]
    Unanswered {
        /// How long was waited.
        wait_s: u64,
    },
}

/// Runs the command.
///
/// # Errors
/// The venue cannot be reached, or does not answer.
pub fn execute(args: &SendArgs) -> Result<ExitCode, Box<dyn Error>> {
    let instruction = match args.order.instruction() {
        Ok(Instruction::Replace(Replacement { order, price: None, .. })) => {
            return Ok(misunderstood(&format!("expected replace {order} QTY @ PRICE, found no price")));
        }
        Ok(instruction) => instruction,
        Err(mistake) => return Ok(misunderstood(&mistake.to_string())),
    };
    let config = args.config.load()?;
    let wait = Duration::from_secs(args.wait);
    let mut client = args.seat.client(&config)?;
    client.login_patience_ns = args.wait * 1_000_000_000;
    let port = args.seat.open_port(&client)?;
    let user = client.username;
    let mut errand = Errand { seat: Seat::new(client, port), json: args.json, number: None, verdict: None };
    errand.until(None, |errand| errand.seat.state() == State::Up)?;
    eprintln!("logged in as {user}; a login of that name that stood until now has ended");
    let sent = errand.seat.give(&instruction)?;
    errand.number = Some(sent.number);
    let end = Instant::now() + wait;
    if args.stay > 0 {
        errand.until(Some(end), |errand| errand.verdict.is_some())?;
        errand.until(Some(Instant::now() + Duration::from_secs(args.stay)), |_| false)?;
    }
    errand.seat.leave();
    // The query before the logout stands behind all that the order caused.
    let end = end.max(Instant::now() + Duration::from_secs(1));
    errand.until(Some(end), |errand| errand.seat.state() == State::Closed)?;
    match errand.verdict {
        Some(true) => Ok(ExitCode::SUCCESS),
        Some(false) => Ok(ExitCode::FAILURE),
        None => Err(SendError::Unanswered { wait_s: args.wait }.into()),
    }
}

fn misunderstood(mistake: &str) -> ExitCode {
    eprintln!("pinion send: {mistake}\nsee `pinion send --help`");
    ExitCode::from(2)
}

struct Errand<P> {
    seat: Seat<P>,
    json: bool,
    /// The message's number, once it is sent.
    number: Option<u64>,
    /// Whether the venue took it, once it has said so.
    verdict: Option<bool>,
}

impl<P: Port> Errand<P> {
    /// Goes on until it is `done`, or the time has come.
    fn until(&mut self, end: Option<Instant>, mut done: impl FnMut(&mut Self) -> bool) -> Result<(), Box<dyn Error>> {
        while !done(self) && end.is_none_or(|end| Instant::now() < end) {
            let (json, number) = (self.json, self.number);
            let (mut verdict, mut printed) = (self.verdict, Ok(()));
            let moved = self.seat.turn(|heard| {
                if heard.answers.is_some() && heard.answers == number {
                    verdict = Some(!told::is_refusal(&heard.message));
                }
                // The query before the logout is no business of whoever sent an order.
                let is_fence = heard.answers > number && heard.answers.is_some();
                if !is_fence && printed.is_ok() {
                    printed = print(&heard, json);
                }
            })?;
            self.verdict = verdict;
            printed?;
            if moved == 0 {
                self.seat.rest(Duration::from_millis(1));
            }
        }
        Ok(())
    }
}

fn print(heard: &Heard<'_>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    told::print(heard.sequence, &heard.message, heard.latency_ns, json, &mut out)?;
    out.flush()
}
