//! Messages that wait behind a hole.
//!
//! Goal: messages of any length, found by number; their memory is used again. Non-goal: knowing which number is next.

use std::collections::BTreeMap;

use super::sequencer::HELD_MAX;
use crate::repair::Kept;

/// The messages by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Held {
    messages: BTreeMap<u64, Vec<u8>>,
    /// Memory of messages that were held.
    spare: Vec<Vec<u8>>,
}

impl Held {
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// The lowest number that is here.
    pub fn first(&self) -> Option<u64> {
        self.messages.first_key_value().map(|(sequence, _)| *sequence)
    }

    /// Holds a message; `false` when it is here already.
    pub fn put(&mut self, sequence: u64, message: &[u8]) -> bool {
        if self.messages.contains_key(&sequence) {
            return false;
        }
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(message);
        self.messages.insert(sequence, copy);
        true
    }

    /// Takes a message out. Its memory comes back with [`Self::reuse`].
    pub fn take(&mut self, sequence: u64) -> Option<Vec<u8>> {
        self.messages.remove(&sequence)
    }

    /// The memory of a message that was taken out.
    pub fn reuse(&mut self, message: Vec<u8>) {
        self.spare.push(message);
    }
}

impl Kept for Held {
    fn first_missing(&self, from: u64, to: u64) -> Option<u64> {
        let mut missing = from;
        for (&sequence, _) in self.messages.range(from..to.max(from)) {
            if sequence != missing {
                break;
            }
            missing += 1;
        }
        (missing < to).then_some(missing)
    }

    fn first_kept(&self, from: u64, to: u64) -> u64 {
        self.messages.range(from..to.max(from)).next().map_or(to, |(&sequence, _)| sequence)
    }

    fn room(&self) -> u64 {
        HELD_MAX as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_and_what_is_missing_are_found_by_number() {
        let mut held = Held::default();
        assert!(held.put(5, b"five") && held.put(6, b"six") && held.put(9, b"nine"));
        assert!(!held.put(6, b"again"));
        assert_eq!((held.len(), held.first()), (3, Some(5)));
        let missing =
            [(1, 9), (5, 9), (5, 7), (9, 10), (9, 12), (7, 7), (8, 3)].map(|(from, to)| held.first_missing(from, to));
        assert_eq!(missing, [Some(1), Some(7), None, None, Some(10), None, None]);
        let kept = [(1, 9), (7, 9), (7, 20), (10, 20)].map(|(from, to)| held.first_kept(from, to));
        assert_eq!(kept, [5, 9, 9, 20]);
        let five = held.take(5).expect("held");
        assert_eq!((five.as_slice(), held.take(5)), (&b"five"[..], None));
        held.reuse(five);
        assert!(held.put(5, b"V"));
        assert_eq!(held.take(5).as_deref(), Some(&b"V"[..]));
    }
}
