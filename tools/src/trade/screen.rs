//! The trading screen: what is shown, and which keys do what.
//!
//! Goal: every key and every typed line becomes a wish, with no terminal and no venue near. Non-goal: carrying it out.

mod draw;

pub use draw::draw;

use super::ladder::Ladder;
use super::listed::Listed;
use super::log::Log;
use crate::hand::instruction::{Entry, Instruction, Terms};
use crate::hand::own_orders::{OwnOrder, OwnOrders};
use crate::hand::seat::Standing;
use crate::listen::tape::Tape;
use feedhandler::handler::Handler;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use wire::{InstrumentIndex, Nanos, Price, Qty, Side, UserRefNum};

/// Levels of each side that the ladder knows.
const LEVELS: usize = 200;
/// Typed lines that are remembered.
const LINES_KEPT: usize = 100;

/// Everything that one picture shows.
pub struct Shown<'a> {
    /// What can be traded.
    pub listed: &'a [Listed],
    /// The channel, where one is followed.
    pub handler: Option<&'a Handler>,
    /// What was heard on it.
    pub tape: &'a Tape,
    /// Its name, or why there is none.
    pub market: &'a str,
    /// Own orders.
    pub orders: &'a OwnOrders,
    /// The session.
    pub standing: &'a Standing,
    /// What was said and heard.
    pub log: &'a Log,
    /// The time.
    pub now: Nanos,
}

/// What a key asks for beyond the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Send it.
    Give(Instruction),
    /// Cancel every open order.
    CancelAll,
    /// End, and leave open orders where they are.
    Quit,
    /// Cancel every open order, then end.
    CancelAllAndQuit,
    /// Another instrument is shown; its channel may be another.
    Instrument,
}

/// A question that stands before something that cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Quit,
    CancelAll,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Watching,
    /// A command is typed.
    Typing(String),
    Asking(Question),
    Helping,
}

/// What the user has chosen to see, and is about to do.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Place of the instrument among those listed.
    chosen: usize,
    /// The price at which keys trade; `None` follows the market.
    cursor: Option<Price>,
    /// The quantity with which keys trade, once it was changed.
    qty: Option<u32>,
    selected: Option<UserRefNum>,
    mode: Mode,
    typed: Vec<String>,
    /// Which of them is shown again, counted from the newest.
    recalled: usize,
    /// The last mistake.
    notice: String,
}

impl Screen {
    /// Begins with an instrument of the list.
    #[must_use]
    pub const fn new(chosen: usize) -> Self {
        Self {
            chosen,
            cursor: None,
            qty: None,
            selected: None,
            mode: Mode::Watching,
            typed: Vec::new(),
            recalled: 0,
            notice: String::new(),
        }
    }

    /// The instrument that is shown.
    #[must_use]
    pub fn listed<'a>(&self, listed: &'a [Listed]) -> Option<&'a Listed> {
        listed.get(self.chosen)
    }

    /// Tells of something that went wrong.
    pub fn note(&mut self, notice: String) {
        self.notice = notice;
    }

    /// The ladder of the shown instrument.
    fn ladder(&self, shown: &Shown<'_>) -> Ladder {
        let Some(listed) = self.listed(shown.listed) else { return Ladder::default() };
        Ladder::of(shown.handler, self.instrument(shown), listed.symbol, shown.orders, LEVELS)
    }

    /// What the stream calls the shown instrument.
    fn instrument(&self, shown: &Shown<'_>) -> Option<InstrumentIndex> {
        let listed = self.listed(shown.listed)?;
        // A depth stream tells names; a tick stream has the configuration's order.
        let named = shown.handler.and_then(|handler| {
            let all = crate::listen::look::instruments(handler).into_iter();
            all.clone().find(|index| handler.symbol(*index) == Some(listed.symbol))
        });
        named.or(Some(listed.index))
    }

    /// The price at which keys trade.
    fn at(&self, ladder: &Ladder) -> Option<Price> {
        self.cursor.or_else(|| ladder.middle())
    }

    /// The quantity with which keys trade: a lot, until it was changed.
    fn qty(&self, shown: &Shown<'_>) -> u32 {
        self.qty.unwrap_or_else(|| self.listed(shown.listed).map_or(1, |listed| listed.lot))
    }

    /// The selected order, or the newest open one.
    fn selected<'a>(&self, orders: &'a OwnOrders) -> Option<&'a OwnOrder> {
        let chosen = self.selected.and_then(|selected| orders.get(selected)).filter(|order| order.is_open());
        chosen.or_else(|| orders.open().next_back())
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, shown: &Shown<'_>) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { self.ask_to_quit(shown) } else { None };
        }
        match &mut self.mode {
            Mode::Watching => self.watch(key.code, shown),
            Mode::Typing(_) => self.type_on(key.code, shown),
            Mode::Helping => {
                self.mode = Mode::Watching;
                None
            }
            Mode::Asking(question) => {
                let question = *question;
                self.mode = Mode::Watching;
                match (question, key.code) {
                    (Question::Quit, KeyCode::Char('y')) => Some(Wish::Quit),
                    (Question::Quit, KeyCode::Char('c')) => Some(Wish::CancelAllAndQuit),
                    (Question::CancelAll, KeyCode::Char('y')) => Some(Wish::CancelAll),
                    _ => None,
                }
            }
        }
    }

    fn watch(&mut self, code: KeyCode, shown: &Shown<'_>) -> Option<Wish> {
        self.notice.clear();
        match code {
            KeyCode::Char('q') => return self.ask_to_quit(shown),
            KeyCode::Char('?') => self.mode = Mode::Helping,
            KeyCode::Char(':') | KeyCode::Enter => self.begin_typing(String::new()),
            KeyCode::Char('/') => self.begin_typing("symbol ".to_owned()),
            KeyCode::Up => self.step(shown, 1),
            KeyCode::Down => self.step(shown, -1),
            KeyCode::PageUp => self.leap(shown, true),
            KeyCode::PageDown => self.leap(shown, false),
            KeyCode::Home => self.cursor = None,
            KeyCode::Char('b') => return self.enter(Side::Buy, shown),
            KeyCode::Char('s') => return self.enter(Side::Sell, shown),
            KeyCode::Char('+' | '=') => self.resize(shown, |qty, lot| qty.saturating_add(lot)),
            KeyCode::Char('-') => self.resize(shown, |qty, lot| qty.saturating_sub(lot).max(lot)),
            KeyCode::Char('j') | KeyCode::Tab => self.select(shown.orders, true),
            KeyCode::Char('k') | KeyCode::BackTab => self.select(shown.orders, false),
            KeyCode::Char('c') => match self.selected(shown.orders) {
                Some(order) => return Some(Wish::Give(Instruction::Cancel { order: order.user_ref })),
                None => self.note("no order is open".to_owned()),
            },
            KeyCode::Char('C') => self.ask_to_cancel_all(shown),
            KeyCode::Char('r') => match self.selected(shown.orders) {
                Some(order) => {
                    let at = crate::hand::instruction::At(order.price);
                    self.begin_typing(format!("replace {} {} @ {at}", order.user_ref, order.total()));
                }
                None => self.note("no order is open".to_owned()),
            },
            KeyCode::Char('n') | KeyCode::Right => return self.turn_to(shown, 1),
            KeyCode::Char('p') | KeyCode::Left => return self.turn_to(shown, -1),
            _ => {}
        }
        None
    }

    fn type_on(&mut self, code: KeyCode, shown: &Shown<'_>) -> Option<Wish> {
        let Mode::Typing(text) = &mut self.mode else { return None };
        match code {
            KeyCode::Char(letter) if text.len() < 200 => text.push(letter),
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Esc => self.mode = Mode::Watching,
            KeyCode::Up => self.recall(1),
            KeyCode::Down => self.recall(-1),
            KeyCode::Enter => {
                let line = text.trim().to_owned();
                self.mode = Mode::Watching;
                self.notice.clear();
                if !line.is_empty() {
                    self.typed.push(line.clone());
                    if self.typed.len() > LINES_KEPT {
                        self.typed.remove(0);
                    }
                    return self.obey(&line, shown);
                }
            }
            _ => {}
        }
        None
    }

    /// Carries out a typed line.
    fn obey(&mut self, line: &str, shown: &Shown<'_>) -> Option<Wish> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["quit" | "exit"] => return self.ask_to_quit(shown),
            ["help"] => self.mode = Mode::Helping,
            ["cancel", "all"] => self.ask_to_cancel_all(shown),
            ["qty", qty] => match qty.parse() {
                Ok(qty) => self.qty = Some(qty),
                Err(_) => self.note(format!("expected a quantity, found '{qty}'")),
            },
            ["go", price] => match price.parse() {
                Ok(price) => self.cursor = Some(price),
                Err(error) => self.note(format!("{error}")),
            },
            ["symbol", name] => return self.find(name, shown),
            _ => match line.parse() {
                Ok(instruction) => return Some(Wish::Give(instruction)),
                Err(mistake) => self.note(mistake.to_string()),
            },
        }
        None
    }

    fn begin_typing(&mut self, text: String) {
        self.recalled = 0;
        self.mode = Mode::Typing(text);
    }

    fn recall(&mut self, by: isize) {
        let wanted = self.recalled.saturating_add_signed(by).min(self.typed.len());
        let line = wanted.checked_sub(1).and_then(|back| self.typed.iter().rev().nth(back));
        self.mode = Mode::Typing(line.cloned().unwrap_or_default());
        self.recalled = wanted;
    }

    fn ask_to_quit(&mut self, shown: &Shown<'_>) -> Option<Wish> {
        if shown.orders.open().next().is_none() {
            return Some(Wish::Quit);
        }
        self.mode = Mode::Asking(Question::Quit);
        None
    }

    fn ask_to_cancel_all(&mut self, shown: &Shown<'_>) {
        if shown.orders.open().next().is_none() {
            self.note("no order is open".to_owned());
        } else {
            self.mode = Mode::Asking(Question::CancelAll);
        }
    }

    fn enter(&mut self, side: Side, shown: &Shown<'_>) -> Option<Wish> {
        let listed = self.listed(shown.listed)?;
        let Some(price) = self.at(&self.ladder(shown)) else {
            self.note("no price to trade at: type an order, or `go PRICE`".to_owned());
            return None;
        };
        let (symbol, qty) = (listed.symbol, Qty(self.qty(shown)));
        Some(Wish::Give(Instruction::Enter(Entry { side: side.into(), qty, symbol, price, terms: Terms::PLAIN })))
    }

    /// Moves the cursor by a tick.
    fn step(&mut self, shown: &Shown<'_>, ticks: i64) {
        let Some(listed) = self.listed(shown.listed) else { return };
        match self.at(&self.ladder(shown)) {
            Some(Price(at)) => self.cursor = Some(Price(at.saturating_add(ticks * listed.tick.get()))),
            None => self.note("no price to begin at: `go PRICE`".to_owned()),
        }
    }

    /// Moves the cursor to the next price at which something stands.
    fn leap(&mut self, shown: &Shown<'_>, above: bool) {
        let ladder = self.ladder(shown);
        if let Some(next) = self.at(&ladder).and_then(|at| ladder.next(at, above)) {
            self.cursor = Some(next);
        }
    }

    fn resize(&mut self, shown: &Shown<'_>, change: impl Fn(u32, u32) -> u32) {
        let lot = self.listed(shown.listed).map_or(1, |listed| listed.lot);
        self.qty = Some(change(self.qty(shown), lot));
    }

    /// Goes to the next open order, or to the one before.
    fn select(&mut self, orders: &OwnOrders, forwards: bool) {
        let open: Vec<UserRefNum> = orders.open().map(|order| order.user_ref).collect();
        let at = self.selected(orders).and_then(|order| open.iter().position(|one| *one == order.user_ref));
        let next = match (at, forwards) {
            (Some(at), true) => (at + 1) % open.len(),
            (Some(at), false) => (at + open.len() - 1) % open.len(),
            (None, _) => return,
        };
        self.selected = open.get(next).copied();
    }

    /// Goes to the next instrument, or to the one before.
    fn turn_to(&mut self, shown: &Shown<'_>, by: isize) -> Option<Wish> {
        let count = shown.listed.len();
        let next = self.chosen.checked_add_signed(by).unwrap_or(count.saturating_sub(1));
        self.choose(if next < count { next } else { 0 })
    }

    fn find(&mut self, name: &str, shown: &Shown<'_>) -> Option<Wish> {
        let position = |fits: &dyn Fn(&str) -> bool| shown.listed.iter().position(|one| fits(one.symbol.name()));
        let lower = name.to_ascii_lowercase();
        let found = position(&|one| one == name)
            .or_else(|| position(&|one| one.eq_ignore_ascii_case(name)))
            .or_else(|| position(&|one| one.to_ascii_lowercase().starts_with(&lower)));
        let Some(found) = found else {
            self.note(format!("expected an instrument of the configuration, found '{name}'"));
            return None;
        };
        self.choose(found)
    }

    fn choose(&mut self, chosen: usize) -> Option<Wish> {
        (self.chosen, self.cursor) = (chosen, None);
        Some(Wish::Instrument)
    }
}
