//! The live screen on a terminal.
//!
//! Goal: looks, keys and pictures on one thread. Non-goal: what is on the screen.

use super::health::Health;
use super::screen::Screen;
use super::source::Follower;
use crate::terminal::Terminal;
use ratatui::crossterm::event::Event;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(100);
/// From one picture to the next, while nobody touches a key: numbers that change faster cannot be read.
const PICTURE: Duration = Duration::from_millis(200);

/// Shows it until somebody ends it.
///
/// # Errors
/// There is no terminal, or the counters cannot be read any more.
pub(super) fn show(follower: &mut Follower, stop: &AtomicBool) -> Result<(), Box<dyn Error>> {
    let mut look = follower.look()?;
    let mut terminal = Terminal::take()?;
    let mut screen = Screen::default();
    let (mut look_due, mut picture_due) = (Instant::now(), Instant::now());
    let mut shown = (look.clone(), Health::of(&look));
    while !stop.load(Ordering::Relaxed) {
        let mut touched = false;
        while let Some(event) = terminal.event()? {
            match event {
                Event::Key(key) if screen.key(key) => return Ok(()),
                Event::Resize(..) => terminal.clear()?,
                _ => {}
            }
            touched = true;
        }
        if Instant::now() >= look_due {
            look_due = Instant::now() + LOOK;
            // Between the end of one appliance and the beginning of the next its file may not be whole.
            if let Ok(next) = follower.look() {
                look = next;
            }
        }
        let is_due = Instant::now() >= picture_due;
        if is_due && !screen.is_paused {
            shown = (look.clone(), Health::of(&look));
        }
        if touched || is_due {
            picture_due = Instant::now() + PICTURE;
            let (look, health) = &shown;
            terminal.draw(|frame| screen.draw(frame.buffer_mut(), look, health))?;
        }
        // Wakes for a key at once.
        terminal.wait(look_due.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))?;
    }
    Ok(())
}
