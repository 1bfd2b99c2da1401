//! Matching that is slow on purpose, by about 200 ns: the `slow-match` feature, which only a test of the bench harness switches on.
//!
//! Goal: a difference of known size in a known stage. A chain of steps, because nothing in here may look at a clock. Non-goal: accuracy;
//! the test asks for more than half of it and less than ten times as much.

use core::hint::black_box;

/// Steps of five cycles, each of which waits for the one before: 200 ns at 3 GHz.
const STEPS: u32 = 120;

/// Takes its time.
#[inline(never)]
pub(super) fn down() {
    let mut word = black_box(1_u64);
    for _ in 0..STEPS {
        // Neither a product nor a shift of a product: nothing that a compiler could do in one step.
        word = (word ^ word >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    black_box(word);
}
