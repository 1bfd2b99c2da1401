//! Sequencing of one MoldUDP64 stream, received over one line or several.
//!
//! Goal: each message is delivered once, whichever line brought it first; every hole is reported when it shows itself, by a
//! later packet or by a heartbeat. Non-goal: asking for what is missing, timers, sockets.
//!
//! Feed the packets of lines A and B into the same [`FeedLine`]. Nothing is held back: a packet beyond the next sequence number
//! is delivered at once and declares a *gap*; when the slower line (or a re-request) brings the missing messages after all,
//! they are delivered marked `late`, out of order, and the gap closes. [`crate::depth`] knows what to do with late ticks.
//!
//! ```text
//! packets   4   5   8   6   5   7
//! events    4   5   Gap{6..8} 8   late 6   (5: duplicate)   late 7, no gap open
//! ```
//!
//! A gap that is still open when [`LATE_MESSAGES_MAX`] later messages have gone by, or when [`GAPS_MAX`] younger ones are open,
//! is given up: a copy on the other line comes soon or never. Sequence numbers are believed: whoever can write to the line can
//! make it skip ahead.

use wire::DecodeError;
use wire::mold::{Packet, PacketKind, SessionId};

/// The most holes remembered at once.
pub const GAPS_MAX: usize = 64;
/// How far a line may run ahead of a hole before what the hole lacks counts as lost.
pub const LATE_MESSAGES_MAX: u64 = 1 << 16;

/// Where a stream is expected to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// With the first packet that arrives, whatever its number: nothing before it counts as missing.
    AtFirstPacket,
    /// With this sequence number; what a first packet skips is a gap.
    At(u64),
}

/// What a packet means to the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEvent<'a> {
    /// A message, delivered for the first time.
    Message {
        /// Its number in the session.
        sequence: u64,
        /// The message.
        bytes: &'a [u8],
        /// It fills a gap declared before; messages with higher numbers may have been delivered already.
        late: bool,
    },
    /// Messages `from` up to, but not including, `to` are missing.
    Gap {
        /// The first missing.
        from: u64,
        /// The first that is not missing.
        to: u64,
    },
    /// A gap, or what was left of it, is given up: these messages will not be delivered, even if they come.
    Lost {
        /// The first lost.
        from: u64,
        /// The first that is not lost.
        to: u64,
    },
    /// The first packet, or the first of another session. What was known of the former session no longer holds.
    Session {
        /// The session that begins.
        session: SessionId,
    },
    /// The sender ended the session; `next` would have been the next message. Reported once.
    EndOfSession {
        /// One more than the last sequence number.
        next: u64,
    },
}

/// What a line has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounters {
    /// Well-formed packets.
    pub packets: u64,
    /// Messages delivered in order.
    pub messages: u64,
    /// Messages delivered late, into a gap.
    pub late: u64,
    /// Messages not delivered because they had been, or were given up; with two healthy lines, as many as `messages`.
    pub duplicates: u64,
    /// Gaps declared.
    pub gaps: u64,
    /// Messages missing at this moment, in gaps still remembered.
    pub missing: u64,
    /// Messages given up, those whose session ended under them included.
    pub lost: u64,
    /// Heartbeats and end-of-session packets.
    pub heartbeats: u64,
    /// Packets of the session before the present one, ignored.
    pub stale: u64,
    /// Sessions seen.
    pub sessions: u64,
    /// Packets that are not MoldUDP64, ignored.
    pub malformed: u64,
}

/// Delivers each message of a stream once. Allocates only when it is made.
#[derive(Debug)]
pub struct FeedLine {
    join: Join,
    session: Option<SessionId>,
    /// The session before: its last packets may come in over the slower line after the new one has begun.
    former: Option<SessionId>,
    next: u64,
    ended: bool,
    /// Holes below `next`, ascending, not touching each other.
    gaps: Vec<Gap>,
    counters: LineCounters,
}

/// A hole: `from` up to, but not including, `to`.
#[derive(Clone, Copy, Debug)]
struct Gap {
    from: u64,
    to: u64,
}

impl FeedLine {
    /// A line that has seen nothing yet.
    #[must_use]
    pub fn new(join: Join) -> Self {
        Self {
            join,
            session: None,
            former: None,
            next: 0,
            ended: false,
            gaps: Vec::with_capacity(GAPS_MAX),
            counters: LineCounters::default(),
        }
    }

    /// Takes one packet, from any of the lines, and tells `sink` what it means.
    ///
    /// # Errors
    /// The packet is malformed: nothing of it was delivered, and the line goes on with the next one.
    pub fn packet<'a>(&mut self, bytes: &'a [u8], sink: &mut impl FnMut(FeedEvent<'a>)) -> Result<(), DecodeError> {
        let packet = Packet::parse(bytes).inspect_err(|_| self.counters.malformed += 1)?;
        self.counters.packets += 1;
        if self.session != Some(packet.session()) {
            if self.former == Some(packet.session()) {
                self.counters.stale += 1;
                return Ok(());
            }
            self.begin(&packet, sink);
        }
        if packet.sequence() > self.next {
            let gap = Gap { from: self.next, to: packet.sequence() };
            self.next = gap.to;
            self.open_gap(gap, sink);
        }
        match packet.kind() {
            PacketKind::Data => {
                self.deliver(&packet, sink);
                self.give_up_old(sink);
            }
            PacketKind::Heartbeat => self.counters.heartbeats += 1,
            PacketKind::EndOfSession => {
                self.counters.heartbeats += 1;
                if !self.ended {
                    self.ended = true;
                    sink(FeedEvent::EndOfSession { next: self.next });
                }
            }
        }
        Ok(())
    }

    /// The session being followed, once a packet has come.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The sequence number expected next.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Whether messages are missing that may still come.
    #[must_use]
    pub const fn has_gaps(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// The holes, oldest first, each as the first number missing and the first not missing.
    pub fn gaps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.gaps.iter().map(|gap| (gap.from, gap.to))
    }

    /// What the line has seen.
    #[must_use]
    pub const fn counters(&self) -> LineCounters {
        self.counters
    }

    fn begin<'a>(&mut self, packet: &Packet<'a>, sink: &mut impl FnMut(FeedEvent<'a>)) {
        self.counters.lost = self.counters.lost.saturating_add(self.counters.missing);
        self.counters.missing = 0;
        self.gaps.clear();
        self.former = self.session;
        self.session = Some(packet.session());
        self.counters.sessions += 1;
        self.ended = false;
        self.next = match self.join {
            Join::AtFirstPacket => packet.sequence(),
            Join::At(sequence) => sequence,
        };
        sink(FeedEvent::Session { session: packet.session() });
    }

    fn deliver<'a>(&mut self, packet: &Packet<'a>, sink: &mut impl FnMut(FeedEvent<'a>)) {
        for (sequence, bytes) in packet.messages() {
            if sequence == self.next {
                self.next += 1;
                self.counters.messages += 1;
                sink(FeedEvent::Message { sequence, bytes, late: false });
            } else if self.fill(sequence, sink) {
                self.counters.late += 1;
                sink(FeedEvent::Message { sequence, bytes, late: true });
            } else {
                self.counters.duplicates += 1;
            }
        }
    }

    fn open_gap<'a>(&mut self, gap: Gap, sink: &mut impl FnMut(FeedEvent<'a>)) {
        self.counters.gaps += 1;
        self.make_room(sink);
        self.gaps.push(gap);
        self.counters.missing = self.counters.missing.saturating_add(gap.len());
        sink(FeedEvent::Gap { from: gap.from, to: gap.to });
    }

    /// Takes `sequence` out of the hole that it lies in, if any.
    fn fill<'a>(&mut self, sequence: u64, sink: &mut impl FnMut(FeedEvent<'a>)) -> bool {
        let Some(index) = self.gaps.iter().position(|gap| (gap.from..gap.to).contains(&sequence)) else { return false };
        let gap = self.gaps[index];
        let before = Gap { from: gap.from, to: sequence };
        let behind = Gap { from: sequence + 1, to: gap.to };
        self.counters.missing = self.counters.missing.saturating_sub(1);
        match (before.len() > 0, behind.len() > 0) {
            (false, false) => {
                self.gaps.remove(index);
            }
            (false, true) => self.gaps[index] = behind,
            (true, false) => self.gaps[index] = before,
            (true, true) => {
                self.gaps[index] = before;
                let given_up = usize::from(self.make_room(sink));
                self.gaps.insert(index + 1 - given_up, behind);
            }
        }
        true
    }

    /// Gives up what is too far behind.
    fn give_up_old<'a>(&mut self, sink: &mut impl FnMut(FeedEvent<'a>)) {
        while self.gaps.first().is_some_and(|gap| self.next - gap.to > LATE_MESSAGES_MAX) {
            self.give_up_oldest(sink);
        }
    }

    /// Makes sure that one more gap can be remembered; says whether the oldest had to go.
    fn make_room<'a>(&mut self, sink: &mut impl FnMut(FeedEvent<'a>)) -> bool {
        let full = self.gaps.len() == GAPS_MAX;
        if full {
            self.give_up_oldest(sink);
        }
        full
    }

    fn give_up_oldest<'a>(&mut self, sink: &mut impl FnMut(FeedEvent<'a>)) {
        let Gap { from, to } = self.gaps.remove(0);
        self.counters.missing = self.counters.missing.saturating_sub(to - from);
        self.counters.lost = self.counters.lost.saturating_add(to - from);
        sink(FeedEvent::Lost { from, to });
    }
}

impl Gap {
    const fn len(self) -> u64 {
        self.to - self.from
    }
}
