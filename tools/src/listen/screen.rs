//! The live view: what is shown of a stream, and which keys change it.
//!
//! Goal: one look tells whether the feed is whole, and what the market does. Non-goal: the terminal; drawing is a function from what is
//! known to cells, so that tests look at it without one.

mod draw;
mod rates;

pub use draw::draw;
pub use rates::Rates;

use super::look;
use super::places::Places;
use super::tape::Tape;
use crate::symbols::Symbols;
use feedhandler::handler::Handler;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use wire::feed::StreamKind;
use wire::{InstrumentIndex, Nanos};

/// Everything that one picture shows.
pub struct Shown<'a> {
    /// Where the stream is heard.
    pub places: &'a Places,
    /// What is known of it.
    pub handler: &'a Handler,
    /// The names that the stream does not tell.
    pub symbols: &'a Symbols,
    /// What was heard.
    pub tape: &'a Tape,
    /// How fast.
    pub rates: &'a Rates,
    /// How the last check went, in words.
    pub check: &'a str,
    /// The time.
    pub now: Nanos,
}

/// What a key asks for beyond the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The end.
    Quit,
    /// The other stream of the channel.
    Stream(StreamKind),
    /// A check against a snapshot.
    Check,
}

/// What the user has chosen to see.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    chosen: Option<InstrumentIndex>,
    /// The letters of a symbol that is being typed.
    typed: Option<String>,
    /// Nothing moves.
    pub is_paused: bool,
}

impl Screen {
    /// The instrument that is shown: the chosen one, or the first.
    #[must_use]
    pub fn instrument(&self, handler: &Handler) -> Option<InstrumentIndex> {
        self.chosen.or_else(|| look::instruments(handler).first().copied())
    }

    /// What is typed of a symbol, while it is.
    #[must_use]
    pub fn typed(&self) -> Option<&str> {
        self.typed.as_deref()
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, handler: &Handler, symbols: &Symbols) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Wish::Quit);
        }
        if let Some(typed) = &mut self.typed {
            match key.code {
                KeyCode::Char(letter) if typed.len() < 8 => typed.push(letter.to_ascii_uppercase()),
                KeyCode::Backspace => drop(typed.pop()),
                KeyCode::Esc => self.typed = None,
                KeyCode::Enter => {
                    let wanted = self.typed.take().unwrap_or_default();
                    self.find(&wanted, handler, symbols);
                }
                _ => {}
            }
            return None;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Some(Wish::Quit),
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('/') => self.typed = Some(String::new()),
            KeyCode::Char('n') | KeyCode::Right | KeyCode::Down => self.step(handler, 1),
            KeyCode::Char('b') | KeyCode::Left | KeyCode::Up => self.step(handler, -1),
            KeyCode::Char('c') => return Some(Wish::Check),
            KeyCode::Char('s') | KeyCode::Tab => {
                return Some(Wish::Stream(match handler.options().kind {
                    StreamKind::Tick => StreamKind::Depth,
                    StreamKind::Depth => StreamKind::Tick,
                }));
            }
            _ => {}
        }
        None
    }

    /// Goes to the next instrument, or to the one before.
    fn step(&mut self, handler: &Handler, by: isize) {
        let all = look::instruments(handler);
        let at = self.instrument(handler).and_then(|shown| all.iter().position(|one| *one == shown)).unwrap_or(0);
        let next = at.checked_add_signed(by).unwrap_or(all.len().saturating_sub(1));
        self.chosen = all.get(next).or_else(|| all.first()).copied();
    }

    /// Goes to the instrument of this name, or the first whose name begins so.
    fn find(&mut self, wanted: &str, handler: &Handler, symbols: &Symbols) {
        let all = look::instruments(handler);
        let named = |fits: &dyn Fn(&str) -> bool| {
            all.iter().find(|one| fits(&look::name(handler, symbols, **one).to_ascii_uppercase())).copied()
        };
        let found = named(&|name| name == wanted).or_else(|| named(&|name| name.starts_with(wanted)));
        self.chosen = found.or(self.chosen);
    }
}
