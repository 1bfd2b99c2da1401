//! What a sequencer asks a re-request server for, and how long it waits for the answers.
//!
//! Goal: a hole that both lines have is filled where the server does its work, and costs little more than without one where it does not.
//! The requests themselves are those of the handler ([`crate::repair`]). Non-goal: sending, bytes.
//!
//! ```text
//!              answers come, or not yet in vain too often        a hole is given up, and no answer came meanwhile
//!  trusted ◄──────────────────────────────────────── silent ◄──────────────────────────────────────────────────── trusted
//! ```
//!
//! A trusted server is asked again and again, each time after a longer wait, while the stream waits. A silent one is asked once a hole, and
//! the stream waits about as long as it would for the other line; its first answer makes it trusted again.

use wire::Nanos;

use super::held::Held;
use super::sequencer::HELD_MAX;
use crate::handler::RerequestOptions;
use crate::repair::{Missing, Repair, Verdict};

/// How long a hole is left to the other line before it is asked for.
const LINE_WAIT_NS: u64 = 1_000_000;

/// What was asked for, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskingCounters {
    /// Requests made.
    pub requests: u64,
    /// Messages that these asked for, each counted once a hole.
    pub requested: u64,
    /// Packets of the server that were of the session and had messages.
    pub answers: u64,
    /// Messages that answers brought first.
    pub repaired: u64,
    /// Packets of the server that are none, ignored.
    pub malformed: u64,
    /// Packets of the server for another session, ignored.
    pub wrong_session: u64,
    /// Messages too far behind a hole to be held; asked for when there is room.
    pub beyond: u64,
    /// Holes that were given up although they were asked for.
    pub unanswered: u64,
    /// How often the server became silent.
    pub silences: u64,
}

/// The requests of one stream.
#[derive(Clone, Debug)]
pub struct Asking {
    options: RerequestOptions,
    repair: Repair,
    /// The server let a hole be given up without a word, and has said none since.
    silent: bool,
    /// It has answered since the first hole came to be the first.
    answered: bool,
    /// Which message holds up the stream, and since when.
    stands: Option<(u64, Nanos)>,
    pub counters: AskingCounters,
}

impl Asking {
    pub fn new(options: RerequestOptions) -> Self {
        // How long a hole may stay open is seen to here, where it is known whether something comes.
        let repair = Repair::new(Some(RerequestOptions { open_max_ns: u64::MAX, ..options }), LINE_WAIT_NS);
        let counters = AskingCounters::default();
        Self { options, repair, silent: false, answered: false, stands: None, counters }
    }

    /// Nothing is missing, or what was is not wanted any more.
    pub fn rest(&mut self) {
        if self.stands.take().is_some() {
            self.repair.reset();
        }
    }

    /// Whether a message may be held `ahead` of the next one.
    pub fn has_room(&mut self, ahead: u64) -> bool {
        let has_room = self.silent || ahead < HELD_MAX as u64;
        self.counters.beyond += u64::from(!has_room);
        has_room
    }

    /// Asks for what is missing between `next` and `heard`; `false` when the first hole is to be given up.
    pub fn is_hopeful(&mut self, now: Nanos, next: u64, heard: u64, held: &Held) -> bool {
        let since = match self.stands {
            Some((at, since)) if at == next => since,
            _ => {
                (self.stands, self.answered) = (Some((next, now)), false);
                now
            }
        };
        let verdict = self.repair.poll(now, &Missing { next, highest: heard, kept: held }, true);
        (self.counters.requests, self.counters.requested) = (self.repair.requests, self.repair.asked);
        if self.silent && held.len() > HELD_MAX {
            return false;
        }
        verdict != Verdict::Hopeless && now.since(since) <= self.options.open_max_ns
    }

    /// The first hole was given up.
    pub fn give_up(&mut self) {
        self.counters.unanswered += 1;
        if !self.answered && !self.silent {
            self.counters.silences += 1;
            self.silent = true;
            self.repair.set_attempts_max(1);
        }
        self.repair.reset();
    }

    /// An answer came, and brought so many messages that were missing.
    pub fn answered(&mut self, repaired: u64) {
        self.counters.answers += 1;
        self.counters.repaired += repaired;
        if repaired > 0 {
            (self.silent, self.answered) = (false, true);
            self.repair.set_attempts_max(self.options.attempts_max);
        }
    }

    /// The next request: first message, count.
    pub fn next_request(&mut self) -> Option<(u64, u16)> {
        self.repair.next_request()
    }
}
