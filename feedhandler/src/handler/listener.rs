//! What a handler tells.
//!
//! Goal: borrowed data, no allocation, compiled together with the subscriber's code. Non-goal: keeping any of it.

use wire::mold::SessionId;
use wire::tick::Tick;

use super::lines::LineState;
use super::stale::Stale;
use crate::book::BookListener;

/// Hears a stream. Every method does nothing by default; of a depth stream, [`BookListener`] tells what the books make of it.
pub trait FeedListener: BookListener {
    /// A message, once. `late`: messages with higher numbers were told before (live delivery).
    #[inline]
    fn message(&mut self, sequence: u64, bytes: &[u8], late: bool) {
        let _ = (sequence, bytes, late);
    }

    /// A tick, once.
    #[inline]
    fn tick(&mut self, sequence: u64, tick: &Tick, late: bool) {
        let _ = (sequence, tick, late);
    }

    /// Messages `from` up to, but not including, `to` are missing; repair has begun.
    fn gap(&mut self, from: u64, to: u64) {
        let _ = (from, to);
    }

    /// Messages `from` up to, but not including, `to` are given up.
    fn lost(&mut self, from: u64, to: u64) {
        let _ = (from, to);
    }

    /// Books can be relied on again (`None`), or not any more, or not for another reason.
    fn stale(&mut self, stale: Option<Stale>) {
        let _ = stale;
    }

    /// The books were replaced by a snapshot: read them anew. Messages before `next` that were not told are in it.
    fn snapshot(&mut self, next: u64) {
        let _ = next;
    }

    /// A session begins: the first, or another. What was known of the former no longer holds.
    fn session(&mut self, session: SessionId) {
        let _ = session;
    }

    /// The venue ended the session, and everything of it has come; `next` would have been the next message.
    fn ended(&mut self, next: u64) {
        let _ = next;
    }

    /// A line is in another state.
    fn line(&mut self, line: usize, state: LineState) {
        let _ = (line, state);
    }
}

impl FeedListener for () {}
