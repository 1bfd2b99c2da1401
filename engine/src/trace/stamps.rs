//! What one tile keeps: stamps, in order, in memory that is there before the first message.
//!
//! Goal: keeping one costs a reading of the counter and three stores. Non-goal: sense; see [`super::join`].

use super::{Milestone, Trace};
use netio::clock::Clock;

/// When something was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The command's sequence number; of [`Milestone::Send`], the reading at which the packet was encoded, which names the packet.
    pub key: u64,
    /// What was reached.
    pub milestone: Milestone,
    /// The counter then.
    pub ticks: u64,
}

/// A trace of some commands.
#[derive(Debug)]
pub struct Stamps {
    clock: Clock,
    power: u32,
    kept: Vec<Stamp>,
    room: usize,
    left_out: u64,
}

impl Stamps {
    /// Follows one of 2 to the `power` commands and has room for so many stamps.
    ///
    /// # Panics
    /// `power` is 64 or more.
    #[must_use]
    pub fn new(clock: &Clock, power: u32, room: usize) -> Self {
        assert!(power < u64::BITS, "expected a power below 64, found {power}");
        // Written once, so that no page is missing when it counts.
        let mut kept = vec![Stamp { key: 1, milestone: Milestone::Arrived, ticks: 1 }; room];
        kept.clear();
        Self { clock: clock.clone(), power, kept, room, left_out: 0 }
    }

    /// What was kept, in order.
    #[must_use]
    pub fn kept(&self) -> &[Stamp] {
        &self.kept
    }

    /// Stamps for which there was no room.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Trace for Stamps {
    const ON: bool = true;

    #[inline]
    fn ticks(&self) -> u64 {
        self.clock.ticks().max(1)
    }

    #[inline]
    fn power(&self) -> u32 {
        self.power
    }

    #[inline]
    fn keep(&mut self, stamp: Stamp) {
        if self.kept.len() < self.room {
            self.kept.push(stamp);
        } else {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Seq;

    #[test]
    fn one_of_four_is_followed_and_nothing_is_kept_beyond_the_room() {
        let mut stamps = Stamps::new(&Clock::calibrate(), 2, 6);
        (1..=30).for_each(|seq| stamps.reached(Seq(seq), Milestone::Match));
        let followed: Vec<u64> = stamps.kept().iter().map(|stamp| stamp.key).collect();
        assert_eq!(followed, [5, 10, 15, 16, 21, 26], "one of each block of four, at a place that moves on");
        assert_eq!((stamps.left_out(), stamps.kept.capacity()), (0, 6));
        stamps.reached(Seq(31), Milestone::Match);
        assert_eq!((stamps.left_out(), stamps.kept.capacity()), (1, 6));
        let mut seq = Seq(0);
        for expected in followed {
            seq = stamps.next_followed(seq);
            assert_eq!(seq.0, expected);
        }
        assert!(stamps.kept().windows(2).all(|pair| pair[0].ticks <= pair[1].ticks));
    }
}
