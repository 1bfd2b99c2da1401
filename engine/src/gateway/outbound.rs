//! From stored reports to packets: release when durable, resend on request, heartbeats, silence.

use super::{Endpoint, Gateway, Replies};
use crate::limits::{PACKET_LEN_MAX, RESEND_PACKETS_MAX, TIMER_SWEEP_NS};
use crate::session::Session;
use crate::store::Store;
use wire::mold::{self, PacketBuilder, SessionId};
use wire::{Nanos, Seq, SessionIndex};

impl Gateway {
    /// Sends what has become durable and what is due. Returns how many datagrams it sent.
    pub fn flush(&mut self, now: Nanos, durable: Seq, sessions: &[Session], replies: &mut impl Replies) -> usize {
        self.durable = self.durable.max(durable);
        let mut sent = 0;
        let mut kept = 0;
        for position in 0..self.queue.len() {
            let index = self.queue[position];
            sent += self.flush_session(now, durable, sessions, index, replies);
            let peer = &mut self.peers[usize::from(index.0)];
            let waits = peer.store.backlog() > 0 || peer.accept.is_some() || peer.farewell.is_some() || peer.nudge;
            if waits && sessions[usize::from(index.0)].login().is_some() {
                self.queue[kept] = index;
                kept += 1;
            } else {
                peer.queued = false;
            }
        }
        self.queue.truncate(kept);
        sent
    }

    /// Looks after the timers: heartbeats, gaps to ask for again. Returns a session that has died of silence, if there is one;
    /// call again until there is none.
    pub fn sweep(&mut self, now: Nanos, sessions: &[Session], replies: &mut impl Replies) -> Option<SessionIndex> {
        if now.since(self.swept) < TIMER_SWEEP_NS {
            return None;
        }
        for (index, session) in (0u16..).map(SessionIndex).zip(sessions) {
            if !session.is_alive() {
                continue;
            }
            let peer = &mut self.peers[usize::from(index.0)];
            if now.since(peer.heard) >= self.config.timeout_ns {
                self.counters.deaths += 1;
                return Some(index);
            }
            if now.since(peer.spoke) >= self.config.heartbeat_ns {
                peer.nudge = true;
                self.enqueue(index);
            }
            self.ask_for_gap(now, sessions, index, replies);
        }
        self.swept = now;
        None
    }

    fn flush_session(
        &mut self,
        now: Nanos,
        durable: Seq,
        sessions: &[Session],
        index: SessionIndex,
        replies: &mut impl Replies,
    ) -> usize {
        let Some(login) = sessions[usize::from(index.0)].login() else { return 0 };
        let is_durable = |cause: &mut Seq| *cause <= durable;
        let mut sent = 0;
        if replies.room() > 0 && self.peers[usize::from(index.0)].accept.take_if(is_durable).is_some() {
            self.confirm_login(sessions, index, replies);
            self.peers[usize::from(index.0)].spoke = now;
            sent += 1;
        }
        let peer = &mut self.peers[usize::from(index.0)];
        // A confirmation goes first: before it the client does not know the token that the reports carry.
        while peer.accept.is_none() && replies.room() > 0 {
            let first = peer.store.sent();
            let Some(end) = pack(replies, login.token, login.address, &peer.store, first, peer.store.next(), durable)
            else {
                break;
            };
            peer.store.mark_sent(end);
            peer.spoke = now;
            peer.nudge = false;
            self.counters.packets_sent += 1;
            self.counters.reports_sent += end - first;
            sent += 1;
        }
        if peer.tight && peer.store.room() >= self.config.reports_per_command_max {
            peer.tight = false;
            self.tight -= 1;
        }
        let header = |count| mold::Header { session: login.token, sequence: peer.store.sent(), count };
        if peer.nudge && peer.accept.is_none() && replies.room() > 0 {
            replies.send(Endpoint::OrderEntry, login.address, |buffer| header(mold::HEARTBEAT).encode(buffer));
            peer.nudge = false;
            peer.spoke = now;
            self.counters.heartbeats_sent += 1;
            sent += 1;
        }
        if peer.store.backlog() == 0 && replies.room() > 0 && peer.farewell.take_if(is_durable).is_some() {
            replies.send(Endpoint::OrderEntry, login.address, |buffer| header(mold::END_OF_SESSION).encode(buffer));
            peer.online = false;
            sent += 1;
        }
        sent
    }

    /// Sends `count` reports from `first` on again, as far as they are held, were sent before or passed by a login, are durable, and
    /// fit a bounded answer.
    pub(super) fn resend(
        &mut self,
        now: Nanos,
        sessions: &[Session],
        index: SessionIndex,
        first: u64,
        count: u64,
        replies: &mut impl Replies,
    ) {
        let Some(login) = sessions[usize::from(index.0)].login() else { return };
        let peer = &mut self.peers[usize::from(index.0)];
        // Where what was asked for is gone, the answer begins above it, which tells the client so.
        let mut next = first.max(peer.store.oldest());
        let end = first.saturating_add(count).max(if next > first { next + 1 } else { 0 }).min(peer.store.sent());
        for _ in 0..RESEND_PACKETS_MAX {
            if replies.room() == 0 {
                self.counters.replies_dropped += 1;
                return;
            }
            // A report from before the login counts as sent, and need not be durable yet.
            let sent = pack(replies, login.token, login.address, &peer.store, next, end, self.durable);
            let Some(past) = sent else { return };
            self.counters.reports_resent += past - next;
            peer.spoke = now;
            next = past;
        }
    }
}

/// Sends one packet of stored reports from `first` up to `end`, as far as they are durable and fit. Returns the first
/// number not in it; `None` when there was nothing to send.
fn pack(
    replies: &mut impl Replies,
    token: SessionId,
    to: wire::address::Addr,
    store: &Store,
    first: u64,
    end: u64,
    durable: Seq,
) -> Option<u64> {
    store.get(first).filter(|(cause, _)| first < end && *cause <= durable)?;
    let mut next = first;
    replies.send(Endpoint::OrderEntry, to, |buffer| {
        let mut packet = PacketBuilder::new(&mut buffer[..PACKET_LEN_MAX], token, first)?;
        while next < end {
            match store.get(next) {
                Some((cause, message)) if cause <= durable && packet.push(message) => next += 1,
                _ => break,
            }
        }
        Some(packet.finish())
    });
    replies.packed((first..next).filter_map(|sequence| store.get(sequence).map(|(cause, _)| cause)));
    Some(next)
}
