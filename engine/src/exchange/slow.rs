//! Matching that is slow on purpose, by about 200 ns: the `slow-match` feature, which only a test of the bench harness switches on.
//!
//! Goal: a difference of known size in a known stage. A chain of products, because nothing in here may look at a clock. Non-goal:
//! accuracy; the test asks for more than noise and less than ten times as much.

use core::hint::black_box;

/// Products, each of which waits for the one before: 8 to 10 cycles with its way through memory.
const PRODUCTS: u32 = 72;

/// Takes its time.
#[inline(never)]
pub(super) fn down() {
    let mut word = 1_u64;
    for _ in 0..PRODUCTS {
        word = black_box(word.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}
