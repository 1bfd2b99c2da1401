//! Re-requests: subscribers ask for messages that they missed, and get them as they were published.
//!
//! Goal: whoever may have them gets them, from the message store and never from matching; nobody can make the venue send more than it allows,
//! or to somebody else. Non-goal: the store; see [`crate::messages`].
//!
//! ```text
//!   datagram ─► a request? ─► quota of the asker ─► quota of all ─► proved? ─► packets out of the store
//!                  no: counted    no: counted          no: counted     no: one packet, three times the request at most
//! ```

mod askers;
mod counters;
mod proofs;
mod quota;
mod server;

pub use counters::{RerequestCounters, RerequestCounts};
pub use proofs::Proofs;
pub use server::RerequestThread;

use std::sync::Arc;

use self::askers::Askers;
use self::quota::{Meter, Quota};
use crate::config::{Answers, Trusted};
use crate::limits::PACKET_LEN_MAX;
use crate::messages::{Answer, Archive, Scratch};
use wire::address::Addr;
use wire::mold::{self, HEADER_LEN, Header, Request};
use wire::{Nanos, mold::SessionId};

/// Bytes that IPv4 and UDP put in front of a payload.
const LOWER_HEADERS_LEN: usize = 28;
/// An address that has not proved itself gets so many times the bytes that came from it.
const AMPLIFICATION_MAX: usize = 3;

/// The server without its socket.
pub struct Rerequests {
    archive: Arc<Archive>,
    scratch: Scratch,
    trusted: Vec<Trusted>,
    proofs: Arc<Proofs>,
    packets_max: u16,
    askers: Askers,
    requests: Quota,
    bytes: Quota,
    total: Quota,
    sent: Meter,
    counters: Arc<RerequestCounters>,
}

/// An answer on its way: what is still to be sent.
#[derive(Debug)]
pub struct Answering {
    session: SessionId,
    ip: u32,
    next: u64,
    left: u64,
    packets_left: u16,
    /// Whether something was sent already.
    is_begun: bool,
    /// Of a packet.
    len_max: usize,
}

impl Rerequests {
    /// Over what is stored. `secret` keeps others from knowing which addresses share a place in the table of askers.
    #[must_use]
    pub fn new(config: &Answers, archive: Arc<Archive>, proofs: Arc<Proofs>, secret: u64) -> Self {
        Self {
            archive,
            scratch: Scratch::default(),
            trusted: config.trusted.clone(),
            proofs,
            packets_max: config.rerequest_packets_max,
            askers: Askers::new(config.rerequest_askers_max, secret),
            requests: Quota::per_second(config.rerequest_asker_requests_per_s.into()),
            bytes: Quota::per_second(config.rerequest_asker_bytes_per_s),
            total: Quota::per_second(config.rerequest_bytes_per_s),
            sent: Meter::default(),
            counters: Arc::default(),
        }
    }

    /// What it has counted.
    #[must_use]
    pub fn counters(&self) -> Arc<RerequestCounters> {
        Arc::clone(&self.counters)
    }

    /// Takes a datagram, and gives each packet of the answer to `send` until that returns false.
    pub fn on_request(&mut self, now: Nanos, from: Addr, bytes: &[u8], mut send: impl FnMut(&[u8]) -> bool) {
        let Some(mut answering) = self.begin(now, from, bytes) else { return };
        let mut packet = [0; PACKET_LEN_MAX];
        while let Some(len) = self.next(now, &mut answering, &mut packet) {
            if !send(&packet[..len]) {
                return;
            }
        }
    }

    /// Looks at a datagram, and says what is to be sent; `None`: nothing.
    pub fn begin(&mut self, now: Nanos, from: Addr, bytes: &[u8]) -> Option<Answering> {
        let counts = &self.counters;
        let Ok(request) = Request::decode(bytes) else {
            counts.add(|counts| &counts.garbage, 1);
            return None;
        };
        if self.archive.find(request.session).is_none() {
            counts.add(|counts| &counts.foreign, 1);
            return None;
        }
        let asker = self.askers.find(from.ip, now);
        if !asker.requests.take(&self.requests, now, 1) || !asker.bytes.has(&self.bytes, now) {
            counts.add(|counts| &counts.over_asker, 1);
            return None;
        }
        if !self.sent.has(&self.total, now) {
            counts.add(|counts| &counts.over_total, 1);
            return None;
        }
        counts.add(|counts| &counts.requests, 1);
        let is_proved = self.trusted.iter().any(|net| net.contains(from.ip)) || self.proofs.is_proved(from.ip, now);
        let (packets_left, len_max) = if is_proved {
            (self.packets_max, PACKET_LEN_MAX)
        } else {
            counts.add(|counts| &counts.unproved, 1);
            (1, AMPLIFICATION_MAX * (bytes.len() + LOWER_HEADERS_LEN) - LOWER_HEADERS_LEN)
        };
        Some(Answering {
            session: request.session,
            ip: from.ip,
            next: request.sequence,
            left: request.count.into(),
            packets_left,
            is_begun: false,
            len_max: len_max.min(PACKET_LEN_MAX),
        })
    }

    /// Writes the next packet of an answer to `out` and returns its length; `None` when there is none.
    pub fn next(&mut self, now: Nanos, answering: &mut Answering, out: &mut [u8]) -> Option<usize> {
        if answering.packets_left == 0 {
            return None;
        }
        let out = out.get_mut(..answering.len_max)?;
        let (header, blocks) = out.split_at_mut_checked(HEADER_LEN)?;
        let stored = self.archive.find(answering.session)?;
        let answer = match answering.left {
            // Asked for nothing: what comes next?
            0 => match stored.next() {
                0 => Answer::Missing,
                next => Answer::Beyond { next },
            },
            left => stored.copy(answering.next, left, blocks, &mut self.scratch),
        };
        let asker = self.askers.find(answering.ip, now);
        let len = match answer {
            Answer::Blocks { count, len } => {
                // Quota may have ended in the middle of a long answer.
                if !asker.bytes.has(&self.bytes, now) || !self.sent.has(&self.total, now) {
                    answering.packets_left = 0;
                    return None;
                }
                let sequence = answering.next;
                Header { session: answering.session, sequence, count }.encode(header)?;
                answering.next += u64::from(count);
                answering.left -= u64::from(count).min(answering.left);
                answering.packets_left -= 1;
                if answering.left == 0 {
                    answering.packets_left = 0;
                }
                self.counters.add(|counts| &counts.messages, u64::from(count));
                HEADER_LEN + len
            }
            Answer::Beyond { next } => {
                answering.packets_left = 0;
                if answering.is_begun {
                    return None;
                }
                self.counters.add(|counts| &counts.heartbeats, 1);
                mold::heartbeat(header, answering.session, next)?
            }
            Answer::Missing => {
                answering.packets_left = 0;
                self.counters.add(|counts| &counts.missing, 1);
                return None;
            }
        };
        answering.is_begun = true;
        let on_the_wire = (len + LOWER_HEADERS_LEN) as u64;
        asker.bytes.charge(&self.bytes, now, on_the_wire);
        self.sent.charge(&self.total, now, on_the_wire);
        self.counters.add(|counts| &counts.packets, 1);
        self.counters.add(|counts| &counts.bytes, on_the_wire);
        Some(len)
    }
}
