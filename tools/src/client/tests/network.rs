//! A network in memory whose faults come from a seed.

use std::collections::BTreeMap;

use wire::address::Addr;

/// splitmix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn one_in_thousand(&mut self, times: u64) -> bool {
        self.next() % 1_000 < times
    }
}

/// Chances in 1,000.
#[derive(Clone, Copy)]
pub(super) struct Faults {
    pub(super) drop: u64,
    pub(super) duplicate: u64,
    pub(super) delay: u64,
}

impl Faults {
    pub(super) const NONE: Self = Self { drop: 0, duplicate: 0, delay: 0 };
}

pub(super) struct Datagram {
    pub(super) from: Addr,
    pub(super) to: Addr,
    pub(super) bytes: Vec<u8>,
}

pub(super) struct Network {
    faults: Faults,
    random: Random,
    cut: bool,
    sent: u64,
    flying: BTreeMap<(u64, u64), Datagram>,
}

impl Network {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        Self { faults, random: Random(seed), cut: false, sent: 0, flying: BTreeMap::new() }
    }

    pub(super) fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    pub(super) fn clear(&mut self) {
        self.flying.clear();
    }

    pub(super) fn send(&mut self, now_ns: u64, from: Addr, to: Addr, bytes: &[u8]) {
        let copies = 1 + u64::from(self.random.one_in_thousand(self.faults.duplicate));
        for _ in 0..copies {
            if self.cut || self.random.one_in_thousand(self.faults.drop) {
                continue;
            }
            let late = if self.random.one_in_thousand(self.faults.delay) { 3_000_000 } else { 0 };
            self.sent += 1;
            let at = (now_ns + 50_000 + late, self.sent);
            self.flying.insert(at, Datagram { from, to, bytes: bytes.to_vec() });
        }
    }

    pub(super) fn arrived(&mut self, now_ns: u64) -> Option<Datagram> {
        let entry = self.flying.first_entry().filter(|entry| entry.key().0 <= now_ns)?;
        Some(entry.remove())
    }
}
