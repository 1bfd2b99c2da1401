//! From datagrams to what the venue is to sequence.

use super::{Endpoint, Gateway, Replies};
use crate::session::{Login, Session};
use wire::address::Addr;
use wire::mold::{self, Packet};
use wire::{Nanos, SessionIndex};

/// What the venue is to do next because of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake<'a> {
    /// Nothing more: the datagram is done with.
    Done,
    /// Sequence a login.
    Login {
        /// Whose.
        session: SessionIndex,
        /// What it establishes.
        login: Login,
    },
    /// Sequence the messages of the packet that are new, in order.
    Messages {
        /// Whose.
        session: SessionIndex,
        /// The whole packet; messages below the session's `next_inbound` were processed before.
        packet: Packet<'a>,
    },
    /// Sequence a logout.
    Logout {
        /// Whose.
        session: SessionIndex,
    },
    /// Sequence a skip.
    Skip {
        /// Whose.
        session: SessionIndex,
        /// The number to go on from.
        next_inbound: u64,
    },
}

impl Gateway {
    /// Looks at one datagram. Whatever it holds, nothing but counters and timers changes here.
    pub fn on_datagram<'a>(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        endpoint: Endpoint,
        from: Addr,
        payload: &'a [u8],
        replies: &mut impl Replies,
    ) -> Intake<'a> {
        self.counters.datagrams += 1;
        match endpoint {
            Endpoint::OrderEntry => self.on_order_entry(now, sessions, from, payload, replies),
            Endpoint::Rerequest => self.on_rerequest(now, sessions, from, payload, replies),
        }
    }

    fn on_order_entry<'a>(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        from: Addr,
        payload: &'a [u8],
        replies: &mut impl Replies,
    ) -> Intake<'a> {
        let Ok(packet) = Packet::parse(payload) else {
            self.counters.malformed += 1;
            return Intake::Done;
        };
        let header = packet.header();
        if header.session == wire::login::NO_SESSION {
            return self.on_login_packet(now, sessions, from, &packet, replies);
        }
        let Some(index) = self.authenticate(sessions, header.session, from) else {
            self.counters.forged += 1;
            return Intake::Done;
        };
        let session = &sessions[usize::from(index.0)];
        let peer = &mut self.peers[usize::from(index.0)];
        if !session.is_alive() {
            // The login has ended. A client that repeats its logout missed the confirmation; any other packet comes too late.
            if header.count == mold::END_OF_SESSION {
                peer.farewell = Some(session.last_cause());
                self.enqueue(index);
            } else {
                self.counters.forged += 1;
            }
            return Intake::Done;
        }
        peer.heard = now;
        let expected = session.next_inbound();
        let count = if header.count == mold::END_OF_SESSION { 0 } else { u64::from(header.count) };
        let Some(end) = header.sequence.checked_add(count) else {
            self.counters.malformed += 1;
            return Intake::Done;
        };
        // A number this far ahead is no gap but nonsense; believing it would make us ask for messages that never were.
        if end.saturating_sub(expected) > INBOUND_AHEAD_MAX {
            self.counters.malformed += 1;
            return Intake::Done;
        }
        peer.inbound_high = peer.inbound_high.max(end);
        if header.sequence > expected {
            self.counters.gaps += 1;
            peer.gaps += 1;
            self.ask_for_gap(now, sessions, index, replies);
            return Intake::Done;
        }
        if header.count == mold::END_OF_SESSION {
            if header.sequence == expected {
                self.counters.logouts += 1;
                return Intake::Logout { session: index };
            }
            return Intake::Done;
        }
        if end <= expected {
            if count > 0 {
                self.counters.duplicates += count;
                // It would not repeat itself had it seen our answers.
                self.peers[usize::from(index.0)].nudge = true;
                self.enqueue(index);
            }
            return Intake::Done;
        }
        self.counters.duplicates += expected - header.sequence;
        self.counters.messages += end - expected;
        Intake::Messages { session: index, packet }
    }

    fn on_rerequest<'a>(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        from: Addr,
        payload: &'a [u8],
        replies: &mut impl Replies,
    ) -> Intake<'a> {
        let Ok(request) = mold::Request::decode(payload) else {
            self.counters.malformed += 1;
            return Intake::Done;
        };
        let Some(index) = self.authenticate(sessions, request.session, from) else {
            self.counters.forged += 1;
            return Intake::Done;
        };
        let session = &sessions[usize::from(index.0)];
        if !session.is_alive() {
            self.counters.forged += 1;
            return Intake::Done;
        }
        self.peers[usize::from(index.0)].heard = now;
        if request.count == 0 {
            let ahead = request.sequence.saturating_sub(session.next_inbound());
            if ahead == 0 || ahead > INBOUND_AHEAD_MAX {
                self.counters.malformed += u64::from(ahead != 0);
                return Intake::Done;
            }
            return Intake::Skip { session: index, next_inbound: request.sequence };
        }
        self.counters.requests_received += 1;
        self.resend(now, sessions, index, request.sequence, u64::from(request.count), replies);
        Intake::Done
    }

    /// Asks a client for what is missing below the highest number seen, unless it was asked just now.
    pub(super) fn ask_for_gap(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        index: SessionIndex,
        replies: &mut impl Replies,
    ) {
        let session = &sessions[usize::from(index.0)];
        let peer = &mut self.peers[usize::from(index.0)];
        let Some(login) = session.login() else { return };
        let missing = peer.inbound_high.saturating_sub(session.next_inbound());
        if missing == 0 || now.since(peer.asked) < self.config.rerequest_ns {
            return;
        }
        if replies.room() == 0 {
            self.counters.replies_dropped += 1;
            return;
        }
        peer.asked = now;
        let count = u16::try_from(missing).unwrap_or(u16::MAX).min(mold::END_OF_SESSION - 1);
        let request = mold::Request { session: login.token, sequence: session.next_inbound(), count };
        replies.send(Endpoint::Rerequest, login.address, |buffer| request.encode(buffer));
        self.counters.requests_sent += 1;
    }
}

/// How far ahead of the expected message a client's number may lie.
const INBOUND_AHEAD_MAX: u64 = 1 << 32;
