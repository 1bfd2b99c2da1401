//! The terminal while a live screen has it.
//!
//! Goal: it is as it was, however the screen ends: by a key, a signal, an error or a panic. Non-goal: what is on it.

use ratatui::{DefaultTerminal, Frame};
use std::io;

/// The terminal while it is ours. A panic gives it back too: by the hook that taking it installs.
pub struct Terminal(DefaultTerminal);

impl Terminal {
    /// Takes it: a screen of its own, keys as they are pressed.
    ///
    /// # Errors
    /// There is none.
    pub fn take() -> io::Result<Self> {
        ratatui::try_init().map(Self)
    }

    /// Draws one picture.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(picture).map(|_| ())
    }

    /// Draws everything anew with the next picture: its size has changed.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
