//! The checksum of IPv4, UDP, ICMP and IGMP: a one's complement sum of 16-bit words (RFC 1071).

/// A sum in progress. Parts are added in any order; each begins at an even distance from the start of what is summed.
///
/// Words are summed as they lie in memory: the sum does not care for the order of bytes, and only the result is turned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum(u64);

impl Sum {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// With these bytes; an odd last one counts as if a zero followed.
    #[inline]
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        // At most 2^14 words of 32 bits each: 64 bits are plenty.
        let sum = words.iter().fold(self.0, |sum, word| sum + u64::from(u32::from_ne_bytes(*word)));
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        Self(sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// With a word.
    #[inline]
    #[must_use]
    pub const fn word(self, word: u16) -> Self {
        Self(self.0 + word.to_be() as u64)
    }

    /// What goes into the checksum field; 0 when the field was in the sum and right.
    #[inline]
    #[must_use]
    pub const fn checksum(self) -> u16 {
        !self.folded()
    }

    /// The sum itself, not complemented: what hardware that completes a checksum wants to find in its field.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "folded until 16 bits are left")]
    pub const fn folded(self) -> u16 {
        let sum = (self.0 & 0xFFFF_FFFF) + (self.0 >> 32);
        let sum = (sum & 0xFFFF) + (sum >> 16);
        let sum = (sum & 0xFFFF) + (sum >> 16);
        let sum = (sum & 0xFFFF) + (sum >> 16);
        u16::from_be(sum as u16)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of RFC 1071, section 3.
    #[test]
    fn the_sum_of_the_standard() {
        let bytes = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7];
        assert_eq!(Sum::new().bytes(&bytes).folded(), 0xDDF2);
        assert_eq!(Sum::new().bytes(&bytes).checksum(), !0xDDF2);
        // An odd byte stands high in its word, and nothing sums to nothing.
        assert_eq!(Sum::new().bytes(&bytes[..3]).folded(), 0x0001 + 0xF200);
        assert_eq!(Sum::new().folded(), 0);
        assert_eq!(Sum::new().word(0x1234).folded(), 0x1234);
    }

    /// Word by word and with the carry added at once, as on paper.
    fn on_paper(bytes: &[u8]) -> u16 {
        bytes.chunks(2).fold(0_u16, |sum, pair| {
            let word = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
            let (sum, carry) = sum.overflowing_add(word);
            sum + u16::from(carry)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_fast_sum_is_the_slow_one(bytes in proptest::collection::vec(any::<u8>(), 0..2000), cut in 0_usize..1000) {
            let cut = (cut * 2).min(bytes.len() & !1);
            let sum = Sum::new().bytes(&bytes[..cut]).bytes(&bytes[cut..]);
            prop_assert_eq!(sum.folded(), on_paper(&bytes));
        }
    }

    #[test]
    fn many_ones_carry_all_the_way() {
        let bytes = [0xFF; 65_534];
        assert_eq!(Sum::new().bytes(&bytes).folded(), 0xFFFF);
        assert_eq!(Sum::new().bytes(&bytes).word(1).folded(), 1);
    }
}
