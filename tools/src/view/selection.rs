//! Which rows are wanted, and what their instruments are called.

use super::{SelectArgs, ViewError};
use crate::symbols::Symbols;
use crate::when::When;
use engine::config::Config;
use engine::views::Range;
use std::cell::RefCell;
use std::path::PathBuf;
use wire::InstrumentIndex;

/// What is asked for, with every name found.
pub(super) struct Selection {
    pub range: Range,
    /// All of them, when none was named.
    wanted: Vec<InstrumentIndex>,
    pub last: Option<usize>,
    names: RefCell<Names>,
}

/// Names of the configuration, and, once one is missing there, of the journal: views hold numbers. A journal is not replayed in vain.
struct Names {
    symbols: Symbols,
    /// Where more of them are; `None` when they were looked for.
    more: Option<(Config, PathBuf)>,
    /// Why some stay unknown.
    told: Option<String>,
}

impl Selection {
    pub fn of(args: &SelectArgs, config: Config, dir: PathBuf) -> Result<Self, ViewError> {
        let mut names = Names { symbols: Symbols::of(&config), more: Some((config, dir)), told: None };
        let wanted = args.symbol.iter().map(|found| names.find(found)).collect::<Result<_, _>>()?;
        let time = |option, when: Option<When>| match when {
            None => Ok(None),
            Some(When::Time(time)) => Ok(Some(time)),
            Some(When::Seq(_)) => Err(ViewError::NoTime { option }),
        };
        let from = time("--from", args.from)?.unwrap_or(Range::ALL.from);
        let to = time("--to", args.to)?.unwrap_or(Range::ALL.to);
        Ok(Self { range: Range { from, to }, wanted, last: args.last, names: RefCell::new(names) })
    }

    pub fn wants(&self, instrument: InstrumentIndex) -> bool {
        self.wanted.is_empty() || self.wanted.contains(&instrument)
    }

    /// A name; the number of an instrument that neither the configuration nor the journal has.
    pub fn symbol(&self, instrument: InstrumentIndex) -> String {
        let mut names = self.names.borrow_mut();
        if names.symbols.get(instrument).is_none() {
            names.learn();
        }
        names.symbols.name(instrument)
    }

    /// Why there are numbers where names belong.
    pub fn told(&self) -> Option<String> {
        self.names.borrow().told.clone()
    }
}

impl Names {
    /// Takes over what the journal adds.
    fn learn(&mut self) {
        let Some((config, dir)) = self.more.take() else { return };
        if let Err(error) = self.symbols.learn_journal(&config, &dir) {
            let text = "instruments that the configuration does not have are shown by their number, for the journal does not tell their names";
            self.told = Some(format!("{text}: {error}"));
        }
    }

    fn find(&mut self, found: &str) -> Result<InstrumentIndex, ViewError> {
        if self.symbols.find(found).is_none() {
            self.learn();
        }
        let unknown = || ViewError::Symbol { found: found.to_owned(), known: self.symbols.known() };
        self.symbols.find(found).ok_or_else(unknown)
    }
}
