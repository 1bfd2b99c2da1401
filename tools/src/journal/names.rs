//! The names that a configuration gives to sessions and instruments, and those of instruments that operators have added.

use super::Trouble;
use engine::book::OrderKey;
use engine::config::Config;
use engine::instrument::InstrumentTable;
use engine::past::{Moment, Stood, stood};
use std::cell::RefCell;
use std::fmt;
use std::path::Path;
use wire::{InstrumentIndex, SessionIndex, UserRefNum};

/// Sessions and instruments by index.
pub(super) struct Names {
    users: Vec<String>,
    /// Grows with what a journal adds while it is walked along.
    symbols: RefCell<Vec<String>>,
}

impl Names {
    pub fn of(config: &Config) -> Self {
        Self {
            users: config.sessions.iter().map(|session| session.username.clone()).collect(),
            symbols: RefCell::new(
                config.instruments.iter().map(|instrument| instrument.symbol.name().to_owned()).collect(),
            ),
        }
    }

    /// Takes over the names of instruments that were added.
    pub fn learn(&self, instruments: &InstrumentTable) {
        let known = self.symbols.borrow().len();
        if instruments.len() > known {
            let added = instruments.iter().skip(known).map(|(_, terms)| terms.symbol.name().to_owned());
            self.symbols.borrow_mut().extend(added);
        }
    }

    /// The name of a session; its number where the configuration has no such session.
    pub fn user(&self, session: SessionIndex) -> String {
        self.users.get(usize::from(session.get())).cloned().unwrap_or_else(|| session.to_string())
    }

    pub fn symbol(&self, instrument: InstrumentIndex) -> String {
        let index = usize::try_from(instrument.get()).ok();
        index.and_then(|index| self.symbols.borrow().get(index).cloned()).unwrap_or_else(|| instrument.to_string())
    }

    /// An order as operators name it.
    pub fn order(&self, key: OrderKey) -> impl fmt::Display {
        format!("{}:{}", self.user(key.session()), key.user_ref())
    }

    pub fn find_user(&self, name: &str) -> Result<SessionIndex, Trouble> {
        let index = position(&self.users, name).and_then(|index| u16::try_from(index).ok());
        index.map(SessionIndex).ok_or_else(|| unknown("user", name, &self.users))
    }

    pub fn find_symbol(&self, name: &str) -> Result<InstrumentIndex, Trouble> {
        let symbols = self.symbols.borrow();
        let index = position(&symbols, name).and_then(|index| u32::try_from(index).ok());
        index.map(InstrumentIndex).ok_or_else(|| unknown("symbol", name, &symbols))
    }

    /// The same of a journal: one that an operator added is looked for at its end.
    pub fn find_listed(&self, name: &str, config: &Config, dir: &Path) -> Result<InstrumentIndex, Trouble> {
        self.find_symbol(name).or_else(|unknown| {
            let Ok(Stood { venue, .. }) = stood(config, dir, Moment::End) else { return Err(unknown) };
            self.learn(venue.exchange().instruments());
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
        (0..).map(InstrumentIndex).zip(self.symbols.borrow().iter().cloned()).collect()
    }
}

fn position(names: &[String], wanted: &str) -> Option<usize> {
    names.iter().position(|name| name == wanted)
}

fn unknown(what: &'static str, found: &str, known: &[String]) -> Trouble {
    // A venue may have thousands of instruments.
    let more = if known.len() > 20 { ", …" } else { "" };
    let first: Vec<_> = known.iter().take(20).map(String::as_str).collect();
    Trouble::Unknown { what, found: found.to_owned(), known: format!("known are {}{more}", first.join(", ")) }
}
