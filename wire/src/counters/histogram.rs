//! A histogram of durations as words: how many fell into each bucket, their sum, and the longest.
//!
//! ```text
//! word   0     1     2 ...
//!        | sum | max | bucket 0 | bucket 1 | ...
//! ```
//! Up to 16 ns each bucket is one nanosecond wide; from there on every power of two has 16 buckets, so that a value is known to a
//! sixteenth. What is longer than [`LONGEST_NS`] counts in the last bucket, and `max` tells it.

/// Buckets of each power of two.
const STEPS: usize = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Powers of two that have buckets of their own.
const POWERS: usize = 33;
/// How many buckets there are.
pub const BUCKETS: usize = STEPS + POWERS * STEPS;
/// Words of 64 bits: the sum, the longest, the buckets.
pub const WORDS: usize = 2 + BUCKETS;
/// The word of the sum of all durations, ns.
pub const SUM: usize = 0;
/// The word of the longest duration, ns.
pub const MAX: usize = 1;
/// The word of the first bucket.
pub const FIRST_BUCKET: usize = 2;
/// The longest duration that has a bucket of its own, ns: 137 s.
pub const LONGEST_NS: u64 = (1 << (POWERS + STEP_BITS as usize)) - 1;

/// The bucket of a duration.
#[must_use]
pub const fn bucket(duration_ns: u64) -> usize {
    let duration = if duration_ns > LONGEST_NS { LONGEST_NS } else { duration_ns };
    if duration < STEPS as u64 {
        return small(duration);
    }
    let power = duration.ilog2() - STEP_BITS;
    STEPS + power as usize * STEPS + small(duration >> power) - STEPS
}

/// A number below 32.
#[allow(clippy::cast_possible_truncation)]
const fn small(number: u64) -> usize {
    number as usize
}

/// The shortest duration of a bucket, ns.
#[must_use]
pub const fn shortest_ns(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let (power, step) = (bucket / STEPS - 1, bucket % STEPS);
    ((STEPS + step) as u64) << power
}

/// The longest duration of a bucket, ns: what a percentile that falls into it is said to be.
#[must_use]
pub const fn longest_ns(bucket: usize) -> u64 {
    shortest_ns(bucket + 1) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_hole() {
        for index in 0..BUCKETS {
            assert_eq!((bucket(shortest_ns(index)), bucket(longest_ns(index))), (index, index));
            assert!(longest_ns(index) - shortest_ns(index) <= shortest_ns(index) / 16);
        }
        assert_eq!(longest_ns(BUCKETS - 1), LONGEST_NS);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
