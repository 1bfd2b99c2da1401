//! `pinion admin`: what an operator does while the appliance runs.
//!
//! Goal: one command, one effect, told in a line; nothing that hurts happens by a slip. Non-goal: starting and stopping; the service manager has
//! that.

pub mod client;
mod confirm;
pub mod desk;
mod keys;
mod log;
mod options;
mod show;
mod verbs;

use self::client::{AdminError, Credentials};
use self::confirm::confirm;
use self::desk::OperatorDesk;
pub use self::options::AdminArgs;
use self::options::{AdminCommand, InstrumentCommand, SessionCommand};
use engine::admin::words;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;
use wire::admin::{Outcome, Verb};

/// It was done, or was so already.
const DONE: u8 = 0;
/// It was refused, or there is no answer.
const FAILED: u8 = 1;
/// It was not asked for as it must be.
const USAGE: u8 = 2;

/// Runs the command.
///
/// # Errors
/// None; everything is told by the exit code and on stderr.
pub fn execute(args: &AdminArgs) -> Result<ExitCode, Box<dyn Error>> {
    let code = match run(args) {
        Ok(code) => code,
        // Whoever reads has seen enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) => {
            DONE
        }
        Err(error) => {
            eprintln!("pinion admin: {error}");
            if error.is::<confirm::NotAsked>() || error.is::<desk::Unknown>() || error.is::<options::Unusable>() {
                USAGE
            } else {
                FAILED
            }
        }
    };
    Ok(ExitCode::from(code))
}

fn run(args: &AdminArgs) -> Result<u8, Box<dyn Error>> {
    if let AdminCommand::Log(log) = &args.command
        && let Some(dir) = &log.journal
    {
        return log::of_journal(args, dir, log.last);
    }
    let config = args.config()?;
    let credentials: Credentials = args.credentials(&config)?;
    let mut desk = OperatorDesk::open(credentials, Duration::from_secs(args.patience))?;
    match &args.command {
        AdminCommand::Status => show::status(&mut desk, args.json),
        AdminCommand::Session(SessionCommand::List) => show::sessions(&mut desk, args.json),
        AdminCommand::Instrument(InstrumentCommand::List) => show::instruments(&mut desk, args.json),
        AdminCommand::Log(log) => show::log(&mut desk, log.last, args.json),
        AdminCommand::Session(SessionCommand::Key { username, out }) => {
            keys::replace(&mut desk, args, username, out.as_deref())
        }
        command => {
            let verb = verbs::of(command, &desk, &config)?;
            if verbs::hurts(&verb) {
                confirm(&words::wish(&verb, &desk), args.yes)?;
            }
            give(&mut desk, verb, args.json)
        }
    }
}

fn give(desk: &mut OperatorDesk, verb: Verb, json: bool) -> Result<u8, Box<dyn Error>> {
    let given = desk.give(verb, None).map_err(not_known)?;
    show::given(desk, &given, json)?;
    Ok(if matches!(given.outcome, Outcome::Done { .. }) { DONE } else { FAILED })
}

/// After a command was given, a lost connection leaves a question open.
fn not_known(error: AdminError) -> Box<dyn Error> {
    match error {
        AdminError::Lost { .. } => {
            format!("{error}; whether it was done is not known: see `pinion admin log` when the appliance is back")
                .into()
        }
        other => other.into(),
    }
}
