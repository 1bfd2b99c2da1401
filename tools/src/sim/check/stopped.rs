//! `stopped`: a failed write or sync ends the appliance.

use super::super::disk::Tally;
use super::{Verdict, fail};
use engine::journal::{Status, Watch};
use wire::Seq;

/// What was durable when the disk failed.
#[derive(Debug, Default)]
pub struct Stopped {
    failed_at: Option<Seq>,
}

impl Stopped {
    /// The journal's helpers had their turn.
    ///
    /// # Errors
    /// The disk failed them, and the journal goes on; or somebody tried again.
    pub fn after_helpers(&mut self, before: Tally, after: Tally, watch: &Watch) -> Verdict {
        if after.retried > 0 {
            return fail("stopped", "a file was synced again after its sync had failed");
        }
        if after.errors > before.errors {
            self.failed_at.get_or_insert(watch.durable_seq());
            if !matches!(watch.status(), Status::Failed(_)) {
                return fail("stopped", "the disk failed the journal, which goes on");
            }
        }
        Ok(())
    }

    /// The tiles had their turn.
    ///
    /// # Errors
    /// Something became durable after the disk had failed under a promise of `synced`.
    pub fn after_tiles(&self, watch: &Watch, synced: bool) -> Verdict {
        match self.failed_at {
            Some(failed) if synced && watch.durable_seq() > failed => fail(
                "stopped",
                format!("command {} became durable after the disk had failed at {failed}", watch.durable_seq()),
            ),
            _ => Ok(()),
        }
    }

    /// Whether the appliance has to stop by itself now.
    #[must_use]
    pub const fn must_stop(&self) -> bool {
        self.failed_at.is_some()
    }
}
