//! `[appliance]`: what this appliance is called.

use super::error::ConfigError;
use super::reader::Reader;

/// The appliance as its operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appliance {
    /// Its name in logs and reports: 1 to 16 printable ASCII characters without spaces.
    pub name: String,
}

impl Default for Appliance {
    fn default() -> Self {
        Self { name: "pinion".to_owned() }
    }
}

impl Appliance {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.checked("name", NAME_EXPECTED, name, &mut self.name)?;
        reader.finish()
    }
}

/// What [`name`] accepts, for messages.
pub(super) const NAME_EXPECTED: &str = "1 to 16 printable ASCII characters without spaces";

/// A name that fits the login message and a log line.
pub(super) fn name(text: &str) -> Option<String> {
    let fits = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}
