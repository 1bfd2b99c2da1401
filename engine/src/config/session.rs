//! `[[session]]`: one login.

use super::appliance::{NAME_EXPECTED, name};
use super::error::ConfigError;
use super::key_file;
use super::reader::Reader;
use wire::login::Key;

/// A login and whom it trades for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The name in the login message: 1 to 16 printable ASCII characters.
    pub username: String,
    /// The firm, by name.
    pub member: String,
    /// The secret shared with the client.
    pub key: Key,
    /// Whether the session's orders are canceled when it dies, even where its login did not ask for that.
    pub cancel_on_disconnect: bool,
}

/// How the keys of the built-in default begin, so that they are recognised wherever they are used.
const DEVELOPMENT_PREFIX: &[u8] = b"pinion-development-key";

/// Before it is read.
const NO_KEY: Key = Key([0; 32]);

impl Session {
    /// Whether its key is one that everyone knows, from the built-in default.
    #[must_use]
    pub fn has_development_key(&self) -> bool {
        self.key.0.starts_with(DEVELOPMENT_PREFIX)
    }

    /// What an entry is before its keys are read. Name, member and key have no default and are checked to be set.
    pub(super) const fn template() -> Self {
        Self { username: String::new(), member: String::new(), key: NO_KEY, cancel_on_disconnect: false }
    }

    /// A login of the built-in default.
    pub(super) fn development(username: &str, member: &str, key: &[u8; 32]) -> Self {
        Self { username: username.to_owned(), member: member.to_owned(), key: Key(*key), cancel_on_disconnect: false }
    }

    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("username", NAME_EXPECTED, name, &mut self.username)?;
        reader.checked("member", NAME_EXPECTED, name, &mut self.member)?;
        key_file::read(&mut reader, &mut self.key)?;
        reader.boolean("cancel_on_disconnect", &mut self.cancel_on_disconnect)?;
        if self.key == NO_KEY {
            return Err(reader.missing("key", "a key of 32 bytes other than zeros, here or in a key_file"));
        }
        reader.finish()
    }
}
