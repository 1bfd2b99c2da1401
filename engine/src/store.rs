//! A session's outbound messages: send queue, release gate and retransmission record in one ring.
//!
//! ```text
//!   oldest            sent             next
//!     |  sent, kept     |  waits for     |
//!     |  for requests   |  durable_seq   |
//!  ---+-----------------+----------------+--- sequence
//! ```
//! Goal: append and look up by sequence number without allocation. Non-goal: packets, sockets.

use wire::Seq;
use wire::ouch::MESSAGE_LEN_MAX;

/// One stored message: 128 bytes, two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Slot {
    cause: u64,
    len: u16,
    bytes: [u8; MESSAGE_LEN_MAX],
}

const _: () = assert!(size_of::<Slot>() == 128);

/// The ring of one session.
#[derive(Debug)]
pub struct Store {
    slots: Box<[Slot]>,
    /// The number of the first message that was ever put in here.
    first: u64,
    next: u64,
    sent: u64,
}

impl Store {
    /// A store that keeps the newest `messages` messages.
    ///
    /// # Panics
    /// `messages` is not a power of two.
    #[must_use]
    pub fn new(messages: usize) -> Self {
        assert!(messages.is_power_of_two(), "expected a power of two, found {messages}");
        let empty = Slot { cause: 0, len: 0, bytes: [0; MESSAGE_LEN_MAX] };
        Self { slots: vec![empty; messages].into_boxed_slice(), first: 1, next: 1, sent: 1 }
    }

    /// Begins an empty store at another number than 1: what came before is not here.
    ///
    /// # Panics
    /// It is not empty.
    pub fn begin_at(&mut self, sequence: u64) {
        assert!(self.next == self.first, "only an empty store can begin elsewhere");
        (self.first, self.next, self.sent) = (sequence, sequence, sequence);
    }

    /// Appends a message under sequence number [`next`](Self::next).
    ///
    /// # Panics
    /// The message is longer than [`MESSAGE_LEN_MAX`], or it would overwrite one that was never sent: the matching tile keeps
    /// room for a worst-case command free, so either is a bug.
    pub fn push(&mut self, cause: Seq, message: &[u8]) {
        assert!(self.backlog() < self.slots.len() as u64, "the store has no room for an unsent message");
        let slot = &mut self.slots[Self::position(self.next, self.slots.len())];
        slot.cause = cause.0;
        slot.len = u16::try_from(message.len()).expect("bounded by MESSAGE_LEN_MAX");
        slot.bytes[..message.len()].copy_from_slice(message);
        self.next += 1;
    }

    /// The sequence number of the next message.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The first sequence number that has not been sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// The oldest sequence number that is still here; equal to [`next`](Self::next) when there is none.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.slots.len() as u64).max(self.first)
    }

    /// How many messages wait to be sent.
    #[must_use]
    pub const fn backlog(&self) -> u64 {
        self.next - self.sent
    }

    /// How many more messages fit before an unsent one would be overwritten.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.slots.len() as u64 - self.backlog()
    }

    /// The message of that number and its cause, if it is still here.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<(Seq, &[u8])> {
        if sequence < self.oldest() || sequence >= self.next {
            return None;
        }
        let slot = &self.slots[Self::position(sequence, self.slots.len())];
        Some((Seq(slot.cause), &slot.bytes[..usize::from(slot.len)]))
    }

    /// Marks everything below `sequence` as sent.
    pub fn mark_sent(&mut self, sequence: u64) {
        self.sent = sequence.clamp(self.sent, self.next);
    }

    #[allow(clippy::cast_possible_truncation)] // masked to the ring's size
    const fn position(sequence: u64, slots: usize) -> usize {
        sequence as usize & (slots - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_knows_the_oldest() {
        let mut store = Store::new(4);
        assert_eq!((store.oldest(), store.next()), (1, 1));
        for n in 1..=10u8 {
            store.push(Seq(u64::from(n) * 100), &[n; 3]);
            store.mark_sent(u64::from(n) + 1);
        }
        assert_eq!((store.oldest(), store.next(), store.sent()), (7, 11, 11));
        assert_eq!(store.get(6), None);
        assert_eq!(store.get(7), Some((Seq(700), &[7u8; 3][..])));
        assert_eq!(store.get(10), Some((Seq(1000), &[10u8; 3][..])));
        assert_eq!(store.get(11), None);
        assert_eq!(store.get(0), None);
    }

    #[test]
    #[should_panic(expected = "no room for an unsent message")]
    fn never_overwrites_what_was_not_sent() {
        let mut store = Store::new(2);
        for _ in 0..3 {
            store.push(Seq(1), b"x");
        }
    }
}
