//! One change to the machine, as it is shown, made and undone.

use super::machine::Machine;
use std::fmt;
use std::io;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// How it is undone.
    pub undo: Undo,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A value is written to a file of the kernel.
    Write {
        /// The file.
        path: String,
        /// The value.
        value: String,
    },
    /// A command is run.
    Run(Vec<String>),
}

/// How a change is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// The value that the file had.
    OldValue,
    /// Something of its own.
    By(Action),
    /// Not at all: it does no harm, or another step's undoing covers it.
    Nothing,
}

impl Step {
    /// Writes a value; undone by writing the old one.
    #[must_use]
    pub fn write(path: impl Into<String>, value: impl Into<String>) -> Self {
        Self { action: Action::Write { path: path.into(), value: value.into() }, undo: Undo::OldValue }
    }

    /// Runs a command; undone by another.
    #[must_use]
    pub fn run(command: &[&str], undo: &[&str]) -> Self {
        Self { action: Action::run(command), undo: Undo::By(Action::run(undo)) }
    }

    /// What will undo it, to be asked for before it is done. `None` for nothing.
    #[must_use]
    pub fn undoing(&self, machine: &Machine) -> Option<Undoing> {
        match (&self.undo, &self.action) {
            (Undo::By(action), _) => Some(Undoing::Other(action.clone())),
            (Undo::OldValue, Action::Write { path, .. }) => {
                let old = machine.setting(path)?;
                Some(Undoing::OldValue(Action::Write { path: path.clone(), value: old }))
            }
            (Undo::Nothing | Undo::OldValue, _) => None,
        }
    }
}

/// What undoes a change on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// The value that was there.
    OldValue(Action),
    /// Something else.
    Other(Action),
}

impl Undoing {
    /// What is to be done.
    #[must_use]
    pub const fn action(&self) -> &Action {
        match self {
            Self::OldValue(action) | Self::Other(action) => action,
        }
    }
}

impl Action {
    /// A command.
    #[must_use]
    pub fn run(command: &[&str]) -> Self {
        Self::Run(command.iter().map(|&word| word.to_owned()).collect())
    }

    /// Does it.
    ///
    /// # Errors
    /// The kernel's refusal, or the command's.
    pub fn apply(&self, machine: &Machine) -> io::Result<()> {
        match self {
            Self::Write { path, value } => machine.write(path, value),
            Self::Run(command) => machine.run(command).map(drop),
        }
    }
}

impl fmt::Display for Action {
    /// As one would type it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { path, value } => write!(f, "echo {} > {path}", if value.is_empty() { "''" } else { value }),
            Self::Run(command) => f.write_str(&command.join(" ")),
        }
    }
}
