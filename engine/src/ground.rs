//! What an appliance stands on: a disk and a source of random bytes.
//!
//! Goal: a simulation gives it others than the machine's. Non-goal: time, which is an argument, and the network, which is a port.

use std::sync::Arc;

use crate::entropy::{Entropy, SystemEntropy};
use crate::journal::{Disk, LocalDisk};

/// The machine's, unless one says otherwise.
#[derive(Clone)]
pub struct Ground {
    /// Under journal and snapshots.
    pub disk: Arc<dyn Disk>,
    /// For whatever must not be guessed.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Ground {
    fn default() -> Self {
        Self { disk: Arc::new(LocalDisk), entropy: Arc::new(SystemEntropy) }
    }
}
