//! One venue's stream, in order: each message once, whichever line brought it, nothing before what came before it.
//!
//! Goal: order-by-order depth and events of several messages bear no reordering, so what lies behind a hole is held back until
//! the slower line fills it, an answer to a request does, or waiting is over and the hole is declared lost. Works
//! for any framing that numbers its messages. Non-goal: sending requests.
//!
//! ```text
//! packets   4   5   8   6   5   7
//! messages  4   5       6       7 8
//! ```
//!
//! A publisher that was restarted counts from the beginning under the same name: its heartbeats tell a number that lies behind,
//! again and again. [`REGRESSES_MAX`] of them in a row, with no new message between, begin the session anew.

use wire::Nanos;

use super::asking::{Asking, AskingCounters};
use super::held::Held;
use crate::handler::RerequestOptions;

/// The most messages held back behind a hole. Where a server is asked, what lies further ahead is asked for again later.
pub const HELD_MAX: usize = 1 << 14;
/// How long a hole may stay open that is not asked for, by the time of the datagrams: a second line is microseconds behind, a pulled plug
/// is not.
pub const HOLD_NS: u64 = 50_000_000;
/// Heartbeats in a row that tell a number behind the next one, until the publisher counts as restarted.
pub const REGRESSES_MAX: u32 = 5;

/// A packet of any framing, as far as sequencing sees it.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<M> {
    /// Tells sessions apart.
    pub session: u128,
    /// Number of the first message, or of the next one when there is none.
    pub sequence: u64,
    /// Whether it carries no message.
    pub heartbeat: bool,
    /// The messages with their numbers.
    pub messages: M,
}

/// What the stream says next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequenced<'a> {
    /// The next message.
    Message(&'a [u8]),
    /// Messages `from` up to, but not including, `to` will not come.
    Lost {
        /// The first lost.
        from: u64,
        /// The first that is not lost.
        to: u64,
    },
    /// A session begins, in which nothing of what was known holds. The first one is told too.
    Session,
}

/// What a sequencer has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequencerCounters {
    /// Packets.
    pub packets: u64,
    /// Packets without messages.
    pub heartbeats: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Messages that had been delivered, were held already, or were declared lost; with two healthy lines, as many as `messages`.
    pub duplicates: u64,
    /// Messages that came before one in front of them.
    pub early: u64,
    /// Holes that were found.
    pub gaps: u64,
    /// Messages declared lost.
    pub lost: u64,
    /// Sessions, restarts of a publisher among them.
    pub sessions: u64,
    /// Packets of the session before, ignored.
    pub stale: u64,
}

/// Puts a stream in order.
#[derive(Clone, Debug, Default)]
pub struct Sequencer {
    session: Option<u128>,
    former: Option<u128>,
    next: u64,
    /// One more than the highest number heard of.
    heard: u64,
    /// When the hole at `next` was found.
    waiting_since: Option<Nanos>,
    held: Held,
    asking: Option<Asking>,
    regresses: u32,
    counters: SequencerCounters,
}

impl Sequencer {
    /// Nothing heard yet: the first packet is the beginning, whatever its number.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a server that is asked for what both lines lost.
    #[must_use]
    pub fn asking(options: RerequestOptions) -> Self {
        Self { asking: Some(Asking::new(options)), ..Self::default() }
    }

    /// What was seen.
    #[must_use]
    pub const fn counters(&self) -> &SequencerCounters {
        &self.counters
    }

    /// What was asked for, where somebody is asked.
    #[must_use]
    pub fn asking_counters(&self) -> Option<AskingCounters> {
        self.asking.as_ref().map(|asking| asking.counters)
    }

    /// Whether a message is awaited that others have overtaken.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting_since.is_some()
    }

    /// The session that is followed.
    #[must_use]
    pub const fn session(&self) -> Option<u128> {
        self.session
    }

    /// The number of the next message.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Takes a packet of any line. `now` is its time; it may not run in files that have none.
    pub fn packet<'a>(
        &mut self,
        now: Nanos,
        packet: Numbered<impl Iterator<Item = (u64, &'a [u8])>>,
        sink: &mut impl FnMut(Sequenced<'_>),
    ) {
        self.counters.packets += 1;
        if self.session != Some(packet.session) {
            if self.former == Some(packet.session) {
                self.counters.stale += 1;
                return;
            }
            self.former = self.session;
            self.begin(packet.session, packet.sequence, sink);
        }
        if packet.heartbeat {
            self.heartbeat(packet.session, packet.sequence, sink);
        }
        for (sequence, message) in packet.messages {
            self.message(sequence, message, sink);
        }
        self.look(now, sink);
    }

    /// Takes a packet of the re-request server. It brings what is missing, and nothing else: no session, and no number that no line has
    /// told of.
    pub fn answer<'a>(
        &mut self,
        now: Nanos,
        packet: Numbered<impl Iterator<Item = (u64, &'a [u8])>>,
        sink: &mut impl FnMut(Sequenced<'_>),
    ) {
        let Some(asking) = &mut self.asking else { return };
        if self.session != Some(packet.session) {
            asking.counters.wrong_session += 1;
            return;
        }
        if packet.heartbeat {
            return;
        }
        let mut repaired = 0;
        for (sequence, message) in packet.messages {
            if sequence < self.heard {
                repaired += u64::from(self.message(sequence, message, sink));
            }
        }
        if let Some(asking) = &mut self.asking {
            asking.answered(repaired);
        }
        self.look(now, sink);
    }

    /// From now on nobody is asked.
    pub fn ask_nobody(&mut self) {
        self.asking = None;
    }

    /// A packet of the server that is none came.
    pub fn malformed_answer(&mut self) {
        if let Some(asking) = &mut self.asking {
            asking.counters.malformed += 1;
        }
    }

    /// The next request to be sent: first message and count, in the session that is followed.
    pub fn next_request(&mut self) -> Option<(u64, u16)> {
        self.asking.as_mut()?.next_request()
    }

    /// Asks for what has been missing for too long, and gives up what nobody brings. Also done with every packet.
    pub fn look(&mut self, now: Nanos, sink: &mut impl FnMut(Sequenced<'_>)) {
        loop {
            let Self { asking, held, next, heard, .. } = self;
            if heard <= next {
                self.waiting_since = None;
                if let Some(asking) = asking {
                    asking.rest();
                }
                return;
            }
            let since = *self.waiting_since.get_or_insert_with(|| {
                self.counters.gaps += 1;
                now
            });
            let is_hopeful = match asking {
                Some(asking) => asking.is_hopeful(now, *next, *heard, held),
                None => now.since(since) <= HOLD_NS && held.len() <= HELD_MAX,
            };
            if is_hopeful {
                return;
            }
            if let Some(asking) = asking {
                asking.give_up();
            }
            self.give_up(sink);
            self.waiting_since = None;
        }
    }

    /// The input ends: every hole is lost, and what is held comes out.
    pub fn finish(&mut self, sink: &mut impl FnMut(Sequenced<'_>)) {
        while self.heard > self.next {
            self.counters.gaps += u64::from(self.waiting_since.take().is_none());
            self.give_up(sink);
        }
        self.waiting_since = None;
    }

    fn begin(&mut self, session: u128, sequence: u64, sink: &mut impl FnMut(Sequenced<'_>)) {
        self.finish(sink);
        if let Some(asking) = &mut self.asking {
            asking.rest();
        }
        self.session = Some(session);
        (self.next, self.heard, self.regresses) = (sequence, sequence, 0);
        self.counters.sessions += 1;
        sink(Sequenced::Session);
    }

    fn heartbeat(&mut self, session: u128, sequence: u64, sink: &mut impl FnMut(Sequenced<'_>)) {
        self.counters.heartbeats += 1;
        self.heard = self.heard.max(sequence);
        if sequence >= self.next {
            self.regresses = 0;
            return;
        }
        self.regresses += 1;
        if self.regresses == REGRESSES_MAX {
            self.begin(session, sequence, sink);
        }
    }

    /// Says whether the message was taken.
    fn message(&mut self, sequence: u64, message: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) -> bool {
        self.heard = self.heard.max(sequence.saturating_add(1));
        if sequence == self.next {
            self.regresses = 0;
            self.deliver(message, sink);
            self.deliver_held(sink);
            return true;
        }
        if let Some(ahead) = sequence.checked_sub(self.next)
            && let Some(asking) = &mut self.asking
            && !asking.has_room(ahead)
        {
            return false;
        }
        let is_early = sequence > self.next && self.held.put(sequence, message);
        *(if is_early { &mut self.counters.early } else { &mut self.counters.duplicates }) += 1;
        is_early
    }

    fn deliver(&mut self, message: &[u8], sink: &mut impl FnMut(Sequenced<'_>)) {
        self.next = self.next.saturating_add(1);
        self.counters.messages += 1;
        sink(Sequenced::Message(message));
    }

    fn deliver_held(&mut self, sink: &mut impl FnMut(Sequenced<'_>)) {
        let before = self.next;
        while let Some(message) = self.held.take(self.next) {
            self.deliver(&message, sink);
            self.held.reuse(message);
        }
        if self.next != before {
            // A hole was closed; the next one waits for itself.
            self.waiting_since = None;
        }
    }

    fn give_up(&mut self, sink: &mut impl FnMut(Sequenced<'_>)) {
        let (from, to) = (self.next, self.held.first().unwrap_or(self.heard));
        self.counters.lost = self.counters.lost.saturating_add(to - from);
        self.next = to;
        sink(Sequenced::Lost { from, to });
        self.deliver_held(sink);
    }
}

#[cfg(test)]
mod tests;
