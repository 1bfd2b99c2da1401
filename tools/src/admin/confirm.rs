//! Asks before what hurts.

use std::io::{self, BufRead, IsTerminal, Write};

/// Nobody was there to be asked, or did not agree.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// No terminal.
    #[error("{0}: expected --yes, for stdin is no terminal and nobody can be asked; nothing was done")]
    NoTerminal(String),
    /// The answer was no.
    #[error("{0}: not confirmed; nothing was done")]
    Declined(String),
    /// The terminal is gone.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns when somebody has agreed, or `yes` says so.
pub fn confirm(wish: &str, yes: bool) -> Result<(), NotAsked> {
    if yes {
        return Ok(());
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(NotAsked::NoTerminal(wish.to_owned()));
    }
    let mut talk = io::stderr();
    write!(talk, "{wish}? [y/N] ")?;
    talk.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(NotAsked::Declined(wish.to_owned())),
    }
}
