//! Numbers without meaning, the same for the same seed (splitmix64).

/// A sequence of them.
pub struct Noise(pub u64);

impl Noise {
    /// One from anywhere: for a test that is to be another one in each run. It must tell its seed when it fails.
    pub fn fresh() -> (Self, u64) {
        let seed = u64::from(std::process::id()) ^ now_ns();
        (Self(seed), seed)
    }

    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

fn now_ns() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or_default()
}
