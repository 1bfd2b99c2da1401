//! What a client has to send, most urgent first: requests, messages, heartbeats, the logout.

use super::{Client, DATAGRAM_LEN_MAX, REPORTS_PER_REQUEST, State};
use wire::address::Addr;
use wire::mold::{self, Request};

impl Client {
    /// Writes the next packet that is to be sent now and says where to; `None` when there is none. `out` has at least
    /// [`DATAGRAM_LEN_MAX`] bytes.
    pub fn next_datagram(&mut self, now_ns: u64, out: &mut [u8]) -> Option<(Addr, usize)> {
        let room = out.len().min(DATAGRAM_LEN_MAX);
        let out = &mut out[..room];
        match self.state {
            State::Closed | State::Failed => None,
            State::LoggingIn => {
                let len = self.handshake.next_packet(now_ns, &self.config, out)?;
                Some((self.config.order_entry, len))
            }
            State::Up | State::Leaving => {
                let datagram = self.next_in_session(now_ns, out)?;
                self.spoke_ns = now_ns;
                Some(datagram)
            }
        }
    }

    fn next_in_session(&mut self, now_ns: u64, out: &mut [u8]) -> Option<(Addr, usize)> {
        if let Some(request) = self.next_request() {
            self.counters.requests_sent += 1;
            return Some((self.config.rerequest, request.encode(out)?));
        }
        if let Some(packed) = self.outbox.pack(now_ns, self.session, out) {
            let counter =
                if packed.resent { &mut self.counters.messages_resent } else { &mut self.counters.messages_sent };
            *counter += packed.messages;
            self.counters.packets_sent += 1;
            self.heartbeat_due = false;
            // Messages sent for the first time are no reason to wait longer for the answers to those before.
            self.probe.arm_if_idle(now_ns);
            return Some((self.config.order_entry, packed.len));
        }
        if core::mem::take(&mut self.heartbeat_due) {
            self.counters.heartbeats_sent += 1;
            return Some((self.config.order_entry, mold::heartbeat(out, self.session, self.outbox.sent())?));
        }
        if self.is_done() && self.farewell.fires(now_ns) {
            self.farewells += 1;
            return Some((self.config.order_entry, mold::end_of_session(out, self.session, self.outbox.sent())?));
        }
        None
    }

    fn next_request(&mut self) -> Option<Request> {
        let (from, left) = self.round.take()?;
        if left == 0 {
            return None;
        }
        // Without a known hole the round looks for a lost tail.
        let hole = self.inbox.hole(from).or_else(|| {
            let tail = self.inbox.seen();
            (!self.inbox.is_behind()).then_some(tail..tail.saturating_add(REPORTS_PER_REQUEST))
        })?;
        let end = hole.end.min(hole.start.saturating_add(REPORTS_PER_REQUEST));
        self.round = (left > 1).then_some((end, left - 1));
        let count = u16::try_from(end - hole.start).unwrap_or(mold::MESSAGES_MAX);
        Some(Request { session: self.session, sequence: hole.start, count })
    }
}
