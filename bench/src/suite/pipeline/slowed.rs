//! Matching that is slow on purpose, by about 200 ns: for the test that the budget finds it, and in the right stage.
//!
//! Goal: a difference of known size in a known stage, in the same program: the trace is asked just before the stage's end, and takes its
//! time there. A chain of steps, because a reading of the clock is what is measured. Non-goal: accuracy; the test asks for more than half of
//! it and less than ten times as much.

use std::hint::black_box;

use engine::trace::{Milestone, Stamp, Stamps, Trace};
use wire::Seq;

/// Steps of five cycles, each of which waits for the one before: 200 ns at 3 GHz.
const STEPS: u32 = 120;

/// Stamps, with matching slowed or not.
pub struct Slowed {
    stamps: Stamps,
    slow: bool,
}

impl Slowed {
    /// Stamps that slow matching when told to.
    pub const fn new(stamps: Stamps, slow: bool) -> Self {
        Self { stamps, slow }
    }

    /// What was kept.
    pub fn into_stamps(self) -> Stamps {
        self.stamps
    }
}

impl Trace for Slowed {
    const ON: bool = true;

    #[inline]
    fn ticks(&self) -> u64 {
        self.stamps.ticks()
    }

    #[inline]
    fn power(&self) -> u32 {
        self.stamps.power()
    }

    #[inline]
    fn keep(&mut self, stamp: Stamp) {
        self.stamps.keep(stamp);
    }

    #[inline]
    fn reached(&mut self, seq: Seq, milestone: Milestone) {
        if self.slow && milestone == Milestone::Match {
            take_time();
        }
        self.stamps.reached(seq, milestone);
    }
}

#[inline(never)]
fn take_time() {
    let mut word = black_box(1_u64);
    for _ in 0..STEPS {
        // Neither a product nor a shift of a product: nothing that a compiler could do in one step.
        word = (word ^ word >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    black_box(word);
}
