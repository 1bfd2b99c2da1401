//! Snapshots: how one comes into the place of the books, and what becomes of those that do not.

use wire::Nanos;

use super::listener::FeedListener;
use super::resync::Heard;
use super::{Action, Handler};

impl Handler {
    /// Takes bytes that came over the connection to the snapshot server.
    pub fn on_snapshot(&mut self, bytes: &[u8], now: Nanos, listener: &mut impl FeedListener) {
        let Self { resync, coming, session, accepted, .. } = self;
        let (mut failed, mut whole) = (false, None);
        resync.take(bytes, now, |heard| {
            match heard {
                Heard::Accepted(of) => {
                    *accepted = *session == Some(of);
                    failed = !*accepted;
                }
                Heard::Message(message) if *accepted => match end_of_snapshot(message) {
                    Some(next) => whole = Some(next),
                    None => failed = !coming.as_mut().is_some_and(|coming| coming.apply_snapshot(message)),
                },
                Heard::Message(_) | Heard::Ended => failed = true,
            }
            !failed && whole.is_none()
        });
        if let Some(next) = whole {
            self.take_snapshot(next, now, listener);
        } else if failed {
            self.snapshot_failed(now);
        }
        self.update_stale(now, listener);
    }

    /// The connection to the snapshot server ended, or could not be made.
    pub fn on_snapshot_closed(&mut self, now: Nanos) {
        if self.resync.is_loading() {
            self.snapshot_failed(now);
        }
    }

    /// Not this one: the next try is later.
    pub(super) fn snapshot_failed(&mut self, now: Nanos) {
        self.counters.snapshots_failed += 1;
        self.resync.fail(now);
        self.actions.push_back(Action::CloseSnapshot);
    }

    /// No snapshot is wanted any more.
    pub(super) fn stop_resync(&mut self) {
        if self.resync.stop() {
            self.actions.push_back(Action::CloseSnapshot);
        }
    }

    /// A snapshot is whole: `next` is the first message that it does not have.
    fn take_snapshot(&mut self, next: u64, now: Nanos, listener: &mut impl FeedListener) {
        if self.valid && self.exact && next <= self.next {
            // Older than what we have.
            if self.next < self.highest {
                self.snapshot_failed(now);
            } else {
                self.stop_resync();
            }
            return;
        }
        if let Some(coming) = &mut self.coming {
            coming.keep_trades_of(&self.view);
            std::mem::swap(coming, &mut self.view);
        }
        self.faults = self.view.faults();
        self.counters.snapshots += 1;
        self.stop_resync();
        self.repair.reset();
        // What the window has from here on goes onto it; what it has lost of that is a gap like any other.
        (self.next, self.valid, self.exact) = (next, true, true);
        self.highest = self.highest.max(next);
        if next.saturating_add(self.window.len()) < self.window.top() {
            // What the window has at its end will have to make room, and come again.
            self.floor = self.floor.max(self.window.top());
        }
        listener.snapshot(next);
        self.drain(now, listener);
    }
}

/// The number that the last message of a snapshot tells.
fn end_of_snapshot(message: &[u8]) -> Option<u64> {
    wire::glimpse::EndOfSnapshot::decode(message).ok().map(|end| end.sequence.0)
}
