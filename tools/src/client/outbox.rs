//! The client's numbered messages, kept until they are answered.
//!
//! ```text
//!   first               sent                 next
//!     | sent, unanswered  | submitted          |
//!  ---+-------------------+--------------------+--- client sequence number
//!     '------- at most `window` messages ------'
//! ```
//! Goal: submit, send, send again and retire without allocation. Non-goal: knowing what an answer is.

use std::ops::Range;

use wire::mold::{PacketBuilder, SessionId};
use wire::ouch::INBOUND_LEN_MAX;

/// The window is full: wait for answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected fewer than {window} unanswered messages, found the window full; wait for answers and submit again")]
pub struct WindowFull {
    /// How many messages may be unanswered.
    pub window: usize,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Wait for answers.
    #[error(transparent)]
    Full(#[from] WindowFull),
    /// The encoder gave up or wrote more than a message may have: correct the message.
    #[error("expected a message of at most {INBOUND_LEN_MAX} bytes, found one that does not fit; send fewer options")]
    TooLong,
    /// Nothing is numbered before the first login: wait for it.
    #[error("expected a client that has been logged in, found one still at its first login; wait until it is up")]
    NotYet,
    /// The session is ending or has ended: open another.
    #[error("expected an open session, found one that is ending; start a new client")]
    Ending,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// When it was first sent; 0 when it was sent again, so that its answer says nothing about the round trip.
    sent_ns: u64,
    len: u8,
    bytes: [u8; INBOUND_LEN_MAX],
}

const _: () = assert!(INBOUND_LEN_MAX <= 255);

/// What was packed into one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Length of the packet.
    pub(crate) len: usize,
    /// Messages in it.
    pub(crate) messages: u64,
    /// Whether they had been sent before.
    pub(crate) resent: bool,
}

/// The ring of unanswered messages.
#[derive(Debug)]
pub(crate) struct Outbox {
    slots: Box<[Slot]>,
    window: usize,
    first: u64,
    sent: u64,
    next: u64,
    resend: Range<u64>,
}

impl Outbox {
    /// Room for `window` unanswered messages.
    pub(crate) fn new(window: usize) -> Self {
        let empty = Slot { sent_ns: 0, len: 0, bytes: [0; INBOUND_LEN_MAX] };
        let slots = vec![empty; window.max(1).next_power_of_two()].into_boxed_slice();
        Self { slots, window: window.max(1), first: 1, sent: 1, next: 1, resend: 0..0 }
    }

    /// Numbers messages from `sequence` on, before there is any.
    pub(crate) fn start_at(&mut self, sequence: u64) {
        assert_eq!(self.first, self.next, "numbering begins before anything is submitted");
        (self.first, self.sent, self.next) = (sequence, sequence, sequence);
        self.resend = 0..0;
    }

    /// The oldest unanswered message, or the next one to be submitted when all are answered.
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// The first that has never been sent.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Messages sent and not answered.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.sent - self.first
    }

    /// Messages not answered, sent or not.
    pub(crate) const fn unanswered(&self) -> u64 {
        self.next - self.first
    }

    /// How many more messages may be submitted.
    #[allow(clippy::cast_possible_truncation)] // `unanswered` never exceeds `window`, a usize
    pub(crate) const fn room(&self) -> usize {
        self.window - self.unanswered() as usize
    }

    /// Takes the message that `encode` writes; it gives the length, or nothing when it does not fit.
    pub(crate) fn submit(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> Result<u64, SubmitError> {
        if self.room() == 0 {
            return Err(WindowFull { window: self.window }.into());
        }
        let sequence = self.next;
        let position = self.position(sequence);
        let slot = &mut self.slots[position];
        let len = encode(&mut slot.bytes).filter(|len| *len <= INBOUND_LEN_MAX).ok_or(SubmitError::TooLong)?;
        slot.len = u8::try_from(len).map_err(|_| SubmitError::TooLong)?;
        slot.sent_ns = 0;
        self.next += 1;
        Ok(sequence)
    }

    /// The oldest unanswered message that was sent.
    pub(crate) fn front(&self) -> Option<(u64, &[u8])> {
        (self.first < self.sent).then(|| (self.first, self.message(self.first)))
    }

    /// Retires the oldest unanswered message. Gives the time it was sent, if it was sent once only.
    pub(crate) fn retire(&mut self) -> Option<u64> {
        debug_assert!(self.first < self.sent, "only what was sent can be answered");
        let sent_ns = self.slots[self.position(self.first)].sent_ns;
        self.first += 1;
        (sent_ns != 0).then_some(sent_ns)
    }

    /// The server asks for `count` messages from `sequence` on. Says whether there is any to send.
    pub(crate) fn request(&mut self, sequence: u64, count: u16) -> bool {
        let from = sequence.max(self.first);
        let to = sequence.saturating_add(u64::from(count)).min(self.sent);
        if from >= to {
            return false;
        }
        self.trim_resend();
        self.resend = if self.resend.is_empty() {
            from..to
        } else {
            // One range is enough: in between lies at most a window, and the server skips what it has.
            self.resend.start.min(from)..self.resend.end.max(to)
        };
        true
    }

    /// After a login: the server goes on from `next_inbound`, so everything from there on is sent again.
    pub(crate) fn rewind(&mut self, next_inbound: u64) {
        debug_assert!((self.first..=self.sent).contains(&next_inbound), "the caller has compared the numberings");
        self.resend = next_inbound..self.sent;
    }

    /// Packs the next messages to send, the requested ones first, into one packet.
    pub(crate) fn pack(&mut self, now_ns: u64, session: SessionId, out: &mut [u8]) -> Option<Packed> {
        self.trim_resend();
        let resent = !self.resend.is_empty();
        let range = if resent { self.resend.clone() } else { self.sent..self.next };
        if range.is_empty() {
            return None;
        }
        let mut builder = PacketBuilder::new(out, session, range.start)?;
        let mut sequence = range.start;
        while sequence < range.end && builder.push(self.message(sequence)) {
            let position = self.position(sequence);
            self.slots[position].sent_ns = if resent { 0 } else { now_ns };
            sequence += 1;
        }
        let messages = sequence - range.start;
        if messages == 0 {
            return None;
        }
        if resent {
            self.resend.start = sequence;
        } else {
            self.sent = sequence;
        }
        Some(Packed { len: builder.finish(), messages, resent })
    }

    /// What was answered meanwhile need not be sent again.
    fn trim_resend(&mut self) {
        self.resend.start = self.resend.start.max(self.first);
        if self.resend.start >= self.resend.end {
            self.resend = 0..0;
        }
    }

    fn message(&self, sequence: u64) -> &[u8] {
        let slot = &self.slots[self.position(sequence)];
        &slot.bytes[..usize::from(slot.len)]
    }

    #[allow(clippy::cast_possible_truncation)] // masked to the ring's size
    const fn position(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::mold::Packet;

    const SESSION: SessionId = SessionId(*b"ABCDEFGHIJ");

    fn write(byte: u8) -> impl FnOnce(&mut [u8]) -> Option<usize> {
        move |out| {
            out[..40].fill(byte);
            Some(40)
        }
    }

    fn packed(outbox: &mut Outbox, now_ns: u64) -> Option<(u64, Vec<u8>, bool)> {
        let mut bytes = [0; 200];
        let packed = outbox.pack(now_ns, SESSION, &mut bytes)?;
        let packet = Packet::parse(&bytes[..packed.len]).expect("well formed");
        assert_eq!(u64::from(packet.count()), packed.messages);
        Some((packet.sequence(), packet.messages().map(|(_, message)| message[0]).collect(), packed.resent))
    }

    #[test]
    fn messages_are_batched_answered_and_their_room_used_again() {
        let mut outbox = Outbox::new(6);
        for byte in 0..6 {
            assert_eq!(outbox.submit(write(byte)), Ok(1 + u64::from(byte)));
        }
        assert_eq!(outbox.submit(write(9)), Err(WindowFull { window: 6 }.into()));
        assert_eq!(packed(&mut outbox, 5), Some((1, vec![0, 1, 2, 3], false)));
        assert_eq!(packed(&mut outbox, 6), Some((5, vec![4, 5], false)));
        assert_eq!(packed(&mut outbox, 7), None);
        assert_eq!(outbox.front().map(|(sequence, message)| (sequence, message[0])), Some((1, 0)));
        assert_eq!(outbox.retire(), Some(5));
        assert_eq!(outbox.submit(write(6)), Ok(7));
        assert_eq!((outbox.unanswered(), outbox.in_flight()), (6, 5));
    }

    #[test]
    fn a_request_sends_again_only_what_was_sent_and_is_unanswered() {
        let mut outbox = Outbox::new(8);
        for byte in 1..=8 {
            outbox.submit(write(byte)).expect("room");
        }
        packed(&mut outbox, 1);
        packed(&mut outbox, 2);
        outbox.retire();
        outbox.retire();
        assert!(!outbox.request(1, 2), "answered");
        assert!(!outbox.request(9, 5), "never sent");
        assert!(outbox.request(1, 500));
        assert_eq!(packed(&mut outbox, 3), Some((3, vec![3, 4, 5, 6], true)));
        while outbox.front().is_some() {
            let sample = outbox.retire();
            assert_eq!(sample.is_some(), outbox.first() > 7, "an answer to a message sent twice is no sample");
        }
        assert_eq!(packed(&mut outbox, 4), None, "the rest was answered meanwhile");
    }

    #[test]
    fn after_a_login_everything_unprocessed_is_sent_again() {
        let mut outbox = Outbox::new(4);
        outbox.start_at(1_000_002);
        for byte in 1..=3 {
            outbox.submit(write(byte)).expect("room");
        }
        assert_eq!(packed(&mut outbox, 1), Some((1_000_002, vec![1, 2, 3], false)));
        outbox.rewind(1_000_003);
        assert_eq!(packed(&mut outbox, 2), Some((1_000_003, vec![2, 3], true)));
    }

    #[test]
    fn a_message_that_does_not_fit_is_refused_and_takes_no_number() {
        let mut outbox = Outbox::new(4);
        assert_eq!(outbox.submit(|_| None), Err(SubmitError::TooLong));
        assert_eq!(outbox.submit(|_| Some(INBOUND_LEN_MAX + 1)), Err(SubmitError::TooLong));
        assert_eq!(outbox.submit(write(1)), Ok(1));
    }
}
