//! What a client makes of a datagram.

use super::handshake::Outcome;
use super::inbox::Offer;
use super::{ASK_MAX_NS, Client, ClientError, PROBE_FIRST_NS, Report, ReportsFrom, State, answer};
use wire::address::Addr;
use wire::login::{LoginAccepted, NO_SESSION};
use wire::mold::{Packet, PacketKind, Request};
use wire::ouch::Outbound;

impl Client {
    /// Looks at one datagram; `sink` gets the reports that are next in order. Datagrams from anywhere but the venue's two endpoints
    /// change nothing.
    pub fn on_datagram(&mut self, now_ns: u64, from: Addr, payload: &[u8], sink: &mut impl FnMut(Report<'_>)) {
        let ended = matches!(self.state, State::Closed | State::Failed);
        if ended || (from != self.config.order_entry && from != self.config.rerequest) {
            self.counters.ignored += 1;
            return;
        }
        if from == self.config.rerequest && from != self.config.order_entry {
            self.on_request(now_ns, payload);
            return;
        }
        let Ok(packet) = Packet::parse(payload) else {
            self.counters.ignored += 1;
            return;
        };
        if packet.session() == NO_SESSION {
            self.on_login_packet(now_ns, &packet);
        } else if packet.session() == self.session && self.state != State::LoggingIn {
            self.heard_ns = now_ns;
            self.on_packet(now_ns, &packet, sink);
        } else {
            self.counters.ignored += 1;
        }
    }

    /// The venue misses messages of ours.
    fn on_request(&mut self, now_ns: u64, payload: &[u8]) {
        match Request::decode(payload) {
            Ok(request) if request.session == self.session && self.state != State::LoggingIn => {
                self.heard_ns = now_ns;
                self.counters.requests_received += 1;
                self.outbox.request(request.sequence, request.count);
            }
            _ => self.counters.ignored += 1,
        }
    }

    fn on_packet(&mut self, now_ns: u64, packet: &Packet<'_>, sink: &mut impl FnMut(Report<'_>)) {
        let before = self.inbox.expected();
        let was_behind = self.inbox.is_behind();
        match packet.kind() {
            PacketKind::Data => {}
            PacketKind::Heartbeat => {
                self.counters.heartbeats_received += 1;
                self.inbox.learn(packet.sequence());
            }
            PacketKind::EndOfSession if self.is_done() => {
                self.state = State::Closed;
                return;
            }
            // The venue took us for dead. A login continues both numberings.
            PacketKind::EndOfSession => {
                self.log_in_again(now_ns);
                return;
            }
        }
        for (sequence, message) in packet.messages() {
            match self.inbox.offer(sequence, message) {
                Offer::Next => {
                    self.deliver(now_ns, sequence, message, sink);
                    self.deliver_kept(now_ns, sink);
                }
                Offer::Kept => self.counters.early += 1,
                Offer::Duplicate => self.counters.duplicates += 1,
                Offer::Dropped => self.counters.dropped += 1,
            }
            if self.state == State::Failed {
                return;
            }
        }
        let behind = self.inbox.is_behind();
        self.counters.gaps += u64::from(behind && !was_behind);
        if self.inbox.expected() > before {
            self.vain_rounds = 0;
            self.probe.arm(now_ns);
            self.ask.disarm();
        }
        if behind {
            self.ask.arm_if_idle(now_ns);
        }
    }

    fn deliver_kept(&mut self, now_ns: u64, sink: &mut impl FnMut(Report<'_>)) {
        // Copied out, because delivering changes the inbox; only reports behind a hole come this way.
        let mut bytes = [0; wire::ouch::MESSAGE_LEN_MAX];
        while let Some(message) = self.inbox.kept() {
            let len = message.len();
            bytes[..len].copy_from_slice(message);
            self.deliver(now_ns, self.inbox.expected(), &bytes[..len], sink);
        }
    }

    fn deliver(&mut self, now_ns: u64, sequence: u64, bytes: &[u8], sink: &mut impl FnMut(Report<'_>)) {
        self.inbox.delivered();
        let message = match Outbound::decode(bytes) {
            Ok(message) => message,
            Err(error) => return self.fail(ClientError::Unreadable { sequence, error }),
        };
        self.counters.reports += 1;
        let front = self.outbox.front().filter(|_| sequence >= self.answers_from);
        let answered = front.filter(|(_, sent)| answer::answers(sent, &message)).map(|(number, _)| number);
        if answered.is_some() {
            self.counters.answered += 1;
            if let Some(sent_ns) = self.outbox.retire() {
                self.learn_round_trip(now_ns.saturating_sub(sent_ns));
            }
        }
        sink(Report { sequence, answers: answered, message });
    }

    /// A venue that syncs its journal answers later than one that does not: probing earlier than that would be noise.
    fn learn_round_trip(&mut self, sample_ns: u64) {
        self.round_trip_ns = if self.round_trip_ns == 0 {
            sample_ns
        } else {
            self.round_trip_ns - self.round_trip_ns / 8 + sample_ns / 8
        };
        self.probe.set_first(self.round_trip_ns.saturating_mul(3).clamp(PROBE_FIRST_NS, ASK_MAX_NS));
    }

    fn on_login_packet(&mut self, now_ns: u64, packet: &Packet<'_>) {
        if self.state != State::LoggingIn {
            // The confirmation of a repeated login.
            self.counters.ignored += 1;
            return;
        }
        match self.handshake.on_packet(now_ns, &self.config, packet) {
            Outcome::Ignored => self.counters.ignored += 1,
            Outcome::Continues => {}
            Outcome::Refused(reason) => self.fail(ClientError::LoginRefused(reason)),
            Outcome::Accepted(accepted) => {
                if let Err(error) = self.continue_with(&accepted) {
                    return self.fail(error);
                }
                self.counters.logins += 1;
                self.heard_ns = now_ns;
                self.spoke_ns = now_ns;
                self.state = if self.leaving { State::Leaving } else { State::Up };
                self.vain_rounds = 0;
                if self.outbox.in_flight() > 0 {
                    self.probe.arm(now_ns);
                }
            }
        }
    }

    /// Compares the venue's numbering with ours.
    fn continue_with(&mut self, accepted: &LoginAccepted) -> Result<(), ClientError> {
        let LoginAccepted { next_inbound, next_outbound, oldest_outbound, .. } = *accepted;
        if !self.numbered {
            let first = match self.config.reports_from {
                ReportsFrom::Login => next_outbound,
                ReportsFrom::Oldest => oldest_outbound,
                ReportsFrom::Sequence(sequence) => sequence,
            };
            self.outbox.start_at(next_inbound);
            self.inbox.start_at(first);
            self.answers_from = next_outbound;
        }
        if next_outbound < self.inbox.seen() {
            return Err(ClientError::ReportsForgotten { expected: self.inbox.seen(), found: next_outbound });
        }
        if oldest_outbound > self.inbox.expected() {
            return Err(ClientError::ReportsGone { expected: self.inbox.expected(), found: oldest_outbound });
        }
        if next_inbound < self.outbox.first() {
            return Err(ClientError::MessagesForgotten { expected: self.outbox.first(), found: next_inbound });
        }
        if next_inbound > self.outbox.sent() {
            return Err(ClientError::LoginShared { expected: self.outbox.sent(), found: next_inbound });
        }
        self.inbox.learn(next_outbound);
        self.outbox.rewind(next_inbound);
        self.numbered = true;
        self.session = accepted.session;
        self.last_user_ref = accepted.last_user_ref;
        self.heartbeat_ns = u64::from(accepted.heartbeat_ms.max(1)) * 1_000_000;
        self.timeout_ns = u64::from(accepted.timeout_ms.max(1)) * 1_000_000;
        Ok(())
    }
}
