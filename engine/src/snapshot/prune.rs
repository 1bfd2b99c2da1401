//! Which snapshots stay.
//!
//! Goal: a start after any crash finds one that it can use. Non-goal: which segments stay; that follows from the snapshots, see
//! [`crate::retention`].

use std::path::Path;

use super::{SnapshotError, SnapshotName};
use crate::journal::Disk;
use wire::Seq;

/// What is known of the snapshots of one journal.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// How many are kept.
    pub keep: usize,
    /// Records up to here are on stable storage for certain.
    pub synced: Seq,
    /// They were passed over at the start: damaged, or of a future that the journal lost. A younger one stands in their place.
    pub unusable: Vec<SnapshotName>,
}

/// Removes what no start will need: what cannot be used, and of the rest all but the newest `keep` and the newest `keep` whose records are
/// certain. Under `mapped` the newest ones may stand behind records that a loss of power takes away.
///
/// # Errors
/// The directory cannot be listed, or a file not removed.
pub(super) fn prune(dir: &Path, epoch: u64, known: &Known, disk: &dyn Disk) -> Result<(), SnapshotError> {
    let names: Vec<SnapshotName> = SnapshotName::list(dir)?.into_iter().filter(|name| name.epoch == epoch).collect();
    for name in superfluous(&names, known) {
        disk.remove(&name.path).map_err(SnapshotError::io("remove the old snapshot", &name.path))?;
    }
    Ok(())
}

/// Of the names, oldest first, those that nobody needs.
fn superfluous<'a>(names: &'a [SnapshotName], known: &Known) -> Vec<&'a SnapshotName> {
    let (mut any, mut certain) = (0, 0);
    let mut gone = Vec::new();
    for name in names.iter().rev() {
        if known.unusable.contains(name) {
            gone.push(name);
            continue;
        }
        let is_certain = name.seq <= known.synced;
        if any >= known.keep && !(is_certain && certain < known.keep) {
            gone.push(name);
        }
        any += 1;
        certain += usize::from(is_certain);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(seqs: &[u64], keep: usize, synced: u64, unusable: &[u64]) -> Vec<u64> {
        let named = |seqs: &[u64]| -> Vec<_> {
            seqs.iter().map(|seq| SnapshotName::new(Path::new("d"), 7, Seq(*seq))).collect()
        };
        let known = Known { keep, synced: Seq(synced), unusable: named(unusable) };
        let names = named(seqs);
        let mut gone: Vec<u64> = superfluous(&names, &known).into_iter().map(|name| name.seq.get()).collect();
        gone.sort_unstable();
        gone
    }

    #[test]
    fn the_newest_stay_and_as_many_whose_records_are_certain() {
        assert_eq!(gone(&[1, 2, 3, 4, 5], 2, 9, &[]), [1, 2, 3]);
        assert_eq!(gone(&[1, 2, 3, 4, 5], 2, 3, &[]), [1], "2 and 3 are certain, 4 and 5 the newest");
        assert_eq!(gone(&[1, 2, 3, 4, 5], 2, 4, &[]), [1, 2], "3 and 4 are certain");
        assert_eq!(gone(&[1, 2, 3], 2, 0, &[]), [1], "none is certain: a start reads the whole journal");
        assert_eq!(gone(&[1, 2], 2, 9, &[]), []);
    }

    #[test]
    fn what_cannot_be_used_goes_first_and_counts_for_nothing() {
        assert_eq!(gone(&[1, 2, 3, 9], 2, 3, &[9]), [1, 9], "of a future that was lost");
        assert_eq!(gone(&[1, 2, 3], 2, 3, &[2]), [2], "damaged: the one before it stays");
    }
}
