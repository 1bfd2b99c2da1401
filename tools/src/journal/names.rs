//! The names that a configuration gives to sessions and instruments, and those of instruments that operators have added.

use super::Trouble;
use crate::symbols::Symbols;
use engine::book::OrderKey;
use engine::config::Config;
use engine::instrument::InstrumentTable;
use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use wire::{InstrumentIndex, SessionIndex, UserRefNum};

/// Sessions and instruments by index.
pub(super) struct Names {
    users: Vec<String>,
    /// Grows with what a journal adds while it is walked along.
    symbols: RefCell<Symbols>,
}

impl Names {
    pub fn of(config: &Config) -> Self {
        Self {
            users: config.sessions.iter().map(|session| session.username.clone()).collect(),
            symbols: RefCell::new(Symbols::of(config)),
        }
    }

    /// Takes over the names of instruments that were added.
    pub fn learn(&self, instruments: &InstrumentTable) {
        self.symbols.borrow_mut().learn_table(instruments);
    }

    /// The name of a session; its number where the configuration has no such session.
    pub fn user(&self, session: SessionIndex) -> String {
        self.users.get(usize::from(session.get())).cloned().unwrap_or_else(|| session.to_string())
    }

    pub fn symbol(&self, instrument: InstrumentIndex) -> String {
        self.symbols.borrow().name(instrument)
    }

    /// An order as operators name it.
    pub fn order(&self, key: OrderKey) -> impl fmt::Display {
        format!("{}:{}", self.user(key.session()), key.user_ref())
    }

    pub fn find_user(&self, name: &str) -> Result<SessionIndex, Trouble> {
        let index = self.users.iter().position(|user| user == name).and_then(|index| u16::try_from(index).ok());
        index.map(SessionIndex).ok_or_else(|| {
            // A venue may have thousands of sessions.
            let more = if self.users.len() > 20 { ", …" } else { "" };
            let first: Vec<_> = self.users.iter().take(20).map(String::as_str).collect();
            unknown("user", name, &format!("{}{more}", first.join(", ")))
        })
    }

    pub fn find_symbol(&self, name: &str) -> Result<InstrumentIndex, Trouble> {
        let symbols = self.symbols.borrow();
        symbols.find(name).ok_or_else(|| unknown("symbol", name, &symbols.known()))
    }

    /// The same of a journal: one that an operator added is looked for at its end.
    pub fn find_listed(&self, name: &str, config: &Config, dir: &Path) -> Result<InstrumentIndex, Trouble> {
        self.find_symbol(name).or_else(|unknown| {
            if self.symbols.borrow_mut().learn_journal(config, dir).is_err() {
                return Err(unknown);
            }
            self.find_symbol(name)
        })
    }

    /// `USER:REF`
    pub fn find_order(&self, text: &str) -> Result<OrderKey, Trouble> {
        let parts = text.rsplit_once(':').and_then(|(user, number)| Some((user, number.parse().ok()?)));
        let Some((user, number)) = parts else {
            let known = "expected USER:REF, such as trader1:17".to_owned();
            return Err(Trouble::Unknown { what: "order", found: text.to_owned(), known });
        };
        Ok(OrderKey::new(self.find_user(user)?, UserRefNum(number)))
    }

    pub fn symbols(&self) -> Vec<(InstrumentIndex, String)> {
        self.symbols.borrow().iter().map(|(instrument, symbol)| (instrument, symbol.name().to_owned())).collect()
    }
}

fn unknown(what: &'static str, found: &str, known: &str) -> Trouble {
    Trouble::Unknown { what, found: found.to_owned(), known: format!("known are {known}") }
}
