//! The directory of names: which `symbol_id` a name has in the ticks.
//!
//! Goal: a name keeps its number from day to day and from feed to feed, so that everybody may share one file. Non-goal: reading
//! and writing that file; here it is text.
//!
//! ```text
//! # symbol_id name
//! 0 AAPL
//! 1 ZIEXT
//! ```

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use wire::{InstrumentIndex, Symbol};

/// The most names that a directory holds: a feed of rubbish must not fill the memory.
pub const SYMBOLS_MAX: usize = 1 << 16;

/// Names and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// By number; `None` where the file leaves one out.
    names: Vec<Option<Symbol>>,
    numbers: HashMap<Symbol, InstrumentIndex>,
    /// How many came with the file.
    known: usize,
}

/// A line of a directory that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the directory of names: expected {expected}, found '{found}'")]
pub struct SymbolsError {
    /// From 1.
    pub line: usize,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

impl Symbols {
    /// Reads a directory.
    ///
    /// # Errors
    /// A line that is no number and name, or a number or name that came before.
    pub fn parse(text: &str) -> Result<Self, SymbolsError> {
        let mut symbols = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let error = |expected| SymbolsError { line, expected, found: text.chars().take(60).collect() };
            let entry = text.split_once(' ').and_then(|(number, name)| {
                let number = number.parse::<usize>().ok().filter(|number| *number < SYMBOLS_MAX)?;
                Some((number, Symbol::new(name.trim())?))
            });
            let Some((number, name)) = entry else {
                return Err(error("a number below 65536, a space, and a name of 1 to 8 characters"));
            };
            if symbols.names.len() <= number {
                symbols.names.resize(number + 1, None);
            }
            let index = u32::try_from(number).map(InstrumentIndex).unwrap_or_default();
            if symbols.names[number].replace(name).is_some() || symbols.numbers.insert(name, index).is_some() {
                return Err(error("a number and a name that did not come before"));
            }
        }
        symbols.known = symbols.numbers.len();
        Ok(symbols)
    }

    /// The number of a name, a new one where it has none; `None` when it is no name, or the directory is full.
    pub fn number(&mut self, name: Symbol) -> Option<InstrumentIndex> {
        if let Some(number) = self.numbers.get(&name) {
            return Some(*number);
        }
        if self.names.len() >= SYMBOLS_MAX || Symbol::new(name.name()) != Some(name) {
            return None;
        }
        let number = u32::try_from(self.names.len()).map(InstrumentIndex).ok()?;
        self.names.push(Some(name));
        self.numbers.insert(name, number);
        Some(number)
    }

    /// The name with this number.
    #[must_use]
    pub fn name(&self, number: InstrumentIndex) -> Option<Symbol> {
        self.names.get(usize::try_from(number.0).ok()?).copied().flatten()
    }

    /// Every number with its name, by number.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentIndex, Symbol)> + '_ {
        (0..).map(InstrumentIndex).zip(&self.names).filter_map(|(number, name)| Some((number, (*name)?)))
    }

    /// How many names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// How many names were given a number since the directory was read.
    #[must_use]
    pub fn added(&self) -> usize {
        self.numbers.len() - self.known
    }
}

impl fmt::Display for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("# symbol_id name")?;
        for (number, name) in self.iter() {
            write!(f, "\n{number} {name}")?;
        }
        f.write_char('\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        Symbol::new(name).expect("short")
    }

    #[test]
    fn names_keep_their_numbers_and_new_ones_follow() {
        let mut symbols = Symbols::parse("# ours\n0 AAPL\n\n  5 ZIEXT\n").expect("well formed");
        assert_eq!(symbols.number(symbol("ZIEXT")), Some(InstrumentIndex(5)));
        assert_eq!((symbols.len(), symbols.added()), (2, 0));
        assert_eq!(symbols.number(symbol("BOB")), Some(InstrumentIndex(6)));
        assert_eq!(symbols.number(symbol("BOB")), Some(InstrumentIndex(6)));
        assert_eq!((symbols.len(), symbols.added()), (3, 1));
        assert_eq!((symbols.name(InstrumentIndex(5)), symbols.name(InstrumentIndex(1))), (Some(symbol("ZIEXT")), None));
        let text = symbols.to_string();
        assert_eq!(text, "# symbol_id name\n0 AAPL\n5 ZIEXT\n6 BOB\n");
        let again = Symbols::parse(&text).expect("what was written is read");
        assert!(again.iter().eq(symbols.iter()));
    }

    #[test]
    fn what_is_no_name_gets_no_number() {
        let mut symbols = Symbols::default();
        for bytes in [*b"        ", *b" AAPL   ", *b"AA PL   ", [0; 8], [0xFF; 8]] {
            assert_eq!(symbols.number(Symbol(bytes)), None, "{bytes:?}");
        }
        assert!(symbols.is_empty());
    }

    #[test]
    fn a_full_directory_takes_no_more() {
        let mut symbols = Symbols::parse("65534 LAST").expect("in bounds");
        assert_eq!(symbols.number(symbol("A")), Some(InstrumentIndex(65_535)));
        assert_eq!((symbols.number(symbol("B")), symbols.len()), (None, 2));
    }

    #[test]
    fn lines_that_cannot_be_used_are_named() {
        for (text, line) in [
            ("0 AAPL\n0 BOB", 2),
            ("0 AAPL\n1 AAPL", 2),
            ("x AAPL", 1),
            ("65536 A", 1),
            ("\n1", 2),
            ("1 LONGERTHAN8", 1),
        ] {
            let error = Symbols::parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text}");
        }
    }
}
