//! Messages that came before their turn.
//!
//! Goal: found by number, taken once, a cache line each, all memory at the start. Non-goal: knowing which number is next.

use crate::repair::Kept;

/// The longest message that is kept. Those of ITCH 5.0 and ticks are shorter.
pub const MESSAGE_LEN_MAX: usize = 55;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Slot {
    /// The message's number and one; 0 for none.
    number: u64,
    len: u8,
    bytes: [u8; MESSAGE_LEN_MAX],
}

const EMPTY: Slot = Slot { number: 0, len: 0, bytes: [0; MESSAGE_LEN_MAX] };

/// Room for the messages `base` up to, but not including, `base + len`, whatever base the caller has in mind.
#[derive(Clone, Debug)]
pub struct Window {
    slots: Vec<Slot>,
    /// One more than the highest number kept.
    top: u64,
}

impl Window {
    pub fn new(len: usize) -> Self {
        Self { slots: vec![EMPTY; len.clamp(2, 1 << 26).next_power_of_two()], top: 0 }
    }

    pub const fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// One more than the highest number kept; less than what is wanted next when nothing is.
    pub const fn top(&self) -> u64 {
        self.top
    }

    pub fn has(&self, sequence: u64) -> bool {
        self.get(sequence).is_some()
    }

    /// Keeps a message, in the place of what had it before; `false` when it is there already. What is too long is kept as an empty
    /// message: it has a number, and means nothing to us.
    pub fn put(&mut self, sequence: u64, message: &[u8]) -> bool {
        let place = self.place(sequence);
        let slot = &mut self.slots[place];
        let number = sequence.wrapping_add(1);
        if slot.number == number {
            return false;
        }
        let message = if message.len() > MESSAGE_LEN_MAX { &[] } else { message };
        slot.number = number;
        slot.len = u8::try_from(message.len()).unwrap_or(0);
        slot.bytes[..message.len()].copy_from_slice(message);
        self.top = self.top.max(number);
        true
    }

    pub fn get(&self, sequence: u64) -> Option<&[u8]> {
        let slot = &self.slots[self.place(sequence)];
        if slot.number != sequence.wrapping_add(1) || slot.number == 0 {
            return None;
        }
        slot.bytes.get(..usize::from(slot.len))
    }

    pub fn clear(&mut self) {
        if self.top > 0 {
            self.slots.fill(EMPTY);
        }
        self.top = 0;
    }

    #[expect(clippy::cast_possible_truncation, reason = "cut to the number of slots")]
    const fn place(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }
}

impl Kept for Window {
    fn first_missing(&self, from: u64, to: u64) -> Option<u64> {
        (from..to).find(|sequence| !self.has(*sequence))
    }

    fn first_kept(&self, from: u64, to: u64) -> u64 {
        (from..to.min(self.top)).find(|sequence| self.has(*sequence)).unwrap_or(to)
    }

    fn room(&self) -> u64 {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_kept_once_and_by_their_own_number() {
        let mut window = Window::new(3);
        assert_eq!(window.len(), 4);
        assert!(window.put(10, b"ten") && !window.put(10, b"again"));
        assert_eq!((window.get(10), window.get(14), window.get(6)), (Some(&b"ten"[..]), None, None));
        assert!(window.put(12, &[1; 56]));
        assert_eq!((window.get(12), window.top()), (Some(&b""[..]), 13));
        assert_eq!((window.first_missing(10, 13), window.first_kept(11, 20)), (Some(11), 12));
        assert_eq!((window.first_missing(12, 13), window.first_kept(13, 20)), (None, 20));
        // Another takes the place.
        assert!(window.put(14, b"fourteen"));
        assert!(!window.has(10));
        window.clear();
        assert!(!window.has(12) && window.top() == 0);
        assert!(!window.has(u64::MAX) && !window.has(0));
    }
}
