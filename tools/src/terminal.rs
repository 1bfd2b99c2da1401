//! The terminal while a live screen has it.
//!
//! Goal: it is as it was, however the screen ends: by a key, a signal, an error or a panic. Non-goal: what is on it.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::crossterm::event::{self, Event};
use ratatui::{DefaultTerminal, Frame};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

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

    /// The next key or change of size, if there is one.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn event(&mut self) -> io::Result<Option<Event>> {
        // Asked of a terminal that was hung up, crossterm reads its end again and again, for ever, and no signal's flag is looked at.
        self.wait(Duration::ZERO)?;
        if event::poll(Duration::ZERO)? { event::read().map(Some) } else { Ok(None) }
    }

    /// Waits for a key, at most for so long.
    ///
    /// # Errors
    /// The terminal has gone.
    pub fn wait(&mut self, time: Duration) -> io::Result<()> {
        let stdin = io::stdin();
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        // Without a question a hang-up alone is told; keys come by the same terminal as the screen goes to.
        let stdout = io::stdout();
        let mut asked =
            [PollFd::new(stdin.as_fd(), PollFlags::POLLIN), PollFd::new(stdout.as_fd(), PollFlags::empty())];
        match poll(&mut asked, time) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        if asked.iter().filter_map(PollFd::revents).any(|said| said.intersects(gone)) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal has gone"));
        }
        Ok(())
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
