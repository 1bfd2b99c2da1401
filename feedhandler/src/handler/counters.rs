//! What a handler counts.

/// Since the handler was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandlerCounters {
    /// Packets of the session.
    pub packets: u64,
    /// Messages that went into the books.
    pub messages: u64,
    /// Messages that had come before; with two healthy lines, as many as `messages`.
    pub duplicates: u64,
    /// Heartbeats and ends of session.
    pub heartbeats: u64,
    /// Messages that waited behind a gap.
    pub held: u64,
    /// Messages too far behind a gap to be kept; asked for again.
    pub beyond: u64,
    /// Gaps.
    pub gaps: u64,
    /// Messages given up.
    pub lost: u64,
    /// Requests made.
    pub requests: u64,
    /// Messages that these asked for, each counted once a gap.
    pub requested: u64,
    /// Messages that answers brought first.
    pub repaired: u64,
    /// Snapshots begun.
    pub snapshots_begun: u64,
    /// Snapshots taken.
    pub snapshots: u64,
    /// Snapshots that were cut off, stood still, or were of no use.
    pub snapshots_failed: u64,
    /// Packets that are not MoldUDP64.
    pub malformed: u64,
    /// Packets of another session.
    pub wrong_session: u64,
    /// Packets too far ahead to be believed.
    pub jumps: u64,
    /// Publishers that began anew with an older state.
    pub regressions: u64,
    /// Sessions.
    pub sessions: u64,
}
