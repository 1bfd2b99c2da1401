//! Prices as whole numbers of ticks, without a division.
//!
//! Levels are laid out by tick, so that neighbouring prices are neighbours in memory. A tick is an odd number times a power of two:
//! the power is shifted away, and multiplying by the inverse of the odd number modulo 2^64 divides what is divisible. What is not
//! divisible comes out larger than any quotient can be (Granlund and Montgomery 1994, section 9).

use wire::Price;

/// The step between two prices of an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    size: i64,
    /// Of the odd part of the size.
    inverse: i64,
    /// The largest magnitude of a quotient.
    largest: u64,
    /// The even part of the size, as a power of two.
    shift: u32,
}

impl Tick {
    /// Every price is allowed.
    pub const ONE: Self = Self::new(1);

    /// A step of so many price units, at least one.
    pub const fn new(size: i64) -> Self {
        assert!(size > 0, "a tick is at least one price unit");
        let shift = size.trailing_zeros();
        let odd = size >> shift;
        // Newton's iteration doubles the number of right bits; an odd number is its own inverse in the last three.
        let (mut inverse, mut bits) = (odd, 3);
        while bits < 64 {
            inverse = inverse.wrapping_mul(2i64.wrapping_sub(odd.wrapping_mul(inverse)));
            bits *= 2;
        }
        Self { size, inverse, largest: (1 << 63) / size.unsigned_abs(), shift }
    }

    /// How many ticks a price is; `None` when it is no multiple.
    #[inline]
    pub const fn number(&self, price: Price) -> Option<i64> {
        let number = (price.0 >> self.shift).wrapping_mul(self.inverse);
        if number.unsigned_abs() > self.largest || number.wrapping_mul(self.size) != price.0 {
            None
        } else {
            Some(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_multiples_have_a_number() {
        let ends = [i64::MIN, i64::MAX, 0, 1_000_000];
        for size in [1, 2, 3, 5, 7, 25, 64, 100, 10_000, 1 << 40, (1 << 40) + 1, i64::MAX, 1 << 62] {
            let tick = Tick::new(size);
            for price in ends.iter().flat_map(|end| (-300i64..=300).map(move |near| end.wrapping_add(near))) {
                let expected = (price % size == 0).then_some(price / size);
                assert_eq!(tick.number(Price(price)), expected, "{price} in ticks of {size}");
            }
        }
    }
}
