//! The names that a configuration gives to sessions and instruments.

use super::Trouble;
use engine::book::OrderKey;
use engine::config::Config;
use std::fmt;
use wire::{InstrumentIndex, SessionIndex, UserRefNum};

/// Sessions and instruments by index.
pub(super) struct Names {
    users: Vec<String>,
    symbols: Vec<String>,
}

impl Names {
    pub fn of(config: &Config) -> Self {
        Self {
            users: config.sessions.iter().map(|session| session.username.clone()).collect(),
            symbols: config.instruments.iter().map(|instrument| instrument.symbol.name().to_owned()).collect(),
        }
    }

    /// The name of a session; its number where the configuration has no such session.
    pub fn user(&self, session: SessionIndex) -> String {
        self.users.get(usize::from(session.get())).cloned().unwrap_or_else(|| session.to_string())
    }

    pub fn symbol(&self, instrument: InstrumentIndex) -> String {
        let index = usize::try_from(instrument.get()).ok();
        index.and_then(|index| self.symbols.get(index)).cloned().unwrap_or_else(|| instrument.to_string())
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
        let index = position(&self.symbols, name).and_then(|index| u32::try_from(index).ok());
        index.map(InstrumentIndex).ok_or_else(|| unknown("symbol", name, &self.symbols))
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

    pub fn symbols(&self) -> impl Iterator<Item = (InstrumentIndex, &str)> {
        (0..).map(InstrumentIndex).zip(self.symbols.iter().map(String::as_str))
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
