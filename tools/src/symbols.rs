//! The names of instruments: those of a configuration, and those that are learnt since, because an operator has added them.
//!
//! Goal: whoever prints an instrument prints its name. Non-goal: its terms.

use engine::config::Config;
use engine::instrument::InstrumentTable;
use engine::past::{Moment, Stood, stood};
use engine::snapshot::SnapshotError;
use std::path::Path;
use wire::{InstrumentIndex, Symbol};

/// How many are named to somebody who asked for one that there is not: a venue may have thousands.
const TOLD: usize = 20;

/// Names by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// `None` where a later one was learnt first.
    names: Vec<Option<Symbol>>,
}

impl Symbols {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self { names: config.instruments.iter().map(|instrument| Some(instrument.symbol)).collect() }
    }

    /// Takes over one.
    pub fn learn(&mut self, instrument: InstrumentIndex, symbol: Symbol) {
        let Ok(at) = usize::try_from(instrument.get()) else { return };
        if at >= self.names.len() {
            self.names.resize(at + 1, None);
        }
        self.names[at] = Some(symbol);
    }

    /// Takes over what an exchange knows beyond them.
    pub fn learn_table(&mut self, instruments: &InstrumentTable) {
        let added = instruments.iter().skip(self.names.len());
        self.names.extend(added.map(|(_, terms)| Some(terms.symbol)));
    }

    /// Takes over what was added up to the end of a journal.
    ///
    /// # Errors
    /// It cannot be replayed under this configuration.
    pub fn learn_journal(&mut self, config: &Config, dir: &Path) -> Result<(), SnapshotError> {
        let Stood { venue, .. } = stood(config, dir, Moment::End)?;
        self.learn_table(venue.exchange().instruments());
        Ok(())
    }

    /// A name, where it is known.
    #[must_use]
    pub fn get(&self, instrument: InstrumentIndex) -> Option<Symbol> {
        usize::try_from(instrument.get()).ok().and_then(|at| *self.names.get(at)?)
    }

    /// A name; its number where none is known.
    #[must_use]
    pub fn name(&self, instrument: InstrumentIndex) -> String {
        self.get(instrument).map_or_else(|| instrument.to_string(), |symbol| symbol.name().to_owned())
    }

    /// Whose name this is.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<InstrumentIndex> {
        self.iter().find(|(_, symbol)| symbol.name() == name).map(|(instrument, _)| instrument)
    }

    /// All whose name is known, by index.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIndex, Symbol)> {
        (0..).map(InstrumentIndex).zip(&self.names).filter_map(|(instrument, symbol)| Some((instrument, (*symbol)?)))
    }

    /// The first ones, for somebody who asked for another.
    #[must_use]
    pub fn known(&self) -> String {
        let more = if self.names.len() > TOLD { ", …" } else { "" };
        let first: Vec<_> = self.iter().take(TOLD).map(|(_, symbol)| symbol.name().to_owned()).collect();
        format!("{}{more}", first.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learnt_has_a_name_and_the_others_a_number() {
        let mut symbols = Symbols::of(&Config::default());
        let first = symbols.get(InstrumentIndex(0)).expect("the built-in instrument");
        let (new, symbol) = (InstrumentIndex(7), Symbol::new("NEW").expect("short"));
        assert_eq!(symbols.name(new), "7");
        symbols.learn(new, symbol);
        assert_eq!((symbols.name(new).as_str(), symbols.find("NEW")), ("NEW", Some(new)));
        assert_eq!(symbols.name(InstrumentIndex(6)), "6", "one that lies between stays unknown");
        assert_eq!(symbols.get(InstrumentIndex(0)), Some(first));
        assert_eq!(symbols.find("OTHER"), None);
        assert!(symbols.known().ends_with(", NEW"), "{}", symbols.known());
    }
}
