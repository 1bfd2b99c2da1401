//! Why a configuration is refused.
//!
//! Goal: a message that can be acted on without opening the manual: where, which key, what was expected, what was found, what to
//! do. Non-goal: recovery; an appliance never starts on half a configuration.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, counted from 1, of a configuration text.
    Line {
        /// The file's path, or another name for the text.
        origin: Arc<str>,
        /// The line.
        line: usize,
    },
    /// An override from the command line.
    Override {
        /// The argument as it was given: `key=value`.
        argument: Arc<str>,
    },
    /// The configuration as a whole: values which are right each for itself and wrong together.
    Whole {
        /// The file's path, or another name for the text.
        origin: Arc<str>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { origin, line } => write!(f, "{origin}:{line}"),
            Self::Override { argument } => write!(f, "--set {argument}"),
            Self::Whole { origin } => write!(f, "{origin}"),
        }
    }
}

/// A configuration that is not used, and what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read: check the path and its permissions.
    #[error(
        "cannot read the configuration {path}: {source}; name a readable file, or none to use the built-in default",
        path = path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML: correct the line.
    #[error("{place}: expected TOML, found a text that is not: {problem}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        problem: String,
    },
    /// The key means nothing here: correct its spelling or take it out.
    #[error("{place}: unknown key '{key}'{hint}; known in {table}: {known}")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key, with the path of its table.
        key: Box<str>,
        /// The nearest known key, as ready text, or nothing where none is near.
        hint: Hint,
        /// The table in which the key stands.
        table: Box<str>,
        /// The keys that this table knows.
        known: Box<str>,
    },
    /// The value cannot be used: change it as the message says.
    #[error("{place}: {key}: expected {expected}, found {found}")]
    BadValue {
        /// Where.
        place: Place,
        /// The key, with its path.
        key: String,
        /// What would have been right, and the remedy where it is not plain.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The value is meaningful, but not in this build: use one of those named.
    #[error("{place}: {key} = \"{found}\" is not in this build: {instead}")]
    Unavailable {
        /// Where.
        place: Place,
        /// The key, with its path.
        key: String,
        /// The value.
        found: String,
        /// What can be used instead.
        instead: String,
    },
}

/// The nearest known key to an unknown one, if any is near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint(pub Option<Box<str>>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(nearest) => write!(f, ", did you mean '{nearest}'?"),
            None => Ok(()),
        }
    }
}
