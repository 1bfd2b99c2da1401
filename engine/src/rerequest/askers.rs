//! Whose quota is how far used up: a table that never grows.

use super::quota::Meter;
use wire::Nanos;

/// Places that one address may have.
const WAYS: usize = 8;

/// An address that asks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asker {
    ip: u32,
    asked: Nanos,
    pub(super) requests: Meter,
    pub(super) bytes: Meter,
}

/// The addresses that have asked. An address has eight places that it may have, chosen by a secret; when all are taken, the one that has not
/// asked for longest goes, with what it has used up: whoever comes with many addresses is bounded by the quota of all.
#[derive(Debug)]
pub(super) struct Askers {
    sets: Vec<[Asker; WAYS]>,
    secret: u64,
}

impl Askers {
    pub(super) fn new(askers_max: u32, secret: u64) -> Self {
        let sets = usize::try_from(askers_max).unwrap_or(WAYS).div_ceil(WAYS).max(1);
        Self { sets: vec![[Asker::default(); WAYS]; sets], secret: secret | 1 }
    }

    /// The one with this address, who is asking now.
    pub(super) fn find(&mut self, ip: u32, now: Nanos) -> &mut Asker {
        let mixed = (u64::from(ip) ^ (self.secret >> 32)).wrapping_mul(self.secret | 1) >> 32;
        let count = self.sets.len() as u64;
        // The upper half of a product is below the count.
        let set = usize::try_from((mixed * count) >> 32).unwrap_or(0);
        let places = &mut self.sets[set];
        let place = places.iter().position(|asker| asker.ip == ip && asker.asked > Nanos(0)).unwrap_or_else(|| {
            let oldest = (0..WAYS).min_by_key(|&place| places[place].asked).unwrap_or(0);
            places[oldest] = Asker { ip, ..Asker::default() };
            oldest
        });
        places[place].asked = now.max(Nanos(1));
        &mut places[place]
    }
}

#[cfg(test)]
mod tests {
    use super::super::quota::Quota;
    use super::*;

    #[test]
    fn an_address_keeps_its_place_while_others_come_and_go() {
        let mut askers = Askers::new(8, 0x1234_5678_9ABC_DEF1);
        let quota = Quota::per_second(1);
        for other in 2..10_000u32 {
            let now = Nanos(u64::from(other));
            askers.find(other, now);
            if other == 2 {
                askers.find(1, now).bytes.charge(&quota, now, 10);
            }
            assert!(!askers.find(1, now).bytes.has(&quota, now), "who asks now is not forgotten");
        }
        assert_eq!(askers.sets.len(), 1);
        for other in 20_000..20_008 {
            askers.find(other, Nanos(20_000));
        }
        assert!(askers.find(1, Nanos(20_001)).bytes.has(&quota, Nanos(20_001)), "who was silent longest is");
    }
}
