//! What is wrong with a scenario file.

use std::io;
use std::path::PathBuf;

/// A file that cannot be used: correct it and run again.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be opened or read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line that the grammar does not know.
    #[error("{}:{line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: SyntaxError,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// The line begins with no known word.
    #[error("unknown keyword '{found}'{}", hint(.nearest))]
    UnknownKeyword {
        /// The word.
        found: String,
        /// A known one like it.
        nearest: Option<&'static str>,
    },
    /// A key that such a line does not have.
    #[error("'{keyword}' has no key '{found}'{}", hint(.nearest))]
    UnknownKey {
        /// The line's keyword.
        keyword: &'static str,
        /// The key.
        found: String,
        /// A known one like it.
        nearest: Option<&'static str>,
    },
    /// A key that such a line must have.
    #[error("'{keyword}' needs {key}=")]
    MissingKey {
        /// The line's keyword.
        keyword: &'static str,
        /// The key.
        key: &'static str,
    },
    /// The same key twice.
    #[error("'{keyword}' has {key}= twice")]
    DuplicateKey {
        /// The line's keyword.
        keyword: &'static str,
        /// The key.
        key: String,
    },
    /// Two keys that exclude each other.
    #[error("'{keyword}' takes {one}= or {other}=, not both")]
    Exclusive {
        /// The line's keyword.
        keyword: &'static str,
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A value that cannot be read.
    #[error("{what}: expected {expected}, found '{found}'")]
    Value {
        /// Key or place.
        what: String,
        /// What can stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A word that must follow is not there.
    #[error("'{keyword}' must be followed by {expected}")]
    MissingWord {
        /// The line's keyword.
        keyword: &'static str,
        /// What can stand there.
        expected: &'static str,
    },
    /// A word too many.
    #[error("'{keyword}' does not take '{found}'; values are written key=value, without spaces around '='")]
    SpareWord {
        /// The line's keyword.
        keyword: &'static str,
        /// The word.
        found: String,
    },
    /// Brackets that do not pair.
    #[error("'[' without ']' in '{found}'")]
    Bracket {
        /// The rest of the line from there.
        found: String,
    },
    /// Something stands before the first `scenario` line.
    #[error("'{found}' stands before any 'scenario NAME'")]
    NoScenario {
        /// The keyword.
        found: String,
    },
    /// A `->` line stands before any input.
    #[error("an expectation before any input of scenario {scenario}: '->' lines follow the input that causes them")]
    NoInput {
        /// The scenario.
        scenario: String,
    },
    /// The bytes are not text.
    #[error("expected UTF-8 text")]
    NotText,
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"))
}

/// The known word that `found` was probably meant to be.
#[must_use]
pub(super) fn nearest(found: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(found, word), word))
        .filter(|&(distance, word)| distance <= word.len().div_ceil(2).min(3))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, word)| word)
}

/// Why a scenario could not be carried through. It fails, whatever it expects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The exchange does not do such a thing.
    #[error("not supported yet: {0}")]
    Unsupported(String),
    /// Two accounts of the same thing differ: a defect of the exchange.
    #[error("a contradiction: {0}")]
    Contradiction(String),
}
