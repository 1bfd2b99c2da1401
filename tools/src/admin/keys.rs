//! Another key for a session.

use super::desk::OperatorDesk;
use super::options::AdminArgs;
use super::{DONE, FAILED, confirm, not_known, show};
use engine::admin::words;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wire::admin::sealed::fingerprint;
use wire::admin::{Outcome, Verb};
use wire::login::Key;

/// Draws a key, gives it to a session, and tells it to whoever asked.
pub(super) fn replace(
    desk: &mut OperatorDesk,
    args: &AdminArgs,
    username: &str,
    out: Option<&Path>,
) -> Result<u8, Box<dyn Error>> {
    let session = desk.find_session(username)?;
    let mut key = Key([0; 32]);
    getrandom::fill(&mut key.0).map_err(|error| format!("no randomness from the system: {error}"))?;
    let verb = Verb::KeyChanged { session, fingerprint: fingerprint(&key) };
    confirm::confirm(&words::wish(&verb, desk), args.yes)?;
    let mut text = String::with_capacity(65);
    for byte in key.0 {
        write!(text, "{byte:02x}")?;
    }
    // Before anything is asked for: a key that is valid and that nobody knows would be of no use.
    if let Some(path) = out {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = file.and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()));
        written.map_err(|error| format!("{}: {error}; nothing was done", path.display()))?;
    }
    let given = desk.give(verb, Some(&key)).map_err(not_known)?;
    let is_done = matches!(given.outcome, Outcome::Done { .. });
    match out {
        Some(path) if !is_done => fs::remove_file(path)?,
        None if is_done && !args.json => writeln!(io::stdout(), "{text}")?,
        _ => {}
    }
    if args.json {
        show::key_given(desk, &given, (is_done && out.is_none()).then_some(text.as_str()))?;
    } else {
        eprintln!("{}", words::outcome(&given.command.verb, given.outcome, desk));
        if is_done {
            eprintln!("put it into the configuration, too, before a new journal begins");
        }
    }
    Ok(if is_done { DONE } else { FAILED })
}
