//! `[log]`: where the appliance says what happens, and how much of it.
//!
//! None of it decides an outcome.

use super::error::ConfigError;
use super::reader::Reader;
use crate::log::Level;
use std::path::PathBuf;

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// What a line looks like.
    pub format: LogFormat,
    /// The file; `None`: stderr.
    pub file: Option<PathBuf>,
    /// Less important lines are not written.
    pub level: Level,
    /// The most lines of one kind a second; 0: no bound.
    pub kind_lines_per_s: u32,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, file: None, level: Level::Info, kind_lines_per_s: 50 }
    }
}

impl Log {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)], &mut self.format)?;
        let file = |text: &str| Some(PathBuf::from(text));
        reader.optional("file", "the path of a file, or \"\" for stderr", file, &mut self.file)?;
        reader.choice("level", &Level::ALL.map(|level| (level.name(), level)), &mut self.level)?;
        reader.integer("kind_lines_per_s", 0..=1_000_000, &mut self.kind_lines_per_s)?;
        reader.finish()
    }
}
