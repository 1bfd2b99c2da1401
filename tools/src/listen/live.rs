//! The live view on a terminal.
//!
//! Goal: packets, keys and pictures on one thread. Non-goal: what is on the screen.

use super::checking::Checking;
use super::naming::Naming;
use super::places::Places;
use super::screen::{Rates, Screen, Shown, Wish, draw};
use super::tape::Tape;
use crate::terminal::Terminal;
use feedhandler::runner::Runner;
use netio::Port;
use netio::clock::Clock;
use ratatui::crossterm::event::Event;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::Nanos;
use wire::feed::StreamKind;

/// From one picture to the next.
const PICTURE: Duration = Duration::from_millis(100);

/// Why the view ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By the user, a signal, or because its time was over.
    Done,
    /// The other stream is wanted.
    Stream(StreamKind),
}

/// Shows a stream until somebody ends it, or wants the channel's other one and may.
///
/// # Errors
/// There is no terminal, or the port cannot go on.
pub fn show<P: Port>(
    runner: &mut Runner<P>,
    places: &Places,
    checking: &mut Checking,
    stop: &AtomicBool,
    until: Option<Instant>,
    may_change: bool,
) -> Result<Ended, Box<dyn Error>> {
    let mut terminal = Terminal::take()?;
    let (mut tape, mut screen, mut rates) = (Tape::new(), Screen::default(), Rates::default());
    let mut naming = Naming::new(places.symbols.clone());
    let mut picture_due = Instant::now();
    let mut clock = Clock::calibrate();
    while !stop.load(Ordering::Relaxed) && until.is_none_or(|until| Instant::now() < until) {
        let moved = runner.turn(&mut tape)?;
        checking.turn(runner.handler(), places.addresses.snapshot, &mut tape);
        naming.turn(runner.handler(), places.addresses.snapshot, &mut tape);
        let now = Nanos(clock.now());
        rates.see(now, &tape.heard, &runner.handler().counters());
        let mut touched = false;
        while let Some(event) = terminal.event()? {
            match event {
                Event::Key(key) => match screen.key(key, runner.handler(), naming.symbols()) {
                    Some(Wish::Quit) => return Ok(Ended::Done),
                    Some(Wish::Stream(kind)) if may_change => return Ok(Ended::Stream(kind)),
                    Some(Wish::Stream(_)) => tape.note("one stream is recorded, so it stays".to_owned()),
                    Some(Wish::Check) => checking.want(),
                    None => {}
                },
                Event::Resize(..) => terminal.clear()?,
                _ => {}
            }
            touched = true;
        }
        if touched || (Instant::now() >= picture_due && !screen.is_paused) {
            picture_due = Instant::now() + PICTURE;
            let (handler, check) = (runner.handler(), checking.said.as_str());
            let shown = Shown { places, handler, symbols: naming.symbols(), tape: &tape, rates: &rates, check, now };
            terminal.draw(|frame| draw(frame, &screen, &shown))?;
        }
        if moved == 0 {
            clock.resync();
            runner.wait();
        }
    }
    Ok(Ended::Done)
}
