//! `[[member]]`: one firm.

use super::appliance::{NAME_EXPECTED, name};
use super::error::ConfigError;
use super::reader::Reader;
use crate::rules::SelfMatch;

/// A firm: the unit of self-match prevention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, to which sessions refer.
    pub name: String,
    /// What happens when its orders meet, where an order does not say.
    pub self_match: SelfMatch,
}

/// The modes by the names that configuration files use.
pub(super) const SELF_MATCH_NAMES: [(&str, SelfMatch); 5] = [
    ("allow", SelfMatch::Allow),
    ("newest", SelfMatch::CancelNewest),
    ("oldest", SelfMatch::CancelOldest),
    ("both", SelfMatch::CancelBoth),
    ("decrement", SelfMatch::Decrement),
];

impl Member {
    /// What an entry is before its keys are read. The name has no default and is checked to be set.
    pub(super) const fn template() -> Self {
        Self { name: String::new(), self_match: SelfMatch::Allow }
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("name", NAME_EXPECTED, name, &mut self.name)?;
        reader.choice("self_match", &SELF_MATCH_NAMES, &mut self.self_match)?;
        reader.finish()
    }
}
