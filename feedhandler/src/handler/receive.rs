//! Packets: which are believed, and how their messages come into the books.

use wire::Nanos;
use wire::mold::{Packet, PacketKind, SessionId};

use super::listener::FeedListener;
use super::options::{Delivery, Join};
use super::stale::StaleReason;
use super::{Handler, Regress, Source};
use crate::repair::Kept as _;

/// Packets of another session that make it believed, and packets of the past that make a publisher begun anew.
const AGREEING: u32 = 3;

impl Handler {
    /// Takes a packet.
    pub fn on_packet(&mut self, source: Source, bytes: &[u8], now: Nanos, listener: &mut impl FeedListener) {
        let Ok(packet) = Packet::parse(bytes) else {
            self.counters.malformed += 1;
            if let Source::Line(line) = source
                && let Some(line) = self.lines.get_mut(line)
            {
                line.malformed += 1;
            }
            return;
        };
        if self.session != Some(packet.session()) && !self.turn_to(source, &packet, now, listener) {
            self.counters.wrong_session += 1;
            return;
        }
        if self.is_jump(&packet) {
            self.counters.jumps += 1;
            return;
        }
        self.counters.packets += 1;
        let end = packet.next_sequence();
        if let Source::Line(line) = source {
            self.lines.heard(line, packet.sequence(), end, self.highest.max(end), now);
            self.note_news(end, now, listener);
        }
        let whole = self.next >= self.highest;
        match packet.kind() {
            PacketKind::Data => self.take_data(source, &packet, now, listener),
            PacketKind::Heartbeat => self.counters.heartbeats += 1,
            PacketKind::EndOfSession => {
                self.counters.heartbeats += 1;
                if self.end.is_none_or(|(at, _)| at < end) && end >= self.highest {
                    self.end = Some((end, false));
                }
            }
        }
        if end > self.highest {
            self.highest = end;
            self.end = self.end.filter(|(at, _)| *at >= end);
        }
        if whole && self.valid && self.next < self.highest {
            self.counters.gaps += 1;
            listener.gap(self.next, self.window.first_kept(self.next, self.highest));
        }
        self.after(now, listener);
    }

    /// Applies what is in turn now.
    pub(super) fn drain(&mut self, now: Nanos, listener: &mut impl FeedListener) {
        let live = self.options.delivery == Delivery::Live;
        while self.valid && self.window.top() > self.next {
            let Self { window, view, counters, next, told, floor, .. } = self;
            let Some(bytes) = window.get(*next) else { break };
            if *next < *floor || live && *next < *told {
                // Told before. Books of orders, and those that a snapshot replaced, do not have it yet.
                view.apply_again(*next, bytes, listener);
            } else {
                listener.message(*next, bytes, false);
                view.apply(*next, bytes, listener);
                *told = *next + 1;
            }
            counters.messages += 1;
            *next += 1;
        }
        self.after(now, listener);
    }

    /// What follows from a change of `next` or `highest`.
    fn after(&mut self, now: Nanos, listener: &mut impl FeedListener) {
        if self.options.strict && self.valid && self.exact && self.view.faults() > self.faults {
            self.faults = self.view.faults();
            if self.resync.is_possible() {
                self.begin_anew(StaleReason::Damaged, self.next, now, listener);
            } else {
                // To begin anew would lead to the same message again.
                (self.exact, self.cause) = (false, StaleReason::Damaged);
            }
        }
        if self.valid && self.next >= self.highest {
            self.view.settle();
            if self.exact {
                self.stop_resync();
            }
            if let Some((at, told @ false)) = &mut self.end {
                *told = true;
                listener.ended(*at);
            }
        }
        self.update_stale(now, listener);
    }

    fn take_data(&mut self, source: Source, packet: &Packet<'_>, now: Nanos, listener: &mut impl FeedListener) {
        let (begin, end) = (packet.sequence(), packet.next_sequence());
        if end <= self.next {
            self.counters.duplicates += u64::from(packet.count());
            return;
        }
        let fresh = if self.valid && begin <= self.next && self.window.top() <= self.next {
            self.take_in_turn(packet, listener)
        } else {
            let kept = self.keep(packet, now, listener);
            self.drain(now, listener);
            kept
        };
        match source {
            Source::Rerequest => self.counters.repaired += fresh,
            Source::Line(line) => {
                if let Some(line) = self.lines.get_mut(line) {
                    line.first += fresh;
                }
            }
        }
    }

    /// The usual: nothing is missing before it, nothing waits behind it.
    fn take_in_turn(&mut self, packet: &Packet<'_>, listener: &mut impl FeedListener) -> u64 {
        self.view.look(packet.messages());
        for (sequence, bytes) in packet.messages() {
            if sequence < self.next {
                self.counters.duplicates += 1;
            } else if sequence < self.floor {
                // Told, or given up for telling, before a snapshot that does not have it.
                self.view.apply_again(sequence, bytes, listener);
            } else {
                listener.message(sequence, bytes, false);
                self.view.apply(sequence, bytes, listener);
            }
        }
        let end = packet.next_sequence();
        let fresh = end - self.next;
        self.counters.messages += fresh;
        self.next = end;
        self.told = self.told.max(end);
        fresh
    }

    /// Keeps messages until it is their turn; in live delivery, tells them at once.
    fn keep(&mut self, packet: &Packet<'_>, now: Nanos, listener: &mut impl FeedListener) -> u64 {
        let live = self.options.delivery == Delivery::Live;
        let before = self.counters.held;
        for (sequence, bytes) in packet.messages() {
            if sequence < self.next {
                self.counters.duplicates += 1;
                continue;
            }
            let room_end = self.next.saturating_add(self.window.len());
            if sequence >= room_end && !self.make_room(sequence, now, listener) {
                self.counters.beyond += 1;
                continue;
            }
            if !self.window.put(sequence, bytes) {
                self.counters.duplicates += 1;
                continue;
            }
            self.counters.held += 1;
            if live && sequence >= self.floor {
                let late = sequence < self.told;
                self.told = self.told.max(sequence + 1);
                listener.message(sequence, bytes, late);
                self.view.apply_live(sequence, bytes, self.valid, late, listener);
            }
        }
        self.counters.held - before
    }

    /// A message is too far ahead to be kept with all that is missing; says whether it can be kept now.
    fn make_room(&mut self, sequence: u64, now: Nanos, listener: &mut impl FeedListener) -> bool {
        let base = (sequence + 1).saturating_sub(self.window.len());
        if !self.valid {
            // A snapshot comes: what matters is the end of the stream.
            (self.next, self.floor) = (base, self.floor.max(base));
            return true;
        }
        if self.resync.is_wanted() || (self.options.delivery == Delivery::Live && self.resync.is_possible()) {
            (self.valid, self.cause) = (false, StaleReason::Overrun);
            (self.next, self.floor) = (base, self.floor.max(base));
            self.repair.reset();
            self.resync.want(now);
            return true;
        }
        if self.options.delivery == Delivery::Live {
            self.give_up(base, listener);
            self.floor = self.floor.max(base);
            self.drain(now, listener);
            return true;
        }
        false
    }

    /// Whether a packet is so far ahead that one alone is not believed.
    fn is_jump(&mut self, packet: &Packet<'_>) -> bool {
        let end = packet.next_sequence();
        let far = |from: u64| end > from.saturating_add(self.options.jump_max);
        if self.highest == 0 || !far(self.highest) {
            return false;
        }
        let agrees = self.jump.is_some_and(|jump| !far(jump) && end >= jump);
        self.jump = (!agrees).then_some(end);
        !agrees
    }

    /// A line has told of messages up to `end`.
    fn note_news(&mut self, end: u64, now: Nanos, listener: &mut impl FeedListener) {
        if end >= self.highest {
            self.news = Some(now);
            self.candidate = None;
            self.regress = Regress::default();
            return;
        }
        let Regress { since, packets, next } = &mut self.regress;
        let since = *since.get_or_insert(now);
        *packets = packets.saturating_add(1);
        *next = end;
        if *packets >= AGREEING && now.since(since) > self.options.regress_ns {
            self.counters.regressions += 1;
            self.highest = end;
            self.news = Some(now);
            self.begin_anew(StaleReason::Regressed, end, now, listener);
        }
    }

    /// A packet of another session: whether it is believed.
    fn turn_to(&mut self, source: Source, packet: &Packet<'_>, now: Nanos, listener: &mut impl FeedListener) -> bool {
        let session = packet.session();
        if self.options.session.is_some_and(|demanded| demanded != session) || source == Source::Rerequest {
            return false;
        }
        let first = self.session.is_none();
        if !first {
            let silent = self.news.is_none_or(|news| now.since(news) > self.options.silence_ns);
            if self.former == Some(session) && !silent {
                // Its last packets, over the slower line.
                return false;
            }
            let seen = match self.candidate {
                Some((candidate, seen)) if candidate == session => seen + 1,
                _ => 1,
            };
            self.candidate = Some((session, seen));
            if seen < AGREEING && self.end.is_none() && !silent {
                return false;
            }
        }
        self.begin_session(session, packet.sequence(), first, now, listener);
        true
    }

    fn begin_session(
        &mut self,
        session: SessionId,
        sequence: u64,
        first: bool,
        now: Nanos,
        listener: &mut impl FeedListener,
    ) {
        self.former = self.session.replace(session);
        self.candidate = None;
        self.counters.sessions += 1;
        (self.highest, self.news, self.end) = (0, Some(now), None);
        listener.session(session);
        let cause = if first { StaleReason::Joining } else { StaleReason::NewSession };
        self.begin_anew(cause, sequence, now, listener);
    }

    /// Nothing that we have holds any more; the stream stands at `sequence`.
    fn begin_anew(&mut self, cause: StaleReason, sequence: u64, now: Nanos, listener: &mut impl FeedListener) {
        self.window.clear();
        self.repair.reset();
        self.lines.renumber();
        self.stop_resync();
        (self.jump, self.regress) = (None, Regress::default());
        self.cause = cause;
        let again = cause != StaleReason::Joining;
        if self.resync.is_possible() && (again || self.options.join == Join::Snapshot) {
            (self.valid, self.exact, self.next) = (false, true, sequence);
            // Of a stream that goes on, nothing is told twice.
            (self.told, self.floor) =
                if cause == StaleReason::Damaged { (self.told, self.told) } else { (sequence, 0) };
            self.resync.want(now);
            return;
        }
        self.view.clear();
        self.faults = self.view.faults();
        let from = match self.options.join {
            Join::At(sequence) if !again => sequence,
            Join::At(_) | Join::Start | Join::Snapshot if self.options.rerequest.is_some() => 1,
            Join::Start if !again => 1,
            _ => sequence,
        };
        (self.valid, self.next, self.told, self.floor) = (true, from, from, 0);
        self.exact = from <= 1 || matches!(self.options.join, Join::At(_)) && !again;
        if !self.exact {
            self.cause = StaleReason::Partial;
        }
        if again {
            listener.snapshot(from);
        }
    }
}
