//! Looks how much room the journal's disk has left.
//!
//! Goal: whoever decides about new orders knows in time, while cancels can still be journaled. Non-goal: deciding; that is a command, in
//! the journal like any other. See [`crate::venue::Venue::hold_entry`].

use std::path::PathBuf;
use std::sync::Arc;

use super::Disk;
use super::watch::Shared;

/// Watches one directory's disk.
pub(super) struct Space {
    dir: PathBuf,
    floor_bytes: u64,
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
}

impl Space {
    pub(super) fn new(dir: PathBuf, floor_bytes: u64, disk: Arc<dyn Disk>, shared: Arc<Shared>) -> Self {
        Self { dir, floor_bytes, disk, shared }
    }

    /// Looks once. A disk that does not say is taken for what it was.
    pub(super) fn turn(&self) {
        if let Ok(free_bytes) = self.disk.free_bytes(&self.dir) {
            self.shared.publish_space(free_bytes, is_low(free_bytes, self.floor_bytes, self.shared.is_low_on_space()));
        }
    }
}

/// Low is below the floor; and from then on until there is a quarter more, so that the making of a segment does not turn it to and fro.
const fn is_low(free_bytes: u64, floor_bytes: u64, was_low: bool) -> bool {
    let enough = if was_low { floor_bytes.saturating_add(floor_bytes / 4) } else { floor_bytes };
    free_bytes < enough
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space").field("dir", &self.dir).field("floor_bytes", &self.floor_bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::is_low;

    #[test]
    fn what_was_low_is_low_until_there_is_a_quarter_more() {
        assert!(!is_low(100, 100, false));
        assert!(is_low(99, 100, false));
        assert!(is_low(124, 100, true));
        assert!(!is_low(125, 100, true));
        assert!(!is_low(0, 0, false), "no floor");
    }
}
