//! Whether books can be relied on, and if not, why and since when.

use wire::Nanos;

/// Why books may differ from the venue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StaleReason {
    /// No packet has come yet.
    Waiting,
    /// A snapshot is on its way: we have just begun.
    Joining,
    /// Another session has begun, and its snapshot is on its way.
    NewSession,
    /// The publisher has begun anew with an older state (it lost power, say); a snapshot is on its way.
    Regressed,
    /// A message did not fit the books; a snapshot is on its way.
    Damaged,
    /// More is missing than could be kept behind it; a snapshot is on its way.
    Overrun,
    /// Messages are missing. Books are those of the moment before; in live delivery, the levels that the missing ones changed are
    /// wrong.
    Gap,
    /// No line has said anything new for too long: something may be missing that we do not know of.
    Silent,
    /// We began in the middle and nobody tells what was before.
    Partial,
    /// Messages were given up: nobody could bring them.
    Lost,
}

/// Books may differ from the venue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Why.
    pub reason: StaleReason,
    /// Since when books cannot be relied on, for this reason or those before it.
    pub since: Nanos,
}
