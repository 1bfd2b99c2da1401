//! What the server's thread and whoever holds it have in common.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::counts::AdminCounts;
use crate::told::Told;

/// It is told to stop; it tells what it counts and what the log should have.
#[derive(Debug, Default)]
pub(super) struct Shared {
    stopping: AtomicBool,
    counts: Mutex<AdminCounts>,
    /// What the log should have.
    pub told: Told,
}

impl Shared {
    /// No more connections; those who are owed an answer may get it.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether that was said.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Counts something.
    pub fn count(&self, change: impl FnOnce(&mut AdminCounts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was counted.
    pub fn counts(&self) -> AdminCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
