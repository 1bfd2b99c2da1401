//! What a subscriber chooses.
//!
//! Goal: every choice in one place, with a default that suits a venue like ours. Non-goal: addresses.

use wire::feed::StreamKind;
use wire::mold::SessionId;

use crate::book::BookLimits;

/// When messages are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// One after the other: what came behind a gap waits until the gap is closed. Books are always those of one moment.
    InOrder,
    /// At once, in the order of arrival; what fills a gap is told late. Books of ticks follow at once too; books of orders, which
    /// make sense in order only, follow when the gap is closed.
    Live,
}

/// Where books begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// With a snapshot, then the messages after it.
    Snapshot,
    /// With the session's first message: what was before is asked for again.
    Start,
    /// With this message; the caller knows what was before. Another session is taken from its start.
    At(u64),
    /// With the first packet that comes. Unless it is the session's first, books never become whole.
    FirstPacket,
}

/// How missing messages are asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RerequestOptions {
    /// The most messages asked for in one request.
    pub chunk_max: u16,
    /// The most requests under way.
    pub requests_max: usize,
    /// How long to wait for an answer; doubled with each attempt in vain.
    pub timeout_ns: u64,
    /// How long to wait for the rest of an answer that has begun.
    pub rest_ns: u64,
    /// Attempts in vain, one after the other, after which the server counts as silent.
    pub attempts_max: u32,
    /// Gaps longer than this are left to a snapshot, where there is one.
    pub gap_max: u64,
    /// A gap open for this long is left to a snapshot, where there is one.
    pub open_max_ns: u64,
}

impl RerequestOptions {
    /// For a server that is near and has the whole session.
    pub const DEFAULT: Self = Self {
        chunk_max: 1_024,
        requests_max: 8,
        timeout_ns: 50_000_000,
        rest_ns: 2_000_000,
        attempts_max: 5,
        gap_max: 200_000,
        open_max_ns: 5_000_000_000,
    };
}

impl Default for RerequestOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How snapshots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// How long to wait for the next bytes of one.
    pub timeout_ns: u64,
    /// How long to wait after one that failed; doubled with each failure, up to 32 times.
    pub retry_ns: u64,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self { timeout_ns: 2_000_000_000, retry_ns: 100_000_000 }
    }
}

/// Everything that a [`Handler`](super::Handler) is told at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerOptions {
    /// What the stream carries.
    pub kind: StreamKind,
    /// The session that it must have; `None` for whichever comes.
    pub session: Option<SessionId>,
    /// How many lines carry it.
    pub lines: usize,
    /// When messages are told.
    pub delivery: Delivery,
    /// Where books begin.
    pub join: Join,
    /// How long a gap may stay open before it is asked for: the other line may bring it.
    pub line_wait_ns: u64,
    /// Whether and how to ask again.
    pub rerequest: Option<RerequestOptions>,
    /// Whether and how to take snapshots.
    pub snapshot: Option<SnapshotOptions>,
    /// Messages kept behind a gap, or while a snapshot comes: 64 bytes each, rounded up to a power of two.
    pub window: usize,
    /// A line is silent after so long without a packet, and books are stale when all are. Three heartbeats of the venue.
    pub silence_ns: u64,
    /// A line lags when it is behind the others for so long.
    pub lag_ns: u64,
    /// A publisher that for so long sends only numbers that were before has begun anew with an older state.
    pub regress_ns: u64,
    /// A packet so far ahead is believed when a second one agrees with it.
    pub jump_max: u64,
    /// Whether a message that does not fit the books (an order that is not there, say) makes them stale. Not for feeds that name
    /// orders which they never told.
    pub strict: bool,
    /// How large books become.
    pub books: BookLimits,
}

impl HandlerOptions {
    /// Two lines, in order, re-request and snapshot.
    #[must_use]
    pub fn new(kind: StreamKind) -> Self {
        Self {
            kind,
            session: None,
            lines: 2,
            delivery: Delivery::InOrder,
            join: Join::Snapshot,
            line_wait_ns: 1_000_000,
            rerequest: Some(RerequestOptions::default()),
            snapshot: Some(SnapshotOptions::default()),
            window: 1 << 16,
            silence_ns: 3_000_000_000,
            lag_ns: 100_000_000,
            regress_ns: 3_000_000_000,
            jump_max: 1 << 22,
            strict: true,
            books: BookLimits::default(),
        }
    }
}
