//! The server's numbered reports, put back into order.
//!
//! ```text
//!   expected                                  seen
//!     | hole | kept | kept | hole | kept |      | nothing known beyond
//!  ---+------+------+------+------+------+------+--- report sequence number
//! ```
//! Goal: each report once, in order; a bounded number of early ones is kept in fixed slots. Non-goal: asking for the holes.

use std::ops::Range;

use wire::ouch::MESSAGE_LEN_MAX;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is the next one: the caller delivers it and calls [`Inbox::delivered`].
    Next,
    /// It came early and was kept.
    Kept,
    /// It was seen before.
    Duplicate,
    /// It came too early, or is too long, to be kept; it will be asked for again.
    Dropped,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Whose it is; 0 is nobody, since numbering starts at 1.
    sequence: u64,
    len: u8,
    bytes: [u8; MESSAGE_LEN_MAX],
}

const _: () = assert!(MESSAGE_LEN_MAX <= 255);

/// The reorder buffer.
#[derive(Debug)]
pub(crate) struct Inbox {
    slots: Box<[Slot]>,
    expected: u64,
    seen: u64,
}

impl Inbox {
    /// Keeps reports that are early by less than `slots`, rounded up to a power of two.
    pub(crate) fn new(slots: usize) -> Self {
        let empty = Slot { sequence: 0, len: 0, bytes: [0; MESSAGE_LEN_MAX] };
        Self { slots: vec![empty; slots.max(2).next_power_of_two()].into_boxed_slice(), expected: 1, seen: 1 }
    }

    /// The first report wanted.
    pub(crate) fn start_at(&mut self, sequence: u64) {
        for slot in &mut self.slots {
            slot.sequence = 0;
        }
        (self.expected, self.seen) = (sequence, sequence);
    }

    /// The next report to deliver.
    pub(crate) const fn expected(&self) -> u64 {
        self.expected
    }

    /// One past the highest report that is known to exist.
    pub(crate) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether a report is known to exist and was not delivered.
    pub(crate) const fn is_behind(&self) -> bool {
        self.expected < self.seen
    }

    /// Reports below `next` exist.
    pub(crate) const fn learn(&mut self, next: u64) {
        if next > self.seen {
            self.seen = next;
        }
    }

    /// Looks at one report.
    pub(crate) fn offer(&mut self, sequence: u64, message: &[u8]) -> Offer {
        if sequence < self.expected {
            return Offer::Duplicate;
        }
        self.learn(sequence.saturating_add(1));
        if sequence == self.expected {
            return Offer::Next;
        }
        if sequence - self.expected >= self.slots.len() as u64 || message.len() > MESSAGE_LEN_MAX {
            return Offer::Dropped;
        }
        let position = self.position(sequence);
        let slot = &mut self.slots[position];
        if slot.sequence == sequence {
            return Offer::Duplicate;
        }
        slot.sequence = sequence;
        // Bounded by MESSAGE_LEN_MAX just above.
        slot.len = u8::try_from(message.len()).unwrap_or(0);
        slot.bytes[..message.len()].copy_from_slice(message);
        Offer::Kept
    }

    /// The next report, when it was kept earlier.
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        let slot = &self.slots[self.position(self.expected)];
        (slot.sequence == self.expected).then(|| &slot.bytes[..usize::from(slot.len)])
    }

    /// The next report was delivered.
    pub(crate) const fn delivered(&mut self) {
        self.expected += 1;
    }

    /// The first hole at or after `from`: reports known to exist that are neither delivered nor kept.
    pub(crate) fn hole(&self, from: u64) -> Option<Range<u64>> {
        let missing = |sequence: &u64| self.slots[self.position(*sequence)].sequence != *sequence;
        // Beyond the slots nothing can be kept, so the walk ends there.
        let reach = self.seen.min(self.expected.saturating_add(self.slots.len() as u64));
        let start = (from.max(self.expected)..reach).find(missing).unwrap_or_else(|| reach.max(from));
        if start >= self.seen {
            return None;
        }
        let end = (start..reach).find(|sequence| !missing(sequence)).unwrap_or(self.seen);
        Some(start..end)
    }

    #[allow(clippy::cast_possible_truncation)] // masked to the ring's size
    const fn position(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(inbox: &mut Inbox) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(message) = inbox.kept() {
            out.push(message[0]);
            inbox.delivered();
        }
        out
    }

    #[test]
    fn early_reports_wait_for_the_hole_to_be_filled() {
        let mut inbox = Inbox::new(8);
        inbox.start_at(100);
        assert_eq!(inbox.offer(101, &[1]), Offer::Kept);
        assert_eq!(inbox.offer(103, &[3]), Offer::Kept);
        assert_eq!(inbox.offer(103, &[3]), Offer::Duplicate);
        assert_eq!(inbox.offer(108, &[8]), Offer::Dropped);
        assert_eq!(inbox.hole(0), Some(100..101));
        assert_eq!(inbox.hole(101), Some(102..103));
        assert_eq!(inbox.hole(103), Some(104..109), "what could not be kept is missing too");
        assert_eq!(inbox.hole(109), None);
        assert_eq!(drain(&mut inbox), []);
        assert_eq!(inbox.offer(100, &[0]), Offer::Next);
        inbox.delivered();
        assert_eq!(drain(&mut inbox), [1]);
        assert_eq!(inbox.offer(102, &[2]), Offer::Next);
        inbox.delivered();
        assert_eq!(drain(&mut inbox), [3]);
        assert_eq!(inbox.offer(103, &[3]), Offer::Duplicate);
        assert_eq!((inbox.expected(), inbox.seen()), (104, 109));
    }

    #[test]
    fn a_heartbeat_reveals_a_lost_tail() {
        let mut inbox = Inbox::new(4);
        inbox.learn(3);
        assert!(inbox.is_behind());
        assert_eq!(inbox.hole(0), Some(1..3));
        inbox.learn(2);
        assert_eq!(inbox.seen(), 3);
    }
}
