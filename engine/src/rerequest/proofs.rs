//! Addresses that have proved that what is sent to them arrives: they have logged in over TCP.

use std::sync::{Mutex, PoisonError};

use wire::Nanos;

/// How many are remembered; the oldest proof goes first.
const PROOFS_MAX: usize = 4_096;

/// The addresses and until when each counts as proved.
#[derive(Debug)]
pub struct Proofs {
    lasts_ns: u64,
    /// Sorted by address.
    proved: Mutex<Vec<(u32, Nanos)>>,
}

impl Proofs {
    /// A proof lasts so long.
    #[must_use]
    pub fn new(lasts_s: u32) -> Self {
        Self { lasts_ns: u64::from(lasts_s) * 1_000_000_000, proved: Mutex::new(Vec::with_capacity(PROOFS_MAX)) }
    }

    /// An address has proved itself.
    pub fn prove(&self, ip: u32, now: Nanos) {
        let until = Nanos(now.get().saturating_add(self.lasts_ns));
        let mut proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        match proved.binary_search_by_key(&ip, |(ip, _)| *ip) {
            Ok(place) => proved[place].1 = until,
            Err(_) => {
                if proved.len() == PROOFS_MAX
                    && let Some(oldest) = (0..PROOFS_MAX).min_by_key(|&place| proved[place].1)
                {
                    proved.remove(oldest);
                }
                let place = proved.partition_point(|(other, _)| *other < ip);
                proved.insert(place, (ip, until));
            }
        }
    }

    /// Whether it has, not too long ago.
    #[must_use]
    pub fn is_proved(&self, ip: u32, now: Nanos) -> bool {
        let proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        proved.binary_search_by_key(&ip, |(ip, _)| *ip).is_ok_and(|place| now < proved[place].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_ends_and_the_oldest_goes_first() {
        let proofs = Proofs::new(1);
        proofs.prove(7, Nanos(0));
        assert!(proofs.is_proved(7, Nanos(999_999_999)) && !proofs.is_proved(7, Nanos(1_000_000_000)));
        assert!(!proofs.is_proved(8, Nanos(0)));
        for ip in 100..100 + 4_096 {
            proofs.prove(ip, Nanos(u64::from(ip)));
        }
        assert!(!proofs.is_proved(7, Nanos(200)), "it was the oldest");
        assert!((100..100 + 4_096).all(|ip| proofs.is_proved(ip, Nanos(5_000))));
        proofs.prove(1, Nanos(6_000));
        assert!(!proofs.is_proved(100, Nanos(6_000)) && proofs.is_proved(1, Nanos(6_000)));
    }
}
