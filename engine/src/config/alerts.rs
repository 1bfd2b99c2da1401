//! `[alerts]`: how often the rules are looked at, and how long what they set off may take.
//!
//! None of it decides an outcome.

use super::error::ConfigError;
use super::reader::Reader;

/// What all rules share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// Between two looks, ms.
    pub every_ms: u32,
    /// Who runs programs and posts.
    pub acts: AlertsAct,
    /// How long a program may run, ms.
    pub exec_timeout_ms: u32,
    /// How long one attempt at a webhook may take, ms.
    pub webhook_timeout_ms: u32,
    /// How often it is attempted.
    pub webhook_attempts: u8,
}

/// Which process runs programs and posts: with both, everybody would be woken twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertsAct {
    /// The appliance.
    #[default]
    Run,
    /// `pinion watch`, which is still there when the appliance is not.
    Watch,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            every_ms: 100,
            acts: AlertsAct::Run,
            exec_timeout_ms: 5_000,
            webhook_timeout_ms: 2_000,
            webhook_attempts: 3,
        }
    }
}

impl Alerts {
    pub(super) fn read(&mut self, mut reader: Reader<'_>) -> Result<(), ConfigError> {
        reader.integer("every_ms", 10..=10_000, &mut self.every_ms)?;
        reader.choice("acts", &[("run", AlertsAct::Run), ("watch", AlertsAct::Watch)], &mut self.acts)?;
        reader.integer("exec_timeout_ms", 10..=600_000, &mut self.exec_timeout_ms)?;
        reader.integer("webhook_timeout_ms", 10..=60_000, &mut self.webhook_timeout_ms)?;
        reader.integer("webhook_attempts", 1..=10, &mut self.webhook_attempts)?;
        reader.finish()
    }
}
