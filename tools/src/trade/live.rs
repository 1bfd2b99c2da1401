//! The trading screen on a terminal: reports, market data, keys and pictures on one thread.
//!
//! Goal: an order leaves as soon as its key is pressed, whatever is drawn. Non-goal: what is on the screen.

use super::listed::Listed;
use super::log::{Log, Tone};
use super::market::Market;
use super::screen::{Screen, Shown, Wish, draw};
use crate::client::{State, SubmitError};
use crate::hand::instruction::Instruction;
use crate::hand::seat::{Refused, Seat};
use crate::terminal::Terminal;
use netio::Port;
use ratatui::crossterm::event::{self, Event};
use std::collections::VecDeque;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wire::{Nanos, UserRefNum};

/// From one picture to the next, while nothing happens, and at least.
const PICTURE: Duration = Duration::from_millis(100);
const PICTURE_MIN: Duration = Duration::from_millis(20);
/// How long a logout may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// Somebody who trades.
pub struct Desk<'a, P> {
    /// The place at the venue.
    pub seat: Seat<P>,
    /// What is seen of the market.
    pub market: Market,
    /// What can be traded.
    pub listed: &'a [Listed],
    /// What was said and heard.
    pub log: Log,
    /// Orders that are still to be canceled.
    pub cancels: VecDeque<UserRefNum>,
    /// When the end comes; before, once nothing is unanswered.
    pub leaves: Option<Instant>,
}

impl<P: Port> Desk<'_, P> {
    /// Trades until the user or a signal ends it, and logs out. Returns how many orders stay in the book.
    ///
    /// # Errors
    /// There is no terminal, or the session cannot go on.
    pub fn trade(&mut self, screen: &mut Screen, stop: &AtomicBool) -> Result<usize, Box<dyn Error>> {
        let mut terminal = Terminal::take()?;
        self.follow(screen);
        let mut drawn = None;
        let mut dirty = true;
        while self.seat.state() != State::Closed {
            let moved = self.turn()?;
            dirty |= moved > 0;
            while event::poll(Duration::ZERO)? {
                match event::read()? {
                    Event::Key(key) => {
                        let wish = self.look(|shown| screen.key(key, shown));
                        if let Some(wish) = wish {
                            self.grant(wish, screen);
                            // The answer comes before the next picture, so that its time is not that of drawing.
                            drawn = Some(Instant::now());
                        }
                    }
                    Event::Resize(..) => terminal.clear()?,
                    _ => {}
                }
                dirty = true;
            }
            let leaves = self.leaves.is_some_and(|end| self.is_idle() || Instant::now() >= end);
            if stop.load(Ordering::Relaxed) || leaves {
                break;
            }
            let since = drawn.map_or(PICTURE, |drawn: Instant| drawn.elapsed());
            if since >= PICTURE || (dirty && since >= PICTURE_MIN) {
                self.look(|shown| terminal.draw(|frame| draw(frame, screen, shown)))?;
                (dirty, drawn) = (false, Some(Instant::now()));
            }
            if moved == 0 {
                self.seat.rest(Duration::from_millis(1));
            }
        }
        drop(terminal);
        self.seat.leave();
        let end = Instant::now() + FAREWELL;
        while self.seat.state() != State::Closed && Instant::now() < end {
            if self.turn()? == 0 {
                self.seat.rest(Duration::from_millis(1));
            }
        }
        Ok(self.seat.orders().open().count())
    }

    fn turn(&mut self) -> Result<usize, Box<dyn Error>> {
        let Self { seat, log, .. } = self;
        let before = seat.state();
        let mut moved = seat.turn(|heard| log.report(&heard.message))?;
        match (before, seat.state()) {
            (State::LoggingIn, State::Up) => {
                log.note(None, Tone::Note, "logged in; a login of this name until now has ended".to_owned());
            }
            (State::Up, State::LoggingIn) => {
                log.note(None, Tone::Note, "the venue ended the session, or is silent: logging in again".to_owned());
            }
            _ => {}
        }
        moved += self.market.turn()?;
        while let Some(order) = self.cancels.front().copied() {
            match self.give(&Instruction::Cancel { order }) {
                // The rest follows when answers have made room.
                Err(Refused::Submit(SubmitError::Full(_))) => break,
                _ => drop(self.cancels.pop_front()),
            }
        }
        Ok(moved)
    }

    fn is_idle(&mut self) -> bool {
        self.cancels.is_empty() && self.seat.standing().unanswered == 0
    }

    fn look<T>(&mut self, see: impl FnOnce(&Shown<'_>) -> T) -> T {
        let standing = self.seat.standing();
        let name = match self.market.handler() {
            Some(_) => self.market.name(),
            None => self.market.why_not.clone(),
        };
        see(&Shown {
            listed: self.listed,
            handler: self.market.handler(),
            tape: &self.market.tape,
            market: &name,
            orders: self.seat.orders(),
            standing: &standing,
            log: &self.log,
            now: now(),
        })
    }

    fn follow(&mut self, screen: &Screen) {
        if let Some(listed) = screen.listed(self.listed) {
            self.market.follow(listed.channel.as_deref());
        }
    }

    fn give(&mut self, instruction: &Instruction) -> Result<(), Refused> {
        let sent = self.seat.give(instruction)?;
        let number = sent.user_ref.map_or_else(String::new, |user_ref| format!("{user_ref}: "));
        self.log.note(Some(now().into()), Tone::Said, format!("{number}{instruction}"));
        Ok(())
    }

    fn grant(&mut self, wish: Wish, screen: &mut Screen) {
        match wish {
            Wish::Give(instruction) => {
                if let Err(refused) = self.give(&instruction) {
                    screen.note(refused.to_string());
                }
            }
            Wish::CancelAll => self.cancel_all(),
            Wish::CancelAllAndQuit => {
                self.cancel_all();
                self.leaves = Some(Instant::now() + FAREWELL);
            }
            Wish::Quit => self.leaves = Some(Instant::now()),
            Wish::Instrument => self.follow(screen),
        }
    }

    fn cancel_all(&mut self) {
        self.cancels = self.seat.orders().open().map(|order| order.user_ref).collect();
    }
}

fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
