//! `[[operator]]`: who may administer, and how much of it.

use super::appliance::{NAME_EXPECTED, name};
use super::error::ConfigError;
use super::reader::Reader;
use super::session::DEVELOPMENT_PREFIX;
use wire::admin::login::Role;
use wire::login::Key;

/// Somebody who may log in to the administration session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name in the login and in the journal: 1 to 16 printable ASCII characters.
    pub name: String,
    /// The secret shared with the operator.
    pub key: Key,
    /// What the operator may do.
    pub role: Role,
}

/// The roles by the names that configuration files use.
const ROLE_NAMES: [(&str, Role); 3] =
    [(Role::Read.name(), Role::Read), (Role::Trade.name(), Role::Trade), (Role::Operator.name(), Role::Operator)];

impl Operator {
    /// Whether its key is one that everyone knows, from the built-in default.
    #[must_use]
    pub fn has_development_key(&self) -> bool {
        self.key.0.starts_with(DEVELOPMENT_PREFIX)
    }

    /// What an entry is before its keys are read. None of them has a default.
    pub(super) const fn template() -> Self {
        Self { name: String::new(), key: Key([0; 32]), role: Role::Read }
    }

    /// The operator of the built-in default.
    pub(super) fn development() -> Self {
        Self { name: "operator".to_owned(), key: Key(*b"pinion-development-key--operator"), role: Role::Operator }
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("name", NAME_EXPECTED, name, &mut self.name)?;
        reader.secret("key", &mut self.key)?;
        reader.choice("role", &ROLE_NAMES, &mut self.role)?;
        reader.finish()
    }
}
