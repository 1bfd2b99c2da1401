//! Where random bytes come from: the name of a journal, its feed session, the secret of a gateway's cookies.
//!
//! Goal: a simulation that begins with the same seed draws the same. Non-goal: a generator of our own for anything real; an appliance
//! draws from the system.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// The system has none to give.
    fn draw(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// What the operating system draws: fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn draw(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// A stream of bytes that a seed decides (SplitMix64): whoever knows the seed knows every secret drawn from it.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The stream of this seed, from its beginning.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn draw(&self, bytes: &mut [u8]) -> io::Result<()> {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(entropy: &dyn Entropy) -> [u8; 20] {
        let mut bytes = [0; 20];
        entropy.draw(&mut bytes).expect("bytes");
        bytes
    }

    #[test]
    fn a_seed_decides_all_that_is_drawn() {
        let seeded = SeededEntropy::new(7);
        let (first, second) = (drawn(&seeded), drawn(&seeded));
        let again = SeededEntropy::new(7);
        assert_eq!((drawn(&again), drawn(&again)), (first, second));
        assert_ne!(first, second);
        assert_ne!(first, drawn(&SeededEntropy::new(8)));
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!(drawn(&SystemEntropy), drawn(&SystemEntropy));
    }
}
