//! Options that several subcommands share.

use clap::Args;
use engine::config::{Config, ConfigError};
use std::path::PathBuf;

/// Which configuration to use.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigOptions {
    /// A TOML file over the built-in configuration.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A TOML file with [topology] alone, over the other one: which cores the appliance runs on.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// One key over the file, such as `journal.durability=mapped`; may be given many times.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub overrides: Vec<(String, String)>,
}

impl ConfigOptions {
    /// Reads it.
    ///
    /// # Errors
    /// The file cannot be read, or says something that cannot be used.
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load_placed(self.config.as_deref(), self.topology.as_deref(), &self.overrides)
    }
}

pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY=VALUE, found '{text}'"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
