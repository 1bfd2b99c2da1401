//! `replay`: the state follows from the journal alone.

use super::super::ledger::Ledger;
use super::{Verdict, fail};
use engine::venue::Venue;
use wire::Seq;

/// States of the running appliance that were not compared yet.
#[derive(Debug, Default)]
pub struct Replay {
    seen: Vec<(Seq, u64)>,
}

impl Replay {
    /// The running venue stands like this.
    pub fn saw(&mut self, venue: &Venue) {
        let seq = venue.seq();
        if self.seen.last().is_none_or(|(last, _)| *last < seq) {
            self.seen.push((seq, venue.exchange().state_hash()));
        }
    }

    /// Compares what was seen with the ledger, as far as that goes.
    ///
    /// # Errors
    /// A state that a replay does not come to.
    pub fn look(&mut self, ledger: &Ledger) -> Verdict {
        let known = self.seen.partition_point(|(seq, _)| *seq <= ledger.last());
        for (seq, hash) in self.seen.drain(..known) {
            same(ledger, seq, hash, "the running venue had")?;
        }
        Ok(())
    }

    /// A venue was recovered, and stands like this.
    ///
    /// # Errors
    /// A replay from the first record comes to another state.
    pub fn recovered(&mut self, ledger: &Ledger, venue: &Venue) -> Verdict {
        self.seen.clear();
        same(ledger, venue.seq(), venue.exchange().state_hash(), "the recovered venue has")?;
        if let Err(error) = venue.exchange().book().audit() {
            return fail("replay", format!("the recovered books contradict themselves: {error}"));
        }
        Ok(())
    }
}

fn same(ledger: &Ledger, seq: Seq, hash: u64, who: &str) -> Verdict {
    match ledger.hash_after(seq) {
        Some(expected) if expected != hash => fail(
            "replay",
            format!("after command {seq} {who} state hash {hash:016x}, a replay from the first record {expected:016x}"),
        ),
        _ => Ok(()),
    }
}
